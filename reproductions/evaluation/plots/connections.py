"""Self-attention as lines between two columns of the same words: Figures 3 to 5 of Vaswani et al. 2017."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.plots.ruler import Ruler
from reproductions.evaluation.plots.sheet import Sheet
from reproductions.evaluation.plots.style import INK, LINES, QUIET, SMALL, TEXT, font, width

ROW, BETWEEN = 0.175, 0.45  # inches: height of a word, room between panels
LEAST = 0.02  # a weight that is drawn; a thinner line would only be grey
NOTE = "Left the word that attends, right the words it attends to; the stronger a line, the larger its weight. (end) is </s>."


class Connected(NamedTuple):
    """A sentence that attends to itself."""

    heading: str
    words: tuple[str, ...]  # N, ``</s>`` last if the model attends to it
    heads: Mapping[int, Floats]  # number of the head, from 1 -> weights (N, N): one colour per number
    only: int | None = None  # the one word whose lines are drawn; None for all


def connections(panels: Sequence[Connected], title: str, subtitle: str, rule: str) -> Figure:
    """Panels side by side, as many lines between two words as heads. ``rule`` says how sentence, words and heads were chosen."""
    rulers = [Ruler.along(panel.words, apart=False) for panel in panels]
    columns = [max(width(word, TEXT) for word in ruler.shown) + 0.12 for ruler in rulers]
    breadths = [2 * column + _lines_breadth(panel) for panel, column in zip(panels, columns, strict=True)]
    height = ROW * max(len(panel.words) for panel in panels)
    breadth = max(sum(breadths) + BETWEEN * (len(panels) - 1), 4.6)
    sheet = Sheet(breadth, height, title, subtitle=subtitle, above=0.5, below=0.1, notes=[rule, NOTE])
    left = sheet.left
    for panel, ruler, column, across in zip(panels, rulers, columns, breadths, strict=True):
        sheet.write(left, sheet.top - 0.4, [panel.heading], TEXT, INK, bold=True)
        _draw_legend(sheet, left, panel)
        axes = sheet.axes(left, sheet.top, across, ROW * len(panel.words))
        axes.set(xlim=(0, across), ylim=(len(panel.words), 0))
        axes.set_axis_off()
        _draw_words(axes, ruler, column, panel.only)
        _draw_lines(axes, panel, column, across - column)
        left += across + BETWEEN
    return sheet.figure


def _lines_breadth(panel: Connected) -> float:
    """Room between the columns: wider for long sentences, whose lines would be too steep."""
    return min(1.9, max(1.1, 0.09 * len(panel.words)))


def _draw_legend(sheet: Sheet, left: float, panel: Connected) -> None:
    """The number of each head in its colour."""
    for head in panel.heads:
        name = f"head {head}"
        sheet.write(left, sheet.top - 0.22, [name], SMALL, colour_of(head), bold=True)
        left += width(name, SMALL, bold=True) + 0.14


def colour_of(head: int) -> str:
    """The colour of a head, by its number from 1."""
    return LINES[(head - 1) % len(LINES)]


def _draw_words(axes: Axes, ruler: Ruler, column: float, only: int | None) -> None:
    """Both columns; of the left one only the chosen word in ink, if there is one."""
    right = axes.get_xlim()[1]
    for place, (word, centre) in enumerate(zip(ruler.shown, ruler.centres, strict=True)):
        chosen = only in (None, place)
        for x, side, colour in (
            (column - 0.06, "right", INK if chosen else QUIET),
            (right - column + 0.06, "left", INK),
        ):
            axes.text(x, centre, word, ha=side, va="center", color=colour, parse_math=False,
                      fontproperties=font(TEXT, bold=only == place and side == "right"))  # fmt: skip


def _draw_lines(axes: Axes, panel: Connected, left: float, right: float) -> None:
    """From the middle of each word to that of another; the heads beside each other, so that none covers another."""
    attending = range(len(panel.words)) if panel.only is None else [panel.only]
    for place, (head, weights) in enumerate(panel.heads.items()):
        shift = 0.5 + (place - (len(panel.heads) - 1) / 2) * min(0.16, 0.7 / len(panel.heads))
        for row in attending:
            for column, weight in enumerate(weights[row]):
                if weight >= LEAST:
                    axes.plot([left, right], [row + shift, column + shift], color=colour_of(head), lw=1.5,
                              alpha=float(weight), solid_capstyle="butt", gid=f"head {head}: {row} to {column}")  # fmt: skip
