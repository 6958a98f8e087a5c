"""How well each view of a translator aligns, and how well each view of a classifier finds the object."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reproductions.evaluation.measures.alignment import AlignmentScores
from reproductions.evaluation.plots.sheet import Sheet
from reproductions.evaluation.plots.style import ACCENT, INK, PAPER, QUIET, SMALL, TEXT, WEIGHTS, font, width
from reproductions.evaluation.views.alignment import SHIFTS, WITH_NORMS, View
from reproductions.evaluation.views.image import WORDS, ImageView

CELL = (0.46, 0.3)  # inches
# Of a view of images: measure -> heading, and the values that are white and dark; None for the highest of the table.
FOUND: Mapping[str, tuple[str, float, float | None]] = {
    "auroc": ("AUROC", 0.5, 1.0),
    "energy_gain": ("map on object, times chance", 1.0, None),
    "ground_top1": ("highest patch on the ground", 1.0, 0.0),
}
TILE = (0.78, 0.37)  # inches
BESIDE = 4  # heads, up to which the panels stand side by side


def view_grid(
    table: Mapping[View, AlignmentScores],
    chosen: View,
    model: str,
    by: str = "gold links",
    diagonal: float | None = None,
) -> Figure:
    """AER in percent of every view: one panel per shift, layers down, heads across; the chosen one in a box.

    Views with value norms stand in a second row. Stronger blue is better. by: where the links come from. diagonal: the AER of the
    diagonal (a fraction), which a view must beat.
    """
    layers, heads, shifts, norms = (list(dict.fromkeys(column)) for column in zip(*map(_key, table), strict=True))
    size = (CELL[0] * len(heads), CELL[1] * len(layers))
    names = [f"layer {layer}" if layer != "mean" else "mean" for layer in layers]
    left = max(width(name, SMALL) for name in names) + 0.3
    panel, height = left + max(size[0], width(SHIFTS[0], TEXT) + 0.2), 0.78 + size[1]
    title = f"{model}: alignment error rate (%) of every view"
    note = _note(table[chosen], chosen.describe(_last(layers), _last(heads)), by, diagonal)
    breadth = max(len(shifts) * panel, 5.2)
    sheet = Sheet(breadth, len(norms) * height, title, above=0.12, below=0.1, notes=[note])
    for (down, norm), (across, shift) in product(enumerate(norms), enumerate(shifts)):
        start, above = sheet.left + across * panel + left, sheet.top + down * height
        sheet.write(start, above, [WITH_NORMS if norm else "weights", SHIFTS[shift]], TEXT, QUIET)
        axes = sheet.axes(start, above + 0.62, *size)
        rates = np.array([[100 * table[View(layer, head, shift, norm)].aer for head in heads] for layer in layers])
        axes.imshow(rates, cmap=WEIGHTS.reversed(), norm=Normalize(0, 100), aspect="auto")
        axes.set_yticks(range(len(names)), names)
        _head_axis(axes, heads)
        for (row, column), rate in np.ndenumerate(rates):
            colour = PAPER if rate < 50 else INK
            _print(axes, column, row, f"{rate:.0f}", colour)
        if (chosen.shift, chosen.norms) == (shift, norm):
            _box(axes, heads.index(chosen.head), layers.index(chosen.layer))
    return sheet.figure


def _head_axis(axes: Axes, heads: Sequence[int | str]) -> None:
    axes.xaxis.tick_top()
    axes.set_xticks(range(len(heads)), [str(head) for head in heads])
    axes.tick_params(length=0)
    axes.set_xlabel("head", fontproperties=font(SMALL), color=QUIET, labelpad=2)
    axes.xaxis.set_label_position("top")


def _print(
    axes: Axes, x: float, y: float, text: str, colour: str, size: float = SMALL, name: str | None = None
) -> None:
    axes.text(x, y, text, ha="center", va="center", color=colour, fontproperties=font(size), gid=name)


def _box(axes: Axes, column: int, row: int) -> None:
    corner = (column - 0.5, row - 0.5)
    axes.add_patch(Rectangle(corner, 1, 1, fill=False, ec=ACCENT, lw=2.2, clip_on=False, zorder=4))


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


Measured = Mapping[ImageView, Mapping[str, Sequence[float]]]  # view -> measure -> value, or value, lower and upper end


def image_view_grid(table: Measured, chosen: ImageView, title: str, note: str) -> Figure:
    """How well each view of an attention model finds the object: one panel per measure, layers down, heads across.

    Beneath stand the views that mix layers and heads. Stronger blue is better; a box marks the chosen view. table: at least one
    view of a layer and head. title: model and split. note: how many images.
    """
    single = [view for view in table if view.kind == "cls"]
    layers, heads = (list(dict.fromkeys(column)) for column in zip(*(view.part for view in single), strict=True))
    grid = [[ImageView("cls", layer, head) for head in heads] for layer in layers]
    mixed = [[view] for view in table if view.kind != "cls"]
    names = [f"layer {layer}" if layer != "mean" else "mean of layers" for layer in layers]
    words = [WORDS[view.kind] for (view,) in mixed]
    left = max(width(name, SMALL) for name in [*names, *words]) + 0.12
    size = (TILE[0] * len(heads), TILE[1] * len(grid))
    panel = (max(size[0], width(FOUND["ground_top1"][0], TEXT)) + 0.25, size[1] + TILE[1] * len(mixed) + 0.85)
    across = len(FOUND) if len(heads) <= BESIDE else 1
    down = -(-len(FOUND) // across)
    note = f"Maps of the class token against the masks of {note} Stronger blue is better. In the box: the view that is shown."
    sheet = Sheet(left + across * panel[0], down * panel[1], title, above=0.12, notes=[note])
    for place, measure in enumerate(FOUND):
        row, column = divmod(place, across)
        start, above = sheet.left + left + column * panel[0], sheet.top + row * panel[1]
        sheet.write(start, above, [FOUND[measure][0]], TEXT, INK)
        upper = sheet.axes(start, above + 0.5, *size)
        _draw_tiles(upper, table, measure, grid, chosen)
        _head_axis(upper, heads)
        upper.set_yticks(range(len(grid)), names if column == 0 else [""] * len(grid))
        if mixed:
            lower = sheet.axes(start, above + 0.5 + size[1] + 0.1, TILE[0], TILE[1] * len(mixed))
            _draw_tiles(lower, table, measure, mixed, chosen)
            lower.set_xticks([])
            lower.set_yticks(range(len(mixed)), words if column == 0 else [""] * len(mixed))
    return sheet.figure


def _draw_tiles(axes: Axes, table: Measured, measure: str, grid: list[list[ImageView]], chosen: ImageView) -> None:
    """One tile per view, with its value and its interval, if any, beneath."""
    _, white, dark = FOUND[measure]
    if dark is None:
        dark = max(2.0, *(row[measure][0] for row in table.values() if measure in row))
    shares = np.array(
        [[(table[view].get(measure, [white])[0] - white) / (dark - white) for view in row] for row in grid]
    )
    axes.imshow(shares, cmap=WEIGHTS, norm=Normalize(0, 1), aspect="auto")
    axes.tick_params(length=0)
    digits = 1 if measure == "energy_gain" else 2
    for (row, column), share in np.ndenumerate(shares):
        view, colour = grid[row][column], PAPER if share > 0.5 else INK
        value, *ends = table[view].get(measure, [np.nan])
        _print(axes, column, row - 0.16 if ends else row, f"{value:.{digits}f}", colour, name=f"{measure}/{view}")
        if ends:
            _print(axes, column, row + 0.22, " to ".join(f"{end:.{digits}f}" for end in ends), colour, SMALL - 2)
        if view == chosen:
            _box(axes, column, row)
