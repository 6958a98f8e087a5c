"""Further questions to a trained classifier: what its answer and its map depend on.

removal     deletion and insertion: how sure is the model as patches go or come in the order of the map?
asked       two objects in each image: is the object found whose class is asked for, and does the map move with the question?
grounds     the same objects on another ground: does the model say the same, as surely, and look at the same place?

Each answers in plain types for JSON: counts, and "maps": name -> group of images -> measure -> mean, low and high of its 95 %
interval, beside controls.

N images, V views, (gh, gw) the grid of the maps.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from data.images import ImageExamples
from data.preprocessing import Preprocessing
from reproductions.evaluation.measures import removal
from reproductions.evaluation.measures.localisation import beside_controls, compared, coverage, plain
from reproductions.evaluation.views.image import BEST_FIXED, ImageView, centre
from reproductions.tasks.images.collect import Answer, CollectedImages, spread
from reproductions.tasks.images.maps import TOGETHER, look_through
from reproductions.tasks.images.scores import GRADIENT, Truth, control_place, words
from reproductions.tasks.untrained import UNTRAINED
from reproductions.training.classification import Classification

Maps = NDArray[np.float32]
Values = NDArray[np.float64]

REMOVED_FROM = 64  # images, evenly spread over those that were looked into; each is classified about a hundred times
STEPS = 16
BLUR = 8  # the radius is the side of the image over this
FIXED = ("centre", BEST_FIXED)  # a uniform map has no order
TWIN, BLURRED = "the same scene without the object", "the image, blurred"
SWAPPED = "the same, asked for the other"
MOVED = 200  # images on another ground, evenly spread over those that were looked into
DIFFERENT = "maps of two different images"


class Subject(NamedTuple):
    """A model, and the images of a split that it has looked at.

    Attributes:
        module: in evaluation mode.
        untrained: the same network before training, the control.
        preprocessing: of its images.
        examples: of the split.
        collected: answers and maps of the split.
        views: of the maps.
        place: of the view that is shown, among them.
        truth: masks; None where there are none.
    """

    module: Classification
    untrained: Classification
    preprocessing: Preprocessing
    examples: ImageExamples
    collected: CollectedImages
    views: Sequence[ImageView]
    place: int
    truth: Truth | None

    @property
    def shown(self) -> ImageView:
        return self.views[self.place]

    def some(self, most: int) -> tuple[list[int], list[Answer]]:
        """Indices of at most so many images, evenly spread over those that were looked into, and the model's answers."""
        looked = list(self.collected.maps)
        index = [looked[place] for place in spread(len(looked), most)]
        return index, [self.collected.answers[place] for place in index]

    def tensor(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Images (N, h, w, 3) as the module reads them."""
        return self.preprocessing.tensor(pixels).to(self.module.device)


def further(subject: Subject, first: bool) -> dict[str, dict[str, Any]]:
    """Every question that can be put to these images, by name.

    Removal, which takes about a hundred answers per image, is asked about the ``first`` split alone. Needs at least one image
    that was looked into.
    """
    answers = {}
    if first:
        answers["removal"] = remove(subject)
    if subject.examples.second_labels is not None:
        answers["asked"] = ask(subject)
    elif subject.examples.elsewhere is not None:
        answers["grounds"] = swap_grounds(subject)
    return answers


def remove(subject: Subject) -> dict[str, Any]:
    """Deletion and insertion in the order of the shown view, and of controls.

    The probability is that of the predicted class. What takes a patch's place is the twin without the object where the
    split has twins, else the image, blurred.
    """
    index, answers = subject.some(REMOVED_FROM)
    examples, collected, truth = subject.examples, subject.collected, subject.truth
    pixels = examples.pixels[index]
    if examples.without is None:
        radius = max(1, pixels.shape[1] // BLUR)
        without = np.stack([removal.blurred(image, radius) for image in pixels])
    else:
        without = examples.without[index]
    maps, untrained = (np.stack([seen[place] for place in index]) for seen in (collected.maps, collected.untrained))
    fixed = {"centre": centre(maps.shape[2:])} if truth is None else {name: truth.fixed[name] for name in FIXED}
    orders = {
        words(subject.shown): maps[:, subject.place],
        **{name: np.broadcast_to(order, maps[:, 0].shape) for name, order in fixed.items()},
        removal.RANDOM: removal.random_order(len(maps), maps.shape[2:]),
        UNTRAINED: untrained[:, subject.place],
        GRADIENT: maps[:, control_place(subject.views)],
    }

    def probability(i: int, batch: NDArray[np.uint8]) -> Values:
        chances = subject.module.probabilities(subject.tensor(batch))
        return chances[:, answers[i].predicted].cpu().double().numpy()

    courses = {name: removal.course(pixels, order, without, probability, STEPS) for name, order in orders.items()}
    rows = plain(removal.beside_controls(courses, _right(answers)))
    for name, course in courses.items():
        curves = removal.mean_curves(course)
        rows[name]["curves"] = {way: [[round(v, 4) for v in step] for step in steps] for way, steps in curves.items()}
    changed = [round(float(part), 4) for part in next(iter(courses.values())).changed]
    instead = BLURRED if examples.without is None else TWIN
    return {"images": len(index), "changed": changed, "maps": rows, "instead": instead}


def ask(subject: Subject) -> dict[str, Any]:
    """Measures of the shown view and its controls when the class of each object is asked for.

    Each map is measured against the mask of the object that was asked for; all else is ground, the other object too. ``moves``
    is the part of the map on the asked object minus that on the other: 0 for a view that is the same for every class, and 1
    for one that leaves the one object for the other. Both maps of an image are resampled together.

    The split must show two objects in every image; those that were looked into are asked about.
    """
    examples, index, grid = subject.examples, list(subject.collected.maps), subject.module.grid
    assert examples.second_labels is not None and examples.masks is not None and examples.second_masks is not None
    image = subject.tensor(examples.pixels[index])
    classes = [torch.from_numpy(labels[index]) for labels in (examples.labels, examples.second_labels)]

    def maps(of: Classification, views: Sequence[ImageView]) -> Maps:
        """(N, V, 2, gh, gw): for the class of each object."""
        return np.stack([look_through(of, image, views, labels) for labels in classes], axis=2)

    ours = maps(subject.module, [subject.shown, subject.views[control_place(subject.views)]])
    rows = {
        words(subject.shown): ours[:, 0],
        SWAPPED: ours[:, 0, ::-1],
        UNTRAINED: maps(subject.untrained, [subject.shown])[:, 0],
        GRADIENT: ours[:, 1],
    }
    covered = np.stack([coverage(masks[index], grid) for masks in (examples.masks, examples.second_masks)], axis=1)
    count, right = len(index), subject.collected.looked_right
    each = {name: both.reshape(2 * count, *grid) for name, both in rows.items()}
    owners = np.arange(count).repeat(2)
    measured = plain(beside_controls(each, covered.reshape(2 * count, *grid), {"right": right.repeat(2)}, owners))
    moved = compared({name: {"moves": moves(both, covered)} for name, both in rows.items()}, {"right": right})
    for name, groups in plain(moved).items():
        for group, measures in groups.items():
            measured[name][group] |= measures
    return {"images": count, "maps": measured, "class_specific": subject.shown.class_specific}


def moves(maps: Maps, covered: Maps) -> Values:
    """(N): of maps (N, 2, gh, gw) the part on the object that was asked for minus that on the other, mean over both."""
    own, other = ((maps * parts).sum(axis=(2, 3), dtype=np.float64) for parts in (covered, covered[:, ::-1]))
    mean: Values = (own - other).mean(axis=1)
    return mean


def swap_grounds(subject: Subject) -> dict[str, Any]:
    """What changes when the ground does, for the class predicted on the first ground.

    same_answer   part of the images whose predicted class stays
    lead          logit of that class above the highest of the others, on the first ground: what a change is to be held against
    change        its logit on the other ground minus that on the first
    moved         the same without its sign
    correlation   of the two maps, over patches; beside it that of maps of different images, which have both changed

    The split must have twins on another ground.
    """
    index, answers = subject.some(MOVED)
    assert subject.examples.elsewhere is not None
    image = subject.tensor(subject.examples.elsewhere[index])
    predicted, rows = np.array([answer.predicted for answer in answers]), np.arange(len(answers))
    before = np.stack([answer.logits for answer in answers]).astype(np.float64)
    after = torch.cat([subject.module.logits(some).cpu() for some in image.split(TOGETHER)]).double().numpy()
    there = look_through(subject.module, image, [subject.shown], torch.from_numpy(predicted))[:, 0]
    here = np.stack([subject.collected.maps[place][subject.place] for place in index])
    change = (after - before)[rows, predicted]
    ranked = np.sort(before, axis=1)
    values = {
        "same_answer": (after.argmax(axis=1) == predicted).astype(np.float64),
        "lead": ranked[:, -1] - ranked[:, -2],
        "change": change,
        "moved": np.abs(change),
        "correlation": correlation(here, there),
    }
    chance = {"correlation": correlation(here, np.roll(here, 1, axis=0))}
    right = _right(answers)
    groups = {"right": right} if right.any() else {}
    means = compared({words(subject.shown): values}, groups) | compared({DIFFERENT: chance}, groups)
    return {"images": len(answers), "maps": plain(means)}


def correlation(first: Maps, second: Maps) -> Values:
    """(N): of maps (N, gh, gw) with maps, over patches (Pearson); 0 where one is the same everywhere."""
    centred = [
        maps.reshape(len(maps), -1) - maps.mean(axis=(1, 2), dtype=np.float64)[:, None] for maps in (first, second)
    ]
    lengths = np.prod([np.linalg.norm(rows, axis=1) for rows in centred], axis=0)
    product = (centred[0] * centred[1]).sum(axis=1)
    correlations: Values = np.divide(product, lengths, out=np.zeros_like(product), where=lengths > 0)
    return correlations


def _right(answers: Sequence[Answer]) -> NDArray[np.bool_]:
    return np.array([answer.right for answer in answers], dtype=bool)
