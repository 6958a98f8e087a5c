"""Further questions to a classifier whose answers and maps are set: two objects, and the same objects on another ground."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from data.images import ImageExamples
from data.preprocessing import Preprocessing
from reproductions.evaluation.views.image import ImageView, normalised
from reproductions.tasks.images.collect import CollectedImages
from reproductions.tasks.images.looked import LookedSplit
from reproductions.tasks.images.questions import (
    DIFFERENT,
    MOVED,
    SWAPPED,
    ask,
    correlation,
    swap_grounds,
)
from reproductions.tasks.images.split import ImageSplit
from reproductions.tasks.untrained import UNTRAINED
from reproductions.training.classification import ImageMaps

K = 5
VIEWS = [ImageView("grad_cam"), ImageView("input_gradient")]


def preprocessing(side):
    """A pixel's value is the input."""
    return Preprocessing(side, (0.0,) * 3, (1 / 255,) * 3, tuple("abcde"))


def split_of(module, untrained, preprocessing, examples, collected):
    """A tested split of images, as the questions read it, shown in the first view."""
    stage = SimpleNamespace(module=module, untrained=untrained, data=SimpleNamespace(preprocessing=preprocessing))
    return SimpleNamespace(
        stage=stage, examples=examples, collected=collected, views=VIEWS, place=0, shown=VIEWS[0], truth=None
    )


# --- Two objects: the one that is asked for must be found, and the map must move when the other is ----------------------

TWO_GRID, PAIRS = (4, 6), 40


def two_objects(count=PAIRS):
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

    kind, depth, prefix, grid, class_token, device = "activation", (1, 1), 0, TWO_GRID, False, "cpu"

    def __init__(self, stubborn=False):
        self.stubborn = stubborn

    def look(self, image, asked=None):
        of_class = torch.stack([image[:, 0] == k + 1 for k in range(K)], 1).float()  # (B, K, h, w)
        maps = torch.nn.functional.adaptive_avg_pool2d(of_class, TWO_GRID)
        logits = of_class.sum((2, 3)) * torch.arange(1, K + 1)
        chosen = logits.argmax(1) if asked is None or self.stubborn else asked
        gradients = torch.nn.functional.one_hot(chosen, K).float()[:, :, None, None].expand_as(maps)
        return ImageMaps(logits, maps, gradients, torch.ones(image[:, 0].shape))


def answered(examples, logits):
    """What is collected of images with two objects."""
    first, second = torch.from_numpy(examples.labels), torch.from_numpy(examples.second_labels)
    collected = CollectedImages()
    collected.add(range(len(logits)), first, torch.from_numpy(logits), second)
    collected.maps = {i: np.zeros((2, *TWO_GRID), np.float32) for i in range(len(logits))}
    return collected


def asked(module, untrained):
    examples = two_objects()
    collected = answered(examples, np.eye(K, dtype=np.float32)[examples.second_labels])
    return ask(split_of(module, untrained, preprocessing(24), examples, collected))


def test_a_map_of_the_object_that_is_asked_for_has_full_marks_whichever_it_is():
    answer = asked(Sees(), Sees(stubborn=True))
    shown, *_ = answer["maps"].values()
    assert answer["images"] == PAIRS and answer["class_specific"]
    for group in ("all", "right"):
        assert shown[group]["auroc"] == shown[group]["energy"] == shown[group]["moves"] == [1, 1, 1]
    swapped = answer["maps"][SWAPPED]
    assert swapped["all"]["auroc"][0] < 0.5 and swapped["all"]["energy"][0] == 0
    assert swapped["all"]["moves"] == [-1, -1, -1]
    assert swapped["first minus this, all"]["energy"][0] == 1
    assert swapped["first minus this, right"]["moves"][:3] == [2, 2, 2]


def test_a_map_that_stays_where_it_is_moves_by_nothing():
    answer = asked(Sees(stubborn=True), Sees())
    shown, *_ = answer["maps"].values()
    assert shown["all"]["moves"] == [0, 0, 0] and shown["all"]["energy"][0] == 0.5
    assert answer["maps"][UNTRAINED]["all"]["moves"] == [1, 1, 1]


def test_an_answer_is_right_if_it_names_either_object_and_is_measured_against_that_one():
    examples = two_objects(3)
    neither = next(k for k in range(K) if k not in (examples.labels[2], examples.second_labels[2]))
    said = [examples.labels[0], examples.second_labels[1], neither]
    logits = 9 * np.eye(K, dtype=np.float32)[said] + 2 * np.eye(K, dtype=np.float32)[examples.second_labels]
    collected = answered(examples, logits)
    assert collected.looked_right.tolist() == [True, True, False]
    labels = [answer.label for answer in collected.answers.values()]
    assert labels == [examples.labels[0], examples.second_labels[1], examples.second_labels[2]]
    masks = examples.masks_of(list(collected.maps), labels)
    assert (masks[0] == examples.masks[0]).all() and (masks[1:] == examples.second_masks[1:]).all()


