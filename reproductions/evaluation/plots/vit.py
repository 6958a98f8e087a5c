"""Figures 6, 7 and 11 of Dosovitskiy et al. 2021, from records and arrays of any Vision Transformer."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reproductions.evaluation.arrays import Doubles, Floats, Pixels
from reproductions.evaluation.plots.sheet import Page, Sheet, add_grid, name_axes
from reproductions.evaluation.plots.style import (
    DIFFERENCES,
    INK,
    LINES,
    QUIET,
    SMALL,
    TEXT,
    font,
    lines_height,
    shortened,
    wrap,
)
from reproductions.evaluation.records.image import AttendedImage

SIDE, GAP = 1.3, 0.08  # inches; of one picture in Figure 6
PANEL = 2.9  # inches of the panels of Figures 7 and 11
REFERENCE = 0.55  # inches to the right of a panel for the name of its reference


def figure_6(records: Sequence[AttendedImage]) -> Figure:
    """Image and attended image side by side, three of them in a row: brightness is the map over its highest patch."""
    pairs = min(3, len(records))
    pair, row = 2 * SIDE + GAP + 0.22, SIDE + 0.34
    title = f"{records[0].model}: attention from the output to the input"
    height = -(-len(records) // pairs) * row - 0.08
    sheet = Sheet(max(pairs * pair - 0.22, 3.6), height, title, subtitle=records[0].view, above=0.3)
    for place, record in enumerate(records):
        left, above = sheet.left + place % pairs * pair, sheet.top + place // pairs * row
        for heading, start, pixels in (("input", left, record.pixels), ("attention", left + SIDE + GAP, _lit(record))):
            if place < pairs:
                sheet.write(start, sheet.top - 0.17, [heading], SMALL, QUIET)
            axes = sheet.axes(start, above, SIDE, SIDE)
            axes.imshow(pixels, interpolation="nearest")
            axes.set_axis_off()
        sheet.write(left, above + SIDE + 0.05, [shortened(_answer(record), SMALL, pair - 0.25)], SMALL, INK)
    return sheet.figure


def _lit(record: AttendedImage) -> Pixels:
    """Pixels times the map over its highest patch."""
    rows, columns = (np.arange(p) * m // p for p, m in zip(record.pixels.shape, record.map.shape, strict=False))
    light = (record.map / record.map.max())[rows[:, None], columns]
    return (record.pixels * light[..., None]).round().astype(np.uint8)


def _answer(record: AttendedImage) -> str:
    predicted = record.classes[record.predicted]
    if record.label is None or record.right:
        return predicted
    return f"{predicted} (is {record.classes[record.label]})"


def figure_7(
    components: Floats, similarity: Floats, distances: Doubles | None, uniform: float, model: str,
    filters: str = "patch embedding",
) -> Figure:  # fmt: skip
    """Three panels: components of the first filters, similarity of positions, attention distance.

    Args:
        components: (n, p, p, C) in [0, 1], of ``filter_components``.
        similarity: (gh, gw, gh, gw) cosines, of ``position_similarity``.
        distances: (L, H) pixels, of ``attention_distance``; None, without images, leaves the last panel out.
        uniform: distance in pixels of uniform attention.
        model: name and age, for the title.
        filters: what the filters are of.
    """
    breadth = 2 * PANEL + 1.4 if distances is None else 3 * PANEL + 2.28 + REFERENCE
    sheet = Sheet(breadth, PANEL + 0.45, model, above=0.45)
    headings = (f"{filters}: {len(components)} principal components", "similarity of positions", "attention distance")
    lefts = (sheet.left, sheet.left + PANEL + 0.72, sheet.left + 2 * PANEL + 2.15)
    for left, heading in zip(lefts, headings[: 2 if distances is None else 3], strict=False):
        sheet.write(left, sheet.top - 0.33, [heading], TEXT, INK)
    _draw_filters(sheet, lefts[0], sheet.top, components)
    _draw_similarity(sheet, lefts[1], sheet.top, similarity)
    if distances is not None:
        _draw_distances(sheet.axes(lefts[2] + 0.1, sheet.top, PANEL, PANEL), distances, uniform)
    return sheet.figure


def _draw_filters(page: Page, left: float, top: float, components: Floats) -> None:
    columns = min(7, len(components))
    rows = -(-len(components) // columns)
    step = min(PANEL / columns, PANEL / rows)
    for place, component in enumerate(components):
        size = step - 0.04
        axes = page.axes(left + place % columns * step, top + place // columns * step, size, size)
        grey = component.shape[-1] == 1
        axes.imshow(
            component[..., 0] if grey else component[..., :3], cmap="gray", vmin=0, vmax=1, interpolation="nearest"
        )
        axes.set_axis_off()


def _draw_similarity(page: Page, left: float, top: float, similarity: Floats) -> None:
    """One tile per patch, at its place: its similarity with every patch."""
    rows, columns = similarity.shape[:2]
    step = PANEL / max(rows, columns)
    gap = 0.1 * step
    across, down = columns * step - gap, rows * step - gap
    outer = page.axes(left + 0.2, top, across, down)
    side = 1 - gap / step  # of a tile, in steps
    for row in range(rows):
        for column in range(columns):
            outer.imshow(similarity[row, column], cmap=DIFFERENCES, norm=Normalize(-1, 1), interpolation="nearest",
                         aspect="auto", extent=(column, column + side, row + side, row))  # fmt: skip
    outer.spines[:].set_visible(False)
    every = -(-max(rows, columns) // 8)  # a number at most every so many patches
    outer.set(xlim=(0, columns - 1 + side), ylim=(rows - 1 + side, 0))
    for axis, count in ((outer.xaxis, columns), (outer.yaxis, rows)):
        shown = range(0, count, every)
        axis.set_ticks([place + side / 2 for place in shown], [str(place + 1) for place in shown])
    outer.tick_params(length=0, pad=2)
    name_axes(outer, "column of patches", "row of patches")
    bar = page.colour_bar(left + 0.2 + across + 0.12, top, down, DIFFERENCES, [-1, 0, 1], ["−1", "0", "1"])
    bar.set_ylabel("cosine", fontproperties=font(SMALL - 0.5), color=QUIET, labelpad=1)


def figure_11(distances: Doubles, uniform: float, model: str) -> Figure:
    """Mean attention distance of each head by depth; the arguments are those of :func:`figure_7`."""
    note = "One dot per head, mean over patches and images; without the class token's share. Dashed: uniform attention."
    title, breadth = "Attention distance by head and depth", PANEL + 0.53 + REFERENCE
    lines = wrap(model, TEXT, PANEL)[:2]
    sheet = Sheet(breadth, PANEL, title, above=0.52, below=0.5, notes=[note])
    sheet.write(sheet.left + 0.5, sheet.top - 0.07 - lines_height(len(lines), TEXT), lines, TEXT, INK)
    _draw_distances(sheet.axes(sheet.left + 0.5, sheet.top, PANEL, PANEL), distances, uniform)
    return sheet.figure


def _draw_distances(axes: Axes, distances: Doubles, uniform: float) -> None:
    layers, count = distances.shape
    for head in range(count):
        axes.plot(np.arange(1, layers + 1), distances[:, head], ls="none", marker="o", ms=4, mec="none", alpha=0.8,
                  color=LINES[head % len(LINES)], zorder=3)  # fmt: skip
    axes.axhline(uniform, color=QUIET, lw=0.9, ls=(0, (4, 2)), zorder=2)
    axes.set(xlim=(0.5, layers + 0.5), ylim=(0, 1.12 * max(uniform, float(np.nanmax(distances)))))
    axes.annotate(f"uniform\n{uniform:.1f}", (1, uniform), xycoords=("axes fraction", "data"), xytext=(4, 0),
                  textcoords="offset points", ha="left", va="center", fontproperties=font(SMALL - 0.5), color=QUIET)  # fmt: skip
    add_grid(axes)
    axes.xaxis.set_major_locator(MaxNLocator(min(layers, 8), integer=True, min_n_ticks=1))
    name_axes(axes, "layer", "mean attention distance (pixels)")
