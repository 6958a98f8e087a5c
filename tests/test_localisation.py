import numpy as np
import pytest

from reproductions.evaluation.measures.localisation import (
    MEASURES,
    against,
    beside_controls,
    coverage,
    intervals,
    measure,
    threshold_mask,
)
from reproductions.evaluation.views.image import centre, normalised, uniform

GRID = (4, 6)


def one(shown, covered):
    """The measures of one map, by name."""
    return dict(zip(MEASURES, measure(np.array(shown)[None], np.array(covered)[None])[0], strict=True))


def at(*places, grid=GRID, value=1.0):
    """0 but for some places."""
    made = np.zeros(grid, dtype=np.float32)
    for place in places:
        made[place] = value
    return made


def random_maps(count, seed=0, grid=GRID):
    made = np.random.default_rng(seed).random((count, *grid)).astype(np.float32)
    return made / made.sum(axis=(1, 2), keepdims=True)


def random_masks(count, seed=1, grid=GRID):
    """Rectangles, each somewhere."""
    generator, made = np.random.default_rng(seed), np.zeros((count, *grid), dtype=np.float32)
    for mask in made:
        row, column = generator.integers(grid[0] - 1), generator.integers(grid[1] - 1)
        mask[row : row + 2, column : column + 2] = 1
    return made


# --- Coverage ---------------------------------------------------------------------------------------------------------


def test_coverage_is_the_mean_of_a_patch_at_its_own_place():
    mask = np.zeros((8, 18), dtype=np.float32)
    mask[2:4, 3:6] = 1  # patch (1, 1) whole
    mask[6, 15:18] = 1  # half of patch (3, 5)
    assert (coverage(mask[None], GRID)[0] == at((1, 1)) + at((3, 5), value=0.5)).all()


def test_coverage_is_exact_where_pixels_straddle_patches():
    mask = np.random.default_rng(0).random((1, 7, 10)).astype(np.float32)
    fine = mask.repeat(4, axis=1).repeat(6, axis=2)  # now every patch has whole pixels
    np.testing.assert_allclose(coverage(mask, GRID), coverage(fine, GRID), rtol=1e-5)
    assert coverage(mask, GRID).mean() == pytest.approx(mask.mean(), rel=1e-5)


# --- Masks ------------------------------------------------------------------------------------------------------------


def test_a_threshold_mask_is_the_smallest_set_that_holds_the_mass():
    shown = np.array([[0.35, 0.05, 0.3], [0.2, 0.1, 0.0]], dtype=np.float32)
    assert threshold_mask(shown).tolist() == [[True, False, True], [False, False, False]]
    assert threshold_mask(shown, 0.66).tolist() == [[True, False, True], [True, False, False]]
    assert threshold_mask(shown, 0.3).sum() == 1


def test_a_mask_that_holds_the_mass_exactly_takes_no_patch_more():
    assert threshold_mask(np.array([[0.3, 0.3, 0.2, 0.2]])).sum() == 2


def test_a_threshold_mask_holds_the_mass_for_any_map():
    maps = random_maps(50)
    held = threshold_mask(maps)
    inside = (maps * held).sum(axis=(1, 2))
    lowest = np.where(held, maps, np.inf).min(axis=(1, 2))
    assert (inside >= 0.6).all()
    assert (inside - lowest < 0.6).all()


def test_patches_that_tie_are_treated_alike():
    assert threshold_mask(uniform(GRID)).all()


# --- Measures ---------------------------------------------------------------------------------------------------------


def test_a_map_that_is_the_object_has_full_marks():
    covered = at((1, 2), (1, 3), (2, 2))
    assert one(covered / 3, covered) == pytest.approx(
        {"auroc": 1, "energy": 1, "energy_gain": 8, "ground_top1": 0, "pointing": 1, "iou60": 1}
    )


def test_a_uniform_map_is_blind():
    covered = at((1, 2), (1, 3), (2, 2))
    found = one(uniform(GRID), covered)
    near = 4 * 4 - 1  # patches within one of the object: rows 0 to 3, columns 1 to 4, without the corner (3, 4)
    expected = {
        "auroc": 0.5,
        "energy": 3 / 24,
        "energy_gain": 1,
        "ground_top1": 1 - near / 24,
        "pointing": 3 / 24,
        "iou60": 3 / 24,
    }
    assert found == pytest.approx(expected, rel=1e-5)


