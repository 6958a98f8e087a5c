"""Further questions to a trained classifier: what its answer and its map depend on.

removal     deletion and insertion: how does the probability change as patches go or come in the order of the map?
asked       two objects in each image: does the map find the object whose class is asked for, and move with the question?
grounds     the same objects on another ground: do the answer, its logit and the map stay the same?

Each answer is plain data for JSON: counts, and "maps": name -> group of images -> measure -> mean, low and high of its 95 %
interval, beside controls.

N images, V views, (gh, gw) the grid of the maps.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from reproductions.evaluation.arrays import Bools, Doubles, Floats, Pixels
from reproductions.evaluation.measures import removal
from reproductions.evaluation.measures.bootstrap import rounded
from reproductions.evaluation.measures.localisation import beside_controls, compared, coverage, plain
from reproductions.evaluation.views.image import BEST_FIXED, ImageView, centre
from reproductions.tasks.images.collect import Answer, spread
from reproductions.tasks.images.looked import LookedSplit
from reproductions.tasks.images.maps import TOGETHER, look_through
from reproductions.tasks.images.scores import GRADIENT, control_place, words
from reproductions.tasks.untrained import UNTRAINED
from reproductions.training.classification import Classification

REMOVED_FROM = 64  # images, evenly spread over those with maps; each is classified some two hundred times
STEPS = 16
BLUR = 8  # the radius is the side of the image over this
FIXED = ("centre", BEST_FIXED)  # a uniform map has no order
TWIN, BLURRED = "the same scene without the object", "the image, blurred"
SWAPPED = "the same, asked for the other"
MOVED = 200  # images on another ground, evenly spread over those with maps
DIFFERENT = "maps of two different images"


def further(split: LookedSplit, first: bool) -> dict[str, dict[str, Any]]:
    """The answer to every question that applies to these images, by name; needs at least one image with maps.

    Removal, which takes some two hundred answers per image, is for the ``first`` split alone.
    """
    answers = {}
    if first:
        answers["removal"] = remove(split)
    if split.examples.second_labels is not None:
        answers["asked"] = ask(split)
    elif split.examples.elsewhere is not None:
        answers["grounds"] = swap_grounds(split)
    return answers


def remove(split: LookedSplit) -> dict[str, Any]:
    """Deletion and insertion in the order of the shown view, and of controls: probability of the predicted class.

    A patch is replaced by that of the twin without the object if the split has twins, else by that of the blurred image.
    """
    index, answers = _some(split, REMOVED_FROM)
    examples, collected, truth = split.examples, split.collected, split.truth
    pixels = examples.pixels[index]
    if examples.without is None:
        radius = max(1, pixels.shape[1] // BLUR)
        without = np.stack([removal.blurred(image, radius) for image in pixels])
    else:
        without = examples.without[index]
    maps, untrained = (np.stack([seen[place] for place in index]) for seen in (collected.maps, collected.untrained))
    fixed = {"centre": centre(maps.shape[2:])} if truth is None else {name: truth.fixed[name] for name in FIXED}
    orders = {
        words(split.shown): maps[:, split.place],
        **{name: np.broadcast_to(order, maps[:, 0].shape) for name, order in fixed.items()},
        removal.RANDOM: removal.random_order(len(maps), maps.shape[2:]),
        UNTRAINED: untrained,
        GRADIENT: maps[:, control_place(split.views)],
    }

    def probability(i: int, batch: Pixels) -> Doubles:
        chances = split.stage.module.probabilities(_tensor(split, batch))
        return chances[:, answers[i].predicted].cpu().double().numpy()

    courses = {name: removal.course(pixels, order, without, probability, STEPS) for name, order in orders.items()}
    rows = plain(removal.beside_controls(courses, _right(answers)))
    for name, course in courses.items():
        rows[name]["curves"] = {way: list(map(rounded, steps)) for way, steps in removal.mean_curves(course).items()}
    changed = rounded(next(iter(courses.values())).changed.tolist())
    instead = BLURRED if examples.without is None else TWIN
    return {"images": len(index), "changed": changed, "maps": rows, "instead": instead}


def ask(split: LookedSplit) -> dict[str, Any]:
    """Measures of the shown view and its controls when the class of each object is asked for, over the images with maps.

    Each map is measured against the mask of its object; the other object is ground. ``moves`` is the share of the map on the
    object minus that on the other: 0 for a view that is the same for every class, 1 for one that moves entirely. Both maps of
    an image are resampled together. The split must have two objects in every image.
    """
    examples, index, grid = split.examples, list(split.collected.maps), split.stage.module.grid
    assert examples.second_labels is not None and examples.masks is not None and examples.second_masks is not None
    image = _tensor(split, examples.pixels[index])
    classes = [torch.from_numpy(labels[index]) for labels in (examples.labels, examples.second_labels)]

    def maps(of: Classification, views: Sequence[ImageView]) -> Floats:
        """(N, V, 2, gh, gw): for the class of each object."""
        return np.stack([look_through(of, image, views, labels) for labels in classes], axis=2)

    ours = maps(split.stage.module, [split.shown, split.views[control_place(split.views)]])
    rows = {
        words(split.shown): ours[:, 0],
        SWAPPED: ours[:, 0, ::-1],
        UNTRAINED: maps(split.stage.untrained, [split.shown])[:, 0],
        GRADIENT: ours[:, 1],
    }
    covered = np.stack([coverage(masks[index], grid) for masks in (examples.masks, examples.second_masks)], axis=1)
    count, right = len(index), split.collected.looked_right
    each = {name: both.reshape(2 * count, *grid) for name, both in rows.items()}
    owners = np.arange(count).repeat(2)
    measured = plain(beside_controls(each, covered.reshape(2 * count, *grid), {"right": right.repeat(2)}, owners))
    moved = compared({name: moves(both, covered)[:, None] for name, both in rows.items()}, ["moves"], {"right": right})
    for name, groups in plain(moved).items():
        for group, measures in groups.items():
            measured[name][group] |= measures
    return {"images": count, "maps": measured, "class_specific": split.shown.class_specific}


def moves(maps: Floats, covered: Floats) -> Doubles:
    """(N): of maps (N, 2, gh, gw) the share on the object that was asked for minus that on the other, mean over both."""
    own, other = ((maps * parts).sum(axis=(2, 3), dtype=np.float64) for parts in (covered, covered[:, ::-1]))
    return (own - other).mean(axis=1)


def swap_grounds(split: LookedSplit) -> dict[str, Any]:
    """What changes with the ground, for the class predicted on the first ground; the split must have twins on another ground.

    same_answer   share of the images whose predicted class stays
    lead          logit of that class minus the next highest, on the first ground: the scale of a change
    change        its logit on the other ground minus that on the first
    moved         the same without sign
    correlation   of the two maps, over patches; beside it that of maps of different images
    """
    index, answers = _some(split, MOVED)
    assert split.examples.elsewhere is not None
    image = _tensor(split, split.examples.elsewhere[index])
    predicted, rows = np.array([answer.predicted for answer in answers]), np.arange(len(answers))
    before = np.stack([answer.logits for answer in answers]).astype(np.float64)
    after = torch.cat([split.stage.module.logits(some).cpu() for some in image.split(TOGETHER)]).double().numpy()
    there = look_through(split.stage.module, image, [split.shown], torch.from_numpy(predicted))[:, 0]
    here = np.stack([split.collected.maps[place][split.place] for place in index])
    change = (after - before)[rows, predicted]
    ranked = np.sort(before, axis=1)
    values = {
        "same_answer": (after.argmax(axis=1) == predicted).astype(np.float64),
        "lead": ranked[:, -1] - ranked[:, -2],
        "change": change,
        "moved": np.abs(change),
        "correlation": correlation(here, there),
    }
    right = _right(answers)
    groups = {"right": right} if right.any() else {}
    table, names = np.stack(list(values.values()), axis=1), list(values)
    means = compared({words(split.shown): table}, names, groups)
    means |= compared({DIFFERENT: correlation(here, np.roll(here, 1, axis=0))[:, None]}, ["correlation"], groups)
    return {"images": len(answers), "maps": plain(means)}


def correlation(first: Floats, second: Floats) -> Doubles:
    """(N): Pearson correlation of maps (N, gh, gw) with maps, over patches; 0 for a constant map."""
    centred = [
        maps.reshape(len(maps), -1) - maps.mean(axis=(1, 2), dtype=np.float64)[:, None] for maps in (first, second)
    ]
    lengths = np.prod([np.linalg.norm(rows, axis=1) for rows in centred], axis=0)
    product = (centred[0] * centred[1]).sum(axis=1)
    return np.divide(product, lengths, out=np.zeros_like(product), where=lengths > 0)


def _some(split: LookedSplit, most: int) -> tuple[list[int], list[Answer]]:
    """Indices of at most so many images, evenly spread over those with maps, and the model's answers."""
    looked = list(split.collected.maps)
    index = [looked[place] for place in spread(len(looked), most)]
    return index, [split.collected.answers[place] for place in index]


def _tensor(split: LookedSplit, pixels: Pixels) -> torch.Tensor:
    """Images (N, h, w, 3) as the module reads them."""
    return split.stage.data.preprocessing.tensor(pixels).to(split.stage.module.device)


def _right(answers: Sequence[Answer]) -> Bools:
    return np.array([answer.right for answer in answers], dtype=bool)
