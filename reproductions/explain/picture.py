"""The five steps as one figure, fit for a slide: a row of heat maps, and the followed query's row marked in each."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reproductions.evaluation.plots.style import (
    ACCENT,
    DIFFERENCES,
    INK,
    PAPER,
    QUIET,
    SMALL,
    TEXT,
    TITLE,
    WEIGHTS,
    Page,
    font,
    width,
)
from reproductions.explain.steps import Matrix, Steps

CELL = 0.2  # inches of a word
FEATURE = 0.055  # inches of one number of a vector
GAP, ABOVE, BELOW = 0.35, 1.25, 0.5  # inches between panels, and above and below them

NOTE = (
    "Orange is positive, violet negative, each matrix on a scale of its own; blue is a weight from 0 to 1. The frame marks the "
    "followed query."
)


def figure(steps: Steps) -> Figure:
    """Q, K, V; scores; scaled scores; weights; context: matrices with a row a word."""
    words = 0.15 + max(width(word, SMALL) for word in (*steps.queries, *steps.keys))
    panels = _panels(steps)
    breadths = [matrix.shape[1] * (CELL if columns else FEATURE) for _, matrix, _, columns, _ in panels]
    rows = max(len(matrix) for _, matrix, *_ in panels)
    total = 0.3 + sum(breadth + GAP for breadth in breadths) + words * sum(panel[4] is not None for panel in panels)
    page = Page(total, ABOVE + words + rows * CELL + BELOW)
    page.write(0.16, 0.12, ["Scaled dot-product attention, step by step"], TITLE, bold=True)
    page.write(0.16, 0.34, [f"{steps.where} · followed: {steps.word}"], TEXT, QUIET)
    left = 0.16
    for (title, matrix, colours, columns, labels), breadth in zip(panels, breadths, strict=True):
        left += words if labels is not None else 0.0
        page.write(left, 0.72, title.split("\n"), SMALL, INK)
        axes = page.axes(left, ABOVE + words, breadth, len(matrix) * CELL)
        _draw(axes, matrix, colours, steps.followed if len(matrix) == len(steps.queries) else None)
        if labels is not None:
            axes.set_yticks(range(len(labels)), labels)
        if columns:
            axes.set_xticks(range(len(columns)), columns, rotation=90)
        for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
            label.set(fontproperties=font(SMALL), color=INK, parse_math=False)
        left += breadth + GAP
    page.write(0.16, ABOVE + words + rows * CELL + 0.14, [NOTE], SMALL, QUIET)
    return page.figure


Panel = tuple[str, Matrix, Colormap, Sequence[str], Sequence[str] | None]


def _panels(steps: Steps) -> list[Panel]:
    """Title, matrix, colours, words across and words down; none down where the panel before has them."""
    hidden = np.where(steps.mask, steps.scaled, np.nan)
    return [
        ("1 queries Q", steps.Q, DIFFERENCES, (), steps.queries),
        ("keys K", steps.K, DIFFERENCES, (), steps.keys),
        ("values V", steps.V, DIFFERENCES, (), None),
        ("2 scores\nQ Kᵀ", steps.scores, DIFFERENCES, steps.keys, steps.queries),
        (f"3 scaled, masked\nQ Kᵀ / √{steps.d_k}", hidden, DIFFERENCES, steps.keys, None),
        ("4 softmax\nA", steps.weights, WEIGHTS, steps.keys, None),
        ("5 weighted sum\nA V", steps.context, DIFFERENCES, (), None),
    ]


def _draw(axes: Axes, matrix: Matrix, colours: Colormap, marked: int | None) -> None:
    reach = float(np.nanmax(np.abs(matrix))) or 1.0
    norm = Normalize(0, 1) if colours is WEIGHTS else Normalize(-reach, reach)
    axes.set_facecolor(PAPER)
    axes.imshow(matrix, cmap=colours, norm=norm, aspect="auto", interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=3)
    if marked is not None:
        box = Rectangle((-0.5, marked - 0.5), matrix.shape[1], 1, fill=False, ec=ACCENT, lw=1.2, clip_on=False)
        axes.add_patch(box)
