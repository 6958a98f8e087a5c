import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.links import Links
from reproductions.evaluation.measures.alignment import (
    aer_of_sums,
    alignment_counts,
    alignment_error_rate,
    alignment_scores,
    diagonal_baseline,
    gold_mass,
    hard_links,
    links_of,
    relative,
    reordering,
    right_by_order,
)
from reproductions.evaluation.records.translation import AlignedTranslation


def links(sure, possible=()):
    sure = frozenset(sure)
    return Links(sure, sure | frozenset(possible))


def aer(hypothesis, gold):
    return alignment_scores([alignment_counts(hypothesis, gold)])


def one_hot(positions, length):
    return np.eye(length, dtype=np.float32)[list(positions)]


def record(positions, gold, source_length):
    """A forced record whose word t attends to positions[t] alone; the target's </s> to the source's."""
    source = (*(f"s{number}" for number in range(source_length)), "</s>")
    target = (*(f"t{number}" for number in range(len(positions))), "</s>")
    weights = one_hot([*positions, source_length], source_length + 1)
    return AlignedTranslation(source, target, weights, "m", "v", True, "valid", 0, gold=gold)


def test_the_hand_example_of_och_and_ney_has_aer_one_quarter():
    scores = aer({(0, 0), (1, 1), (2, 2)}, links({(0, 0)}, {(1, 1)}))
    assert (scores.precision, scores.recall, scores.aer) == (2 / 3, 1.0, 0.25)


def test_the_example_of_nltk_has_aer_two_thirds():
    assert aer({(0, 0), (1, 2), (2, 1)}, links({(0, 0), (1, 1), (2, 2)})).aer == pytest.approx(2 / 3)


def test_no_link_has_aer_one_and_gold_itself_zero():
    gold = links({(0, 0), (1, 1)}, {(2, 2)})
    assert aer(set(), gold).aer == 1
    assert np.isnan(aer(set(), gold).precision)
    assert aer(gold.sure, gold).aer == 0
    assert aer(gold.possible, gold).aer == 0


pairs = st.frozensets(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12)


@settings(max_examples=40)
@given(st.lists(st.tuples(pairs, pairs, pairs), min_size=1, max_size=3))
def test_aer_is_averaged_over_links_not_sentences(sentences):
    counts = [alignment_counts(hypothesis, links(sure, more)) for hypothesis, sure, more in sentences]
    total = alignment_scores(counts).aer
    assert aer_of_sums(np.array(counts, dtype=float).sum(axis=0)) == pytest.approx(total)


def test_a_hard_link_goes_to_the_largest_weight_of_the_row():
    weights = np.array([[0.1, 0.6, 0.2, 0.1], [0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.7, 0.1]], dtype=np.float32)
    assert hard_links(weights) == {(0, 1), (1, 0)}


def test_a_word_that_looks_at_the_end_has_no_link_and_ties_go_to_the_lowest_position():
    weights = np.array([[0.1, 0.1, 0.8], [0.2, 0.4, 0.4], [0.4, 0.4, 0.2], [0, 0, 0], [1, 0, 0]], dtype=np.float32)
    assert hard_links(weights) == {(1, 1), (2, 0)}
    assert hard_links(weights, source_end=False) == {(0, 2), (1, 1), (2, 0)}
    assert hard_links(weights, target_end=False) == {(1, 1), (2, 0), (4, 0)}


def test_a_record_knows_where_its_end_symbols_stand():
    made = AlignedTranslation(("a", "b"), ("x", "</s>"), one_hot([1, 0], 2), "m", "v", False, "s", 0)
    assert links_of(made) == {(0, 1)}


def test_a_word_that_all_look_at_is_linked_only_where_it_is_looked_at_more_than_elsewhere():
    weights = np.array([[0.6, 0.4, 0], [0.7, 0.1, 0.2], [0.5, 0.1, 0.4]])
    assert hard_links(weights) == {(0, 0), (1, 0)}
    assert hard_links(relative(weights)) == {(0, 1), (1, 0)}
    assert relative(weights).mean(axis=0) == pytest.approx([1, 1, 0])
    assert hard_links(relative(np.array([[0.03, 0.93, 0.04], [0.9, 0.1, 0], [0.9, 0.1, 0]]))) == {(0, 1), (1, 0)}, (
        "though the relative weight of </s> is larger"
    )
    assert not relative(np.zeros((2, 3))).any()


def test_shifted_or_swapped_attention_is_not_an_alignment():
    truth = (0, 2, 1, 3)
    gold = links(enumerate(truth))
    assert alignment_error_rate([record(truth, gold, 4)]).aer == 0
    assert alignment_error_rate([record((2, 1, 3, 3), gold, 4)]).aer > 0.7
    assert alignment_error_rate([record((0, 1, 2, 3), gold, 4)]).aer == 0.5


def test_gold_mass_adds_all_sure_links_of_a_word_and_leaves_out_words_without():
    weights = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.0, 0.0, 1.0]])
    gold = links({(0, 0), (0, 1)}, {(1, 1)})
    made = AlignedTranslation(("a", "b", "</s>"), ("x", "y", "</s>"), weights, "m", "v", True, "s", 0, gold=gold)
    assert gold_mass([made]) == pytest.approx(0.8)


def test_the_diagonal_is_scaled_by_the_lengths():
    diagonal = links({(0, 0), (1, 1), (2, 1), (3, 2), (4, 3), (5, 3)})
    assert diagonal_baseline([diagonal], [(6, 4)]).aer == 0
    assert diagonal_baseline([links({(0, 1), (1, 0)})], [(2, 2)]).aer == 1


def test_reversing_an_adjective_and_its_noun_is_kept_or_lost():
    gold = links({(0, 0), (1, 2), (2, 1), (3, 3)})
    kept, lost = reordering([record((0, 2, 1, 3), gold, 4)]), reordering([record((0, 1, 2, 3), gold, 4)])
    assert (kept.fidelity, kept.swaps, kept.kept) == (1, 1, 1)
    assert (lost.fidelity, lost.swaps, lost.kept) == (pytest.approx(4 / 6), 1, 0)


def test_words_in_order_and_words_turned_round_are_counted_apart():
    """The second word has two sure sources, and one of the neighbours that are turned is missed."""
    gold = links({(0, 0), (1, 1), (1, 2), (2, 4), (3, 3), (4, 5)}, {(5, 5)})
    in_order, turned = right_by_order([record((0, 2, 4, 5, 0, 5), gold, 6)])
    assert in_order == pytest.approx(2 / 3) and turned == 1 / 2
    assert np.isnan(right_by_order([record((0, 1), links({(0, 0), (1, 1)}), 2)])[1])
