"""Deletion and insertion of a trained classifier: what ``removal`` measures, asked of a model on images of a split."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproductions.evaluation.measures.localisation import plain
from reproductions.evaluation.measures.removal import (
    RANDOM,
    Course,
    beside_controls,
    blurred,
    course,
    mean_curves,
    random_order,
)
from reproductions.evaluation.views.image import centre
from reproductions.tasks.images.scores import GRADIENT, UNTRAINED, Subject, right, words

IMAGES = 64  # evenly spread over those that were looked into; each is classified some hundred times
STEPS = 16
BLUR = 8  # the radius is the side of the image over this
FIXED = ("centre", "best fixed map")  # a uniform map has no order
TWIN, BLURRED = "the same scene without the object", "the image, blurred"


def remove(subject: Subject) -> dict[str, Any]:
    """Deletion and insertion in the order of the shown view, and of controls, as plain types for JSON.

    The probability is that of the predicted class. What takes a patch's place is the twin without the object where the
    split has twins, else the image, blurred. Needs at least one image that was looked into.
    """
    chosen, examples, truth = subject.spread(IMAGES), subject.examples, subject.truth
    said = subject.answers(chosen)
    pixels = examples.pixels[chosen]
    radius = max(1, pixels.shape[1] // BLUR)
    without = (
        np.stack([blurred(one, radius) for one in pixels]) if examples.without is None else examples.without[chosen]
    )
    maps, fresh = (np.stack([one.maps[index] for index in chosen]) for one in (subject.collected, subject.fresh))
    fixed = {"centre": centre(maps.shape[2:])} if truth is None else {name: truth.fixed[name] for name in FIXED}
    shown = {
        words(subject.shown): maps[:, subject.place],
        **{name: np.broadcast_to(one, maps[:, 0].shape) for name, one in fixed.items()},
        RANDOM: random_order(len(maps), maps.shape[2:]),
        UNTRAINED: fresh[:, subject.place],
        GRADIENT: maps[:, subject.product],
    }

    def probability(i: int, batch: NDArray[np.uint8]) -> NDArray[np.float64]:
        chances = subject.module.probabilities(subject.preprocessing.tensor(batch).to(subject.module.device))
        return chances[:, said[i].predicted].cpu().double().numpy()

    courses = {name: course(pixels, one, without, probability, STEPS) for name, one in shown.items()}
    told = _told(courses, right(said, chosen))
    return told | {"instead": BLURRED if examples.without is None else TWIN}


def _told(courses: dict[str, Course], right: NDArray[np.bool_]) -> dict[str, Any]:
    rows = plain(beside_controls(courses, right))
    for name, one in courses.items():
        curves = mean_curves(one)
        rows[name]["curves"] = {way: [[round(v, 4) for v in step] for step in steps] for way, steps in curves.items()}
    changed = next(iter(courses.values())).changed
    return {"images": len(right), "changed": [round(float(part), 4) for part in changed], "maps": rows}
