"""BLEU against sentence length, one curve per model. Names stand at the ends of the lines."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproductions.evaluation.measures.lengths import LengthCurve
from reproductions.evaluation.plots.sheet import Sheet, add_grid, name_axes
from reproductions.evaluation.plots.style import DASHES, LINES, MARKERS, PAPER, POINTS, SMALL, TEXT, font, width

FIGURE_2 = (4.8, 3.0)  # inches of the plot of BLEU against length


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
        colour, dash = LINES[number % len(LINES)], DASHES[number % len(DASHES)]
        axes.fill_between(x, low, high, color=colour, alpha=0.16, lw=0, zorder=2)
        marker = MARKERS[number % len(MARKERS)]
        axes.plot(x, y, color=colour, ls=dash, lw=1.6, marker=marker, ms=4.5, mec=PAPER, mew=0.5, zorder=3)
        ends.append((x[-1], y[-1], curve.name, colour))
    axes.set_xlim(0, curves[0].bins[-1].high + 1)
    axes.set_ylim(0, max(5.0, *(group.bleu.high for curve in curves for group in curve.bins)) * 1.04)
    name_axes(axes, "source length (words between spaces)", "BLEU", TEXT)
    _name_ends(axes, ends, FIGURE_2[1])
    return sheet.figure


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
