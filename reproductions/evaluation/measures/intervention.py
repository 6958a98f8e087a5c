"""Does a model use what it looks at? What happens to log p(y_i) if attention is changed at step i, or a word of the source goes.

A change is log p(y_i) with the intervention minus without it, in nats: negative where the model needed what was taken. Erasing
sets the weight of a word to zero and rescales the rest (Serrano and Smith 2019); exchanging gives it the weight of the word
looked at, and that word its own. Leaving out replaces the word in the source, so that the encoder never reads it: the effect of
the word itself, beside which that of its weight stands.

The words of the source are candidates: ``</s>`` and the tokens before the patches of an image keep their weights. T target words,
S candidates, N sentences or images. Rows without two candidates are undefined.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from data.links import Links
from reproductions.evaluation.arrays import Bools, Doubles, Floats
from reproductions.evaluation.measures.alignment import aer_of_sums, alignment_counts, hard_links
from reproductions.evaluation.measures.bootstrap import bootstrap, rounded
from reproductions.evaluation.measures.localisation import intervals

# Means over target words, in the order of `table`. "more" is the paired difference to the other words; a rank is Spearman's
# correlation of the weights with the sizes of the changes over the source (Jain and Wallace 2019, with Kendall's).
MEASURES = (
    "erased", "erased_other", "erased_more", "exchanged", "exchanged_gold", "left_out", "left_out_other", "left_out_more",
    "rank_erased", "rank_left_out",
)  # fmt: skip


class Intervened(NamedTuple):
    """One sentence or image under interventions on one part of the attention: a head, or all of it. All are (T, S)."""

    weights: Floats
    erased: Floats  # the change if candidate j is erased
    exchanged: Floats  # the change if candidate j and the one looked at exchange their weights


class Whole(NamedTuple):
    """The same sentence or image without regard to attention: what each candidate is worth, (T, S), and its gold links."""

    left_out: Floats  # the change if candidate j is left out
    gradient: Floats | None = None  # gradient of log p(y_i) times the embedding of word j; None for an image
    gold: Links | None = None


def largest(weights: Floats) -> Bools:
    """(T, S): where a row is largest; all of equal ones, so that a uniform row looks at every word."""
    return weights == weights.max(axis=1, keepdims=True)


def table(intervened: Intervened, whole: Whole) -> Doubles:
    """(T, M): every measure of every target word, NaN where it is undefined."""
    looked = largest(intervened.weights)
    other = np.where(looked.all(axis=1, keepdims=True), True, ~looked)
    erased, erased_other = _mean(intervened.erased, looked), _mean(intervened.erased, other)
    left, left_other = _mean(whole.left_out, looked), _mean(whole.left_out, other)
    rows = np.stack([
        erased, erased_other, erased - erased_other, _mean(intervened.exchanged, other),
        _mean(intervened.exchanged, _gold_elsewhere(looked, whole.gold)), left, left_other, left - left_other,
        spearman(intervened.weights, abs(intervened.erased)), spearman(intervened.weights, abs(whole.left_out)),
    ], axis=1)  # fmt: skip
    return rows if looked.shape[1] > 1 else np.full_like(rows, np.nan)


def measured(sentences: Sequence[Intervened], whole: Sequence[Whole]) -> dict[str, list[float]]:
    """The mean of each measure over target words with its 95 % interval over sentences, without those that are never defined.

    ``exchanged_gold`` is over the words whose largest weight lies on no gold link.
    """
    tables = [table(*pair) for pair in zip(sentences, whole, strict=True)]
    owners = np.repeat(np.arange(len(tables)), [len(rows) for rows in tables])
    return {name: rounded(interval) for name, interval in intervals(np.concatenate(tables), owners, MEASURES).items()}


def aligner(matrices: Iterable[Floats], whole: Sequence[Whole]) -> list[float] | None:
    """The alignment error rate of matrices (T, S) as aligners, with its interval; None without gold.

    A word is linked where its row is largest, if that is above 0.
    """
    counts = [
        alignment_counts(hard_links(matrix, source_end=False, target_end=False), of.gold)
        for matrix, of in zip(matrices, whole, strict=True)
        if of.gold is not None
    ]
    return rounded(bootstrap(np.array(counts, dtype=np.float64), aer_of_sums)) if counts else None


def aligners(whole: Sequence[Whole]) -> dict[str, list[float]]:
    """The alignment error rates of what needs no attention."""
    matrices: Mapping[str, list[Any]] = {
        "left_out": [-of.left_out for of in whole],
        "gradient": [of.gradient for of in whole if of.gradient is not None],
    }
    rates = {name: aligner(each, whole) for name, each in matrices.items() if len(each) == len(whole)}
    return {name: rate for name, rate in rates.items() if rate is not None}


def spearman(first: Floats, second: Floats) -> Doubles:
    """(T): rank correlation of two rows (T, S) each, equal values sharing their mean rank; 0 where one of them is constant."""
    ranks = [_ranks(each) for each in (first, second)]
    centred = [each - each.mean(axis=1, keepdims=True) for each in ranks]
    product = (centred[0] * centred[1]).sum(axis=1)
    lengths = np.prod([np.linalg.norm(each, axis=1) for each in centred], axis=0)
    return np.divide(product, lengths, out=np.zeros_like(product), where=lengths > 0)


def _ranks(values: Floats) -> Doubles:
    """Ranks (T, S) from 0 up."""
    above, below = (values[:, :, None] > values[:, None]), (values[:, :, None] < values[:, None])
    ranks: Doubles = (above.sum(axis=2) - below.sum(axis=2)).astype(np.float64) / 2
    return ranks


def _mean(values: Floats, where: Bools) -> Doubles:
    """(T): the mean of a row's values where it is True; NaN where that is nowhere."""
    number = where.sum(axis=1).astype(np.float64)
    total = (values * where).sum(axis=1, dtype=np.float64)
    return np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)


def _gold_elsewhere(looked: Bools, gold: Links | None) -> Bools:
    """(T, S): the sure links of the words whose largest weight lies on no gold link."""
    sure = np.zeros_like(looked)
    if gold is not None:
        right = {row for row, column in gold.sure | gold.possible if looked[row, column]}
        for row, column in gold.sure:
            sure[row, column] = row not in right
    return sure
