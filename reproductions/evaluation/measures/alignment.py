"""Attention against gold word links: hard links, alignment error rate, baselines, reordering.

Definitions: Och and Ney 2003, "A Systematic Comparison of Various Statistical Alignment Models", section 5. A link is (target
position, source position), from 0, over words without ``</s>``. Rates are fractions, NaN where their denominator is 0.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import UserError
from data.links import GoldPair, Links
from reproductions.evaluation.arrays import Doubles, Floats
from reproductions.evaluation.records.translation import END, AlignedTranslation

Link = tuple[int, int]
Counts = Sequence[int]  # of a sentence: |A|, |S|, |A and S|, |A and P|; links A of the model, sure links S, possible P


def hard_links(weights: Floats, source_end: bool = True, target_end: bool = True) -> frozenset[Link]:
    """One link for each target word: to the source position of its largest weight, the lowest of equal ones.

    weights is (T, S). target_end: the last row is ``</s>``, which gets no link. source_end: the last column is ``</s>``; a word
    whose largest weight lies there, or whose row is all zero, gets no link.
    """
    positions = hard_positions(weights[: len(weights) - target_end], source_end)
    return frozenset((row, int(column)) for row, column in enumerate(positions) if column >= 0)


def hard_positions(weights: Floats, source_end: bool = True) -> NDArray[np.intp]:
    """(..., T, S) without the target's ``</s>`` row -> (..., T): where each row is largest, -1 for no link."""
    positions = weights.argmax(axis=-1)
    no_link = weights.max(axis=-1) <= 0
    if source_end:
        no_link |= positions == weights.shape[-1] - 1
    return np.where(no_link, -1, positions)


def relative(weights: Floats) -> Floats:
    """(T, S) weights, each by the mean of its column: how much more than by the other target words a source word is looked at.

    The largest of a row is at the word that is looked at here and seldom elsewhere. The last column, ``</s>``, becomes 0: at
    ``</s>`` hardly any word looks, so that a small weight there would be a large relative one.
    """
    means = weights.mean(axis=0)
    means[-1] = 0
    return np.divide(weights, means, out=np.zeros_like(weights), where=means > 0)


def links_of(record: AlignedTranslation, by: Callable[[Floats], Floats] = np.asarray) -> frozenset[Link]:
    """The links of a record by its weights, or by :func:`relative` ones."""
    return hard_links(by(record.weights), source_end=record.source[-1] == END, target_end=record.target[-1] == END)


def alignment_counts(links: Collection[Link], gold: Links) -> Counts:
    """Counts of one sentence; repeated links count once."""
    ours = frozenset(links)
    return len(ours), len(gold.sure), len(ours & gold.sure), len(ours & (gold.sure | gold.possible))


@dataclass(frozen=True)
class AlignmentScores:
    """Alignment error rate, precision and recall of a corpus. Few, certain links lower the AER: read it with their number."""

    aer: float
    precision: float
    recall: float
    hypothesis_links: int
    sure_links: int
    sentences: int


def alignment_scores(counts: Iterable[Counts]) -> AlignmentScores:
    """Micro-averaged scores: counts are summed over all sentences first.

    precision = |A and P| / |A|,  recall = |A and S| / |S|,  AER = 1 - (|A and S| + |A and P|) / (|A| + |S|).
    """
    table = np.array(list(counts), dtype=np.int64).reshape(-1, 4)
    hypothesis, sure, sure_hits, possible_hits = (int(total) for total in table.sum(axis=0))
    return AlignmentScores(
        aer=1 - _ratio(sure_hits + possible_hits, hypothesis + sure),
        precision=_ratio(possible_hits, hypothesis),
        recall=_ratio(sure_hits, sure),
        hypothesis_links=hypothesis,
        sure_links=sure,
        sentences=len(table),
    )


def alignment_error_rate(records: Iterable[AlignedTranslation]) -> AlignmentScores:
    return alignment_scores(alignment_counts(links_of(record), gold_of(record)) for record in records)


def alignment_table(records: Iterable[AlignedTranslation]) -> Doubles:
    """(N, 4): the counts of each sentence, for `bootstrap(alignment_table(records), aer_of_sums)`."""
    rows = [alignment_counts(links_of(record), gold_of(record)) for record in records]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def gold_table(gold: Sequence[GoldPair], links: Sequence[Collection[Link]]) -> Doubles:
    """(N, 4): the counts of anybody's links, over the words of the gold; for `alignment_scores` and `bootstrap`.

    Links of a matrix over these words are its `hard_links`. Raises UserError for links of other sentences.
    """
    if len(gold) != len(links):
        raise UserError(
            f"There are links of {len(links):,} sentence pairs for a gold of {len(gold):,}: give those of each pair."
        )
    for pair, ours in zip(gold, links, strict=True):
        T, S = len(pair.target), len(pair.source)
        for target, source in ours:
            if not (0 <= target < T and 0 <= source < S):
                raise UserError(
                    f"{pair.where}: the link of target word {target} with source word {source} lies outside the {T} and {S} "
                    "words of this pair, counted from 0: give links over the words of the gold."
                )
    rows = [alignment_counts(ours, pair.links) for pair, ours in zip(gold, links, strict=True)]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def aer_of_sums(sums: Doubles) -> Doubles:
    """AER of summed counts (..., 4) -> (...)."""
    links, hits = sums[..., 0] + sums[..., 1], sums[..., 2] + sums[..., 3]
    return 1 - np.divide(hits, links, out=np.full_like(links, np.nan), where=links > 0)


