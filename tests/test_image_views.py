import numpy as np
import pytest

from data.errors import UserError
from reproductions.evaluation.views.image import (
    KINDS,
    ImageView,
    Seen,
    centre,
    every_image_view,
    normalised,
    rollout,
    smoothed,
    uniform,
)

GRID, PREFIX, LAYERS, HEADS = (3, 5), 2, 4, 3  # no two alike, so that a swap cannot pass
TOKENS = PREFIX + GRID[0] * GRID[1]


def attention(seed=0, shape=(LAYERS, HEADS, TOKENS, TOKENS)):
    weights = np.random.default_rng(seed).random(shape) ** 4
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


def seen(**changes):
    generator = np.random.default_rng(1)
    fields = {
        "maps": attention(),
        "gradients": generator.normal(size=(LAYERS, HEADS, TOKENS, TOKENS)).astype(np.float32),
        "input_gradient": generator.random((6, 20)).astype(np.float32),
        "prefix": PREFIX,
        "grid": GRID,
        "class_token": True,
    }
    return Seen(**(fields | changes))


def patches(row):
    """The share of each patch, brought to sum 1, by hand: element by element in raster order."""
    total = sum(row[PREFIX:])
    return np.array([[row[PREFIX + r * GRID[1] + c] / total for c in range(GRID[1])] for r in range(GRID[0])])


def product(matrices):
    """The last matrix at the left: attention of the top layer reads what the layers below have mixed."""
    result = np.eye(TOKENS)
    for matrix in matrices:
        result = matrix @ result
    return result


def chefer(maps, gradients):
    """R = R + (mean over heads of positive weights times gradients) R, first layer first, as the paper states it."""
    relevance = np.eye(TOKENS)
    for a, g in zip(maps.astype(float), gradients.astype(float), strict=True):
        relevance = relevance + np.maximum(a * g, 0).mean(0) @ relevance
    return relevance


def with_identity(maps):
    return [(heads.mean(0) + np.eye(TOKENS)) / 2 for heads in maps.astype(float)]


def every():
    return every_image_view(LAYERS, HEADS)


def test_rollout_is_the_product_that_abnar_and_zuidema_wrote_down():
    layers = np.array([[[1, 0], [1, 0]], [[0, 1], [0, 1]]], dtype=np.float32)
    np.testing.assert_allclose(rollout(layers, np.eye(2)), [[0.75, 0.25], [0.5, 0.5]])
    assert not np.allclose(rollout(layers[::-1], np.eye(2)), [[0.75, 0.25], [0.5, 0.5]])


def test_rows_of_a_rollout_sum_to_one_even_where_rows_of_weights_do_not():
    maps = attention().mean(1) * np.linspace(0.2, 1, TOKENS, dtype=np.float32)[:, None]
    np.testing.assert_allclose(rollout(maps, np.eye(TOKENS)).sum(1), 1, rtol=1e-5)


def test_rollout_divides_rows_not_columns():
    """A row of weights that sums to less: dividing columns by row sums, as a public script does, gives another map."""
    maps = attention()
    maps[:, :, 4] *= 0.3
    mixed = [(heads.mean(0) + np.eye(TOKENS)) for heads in maps.astype(float)]
    rows = product([one / one.sum(-1, keepdims=True) for one in mixed])
    columns = product([one / one.sum(-1) for one in mixed])
    found = seen(maps=maps).through(ImageView("rollout"))
    np.testing.assert_allclose(found, patches(rows[0]), rtol=1e-4)
    assert np.abs(found - patches(columns[0])).max() > 1e-3


def test_gradients_meet_the_weights_of_their_own_layer():
    made = seen()
    found = made.through(ImageView("gradient_rollout"))
    np.testing.assert_allclose(found, patches(chefer(made.maps, made.gradients)[0]), rtol=1e-4)
    assert np.abs(found - patches(chefer(made.maps, made.gradients[::-1])[0])).max() > 1e-3


def test_only_positive_products_of_weight_and_gradient_count():
    made = seen()
    made.gradients[made.gradients < 0] *= 100
    np.testing.assert_allclose(
        made.through(ImageView("gradient_rollout")), seen().through(ImageView("gradient_rollout")), rtol=1e-5
    )
    assert (seen(gradients=-np.ones_like(made.maps)).through(ImageView("gradient_rollout")) == uniform(GRID)).all()


@pytest.mark.parametrize(
    "view", [ImageView("cls", 2, 3), ImageView("cls", 1, "mean"), ImageView("cls", "mean", 2)], ids=str
)
def test_a_single_view_shows_its_own_layer_and_head(view):
    maps = attention().astype(float)
    layer = maps.mean(0) if view.layer == "mean" else maps[view.layer - 1]
    head = layer.mean(0) if view.head == "mean" else layer[view.head - 1]
    np.testing.assert_allclose(seen().through(view), patches(head[0]), rtol=1e-4)


def test_attention_rollout_is_the_class_row_of_the_product():
    made = seen()
    rolled = patches(product(with_identity(made.maps))[0])
    np.testing.assert_allclose(made.through(ImageView("rollout")), rolled, rtol=1e-4)


