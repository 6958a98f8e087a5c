"""All scores of one split of images, by their names in the log, in files and in the report.

N images, M of them with maps; K classes, V views, (gh, gw) the grid of the maps.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from reproductions.evaluation import plots
from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.measures.bootstrap import rounded
from reproductions.evaluation.measures.calibration import accuracy, confusion, expected_calibration_error, reliability
from reproductions.evaluation.measures.localisation import (
    MEASURES,
    Beside,
    beside_controls,
    coverage,
    intervals,
    means,
    measure,
)
from reproductions.evaluation.views.image import CHOSEN_BY, CONTROL, WORDS, ImageView, fixed_maps
from reproductions.tasks.images.collect import CollectedImages
from reproductions.tasks.images.maps import default_view
from reproductions.tasks.untrained import UNTRAINED

BY_MASKS = "area under the ROC curve against the masks of the validation split"
BY_DEFAULT = "default: there are no masks to choose by"
GRADIENT = WORDS[CONTROL]


class Truth(NamedTuple):
    """What maps are measured against."""

    covered: Floats  # (M, gh, gw), the share of each patch that the object covers
    fixed: Mapping[str, Floats]  # maps (gh, gw) that ignore the image, by name

    @classmethod
    def of(cls, masks: Floats, mean_mask: Floats, grid: tuple[int, int]) -> "Truth":
        """From masks (M, h, w), and the mean mask (h, w) of training, the best map that ignores the image."""
        return cls(coverage(masks, grid), fixed_maps(mean_mask, grid))


def choose(collected: CollectedImages, views: Sequence[ImageView], truth: Truth | None) -> dict[str, Any]:
    """The view that ranks patches best on validation images, the earlier of equal ones, and the measures of every view, as in
    views.json; without masks the default and no measures.
    """
    if truth is None:
        return {"chosen": str(default_view(views)), "by": BY_DEFAULT, "views": {}}
    table = {str(view): means(collected.seen(place), truth.covered) for place, view in enumerate(views)}
    candidates = [str(view) for view in views if view.kind != CONTROL]
    best = max(candidates, key=lambda view: table[view].get(CHOSEN_BY, 0.0))
    return {"chosen": best, "by": BY_MASKS, "views": table}


def scores(collected: CollectedImages, place: int, truth: Truth | None) -> dict[str, float]:
    """Numbers of one split: answers, calibration, and how well the view at ``place`` finds the objects, beside fixed maps."""
    labels, probabilities = collected.labels, collected.probabilities
    of_labels = probabilities[np.arange(len(labels)), labels]
    result = {
        "accuracy": accuracy(probabilities, labels).value,
        "loss": float(-np.log(np.maximum(of_labels, 1e-12)).mean()),
        "calibration_error": expected_calibration_error(probabilities, labels),
    }
    if truth is not None:
        measures = means(collected.seen(place), truth.covered)
        result |= {f"attention/{name}": value for name, value in measures.items()}
        for name, fixed in truth.fixed.items():
            control = means(np.broadcast_to(fixed, truth.covered.shape), truth.covered)
            result[f"attention/{CHOSEN_BY}_{name.replace(' ', '_')}"] = control[CHOSEN_BY]
    return result


def details(collected: CollectedImages, place: int, truth: Truth | None) -> dict[str, Any]:
    """Values beside the scores: counts, confidence intervals, confusion of classes."""
    labels, probabilities = collected.labels, collected.probabilities
    result: dict[str, Any] = {
        "images": len(labels),
        "looked": len(collected.maps),
        "looked_right": int(collected.looked_right.sum()),
        "accuracy_interval": accuracy(probabilities, labels).bounds,
        "confusion": confusion(probabilities, labels).tolist(),
    }
    if truth is not None:
        measures = intervals(measure(collected.seen(place), truth.covered))
        result |= {f"attention/{name}_interval": interval.bounds for name, interval in measures.items()}
    return result


def localisation(
    collected: CollectedImages, views: Sequence[ImageView], place: int, truth: Truth | None
) -> dict[str, Beside]:
    """The view at ``place`` beside its controls, on all images and on the correctly classified ones; empty without masks."""
    if truth is None:
        return {}
    maps = {
        words(views[place]): collected.seen(place),
        **truth.fixed,
        UNTRAINED: np.stack([*collected.untrained.values()]),
        GRADIENT: collected.seen(control_place(views)),
    }
    return beside_controls(maps, truth.covered, {"right": collected.looked_right})


def words(view: ImageView) -> str:
    return WORDS.get(view.kind, str(view))


def control_place(views: Sequence[ImageView]) -> int:
    """The place of gradient times input among the views."""
    return next(place for place, view in enumerate(views) if view.kind == CONTROL)


def every_view(collected: CollectedImages, views: Sequence[ImageView], truth: Truth) -> dict[str, Any]:
    """Measures of each view with their intervals, over all images and over those that are correctly classified."""
    groups = (("all", slice(None)), ("right", collected.looked_right))
    tables = {str(view): measure(collected.seen(place), truth.covered) for place, view in enumerate(views)}
    return {
        view: {
            group: {name: rounded(interval) for name, interval in intervals(table[rows]).items()}
            for group, rows in groups
        }
        for view, table in tables.items()
    }


def answers(
    collected: CollectedImages, names: Sequence[str], classes: Sequence[str], place: int, truth: Truth | None
) -> Iterator[dict[str, Any]]:
    """The model's answer to every image, and how well the view at ``place`` finds the object, if there is a map and a mask."""
    table = {}
    if truth is not None:
        table = dict(zip(collected.maps, measure(collected.seen(place), truth.covered), strict=True))
    for index, answer in collected.answers.items():
        p = answer.probabilities
        measures = zip(MEASURES, table.get(index, ()), strict=False)
        attention = {name: round(float(value), 5) for name, value in measures if not np.isnan(value)}
        yield {
            "index": index,
            "name": names[index],
            "label": classes[answer.label],
            "predicted": classes[answer.predicted],
            "probability": round(float(p[answer.predicted]), 5),
            "probability_of_label": round(float(p[answer.label]), 5),
        } | ({"attention": attention} if attention else {})


def confusion_figure(collected: CollectedImages, classes: Sequence[str], title: str) -> Figure:
    labels, probabilities = collected.labels, collected.probabilities
    numbers = (accuracy(probabilities, labels), expected_calibration_error(probabilities, labels))
    return plots.confusion(
        confusion(probabilities, labels), classes, reliability(probabilities, labels), numbers, title
    )
