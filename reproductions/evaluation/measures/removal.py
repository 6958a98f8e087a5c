"""A causal check that needs no mask: take away, or put back, what a map holds, and ask the model again.

Deletion and insertion of Petsiuk, Das and Saenko 2018 (RISE), by patches. What comes in a patch's place decides a lot: here the
same scene without its object where that is known, else the image `blurred`. A map is (gh, gw), as in `localisation`.

N images, P = gh * gw patches, S steps, (h, w) pixels.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reproductions.evaluation.measures.bootstrap import Interval, bootstrap, counted, mean_of_sums
from reproductions.evaluation.measures.localisation import Beside, compared

Maps = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Table = NDArray[np.float64]
Probability = Callable[[Pixels], Table]  # of one class, for a batch of pixels (n, h, w, 3) -> (n)
WAYS = ("deletion", "insertion")
RANDOM = "random order"


class Removal(NamedTuple):
    """Probability of a class as patches go or come in the order of a map.

    Attributes:
        changed: (S + 1), the share of the patches that have changed, from 0 to 1.
        probabilities: (S + 1).
        area: under the curve.
    """

    changed: Table
    probabilities: Table
    area: float


def deletion(
    pixels: Pixels, shown: Maps, without: Pixels, probability: Probability, steps: int | None = None
) -> Removal:
    """Take patches away, the highest of the map first: the lower the area, the more the class hung on them.

    Args:
        pixels: (h, w, 3).
        shown: (gh, gw).
        without: (h, w, 3), what comes in their place: the same scene without the object, or `blurred`.
        probability: of the class, for a batch of pixels; called once with S + 1 images.
        steps: S, in each of which as many patches go; None, or more than there are patches, for one patch a step.
    """
    return _removal(pixels, without, shown, probability, steps)


def insertion(
    pixels: Pixels, shown: Maps, without: Pixels, probability: Probability, steps: int | None = None
) -> Removal:
    """Put patches into ``without``, the highest first: the higher the area, the sooner the class is seen."""
    return _removal(without, pixels, shown, probability, steps)


def _removal(start: Pixels, end: Pixels, shown: Maps, probability: Probability, steps: int | None) -> Removal:
    if start.shape != end.shape:
        raise ValueError(f"the image {start.shape} and what replaces it {end.shape} must have one shape")
    rank = np.empty(shown.size, dtype=np.int64)
    rank[np.argsort(-shown.ravel(), kind="stable")] = np.arange(shown.size)
    height, width = start.shape[:2]
    rows = np.arange(height) * shown.shape[0] // height
    columns = np.arange(width) * shown.shape[1] // width
    changed_at = rank.reshape(shown.shape)[rows[:, None], columns]  # (h, w)
    gone = np.linspace(0, shown.size, min(steps or shown.size, shown.size) + 1).round().astype(np.int64)  # (S + 1)
    batch = np.where((changed_at < gone[:, None, None])[..., None], end, start)
    chances = np.asarray(probability(batch), dtype=np.float64)
    changed = gone / shown.size
    return Removal(changed, chances, float(area(changed, chances)))


def area(changed: Table, probabilities: Table) -> Table:
    """(...): under curves (..., S + 1) over the shares that have changed (S + 1)."""
    under: Table = (probabilities[..., 1:] + probabilities[..., :-1]) / 2 @ np.diff(changed)
    return under


def blurred(pixels: Pixels, radius: int) -> Pixels:
    """(h, w, 3) -> the mean over squares of 2 * radius + 1 pixels, edges continued."""
    side = 2 * radius + 1
    rim = np.pad(pixels.astype(np.float64), ((radius, radius), (radius, radius), (0, 0)), mode="edge")
    near = np.lib.stride_tricks.sliding_window_view(rim, (side, side), axis=(0, 1))
    mean: Pixels = near.mean(axis=(3, 4)).round().astype(np.uint8)
    return mean


# --- Many images, and beside controls ---------------------------------------------------------------------------------


class Course(NamedTuple):
    """Many images in the order of one map each.

    Attributes:
        changed: (S + 1).
        deletion, insertion: (N, S + 1) probabilities.
    """

    changed: Table
    deletion: Table
    insertion: Table


def course(
    pixels: Pixels, shown: Maps, without: Pixels, probability: Callable[[int, Pixels], Table], steps: int
) -> Course:
    """Deletion and insertion of images (N, h, w, 3) in the order of maps (N, gh, gw).

    ``probability`` is of the class that is asked for of image i, for a batch of pixels (n, h, w, 3) -> (n).
    """
    both: list[tuple[Removal, Removal]] = []
    for i, (image, one, other) in enumerate(zip(pixels, shown, without, strict=True)):
        of_class = partial(probability, i)
        both.append((deletion(image, one, other, of_class, steps), insertion(image, one, other, of_class, steps)))
    taken, put = (np.stack([one.probabilities for one in way]) for way in zip(*both, strict=True))
    return Course(both[0][0].changed, taken, put)


def random_order(count: int, grid: tuple[int, int]) -> Maps:
    """(N, gh, gw): the control that never looks, another order of the patches for each image."""
    orders = [np.random.default_rng(i).permutation(grid[0] * grid[1]) for i in range(count)]
    return np.stack(orders).reshape(count, *grid).astype(np.float32)


def beside_controls(courses: Mapping[str, Course], right: NDArray[np.bool_]) -> dict[str, Beside]:
    """Areas of the first map, then of its controls, on all images and on those that are correctly classified (N)."""
    areas = {
        name: {way: area(course.changed, getattr(course, way)) for way in WAYS} for name, course in courses.items()
    }
    return compared(areas, {"right": right})


def mean_curves(one: Course) -> dict[str, list[Interval]]:
    """For each way the mean over images at each step, with its 95 % interval."""
    return {
        way: [bootstrap(counted(getattr(one, way)[:, step]), mean_of_sums) for step in range(len(one.changed))]
        for way in WAYS
    }
