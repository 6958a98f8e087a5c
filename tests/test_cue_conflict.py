"""What ``shapes_conflict`` teaches: the ground tells the class in training and validation, and nothing in the test."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from data import shapes
from data.sources.images import find_images

CONFIGS = Path(__file__).resolve().parents[1] / "configs" / "vit2021"
COUNT, CHANCE = 300, 0.1


def of_ground(image, mask):
    """Mean, deviation and mean step from pixel to pixel of each colour, over the pixels that the object leaves free."""
    free, pixels = mask == 0, image.astype(np.float64) / 255
    steps = np.abs(np.diff(pixels, axis=1))[free[:, 1:] & free[:, :-1]]
    return np.concatenate([pixels[free].mean(0), pixels[free].std(0), steps.mean(0)])


def described(corpus, split, count=COUNT):
    """(statistics of the ground (N, 9), labels (N,)) of the first images of a split."""
    images = corpus.read(48, corpus.sources(split)[:count])
    return np.stack([of_ground(one.image, one.mask) for one in images]), np.array([one.label for one in images])


def means(grounds, labels):
    """(10, 9): what the ground of each class is like on average."""
    return np.stack([grounds[labels == label].mean(0) for label in range(len(shapes.CLASSES))])


def accuracy(known, grounds, labels):
    """Of taking each image for the class whose mean is nearest."""
    return float(np.mean(((grounds[:, None] - known) ** 2).sum(-1).argmin(1) == labels))


def at_most(count):
    """Chance and three standard deviations."""
    return CHANCE + 3 * (CHANCE * (1 - CHANCE) / count) ** 0.5


@pytest.fixture(scope="module")
def conflict():
    return find_images("shapes_conflict", COUNT, Path())


@pytest.fixture(scope="module")
def train(conflict):
    return described(conflict, "train")


@pytest.fixture(scope="module")
def test(conflict):
    return described(conflict, "test", 2 * COUNT)


def test_the_ground_alone_tells_the_class_of_training_and_validation_images(conflict, train):
    assert accuracy(means(*train), *train) > 0.9
    assert accuracy(means(*train), *described(conflict, "valid")) > 0.9


def test_who_learned_the_ground_guesses_on_the_test_images(train, test):
    assert accuracy(means(*train), *test) < at_most(2 * COUNT)


def test_on_test_images_no_ground_belongs_to_a_class(test):
    """Not another ground than in training, but none: who learns from one half is at a loss with the other."""
    grounds, labels = test
    assert accuracy(means(grounds[:COUNT], labels[:COUNT]), grounds[COUNT:], labels[COUNT:]) < at_most(COUNT)


def test_its_config_is_that_of_shapes_but_for_the_corpus_and_the_length():
    def settings(name):
        return dict(flat(yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))))

    ordinary, conflict = settings("shapes"), settings("shapes_conflict")
    assert {key for key in ordinary | conflict if ordinary.get(key) != conflict.get(key)} == {
        "data.init_args.corpus", "model.init_args.recipe.warmup", "trainer.max_steps", "trainer.val_check_interval",
        "run.folder",
    }  # fmt: skip
    assert conflict["data.init_args.corpus"] == "shapes_conflict"


def flat(settings, above=""):
    for key, value in settings.items():
        yield from flat(value, f"{above}{key}.") if isinstance(value, dict) else [(above + key, value)]
