"""How attention behaves, without gold: sharpness, coverage, weight on ``</s>``, order; and how two models agree.

These describe and do not judge: attention need not be sharp or monotone to be right. The row of the target's ``</s>`` is left
out everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from reproductions.evaluation.arrays import Doubles, Floats
from reproductions.evaluation.measures.alignment import hard_positions
from reproductions.evaluation.records.translation import END, AlignedTranslation

FINAL_PUNCTUATION = frozenset(".!?…")


@dataclass(frozen=True)
class Health:
    """Means over target words; coverage over source words, monotonicity over sentences. NaN: undefined."""

    entropy: float  # of a row, divided by log S with ``</s>`` counted: 0 sharp, 1 uniform (Ghader and Monz 2017)
    confidence: float  # the largest weight of a row
    end_mass: float  # weight on the source ``</s>``
    punctuation_mass: float  # weight on the source's final punctuation, over target words that are not punctuation
    coverage_deviation: float  # log(1 + (1 - total weight on a source word)^2) (Rikters and Fishel 2017)
    monotonicity: float  # (rising - falling) / (rising + falling) pairs of attended positions: 1 in order, -1 reversed


class Agreement(NamedTuple):
    """Of two models' rows: mean Jensen-Shannon divergence (base 2, 0 to 1); share with the same largest weight."""

    divergence: float
    same_largest: float


def health(records: Sequence[AlignedTranslation]) -> Health:
    """`Health` of records: every word counts the same, whatever the length of its sentence."""
    values: dict[str, list[float]] = {name: [] for name in Health.__dataclass_fields__}
    for record in records:
        rows = word_rows(record)
        has_end = record.source[-1] == END
        values["entropy"].extend(normalised_entropy(rows).tolist())
        values["confidence"].extend(rows.max(axis=1).tolist())
        if has_end:
            values["end_mass"].extend(rows[:, -1].tolist())
        words = record.source_words
        if words and words[-1] in FINAL_PUNCTUATION:
            parked = [word not in FINAL_PUNCTUATION for word in record.target_words]
            values["punctuation_mass"].extend(rows[parked, len(words) - 1].tolist())
        received = rows[:, : len(words)].sum(axis=0, dtype=np.float64)
        values["coverage_deviation"].extend(np.log1p((1 - received) ** 2).tolist())
        values["monotonicity"].append(monotonicity(rows, has_end))
    return Health(**{name: _mean(each) for name, each in values.items()})


def word_rows(record: AlignedTranslation) -> Floats:
    """The rows of the target's words, without the row of ``</s>``; every source column."""
    return record.weights[: len(record.target_words)]


def normalised_entropy(rows: Floats) -> Doubles:
    """(T, S) -> (T,): -sum w log w / log S, each row first scaled to sum 1. NaN for an all-zero row, 0 if S is 1."""
    weights = rows.astype(np.float64)
    sums = weights.sum(axis=1, keepdims=True)
    weights = np.divide(weights, sums, out=np.full_like(weights, np.nan), where=sums > 0)
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    entropy: Doubles = -(weights * logs).sum(axis=1) / max(np.log(rows.shape[1]), np.finfo(float).tiny)
    return np.maximum(entropy, 0.0)


def monotonicity(rows: Floats, source_end: bool = True) -> float:
    """Do the largest weights move right, row by row? 1 always right, -1 always left, NaN never moving.

    Goodman and Kruskal's gamma: Kendall's tau between target and attended positions without the pairs on one position.
    """
    positions = hard_positions(rows, source_end)
    positions = positions[positions >= 0]
    steps = np.sign(positions[None, :] - positions[:, None])[np.triu_indices(len(positions), k=1)]
    rising, falling = int((steps > 0).sum()), int((steps < 0).sum())
    return (rising - falling) / (rising + falling) if rising + falling else float("nan")


def agreement(first: AlignedTranslation, second: AlignedTranslation) -> Agreement:
    """Do two models look at the same places? Raises ValueError unless their words are the same."""
    check_same_words([first, second])
    p, q = word_rows(first), word_rows(second)
    return Agreement(float(divergence(p, q).mean()), float((p.argmax(axis=1) == q.argmax(axis=1)).mean()))


def divergence(p: Floats, q: Floats) -> Doubles:
    """(T, S) and (T, S) -> (T,): Jensen-Shannon divergence of each row in bits, 0 equal, 1 disjoint."""
    rows = np.stack([p, q]).astype(np.float64)
    return _divergence(rows, rows.mean(axis=0, keepdims=True)).mean(axis=0)


def check_same_words(records: Sequence[AlignedTranslation]) -> None:
    """Raise ValueError unless all records share source and target, so that they fit on the same axes."""
    for record in records[1:]:
        for side in ("source", "target"):
            words, others = getattr(records[0], side), getattr(record, side)
            if words != others:
                raise ValueError(
                    f"the same axes need the same {side} words, but {records[0].model} has {len(words)}, {list(words)}, and "
                    f"{record.model} has {len(others)}, {list(others)}: force one target through both"
                )


def _divergence(p: Doubles, q: Doubles) -> Doubles:
    """(..., T, S) -> (..., T): sum p log2(p / q), with 0 log 0 = 0."""
    ratio = np.divide(p, q, out=np.ones_like(p), where=p > 0)
    summed: Doubles = (p * np.log2(ratio)).sum(axis=-1)
    return summed


def _mean(values: list[float]) -> float:
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")
