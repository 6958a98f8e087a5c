"""The same objects on another ground: what changes, and by how much, of a model whose answers are known."""

import numpy as np
import pytest
import torch

from data.images import ImageExamples
from data.preprocessing import Preprocessing
from reproductions.evaluation.views.image import ImageView, normalised
from reproductions.tasks.images.collect import Answer, CollectedImages
from reproductions.tasks.images.grounds import DIFFERENT, IMAGES, correlation, swap_grounds
from reproductions.tasks.images.scores import Subject
from reproductions.training.classification import ImageMaps

K, GRID, COUNT = 3, (4, 4), 260
PLAIN = Preprocessing(8, (0.0,) * 3, (1 / 255,) * 3, tuple("abc"))
VIEWS = [ImageView("grad_cam"), ImageView("input_gradient")]


class Reads:
    """A classifier whose logits are the first three pixels, and whose map is the image itself, whatever the class."""

    kind, depth, prefix, grid, class_token, device = "activation", (1, 1), 0, GRID, False, "cpu"

    def logits(self, image):
        return image[:, 0, 0, :K]

    def look(self, image, asked=None):  # noqa: ARG002
        maps = torch.nn.functional.avg_pool2d(image[:, :1], 2)
        return ImageMaps(self.logits(image), maps, torch.ones_like(maps), image[:, 0])


def swapped(first, other):
    """What is told of images that become others when the ground is exchanged."""
    examples = ImageExamples(first, np.zeros(COUNT, np.int64), [""] * COUNT, elsewhere=other)
    seen = Reads().look(PLAIN.tensor(first))
    collected = CollectedImages([Answer(i, 0, one.numpy()) for i, one in enumerate(seen.logits)])
    collected.maps = {i: np.stack([normalised(one[0].numpy())] * 2) for i, one in enumerate(seen.maps)}
    return swap_grounds(Subject(Reads(), Reads(), PLAIN, examples, collected, CollectedImages(), VIEWS, 0, None))


def pictures():
    pixels = np.random.default_rng(0).integers(0, 200, (COUNT, 8, 8, 3), dtype=np.uint8)
    pixels[:, 0, :K] = [[[9], [4], [1]]]
    return pixels


def test_where_the_ground_changes_nothing_everything_stays():
    told = swapped(pictures(), pictures())
    found = next(iter(told["maps"].values()))["all"]
    assert told["images"] == IMAGES
    assert found["same_answer"] == found["correlation"] == [1, 1, 1]
    assert found["change"] == found["moved"] == [0, 0, 0] and found["lead"] == [5, 5, 5]
    low, high = told["maps"][DIFFERENT]["all"]["correlation"][1:]
    assert -0.1 < low < high < 0.2


def test_the_change_is_that_of_the_logit_of_the_class_predicted_before():
    """Every other image loses 6 and with them its answer, the others gain 2."""
    other = pictures()
    other[::2, 0, 0], other[1::2, 0, 0] = 3, 11
    found = next(iter(swapped(pictures(), other)["maps"].values()))["all"]
    same = found["same_answer"][0]
    assert 0.4 < same < 0.6 and found["same_answer"][1] < same < found["same_answer"][2]
    assert found["change"][0] == pytest.approx(2 * same - 6 * (1 - same), abs=1e-3)
    assert found["moved"][0] == pytest.approx(2 * same + 6 * (1 - same), abs=1e-3)


def test_maps_that_turn_are_correlated_as_pearson_says():
    first, second = np.random.default_rng(1).random((2, 5, 3, 4)).astype(np.float32)
    expected = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(correlation(first, second), expected, rtol=1e-5)
    assert correlation(first, np.ones_like(first)).tolist() == [0] * 5
