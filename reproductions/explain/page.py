"""The five steps as one page that opens without a network, and without a script: every query can be followed."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from reproductions.explain.steps import Matrix, Steps
from reproductions.explain.told import Told, number, told
from reproductions.reports import template

WITH_NUMBERS = 20  # most keys of a matrix whose cells hold their numbers


class Cell(NamedTuple):
    """One entry of a matrix: its number, its kind (plus, minus, weight or hidden), and how strong its colour is, 0 to 1."""

    value: float
    kind: str
    strength: float


class Query(NamedTuple):
    """What the page says where one query is followed: the steps in words, and its way through them, a row a key."""

    told: list[Told]
    rows: list[tuple[str, str, str, str, float]]
    read: str
    asks: str


def page(steps: Steps, made: str) -> str:
    """The page as HTML; ``made`` says when and by which command."""
    matrices = {
        "Q": cells(steps.Q),
        "K": cells(steps.K),
        "V": cells(steps.V),
        "scores": cells(steps.scores),
        "scaled": cells(steps.scaled),
        "weights": cells(np.where(steps.mask, steps.weights, np.nan), weights=True),
        "context": cells(steps.context),
    }
    queries = [query(replace(steps, followed=t)) for t in range(len(steps.queries))]
    return template("reproductions.explain").render(
        steps=steps,
        matrices=matrices,
        queries=queries,
        told=told(steps),
        numbers=len(steps.keys) <= WITH_NUMBERS,
        made=made,
    )


def query(steps: Steps) -> Query:
    """The followed query in words and numbers."""
    t = steps.followed
    rows = []
    for s, word in enumerate(steps.keys):
        score, scaled, weight = number(steps.scores[t, s]), number(steps.scaled[t, s]), float(steps.weights[t, s])
        seen = (scaled, number(weight, 3), weight) if steps.mask[t, s] else ("hidden", "0", 0.0)
        rows.append((word, score, *seen))
    asks, read = ("  ".join(number(x) for x in vector) for vector in (steps.Q[t], steps.context[t]))
    return Query(told(steps), rows, read, asks)


def cells(matrix: Matrix, weights: bool = False) -> list[list[Cell]]:
    """The entries of a matrix; NaN is hidden by the mask.

    Signed numbers share one scale from minus the largest to the largest; weights go from 0 to 1.
    """
    top = 1.0 if weights else float(np.nanmax(np.abs(matrix))) or 1.0

    def cell(x: float) -> Cell:
        if np.isnan(x):
            return Cell(x, "hidden", 0.0)
        return Cell(x, "weight" if weights else "minus" if x < 0 else "plus", abs(x) / top)

    return [[cell(x) for x in row] for row in matrix.tolist()]
