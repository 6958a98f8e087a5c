"""How attention behaves, without gold: sharpness, coverage, parked weight, order; and how two models agree.

These describe; they do not judge. Attention need not be sharp or monotone to be right. Read them over target
words: the row of the target's ``</s>`` is left out everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reproductions.evaluation.measures.alignment import hard_positions
from reproductions.evaluation.records.translation import END, AlignedTranslation

FINAL_PUNCTUATION = frozenset(".!?…")


@dataclass(frozen=True)
class Health:
    """Means over target words; coverage over source words, monotonicity over sentences. NaN: undefined.

    entropy             of a row, divided by log S with ``</s>`` counted: 0 sharp, 1 uniform (Ghader and Monz
                        2017)
    confidence          the largest weight of a row
    end_mass            weight on the source ``</s>``
    punctuation_mass    weight on the source's final punctuation, over target words that are no punctuation
    coverage_deviation  log(1 + (1 - weight a source word receives in all)^2) (Rikters and Fishel 2017)
    monotonicity        (rising - falling) / (rising + falling) pairs of attended positions: 1 in order, -1
                        reversed
    """

    entropy: float
    confidence: float
    end_mass: float
    punctuation_mass: float
    coverage_deviation: float
    monotonicity: float


class Agreement(NamedTuple):
    """Of two models' rows: mean Jensen-Shannon divergence (base 2, 0 to 1); share with the same largest."""

    divergence: float
    same_largest: float


def health(records: Sequence[AlignedTranslation]) -> Health:
    """`Health` of one or many records: all words of all sentences weigh the same."""
    entropies: list[float] = []
    confidences: list[float] = []
    ends: list[float] = []
    punctuation: list[float] = []
    deviations: list[float] = []
    orders: list[float] = []
    for record in records:
        rows = word_rows(record)
        has_end = record.source[-1] == END
        entropies.extend(normalised_entropy(rows).tolist())
        confidences.extend(rows.max(axis=1).tolist())
        if has_end:
            ends.extend(rows[:, -1].tolist())
        words = record.source_words
        if words and words[-1] in FINAL_PUNCTUATION:
            parked = [word not in FINAL_PUNCTUATION for word in record.target_words]
            punctuation.extend(rows[parked, len(words) - 1].tolist())
        received = rows[:, : len(words)].sum(axis=0, dtype=np.float64)
        deviations.extend(np.log1p((1 - received) ** 2).tolist())
        orders.append(monotonicity(rows, has_end))
    return Health(*(_mean(values) for values in (entropies, confidences, ends, punctuation, deviations, orders)))


def word_rows(record: AlignedTranslation) -> NDArray[np.float32]:
    """The rows of the target's words, without that of its ``</s>``; every source column."""
    return record.weights[: len(record.target_words)]


def normalised_entropy(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """(T, S) -> (T,): -sum w log w / log S, each row first scaled to sum 1.

    NaN for an all-zero row, 0 if S is 1.
    """
    weights = rows.astype(np.float64)
    sums = weights.sum(axis=1, keepdims=True)
    weights = np.divide(weights, sums, out=np.full_like(weights, np.nan), where=sums > 0)
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    entropy: NDArray[np.float64] = -(weights * logs).sum(axis=1) / max(np.log(rows.shape[1]), np.finfo(float).tiny)
    return np.maximum(entropy, 0.0)


def monotonicity(rows: NDArray[np.float32], source_end: bool = True) -> float:
    """Do the largest weights move right, row by row? 1 always right, -1 always left, NaN never moving.

    Kendall's tau between target and attended positions, with pairs on one position left out (Goodman and
    Kruskal's gamma), so that two words attending to the same word do not count against the order.
    """
    positions = hard_positions(rows, source_end)
    positions = positions[positions >= 0]
    steps = np.sign(positions[None, :] - positions[:, None])[np.triu_indices(len(positions), k=1)]
    rising, falling = int((steps > 0).sum()), int((steps < 0).sum())
    return (rising - falling) / (rising + falling) if rising + falling else float("nan")


def agreement(first: AlignedTranslation, second: AlignedTranslation) -> Agreement:
    """Do two models look at the same places? Raises ValueError unless their words are the same."""
    check_same_words([first, second])
    ours, theirs = (word_rows(record).astype(np.float64) for record in (first, second))
    middle = (ours + theirs) / 2
    divergence = (_divergence(ours, middle) + _divergence(theirs, middle)) / 2
    return Agreement(float(divergence.mean()), float((ours.argmax(axis=1) == theirs.argmax(axis=1)).mean()))


def check_same_words(records: Sequence[AlignedTranslation]) -> None:
    """Raise ValueError unless all records share source and target, so that they fit on the same axes."""
    for record in records[1:]:
        for side, ours, theirs in (
            ("source", records[0].source, record.source),
            ("target", records[0].target, record.target),
        ):
            if ours != theirs:
                raise ValueError(
                    f"the same axes need the same {side} words, but {records[0].model} has {len(ours)}, "
                    f"{list(ours)}, and {record.model} has {len(theirs)}, {list(theirs)}: "
                    "force one target through both"
                )


def _divergence(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, S) -> (T,): sum p log2(p / q), with 0 log 0 = 0."""
    ratio = np.divide(p, q, out=np.ones_like(p), where=p > 0)
    total: NDArray[np.float64] = (p * np.log2(ratio)).sum(axis=1)
    return total


def _mean(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
