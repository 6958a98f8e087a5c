"""How far apart two mechanisms may lie by chance."""

import math
from collections.abc import Iterable, Sequence
from statistics import fmean

# 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom; for more of them the last, which is a little strict.
STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)


def noise(seeds: Iterable[Sequence[float]]) -> float | None:
    """How far apart the means of two mechanisms may lie by their seeds alone, in 95 of 100 cases.

    Student's t with the spread between seeds pooled over all mechanisms, because two seeds of one say little; mechanisms
    that are alike to the last digit count once. None if no mechanism has two seeds.

    Args:
        seeds: the scores of each mechanism's seeds.
    """
    groups = [group for group in dict.fromkeys(tuple(scores) for scores in seeds) if len(group) > 1]
    freedom = sum(len(group) - 1 for group in groups)
    if not freedom:
        return None
    variance = sum((score - fmean(group)) ** 2 for group in groups for score in group) / freedom
    return STUDENT[min(freedom, len(STUDENT)) - 1] * math.sqrt(2 * variance / len(groups[0]))
