import re

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.text import Text
from PIL import Image

from data.preprocessing import Preprocessing
from reproductions.evaluation import files, plots
from reproductions.evaluation.measures.bootstrap import Interval
from reproductions.evaluation.measures.calibration import reliability
from reproductions.evaluation.measures.localisation import threshold_mask
from reproductions.evaluation.plots.overlay import HEAT, OUTLINE
from reproductions.evaluation.plots.style import PAPER
from reproductions.evaluation.records.image import AttendedImage
from reproductions.evaluation.views.image import ImageView, every_image_view, normalised

CLASSES = ("disc", "square", "triangle", "star", "cross", "ring", "crescent", "diamond frame", "bars", "heart")


def attended(height=16, width=48, grid=(4, 12), **changes):
    """A disc at the right of a wide image, and a map that shines on it."""
    y, x = np.mgrid[:height, :width] + 0.5
    mask = np.clip(height / 4 - np.hypot(y - height / 2, x - 3 * width / 4) + 0.5, 0, 1).astype(np.float32)
    noise = np.random.default_rng(0)
    shown = noise.random(grid).astype(np.float32)
    shown[grid[0] // 2, 3 * grid[1] // 4] += 30
    fields = {
        "pixels": noise.integers(256, size=(height, width, 3)).astype(np.uint8),
        "map": normalised(shown),
        "model": "ViT, step 1,200",
        "view": "gradient-weighted rollout · 6 layers",
        "split": "valid",
        "index": 12,
        "label": 0,
        "predicted": 3,
        "probabilities": np.eye(10)[3] * 0.7 + 0.03,
        "classes": CLASSES,
        "mask": mask,
        "name": "shapes/12",
    }
    return AttendedImage(**(fields | changes))


def drawn(figure):
    """All text of a figure that shows, with its box: of tick labels those inside the limits."""
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    beyond = set()
    for axis in [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]:
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                beyond |= {tick.label1, tick.label2}
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [(text.get_text(), text.get_window_extent()) for text in texts if text not in beyond]


def said(figure):
    """The words of a figure, lines joined."""
    return " ".join(text for text, _ in drawn(figure))


def check_layout(figure, name):
    """No text leaves the page, none lies over another."""
    found = drawn(figure)
    texts = [text for text, _ in found]
    low, high = (np.array([getattr(box, corner) for _, box in found]) for corner in ("min", "max"))  # (N, 2) each
    outside = (low < -1).any(axis=1) | (high > [figure.bbox.x1 + 1, figure.bbox.y1 + 1]).any(axis=1)
    assert not outside.any(), (name, texts[outside.argmax()])
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)  # (N, N, 2)
    for i, j in np.argwhere(np.triu((shared > 1).all(axis=2), k=1)):
        assert {texts[i], texts[j]} <= set(CLASSES), (name, texts[i], texts[j])  # only their boxes meet, for they lean


