"""Deletion and insertion of a trained classifier: what ``removal`` measures, asked of a model on images of a split."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.images import ImageExamples
from data.preprocessing import Preprocessing
from reproductions.classification import Classification
from reproductions.evaluation.image_collect import CollectedImages
from reproductions.evaluation.image_scores import CONTROL, GRADIENT, words
from reproductions.evaluation.image_views import ImageView, centre
from reproductions.evaluation.localisation import plain
from reproductions.evaluation.removal import Course, beside_controls, blurred, course, mean_curves, random_order

IMAGES = 64  # evenly spread over those that were looked into; each is classified some hundred times
STEPS = 16
BLUR = 8  # the radius is the side of the image over this
TWIN, BLURRED = "the same scene without the object", "the image, blurred"


def remove(
    module: Classification, preprocessing: Preprocessing, examples: ImageExamples, collected: CollectedImages,
    views: Sequence[ImageView], place: int,
) -> dict[str, Any]:  # fmt: skip
    """Deletion and insertion in the order of the shown view, and of controls, as plain types for JSON.

    The probability is that of the predicted class. Needs at least one image that was looked into.

    Args:
        module: in evaluation mode.
        preprocessing: of its images.
        examples: of the split; where it has twins without the object, these take the image's place, else it is blurred.
        collected: answers and maps of the split.
        views: of the collected maps.
        place: of the view that is shown, among them.
    """
    looked = collected.looked
    chosen = [looked[i] for i in np.linspace(0, len(looked) - 1, min(len(looked), IMAGES)).astype(int)]
    said = {answer.index: answer for answer in collected.answers}
    pixels = examples.pixels[chosen]
    radius = max(1, pixels.shape[1] // BLUR)
    without = (
        np.stack([blurred(one, radius) for one in pixels]) if examples.without is None else examples.without[chosen]
    )
    maps = np.stack([collected.maps[index] for index in chosen])  # (N, V, gh, gw)
    product = next(i for i, view in enumerate(views) if view.kind == CONTROL)
    grid = (maps.shape[2], maps.shape[3])
    shown = {
        words(views[place]): maps[:, place],
        GRADIENT: maps[:, product],
        "centre": np.broadcast_to(centre(grid), (len(maps), *grid)),
        "random order": random_order(len(maps), grid),
    }

    def probability(i: int, batch: NDArray[np.uint8]) -> NDArray[np.float64]:
        chances = module.probabilities(preprocessing.tensor(batch).to(module.device))
        return chances[:, said[chosen[i]].predicted].cpu().double().numpy()

    courses = {name: course(pixels, one, without, probability, STEPS) for name, one in shown.items()}
    right = np.array([said[index].predicted == said[index].label for index in chosen])
    return _told(courses, right) | {"instead": BLURRED if examples.without is None else TWIN}


def _told(courses: dict[str, Course], right: NDArray[np.bool_]) -> dict[str, Any]:
    rows = plain(beside_controls(courses, right))
    for name, one in courses.items():
        curves = mean_curves(one)
        rows[name]["curves"] = {way: [[round(v, 4) for v in step] for step in steps] for way, steps in curves.items()}
    changed = next(iter(courses.values())).changed
    return {"images": len(right), "changed": [round(float(part), 4) for part in changed], "maps": rows}
