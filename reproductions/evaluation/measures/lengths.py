"""BLEU against the length of the source sentence: Figure 2 of Bahdanau et al. 2014, with bootstrap bands."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from reproductions.evaluation.arrays import Doubles
from reproductions.evaluation.measures.bootstrap import Interval, bootstrap
from reproductions.evaluation.measures.text import bleu_of_sums, bleu_table
from reproductions.evaluation.records.translation import Translated

STARTS = (1, 10, 20, 30, 40, 50)  # fewest words of each bin; the last has all longer sentences


class LengthBin(NamedTuple):
    """Sentences whose source has low to high words, both included, and their corpus BLEU."""

    low: int
    high: int
    sentences: int
    mean_length: float
    bleu: Interval


class LengthCurve(NamedTuple):
    """One model's BLEU by length; bins without a sentence are left out."""

    name: str
    bins: tuple[LengthBin, ...]
    slope: Interval  # of the line through the bins: BLEU for one more word of the source


def bleu_by_length(name: str, records: Sequence[Translated], starts: Sequence[int] = STARTS) -> LengthCurve:
    """BLEU in bins of source length, counted in words between spaces; starts (1, 10) make bins of 1 to 9 and of 10 or more."""
    table = bleu_table(records)
    lengths = np.array([record.source_length for record in records])
    numbers = np.searchsorted(starts, lengths, side="right")
    highest = [*(start - 1 for start in starts[1:]), int(lengths.max())]
    bins, parts = [], []
    for number in np.unique(numbers):
        inside = numbers == number
        interval = bootstrap(table[inside], bleu_of_sums)
        low, high = starts[number - 1], highest[number - 1]
        bins.append(LengthBin(low, high, int(inside.sum()), float(lengths[inside].mean()), interval))
        parts.append(inside[:, None] * np.column_stack([np.ones_like(lengths), lengths, table]))
    return LengthCurve(name, tuple(bins), bootstrap(np.hstack(parts), partial(_slope_of_sums, len(bins))))


def _slope_of_sums(bins: int, sums: Doubles) -> Doubles:
    """The line through the bins by least squares, in which every sentence counts once.

    sums (..., bins * 12) holds those of each bin in turn: its sentences, their lengths, and the sums of BLEU.
    """
    sums = sums.reshape(*sums.shape[:-1], bins, -1)
    weight, lengths = sums[..., 0], sums[..., 1]
    weight = weight / weight.sum(axis=-1, keepdims=True)
    x, y = lengths / np.maximum(sums[..., 0], 1), bleu_of_sums(sums[..., 2:])
    x, y = (values - (weight * values).sum(axis=-1, keepdims=True) for values in (x, y))
    spread = (weight * x * x).sum(axis=-1)
    return np.divide((weight * x * y).sum(axis=-1), spread, out=np.zeros_like(spread), where=spread > 1e-12)
