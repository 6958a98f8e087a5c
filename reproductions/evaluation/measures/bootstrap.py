"""Confidence intervals and paired comparison by resampling sentences (Koehn 2004).

A statistic is a function of sums over sentences: BLEU of n-gram counts, AER of link counts, a mean. A resample is then one row
of a matrix product. N sentences, K sums of each.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from reproductions.evaluation.arrays import Doubles

SAMPLES = 1000
SEED = 2014
DRAWS = 20_000  # of the scores of all seeds
LEVEL = 0.95
SMALLEST = 2 / (SAMPLES + 1)  # p-value that so many resamples can show
_CELLS = 4_000_000  # resampling counts held at once, 32 MB

Statistic = Callable[[Doubles], Doubles]


class Interval(NamedTuple):
    """A value of the whole sample and its percentile interval."""

    value: float
    low: float
    high: float

    @property
    def bounds(self) -> list[float]:
        """Low and high, rounded for JSON."""
        return rounded(self)[1:]


class Comparison(NamedTuple):
    """Second system minus first: difference, its interval, and the two-sided p-value of no difference."""

    difference: float
    low: float
    high: float
    p_value: float


def rounded(values: Sequence[float]) -> list[float]:
    """For JSON."""
    return [round(float(value), 4) for value in values]


def bootstrap(table: Doubles, statistic: Statistic) -> Interval:
    """95 % percentile interval of a statistic of sums: `bootstrap(bleu_statistics(...), bleu_of_sums)`.

    table is (N, K); statistic maps sums (..., K) to (...).
    """
    return over_seeds([table], statistic)


def bootstrap_means(table: Doubles) -> list[Interval]:
    """Intervals of K means of the same sentences, for the price of one `bootstrap`.

    table (N, K + 1) holds K sums and, last, the number of values in each.
    """
    sums, total = _resampled(table), table.sum(axis=0)
    return [
        Interval(float(total[place] / total[-1]), *_interval(sums[:, place] / sums[:, -1]))
        for place in range(table.shape[1] - 1)
    ]


def paired_bootstrap(first: Doubles, second: Doubles, statistic: Statistic) -> Comparison:
    """Compare two systems on the same sentences: both tables (N, K), with rows in one order, are resampled together."""
    return paired_over_seeds([first], [second], statistic)


def over_seeds(group: Sequence[Doubles], statistic: Statistic) -> Interval:
    """The mean of a system's seeds, and its interval over seeds and sentences together; a table (N, K) per seed."""
    (means,) = _means([group], statistic)
    return Interval(_mean(group, statistic), *_interval(means))


def paired_over_seeds(first: Sequence[Doubles], second: Sequence[Doubles], statistic: Statistic) -> Comparison:
    """Compare two systems on the same sentences, each trained with several seeds: a table (N, K) per seed.

    The p-value is twice the share of resamples on the rarer side of 0, one added: it is below 0.05 where the 95 % interval
    excludes 0, even for two sentences; at the border they may differ by one resample.
    """
    before, after = _means([first, second], statistic)
    differences = after - before
    difference = _mean(second, statistic) - _mean(first, statistic)
    low, high = _interval(differences)
    rarer = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return Comparison(difference, low, high, min(1.0, SMALLEST * (rarer + 1)))


def mean_of_sums(sums: Doubles) -> Doubles:
    """The mean as a statistic of sums (..., 2): total and count."""
    return sums[..., 0] / sums[..., 1]


def counted(values: Doubles) -> Doubles:
    """(N) -> (N, 2), for `mean_of_sums`: each value and 1."""
    return np.stack([values, np.ones_like(values)], axis=1)


def _resampled(table: Doubles) -> Doubles:
    """(SAMPLES, K): in each resample the sums over N sentences drawn with replacement."""
    count = len(table)
    drawn = [_drawn_at_once(count)] if SAMPLES * count <= _CELLS else _drawn(count)
    return np.concatenate([times @ table for times in drawn])


def _drawn(count: int) -> Iterator[Doubles]:
    """How often each of N sentences is drawn, (rows, N), for SAMPLES rows in all."""
    generator = np.random.default_rng(SEED)
    step = max(1, _CELLS // count)
    for start in range(0, SAMPLES, step):
        rows = min(step, SAMPLES - start)
        drawn = generator.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)


@lru_cache(maxsize=2)
def _drawn_at_once(count: int) -> Doubles:
    """The same, remembered: all measures of a split resample as many sentences."""
    return next(_drawn(count))


def _means(groups: Sequence[Sequence[Doubles]], statistic: Statistic) -> list[Doubles]:
    """(SAMPLES) per group: in each resample sentences are drawn, the same for all, then seeds of each group, and their mean.

    Seeds drawn with replacement from R vary less than seeds do, by (R - 1) / R: what they vary is stretched by its root.
    """
    tables = [table for group in groups for table in group]
    sums = _resampled(np.concatenate(tables, axis=1))
    values = statistic(sums.reshape(len(sums), len(tables), -1))
    generator, means = np.random.default_rng(SEED), []
    for group in np.split(values, np.cumsum([len(group) for group in groups])[:-1], axis=1):
        drawn = generator.integers(group.shape[1], size=group.shape)
        centre, mean = group.mean(axis=1), np.take_along_axis(group, drawn, axis=1).mean(axis=1)
        means.append(centre + (mean - centre) * math.sqrt(group.shape[1] / max(1, group.shape[1] - 1)))
    return means


def _mean(group: Sequence[Doubles], statistic: Statistic) -> float:
    return fmean(float(statistic(table.sum(axis=0))) for table in group)


def _interval(values: Doubles) -> tuple[float, float]:
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def noise(seeds: Iterable[Sequence[float]]) -> float | None:
    """How far the means of all systems stay from the mean of the first by their seeds alone, in 95 of 100 cases.

    Dunnett's (1955) test, simulated: the comparisons are judged together, since of ten some would exceed the bound of a single
    one. The spread between seeds is pooled over the systems. None with one seed each, or with nothing to compare.

    seeds: the scores of each system's seeds; equal systems count once.
    """
    groups = [np.array(scores) for scores in dict.fromkeys(tuple(scores) for scores in seeds)]
    sizes = [len(group) for group in groups]
    if len(groups) < 2 or max(sizes) < 2:
        return None
    draws = np.random.default_rng(SEED).standard_normal((DRAWS, sum(sizes)))
    drawn = np.split(draws, np.cumsum(sizes)[:-1], axis=1)
    means = np.stack([group.mean(axis=1) for group in drawn], axis=1)
    largest = np.abs(means[:, 1:] - means[:, :1]).max(axis=1) / _spread(drawn)
    return float(np.quantile(largest, 0.95) * _spread(groups))


def _spread(groups: Sequence[Doubles]) -> Any:
    """The standard deviation between seeds (..., seeds), pooled over systems."""
    squares = sum(group.var(axis=-1) * group.shape[-1] for group in groups)
    return np.sqrt(squares / sum(group.shape[-1] - 1 for group in groups))