def test_smoothing_takes_the_mean_of_those_neighbours_that_exist():
    values = np.arange(15, dtype=np.float32).reshape(GRID)
    found = smoothed(values)
    assert found[0, 0] == np.mean([0, 1, 5, 6])
    assert found[1, 1] == np.mean([0, 1, 2, 5, 6, 7, 10, 11, 12])
    assert found[2, 4] == np.mean([8, 9, 13, 14])


@pytest.mark.parametrize("patch", range(GRID[0] * GRID[1]))
def test_each_patch_lies_where_raster_order_puts_it_on_a_grid_that_is_not_square(patch):
    """All weight, and all gradient, on one patch: the map must shine there and nowhere else, in every view."""
    maps = np.zeros((LAYERS, HEADS, TOKENS, TOKENS), dtype=np.float32)
    maps[..., PREFIX + patch] = 1
    slope = np.zeros((6, 20), dtype=np.float32)
    row, column = patch // GRID[1], patch % GRID[1]
    slope[2 * row : 2 * row + 2, 4 * column : 4 * column + 4] = 1
    made = seen(maps=maps, gradients=np.ones_like(maps), input_gradient=slope)
    for view in every():
        if view.kind != "gradient_rollout_smoothed":
            found = made.through(view)
            assert found[row, column] == pytest.approx(1), view


def test_registers_and_class_token_are_taken_out_and_the_rest_sums_to_one():
    maps = attention()
    maps[..., 1] += 50  # a register that draws nearly everything
    maps /= maps.sum(-1, keepdims=True)
    for view in every():
        assert seen(maps=maps).through(view).sum() == pytest.approx(1, abs=1e-5)


def test_a_model_without_a_class_token_is_read_from_the_mean_of_its_patches():
    made = seen(class_token=False)
    row = made.maps[1, 2, PREFIX:].astype(float).mean(0)
    np.testing.assert_allclose(made.through(ImageView("cls", 2, 3)), patches(row), rtol=1e-4)
    rows = product(with_identity(made.maps))[PREFIX:].mean(0)
    np.testing.assert_allclose(made.through(ImageView("rollout")), patches(rows), rtol=1e-4)
    relevance = (chefer(made.maps, made.gradients) - np.eye(TOKENS))[PREFIX:].mean(0)
    np.testing.assert_allclose(made.through(ImageView("gradient_rollout")), patches(relevance), rtol=1e-3)
    cut = {"maps": attention()[..., PREFIX:, PREFIX:], "gradients": made.gradients[..., PREFIX:, PREFIX:]}
    np.testing.assert_allclose(seen(**cut, prefix=0, class_token=False).start, np.full(15, 1 / 15), rtol=1e-6)


def test_grad_cam_weighs_activations_by_their_mean_gradients():
    generator = np.random.default_rng(2)
    activations, gradients = generator.normal(size=(2, 7, *GRID)).astype(np.float32)
    made = seen(maps=activations, gradients=gradients, prefix=0, class_token=False)
    by_hand = np.zeros(GRID)
    for channel in range(7):
        by_hand += gradients[channel].mean() * activations[channel]
    by_hand = np.maximum(by_hand, 0)
    np.testing.assert_allclose(made.through(ImageView("grad_cam")), by_hand / by_hand.sum(), atol=1e-5)


def test_a_map_of_nothing_is_uniform():
    assert (normalised(np.zeros(GRID, dtype=np.float32)) == uniform(GRID)).all()


def test_every_view_reads_back_what_it_writes():
    views = [*every(), ImageView("grad_cam")]
    assert [ImageView.parse(str(view)) for view in views] == views
    assert {view.kind for view in views} == set(KINDS)
    assert len(every()) == (LAYERS + 1) * (HEADS + 1) + 4
    assert str(ImageView("cls", 2, "mean")) == "cls L2 Hmean"


@pytest.mark.parametrize(
    "text", ["cls", "rollout L2 H1", "cls L2", "grad-cam", "rollout_no_identity", "", "cls Lmean Hmean "]
)
def test_any_other_text_is_refused(text):
    with pytest.raises(UserError, match="is not a view"):
        ImageView.parse(text)


def test_a_view_says_in_words_what_it_shows():
    assert ImageView("cls", 2, "mean").describe(6, 4) == "attention · layer 2 of 6 · mean of 4 heads"
    assert ImageView("cls", 1, 1).describe(1, 1) == "attention"
    assert ImageView("gradient_rollout").describe(6, 4) == "gradient-weighted rollout · 6 layers"
    assert ImageView("grad_cam").describe(1, 1) == "Grad-CAM of the last activations"
    with pytest.raises(UserError, match="layer 7, but the model has layers 1 to 6"):
        ImageView("cls", 7, 1).describe(6, 4)


def test_the_controls_look_at_nothing_and_at_the_middle():
    assert uniform(GRID).sum() == pytest.approx(1) and np.ptp(uniform(GRID)) == 0
    middle = centre(GRID)
    assert middle.sum() == pytest.approx(1, abs=1e-6)
    assert np.unravel_index(middle.argmax(), GRID) == (1, 2)
    np.testing.assert_allclose(middle, middle[::-1, ::-1], rtol=1e-6)
