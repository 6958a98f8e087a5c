"""Word links for sentence pairs without gold: a statistical aligner, trained on the same pairs.

IBM model 1, then the hidden Markov model of Vogel, Ney and Tillmann (1996), "HMM-Based Word Alignment in Statistical
Translation": a word tends to be linked to words that it often occurs with, and as far behind the link of the word before it as is
usual. Words without a link leave that place as it is. The aligner sees no network, so the links are independent of every view;
but they are a model's, not gold.

S source and T target words, n pairs of the same S and T.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.links import Links
from data.progress import Count, counting

Array = NDArray[Any]

NO_LINK = 0.08  # p_0: probability that a word has no link
ROUNDS = (5, 5)  # of expectation maximisation: model 1, then with jumps
FARTHEST = 100  # words that a jump is counted for; all that are longer share the last count
ANYWHERE = 0.05  # probability that a jump leads to any word alike
# alpha of the Dirichlet prior over the target words of a source word: few, and rare words do not collect others. Chosen among
# five values by the development parts of the human links, which no result reports.
SPARSE = 0.3
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
        with counting("learning to link", 2 * sum(ROUNDS), "rounds") as rounds:
            self.ahead = _OneWay(learned, rounds)
            self.back = _OneWay([turned_pair(pair) for pair in learned], rounds)

    def links(self, pairs: Sequence[Pair]) -> Iterator[Links]:
        """Links of each pair: sure where both directions link, possible where one does."""
        for there, here in zip(self.ahead.links(pairs), self.back.links([turned_pair(p) for p in pairs]), strict=True):
            turned = frozenset((t, s) for s, t in here)
            yield Links(sure=there & turned, possible=there | turned)


class _OneWay:
    """p(target word | source word), which says which source word each target word comes from."""

    def __init__(self, pairs: Sequence[Pair], rounds: Count) -> None:
        groups = _by_shape(pairs)
        keys = [np.unique(_keys(pairs, numbers)) for numbers in groups.values()]
        self.keys = np.unique(np.concatenate(keys)) if keys else np.empty(0, dtype=np.int64)  # (kinds,)
        self.p = np.ones(len(self.keys))
        kinds = [np.searchsorted(self.keys, _keys(pairs, numbers)).astype(np.int32) for numbers in groups.values()]
        _, source, sizes = np.unique(self.keys >> 32, return_inverse=True, return_counts=True)
        self.jumps = np.ones(2 * FARTHEST + 1)
        for posterior in (_alone,) * ROUNDS[0] + (_in_order,) * ROUNDS[1]:
            counts, jumps = np.zeros(len(self.keys)), np.ones_like(self.jumps)
            for kind in kinds:
                linked, jumped = posterior(self.p[kind], self.jumps)
                np.add.at(counts, kind.ravel(), linked.ravel())
                jumps += jumped
            totals = np.bincount(source, counts) + SPARSE * sizes
            # Variational Bayes: exp(digamma(x)) instead of x, which makes small counts smaller.
            self.p = _exp_digamma(counts + SPARSE) / _exp_digamma(totals)[source]
            self.jumps = jumps
            rounds.done += 1

    def links(self, pairs: Sequence[Pair]) -> list[frozenset[tuple[int, int]]]:
        """The links (t, s) of each pair: from each target word to its most probable source word, or none."""
        links = [frozenset[tuple[int, int]]()] * len(pairs)
        for (_, S), numbers in _by_shape(pairs).items():
            best = _in_order(self._probability(_keys(pairs, numbers)), self.jumps)[0].argmax(2)
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


def _alone(p: Array, jumps: Array) -> tuple[Array, Array]:
    """Model 1: what `_in_order` returns if every place is as probable as any other, and no jumps."""
    return p / p.sum(axis=2, keepdims=True), np.zeros_like(jumps)


def _in_order(p: Array, jumps: Array) -> tuple[Array, Array]:
    """p(a_t = s | both sentences), (n, T, S + 1), from p(target word | source word), and how often each jump is expected.

    The forward-backward algorithm over the place of the last link: before the first word, or at one of the S words.
    """
    n, T, S = p.shape[0], p.shape[1], p.shape[2] - 1
    linked, empty = p[..., :S] * (1 - NO_LINK), p[..., S:] * NO_LINK
    jump = (np.arange(S) - np.arange(-1, S)[:, None]).clip(-FARTHEST, FARTHEST) + FARTHEST  # (S + 1, S): from, to
    to = jumps[jump]
    to = (1 - ANYWHERE) * to / to.sum(axis=1, keepdims=True) + ANYWHERE / S
    forward, arrived, scale = np.zeros((T + 1, n, S + 1)), np.empty((T, n, S)), np.empty((T, n, 1))
    forward[0, :, 0] = 1
    for t in range(T):
        arrived[t] = forward[t] @ to * linked[:, t]
        forward[t + 1] = forward[t] * empty[:, t]
        forward[t + 1, :, 1:] += arrived[t]
        scale[t] = forward[t + 1].sum(axis=1, keepdims=True)
        forward[t + 1] /= scale[t]
    backward, posterior, moved = np.ones((n, S + 1)), np.empty_like(p), np.zeros_like(to)
    for t in reversed(range(T)):
        backward /= scale[t]
        posterior[:, t, :S] = arrived[t] * backward[:, 1:]
        posterior[:, t, S:] = (forward[t] * backward).sum(axis=1, keepdims=True) * empty[:, t]
        ahead = linked[:, t] * backward[:, 1:]
        moved += np.tensordot(forward[t], ahead, (0, 0))
        backward = np.tensordot(ahead, to, (1, 1)) + backward * empty[:, t]
    return posterior, np.bincount(jump.ravel(), (moved * to).ravel(), len(jumps))


def _exp_digamma(x: Array) -> Array:
    """exp(digamma(x)) of positive numbers, by the asymptotic series at x + 6."""
    y = 1 / (x + 6) ** 2
    series = np.log(x + 6) - 0.5 / (x + 6) - y * (1 / 12 - y * (1 / 120 - y / 252))
    return np.exp(series - sum(1 / (x + i) for i in range(6)))
