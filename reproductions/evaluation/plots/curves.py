"""Curves: BLEU against sentence length, and scores over training. Names stand at the ends of the lines."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reproductions.evaluation.measures.lengths import LengthCurve
from reproductions.evaluation.plots.sheet import Page, Sheet, add_grid, name_axes
from reproductions.evaluation.plots.style import DASHES, LINES, MARKERS, PAPER, POINTS, SMALL, TEXT, font, width

PANEL = (2.9, 1.9)  # inches of one training panel
FIGURE_2 = (4.8, 3.0)  # inches of the plot of BLEU against length


class Curve(NamedTuple):
    """One run's values of one measure ("validation loss", unit "nats a word") over steps."""

    run: str
    measure: str
    unit: str
    steps: Sequence[int]
    values: Sequence[float]


def bleu_by_length(curves: Sequence[LengthCurve]) -> Figure:
    """Figure 2 of Bahdanau et al. 2014: BLEU against source length, with 95 % bootstrap bands, of curves over the same bins."""
    breadth = 0.46 + FIGURE_2[0] + max(width(curve.name, TEXT) for curve in curves) + 0.22
    title, note = "BLEU against source length", _bins_note(curves[0])
    sheet = Sheet(breadth, FIGURE_2[1], title, above=0.29, below=0.5, notes=[note])
    axes = sheet.axes(sheet.left + 0.46, sheet.top, *FIGURE_2)
    add_grid(axes)
    ends = []
    for number, curve in enumerate(curves):
        x, y = [group.mean_length for group in curve.bins], [group.bleu.value for group in curve.bins]
        low, high = [group.bleu.low for group in curve.bins], [group.bleu.high for group in curve.bins]
        colour, dash = _line(number)
        axes.fill_between(x, low, high, color=colour, alpha=0.16, lw=0, zorder=2)
        marker = MARKERS[number % len(MARKERS)]
        axes.plot(x, y, color=colour, ls=dash, lw=1.6, marker=marker, ms=4.5, mec=PAPER, mew=0.5, zorder=3)
        ends.append((x[-1], y[-1], curve.name, colour))
    axes.set_xlim(0, curves[0].bins[-1].high + 1)
    axes.set_ylim(0, max(5.0, *(group.bleu.high for curve in curves for group in curve.bins)) * 1.04)
    name_axes(axes, "source length (words between spaces)", "BLEU", TEXT)
    _name_ends(axes, ends, FIGURE_2[1])
    return sheet.figure


def training_curves(curves: Sequence[Curve]) -> Figure:
    """Small multiples over training steps: one panel per measure, one line per run, shared steps."""
    measures = list(dict.fromkeys((curve.measure, curve.unit) for curve in curves))
    runs = list(dict.fromkeys(curve.run for curve in curves))
    names = max(width(run, SMALL) for run in runs) + 0.2
    columns = min(3, len(measures))
    cell = (0.62 + PANEL[0] + names, 0.42 + PANEL[1] + 0.5)
    page = Page(columns * cell[0] + 0.15, -(-len(measures) // columns) * cell[1] + 0.1)
    last = max(max(curve.steps) for curve in curves)
    for place, (measure, unit) in enumerate(measures):
        left, top = place % columns * cell[0], place // columns * cell[1]
        axes = page.axes(left + 0.62, top + 0.42, *PANEL)
        add_grid(axes)
        page.write(left + 0.16, top + 0.12, [measure], TEXT, bold=True)
        ends = []
        for curve in curves:
            if (curve.measure, curve.unit) != (measure, unit):
                continue
            colour, dash = _line(runs.index(curve.run))
            axes.plot(curve.steps, curve.values, color=colour, ls=dash, lw=1.4)
            ends.append((curve.steps[-1], curve.values[-1], curve.run, colour))
        axes.set_xlim(0, last)
        if unit == "%":
            axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        name_axes(axes, "training step", unit)
        _name_ends(axes, ends, PANEL[1])
    return page.figure


def _line(number: int) -> tuple[str, Any]:
    """Colour and dashes of one of several lines."""
    return LINES[number % len(LINES)], DASHES[number % len(DASHES)]


def _name_ends(axes: Axes, ends: Sequence[tuple[float, float, str, str]], inches: float) -> None:
    """The name of each line at the right edge, at the height of its end; names that would overlap are moved apart."""
    low, high = axes.get_ylim()
    step = SMALL * 1.25 / POINTS / inches
    order = sorted(range(len(ends)), key=lambda place: ends[place][1])
    wanted = [(ends[place][1] - low) / (high - low) for place in order]
    for place, height in zip(order, _spread(wanted, step), strict=True):
        _, _, name, colour = ends[place]
        axes.annotate(name, (1, height), xycoords="axes fraction", xytext=(6, 0), textcoords="offset points",
                      ha="left", va="center", fontproperties=font(SMALL, bold=True), color=colour,
                      parse_math=False)  # fmt: skip


def _spread(heights: Sequence[float], step: float) -> list[float]:
    """Rising heights, moved as little as possible to lie a step apart: neighbours that touch share their mean."""
    groups: list[tuple[float, int]] = []  # (middle, members)
    for height in heights:
        middle, members = height, 1
        while groups and groups[-1][0] + (groups[-1][1] - 1) * step / 2 + step > middle - (members - 1) * step / 2:
            before, count = groups.pop()
            middle = (before * count + middle * members) / (count + members)
            members += count
        groups.append((middle, members))
    return [middle + (place - (members - 1) / 2) * step for middle, members in groups for place in range(members)]


def _bins_note(curve: LengthCurve) -> str:
    counts = ", ".join(f"{group.low}–{group.high}: {group.sentences:,}" for group in curve.bins)
    return (
        "Corpus BLEU (sacreBLEU, 13a) of each bin at its mean length; bands are 95 % bootstrap intervals. "
        f"Sentences by source words: {counts}."
    )