def gold_of(record: AlignedTranslation) -> Links:
    assert record.gold is not None, record.where
    return record.gold


def gold_mass(records: Iterable[AlignedTranslation]) -> float:
    """Recall without an argmax: mean weight on a word's sure links, over target words that have any."""
    masses: list[float] = []
    for record in records:
        mass: dict[int, float] = {}
        for row, column in gold_of(record).sure:
            mass[row] = mass.get(row, 0.0) + float(record.weights[row, column])
        masses.extend(mass.values())
    return float(np.mean(masses)) if masses else float("nan")


def diagonal(rows: int, columns: int) -> frozenset[Link]:
    """Target word t of T rows links to source word floor((t + 1/2) S / T) of S columns."""
    return frozenset((row, int((row + 0.5) * columns / rows)) for row in range(rows) if columns)


def diagonal_baseline(golds: Sequence[Links], lengths: Sequence[tuple[int, int]]) -> AlignmentScores:
    """Scores of the length-scaled diagonal.

    lengths are (target words, source words) without ``</s>``. A model has learned an alignment only if it beats this.
    """
    counts = []
    for gold, (rows, columns) in zip(golds, lengths, strict=True):
        counts.append(alignment_counts(diagonal(rows, columns), gold))
    return alignment_scores(counts)


@dataclass(frozen=True)
class Reordering:
    """Does the attention reorder as gold does: European Economic Area, zone économique européenne?

    fidelity is Kendall's tau between the order of the attended and of the gold source positions, over pairs of target words with
    sure links whose gold positions differ: 1 same order, -1 reversed.
    """

    fidelity: float
    swaps: int  # neighbouring target words whose gold positions are inverted
    kept: int  # how many of those the attention inverts with both words on a gold link


def reordering(records: Iterable[AlignedTranslation]) -> Reordering:
    """`Reordering` over all records. A pair with one attended position counts as 0."""
    agreement = pairs = swaps = kept = 0
    for record in records:
        gold = gold_of(record)
        sources = _sure_sources(gold)
        attended = dict(sorted(links_of(record)))
        rows = sorted(row for row in sources if row in attended)
        gold_at = np.array([np.mean(sources[row]) for row in rows])
        model_at = np.array([attended[row] for row in rows], dtype=np.float64)
        upper = np.triu_indices(len(rows), k=1)
        truth = np.sign(gold_at[upper[1]] - gold_at[upper[0]])
        order = np.sign(model_at[upper[1]] - model_at[upper[0]])
        agreement += int((truth * order).sum())
        pairs += int((truth != 0).sum())
        for row in _inverted(sources):
            swaps += 1
            here, there = attended.get(row, -1), attended.get(row + 1, -1)
            kept += (row, here) in gold.possible and (row + 1, there) in gold.possible and here > there
    return Reordering(_ratio(agreement, pairs), swaps, kept)


def right_by_order(records: Iterable[AlignedTranslation]) -> tuple[float, float]:
    """Share of target words with sure links whose hard link is on gold: among those in order, and among those turned round.

    A word is turned round if its gold position and that of a neighbour are inverted, as in `Reordering`.
    """
    right, words = [0, 0], [0, 0]
    for record in records:
        gold = gold_of(record)
        sources = _sure_sources(gold)
        turned = {word for row in _inverted(sources) for word in (row, row + 1)}
        attended = dict(sorted(links_of(record)))
        for row in sources:
            words[row in turned] += 1
            right[row in turned] += (row, attended.get(row, -1)) in gold.possible
    return _ratio(right[0], words[0]), _ratio(right[1], words[1])


def _sure_sources(gold: Links) -> dict[int, list[int]]:
    """The source positions of each target word that has sure links, in order."""
    sources: dict[int, list[int]] = {}
    for row, column in sorted(gold.sure):
        sources.setdefault(row, []).append(column)
    return sources


def _inverted(sources: dict[int, list[int]]) -> list[int]:
    """The target words whose source words all stand after all source words of the next target word."""
    return [row for row in sources if row + 1 in sources and min(sources[row]) > max(sources[row + 1])]


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else float("nan")
