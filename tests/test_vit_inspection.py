import numpy as np
import pytest

from reproductions.evaluation.measures.vit import (
    attention_distance,
    filter_components,
    position_similarity,
    uniform_distance,
)


@pytest.mark.parametrize(
    ("grid", "patch", "pixels"),
    [((14, 14), 16, 116.49), ((7, 7), 32, 115.50), ((8, 8), 4, 16.55), ((4, 4), 7, 14.06), ((7, 7), 4, 14.44)],
)
def test_uniform_attention_reaches_as_far_as_geometry_says(grid, patch, pixels):
    tokens = 1 + grid[0] * grid[1]
    maps = np.full((2, 3, tokens, tokens), 1 / tokens, dtype=np.float32)
    assert uniform_distance(grid, patch) == pytest.approx(pixels, abs=0.006)
    np.testing.assert_allclose(attention_distance(maps, 1, grid, patch), np.full((2, 3), pixels), atol=0.006)


def test_the_share_of_the_class_token_does_not_shrink_the_distance():
    maps = np.full((65, 65), 0.7 / 64)
    maps[:, 0] = 0.3
    assert attention_distance(maps, 1, (8, 8), 4) == pytest.approx(16.55, abs=0.006)  # 11.6 without bringing back to 1


def test_distances_lie_along_the_sides_of_a_grid_that_is_not_square():
    """Every patch looks at its right neighbour, the last of a row at itself; then at the one below."""
    grid = (2, 5)
    right, below = np.zeros((10, 10)), np.zeros((10, 10))
    for row in range(2):
        for column in range(5):
            right[row * 5 + column, row * 5 + min(column + 1, 4)] = 1
            below[row * 5 + column, min(row + 1, 1) * 5 + column] = 1
    assert attention_distance(right, 0, grid, 10) == pytest.approx(10 * 8 / 10)
    assert attention_distance(below, 0, grid, 10) == pytest.approx(10 * 5 / 10)


def test_each_layer_and_head_keeps_its_own_distance():
    tokens, grid = 11, (2, 5)
    maps = np.broadcast_to(np.eye(tokens), (2, 3, tokens, tokens)).copy()
    maps[1, 2] = 1 / tokens
    found = attention_distance(maps, 1, grid, 4)
    assert found[1, 2] == pytest.approx(uniform_distance(grid, 4))
    assert np.count_nonzero(found) == 1


def test_a_patch_that_looks_at_no_patch_does_not_count():
    maps = np.full((11, 11), 1 / 11)
    maps[4] = np.eye(11)[0]
    whole = attention_distance(np.full((11, 11), 1 / 11), 1, (1, 10), 4)
    found = attention_distance(maps, 1, (1, 10), 4)
    assert found == pytest.approx((10 * whole - 4 * np.abs(np.arange(10) - 3).mean()) / 9)


def test_similarity_of_positions_is_the_cosine_not_the_product():
    generator = np.random.default_rng(0)
    positions = (generator.normal(size=(6, 8)) * np.arange(1, 7)[:, None]).astype(np.float32)
    found = position_similarity(positions, (2, 3))
    a, b = positions[1], positions[5]  # (0, 1) and (1, 2)
    assert found[0, 1, 1, 2] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-5)
    np.testing.assert_allclose(found[1, 0, 1, 0], 1, rtol=1e-6)


def test_components_of_filters_come_back_with_their_place_and_colour():
    """Filters made of two patterns: the components are those patterns, the stronger first, up to sign."""
    first, second = np.zeros((2, 3, 4, 5))
    first[0, 1, 2] = 1
    second[2, 3, 4] = 1
    generator = np.random.default_rng(0)
    strong, weak = 5 * generator.normal(size=(40, 1, 1, 1)), generator.normal(size=(40, 1, 1, 1))
    filters = strong * first + weak * second + 30  # what all share is no component
    found = filter_components(filters.astype(np.float32))
    assert found.shape == (28, 4, 5, 3)
    assert found.min() >= 0 and found.max() <= 1
    assert abs(found[0, 1, 2, 0] - 0.5) == pytest.approx(0.5)
    assert abs(found[1, 3, 4, 2] - 0.5) == pytest.approx(0.5)
    assert abs(found[0, 3, 4, 2] - 0.5) < 0.05
    assert len(filter_components(np.zeros((8, 3, 2, 2), dtype=np.float32))) == 8
