"""Alignment pictures: one record, several models on the same words, several sentences on a page."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from reproductions.evaluation.measures.alignment import alignment_error_rate
from reproductions.evaluation.measures.attention import agreement, check_same_words, health
from reproductions.evaluation.plots.panel import Panel
from reproductions.evaluation.plots.sheet import MARGIN, Page
from reproductions.evaluation.plots.style import CHANGE, COLOUR, PlotStyle
from reproductions.evaluation.records.translation import AlignedTranslation

BETWEEN = 0.3  # inches between panels
WIDEST = 13.0  # inches; a page of several panels breaks its rows here


def alignment(record: AlignedTranslation) -> Figure:
    """One record: source across, target down, model and view above, numbers below."""
    return alignment_grid([record])


def alignment_strip(records: Sequence[AlignedTranslation], notes: bool = True) -> Figure:
    """Several models over the same source and target, on the same axes. Raises ValueError if the words differ.

    notes: whether each has its step, its view and its numbers beside its name.
    """
    check_same_words(records)
    return _page([_strip(records, notes)])


def difference(first: AlignedTranslation, second: AlignedTranslation, notes: bool = True) -> Figure:
    """Two models over the same words, and second minus first on a scale from -1 to 1 with 0 white.

    Raises ValueError if the words differ.
    """
    same = agreement(first, second)
    change = Panel(
        first,
        CHANGE,
        title="Difference",
        subtitle=f"{second.model} minus {first.model}" if notes else "",
        caption=[
            f"largest weight on the same word: {100 * same.same_largest:.0f} % of target words",
            f"Jensen-Shannon divergence: {same.divergence:.2f} (0 equal, 1 disjoint)",
        ]
        if notes
        else [],
        weights=second.weights - first.weights,
        words=False,
    )
    return _page([[*_strip([first, second], notes), change]])


def alignment_grid(
    records: Sequence[AlignedTranslation], style: PlotStyle = COLOUR, widest: float = WIDEST, notes: bool = True
) -> Figure:
    """Several sentences or models on one page, each with its own words, in rows of at most ``widest`` inches."""
    rows: list[list[Panel]] = [[]]
    for record in records:
        panel = _panel(record, style, notes)
        panel.bar, panel.legend = False, not any(other.legend_rows for row in rows for other in row)
        if rows[-1] and sum(other.width + BETWEEN for other in rows[-1]) + panel.width > widest:
            rows.append([])
        rows[-1].append(panel)
    rows[0][-1].bar = True
    return _page(rows)


def _page(rows: Sequence[Sequence[Panel]]) -> Figure:
    """Panels in rows; the matrices of a row begin at one height."""
    above = [max(panel.above for panel in row) for row in rows]
    below = [max(panel.matrix[1] + panel.below for panel in row) for row in rows]
    breadth = max(sum(panel.width for panel in row) + BETWEEN * (len(row) - 1) for row in rows)
    height = sum(above) + sum(below) + BETWEEN * (len(rows) - 1)
    page = Page(breadth + 2 * MARGIN, height + 2 * MARGIN)
    top = MARGIN
    for row, over, under in zip(rows, above, below, strict=True):
        left = MARGIN
        for panel in row:
            panel.draw(page, left, top, top + over)
            left += panel.width + BETWEEN
        top += over + under + BETWEEN
    return page.figure


def _strip(records: Sequence[AlignedTranslation], notes: bool) -> list[Panel]:
    """Panels side by side: target words and legend at the first, the colour bar at the last."""
    panels = [_panel(record, COLOUR, notes) for record in records]
    for place, panel in enumerate(panels):
        panel.words = panel.legend = place == 0
        panel.bar = place == len(panels) - 1
    return panels


def _panel(record: AlignedTranslation, style: PlotStyle, notes: bool) -> Panel:
    if not notes:
        return Panel(record, style, title=record.model.partition(", step")[0], subtitle="", caption=[])
    return Panel(record, style, title=record.model, subtitle=record.view, caption=caption(record))


def caption(record: AlignedTranslation) -> list[str]:
    """Lines that say which sentence and whose words these are, how good and how sharp."""
    lines = [f"{record.where} · {record.about}"]
    if record.gold is not None:
        scores = alignment_error_rate([record])
        lines.append(
            f"AER {_percent(scores.aer)} · precision {_percent(scores.precision)} · recall {_percent(scores.recall)}"
        )
    measured = health([record])
    numbers = [f"entropy {measured.entropy:.2f}", f"mean largest weight {measured.confidence:.2f}"]
    if not np.isnan(measured.end_mass):
        numbers.append(f"weight on (end) {_percent(measured.end_mass)}")
    if record.score is not None:
        numbers.append("log-probability " + f"{record.score:z.2f}".replace("-", "−"))
    lines.append(" · ".join(numbers))
    sums = record.weights.sum(axis=1)
    if sums.min() < 0.995:
        lines.append(f"rows sum to {sums.min():.2f} to {sums.max():.2f}, not to 1")
    if not record.forced and record.reference is not None:
        lines.append(f"reference: {record.reference}")
    return lines


def _percent(fraction: float) -> str:
    return "undefined" if np.isnan(fraction) else f"{100 * fraction:.1f} %"
