"""What may be said of a mechanism, by rule from its numbers: what is more than noise, and a few sentences."""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

FIRST = "additive"  # what the others are compared with: the first of the timeline, and RNNsearch itself
REORDERS, LOSES_ORDER = 2 / 3, 1 / 3  # of the inverted neighbours: at least so many kept, at most so many
SHARP, BLURRED = 0.15, 0.5  # entropy of a row over that of a uniform one
# 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom; for more of them the last, which is a little strict.
STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)


def noise(seeds: Iterable[Sequence[float]]) -> float | None:
    """How far apart the means of two mechanisms may lie by their seeds alone, in 95 of 100 cases.

    Student's t with the spread between seeds pooled over all mechanisms, for two seeds of one say little; mechanisms that
    came out alike to the last digit count once. None where none has two seeds.

    Args:
        seeds: of each mechanism, the scores of its seeds.
    """
    groups = [group for group in dict.fromkeys(tuple(scores) for scores in seeds) if len(group) > 1]
    freedom = sum(len(group) - 1 for group in groups)
    if not freedom:
        return None
    variance = sum((score - fmean(group)) ** 2 for group in groups for score in group) / freedom
    return STUDENT[min(freedom, len(STUDENT)) - 1] * math.sqrt(2 * variance / len(groups[0]))


def says(row: Mapping[str, Any]) -> str:
    """What a mechanism can and cannot do here."""
    return f"{_order(row)} {_focus(row['entropy'])} {_against_first(row)}"


def _order(row: Mapping[str, Any]) -> str:
    kept = row["inversions_kept"] / row["inversions"] if row["inversions"] else 0.0
    share = f"follows {100 * kept:.0f} % of the neighbours that French turns round"
    if kept >= REORDERS:
        return f"Reorders: {share}."
    if kept > LOSES_ORDER:
        return f"Reorders in part: {share}."
    in_order = f"{100 * row['right_in_order']:.0f} % of the words that keep their order"
    return f"Cannot reorder here: {share}, and is right on {in_order}."


def _focus(entropy: float) -> str:
    if entropy <= SHARP:
        return "Points at single words."
    return "Looks at many words at once." if entropy >= BLURRED else "Looks at a few words."


def _against_first(row: Mapping[str, Any]) -> str:
    if row["name"] == FIRST:
        return "The others are compared with this one."
    side = "above" if row["difference"] > 0 else "below"
    apart = f"BLEU {abs(row['difference']):.1f} {side} additive attention's"
    if row["real"] is None:
        return f"{apart}; of one seed, so no verdict."
    if not row["real"]:
        return "BLEU like additive attention's, within noise."
    return f"{apart}."
