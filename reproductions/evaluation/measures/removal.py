"""A causal check that needs no mask: take away, or put back, what a map holds, and ask the model again.

Deletion and insertion of Petsiuk, Das and Saenko 2018 (RISE), by patches. What comes in a patch's place decides a lot: here the
same scene without its object where that is known, else the image `blurred`. A map is (gh, gw), as in `localisation`.

N images, P = gh * gw patches, S steps, (h, w) pixels.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from reproductions.evaluation.arrays import Bools, Doubles, Floats, Pixels
from reproductions.evaluation.measures.bootstrap import Interval
from reproductions.evaluation.measures.localisation import Beside, compared, intervals

Probability = Callable[[Pixels], Doubles]  # of one class, for a batch of pixels (n, h, w, 3) -> (n)
WAYS = ("deletion", "insertion")
RANDOM = "random order"


def exchanged(
    start: Pixels, end: Pixels, order: Floats, probability: Probability, steps: int
) -> tuple[Doubles, Doubles]:
    """The share of the patches that have changed (S + 1), from 0 to 1, and the probability of the class (S + 1), as the
    patches of an image become those of another, the highest of a map first.

    Args:
        start, end: (h, w, 3).
        order: (gh, gw).
        probability: of the class, for a batch of pixels; called once with S + 1 images.
        steps: S, of about as many patches each; where it is more than there are patches, one patch a step.
    """
    rank = np.empty(order.size, dtype=np.int64)
    rank[np.argsort(-order.ravel(), kind="stable")] = np.arange(order.size)
    height, width = start.shape[:2]
    rows = np.arange(height) * order.shape[0] // height
    columns = np.arange(width) * order.shape[1] // width
    changed_at = rank.reshape(order.shape)[rows[:, None], columns]  # (h, w)
    gone = np.linspace(0, order.size, min(steps, order.size) + 1).round().astype(np.int64)  # (S + 1)
    batch = np.where((changed_at < gone[:, None, None])[..., None], end, start)
    return gone / order.size, np.asarray(probability(batch), dtype=np.float64)


def area(changed: Doubles, probabilities: Doubles) -> Doubles:
    """(...): under curves (..., S + 1) over the shares that have changed (S + 1)."""
    return (probabilities[..., 1:] + probabilities[..., :-1]) / 2 @ np.diff(changed)


def blurred(pixels: Pixels, radius: int) -> Pixels:
    """(h, w, 3) -> the mean over squares of 2 * radius + 1 pixels, edges continued."""
    side = 2 * radius + 1
    rim = np.pad(pixels.astype(np.float64), ((radius, radius), (radius, radius), (0, 0)), mode="edge")
    near = np.lib.stride_tricks.sliding_window_view(rim, (side, side), axis=(0, 1))
    return near.mean(axis=(3, 4)).round().astype(np.uint8)


def without_each(pixels: Pixels, instead: Pixels, grid: tuple[int, int]) -> Pixels:
    """(P, h, w, 3): an image (h, w, 3) with one of its patches, row by row, as another image has it."""
    (rows, columns), (height, width) = grid, pixels.shape[:2]
    patch = (np.arange(height) * rows // height)[:, None] * columns + np.arange(width) * columns // width  # (h, w)
    chosen = patch == np.arange(rows * columns)[:, None, None]
    return np.where(chosen[..., None], instead, pixels)


class Course(NamedTuple):
    """Many images in the order of one map each: shares that have changed (S + 1), and probabilities (N, S + 1)."""

    changed: Doubles
    deletion: Doubles
    insertion: Doubles


def course(
    pixels: Pixels, order: Floats, without: Pixels, probability: Callable[[int, Pixels], Doubles], steps: int
) -> Course:
    """Deletion and insertion of images (N, h, w, 3) in the order of maps (N, gh, gw).

    Deletion takes patches away: the lower the area, the more the class depends on them. Insertion puts them into ``without``
    (N, h, w, 3), the same scenes without the object, or `blurred`: the higher the area, the sooner the class is seen.
    ``probability``: of the class in question of image i, for a batch of pixels (n, h, w, 3) -> (n).
    """
    removed, inserted = [], []
    for i, (image, of_image, twin) in enumerate(zip(pixels, order, without, strict=True)):
        changed, gone = exchanged(image, twin, of_image, partial(probability, i), steps)
        removed.append(gone)
        inserted.append(exchanged(twin, image, of_image, partial(probability, i), steps)[1])
    return Course(changed, np.stack(removed), np.stack(inserted))


def random_order(count: int, grid: tuple[int, int]) -> Floats:
    """(N, gh, gw): the control that never looks, another order of the patches for each image."""
    orders = [np.random.default_rng(i).permutation(grid[0] * grid[1]) for i in range(count)]
    return np.stack(orders).reshape(count, *grid).astype(np.float32)


def beside_controls(courses: Mapping[str, Course], right: Bools) -> dict[str, Beside]:
    """Areas of the first map, then of its controls, on all images and on those that are correctly classified (N)."""
    areas = {
        name: np.stack([area(each.changed, getattr(each, way)) for way in WAYS], axis=1)
        for name, each in courses.items()
    }
    return compared(areas, WAYS, {"right": right})


def mean_curves(courses: Course) -> dict[str, list[Interval]]:
    """For each way the mean over images at each step, with its 95 % interval."""
    steps = list(map(str, range(len(courses.changed))))
    return {way: list(intervals(getattr(courses, way), names=steps).values()) for way in WAYS}
