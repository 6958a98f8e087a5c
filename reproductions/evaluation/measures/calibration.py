"""How often a classifier is right, whether its probabilities hold, and which classes it confuses. N images, K classes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reproductions.evaluation.arrays import Doubles, Ints
from reproductions.evaluation.measures.bootstrap import Interval

NORMAL_95 = 1.959964  # two-sided 95 % point of the normal distribution
BINS = 15  # of probability, as in Guo et al. 2017

Probabilities = NDArray[np.floating]
Labels = NDArray[np.integer]


def wilson(successes: int, count: int) -> Interval:
    """A proportion with its 95 % score interval (Wilson 1927), valid for few images and near 0 and 1."""
    z2 = NORMAL_95**2
    part = successes / count
    middle = (part + z2 / (2 * count)) / (1 + z2 / count)
    half = NORMAL_95 / (1 + z2 / count) * (part * (1 - part) / count + z2 / (4 * count**2)) ** 0.5
    # At the ends the bounds are exactly 0 and 1; rounding must not pass them.
    return Interval(part, 0.0 if successes == 0 else middle - half, 1.0 if successes == count else middle + half)


def accuracy(probabilities: Probabilities, labels: Labels) -> Interval:
    """Share of the images (N, K) whose most probable class is the true one, with its 95 % interval."""
    return wilson(int((probabilities.argmax(axis=1) == labels).sum()), len(labels))


def confusion(probabilities: Probabilities, labels: Labels) -> Ints:
    """(K, K): how many images of the class of the row were predicted as the class of the column."""
    classes = probabilities.shape[1]
    pairs = labels * classes + probabilities.argmax(axis=1)
    return np.bincount(pairs, minlength=classes * classes).astype(np.int64).reshape(classes, classes)


class Reliability(NamedTuple):
    """Of each bin of the predicted class's probability: number of images, their mean probability, their accuracy."""

    edges: Doubles
    counts: Ints
    confidence: Doubles
    accuracy: Doubles


def reliability(probabilities: Probabilities, labels: Labels, bins: int = BINS) -> Reliability:
    """Equal bins (from, to] of the predicted class's probability; NaN in bins without images."""
    edges = np.linspace(0, 1, bins + 1)
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(place, values, minlength=bins) / counts for values in (confidence, right)]
    return Reliability(edges, counts.astype(np.int64), *means)


def expected_calibration_error(probabilities: Probabilities, labels: Labels) -> float:
    """Mean distance of accuracy from confidence over bins, weighted by their images (Guo et al. 2017, equation (3))."""
    of_bins = reliability(probabilities, labels)
    filled = of_bins.counts > 0
    gaps = np.abs(of_bins.accuracy - of_bins.confidence)[filled]
    return float((gaps * of_bins.counts[filled]).sum() / of_bins.counts.sum())
