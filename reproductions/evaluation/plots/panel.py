"""One matrix of weights with its words, drawn to measure: the part that all alignment pictures share.

The matrix has square cells: source words across, target words down. ``</s>`` stands apart, in a thin column and a thin row; its
column shows the weight of each target word on it in percent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.plots.gold import draw_gold, draw_legend
from reproductions.evaluation.plots.ruler import Ruler
from reproductions.evaluation.plots.sheet import Page
from reproductions.evaluation.plots.style import (
    FAINT,
    INK,
    PAPER,
    POINTS,
    QUIET,
    SMALL,
    TEXT,
    TITLE,
    PlotStyle,
    font,
    lines_height,
    width,
    wrap,
)
from reproductions.evaluation.records.translation import AlignedTranslation

BAR = 0.68  # inches to the right of a matrix for the colour bar and its labels
LEGEND = 4.7  # inches of the legend in one row
NARROWEST = 3.4  # inches; a title and a caption need this much


@dataclass
class Panel:
    """A record's matrix with title, words, numbers, and the room that they need, in inches."""

    record: AlignedTranslation
    style: PlotStyle
    title: str
    subtitle: str
    caption: Sequence[str]
    weights: Floats | None = None  # (T, S) to show, if not the record's own
    words: bool = True  # False leaves out the target words, for a panel beside another one
    bar: bool = True  # whether the colour bar stands at its right
    legend: bool = True  # whether the marks of gold links are explained below
    across: Ruler = field(init=False)
    down: Ruler = field(init=False)
    cell: float = field(init=False)

    def __post_init__(self) -> None:
        if self.weights is None:
            self.weights = self.record.weights
        self.across = Ruler.along(self.record.source, self.style.apart)
        self.down = Ruler.along(self.record.target, self.style.apart)
        longest = max(len(self.record.source), len(self.record.target))
        self.cell = float(np.interp(longest, [8, 16, 32, 64], [0.36, 0.31, 0.24, 0.18]))

    @property
    def type_size(self) -> float:
        """Of the words, in points."""
        return min(10.0, self.cell * POINTS * 0.62)

    @property
    def matrix(self) -> tuple[float, float]:
        """Width and height of the matrix."""
        return self.across.length * self.cell, self.down.length * self.cell

    @property
    def headings(self) -> list[str]:
        """The source words; after ``</s>`` the unit of the numbers in its column."""
        shown = self.across.shown
        return [*shown[:-1], f"{shown[-1]} %"] if self.across.has_end else shown

    @property
    def left(self) -> float:
        """Room for the target words."""
        if not self.words:
            return 0.12
        names = max(width(name, SMALL) for name in self.record.axes)
        return 0.1 + max(names, *(width(word, self.type_size) for word in self.down.shown))

    @property
    def right(self) -> float:
        """Room for the colour bar and for the last source words, which lean over the edge."""
        slope = np.cos(np.radians(self.rotation))
        reach = [
            centre * self.cell + slope * width(word, self.type_size) + 0.08
            for centre, word in zip(self.across.centres, self.headings, strict=True)
        ]
        overhang = max(reach) - self.matrix[0]
        return max(BAR if self.bar else 0.0, overhang if self.rotation < 90 else 0.0, 0.05)

    @property
    def rotation(self) -> float:
        """Of the source words, in degrees; upright where cells are narrow, and as in the paper."""
        return 55.0 if self.cell > 0.2 and self.style.apart else 90.0

    @property
    def words_height(self) -> float:
        """Room for the source words above the matrix."""
        longest = max(width(word, self.type_size) for word in self.headings)
        lean = np.radians(self.rotation)
        return float(np.sin(lean) * longest + np.cos(lean) * self.type_size / POINTS) + 0.12

    @property
    def width(self) -> float:
        return max(self.left + self.matrix[0] + self.right, NARROWEST)

    @property
    def heading(self) -> tuple[list[str], list[str]]:
        """Title and subtitle in lines that fit."""
        return wrap(self.title, TITLE, self.width, bold=True), wrap(self.subtitle, TEXT, self.width)

    @property
    def above(self) -> float:
        title, subtitle = self.heading
        return lines_height(len(title), TITLE) + lines_height(len(subtitle), TEXT) + 0.06 + self.words_height

    @property
    def below(self) -> float:
        return 0.12 + lines_height(len(self.caption_lines), SMALL) + 0.2 * self.legend_rows

    @property
    def caption_lines(self) -> list[str]:
        return [line.removeprefix("· ") for text in self.caption for line in wrap(text, SMALL, self.width)]

    @property
    def has_gold(self) -> bool:
        return self.style.gold and self.record.gold is not None

    @property
    def legend_rows(self) -> int:
        """Rows of the legend of gold links, 0 for none."""
        return (1 if self.width > LEGEND else 2) if self.has_gold and self.legend else 0

    def draw(self, page: Page, edge: float, start: float, top: float) -> None:
        """Draw from the left edge; the title begins at start, the matrix at top, in inches down the page."""
        left = edge + self.left
        title, subtitle = self.heading
        start = page.write(edge, start, title, TITLE, bold=True)
        page.write(edge, start, subtitle, TEXT, QUIET)
        axes = page.axes(left, top, *self.matrix)
        self._draw_cells(axes)
        self._draw_words(axes)
        if self.style.apart:
            self._print_end(axes)
        if self.has_gold:
            draw_gold(axes, self.record, self.cell)
        if self.bar:
            self._draw_bar(page, left + self.matrix[0] + 0.14, top)
        under = page.write(edge, top + self.matrix[1] + 0.12, self.caption_lines, SMALL, QUIET)
        if self.legend_rows:
            draw_legend(page, edge, under + 0.04, columns=4 // self.legend_rows)

    def _draw_cells(self, axes: Axes) -> None:
        assert self.weights is not None
        axes.set(xlim=(0, self.across.length), ylim=(self.down.length, 0), aspect="equal")
        axes.spines[:].set_visible(False)
        norm = Normalize(self.style.lowest, 1.0)
        for rows, first, last in self.down.spans:
            for columns, start, stop in self.across.spans:
                block = self.weights[rows, columns]
                axes.imshow(block, cmap=self.style.colours, norm=norm, extent=(start, stop, last, first),
                            interpolation="nearest", aspect="equal", zorder=1)  # fmt: skip
                if self.style.grid:
                    inner_columns = np.linspace(start, stop, block.shape[1] + 1)[1:-1]
                    inner_rows = np.linspace(first, last, block.shape[0] + 1)[1:-1]
                    axes.vlines(inner_columns, first, last, colors=FAINT, linewidth=0.5, zorder=2)
                    axes.hlines(inner_rows, start, stop, colors=FAINT, linewidth=0.5, zorder=2)
                size = (stop - start, last - first)
                axes.add_patch(Rectangle((start, first), *size, fill=False, ec=QUIET, lw=0.6, zorder=3, clip_on=False))
        axes.set(xlim=(0, self.across.length), ylim=(self.down.length, 0))

    def _draw_words(self, axes: Axes) -> None:
        axes.xaxis.tick_top()
        axes.set_xticks(self.across.centres, self.headings)
        axes.set_yticks(self.down.centres, self.down.shown if self.words else [""] * len(self.down.words))
        axes.tick_params(length=0, pad=3)
        upright = self.rotation == 90
        for label in axes.get_xticklabels():
            va = "center" if upright else "baseline"
            label.set(rotation=self.rotation, rotation_mode="anchor", ha="left", va=va)
        labels = (*axes.get_xticklabels(), *axes.get_yticklabels())
        for label, ending in zip(labels, self.across.is_end + self.down.is_end, strict=True):
            label.set(fontproperties=font(self.type_size), color=QUIET if ending else INK, parse_math=False)
        if self.words:
            for name, lift in zip(self.record.axes, (1, 0), strict=True):
                axes.annotate(name, (0, 1), xycoords="axes fraction", xytext=(-4, 4 + lift * SMALL * 1.3),
                              textcoords="offset points", ha="right", va="bottom", color=QUIET,
                              fontproperties=font(SMALL, italic=True))  # fmt: skip

    def _print_end(self, axes: Axes) -> None:
        """The share of weight on the source's ``</s>``, in percent, in its cells."""
        if not self.across.has_end:
            return
        assert self.weights is not None
        size = min(6.5, self.cell * POINTS * 0.36)
        for centre, weight in zip(self.down.centres, self.weights[:, -1].tolist(), strict=True):
            if abs(weight) >= 0.005:
                text = f"{100 * weight:.0f}".replace("-", "−")
                colour = PAPER if abs(weight) > 0.55 else INK
                axes.text(float(self.across.centres[-1]), float(centre), text, fontproperties=font(size), color=colour,
                          ha="center", va="center_baseline", zorder=6)  # fmt: skip

    def _draw_bar(self, page: Page, left: float, top: float) -> None:
        ticks = np.linspace(self.style.lowest, 1, 5).tolist()
        axes = page.colour_bar(left, top, min(self.matrix[1], 2.2), self.style.colours, ticks)
        axes.set_ylabel(self.style.scale, fontproperties=font(SMALL - 0.5), color=QUIET, labelpad=3)
