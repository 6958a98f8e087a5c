"""The five steps as one page that opens without a network: numbers in tables, matrices as drawings."""

import numpy as np
from matplotlib.colors import Colormap, to_hex

from reproductions.compare.report import template
from reproductions.evaluation.plots.style import DIFFERENCES, WEIGHTS
from reproductions.explain.steps import Matrix, Steps


def page(steps: Steps, made: str) -> str:
    """The page as HTML; ``made`` says when and by which command."""
    matrices = {
        "Q": cells(steps.Q), "K": cells(steps.K), "V": cells(steps.V), "scores": cells(steps.scores),
        "scaled": cells(np.where(steps.mask, steps.scaled, np.nan)), "weights": cells(steps.weights, WEIGHTS, 1.0),
        "context": cells(steps.context),
    }  # fmt: skip
    return template("reproductions.explain").render(steps=steps, matrices=matrices, made=made, t=steps.followed)


def cells(matrix: Matrix, colours: Colormap = DIFFERENCES, reach: float | None = None) -> list[list[tuple[float, str]]]:
    """Number and colour of each entry; NaN, which the mask hides, has none.

    Signed numbers share one scale from minus the largest to the largest; weights go from 0 to 1.
    """
    top = reach or float(np.nanmax(np.abs(matrix))) or 1.0
    low = 0.0 if reach else -top
    return [
        [(float(x), "" if np.isnan(x) else to_hex(colours((x - low) / (top - low)))) for x in row] for row in matrix
    ]
