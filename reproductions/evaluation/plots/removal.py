"""Deletion and insertion beside controls: how the probability of a class goes as patches go or come."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reproductions.evaluation.plots.sheet import MARGIN, Sheet, add_grid, name_axes
from reproductions.evaluation.plots.style import DASHES, INK, LINES, QUIET, SMALL, TEXT, lines_height, shortened

PANEL, HEIGHT, GAP, ROW = 2.5, 2.1, 0.62, 0.24  # inches: breadth and height of a panel, between panels, a row beneath
COLOURS = (LINES[1], LINES[0], LINES[2], LINES[3], LINES[4], LINES[5])
PANELS = {
    "deletion": ("deletion", "patches removed, highest first", "lower = the class depends more on these patches"),
    "insertion": ("insertion", "patches put back, highest first", "higher = these patches suffice sooner"),
}


def removal(changed: Sequence[float], maps: Mapping[str, Mapping[str, Any]], title: str, note: str) -> Figure:
    """Two panels of mean curves with 95 % bands, and beneath them the area under each curve with its interval.

    Args:
        changed: (S + 1), the share of patches that have changed.
        maps: by name; the first is the map in question, the others are controls. Each has under "all" the area of each way, and
            under "curves" every step of each way, as (value, low, high).
        title: model and split.
        note: how many images, and what replaces a patch.
    """
    table = HEIGHT + 0.6  # where the rows beneath the panels begin
    breadth, height = 0.42 + 2 * PANEL + GAP + 0.1, table + ROW * (len(maps) + 1)
    sheet = Sheet(breadth, height, title, above=0.44, notes=[note])
    for place, way in enumerate(PANELS):
        _panel(sheet, sheet.left + 0.42 + place * (PANEL + GAP), way, changed, maps)
    _areas(sheet, sheet.top + table, maps)
    return sheet.figure


def _panel(
    sheet: Sheet, left: float, way: str, changed: Sequence[float], maps: Mapping[str, Mapping[str, Any]]
) -> None:
    name, across, better = PANELS[way]
    sheet.write(left, sheet.top - 0.38, [name], TEXT, INK)
    sheet.write(left, sheet.top - 0.21, [better], SMALL - 0.5, QUIET)
    axes = sheet.axes(left, sheet.top, PANEL, HEIGHT)
    for number, (label, row) in reversed(list(enumerate(maps.items()))):
        line = _line(number)
        value, low, high = (np.array(part) for part in zip(*row["curves"][way], strict=True))
        axes.fill_between(changed, low, high, color=line["color"], alpha=0.14, lw=0, zorder=2)
        axes.plot(changed, value, zorder=4 - 0.1 * number, gid=f"{way}/{label}", clip_on=False, **line)
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    axes.set_xticklabels(["0", "50 %", "100 %"])
    name_axes(axes, across, "probability of the predicted class" if way == "deletion" else "")
    add_grid(axes, both=True)


def _areas(sheet: Sheet, top: float, maps: Mapping[str, Mapping[str, Any]]) -> None:
    """One row per map: its line, its name, its two areas."""
    lefts = {"deletion": sheet.width - MARGIN - 3.1, "insertion": sheet.width - MARGIN - 1.5}
    for way, left in lefts.items():
        sheet.write(left, top, [f"area, {way}"], SMALL, QUIET)
    for number, (label, row) in enumerate(maps.items()):
        above = top + ROW * (number + 1) - 0.03
        y = 1 - (above + lines_height(1, SMALL) / 2) / sheet.height
        ends = [sheet.left / sheet.width, (sheet.left + 0.34) / sheet.width]
        sheet.figure.add_artist(Line2D(ends, [y, y], **_line(number)))
        name = shortened(label, SMALL, lefts["deletion"] - sheet.left - 0.5, bold=True)
        sheet.write(sheet.left + 0.42, above, [name], SMALL, INK, bold=number == 0)
        for way, left in lefts.items():
            value, low, high = row["all"][way]
            sheet.write(left, above, [f"{value:.2f} ({low:.2f} to {high:.2f})"], SMALL, INK, bold=number == 0)


def _line(number: int) -> dict[str, Any]:
    """The line of a map: thick and solid for the first, which is in question."""
    dash = "solid" if number == 0 else DASHES[number % len(DASHES)]
    return {"color": COLOURS[number % len(COLOURS)], "lw": 2.0 if number == 0 else 1.2, "ls": dash}
