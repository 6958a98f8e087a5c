"""BLEU against sentence length, and cost against training steps, one curve per model. Names stand at the ends of the lines."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproductions.evaluation.measures.lengths import LengthCurve
from reproductions.evaluation.plots.sheet import Sheet, add_grid, name_axes
from reproductions.evaluation.plots.style import DASHES, LINES, MARKERS, PAPER, POINTS, SMALL, TEXT, font, width

PANEL = (4.8, 3.0)  # inches of a plot


def bleu_by_length(curves: Sequence[LengthCurve]) -> Figure:
    """Figure 2 of Bahdanau et al. 2014: BLEU against source length, with 95 % bootstrap bands, of curves over the same bins."""
    notes = [_bins_note(curves[0]), _slopes_note(curves)]
    figure, axes = _plot("BLEU against source length", notes, [curve.name for curve in curves])
    ends = []
    for number, curve in enumerate(curves):
        x, y = [group.mean_length for group in curve.bins], [group.bleu.value for group in curve.bins]
        low, high = [group.bleu.low for group in curve.bins], [group.bleu.high for group in curve.bins]
        axes.fill_between(x, low, high, color=LINES[number % len(LINES)], alpha=0.16, lw=0, zorder=2)
        ends.append(_line(axes, number, curve.name, x, y))
    axes.set_xlim(0, curves[0].bins[-1].mean_length + 6)
    axes.set_ylim(0, max(5.0, *(group.bleu.high for curve in curves for group in curve.bins)) * 1.04)
    name_axes(axes, "source length (words between spaces)", "BLEU", TEXT)
    _name_ends(axes, ends)
    return figure


def learning_curves(curves: Mapping[str, Sequence[tuple[int, float]]], split: str) -> Figure:
    """Figure 5 of Luong et al. 2015: cost (natural logarithm of the perplexity) of a split against training steps, by name."""
    note = (
        f"Cost on {split}: mean negative log-likelihood of a word of the references, in nats; one mark per validation."
    )
    figure, axes = _plot("Learning curves", [note], [*curves])
    ends = [_line(axes, number, name, *zip(*curve, strict=True)) for number, (name, curve) in enumerate(curves.items())]
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1.06 * max(cost for curve in curves.values() for _, cost in curve))
    name_axes(axes, "training steps", "cost (ln perplexity)", TEXT)
    _name_ends(axes, ends)
    return figure


def _plot(title: str, notes: Sequence[str], names: Sequence[str]) -> tuple[Figure, Axes]:
    """A sheet with one plot, and room at its right for the names."""
    breadth = 0.46 + PANEL[0] + max(width(name, TEXT) for name in names) + 0.22
    sheet = Sheet(breadth, PANEL[1], title, above=0.29, below=0.5, notes=notes)
    axes = sheet.axes(sheet.left + 0.46, sheet.top, *PANEL)
    add_grid(axes)
    return sheet.figure, axes


End = tuple[float, float, str, str]  # of a line: x, y, name, colour


def _line(axes: Axes, number: int, name: str, x: Sequence[float], y: Sequence[float]) -> End:
    """Draw the line of this number."""
    colour, dash = LINES[number % len(LINES)], DASHES[number % len(DASHES)]
    marker = MARKERS[number % len(MARKERS)]
    axes.plot(x, y, color=colour, ls=dash, lw=1.6, marker=marker, ms=4.5, mec=PAPER, mew=0.5, zorder=3)
    return x[-1], y[-1], name, colour


def _name_ends(axes: Axes, ends: Sequence[End]) -> None:
    """The name of each line at the right edge, at the height of its end; names that would overlap are moved apart."""
    low, high = axes.get_ylim()
    step = SMALL * 1.25 / POINTS / PANEL[1]
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


def _slopes_note(curves: Sequence[LengthCurve]) -> str:
    slopes = []
    for curve in curves:
        value, low, high = (f"{10 * bound:z.1f}".replace("-", "−") for bound in curve.slope)
        slopes.append(f"{curve.name} {value} ({low} to {high})")
    return f"BLEU for ten more words of the source, by a line through the bins: {', '.join(slopes)}."
