"""Images with two objects: is the object found whose class is asked for, and does the map move when the other is?

N images, two maps each, V views, (gh, gw) the grid of the maps.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reproductions.evaluation.measures.bootstrap import bootstrap, counted, mean_of_sums, paired_bootstrap
from reproductions.evaluation.measures.localisation import beside_controls, coverage, plain
from reproductions.evaluation.views.image import ImageView
from reproductions.tasks.images.collect import look_through
from reproductions.tasks.images.scores import GRADIENT, UNTRAINED, Subject, right, words
from reproductions.training.classification import Classification

Maps = NDArray[np.float32]
SWAPPED = "the same, asked for the other"


def ask(subject: Subject) -> dict[str, Any]:
    """Measures of the shown view and its controls when the class of each object is asked for, as plain types for JSON.

    Each map is measured against the mask of the object that was asked for; all else is ground, the other object too. ``moves``
    is the part of the map on the asked object minus that on the other: 0 for a view that is the same for every class, and 1
    for one that leaves the one object for the other. Both maps of an image are resampled together.

    The split must show two objects in every image; those that were looked into are asked about.
    """
    examples, index, shown = subject.examples, subject.collected.looked, subject.shown
    assert examples.second_labels is not None and examples.masks is not None and examples.second_masks is not None
    image = subject.preprocessing.tensor(examples.pixels[index]).to(subject.module.device)
    asked = [torch.from_numpy(labels[index]) for labels in (examples.labels, examples.second_labels)]

    def maps(of: Classification, through: Sequence[ImageView]) -> Maps:
        """(V, N, 2, gh, gw)."""
        both = np.stack([look_through(of, image, through, labels) for labels in asked], axis=1)
        return np.stack([both[:, :, number] for number in range(len(through))])

    ours, plainly = maps(subject.module, [shown, subject.views[subject.product]])
    (fresh,) = maps(subject.untrained, [shown])
    grid = subject.module.grid
    covered = np.stack([coverage(masks[index], grid) for masks in (examples.masks, examples.second_masks)], axis=1)
    rows = {words(shown): ours, SWAPPED: ours[:, ::-1], UNTRAINED: fresh, GRADIENT: plainly}
    told = _told(rows, covered, right(subject.collected.answers, index))
    return told | {"class_specific": shown.class_specific}


def _told(rows: dict[str, Maps], covered: Maps, rightly: NDArray[np.bool_]) -> dict[str, Any]:
    """Of maps and coverage (N, 2, gh, gw)."""
    count, grid = len(covered), covered.shape[2:]
    each = {name: maps.reshape(2 * count, *grid) for name, maps in rows.items()}
    groups, owners = {"right": rightly.repeat(2)}, np.arange(count).repeat(2)
    told = plain(beside_controls(each, covered.reshape(2 * count, *grid), groups, owners))
    moved = {name: counted(moves(maps, covered)) for name, maps in rows.items()}
    first = next(iter(moved))
    for name, values in moved.items():
        for group, chosen in (("all", np.ones(count, dtype=bool)), ("right", rightly)):
            if chosen.any():
                told[name][group]["moves"] = _rounded(bootstrap(values[chosen], mean_of_sums))
            if chosen.any() and name != first:
                difference = paired_bootstrap(values[chosen], moved[first][chosen], mean_of_sums)
                told[name][f"first minus this, {group}"]["moves"] = _rounded(difference)
    return {"images": count, "maps": told}


def moves(maps: Maps, covered: Maps) -> NDArray[np.float64]:
    """(N): of maps (N, 2, gh, gw) the part on the object that was asked for minus that on the other, mean over both."""
    own, other = ((maps * one).sum(axis=(2, 3), dtype=np.float64) for one in (covered, covered[:, ::-1]))
    mean: NDArray[np.float64] = (own - other).mean(axis=1)
    return mean


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]
