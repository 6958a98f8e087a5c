"""How well maps find the object, beside their controls; and which classes a model confuses, and how sure it is."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reproductions.evaluation.measures.bootstrap import Interval
from reproductions.evaluation.measures.calibration import Reliability
from reproductions.evaluation.plots.sheet import Page
from reproductions.evaluation.plots.style import (
    FAINT,
    INK,
    LINES,
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

Intervals = Mapping[str, Sequence[float]]  # measure -> value, lower and upper end
# Measure -> heading, where blind is, and whether more is better.
HEADINGS: Mapping[str, tuple[str, float | None, bool]] = {
    "auroc": ("AUROC", 0.5, True),
    "energy": ("map on object", None, True),
    "energy_gain": ("times chance", 1.0, True),
    "ground_top1": ("highest on ground", None, False),
    "pointing": ("highest on object", None, True),
    "iou60": ("overlap of masks", None, True),
}
MARGIN, ROW, PANEL, NUMBER, NAME = 0.16, 0.4, 1.15, 0.42, 3.0  # inches; a longer name takes two lines
RIGHT = "those classified rightly"


def beside_controls(
    rows: Mapping[str, Mapping[str, Intervals]], title: str, note: str = "", asked: int = 1, right: str = RIGHT
) -> Figure:
    """A row a map, a panel a measure, each with its 95 % interval: filled for all images, hollow for those classified rightly.

    Args:
        rows: by the name of the map, then by group ("all", "right"), then by measure. The first rows are the maps in question,
            the others are controls.
        title: model and split.
        note: what else a reader must know.
        asked: how many maps are in question.
        right: the images of the group "right", in words.

    Raises ValueError for no rows, or where the first lacks a group "all".
    """
    first = next(iter(rows.values()), {})
    if "all" not in first:
        raise ValueError(f"the first of the maps {list(rows)} needs measures of the group 'all', not {list(first)}")
    measures = [name for name in HEADINGS if name in first["all"]]
    names = [wrap(name, TEXT, NAME, bold=place < asked) for place, name in enumerate(rows)]
    left = MARGIN + max(width(line, TEXT, place < asked) for place, name in enumerate(names) for line in name) + 0.18
    cell, height = PANEL + NUMBER + 0.14, ROW * len(rows)
    breadth = max(left + len(measures) * cell + 0.1, 4.0)
    lines = wrap(_note(rows, note, right), SMALL, breadth - 2 * MARGIN)
    heading = wrap(title, TITLE, breadth - 2 * MARGIN, bold=True)
    top = 0.14 + lines_height(len(heading), TITLE) + 0.5
    page = Page(breadth, top + height + 0.32 + lines_height(len(lines), SMALL) + 0.12)
    page.write(MARGIN, 0.14, heading, TITLE, bold=True)
    for row, name in enumerate(names):
        page.write(MARGIN, top + (row + 0.5) * ROW - lines_height(len(name), TEXT) / 2, name, TEXT, bold=row < asked)
    for place, measure in enumerate(measures):
        _panel(page, (left + place * cell, top), measure, rows, asked)
    page.write(MARGIN, top + height + 0.32, lines, SMALL, QUIET)
    return page.figure


def _panel(
    page: Page, corner: tuple[float, float], measure: str, rows: Mapping[str, Mapping[str, Intervals]], asked: int
) -> None:
    heading, blind, more = HEADINGS[measure]
    left, top = corner
    page.write(left, top - 0.38, [heading], TEXT, INK)
    page.write(left, top - 0.21, ["more is better" if more else "less is better"], SMALL - 0.5, QUIET)
    axes = page.axes(left, top, PANEL, ROW * len(rows))
    known = [one[measure] for groups in rows.values() for one in groups.values() if measure in one]
    highest = max(1.0, 1.05 * max(high for _, _, high in known)) if measure == "energy_gain" else 1.0
    axes.set(xlim=(0, highest), ylim=(len(rows) - 0.5, -0.5), yticks=[])
    axes.set_xticks([0, blind, highest] if blind is not None else [0, highest])
    axes.set_xticklabels([f"{tick:.3g}" for tick in axes.get_xticks()])
    if blind is not None:
        axes.axvline(blind, color=QUIET, lw=0.8, ls=(0, (4, 2)), zorder=1)
    if highest > 4 and blind is not None:
        axes.set_xticks([blind, highest], [f"{blind:.0f}", f"{highest:.1f}"])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.hlines(np.arange(len(rows)), 0, highest, color=FAINT, lw=0.6, zorder=0)
    for row, (name, groups) in enumerate(rows.items()):
        colour = LINES[1] if row < asked else LINES[0]
        for group, lift, fill in (("all", -0.17, colour), ("right", 0.17, PAPER)):
            if measure not in groups.get(group, {}):
                continue
            value, low, high = groups[group][measure]
            axes.plot([low, high], [row + lift] * 2, color=colour, lw=1.3, solid_capstyle="butt", zorder=2)
            axes.plot([value], [row + lift], ls="none", marker="o", ms=4, mfc=fill, mec=colour, mew=1.0, zorder=3,
                      clip_on=False, gid=f"{name}/{group}")  # fmt: skip
            axes.annotate(f"{value:.2f}", (1, row + lift), xycoords=("axes fraction", "data"), xytext=(6, 0),
                          textcoords="offset points", ha="left", va="center", color=INK if group == "all" else QUIET,
                          fontproperties=font(SMALL - 0.5, bold=row < asked and group == "all"))  # fmt: skip


def _note(rows: Mapping[str, Mapping[str, Intervals]], note: str, right: str) -> str:
    groups = {group for one in rows.values() for group in one}
    marks = f"Filled: all images; hollow: {right}." if "right" in groups else "Over all images."
    return f"{marks} Bars are 95 % bootstrap intervals; dashed lines are where a blind map lies. {note}".strip()


def confusion(matrix: NDArray[np.int64], classes: Sequence[str], bins: Reliability, numbers: tuple[Interval, float],
              title: str) -> Figure:  # fmt: skip
    """Which classes are taken for which, true ones down and predicted ones across, beside a reliability diagram.

    Args:
        matrix: (K, K) counts.
        classes: K names.
        bins: of ``calibration.reliability``.
        numbers: accuracy with its interval, and the expected calibration error.
        title: model and split.
    """
    count = len(classes)
    if matrix.shape != (count, count):
        raise ValueError(f"a confusion matrix {matrix.shape} does not fit {count} classes {list(classes)}")
    cell = float(np.interp(count, [2, 10, 30, 100], [0.5, 0.34, 0.2, 0.08]))
    size = min(SMALL, cell * 72 * 0.62)
    names = max(width(name, size) for name in classes)
    side = cell * count
    left, top = MARGIN + 0.2 + names, 0.72 + names * 0.82
    reach = left + max(side + max(0.3, names * 0.6), 1.7)
    notes = wrap("Predicted class across. Numbers are images, shades their share of the row.", SMALL, reach - left)
    page = Page(reach + 0.55 + 2.3 + 0.3, max(top + side, 0.9 + 2.3) + 0.85)
    page.write(MARGIN, 0.14, wrap(title, TITLE, page.width - 2 * MARGIN, bold=True)[:1], TITLE, bold=True)
    axes = page.axes(left, top, side, side)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap=WEIGHTS, norm=Normalize(0, 1), interpolation="nearest", aspect="auto")
    axes.xaxis.tick_top()
    axes.set_xticks(range(count), classes, rotation=55, rotation_mode="anchor", ha="left")
    axes.set_yticks(range(count), classes)
    axes.tick_params(length=0, pad=3, labelsize=size)
    if cell >= 0.25:
        for (row, column), number in np.ndenumerate(matrix):
            if number:
                axes.text(column, row, f"{number}", ha="center", va="center", fontproperties=font(min(6.5, cell * 22)),
                          color=PAPER if shares[row, column] > 0.5 else INK)  # fmt: skip
    axes.set_ylabel("true class", fontproperties=font(SMALL), color=QUIET)
    page.write(left, top + side + 0.08, notes, SMALL, QUIET)
    _draw_reliability(page, reach + 0.55, max(0.9, top + side - 2.3), bins, numbers)
    return page.figure


def _draw_reliability(page: Page, left: float, top: float, bins: Reliability, numbers: tuple[Interval, float]) -> None:
    found, error = numbers
    page.write(left, top - 0.36, [f"accuracy {100 * found.value:.1f} % ({100 * found.low:.1f} to {100 * found.high:.1f})",
                                  f"calibration error {100 * error:.1f} %"], SMALL, INK)  # fmt: skip
    axes = page.axes(left, top, 2.3, 2.3)
    filled = bins.counts > 0
    axes.plot([0, 1], [0, 1], color=QUIET, lw=0.8, ls=(0, (4, 2)), zorder=1)
    share = bins.counts / bins.counts.sum()
    axes.bar(bins.edges[:-1], share, np.diff(bins.edges), align="edge", color=FAINT, lw=0, zorder=0)
    axes.plot(
        bins.confidence[filled],
        bins.accuracy[filled],
        color=LINES[0],
        marker="o",
        ms=4,
        lw=1.4,
        zorder=3,
        clip_on=False,
    )
    axes.set(xlim=(0, 1), ylim=(0, 1))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel("probability of the predicted class", fontproperties=font(SMALL), color=INK)
    axes.set_ylabel("part that is right", fontproperties=font(SMALL), color=INK)
    page.write(left, top + 2.3 + 0.5, ["grey: share of the images"], SMALL, QUIET)
