"""Deletion and insertion: what goes first, what it costs, and controls that look at nothing."""

import numpy as np
import pytest
from test_localisation import GRID, at, random_maps

from reproductions.evaluation.measures.bootstrap import Interval
from reproductions.evaluation.measures.removal import (
    area,
    beside_controls,
    blurred,
    course,
    exchanged,
    mean_curves,
    random_order,
)
from reproductions.evaluation.views.image import normalised

PIXELS = np.random.default_rng(3).integers(1, 256, size=(8, 18, 3)).astype(np.uint8)
NOTHING = np.zeros_like(PIXELS)


def sees(row, column):
    """A classifier that is sure exactly while the patch is there, whole."""
    place = (slice(2 * row, 2 * row + 2), slice(3 * column, 3 * column + 3))
    return lambda batch: (batch[:, place[0], place[1]] == PIXELS[place]).all(axis=(1, 2, 3)).astype(float)


def test_deleting_the_patch_that_matters_first_ends_the_certainty_at_once():
    right, wrong = normalised(at((1, 4), value=5) + 1), normalised(at((2, 0), value=5) + at((1, 4), value=-1) + 1)
    good, bad = (exchanged(PIXELS, NOTHING, shown, sees(1, 4), 24) for shown in (right, wrong))
    assert good[1].tolist() == [1.0] + [0.0] * 24
    assert bad[1].tolist() == [1.0] * 24 + [0.0]
    assert (area(*good), area(*bad)) == pytest.approx((0.5 / 24, 23.5 / 24))


def test_inserting_the_patch_that_matters_first_brings_the_certainty_at_once():
    changed, chances = exchanged(NOTHING, PIXELS, normalised(at((1, 4), value=5) + 1), sees(1, 4), 24)
    assert chances.tolist() == [0.0] + [1.0] * 24
    assert area(changed, chances) == pytest.approx(23.5 / 24)
    assert (changed[0], changed[-1]) == (0, 1)


def test_deletion_goes_from_the_image_to_what_replaces_it_one_patch_a_step():
    batches = []
    exchanged(PIXELS, NOTHING, random_maps(1)[0], lambda batch: batches.append(batch) or np.zeros(len(batch)), 24)
    (batch,) = batches
    assert (batch[0] == PIXELS).all() and not batch[-1].any()
    changed = (batch[1:] != batch[:-1]).any(axis=3).sum(axis=(1, 2))
    assert changed.tolist() == [6] * 24


def test_blurring_keeps_flat_areas_and_spreads_a_dot():
    assert (blurred(np.full((5, 7, 3), 9, dtype=np.uint8), 2) == 9).all()
    dot = np.zeros((5, 7, 3), dtype=np.uint8)
    dot[2, 3] = 90
    assert blurred(dot, 1)[..., 0].tolist() == [[0] * 7, *[[0, 0, 10, 10, 10, 0, 0]] * 3, [0] * 7]


def test_fewer_steps_take_as_many_patches_each_and_measure_the_same_line():
    """A model whose certainty is the share of the image that is left: the area is a half, however coarse the steps."""
    flat = np.full((8, 18, 3), 200, dtype=np.uint8)

    def left(batch):
        return (batch != 0).mean(axis=(1, 2, 3))

    for steps in (24, 6, 5, 1, 99):
        changed, chances = exchanged(flat, NOTHING, random_maps(1)[0], left, steps)
        assert len(changed) == min(steps, 24) + 1 and (changed[0], changed[-1]) == (0, 1)
        np.testing.assert_allclose(chances, 1 - changed)
        assert area(changed, chances) == pytest.approx(0.5)


def many(count):
    """Images whose class hangs on one patch each, the map that knows it, and one that shines elsewhere first."""
    pixels = np.stack([PIXELS] * count)
    places = [(i % 4, i % 6) for i in range(count)]
    knows = np.stack([normalised(at(place, value=5) + 1) for place in places])
    wrong = np.stack([normalised(2 - at(place)) for place in places])
    return pixels, np.zeros_like(pixels), knows, wrong, lambda i, batch: sees(*places[i])(batch)


def test_a_map_that_knows_is_told_from_a_random_order_and_from_one_that_looks_elsewhere():
    count = 480
    pixels, nothing, knows, wrong, probability = many(count)
    maps = {"knows": knows, "elsewhere": wrong, "random order": random_order(count, GRID)}
    courses = {name: course(pixels, shown, nothing, probability, 12) for name, shown in maps.items()}
    rows = beside_controls(courses, np.arange(count) % 2 == 0)
    assert rows["knows"].differences == {}
    for name in ("elsewhere", "random order"):
        for group in ("all", "right"):
            found = rows[name].differences[group]
            assert found["deletion"].high < 0 < found["insertion"].low
    blind = rows["random order"].measures["all"]
    assert blind["deletion"].low < 0.5 < blind["deletion"].high
    curves = mean_curves(courses["knows"])
    assert curves["deletion"][0] == Interval(1, 1, 1) and curves["deletion"][-1] == Interval(0, 0, 0)
    assert len(curves["insertion"]) == 13


def test_a_group_without_images_has_no_numbers():
    pixels, nothing, knows, _, probability = many(3)
    row = beside_controls({"knows": course(pixels, knows, nothing, probability, 4)}, np.zeros(3, dtype=bool))["knows"]
    assert row.measures["right"] == {} and set(row.measures["all"]) == {"deletion", "insertion"}


def test_each_image_has_a_random_order_of_its_own_and_the_same_again():
    orders = random_order(5, GRID)
    assert all(sorted(one.ravel()) == list(range(24)) for one in orders)
    assert len({one.tobytes() for one in orders}) == 5 and (orders == random_order(5, GRID)).all()