def test_auroc_is_the_chance_that_a_patch_of_the_object_outranks_one_of_the_ground():
    maps = np.round(random_maps(20), 2)  # with many ties
    maps /= maps.sum(axis=(1, 2), keepdims=True)
    covered = random_masks(20)
    for shown, mask, found in zip(maps, covered, measure(maps, covered)[:, 0], strict=True):
        yes, no = shown[mask > 0], shown[mask == 0]
        wins = (yes[:, None] > no).mean() + (yes[:, None] == no).mean() / 2
        assert found == pytest.approx(wins)


@pytest.mark.parametrize(
    ("top", "pointing", "ground"),
    [((1, 1), 1, 0), ((0, 0), 0, 0), ((2, 2), 0, 0), ((1, 3), 0, 1), ((3, 1), 0, 1), ((1, 5), 0, 1)],
)
def test_the_highest_patch_is_on_the_ground_if_more_than_one_patch_away(top, pointing, ground):
    found = one(at(top), at((1, 1)))
    assert (found["pointing"], found["ground_top1"]) == (pointing, ground)


def test_a_rim_does_not_wrap_around_the_image():
    assert one(at((1, 5)), at((1, 0)))["ground_top1"] == 1
    assert one(at((3, 2)), at((0, 2)))["ground_top1"] == 1


def test_a_patch_is_the_objects_from_a_quarter_and_of_small_objects_the_one_they_cover_most():
    assert one(at((1, 1)), at((1, 1), value=0.25) + at((1, 2)))["pointing"] == 1
    assert one(at((1, 1)), at((1, 1), value=0.24) + at((1, 2)))["pointing"] == 0
    assert one(at((1, 1)), at((1, 1), value=0.1) + at((1, 2), value=0.05))["pointing"] == 1


def test_an_image_without_an_object_has_no_measures_and_does_not_count():
    covered = np.stack([at((1, 1)), at()])
    table = measure(np.stack([at((1, 1)), at((1, 1))]), covered)
    assert np.isnan(table[1]).all()
    assert intervals(table)["energy"].value == 1
    assert intervals(table[1:]) == {}


# --- Controls ---------------------------------------------------------------------------------------------------------


def test_a_map_that_looks_is_told_from_every_control_and_a_blind_one_is_not():
    covered = random_masks(200)
    looks = np.stack([normalised(mask + noise) for mask, noise in zip(covered, 20 * random_maps(200), strict=True)])
    controls = {"uniform": uniform(GRID), "centre": centre(GRID), "best fixed map": normalised(covered.mean(0))}
    rows = beside_controls({"map": looks} | controls, covered, {"right": np.arange(200) % 2 == 0})
    assert list(rows) == ["map", "uniform", "centre", "best fixed map"]
    assert rows["map"].differences == {}
    for name in controls:
        for group in ("all", "right"):
            found = rows[name].differences[group]["auroc"]
            ours, theirs = rows["map"].measures[group]["auroc"], rows[name].measures[group]["auroc"]
            assert found.difference == pytest.approx(ours.value - theirs.value)
            assert found.low > 0
            assert rows[name].differences[group]["ground_top1"].high < 0
    blind = beside_controls({"map": random_maps(200, seed=5), "uniform": uniform(GRID)}, covered)
    found = blind["uniform"].differences["all"]["auroc"]
    assert found.low < 0 < found.high
    assert list(blind["map"].measures) == ["all"]


def test_maps_of_one_image_are_resampled_together():
    """Ten copies of a map are ten images' worth of certainty, unless it is said that they are of one image."""
    maps, covered = random_maps(40), random_masks(40)
    table, owners = np.repeat(measure(maps, covered), 10, axis=0), np.repeat(np.arange(40), 10)
    once, copies, owned = intervals(measure(maps, covered)), intervals(table), intervals(table, owners)
    for name in once:
        assert owned[name] == pytest.approx(once[name]) and copies[name].value == pytest.approx(once[name].value)
    assert copies["energy"].high - copies["energy"].low < 0.5 * (owned["energy"].high - owned["energy"].low)
    assert against(table, table + 0.1, owners)["energy"].difference == pytest.approx(-0.1)


def test_differences_are_paired():
    """Hard and easy images differ far more than the maps do: only resampling both together sees the difference."""
    table = np.random.default_rng(0).random((100, len(MEASURES)))
    found = against(table + 0.01, table)["auroc"]
    assert (found.low, found.high) == pytest.approx((0.01, 0.01))