def rendered(figure):
    """(height, width, 3) of the whole page, and its axes' boxes in those pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(float)


def looked(axes, picture, grid):
    """(gh, gw, 3): the colour that a viewer sees in the middle of each patch of an axes."""
    box = axes.get_window_extent()
    rows, columns = ((np.arange(count) + 0.5) / count for count in grid)
    y = (picture.shape[0] - box.y1 + rows * box.height).astype(int)
    x = (box.x0 + columns * box.width).astype(int)
    return picture[y[:, None], x]


@pytest.mark.parametrize(
    ("height", "width", "grid"), [(16, 48, (4, 12)), (48, 16, (12, 4)), (32, 32, (8, 8)), (56, 40, (7, 5))]
)
def test_a_map_lies_on_the_page_exactly_over_its_pixels(height, width, grid):
    """Read back from the rendered page, patch by patch, on grids that are not square."""
    made = attended(height, width, grid)
    figure = plots.attended(made)
    figure.set_dpi(200)
    picture = rendered(figure)
    shown = looked(figure.axes[1], picture, grid)
    expected = HEAT(made.map / made.map.max())[..., :3] * 255
    np.testing.assert_allclose(shown, expected, atol=2.5)
    pixels = looked(figure.axes[0], picture, (height, width))
    outside = made.mask == 0
    outside[[0, -1]] = outside[:, [0, -1]] = False
    near = np.abs(pixels - made.pixels).max(axis=2)
    assert np.median(near[outside]) <= 1
    assert (near[outside] <= 2).mean() > 0.9  # the rest lies under the dashes of the outline
    box, image = figure.axes[0].get_window_extent(), made.pixels.shape
    assert box.width / box.height == pytest.approx(image[1] / image[0], rel=1e-6)


def photo(height, width, grid, fit="letterbox"):
    """A grey photo, and where in it lies the square of 48 pixels that the model saw."""
    window = Preprocessing(48, (0,) * 3, (1,) * 3, ("a",), fit).window(width, height)
    return plots.Photo(np.full((height, width, 3), 90, dtype=np.uint8), window)


@pytest.mark.parametrize(("height", "width"), [(200, 300), (300, 200), (30, 90)])
@pytest.mark.parametrize("fit", ["letterbox", "crop"])
def test_a_map_lies_over_the_photo_where_the_model_saw_it_and_bars_are_cut_off(height, width, fit):
    """One hot patch on a 12 x 12 grid: on the page its middle is where that place of the photo is."""
    grid = (12, 12)
    made = photo(height, width, grid, fit)
    left, top, right, bottom = made.window
    for row, column in ((5, 6), (6, 4)):
        record = attended(48, 48, grid, map=np.eye(1, 144, 12 * row + column).reshape(grid), mask=None)
        figure = plots.attended(record, made)
        figure.set_dpi(200)
        picture = rendered(figure)
        for axes in figure.axes[:3]:
            assert (axes.get_xlim(), axes.get_ylim()) == ((0, width), (height, 0))
        fine = looked(figure.axes[1], picture, (height, width))
        hot = np.abs(fine - np.array(HEAT(1.0)[:3]) * 255).max(axis=2) < 20
        y, x = (where.mean() + 0.5 for where in np.nonzero(hot))
        assert x == pytest.approx(left + (column + 0.5) * (right - left) / 12, abs=1.5)
        assert y == pytest.approx(top + (row + 0.5) * (bottom - top) / 12, abs=1.5)


def test_what_of_a_map_lies_on_bars_is_said():
    made = photo(200, 300, (12, 12))  # bars above and below, two patches each
    record = attended(48, 48, (12, 12), map=np.full((12, 12), 1 / 144), mask=None)
    assert made.part_of(record.map) == pytest.approx(2 / 3)
    assert "33 % of the map lies on the bars" in said(plots.attended(record, made))
    assert "bars" not in said(plots.attended(record, photo(200, 300, (12, 12), "crop")))
    assert photo(800, 1200, (12, 12)).dpi == round(1200 / 2.15) and made.dpi == 200


def test_the_overlay_is_hottest_where_the_map_is_highest():
    made = attended(pixels=np.full((16, 48, 3), 90, dtype=np.uint8))
    figure = plots.attended(made)
    colours = looked(figure.axes[2], rendered(figure), (4, 12)).sum(axis=2)
    assert np.unravel_index(colours.argmax(), (4, 12)) == np.unravel_index(made.map.argmax(), (4, 12)) == (2, 9)


def test_the_outline_runs_around_the_patches_that_hold_the_mass():
    held = np.zeros((4, 12), dtype=bool)
    held[1, 2] = held[1, 3] = held[3, 11] = True
    made = attended(map=normalised(held.astype(np.float32)))
    assert (threshold_mask(made.map) == held).all()
    axes = plots.attended(made).axes[2]
    (edge,) = [one for one in axes.collections if to_hex(one.get_edgecolor()[0]) == PAPER]
    sides = {tuple(map(tuple, line.tolist())) for line in edge.get_segments()}
    pair = {
        ((8, 4), (8, 8)),
        ((16, 4), (16, 8)),
        ((8, 4), (12, 4)),
        ((12, 4), (16, 4)),
        ((8, 8), (12, 8)),
        ((12, 8), (16, 8)),
    }
    corner = {((44, 12), (44, 16)), ((48, 12), (48, 16)), ((44, 12), (48, 12)), ((44, 16), (48, 16))}
    assert sides == pair | corner


def test_the_object_is_outlined_on_the_image_and_on_the_overlay_where_it_is():
    made = attended()
    for place, number in ((0, 1), (1, 0), (2, 1)):
        outlines = [
            one for one in plots.attended(made).axes[place].collections if OUTLINE in map(to_hex, one.get_edgecolor())
        ]
        assert len(outlines) == number
    points = np.concatenate([path.vertices for path in outlines[0].get_paths()])
    assert points[:, 0].min() == pytest.approx(36 - 4, abs=0.3) and points[:, 0].max() == pytest.approx(36 + 4, abs=0.3)
    assert points[:, 1].min() == pytest.approx(8 - 4, abs=0.3) and points[:, 1].max() == pytest.approx(8 + 4, abs=0.3)


def test_an_object_at_the_edge_is_outlined_along_the_edge():
    mask = np.zeros((16, 48), dtype=np.float32)
    mask[:4, :6] = 1
    (outline,) = [
        one
        for one in plots.attended(attended(mask=mask)).axes[0].collections
        if OUTLINE in map(to_hex, one.get_edgecolor())
    ]
    points = np.concatenate([path.vertices for path in outline.get_paths()])
    along = points[(points[:, 1] > 1) & (points[:, 1] < 3), 0]  # halfway down the object: its left and right sides
    assert along.min() == pytest.approx(0, abs=0.1) and along.max() == pytest.approx(6, abs=0.1)


def test_a_caption_says_model_step_view_image_answer_and_truth():
    text = said(plots.attended(attended()))
    for part in ("ViT, step 1,200", "gradient-weighted rollout · 6 layers", "shapes/12", "predicted star, 73 %",
                 "is disc (wrong)", "AUROC", "on the object"):  # fmt: skip
        assert part in text
    assert "is star (right)" in said(plots.attended(attended(label=3)))
    given = said(plots.attended(attended(label=None, mask=None, name="")))
    assert "valid image 12" in given and "AUROC" not in given and "wrong" not in given


def test_numbers_beneath_say_what_the_map_does():
    held = np.zeros((4, 12), dtype=np.float32)
    held[0, 0] = 1
    assert "0 % of the map on the object" in said(plots.attended(attended(map=held)))
    assert "highest patch on the ground" in said(plots.attended(attended(map=held)))
    assert "highest patch on the object" in said(plots.attended(attended()))


def test_heads_stand_across_and_layers_down():
    maps = np.zeros((3, 2, 4, 12), dtype=np.float32)
    for layer in range(3):
        for head in range(2):
            maps[layer, head, layer, 2 * layer + head] = 1
    figure = plots.heads(attended().pixels, maps, "ViT, step 1,200", "valid image 12")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for axes in figure.axes:
        box = axes.get_window_extent()
        shown = axes.images[-1].get_array()
        (row,) = [
            int(t.split()[1]) for t, b in drawn(figure) if t.startswith("layer") and box.y0 < (b.y0 + b.y1) / 2 < box.y1
        ]
        (column,) = [int(t) for t, b in drawn(figure) if t.isdigit() and box.x0 < (b.x0 + b.x1) / 2 < box.x1]
        assert np.unravel_index(shown.argmax(), shown.shape) == (row - 1, 2 * (row - 1) + column - 1)


def test_a_film_goes_from_left_to_right_after_the_image():
    maps = np.stack([np.eye(1, 48, frame).reshape(4, 12) for frame in range(12)]).astype(np.float32)
    figure = plots.film(attended().pixels, maps, [f"layer {n}" for n in range(1, 13)], "ViT", "valid image 12")
    lefts = [axes.get_position().x0 for axes in figure.axes]
    assert lefts == sorted(lefts) and len(lefts) == 13
    assert (figure.axes[0].images[-1].get_array() == attended().pixels).all()
    assert [int(axes.images[-1].get_array().argmax()) for axes in figure.axes[1:]] == list(range(12))


def test_figure_6_is_as_bright_as_the_map():
    made = attended(pixels=np.full((16, 48, 3), 200, dtype=np.uint8))
    figure = plots.figure_6([made, made])
    assert (figure.axes[0].images[0].get_array() == made.pixels).all()
    lit = figure.axes[1].images[0].get_array()
    expected = np.kron(200 * made.map / made.map.max(), np.ones((4, 4)))
    assert np.abs(lit[..., 0] - expected).max() <= 0.51


def test_figure_7_puts_each_tile_at_the_place_of_its_patch():
    similarity = np.arange(2 * 3 * 2 * 3, dtype=np.float32).reshape(2, 3, 2, 3) / 36
    figure = plots.figure_7(np.full((28, 4, 4, 3), 0.5, dtype=np.float32), similarity, np.ones((6, 4)), 2.0, "ViT")
    (axes,) = [axes for axes in figure.axes if len(axes.images) == 6]
    assert axes.get_xlim()[0] < axes.get_xlim()[1] and axes.get_ylim()[0] > axes.get_ylim()[1]
    for tile in axes.images:
        left, _, _, top = tile.get_extent()
        assert (tile.get_array() == similarity[int(top), int(left)]).all()
        assert tile.get_clim() == (-1, 1)


def test_figure_7_says_what_its_filters_are_of():
    given = (np.full((27, 3, 3, 3), 0.5, dtype=np.float32), np.ones((2, 3, 2, 3)), np.ones((6, 4)), 2.0, "ViT")
    assert "patch embedding: 27 principal components" in said(plots.figure_7(*given))
    assert "first convolution, 3 × 3: 27 principal" in said(plots.figure_7(*given, "first convolution, 3 × 3"))


def test_figures_7_and_11_show_one_dot_for_each_head_at_its_layer_beside_the_uniform_reference():
    distances = np.arange(24.0).reshape(6, 4)
    (axes,) = plots.figure_11(distances, 16.55, "ViT").axes
    dots = {(x, y) for line in axes.lines if line.get_ls() == "None" for x, y in line.get_xydata().tolist()}
    assert dots == {(layer + 1, distances[layer, head]) for layer in range(6) for head in range(4)}
    assert [line.get_ydata()[0] for line in axes.lines if line.get_ls() != "None"] == [16.55]


ROWS = {
    name: {
        group: {
            "auroc": Interval(0.5 + 0.08 * n, 0.48 + 0.08 * n, 0.52 + 0.08 * n),
            "energy_gain": Interval(1.0 + n, 0.9 + n, 1.1 + n),
            "ground_top1": Interval(0.1 * n, 0.0, 0.2),
        }
        for group in ("all", "right")
    }
    for n, name in enumerate(["gradient-weighted rollout", "uniform", "centre", "best fixed map", "untrained"])
}


def test_each_map_and_group_stands_in_its_row_with_its_interval_and_number():
    figure = plots.beside_controls(ROWS, "ViT, test", "1,000 images.")
    assert len(figure.axes) == 3
    marks = {line.get_gid(): line.get_xydata()[0].tolist() for line in figure.axes[1].lines if line.get_gid()}
    for row, name in enumerate(ROWS):
        assert marks[f"{name}/all"] == pytest.approx([1.0 + row, row - 0.17])
        assert marks[f"{name}/right"] == pytest.approx([1.0 + row, row + 0.17])
    for text in ("AUROC", "0.82", "5.00", "less is better", "1,000 images.", "hollow: correctly classified images"):
        assert text in said(figure)


def views_of(layers, heads, interval=True):
    """A table of every view, each with another value."""
    table = {}
    for n, view in enumerate(every_image_view(layers, heads)):
        ends = (0.4, 0.6) if interval else ()
        table[view] = {
            "auroc": (0.5 + 0.003 * n, *ends),
            "energy_gain": (1 + 0.01 * n, *ends),
            "ground_top1": (0.002 * n, *ends),
        }
    return table


@pytest.mark.parametrize(("layers", "heads"), [(3, 2), (2, 6)])
def test_each_view_of_an_image_stands_in_its_row_and_column_and_the_chosen_one_in_a_box(layers, heads):
    table = views_of(layers, heads)
    chosen = ImageView("cls", 2, 1)
    figure = plots.image_view_grid(table, chosen, "ViT, test", "1,200 images.")
    texts = {text.get_gid(): text for axes in figure.axes for text in axes.texts if text.get_gid()}
    assert len(texts) == 3 * len(table)
    assert texts["auroc/cls L2 H1"].get_text() == f"{table[chosen]['auroc'][0]:.2f}"
    for layer in range(1, layers + 1):
        for head in range(1, heads + 1):
            x, y = texts[f"ground_top1/cls L{layer} H{head}"].get_position()
            assert (x, round(y)) == (head - 1, layer - 1)
    boxes = [axes.patches[-1].get_xy() for axes in figure.axes if axes.patches]
    assert boxes == [(-0.5, 0.5)] * 3
    lightness = [axes.images[0].get_array()[0, 0] for axes in figure.axes[::2]]
    assert lightness[0] == pytest.approx(0) and lightness[2] == pytest.approx(
        1
    )  # blind is white, never on the ground dark


def test_a_confusion_matrix_has_true_classes_down_and_predicted_ones_across():
    matrix = np.array([[8, 2], [1, 4]])
    bins = reliability(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1]))
    figure = plots.confusion(matrix, ("cat", "dog"), bins, (Interval(0.8, 0.7, 0.9), 0.05), "ViT, test")
    axes = figure.axes[0]
    assert {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in axes.texts} == {
        (0, 0): "8", (0, 1): "2", (1, 0): "1", (1, 1): "4",
    }  # fmt: skip
    assert axes.get_ylabel() == "true class"
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.8, 0.2], [0.2, 0.8]])
    assert "accuracy 80.0 % (70.0 to 90.0)" in said(figure)


def test_a_strip_shows_the_image_and_each_map_with_answer_and_measure():
    now = attended(model="ViT, step 1,200")
    coarse = attended(grid=(2, 6)).map
    then = attended(model="ResNet-14, step 900", view="Grad-CAM of the last activations", predicted=0, map=coarse)
    figure = plots.attended_strip([then, now])
    text = said(figure)
    for part in ("shapes/12", "image: disc", "ResNet-14, step 900", "Grad-CAM of the last activations", "disc, 3 % (right)",
                 "ViT, step 1,200", "gradient-weighted rollout", "star, 73 % (wrong)", "AUROC", "Dashed"):  # fmt: skip
        assert part in text, part
    assert len(figure.axes) == 3
    assert [axes.images[-1].get_array().shape[:2] for axes in figure.axes] == [(16, 48), (2, 6), (4, 12)]
    for axes in figure.axes:
        assert any(OUTLINE in map(to_hex, one.get_edgecolor()) for one in axes.collections)
    check_layout(figure, "attended_strip")
    text = said(plots.attended_strip([attended(mask=None, label=None, name="")]))
    assert "valid image 12" in text and "AUROC" not in text and "Dashed" not in text


def figures():
    generator = np.random.default_rng(0)
    for height, width, grid in ((224, 224, (14, 14)), (48, 16, (12, 4)), (4, 200, (1, 50))):
        yield f"attended {grid}", plots.attended(attended(height, width, grid))
    long = attended(name="holiday in the European Economic Area, day two.jpeg", model="a model whose name is long " * 4)
    yield "attended long", plots.attended(long)
    for layers, heads in ((12, 12), (1, 1)):
        maps = generator.random((layers, heads, 14, 14)).astype(np.float32)
        yield f"heads {layers} {heads}", plots.heads(attended(48, 48, (14, 14)).pixels, maps, "ViT", "valid image 12")
    for frames in (1, 12):
        names = [f"step {1000 * n:,}" for n in range(frames)]
        maps = generator.random((frames, 8, 8)).astype(np.float32)
        yield f"film {frames}", plots.film(attended(48, 48, (8, 8)).pixels, maps, names, "ViT", "valid image 12")
    named = [
        attended(48, 48, (8, 8), model=f"A model with a rather long name, number {i}, step 1,200,000") for i in range(4)
    ]
    yield "strip", plots.attended_strip(named)
    yield "figure 6", plots.figure_6([attended(32, 32, (8, 8))] * 5)
    for grid in ((14, 14), (4, 12)):
        similarity = generator.random((*grid, *grid)).astype(np.float32)
        filters = generator.random((28, 4, 4, 3)).astype(np.float32)
        yield (
            f"figure 7 {grid}",
            plots.figure_7(
                filters, similarity, 100 * generator.random((12, 12)), 116.5, "ViT, step 1", "first convolution, 3 × 3"
            ),
        )
    yield "photo", plots.attended(attended(48, 48, (12, 12), mask=None), photo(200, 300, (12, 12)))
    model = "hybrid with a convolutional stem, step 1,200"
    yield "figure 11", plots.figure_11(9 * generator.random((6, 4)), 16.55, model)
    yield "controls", plots.beside_controls(ROWS, "ViT, step 1,200, test: where it looks", "1,000 images.")
    for layers, heads, interval in ((12, 12, True), (2, 6, False), (1, 2, True)):
        table = views_of(layers, heads, interval)
        shown = ImageView("gradient_rollout_smoothed")
        yield f"views {layers} {heads}", plots.image_view_grid(table, shown, "ViT, step 1,200 · test", "1,200 images.")
    for classes in (CLASSES, CLASSES[7:8]):
        count = len(classes)
        bins = reliability(np.full((4, count), 1 / count), np.zeros(4, dtype=int))
        matrix = generator.integers(99, size=(count, count))
        yield (
            f"confusion {count}",
            plots.confusion(matrix, classes, bins, (Interval(0.8, 0.7, 0.9), 0.05), "ViT, step 1,200"),
        )


def test_no_label_leaves_the_page_or_lies_over_another():
    for name, figure in figures():
        check_layout(figure, name)


def test_a_saved_picture_says_which_of_its_parts_a_dark_page_leaves_as_they_are(tmp_path):
    """Photos, maps and colour bars; all around them is grey text on white, which may be turned round."""
    path = files.save(plots.attended(attended()), tmp_path / "attended.png")
    outline = files.around_colours(path)
    corners = [float(x) for x in re.findall(r"([\d.]+)%", outline)]
    boxes = [corners[place : place + 12] for place in range(12, len(corners), 12)]
    assert outline.startswith("polygon(evenodd, ") and len(boxes) == 4
    saved = np.array(Image.open(path).convert("RGB")).astype(int)
    height, width, _ = saved.shape
    for _, _, left, top, right, _, _, bottom, *_ in boxes:
        x, X, y, Y = (round(part * side / 100) for part, side in
                      ((left, width), (right, width), (top, height), (bottom, height)))  # fmt: skip
        assert np.ptp(saved[y:Y, x:X], axis=2).max() > 50
        saved[y - 2 : Y + 2, x - 2 : X + 2] = 255
    assert np.ptp(saved, axis=2).max() < 20
    Image.new("RGB", (8, 8)).save(tmp_path / "older.png")
    assert files.around_colours(tmp_path / "older.png") == "circle(0)", "nothing of it is turned round"
