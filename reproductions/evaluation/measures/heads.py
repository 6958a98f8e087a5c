"""Which heads of self-attention to draw: rules that choose among all of them by a number.

Maps are (L, H, N, N) of one sentence: N words attend, down, to N words, across. L layers, H heads; all positions from 0.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from data.links import Links
from reproductions.evaluation.arrays import Bools, Doubles, Floats
from reproductions.evaluation.measures.attention import divergence

FAR = 5  # words between two that are far from each other


class FarPair(NamedTuple):
    """A word that attends to one far off, and its weight there; ``sentence`` is the place of theirs."""

    weight: float
    sentence: int
    layer: int
    head: int
    word: int
    attended: int


def farthest_reach(sentences: Sequence[tuple[Sequence[str], Floats]], far: int = FAR) -> FarPair:
    """The pair of words at least ``far`` positions apart with the largest weight, over sentences, layers and heads.

    Punctuation and ``</s>`` do not count, neither as the word that attends nor as the other. Raises ValueError if no sentence
    has two such words.
    """
    largest = []
    for place, (words, maps) in enumerate(sentences):
        order, spoken = np.arange(len(words)), _spoken(words)
        counted = (abs(order[:, None] - order) >= far) & spoken[:, None] & spoken
        if counted.any():
            weights = np.where(counted, maps, -1.0)
            at = np.unravel_index(weights.argmax(), weights.shape)
            largest.append(FarPair(float(weights[at]), place, *map(int, at)))
    return max(largest, key=lambda pair: pair.weight)


def _spoken(words: Sequence[str]) -> Bools:
    """Which words are neither punctuation nor ``</s>``."""
    return np.array([word[0].isalnum() for word in words])


Pairs = Sequence[tuple[int, int]]  # of words: one, and the other that it needs


def depending(links: Links) -> Pairs:
    """Source words whose translation depends on another: a target word links surely to the one, only possibly to the other.

    So "the" with its noun, whose gender decides between "le" and "la".
    """
    certain = dict(sorted(links.sure))
    return sorted({(certain[t], other) for t, other in links.possible - links.sure if t in certain})


def mean_weights(sentences: Iterable[tuple[Floats, Pairs]]) -> Doubles:
    """(L, H): the mean weight of the first word of a pair on the second, over the pairs of all sentences."""
    weights = [maps[:, :, word, other] for maps, pairs in sentences for word, other in pairs]
    return np.mean(weights, axis=0, dtype=np.float64)


class Different(NamedTuple):
    """Two heads of one layer, and how much they differ: 0 equal, 1 never on the same word."""

    divergence: float
    layer: int
    heads: tuple[int, int]


def most_different(maps: Sequence[Floats]) -> Different:
    """The two heads of one layer whose rows differ most: Jensen-Shannon divergence, mean over all words of all sentences.

    Raises ValueError for a model with one head.
    """
    layers, heads = maps[0].shape[:2]
    return max(
        Different(float(np.concatenate([divergence(*each[layer, list(pair)]) for each in maps]).mean()), layer, pair)
        for layer, pair in product(range(layers), combinations(range(heads), 2))
    )
