"""The five steps as one self-contained page without a script; every query can be followed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from reproductions.evaluation.arrays import Doubles
from reproductions.explain.narration import Key, Narration, keys, narrate, number
from reproductions.explain.steps import Steps
from reproductions.reports import template

WITH_NUMBERS = 20  # keys of a matrix up to which its cells show their numbers


class Cell(NamedTuple):
    """One entry of a matrix: its number, its kind (plus, minus, weight or hidden), and the strength of its colour, 0 to 1."""

    value: float
    kind: str
    strength: float


class Query(NamedTuple):
    """The page while one query is followed: the steps in words, each key, the numbers of the query and of its result."""

    narration: list[Narration]
    keys: list[Key]
    asks: str
    read: str


def page(steps: Steps, made: str, others: Mapping[str, Sequence[tuple[object, str]]] | None = None) -> str:
    """The page as HTML.

    Args:
        steps: of one attention.
        made: says when and by which command.
        others: what the reader may choose, such as layers, with the address of each choice, empty for the one that is shown.
    """
    matrices = {name: cells(getattr(steps, name)) for name in ("Q", "K", "V", "scores", "scaled", "context")}
    matrices["weights"] = cells(np.where(steps.mask, steps.weights, np.nan), weights=True)
    queries = [query(replace(steps, followed=t)) for t in range(len(steps.queries))]
    return template("reproductions.explain").render(
        steps=steps,
        matrices=matrices,
        queries=queries,
        narration=narrate(steps),
        numbers=len(steps.keys) <= WITH_NUMBERS,
        made=made,
        others=others or {},
    )


def query(steps: Steps) -> Query:
    asks, read = ("  ".join(map(number, row)) for row in (steps.Q[steps.followed], steps.context[steps.followed]))
    return Query(narrate(steps), keys(steps), asks, read)


def cells(matrix: Doubles, weights: bool = False) -> list[list[Cell]]:
    """The entries of a matrix, signed numbers relative to the largest; NaN is hidden by the mask."""
    top = 1.0 if weights else float(np.nanmax(np.abs(matrix))) or 1.0

    def cell(x: float) -> Cell:
        if np.isnan(x):
            return Cell(x, "hidden", 0.0)
        return Cell(x, "weight" if weights else "minus" if x < 0 else "plus", abs(x) / top)

    return [[cell(x) for x in row] for row in matrix.tolist()]
