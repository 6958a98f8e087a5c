"""Several measures of several systems: a row a system, a panel a measure."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from reproductions.evaluation.plots.style import (
    INK,
    LINES,
    QUIET,
    SMALL,
    TEXT,
    TITLE,
    Page,
    font,
    lines_height,
    width,
    wrap,
)

ROW, PANEL, BETWEEN = 0.34, 1.35, 0.55  # inches: height of a row, breadth of a panel, and what lies between panels


def rungs(names: Sequence[str], columns: Mapping[str, Sequence[float | None]], title: str, note: str) -> Figure:
    """Bars with their numbers; None is written as a dash. Each panel has its own scale, from 0.

    Raises ValueError for a column with more or fewer values than there are names.
    """
    for measure, values in columns.items():
        if len(values) != len(names):
            raise ValueError(f"{measure} has {len(values)} values for {len(names)} names: {list(names)}")
    left = 0.16 + max(width(name, TEXT) for name in names) + 0.15
    breadth, height = left + len(columns) * (PANEL + BETWEEN), ROW * len(names)
    lines = wrap(note, SMALL, breadth - 0.32)
    page = Page(breadth, 0.95 + height + lines_height(len(lines), SMALL) + 0.2)
    page.write(0.16, 0.14, [title], TITLE, bold=True)
    for row, name in enumerate(names):
        page.write(0.16, 0.85 + (row + 0.5) * ROW - lines_height(1, TEXT) / 2, [name], TEXT)
    for place, (measure, values) in enumerate(columns.items()):
        start = left + place * (PANEL + BETWEEN)
        page.write(start, 0.55, [measure], TEXT, QUIET)
        axes = page.axes(start, 0.85, PANEL, height)
        known = [value for value in values if value is not None]
        axes.set_xlim(0, max(known, default=1.0) or 1.0)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xticks([])
        axes.set_yticks([])
        for side in ("top", "right", "bottom"):
            axes.spines[side].set_visible(False)
        for row, value in enumerate(values):
            axes.barh(row, value or 0.0, height=0.62, color=LINES[0], lw=0)
            axes.annotate(_number(value), (value or 0.0, row), xytext=(3, 0), textcoords="offset points", ha="left",
                          va="center", fontproperties=font(SMALL), color=INK, annotation_clip=False)  # fmt: skip
    page.write(0.16, 0.95 + height, lines, SMALL, QUIET)
    return page.figure


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"
