"""The statistical aligner finds links without being given any, measured against gold."""

from itertools import product

import numpy as np
import pytest

from data import progress
from data.accord import pairs
from data.prepared import aligner
from data.prepared.aligner import Aligner, Pair
from data.progress import Count
from reproductions.evaluation.measures.alignment import alignment_counts, alignment_scores


def numbered(sentences):
    """Ids of words, from 3, in the order in which they come."""
    known = {}
    return [np.array([known.setdefault(word, 3 + len(known)) for word in words], dtype=np.int64) for words in sentences]


def test_it_finds_most_gold_links_of_accord():
    drawn = list(pairs("train", 2500))
    ids = map(Pair, numbered([p.source for p in drawn]), numbered([p.target for p in drawn]))
    read = list(ids)
    found = Aligner(read).links(read[2000:])
    scores = alignment_scores(
        alignment_counts(links.sure, pair.links) for links, pair in zip(found, drawn[2000:], strict=True)
    )
    assert scores.aer < 0.12 and scores.precision > 0.95


@pytest.mark.parametrize("cells", [aligner.CELLS, 15_000])
def test_words_that_always_come_together_are_linked_wherever_they_stand(cells, monkeypatch):
    """Also in pairs behind those that a bounded memory learns from."""
    monkeypatch.setattr(aligner, "CELLS", cells)
    generator = np.random.default_rng(0)
    orders = [generator.permutation(5) for _ in range(600)]
    sentences = [generator.permutation(20)[:5] for _ in orders]
    read = [Pair(words + 3, words[order] + 50) for words, order in zip(sentences, orders, strict=True)]
    for links, order in zip(Aligner(read).links(read[590:]), orders[590:], strict=True):
        assert links.sure == set(enumerate(order.tolist()))


def test_empty_sentences_have_no_links():
    nothing, word = np.array([], dtype=np.int64), np.array([5])
    read = [Pair(nothing, word), Pair(word, nothing), Pair(nothing, nothing)]
    links = Aligner([Pair(word, word), *read]).links(read)
    assert [len(one.possible) for one in links] == [0, 0, 0]


def test_it_counts_the_rounds_of_both_directions(monkeypatch):
    counts = []
    monkeypatch.setattr(progress, "Count", lambda *given: counts.append(Count(*given)) or counts[-1])
    Aligner([Pair(np.array([5]), np.array([5]))])
    assert [str(count) for count in counts] == ["learning to link: 20 of 20 rounds"]


def test_forward_and_backward_are_the_sum_over_all_paths():
    """p(a_t = s) and the expected jumps, against every path over 3 source words, the words without a link included."""
    T, S = 4, 3
    generator = np.random.default_rng(1)
    p, jumps = generator.random((1, T, S + 1)), generator.random(2 * aligner.FARTHEST + 1)
    expected, moved, total = np.zeros((T, S + 1)), np.zeros_like(jumps), 0.0
    for path in product(range(S + 1), repeat=T):  # S: no link
        place, probability, made = -1, 1.0, []
        for t, s in enumerate(path):
            if s == S:
                probability *= aligner.NO_LINK * p[0, t, S]
                continue
            onwards = jumps[np.arange(S) - place + aligner.FARTHEST]
            jump = (1 - aligner.ANYWHERE) * onwards / onwards.sum() + aligner.ANYWHERE / S
            probability *= (1 - aligner.NO_LINK) * jump[s] * p[0, t, s]
            made.append(s - place + aligner.FARTHEST)
            place = s
        total += probability
        expected[np.arange(T), path] += probability
        np.add.at(moved, made, probability)
    posterior, jumped = aligner._in_order(p, jumps)
    np.testing.assert_allclose(posterior[0], expected / total)
    np.testing.assert_allclose(jumped, moved / total)
