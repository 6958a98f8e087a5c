"""What is measured of a split of images, and over which of them."""

import numpy as np
import pytest
from test_localisation import at

from reproductions.evaluation.views.image import ImageView
from reproductions.tasks.images.collect import Answer, CollectedImages
from reproductions.tasks.images.scores import Truth, every_view, localisation

VIEWS = [ImageView("rollout"), ImageView("input_gradient")]


def collected(right, looked):
    """One image for each: correctly classified or not; where it was, every view shines on the object at (1, 1)."""
    one = CollectedImages()
    for index, (is_right, seen) in enumerate(zip(right, looked, strict=True)):
        one.answers[index] = Answer(2, np.eye(3, dtype=np.float32)[2 if is_right else 0])
        if seen:
            one.maps[index] = np.stack([at((1, 1)) if is_right else at((3, 5))] * len(VIEWS))
    return one


def test_where_a_model_looks_is_measured_over_all_images_and_over_the_correctly_classified_alone():
    """Much of what looks like a bad map is the map of a wrong answer. An image that was not looked into counts nowhere."""
    one = collected(right=[True, False, False, True, False, True], looked=[True, True, False, True, True, False])
    truth = Truth(np.stack([at((1, 1))] * 4), {})
    one.untrained = {index: maps[0] for index, maps in one.maps.items()}
    first, *_ = localisation(one, VIEWS, 0, truth).values()
    assert first.measures["all"]["energy"].value == pytest.approx(0.5)
    assert first.measures["right"]["energy"].value == pytest.approx(1)
    told = every_view(one, VIEWS, truth)["rollout"]
    assert (told["all"]["ground_top1"][0], told["right"]["ground_top1"][0]) == (0.5, 0)
