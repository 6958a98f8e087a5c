"""How well maps find the object, beside their controls; and which classes a model confuses, and how sure it is."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from reproductions.evaluation.arrays import Ints
from reproductions.evaluation.measures.bootstrap import Interval
from reproductions.evaluation.measures.calibration import Reliability
from reproductions.evaluation.plots.sheet import Page, Sheet, hide_spines, name_axes
from reproductions.evaluation.plots.style import (
    FAINT,
    INK,
    LINES,
    PAPER,
    POINTS,
    QUIET,
    SMALL,
    TEXT,
    WEIGHTS,
    font,
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
ROW, PANEL, NUMBER, NAME = 0.4, 1.15, 0.42, 3.0  # inches; a longer name takes two lines
RELIABILITY = 2.3  # inches of the reliability diagram
RIGHT = "correctly classified images"


def beside_controls(
    rows: Mapping[str, Mapping[str, Intervals]], title: str, note: str = "", asked: int = 1, right: str = RIGHT
) -> Figure:
    """One row per map, one panel per measure, with 95 % intervals: filled for all images, hollow for the correctly classified.

    Args:
        rows: by the name of the map, then by group ("all", "right"), then by measure.
        title: model and split.
        note: what else a reader must know.
        asked: how many of the first maps are in question; the others are controls.
        right: the images of the group "right", in words.
    """
    groups = {group for of_map in rows.values() for group in of_map}
    marks = f"Filled: all images; hollow: {right}." if "right" in groups else "Over all images."
    return _figure(rows, title, f"{marks} {note}".strip(), [*rows][:asked])


def located_words(series: Mapping[str, Mapping[str, Intervals]], title: str, note: str, asked: int = 1) -> Figure:
    """How well each kind of word is located: for each kind one row per series, with 95 % intervals over images.

    series: by name, then by kind of word, then by measure; the first ``asked`` are in question, the others are controls.
    """
    kinds = next(iter(series.values()))
    rows = {(kind, name): series[name][kind] for kind in kinds for name in series if kind in series[name]}
    ours = [f"{kind} · {name}" for kind, name in rows if name in [*series][:asked]]
    return _figure({f"{kind} · {name}": {"all": row} for (kind, name), row in rows.items()}, title, note, ours)


def _figure(rows: Mapping[str, Mapping[str, Intervals]], title: str, note: str, asked: Sequence[str]) -> Figure:
    """Panels of rows; the names of those in question are bold."""
    measures = [name for name in HEADINGS if name in next(iter(rows.values()))["all"]]
    names = {name: wrap(name, TEXT, NAME, bold=name in asked) for name in rows}
    left = max(width(line, TEXT, bold=name in asked) for name, lines in names.items() for line in lines) + 0.18
    cell, height = PANEL + NUMBER + 0.14, ROW * len(rows)
    breadth = max(left + len(measures) * cell - 0.06, 3.68)
    note = f"Bars are 95 % bootstrap intervals; dashed lines mark a blind map. {note}"
    sheet = Sheet(breadth, height, title, above=0.5, below=0.32, notes=[note])
    for row, (name, lines) in enumerate(names.items()):
        sheet.write_beside(sheet.left, sheet.top + (row + 0.5) * ROW, lines, TEXT, bold=name in asked)
    for place, measure in enumerate(measures):
        _panel(sheet, sheet.left + left + place * cell, measure, rows, asked)
    return sheet.figure


def _panel(
    sheet: Sheet, left: float, measure: str, rows: Mapping[str, Mapping[str, Intervals]], asked: Sequence[str]
) -> None:
    heading, blind, more = HEADINGS[measure]
    sheet.write(left, sheet.top - 0.38, [heading], TEXT, INK)
    sheet.write(left, sheet.top - 0.21, ["more is better" if more else "less is better"], SMALL - 0.5, QUIET)
    axes = sheet.axes(left, sheet.top, PANEL, ROW * len(rows))
    hide_spines(axes, "top", "right", "left")
    measured = [groups[measure] for row in rows.values() for groups in row.values() if measure in groups]
    highest = max(1.0, 1.05 * max(high for _, _, high in measured)) if measure == "energy_gain" else 1.0
    axes.set(xlim=(0, highest), ylim=(len(rows) - 0.5, -0.5), yticks=[])
    axes.set_xticks([0, blind, highest] if blind is not None else [0, highest])
    axes.set_xticklabels([f"{tick:.3g}" for tick in axes.get_xticks()])
    if blind is not None:
        axes.axvline(blind, color=QUIET, lw=0.8, ls=(0, (4, 2)), zorder=1)
    if highest > 4 and blind is not None:
        axes.set_xticks([blind, highest], [f"{blind:.0f}", f"{highest:.1f}"])
    axes.hlines(np.arange(len(rows)), 0, highest, color=FAINT, lw=0.6, zorder=0)
    for row, (name, groups) in enumerate(rows.items()):
        colour = LINES[1] if name in asked else LINES[0]
        for group, lift, fill, number in (("all", -0.17, colour, INK), ("right", 0.17, PAPER, QUIET)):
            if measure not in groups.get(group, {}):
                continue
            value, low, high = groups[group][measure]
            y = row + lift
            axes.plot([low, high], [y, y], color=colour, lw=1.3, solid_capstyle="butt", zorder=2)
            axes.plot([value], [y], ls="none", marker="o", ms=4, mfc=fill, mec=colour, mew=1.0, zorder=3, clip_on=False,
                      gid=f"{name}/{group}")  # fmt: skip
            kind = font(SMALL - 0.5, bold=name in asked and group == "all")
            axes.annotate(f"{value:.2f}", (1, y), xycoords=("axes fraction", "data"), xytext=(6, 0),
                          textcoords="offset points", ha="left", va="center", color=number, fontproperties=kind)  # fmt: skip


def confusion(matrix: Ints, classes: Sequence[str], bins: Reliability, numbers: tuple[Interval, float],
              title: str) -> Figure:  # fmt: skip
    """Confusion of classes, true ones down and predicted ones across, beside a reliability diagram.

    Args:
        matrix: (K, K) counts.
        classes: K names.
        bins: of ``calibration.reliability``.
        numbers: accuracy with its interval, and the expected calibration error.
        title: model and split.
    """
    count = len(classes)
    cell = float(np.interp(count, [2, 10, 30, 100], [0.5, 0.34, 0.2, 0.08]))
    size = min(SMALL, cell * POINTS * 0.62)
    names, side = max(width(name, size) for name in classes), cell * count
    left, lean = 0.2 + names, 0.82 * names  # room for the names of rows, and for those of columns, which lean
    breadth = left + max(side + max(0.3, names * 0.6), 1.7)  # with the last names of columns
    height = max(lean + side, RELIABILITY + 0.18)
    sheet = Sheet(breadth + 0.55 + RELIABILITY + 0.14, height + 0.73, title, above=0.39)
    axes = sheet.axes(sheet.left + left, sheet.top + lean, side, side)
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
    note = "Predicted class across. Numbers are images, shades their share of the row."
    lines = wrap(note, SMALL, breadth - left)
    sheet.write(sheet.left + left, sheet.top + lean + side + 0.08, lines, SMALL, QUIET)
    _draw_reliability(sheet, sheet.left + breadth + 0.55, sheet.top + height - RELIABILITY, bins, numbers)
    return sheet.figure


def _draw_reliability(page: Page, left: float, top: float, bins: Reliability, numbers: tuple[Interval, float]) -> None:
    accuracy, error = numbers
    interval = f"{100 * accuracy.low:.1f} to {100 * accuracy.high:.1f}"
    lines = [f"accuracy {100 * accuracy.value:.1f} % ({interval})", f"calibration error {100 * error:.1f} %"]
    page.write(left, top - 0.36, lines, SMALL, INK)
    axes = page.axes(left, top, RELIABILITY, RELIABILITY)
    hide_spines(axes, "top", "right")
    filled = bins.counts > 0
    axes.plot([0, 1], [0, 1], color=QUIET, lw=0.8, ls=(0, (4, 2)), zorder=1)
    share = bins.counts / bins.counts.sum()
    axes.bar(bins.edges[:-1], share, np.diff(bins.edges), align="edge", color=FAINT, lw=0, zorder=0)
    axes.plot(bins.confidence[filled], bins.accuracy[filled], color=LINES[0], marker="o", ms=4, lw=1.4, zorder=3,
              clip_on=False)  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1))
    name_axes(axes, "probability of the predicted class", "share of correct predictions")
    page.write(left, top + RELIABILITY + 0.5, ["grey: share of the images"], SMALL, QUIET)
