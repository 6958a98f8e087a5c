"""Several measures of several systems: one row per system, one panel per measure."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from reproductions.evaluation.plots.sheet import MARGIN, Sheet, hide_spines
from reproductions.evaluation.plots.style import INK, LINES, QUIET, SMALL, TEXT, font, width

ROW, PANEL, BETWEEN = 0.34, 1.35, 0.55  # inches: height of a row, breadth of a panel, room between panels


def rungs(
    names: Sequence[str],
    columns: Mapping[str, Sequence[float | None]],
    title: str,
    note: str,
    bounds: Mapping[str, Sequence[tuple[float, float]]] | None = None,
) -> Figure:
    """Bars with their numbers; None is written as a dash. Each panel has its own scale, from 0.

    bounds: of each row of a column, the interval that is drawn through the end of its bar.
    """
    left, height = max(width(name, TEXT) for name in names) + 0.15, ROW * len(names)
    breadth = left + len(columns) * (PANEL + BETWEEN) - MARGIN  # the room after the last panel holds its numbers
    sheet = Sheet(breadth, height, title, above=0.52, below=0.1, notes=[note])
    for row, name in enumerate(names):
        sheet.write_beside(sheet.left, sheet.top + (row + 0.5) * ROW, [name], TEXT)
    for place, (measure, values) in enumerate(columns.items()):
        start = sheet.left + left + place * (PANEL + BETWEEN)
        sheet.write(start, sheet.top - 0.3, [measure], TEXT, QUIET)
        axes = sheet.axes(start, sheet.top, PANEL, height)
        hide_spines(axes, "top", "right", "bottom")
        intervals = (bounds or {}).get(measure, [(value or 0.0,) * 2 for value in values])
        highest = max(high for _, high in intervals)
        axes.set(xlim=(0, highest or 1.0), ylim=(len(names) - 0.5, -0.5), xticks=[], yticks=[])
        for row, (value, (low, high)) in enumerate(zip(values, intervals, strict=True)):
            axes.barh(row, value or 0.0, height=0.62, color=LINES[0], lw=0)
            if low < high:
                axes.plot([low, high], [row, row], color=INK, lw=1.0)
            axes.annotate(_number(value), (high, row), xytext=(3, 0), textcoords="offset points", ha="left",
                          va="center", fontproperties=font(SMALL), color=INK, annotation_clip=False)  # fmt: skip
    return sheet.figure


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"
