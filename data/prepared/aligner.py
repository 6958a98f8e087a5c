"""Word links for sentence pairs without gold: a statistical aligner, trained on the same pairs.

IBM model 1, then model 2 in the form of Dyer, Chahuneau and Smith (2013), "A Simple, Fast, and Effective Reparameterization of
IBM Model 2": a word tends to be linked near the diagonal, and to words that it often occurs with. The aligner sees no network, so
the links are independent of every view; but they are a model's, not gold.

S source and T target words, n pairs of the same S and T.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.links import Links

Array = NDArray[Any]

TENSION = 4.0  # lambda: how much the diagonal attracts
NO_LINK = 0.08  # p_0: probability that a word has no link
ROUNDS = (5, 5)  # of expectation maximisation: without the diagonal, which is model 1, then with it
SPARSE = 0.01  # alpha of the Dirichlet prior over the target words of a source word: few, and rare words do not collect others
EMPTY = 2**31 - 1  # the word that words without a link come from
UNSEEN = 1e-9  # probability of words that never stood in a pair
CELLS = 60_000_000  # of the pairs that are learned from: half a gigabyte


class Pair(NamedTuple):
    """Ids of one sentence pair without ``</s>``: source (S), target (T)."""

    source: Array
    target: Array


class Aligner:
    """Links words in both directions, by what it learned from sentence pairs: all, or the first with ``CELLS`` in all."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        cells = 0
        learned = []
        for pair in pairs:
            learned.append(pair)
            cells += len(pair.target) * (len(pair.source) + 1)
            if cells > CELLS:
                break
        self.ahead, self.back = _OneWay(learned), _OneWay([turned_pair(pair) for pair in learned])

    def links(self, pairs: Sequence[Pair]) -> Iterator[Links]:
        """Links of each pair: sure where both directions link, possible where one does."""
        for there, here in zip(self.ahead.links(pairs), self.back.links([turned_pair(p) for p in pairs]), strict=True):
            turned = frozenset((t, s) for s, t in here)
            yield Links(sure=there & turned, possible=there | turned)


class _OneWay:
    """p(target word | source word), which says which source word each target word comes from."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        groups = _by_shape(pairs)
        keys = [np.unique(_keys(pairs, numbers)) for numbers in groups.values()]
        self.keys = np.unique(np.concatenate(keys)) if keys else np.empty(0, dtype=np.int64)  # (kinds,)
        self.p = np.ones(len(self.keys))
        kinds = {
            shape: np.searchsorted(self.keys, _keys(pairs, numbers)).astype(np.int32)
            for shape, numbers in groups.items()
        }
        _, source, sizes = np.unique(self.keys >> 32, return_inverse=True, return_counts=True)
        for tension in (0.0,) * ROUNDS[0] + (TENSION,) * ROUNDS[1]:
            counts = np.zeros(len(self.keys))
            for shape, kind in kinds.items():
                np.add.at(counts, kind.ravel(), _posterior(self.p[kind], *shape, tension).ravel())
            totals = np.bincount(source, counts) + SPARSE * sizes
            # Variational Bayes: exp(digamma(x)) instead of x, which makes small counts smaller.
            self.p = _exp_digamma(counts + SPARSE) / _exp_digamma(totals)[source]

    def links(self, pairs: Sequence[Pair]) -> list[frozenset[tuple[int, int]]]:
        """The links (t, s) of each pair: from each target word to its most probable source word, or none."""
        links = [frozenset[tuple[int, int]]()] * len(pairs)
        for (T, S), numbers in _by_shape(pairs).items():
            best = _posterior(self._probability(_keys(pairs, numbers)), T, S, TENSION).argmax(2)
            for number, row in zip(numbers, best.tolist(), strict=True):
                links[number] = frozenset((t, s) for t, s in enumerate(row) if s < S)
        return links

    def _probability(self, keys: Array) -> Array:
        kind = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[kind] == keys, self.p[kind], UNSEEN)


def turned_pair(pair: Pair) -> Pair:
    """With source and target exchanged."""
    return Pair(pair.target, pair.source)


def _by_shape(pairs: Sequence[Pair]) -> dict[tuple[int, int], list[int]]:
    """The numbers of the pairs of each (T, S) in which there is something to link."""
    groups: dict[tuple[int, int], list[int]] = {}
    for number, (source, target) in enumerate(pairs):
        if len(target) and len(source):
            groups.setdefault((len(target), len(source)), []).append(number)
    return groups


def _keys(pairs: Sequence[Pair], numbers: Sequence[int]) -> Array:
    """(n, T, S + 1) int64: a number for each pair of source and target word, the last source word being the empty one."""
    source = np.array([[*pairs[number].source, EMPTY] for number in numbers], dtype=np.int64)
    target = np.array([pairs[number].target for number in numbers], dtype=np.int64)
    return (source[:, None] << 32) + target[:, :, None]


def _posterior(p: Array, T: int, S: int, tension: float) -> Array:
    """p(a_t = s | both sentences), (n, T, S + 1), from p(target word | source word), by equation (2) of Dyer et al."""
    distance = np.abs((np.arange(T)[:, None] + 1) / T - (np.arange(S)[None] + 1) / S)
    near = np.exp(-tension * distance)
    near *= (1 - NO_LINK) / near.sum(axis=1, keepdims=True)
    joint = p * np.concatenate([near, np.full((T, 1), NO_LINK)], axis=1)
    return joint / joint.sum(axis=2, keepdims=True)


def _exp_digamma(x: Array) -> Array:
    """exp(digamma(x)) of positive numbers, by the asymptotic series at x + 6."""
    y = 1 / (x + 6) ** 2
    series = np.log(x + 6) - 0.5 / (x + 6) - y * (1 / 12 - y * (1 / 120 - y / 252))
    return np.exp(series - sum(1 / (x + i) for i in range(6)))
