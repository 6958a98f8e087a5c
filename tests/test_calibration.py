import numpy as np
import pytest

from reproductions.evaluation.measures.calibration import (
    accuracy,
    confusion,
    expected_calibration_error,
    reliability,
    wilson,
)


def certain(predicted, classes=3, confidence=0.8):
    """Probabilities whose highest is the confidence, at the predicted class."""
    made = np.full((len(predicted), classes), (1 - confidence) / (classes - 1))
    made[np.arange(len(predicted)), predicted] = confidence
    return made


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_that_of_newcombes_table(successes, count, low, high):
    """Newcombe 1998, Table I, method 3."""
    found = wilson(successes, count)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


def test_wilsons_interval_ends_at_zero_and_one():
    assert wilson(0, 7).low == 0
    assert wilson(7, 7).high == 1


def test_rows_of_a_confusion_matrix_are_the_true_classes():
    labels = np.array([0, 0, 0, 1, 2])
    predicted = [0, 2, 2, 1, 1]
    assert confusion(certain(predicted), labels).tolist() == [[1, 0, 2], [0, 1, 0], [0, 1, 0]]
    assert accuracy(certain(predicted), labels).value == 2 / 5


def test_a_model_that_is_right_as_often_as_it_says_has_no_error():
    labels = np.array([0] * 8 + [1, 2])
    assert expected_calibration_error(certain([0] * 10), labels) == pytest.approx(0)
    assert expected_calibration_error(certain([0] * 10, confidence=0.9), labels) == pytest.approx(0.1)
    assert expected_calibration_error(certain([0] * 10, confidence=1.0), labels) == pytest.approx(0.2)


def test_the_error_is_the_mean_over_bins_weighed_by_their_images():
    probabilities = np.concatenate([certain([0] * 6, confidence=0.95), certain([1] * 2, confidence=0.55)])
    labels = np.array([0] * 3 + [1] * 3 + [1] * 2)  # half right at 95 %, all right at 55 %
    assert expected_calibration_error(probabilities, labels) == pytest.approx((6 * 0.45 + 2 * 0.45) / 8)
    opposed = np.concatenate([labels[:3], labels[:3], [0, 0]])  # all right at 95 %, none at 55 %
    assert expected_calibration_error(probabilities, opposed) == pytest.approx((6 * 0.05 + 2 * 0.55) / 8)


def test_a_bin_begins_after_its_lower_edge_and_ends_with_its_upper():
    found = reliability(certain([0] * 3, classes=2, confidence=0.75), np.zeros(3, dtype=int), bins=4)
    assert found.counts.tolist() == [0, 0, 3, 0]
    assert np.isnan(found.accuracy[0])
    assert reliability(certain([0], confidence=1.0), np.zeros(1, dtype=int), bins=5).counts.tolist() == [0, 0, 0, 0, 1]
