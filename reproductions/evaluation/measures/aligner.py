"""Word links for a corpus without gold: a statistical aligner, trained on the same sentence pairs.

IBM model 2 in the form of Dyer, Chahuneau and Smith (2013), "A Simple, Fast, and Effective Reparameterization of IBM
Model 2": a word tends to be linked near the diagonal, and to words that it often occurs with. The aligner sees no network, so
the links are independent of every view; but they are a model's, not gold.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from data.links import Links
from reproductions.evaluation.arrays import Doubles, Ints

TENSION = 4.0  # lambda: how much the diagonal attracts
NO_LINK = 0.08  # p_0: probability that a word has no link
ROUNDS = (3, 3)  # of expectation maximisation: without the diagonal, which is model 1, then with it


class Pair(NamedTuple):
    """Ids of one sentence pair without ``</s>``: source (S), target (T)."""

    source: Ints
    target: Ints


def align(training: Sequence[Pair], wanted: Sequence[Pair]) -> list[Links]:
    """Links of the wanted pairs, after training on both: sure where both directions link, possible where one does."""
    ahead = _one_way(training, wanted)
    back = _one_way([Pair(p.target, p.source) for p in training], [Pair(p.target, p.source) for p in wanted])
    links = []
    for there, here in zip(ahead, back, strict=True):
        turned = frozenset((t, s) for s, t in here)
        links.append(Links(sure=there & turned, possible=there | turned))
    return links


def _one_way(training: Sequence[Pair], wanted: Sequence[Pair]) -> list[frozenset[tuple[int, int]]]:
    """The links (t, s) of each wanted pair: from each target word to its most probable source word, or none."""
    cells = _Cells([*training, *wanted])
    probability = np.ones(cells.kinds)
    for prior in [np.ones_like(cells.prior)] * ROUNDS[0] + [cells.prior] * ROUNDS[1]:
        counts = np.bincount(cells.kind, cells.posterior(probability, prior), cells.kinds)
        probability = counts / np.maximum(np.bincount(cells.source_of_kind, counts)[cells.source_of_kind], 1e-12)
    posterior = cells.posterior(probability, cells.prior)
    links = []
    for number in range(len(training), len(training) + len(wanted)):
        T, S = cells.shapes[number]
        start = cells.starts[number]
        table = posterior[start : start + T * (S + 1)].reshape(T, S + 1)  # the last column: no link
        best = table.argmax(axis=1)
        links.append(frozenset((t, int(s)) for t, s in enumerate(best) if s < S))
    return links


class _Cells:
    """Every (target word, source word) of every pair, flat; the empty word is the last source word of each target word."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.shapes = [(len(pair.target), len(pair.source)) for pair in pairs]
        sizes = np.array([T * (S + 1) for T, S in self.shapes], dtype=np.int64)
        self.starts = np.concatenate([[0], sizes.cumsum()]).tolist()
        empty = 1 + max((int(pair.source.max(initial=0)) for pair in pairs), default=0)
        words = 1 + max((int(pair.target.max(initial=0)) for pair in pairs), default=0)
        keys = np.empty(self.starts[-1], dtype=np.int64)
        self.prior = np.empty(self.starts[-1])  # p(a_t = s | t, T, S), equation (2) of Dyer et al.
        self.row = np.empty(self.starts[-1], dtype=np.int64)
        priors: dict[tuple[int, int], Doubles] = {}
        row = 0
        for pair, shape, start in zip(pairs, self.shapes, self.starts, strict=False):
            T, S = shape
            if shape not in priors:
                priors[shape] = _prior(T, S)
            place = slice(start, start + T * (S + 1))
            keys[place] = (np.append(pair.source, empty)[None] * words + pair.target[:, None]).ravel()
            self.prior[place] = priors[shape]
            self.row[place] = np.repeat(np.arange(row, row + T), S + 1)
            row += T
        distinct, self.kind = np.unique(keys, return_inverse=True)  # kinds: distinct (source word, target word)
        self.kinds, self.rows = len(distinct), row
        self.source_of_kind = distinct // words

    def posterior(self, probability: Doubles, prior: Doubles) -> Doubles:
        """p(a_t = s | both sentences) of every cell, from p(target word | source word) of every kind."""
        joint = prior * probability[self.kind]
        total = np.bincount(self.row, joint, self.rows)
        return joint / np.maximum(total[self.row], 1e-300)


def _prior(T: int, S: int) -> Doubles:
    """(T * (S + 1)): near the diagonal, and ``NO_LINK`` for the empty word in the last column."""
    distance = np.abs((np.arange(T)[:, None] + 1) / T - (np.arange(S)[None] + 1) / max(S, 1))
    near = np.exp(-TENSION * distance)
    near *= (1 - NO_LINK) / np.maximum(near.sum(axis=1, keepdims=True), 1e-300)
    return np.concatenate([near, np.full((T, 1), NO_LINK)], axis=1).ravel()
