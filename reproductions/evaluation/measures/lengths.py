"""BLEU against the length of the source sentence: Figure 2 of Bahdanau et al. 2014, with bootstrap bands."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reproductions.evaluation.measures.bootstrap import Interval, bootstrap
from reproductions.evaluation.measures.text import bleu_of_sums, bleu_table
from reproductions.evaluation.records.translation import Translated

EDGES = (1, 10, 20, 30, 40, 50, 61)


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


def bleu_by_length(name: str, records: Sequence[Translated], edges: Sequence[int] = EDGES) -> LengthCurve:
    """BLEU in bins of source length, counted in words between spaces; edges (1, 10, 20) make bins of 1 to 9 and 10 to 19 words.

    Sentences outside the edges are not counted.
    """
    table = bleu_table(records)
    lengths = np.array([record.source_length for record in records])
    bins = []
    for low, high in zip(edges, edges[1:], strict=False):
        inside = (lengths >= low) & (lengths < high)
        if inside.any():
            interval = bootstrap(table[inside], bleu_of_sums)
            bins.append(LengthBin(low, high - 1, int(inside.sum()), float(lengths[inside].mean()), interval))
    return LengthCurve(name, tuple(bins))
