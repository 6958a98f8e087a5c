"""What words lose when attention is changed and when a word goes, model by model: one row each, with 95 % intervals."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reproductions.evaluation.plots.sheet import Sheet, hide_spines
from reproductions.evaluation.plots.style import FAINT, INK, LINES, MARKERS, QUIET, SMALL, TEXT, width

ROW, BETWEEN, MARK = 0.27, 0.4, 4.2  # inches: height of a row, between panels; points of a mark


class Panel(NamedTuple):
    """Where its numbers stand; the words of each mark by measure; its breadth in inches; the least that its axis shows; and what
    a number is multiplied by.
    """

    title: str
    kind: str
    marks: Mapping[str, str]
    breadth: float
    limits: tuple[float, float]
    times: float = 1.0


PANELS = (
    Panel("change of log p, nats", "measures", {
        "left_out": "word looked at left out of the source", "erased": "its weight erased",
        "exchanged": "its weight exchanged with another word's", "left_out_other": "another word left out",
    }, 3.0, (-1.0, 0.1)),
    Panel("rank correlation of weight", "measures", {
        "rank_left_out": "with the effect of leaving out", "rank_erased": "with the effect of erasing",
    }, 1.7, (-0.1, 1.0)),
    Panel("alignment error rate, %", "aligners", {
        "left_out": "effects of leaving out", "weights": "weights", "erased": "effects of erasing",
        "gradient": "gradient times embedding",
    }, 1.7, (0.0, 100.0), 100.0),
)  # fmt: skip


def interventions(lines: Sequence[tuple[str, bool, Mapping[str, Any]]], title: str, note: str) -> Figure:
    """Label, whether it is a whole model, and numbers of each row, see ``experiments.interventions.rows.lines``.

    A panel that no row has numbers for is left out.
    """
    panels = [panel for panel in PANELS if any(panel.marks.keys() & numbers[panel.kind] for *_, numbers in lines)]
    names = [label if whole else f"   {label}" for label, whole, _ in lines]
    left = max(width(name, TEXT, bold=True) for name in names) + 0.2
    breadth = left + sum(panel.breadth + BETWEEN for panel in panels) - BETWEEN + 0.1
    above = 0.34 + 0.16 * max(len(panel.marks) for panel in panels)
    sheet = Sheet(breadth, ROW * len(lines), title, above=above, below=0.34, notes=[note])
    for row, (name, (_, whole, _)) in enumerate(zip(names, lines, strict=True)):
        sheet.write_beside(sheet.left, sheet.top + (row + 0.5) * ROW, [name], TEXT, bold=whole)
    start = sheet.left + left
    for panel in panels:
        _panel(sheet, start, panel, lines, above)
        start += panel.breadth + BETWEEN
    return sheet.figure


def _panel(
    sheet: Sheet, start: float, panel: Panel, lines: Sequence[tuple[str, bool, Mapping[str, Any]]], above: float
) -> None:
    sheet.write(start, sheet.top - above + 0.04, [panel.title], TEXT, INK, bold=True)
    axes = sheet.axes(start, sheet.top, panel.breadth, ROW * len(lines))
    hide_spines(axes, "top", "right", "left")
    axes.set(ylim=(len(lines) - 0.5, -0.5), yticks=[])
    axes.hlines(range(len(lines)), 0, 1, color=FAINT, lw=0.6, zorder=0, transform=axes.get_yaxis_transform())
    axes.axvline(0, color=QUIET, lw=0.8, zorder=1)
    lowest, highest = panel.limits
    for number, (measure, words) in enumerate(panel.marks.items()):
        style = {"color": LINES[number], "marker": MARKERS[number]}
        top = sheet.top - above + 0.22 + 0.16 * number
        place = (start + 0.05) / sheet.width, 1 - (top + 0.065) / sheet.height
        sheet.figure.add_artist(_mark(place, style))
        sheet.write(start + 0.14, top, [words], SMALL, QUIET)
        for row, (*_, numbers) in enumerate(lines):
            if measure in numbers[panel.kind]:
                values = [panel.times * value for value in numbers[panel.kind][measure]]
                lowest, highest = min(lowest, *values), max(highest, *values)
                _interval(axes, row, values, style)
    axes.set_xlim(lowest, highest)
    axes.locator_params(axis="x", nbins=5)


def _mark(place: tuple[float, float], style: Mapping[str, Any]) -> Any:
    return Line2D([place[0]], [place[1]], ms=MARK, ls="none", **style)


def _interval(axes: Axes, row: int, values: Sequence[float], style: Mapping[str, Any]) -> None:
    value, low, high = values
    axes.hlines(row, low, high, color=style["color"], lw=1.6, alpha=0.5, zorder=2)
    axes.plot(value, row, ms=MARK, ls="none", zorder=3, clip_on=False, **style)
