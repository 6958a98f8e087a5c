"""The table of the timeline as plain data, and one sentence on each mechanism that follows from its numbers.

``timeline.json`` holds what :func:`table` gives::

    {"corpus", "sentence", "test", "seeds", "steps", "budget", "sizes", "machine",
     "rows": [{"name", "year", "paper", "formula", "over_source": true,
               "parameters", "products", "microseconds", "bleu", "bleu_seeds", "aer", "aer_seeds", "entropy",
               "inversions", "inversions_kept", "difference", "real", "says", "record", "folders"},
              {"name", "year", "paper", "formula", "over_source": false, "says"}, ...]}

in order of year; ``record`` is an AlignedTranslation of the sentence, with the first seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from data.errors import UserError
from reproductions.attention import TIMELINE, over_source
from reproductions.compare.contestants import Contestant, read
from reproductions.compare.numbers import FIXED, SIGNIFICANT, compare_bleu
from reproductions.evaluation.records import AlignedTranslation
from reproductions.timeline.cost import Cost, Sizes
from reproductions.timeline.training import Budget, Training

TEST = "test"
FIRST = "additive"  # what the others are compared with: the first of the timeline, and RNNsearch itself
REORDERS, LOSES_ORDER = 0.8, 0.4  # of the inverted neighbours: at least so many kept, at most so many
SHARP, BLURRED = 0.15, 0.5  # entropy of a row over that of a uniform one
# Mechanisms that read no source from a decoder, and where they are at home.
ELSEWHERE = {
    "intra": "Reads its own sentence, word after word: the attention inside a language model, not between two languages.",
    "multi_head": "Several scaled dot products side by side, each with queries, keys and values of its own: the "
    "Transformer is built of it and has no recurrent state to attend from.",
}


def table(budget: Budget, costs: Mapping[str, Cost], sizes: Sizes) -> dict[str, Any]:
    """Everything that the report shows.

    Raises UserError where a training of the budget has no scores.
    """
    found = {name: [_scored(Training(name, seed, budget)) for seed in budget.seeds] for name in over_source()}
    first = found[FIRST][0]
    rows = [
        _row(name, found[name], found[FIRST], costs[name]) if name in found else _elsewhere(name) for name in TIMELINE
    ]
    summary = first.summary
    return {
        "corpus": first.data["corpus"],
        "sentence": " ".join(rows[0]["record"]["source"][:-1]),
        "test": first.scores[TEST]["sentences"],
        "seeds": list(budget.seeds),
        "steps": summary["steps"],
        "budget": budget.name,
        "sizes": asdict(sizes),
        "machine": f"{summary['device']}, torch {summary['torch']}",
        "training_minutes": sum(one.summary["training_seconds"] for kept in found.values() for one in kept) / 60,
        "rows": rows,
    }


def record_of(row: Mapping[str, Any]) -> AlignedTranslation:
    """The attention of a row over the sentence that all share."""
    return AlignedTranslation.from_json(row["record"])


def _scored(training: Training) -> Contestant:
    run = training.scored()
    if run is None:
        raise UserError(f"{training.name} has no scored run yet: train it with `make timeline`.")
    return read(run.folder)


def _row(name: str, runs: Sequence[Contestant], first: Sequence[Contestant], cost: Cost) -> dict[str, Any]:
    scores = [one.scores[TEST] for one in runs]
    row: dict[str, Any] = _names(name) | {"over_source": True} | asdict(cost)
    for measure in ("bleu", "aer"):
        row[f"{measure}_seeds"] = [one[measure] for one in scores]
        row[measure] = fmean(row[f"{measure}_seeds"])
    row["entropy"] = fmean(one["attention/entropy"] for one in scores)
    row["inversions"] = scores[0]["inversions"]
    row["inversions_kept"] = fmean(one["inversions_kept"] for one in scores)
    row["difference"], row["real"] = _difference(runs, first)
    row["says"] = says(row)
    row["record"] = runs[0].forced(FIXED)[0].to_json()
    row["folders"] = [str(one.folder) for one in runs]
    return row


def _names(name: str) -> dict[str, Any]:
    kind = TIMELINE[name]
    return {"name": name, "year": kind.year, "paper": kind.paper, "formula": kind.formula}


def _elsewhere(name: str) -> dict[str, Any]:
    return _names(name) | {"over_source": False, "says": ELSEWHERE.get(name, "Does not read a source from a decoder.")}


def _difference(runs: Sequence[Contestant], first: Sequence[Contestant]) -> tuple[float, bool]:
    """BLEU minus that of additive attention, mean over seeds, and whether it is more than noise.

    It is, if every seed of one lies above every seed of the other, and the paired bootstrap over sentences tells them apart
    with each seed.
    """
    ours, theirs = ([one.scores[TEST]["bleu"] for one in side] for side in (runs, first))
    apart = min(ours) > max(theirs) or max(ours) < min(theirs)
    real = apart and all(
        compare_bleu(other, one, TEST)["p_value"] < SIGNIFICANT for one, other in zip(runs, first, strict=True)
    )
    return fmean(ours) - fmean(theirs), real


def says(row: Mapping[str, Any]) -> str:
    """What a mechanism can and cannot do here, by rule from its numbers."""
    return f"{_order(row)} {_focus(row['entropy'])} {_against_first(row)}"


def _order(row: Mapping[str, Any]) -> str:
    kept = row["inversions_kept"] / row["inversions"] if row["inversions"] else 0.0
    share = f"{100 * kept:.0f} % of the neighbours that French turns round"
    if kept >= REORDERS:
        return f"Reorders: follows {share}."
    if kept <= LOSES_ORDER:
        return f"Cannot reorder here: follows {share}."
    return f"Reorders in part: follows {share}."


def _focus(entropy: float) -> str:
    if entropy <= SHARP:
        return "Points at single words."
    return "Looks at many words at once." if entropy >= BLURRED else "Looks at a few words."


def _against_first(row: Mapping[str, Any]) -> str:
    if row["name"] == FIRST:
        return "The measure of the others."
    if not row["real"]:
        return "BLEU like additive attention's, within noise."
    side = "above" if row["difference"] > 0 else "below"
    return f"BLEU {abs(row['difference']):.1f} {side} additive attention's."
