"""The page of a picture: title, subtitle, body and notes; and what the panels of several pictures share. Sizes in inches."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure

from reproductions.evaluation.plots.style import (
    FAINT,
    INK,
    PAPER,
    QUIET,
    SMALL,
    TEXT,
    TITLE,
    font,
    lines_height,
    width,
    wrap,
)

MARGIN = 0.16  # at the left and the right
ABOVE, BELOW = 0.14, 0.12  # at the top and the bottom


class Page:
    """A white figure of a given size; places are distances from its top left corner."""

    def __init__(self, page_width: float, page_height: float) -> None:
        self.width, self.height = page_width, page_height
        self.figure = Figure(figsize=(page_width, page_height), facecolor=PAPER)

    def axes(self, left: float, top: float, axes_width: float, axes_height: float) -> Axes:
        """Plain axes with their top left corner at (left, top)."""
        bottom, size = 1 - (top + axes_height) / self.height, (axes_width / self.width, axes_height / self.height)
        axes = self.figure.add_axes((left / self.width, bottom, *size), facecolor=PAPER)
        axes.tick_params(labelsize=SMALL, labelcolor=INK, color=QUIET, length=2.5, width=0.6,
                         labelfontfamily="DejaVu Sans")  # fmt: skip
        for spine in axes.spines.values():
            spine.set(color=QUIET, linewidth=0.6)
        return axes

    def write(
        self, left: float, top: float, lines: Sequence[str], size: float, colour: str = INK, bold: bool = False
    ) -> float:
        """Lines of text from (left, top) downwards; returns where the next line would begin."""
        for line in lines:
            self.figure.text(left / self.width, 1 - top / self.height, line, fontproperties=font(size, bold), color=colour,
                             ha="left", va="top", parse_math=False)  # fmt: skip
            top += lines_height(1, size)
        return top

    def write_centred(self, middle: float, top: float, text: str, size: float, colour: str = INK) -> None:
        """One line of text around the middle."""
        self.write(middle - width(text, size) / 2, top, [text], size, colour)

    def write_beside(self, left: float, middle: float, lines: Sequence[str], size: float, bold: bool = False) -> None:
        """Lines of text around a height: the name of a row."""
        self.write(left, middle - lines_height(len(lines), size) / 2, lines, size, bold=bold)

    def colour_bar(
        self,
        left: float,
        top: float,
        height: float,
        colours: Colormap,
        ticks: Sequence[float],
        labels: Sequence[str] | None = None,
    ) -> Axes:
        """An upright bar of colours from the first tick to the last, with numbers at its right."""
        axes = self.axes(left, top, 0.11, height)
        bar = self.figure.colorbar(ScalarMappable(Normalize(ticks[0], ticks[-1]), colours), cax=axes)
        bar.set_ticks(list(ticks), labels=labels)
        bar.outline.set(linewidth=0.6, edgecolor=QUIET)
        axes.tick_params(labelsize=SMALL - 0.5, labelcolor=QUIET, color=QUIET, length=2, width=0.5, pad=2)
        return axes


class Sheet(Page):
    """A page with a title and a subtitle above its body and notes below, each wrapped to the body's breadth.

    The body has its corner at (left, top) and the size breadth by height. above is the room between subtitle and body, as for
    headings of panels, below that between body and notes; subtitle_size is in points.
    """

    def __init__(  # noqa: PLR0913  # the body, the texts around it, and the room between
        self,
        breadth: float,
        height: float,
        title: str,
        *,
        above: float,
        subtitle: str = "",
        subtitle_size: float = TEXT,
        below: float = 0.0,
        notes: Sequence[str] = (),
    ) -> None:
        heading = wrap(title, TITLE, breadth, bold=True)
        under = wrap(subtitle, subtitle_size, breadth) if subtitle else []
        beneath = [line for note in notes for line in wrap(note, SMALL, breadth)]
        self.left, self.breadth = MARGIN, breadth
        self.top = ABOVE + lines_height(len(heading), TITLE) + lines_height(len(under), subtitle_size) + above
        end = self.top + height + below
        super().__init__(breadth + 2 * MARGIN, end + lines_height(len(beneath), SMALL) + BELOW)
        self.write(MARGIN, self.write(MARGIN, ABOVE, heading, TITLE, bold=True), under, subtitle_size, QUIET)
        self.write(MARGIN, end, beneath, SMALL, QUIET)


def hide_spines(axes: Axes, *sides: str) -> None:
    """Hide sides of the frame: "top", "right", "bottom", "left"."""
    axes.spines[list(sides)].set_visible(False)


def add_grid(axes: Axes, both: bool = False) -> None:
    """Faint lines behind the drawing, at the ticks of the upright axis or of both; the frame stays open."""
    hide_spines(axes, "top", "right")
    axes.grid(axis="both" if both else "y", color=FAINT, lw=0.6)
    axes.set_axisbelow(True)


def name_axes(axes: Axes, across: str = "", up: str = "", size: float = SMALL) -> None:
    """Write on the axes what they show, with units."""
    if across:
        axes.set_xlabel(across, fontproperties=font(size), color=INK)
    if up:
        axes.set_ylabel(up, fontproperties=font(size), color=INK)
