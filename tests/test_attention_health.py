import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproductions.evaluation.measures.attention import agreement, health, monotonicity, normalised_entropy
from reproductions.evaluation.records.translation import AlignedTranslation


def record(weights, source=None, target=None):
    weights = np.asarray(weights, dtype=np.float32)
    source = source or (*(f"s{number}" for number in range(weights.shape[1] - 1)), "</s>")
    target = target or (*(f"t{number}" for number in range(weights.shape[0] - 1)), "</s>")
    return AlignedTranslation(source, target, weights, "m", "v", False, "test", 0)


@given(st.integers(2, 40))
def test_entropy_is_zero_for_one_word_and_one_for_all_words_at_any_length(length):
    rows = np.stack([np.eye(length)[1], np.full(length, 1 / length)]).astype(np.float32)
    np.testing.assert_allclose(normalised_entropy(rows), [0, 1], atol=1e-6)


def test_entropy_of_two_in_four_is_one_half_whatever_the_row_sums_to():
    rows = np.array([[0.5, 0.5, 0, 0], [0.1, 0, 0.1, 0], [0, 0, 0, 0]], dtype=np.float32)
    np.testing.assert_allclose(normalised_entropy(rows), [0.5, 0.5, np.nan], atol=1e-6)


def test_entropy_with_a_single_source_position_is_zero():
    assert normalised_entropy(np.ones((1, 1), dtype=np.float32)).tolist() == [0]


def test_the_row_of_the_target_end_counts_nowhere():
    rows = [[0.9, 0.05, 0.05], [0.05, 0.9, 0.05]]
    ends = ([1, 0, 0], [0, 0, 1], [1 / 3] * 3)
    assert len({str(health([record([*rows, end])])) for end in ends}) == 1  # as text: NaN differs from itself


def test_end_and_punctuation_mass_are_the_weights_parked_there():
    source, target = ("go", ".", "</s>"), ("va", ".", "</s>")
    weights = [[0.5, 0.3, 0.2], [0.0, 0.9, 0.1], [0, 0, 1]]
    measured = health([record(weights, source, target)])
    assert measured.end_mass == pytest.approx(0.15)
    assert measured.punctuation_mass == pytest.approx(0.3)
    assert np.isnan(health([record(weights)]).punctuation_mass)


def test_coverage_deviation_is_zero_if_every_source_word_is_read_once():
    assert health([record(np.eye(4))]).coverage_deviation == pytest.approx(0)
    twice = [[1, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert health([record(twice)]).coverage_deviation == pytest.approx(np.log(2))


def test_monotonicity_knows_order_reversal_and_repetition():
    rows = np.eye(5, dtype=np.float32)
    assert monotonicity(rows[[0, 1, 2, 3]]) == 1
    assert monotonicity(rows[[3, 2, 1, 0]]) == -1
    assert monotonicity(rows[[0, 0, 1, 1, 3]]) == 1
    assert monotonicity(rows[[0, 2, 1, 3]]) == pytest.approx(4 / 6)
    assert np.isnan(monotonicity(rows[[1, 1, 1]]))
    assert monotonicity(rows[[0, 4, 1]]) == 1


def test_health_of_a_corpus_weighs_words_equally():
    sharp, flat = np.eye(3), np.full((9, 3), 1 / 3)
    assert health([record(sharp), record(flat)]).entropy == pytest.approx(8 / 10)


def test_agreement_is_complete_with_itself_and_divergence_one_without_overlap():
    first, second = record(np.eye(3)), record(np.eye(3)[[1, 0, 2]])
    assert agreement(first, first) == (0, 1)
    assert agreement(first, second) == (1, 0)


def test_agreement_needs_the_same_words():
    other = record(np.eye(3), target=("t0", "else", "</s>"))
    with pytest.raises(ValueError, match="the same target words.*'else'"):
        agreement(record(np.eye(3)), other)