@pytest.mark.parametrize(
    ("view", "specific"), [("rollout", False), ("cls L1 Hmean", False), ("gradient_rollout_smoothed", True)]
)
def test_only_a_view_made_of_gradients_is_of_a_class(view, specific):
    assert ImageView.parse(view).class_specific == specific


# --- Another ground: what changes, and by how much ----------------------------------------------------------------------

GROUND_GRID, COUNT, KINDS = (4, 4), 260, 3


class Reads:
    """A classifier whose logits are the first three pixels, and whose map is the image itself, whatever the class."""

    kind, depth, prefix, grid, class_token, device = "activation", (1, 1), 0, GROUND_GRID, False, "cpu"

    def logits(self, image):
        return image[:, 0, 0, :KINDS]

    def look(self, image, asked=None):  # noqa: ARG002
        maps = torch.nn.functional.avg_pool2d(image[:, :1], 2)
        return ImageMaps(self.logits(image), maps, torch.ones_like(maps), image[:, 0])


def swapped(first, other):
    """What is answered about images that become others when the ground is exchanged."""
    examples = ImageExamples(first, np.zeros(COUNT, np.int64), [""] * COUNT, elsewhere=other)
    seen = Reads().look(preprocessing(8).tensor(first))
    collected = CollectedImages()
    collected.add(range(COUNT), torch.zeros(COUNT, dtype=torch.int64), seen.logits)
    collected.maps = {i: np.stack([normalised(one[0].numpy())] * 2) for i, one in enumerate(seen.maps)}
    return swap_grounds(split_of(Reads(), Reads(), preprocessing(8), examples, collected))


def pictures():
    pixels = np.random.default_rng(0).integers(0, 200, (COUNT, 8, 8, 3), dtype=np.uint8)
    pixels[:, 0, :KINDS] = [[[9], [4], [1]]]
    return pixels


def test_where_the_ground_changes_nothing_everything_stays():
    answer = swapped(pictures(), pictures())
    shown = next(iter(answer["maps"].values()))["all"]
    assert answer["images"] == MOVED
    assert shown["same_answer"] == shown["correlation"] == [1, 1, 1]
    assert shown["change"] == shown["moved"] == [0, 0, 0] and shown["lead"] == [5, 5, 5]
    low, high = answer["maps"][DIFFERENT]["all"]["correlation"][1:]
    assert -0.1 < low < high < 0.2


def test_the_change_is_that_of_the_logit_of_the_class_predicted_before():
    """Every other image loses 6 and with them its answer, the others gain 2."""
    other = pictures()
    other[::2, 0, 0], other[1::2, 0, 0] = 3, 11
    shown = next(iter(swapped(pictures(), other)["maps"].values()))["all"]
    same = shown["same_answer"][0]
    assert 0.4 < same < 0.6 and shown["same_answer"][1] < same < shown["same_answer"][2]
    assert shown["change"][0] == pytest.approx(2 * same - 6 * (1 - same), abs=1e-3)
    assert shown["moved"][0] == pytest.approx(2 * same + 6 * (1 - same), abs=1e-3)


def test_maps_that_turn_are_correlated_as_pearson_says():
    first, second = np.random.default_rng(1).random((2, 5, 3, 4)).astype(np.float32)
    expected = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(correlation(first, second), expected, rtol=1e-5)
    assert correlation(first, np.ones_like(first)).tolist() == [0] * 5


# --- Which images are kept ------------------------------------------------------------------------------------------------


def kept(stage, count, masks=None):
    """A split of ten classes that follow each other, all of whose images have maps, as it writes them down."""
    examples = SimpleNamespace(names=[""] * count, labels=np.arange(count), masks=masks)
    return SimpleNamespace(
        examples=examples, stage=SimpleNamespace(name=stage, pictures=[3], data=SimpleNamespace(classes=[])),
        collected=SimpleNamespace(maps=dict.fromkeys(range(count)), answers={}), attended=lambda indices: indices,
        place=0, truth=None, against_masks=None,
    )  # fmt: skip


def test_records_are_kept_of_every_class_even_where_they_follow_each_other():
    found = ImageSplit.records(kept("test", 1200))["attended.jsonl"]
    assert np.bincount([index // 120 for index in found]).min() >= 12 and 3 in found


def test_without_masks_few_images_are_looked_at():
    chosen = LookedSplit.chosen.func
    assert chosen(kept("validate", 500)) == {3} and len(chosen(kept("test", 500))) in (128, 129)
    assert len(chosen(kept("validate", 500, masks=True))) >= 400
