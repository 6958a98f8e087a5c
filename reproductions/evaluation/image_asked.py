"""Images with two objects: is the object found whose class is asked for, and does the map move when the other is?

N images, two maps each, V views, (gh, gw) the grid of the maps.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data.images import ImageExamples
from data.preprocessing import Preprocessing
from reproductions.classification import Classification
from reproductions.evaluation.bootstrap import bootstrap, counted, mean_of_sums
from reproductions.evaluation.image_collect import CollectedImages, look_through
from reproductions.evaluation.image_scores import CONTROL, GRADIENT, UNTRAINED, right, words
from reproductions.evaluation.image_views import ImageView
from reproductions.evaluation.localisation import beside_controls, coverage, plain

Maps = NDArray[np.float32]
SWAPPED = "the same, asked for the other"


def ask(  # noqa: PLR0913  # a model and its control, images of a split and what was collected of them
    module: Classification, untrained: Classification, preprocessing: Preprocessing, examples: ImageExamples,
    collected: CollectedImages, views: Sequence[ImageView], place: int,
) -> dict[str, Any]:  # fmt: skip
    """Measures of the shown view and its controls when the class of each object is asked for, as plain types for JSON.

    Each map is measured against the mask of the object that was asked for; all else is ground, the other object too. ``moves``
    is the part of the map on the asked object minus that on the other: 0 for a view that is the same for every class, and 1
    for one that leaves the one object for the other. Both maps of an image are resampled together.

    Args:
        module: in evaluation mode.
        untrained: likewise, the control.
        preprocessing: of its images.
        examples: of the split, with two objects in every image.
        collected: answers and maps of the split; the images that were looked into are asked about.
        views: of the collected maps.
        place: of the view that is shown, among them.
    """
    assert examples.second_labels is not None and examples.masks is not None and examples.second_masks is not None
    index, shown = collected.looked, views[place]
    product = next(view for view in views if view.kind == CONTROL)
    image = preprocessing.tensor(examples.pixels[index]).to(module.device)
    asked = [torch.from_numpy(labels[index]) for labels in (examples.labels, examples.second_labels)]

    def maps(of: Classification, through: Sequence[ImageView]) -> Maps:
        """(V, N, 2, gh, gw)."""
        both = np.stack([look_through(of, image, through, labels) for labels in asked], axis=1)
        return np.stack([both[:, :, number] for number in range(len(through))])

    ours, plainly = maps(module, [shown, product])
    (fresh,) = maps(untrained, [shown])
    grid = (ours.shape[2], ours.shape[3])
    covered = np.stack([coverage(masks[index], grid) for masks in (examples.masks, examples.second_masks)], axis=1)
    rows = {words(shown): ours, SWAPPED: ours[:, ::-1], GRADIENT: plainly, UNTRAINED: fresh}
    return _told(rows, covered, right(collected)) | {"class_specific": shown.class_specific}


def _told(rows: dict[str, Maps], covered: Maps, rightly: NDArray[np.bool_]) -> dict[str, Any]:
    """Of maps and coverage (N, 2, gh, gw)."""
    count, grid = len(covered), covered.shape[2:]
    each = {name: maps.reshape(2 * count, *grid) for name, maps in rows.items()}
    groups, owners = {"right": rightly.repeat(2)}, np.arange(count).repeat(2)
    told = plain(beside_controls(each, covered.reshape(2 * count, *grid), groups, owners))
    for name, maps in rows.items():
        moved = moves(maps, covered)
        for group, chosen in (("all", np.ones(count, dtype=bool)), ("right", rightly)):
            if chosen.any():
                interval = bootstrap(counted(moved[chosen]), mean_of_sums)
                told[name][group]["moves"] = [round(value, 4) for value in interval]
    return {"images": count, "maps": told}


def moves(maps: Maps, covered: Maps) -> NDArray[np.float64]:
    """(N): of maps (N, 2, gh, gw) the part on the object that was asked for minus that on the other, mean over both."""
    own, other = ((maps * one).sum(axis=(2, 3), dtype=np.float64) for one in (covered, covered[:, ::-1]))
    mean: NDArray[np.float64] = (own - other).mean(axis=1)
    return mean
