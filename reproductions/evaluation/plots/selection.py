"""Which view of a model aligns: alignment error rate for every layer, head and shift. Which finds the object in an image."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from reproductions.evaluation.measures.alignment import AlignmentScores
from reproductions.evaluation.plots.sheet import Page
from reproductions.evaluation.plots.style import (
    ACCENT,
    INK,
    PAPER,
    QUIET,
    SMALL,
    TEXT,
    TITLE,
    WEIGHTS,
    font,
    lines_height,
    width,
    wrap,
)
from reproductions.evaluation.views.alignment import View
from reproductions.evaluation.views.image import WORDS, ImageView

CELL = (0.46, 0.3)  # inches
SHIFTS = {0: "read as each word is written", 1: "read one step later"}
# Of a view of images: measure -> heading, and the values that are white and dark; None for the highest of the table.
FOUND: Mapping[str, tuple[str, float, float | None]] = {
    "auroc": ("AUROC", 0.5, 1.0),
    "energy_gain": ("map on object, times chance", 1.0, None),
    "ground_top1": ("highest patch on the ground", 1.0, 0.0),
}
TILE = (0.78, 0.37)  # inches
BESIDE = 4  # heads, up to which the panels stand side by side
WEIGHED = {False: "weights", True: "weights times value norms"}


def view_grid(
    table: Mapping[View, AlignmentScores],
    chosen: View,
    model: str,
    by: str = "gold links",
    diagonal: float | None = None,
) -> Figure:
    """AER in percent of every view: a panel a shift, layers down, heads across; the chosen one in a box.

    Views with value norms stand in a second row. Darker is better. by says what the links are. diagonal is the AER of
    the diagonal, below which a view has learned to align (a fraction). Raises ValueError if the chosen view is not in
    the table.
    """
    if chosen not in table:
        raise ValueError(f"the chosen view {chosen} is not among the {len(table)} views of the table")
    layers, heads, shifts, norms = (list(dict.fromkeys(column)) for column in zip(*map(_key, table), strict=True))
    size = (CELL[0] * len(heads), CELL[1] * len(layers))
    left = max(width(f"layer {layer}" if layer != "mean" else "mean", SMALL) for layer in layers) + 0.3
    panel = max(left + size[0], left + width(SHIFTS[0], TEXT) + 0.2)
    breadth, height = max(len(shifts) * panel, 5.2), 0.78 + size[1]
    lines = wrap(_note(table[chosen], chosen.describe(_last(layers), _last(heads)), by, diagonal), SMALL, breadth)
    title = wrap(f"{model}: alignment error rate (%) of every view", TITLE, breadth, bold=True)
    top = 0.14 + lines_height(len(title), TITLE) + 0.12
    page = Page(breadth + 0.3, top + len(norms) * height + 0.1 + lines_height(len(lines), SMALL) + 0.12)
    page.write(0.16, 0.14, title, TITLE, bold=True)
    for (down, norm), (across, shift) in product(enumerate(norms), enumerate(shifts)):
        start, above = 0.16 + across * panel + left, top + down * height
        page.write(start, above, [WEIGHED[norm], SHIFTS[shift]], TEXT, QUIET)
        axes = page.axes(start, above + 0.62, *size)
        rates = np.array([[100 * table[View(layer, head, shift, norm)].aer for head in heads] for layer in layers])
        _panel(axes, rates, layers, heads)
        if (chosen.shift, chosen.norms) == (shift, norm):
            corner = (heads.index(chosen.head) - 0.5, layers.index(chosen.layer) - 0.5)
            axes.add_patch(Rectangle(corner, 1, 1, fill=False, ec=ACCENT, lw=2.2, clip_on=False, zorder=4))
    page.write(0.16, top + len(norms) * height + 0.1, lines, SMALL, QUIET)
    return page.figure


def _panel(axes: Axes, rates: NDArray[np.float64], layers: Sequence[int | str], heads: Sequence[int | str]) -> None:
    axes.imshow(rates, cmap=WEIGHTS.reversed(), norm=Normalize(0, 100), aspect="auto")
    axes.xaxis.tick_top()
    axes.set_xticks(range(len(heads)), [str(head) for head in heads])
    axes.set_yticks(range(len(layers)), [f"layer {layer}" if layer != "mean" else "mean" for layer in layers])
    axes.tick_params(length=0)
    axes.set_xlabel("head", fontproperties=font(SMALL), color=QUIET, labelpad=2)
    axes.xaxis.set_label_position("top")
    for (row, column), rate in np.ndenumerate(rates):
        axes.text(column, row, f"{rate:.0f}", ha="center", va="center", fontproperties=font(SMALL),
                  color=PAPER if rate < 50 else INK)  # fmt: skip


def _key(view: View) -> tuple[int | str, int | str, int, bool]:
    return view.layer, view.head, view.shift, view.norms


def _last(choices: Sequence[int | str]) -> int:
    return max((choice for choice in choices if isinstance(choice, int)), default=1)


def _note(scores: AlignmentScores, chosen: str, by: str, diagonal: float | None) -> str:
    note = (
        f"Chosen, in the box: {chosen}. AER {100 * scores.aer:.1f}\u00a0%, precision {100 * scores.precision:.1f}\u00a0%, "
        f"recall {100 * scores.recall:.1f}\u00a0% on {scores.sentences:,} sentences, against {by}."
    )
    return note if diagonal is None else f"{note} The diagonal alone has {100 * diagonal:.1f}\u00a0%."


# --- Images -----------------------------------------------------------------------------------------------------------

Measured = Mapping[ImageView, Mapping[str, Sequence[float]]]  # view -> measure -> value, or value, lower and upper end


def image_view_grid(table: Measured, chosen: ImageView, title: str, note: str) -> Figure:
    """How well each view of an attention model finds the object: a panel a measure, layers down, heads across, and beneath
    them the views that mix layers and heads. Darker is better; the chosen view stands in a box.

    Args:
        table: at least one view of a layer and head. Values without ends are drawn without an interval.
        chosen: one of them; raises ValueError for another.
        title: model and split.
        note: how many images.
    """
    if chosen not in table:
        raise ValueError(f"the chosen view {chosen} is not among the {len(table)} views of the table")
    single = [view for view in table if view.kind == "cls"]
    layers, heads = (list(dict.fromkeys(column)) for column in zip(*((v.layer, v.head) for v in single), strict=True))
    grid = [[ImageView("cls", layer, head) for head in heads] for layer in layers]
    mixed = [[view] for view in table if view.kind != "cls"]
    names = [f"layer {layer}" if layer != "mean" else "mean of layers" for layer in layers]
    words = [WORDS[view.kind] for (view,) in mixed]
    left = max(width(name, SMALL) for name in [*names, *words]) + 0.12
    size = (TILE[0] * len(heads), TILE[1] * len(grid))
    panel = (max(size[0], width(FOUND["ground_top1"][0], TEXT)) + 0.25, size[1] + TILE[1] * len(mixed) + 0.85)
    across = len(FOUND) if len(heads) <= BESIDE else 1
    breadth = left + across * panel[0]
    heading = wrap(title, TITLE, breadth, bold=True)
    lines = wrap(f"Maps of the class token against the masks of {note} Darker is better. In the box: the view that is shown.",
                 SMALL, breadth)  # fmt: skip
    top = 0.14 + lines_height(len(heading), TITLE) + 0.12
    down = -(-len(FOUND) // across)
    page = Page(breadth + 0.32, top + down * panel[1] + lines_height(len(lines), SMALL) + 0.14)
    page.write(0.16, 0.14, heading, TITLE, bold=True)
    for place, measure in enumerate(FOUND):
        start, above = 0.16 + left + place % across * panel[0], top + place // across * panel[1]
        page.write(start, above, [FOUND[measure][0]], TEXT, INK)
        labelled = place % across == 0
        upper = page.axes(start, above + 0.5, *size)
        _tiles(upper, table, measure, grid, names if labelled else [], chosen)
        upper.xaxis.tick_top()
        upper.set_xticks(range(len(heads)), [str(head) for head in heads])
        upper.set_xlabel("head", fontproperties=font(SMALL), color=QUIET, labelpad=2)
        upper.xaxis.set_label_position("top")
        if mixed:
            lower = page.axes(start, above + 0.5 + size[1] + 0.1, TILE[0], TILE[1] * len(mixed))
            _tiles(lower, table, measure, mixed, words if labelled else [], chosen)
    page.write(0.16, top + down * panel[1], lines, SMALL, QUIET)
    return page.figure


def _tiles(  # noqa: PLR0913  # where, what, and how it is called
    axes: Axes, table: Measured, measure: str, grid: list[list[ImageView]], names: Sequence[str], chosen: ImageView
) -> None:
    """One tile a view, with its value and, where it is known, the interval beneath."""
    _, white, dark = FOUND[measure]
    if dark is None:
        dark = max(2.0, *(one[measure][0] for one in table.values() if measure in one))
    shares = np.array(
        [[(table[view].get(measure, [white])[0] - white) / (dark - white) for view in row] for row in grid]
    )
    axes.imshow(shares, cmap=WEIGHTS, norm=Normalize(0, 1), aspect="auto")
    axes.set_xticks([])
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    digits = 1 if measure == "energy_gain" else 2
    for (row, column), share in np.ndenumerate(shares):
        view = grid[row][column]
        value, *ends = table[view].get(measure, [np.nan])
        colour = PAPER if share > 0.5 else INK
        axes.text(column, row - (0.16 if ends else 0), f"{value:.{digits}f}", ha="center", va="center", color=colour,
                  fontproperties=font(SMALL), gid=f"{measure}/{view}")  # fmt: skip
        if ends:
            between = " to ".join(f"{end:.{digits}f}" for end in ends)
            axes.text(
                column, row + 0.22, between, ha="center", va="center", color=colour, fontproperties=font(SMALL - 2)
            )
        if view == chosen:
            axes.add_patch(
                Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=ACCENT, lw=2.2, clip_on=False, zorder=4)
            )
