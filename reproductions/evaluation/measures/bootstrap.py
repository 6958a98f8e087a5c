"""Confidence intervals and paired comparison by resampling sentences (Koehn 2004).

A statistic here is a function of sums over sentences: BLEU of n-gram counts, AER of link counts, a mean. A
resample is then one row of a matrix product, and a thousand of them take well under a second.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SAMPLES = 1000
SEED = 2014
LEVEL = 0.95
_CELLS = 4_000_000  # resampling counts held at once, 32 MB

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


class Interval(NamedTuple):
    """A value of the whole sample and its percentile interval."""

    value: float
    low: float
    high: float

    @property
    def bounds(self) -> list[float]:
        """Low and high, rounded for JSON."""
        return [round(float(self.low), 4), round(float(self.high), 4)]


class Comparison(NamedTuple):
    """Second system minus first: difference, interval, two-sided p-value of "there is no difference"."""

    difference: float
    low: float
    high: float
    p_value: float


def bootstrap(
    table: NDArray[np.float64],
    statistic: Statistic,
    samples: int = SAMPLES,
    seed: int = SEED,
    level: float = LEVEL,
) -> Interval:
    """Percentile interval of a statistic of sums.

    table (N, K) holds a row a sentence, statistic maps sums (..., K) to (...):
    `bootstrap(bleu_statistics(...), bleu_of_sums)`. A seed gives the same interval every time. Raises
    ValueError for N = 0.
    """
    values = statistic(_resampled(table, samples, seed))
    low, high = _interval(values, level)
    return Interval(float(statistic(table.sum(axis=0))), low, high)


def bootstrap_means(table: NDArray[np.float64], samples: int = SAMPLES, seed: int = SEED) -> list[Interval]:
    """Intervals of K means of the same sentences: table (N, K + 1) holds K sums and, last, how many values each is of.

    The same numbers as `bootstrap` with `mean_of_sums` gives of each column, for the price of one.
    """
    sums, total = _resampled(table, samples, seed), table.sum(axis=0)
    return [
        Interval(float(total[place] / total[-1]), *_interval(sums[:, place] / sums[:, -1], LEVEL))
        for place in range(table.shape[1] - 1)
    ]


def paired_bootstrap(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    statistic: Statistic,
    samples: int = SAMPLES,
    seed: int = SEED,
) -> Comparison:
    """Compare two systems on the same sentences: both are resampled together, rows (N, K) in the same order.

    The p-value is twice the share of resamples on the rarer side of 0 (one added, so that it is never 0): it is below 0.05
    where the 95 % interval leaves 0 out, so that the two never contradict each other, even for two sentences. Raises
    ValueError for tables of different shape.
    """
    if first.shape != second.shape:
        raise ValueError(
            f"paired systems need the same sentences, but their tables are {first.shape} and {second.shape}"
        )
    both = _resampled(np.concatenate([first, second], axis=1), samples, seed)
    columns = first.shape[1]
    differences = statistic(both[:, columns:]) - statistic(both[:, :columns])
    difference = float(statistic(second.sum(axis=0)) - statistic(first.sum(axis=0)))
    low, high = _interval(differences, LEVEL)
    rarer = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return Comparison(difference, low, high, min(1.0, 2 * (rarer + 1) / (samples + 1)))


def mean_of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean as a statistic of sums (..., 2): total and count."""
    mean: NDArray[np.float64] = sums[..., 0] / sums[..., 1]
    return mean


def counted(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N) -> (N, 2), the rows that `mean_of_sums` needs: a value and 1."""
    return np.stack([values, np.ones_like(values)], axis=1)


def _resampled(table: NDArray[np.float64], samples: int, seed: int) -> NDArray[np.float64]:
    """(samples, K): sums over N sentences drawn with replacement, for each resample."""
    count = len(table)
    if table.ndim != 2 or count == 0:
        raise ValueError(f"the bootstrap needs a table of at least one sentence, not one of shape {table.shape}")
    generator = np.random.default_rng(seed)
    step = max(1, _CELLS // count)
    sums = []
    for start in range(0, samples, step):
        rows = min(step, samples - start)
        drawn = generator.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)
        sums.append(times.astype(np.float64) @ table)
    return np.concatenate(sums)


def _interval(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    tail = 50 * (1 - level)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
