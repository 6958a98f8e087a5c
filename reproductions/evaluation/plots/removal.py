"""Deletion and insertion beside controls: how the probability of a class goes as patches go or come."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reproductions.evaluation.plots.sheet import Page
from reproductions.evaluation.plots.style import (
    DASHES,
    FAINT,
    INK,
    LINES,
    QUIET,
    SMALL,
    TEXT,
    TITLE,
    font,
    lines_height,
    width,
    wrap,
)

MARGIN, PANEL, HEIGHT, GAP, ROW = 0.16, 2.5, 2.1, 0.62, 0.24  # inches
COLOURS = (LINES[1], LINES[0], LINES[2], LINES[3], LINES[4], LINES[5])
PANELS = {
    "deletion": ("deletion", "patches gone, highest first", "the lower, the more hung on them"),
    "insertion": ("insertion", "patches put back, highest first", "the higher, the sooner it is seen"),
}


def removal(changed: Sequence[float], maps: Mapping[str, Mapping[str, Any]], title: str, note: str) -> Figure:
    """Two panels of mean curves with 95 % bands, and beneath them the area under each with its interval.

    Args:
        changed: (S + 1), the share of patches that have changed.
        maps: by name; the first is the map in question, the others are controls. Of each, under "all" and "curves", way -> the
            area, and way -> every step, as (value, low, high).
        title: model and split.
        note: how many images, and what comes in a patch's place.

    Raises ValueError for no maps.
    """
    if not maps:
        raise ValueError("deletion and insertion need at least one map to draw")
    breadth = 0.42 + 2 * PANEL + GAP + 0.1
    heading = wrap(title, TITLE, breadth, bold=True)
    lines = wrap(note, SMALL, breadth)
    top = 0.14 + lines_height(len(heading), TITLE) + 0.44
    table = top + HEIGHT + 0.6
    page = Page(breadth + 2 * MARGIN, table + ROW * (len(maps) + 1) + lines_height(len(lines), SMALL) + 0.14)
    page.write(MARGIN, 0.14, heading, TITLE, bold=True)
    for place, way in enumerate(PANELS):
        _panel(page, (MARGIN + 0.42 + place * (PANEL + GAP), top), way, changed, maps)
    _areas(page, table, maps)
    page.write(MARGIN, table + ROW * (len(maps) + 1), lines, SMALL, QUIET)
    return page.figure


def _panel(
    page: Page, corner: tuple[float, float], way: str, changed: Sequence[float], maps: Mapping[str, Mapping[str, Any]]
) -> None:
    name, across, better = PANELS[way]
    left, top = corner
    page.write(left, top - 0.38, [name], TEXT, INK)
    page.write(left, top - 0.21, [better], SMALL - 0.5, QUIET)
    axes = page.axes(left, top, PANEL, HEIGHT)
    for number, (label, row) in reversed(list(enumerate(maps.items()))):
        colour, _ = _look(number)
        value, low, high = (np.array(part) for part in zip(*row["curves"][way], strict=True))
        axes.fill_between(changed, low, high, color=colour, alpha=0.14, lw=0, zorder=2)
        axes.plot(changed, value, color=colour, lw=2.0 if number == 0 else 1.2, ls=_look(number)[1], zorder=4 - 0.1 * number,
                  gid=f"{way}/{label}", clip_on=False)  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    axes.set_xticklabels(["0", "50 %", "100 %"])
    axes.set_xlabel(across, fontproperties=font(SMALL), color=INK)
    if way == "deletion":
        axes.set_ylabel("probability of the predicted class", fontproperties=font(SMALL), color=INK)
    axes.grid(color=FAINT, lw=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _areas(page: Page, top: float, maps: Mapping[str, Mapping[str, Any]]) -> None:
    """A row a map: its line, its name, its two areas."""
    lefts = {"deletion": page.width - MARGIN - 3.1, "insertion": page.width - MARGIN - 1.5}
    for way, left in lefts.items():
        page.write(left, top, [f"area, {way}"], SMALL, QUIET)
    for number, (label, row) in enumerate(maps.items()):
        above = top + ROW * (number + 1) - 0.03
        colour, dash = _look(number)
        y = 1 - (above + lines_height(1, SMALL) / 2) / page.height
        ends = [MARGIN / page.width, (MARGIN + 0.34) / page.width]
        page.figure.add_artist(Line2D(ends, [y, y], color=colour, lw=2.0 if number == 0 else 1.2, ls=dash))
        page.write(
            MARGIN + 0.42, above, [_fitting(label, lefts["deletion"] - MARGIN - 0.5)], SMALL, INK, bold=number == 0
        )
        for way, left in lefts.items():
            value, low, high = row["all"][way]
            page.write(left, above, [f"{value:.2f} ({low:.2f} to {high:.2f})"], SMALL, INK, bold=number == 0)


def _look(number: int) -> tuple[str, Any]:
    return COLOURS[number % len(COLOURS)], "solid" if number == 0 else DASHES[number % len(DASHES)]


def _fitting(text: str, inches: float) -> str:
    while width(text, SMALL, True) > inches:
        text = text[:-2] + "…"
    return text
