"""Images with two objects: the one that is asked for must be found, and the map must move when the other is."""

import numpy as np
import pytest
import torch

from data.images import ImageExamples
from data.preprocessing import Preprocessing
from reproductions.evaluation.views.image import ImageView
from reproductions.tasks.images.asked import SWAPPED, ask
from reproductions.tasks.images.collect import Answer, CollectedImages
from reproductions.tasks.images.scores import UNTRAINED, Subject, right
from reproductions.training.classification import ImageMaps

K, GRID, COUNT = 5, (4, 6), 40
PLAIN = Preprocessing(24, (0.0,) * 3, (1 / 255,) * 3, tuple("abcde"))  # a pixel's value is the input
VIEWS = [ImageView("grad_cam"), ImageView("input_gradient")]


def two_objects(count=COUNT):
    """Each object is 2 x 2 patches, painted with its class plus 1; the first is the larger by a pixel's brightness."""
    generator = np.random.default_rng(0)
    pixels, masks = np.zeros((count, 8, 18, 3), np.uint8), np.zeros((2, count, 8, 18), np.float32)
    labels = np.array([generator.choice(K, 2, replace=False) for _ in range(count)])
    for i in range(count):
        for number, column in enumerate(generator.permutation([0, 9])):
            row = generator.choice([0, 2, 4])
            place = (i, slice(row, row + 4), slice(column, column + 6))
            masks[number][place] = 1
            pixels[place] = labels[i, number] + 1
    return ImageExamples(
        pixels, labels[:, 0], [""] * count, masks[0], second_labels=labels[:, 1], second_masks=masks[1]
    )


class Sees:
    """A classifier whose Grad-CAM of a class is exactly the object of that class; ``stubborn``: of the largest class alone."""

    kind, depth, prefix, grid, class_token, device = "activation", (1, 1), 0, GRID, False, "cpu"

    def __init__(self, stubborn=False):
        self.stubborn = stubborn

    def look(self, image, asked=None):
        of_class = torch.stack([image[:, 0] == k + 1 for k in range(K)], 1).float()  # (B, K, h, w)
        maps = torch.nn.functional.adaptive_avg_pool2d(of_class, GRID)
        logits = of_class.sum((2, 3)) * torch.arange(1, K + 1)
        chosen = logits.argmax(1) if asked is None or self.stubborn else asked
        gradients = torch.nn.functional.one_hot(chosen, K).float()[:, :, None, None].expand_as(maps)
        return ImageMaps(logits, maps, gradients, torch.ones(image[:, 0].shape))


def asked(module, fresh=None):
    examples = two_objects()
    logits = np.eye(K, dtype=np.float32)[examples.second_labels]
    collected = CollectedImages([Answer(i, int(examples.labels[i]), logits[i]) for i in range(COUNT)])
    collected.maps = {i: np.zeros((2, *GRID), np.float32) for i in range(COUNT)}
    collected.label_likelier(examples.second_labels)
    fresh = fresh or Sees(stubborn=True)
    return ask(Subject(module, fresh, PLAIN, examples, collected, CollectedImages(), VIEWS, 0, None))


def test_a_map_of_the_object_that_is_asked_for_has_full_marks_whichever_it_is():
    told = asked(Sees())
    shown, *_ = told["maps"].values()
    assert told["images"] == COUNT and told["class_specific"]
    for group in ("all", "right"):
        assert shown[group]["auroc"] == shown[group]["energy"] == shown[group]["moves"] == [1, 1, 1]
    swapped = told["maps"][SWAPPED]["all"]
    assert swapped["auroc"][0] < 0.5 and swapped["energy"][0] == 0 and swapped["moves"] == [-1, -1, -1]
    assert told["maps"][SWAPPED]["first minus this, all"]["energy"][0] == 1


def test_a_map_that_stays_where_it_is_moves_by_nothing():
    told = asked(Sees(stubborn=True), Sees())
    shown, *_ = told["maps"].values()
    assert shown["all"]["moves"] == [0, 0, 0] and shown["all"]["energy"][0] == 0.5
    assert told["maps"][UNTRAINED]["all"]["moves"] == [1, 1, 1]


def test_an_answer_is_right_if_it_names_either_object_and_is_measured_against_that_one():
    examples = two_objects(3)
    neither = next(k for k in range(K) if k not in (examples.labels[2], examples.second_labels[2]))
    said = [examples.labels[0], examples.second_labels[1], neither]
    logits = 9 * np.eye(K, dtype=np.float32)[said] + 2 * np.eye(K, dtype=np.float32)[examples.second_labels]
    collected = CollectedImages([Answer(i, int(examples.labels[i]), logits[i]) for i in range(3)])
    collected.maps = dict.fromkeys(range(3), np.zeros((1, *GRID)))
    collected.label_likelier(examples.second_labels)
    assert right(collected.answers, range(3)).tolist() == [True, True, False]
    assert collected.looked_labels == [examples.labels[0], examples.second_labels[1], examples.second_labels[2]]
    masks = examples.masks_of(collected.looked, collected.looked_labels)
    assert (masks[0] == examples.masks[0]).all() and (masks[1:] == examples.second_masks[1:]).all()


@pytest.mark.parametrize(
    ("view", "specific"), [("rollout", False), ("cls L1 Hmean", False), ("gradient_rollout_smoothed", True)]
)
def test_only_a_view_made_of_gradients_is_of_a_class(view, specific):
    assert ImageView.parse(view).class_specific == specific
