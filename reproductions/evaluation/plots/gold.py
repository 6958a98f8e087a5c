"""Gold links over a matrix as boxes, and the hard links of the attention as dots or crosses."""

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke

from reproductions.evaluation.measures.alignment import gold_of, links_of
from reproductions.evaluation.plots.sheet import Page
from reproductions.evaluation.plots.style import ACCENT, INK, PAPER, POINTS, QUIET, SMALL, font
from reproductions.evaluation.records.translation import AlignedTranslation

DASHED = (0, (2.2, 1.6))  # points on, points off


def draw_gold(axes: Axes, record: AlignedTranslation, cell: float) -> None:
    """Sure links in solid boxes, possible ones in dashed boxes; a hard link is a dot on gold, else a cross.

    axes has words at 0 to 1, 1 to 2, ...; cell is the side of a cell in inches.
    """
    gold = gold_of(record)
    thick = max(0.8, 5.5 * cell)
    for row, column in sorted(gold.possible):
        sure = (row, column) in gold.sure
        line = thick if sure else 0.6 * thick
        axes.add_patch(_box(row, column, PAPER, line + 1.2))  # an edge that keeps it visible on dark cells
        box = axes.add_patch(_box(row, column, ACCENT, line))
        box.set_linestyle("solid" if sure else DASHED)
    size = cell * POINTS
    for row, column in sorted(links_of(record)):
        on_gold = (row, column) in gold.possible
        axes.add_line(_dot(row, column, 0.26 * size) if on_gold else _cross(row, column, 0.36 * size))


def draw_legend(page: Page, left: float, top: float, columns: int) -> None:
    """What the marks mean, from (left, top) inches."""
    entries: dict[str, Artist] = {
        "sure link": Rectangle((0, 0), 1, 1, fill=False, ec=ACCENT, lw=1.6),
        "possible link": Rectangle((0, 0), 1, 1, fill=False, ec=ACCENT, lw=1.0, ls=DASHED),
        "largest weight on a link": _dot(0, 0, 5),
        "largest weight elsewhere": _cross(0, 0, 6),
    }
    page.figure.legend(
        list(entries.values()),
        list(entries),
        loc="upper left",
        bbox_to_anchor=(left / page.width, 1 - top / page.height),
        ncols=columns,
        prop=font(SMALL - 0.5),
        labelcolor=QUIET,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.1,
        handleheight=1.1,
        handletextpad=0.5,
        columnspacing=1.2,
    )


def _box(row: int, column: int, colour: str, line: float) -> Rectangle:
    return Rectangle((column + 0.08, row + 0.08), 0.84, 0.84, fill=False, ec=colour, lw=line, zorder=4)


def _dot(row: int, column: int, size: float) -> Line2D:
    """A white dot in the middle of a cell, size in points."""
    dot = Line2D([column + 0.5], [row + 0.5], marker="o", ls="none", ms=size, zorder=5)
    dot.set(mfc=PAPER, mec=INK, mew=0.6)
    return dot


def _cross(row: int, column: int, size: float) -> Line2D:
    """A black cross with a white edge in the middle of a cell, size in points."""
    cross = Line2D([column + 0.5], [row + 0.5], marker="x", ls="none", ms=size, mec=INK, mew=1.3, zorder=5)
    cross.set_path_effects([Stroke(linewidth=3.0, foreground=PAPER), Normal()])
    return cross
