"""The five steps in words: what each does, and the followed query's own numbers worked out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reproductions.explain.steps import Matrix, Steps, softmax

TERMS = 3  # of a sum that are written out
LARGE = 20.0  # a score whose exponential is no longer written out


class Told(NamedTuple):
    """A step in words: its title, its formula with shapes, a careful sentence or two, and the followed query's numbers."""

    title: str
    formula: str
    says: str
    worked: str


def told(steps: Steps) -> list[Told]:
    """The five steps, in order."""
    return [step(steps) for step in (_vectors, _scores, _scale, _softmax, _sum)]


def _vectors(steps: Steps) -> Told:
    T, S, d_v = len(steps.queries), *steps.V.shape
    return Told(
        "Queries, keys, values",
        f"Q = X W_Q ({T} × {steps.d_k})   K = X′ W_K ({S} × {steps.d_k})   V = X′ W_V ({S} × {d_v})",
        f"{steps.inputs}Three matrices of this head, all learned, make three vectors: a query says what a word asks for, "
        "a key what it is found by, a value what it hands over.",
        f"q({steps.word}) = {vector(steps.Q[steps.followed])}",
    )


def _scores(steps: Steps) -> Told:
    most = steps.read[0]
    return Told(
        "Scores",
        f"Q Kᵀ {_shape(steps.scores)}",
        f"Each query meets each key in a dot product, {steps.d_k} products summed. It is large where the two vectors are "
        "long and point the same way.",
        f"q({steps.word}) · k({steps.keys[most]}) = {_product(steps, most)}",
    )


def _scale(steps: Steps) -> Told:
    d, t, most = steps.d_k, steps.followed, steps.read[0]
    score, scaled = steps.scores[t, most], steps.scaled[t, most]
    unscaled = softmax(steps.scores, steps.mask)[t].max()
    return Told(
        "Scale",
        f"Q Kᵀ / √{d} {_shape(steps.scaled)}",
        f"A dot product of {d} independent numbers of mean 0 and variance 1 has variance {d}; divided by √{d} it has "
        f"variance 1 again. Without the division “{steps.word}” would give {percent(unscaled)} to one key, instead of "
        f"{percent(steps.weights[t, most])}.",
        f"{number(score)} ÷ √{d} = {number(score)} ÷ {number(np.sqrt(d))} = {number(scaled)}",
    )


def _softmax(steps: Steps) -> Told:
    hidden = len(steps.keys) - len(steps.read)
    masked = (
        f"The mask hides {hidden} of {len(steps.keys)} keys from “{steps.word}”: their weight is exactly 0."
        if hidden
        else f"No key is hidden from “{steps.word}”."
    )
    return Told(
        "Softmax" if steps.mask.all() else "Mask and softmax",
        f"A = softmax(Q Kᵀ / √{steps.d_k}) {_shape(steps.weights)}",
        f"exp makes every score positive, and dividing by their sum makes a row of weights that sum to 1. {masked}",
        _weight(steps, steps.read[0]),
    )


def _sum(steps: Steps) -> Told:
    weights = steps.weights[steps.followed]
    terms = [f"{number(weights[s], 3)} v({steps.keys[s]})" for s in steps.read[:TERMS]]
    return Told(
        "Weighted sum",
        f"A V {_shape(steps.context)}",
        f"The values are mixed, as much of each as its weight says. The result is one new vector for “{steps.word}”; those "
        "of all heads are joined and go through one more matrix, W_O.",
        f"{_terms(terms, len(steps.read))} = {vector(steps.context[steps.followed])}",
    )


def _product(steps: Steps, key: int) -> str:
    """The dot product of the followed query and a key, its largest products written out."""
    q, k = steps.Q[steps.followed], steps.K[key]
    largest = np.argsort(-np.abs(q * k), kind="stable")[:TERMS]
    rest = (q * k).sum() - (q * k)[largest].sum()
    terms = [f"{signed(q[i])} × {signed(k[i])}" for i in largest]
    return f"{_terms(terms, steps.d_k, f', together {number(rest)}')} = {number(steps.scores[steps.followed, key])}"


def _weight(steps: Steps, key: int) -> str:
    """The weight of the key with the highest score, from the exponentials of all that are seen."""
    t, seen = steps.followed, steps.read
    named = f"weight({steps.word}, {steps.keys[key]})"
    if len(seen) == 1:
        return f"{named} = 1: there is no other key to look at"
    highest = steps.scaled[t, key]
    less = highest if highest > LARGE else 0.0  # which changes no weight
    one, total = np.exp(highest - less), np.exp(steps.scaled[t, seen] - less).sum()
    taken = f" after {number(highest)} is taken off every score," if less else ""
    return (
        f"{named} ={taken} exp({number(highest - less)}) ÷ the sum over {len(seen)} keys = {one:.4g} ÷ {total:.4g} = "
        f"{number(steps.weights[t, key], 3)}"
    )


def _shape(matrix: Matrix) -> str:
    rows, columns = matrix.shape
    return f"({rows} × {columns})"


def number(value: float, digits: int = 2) -> str:
    """With a true minus; what rounds to zero has none."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def signed(value: float) -> str:
    """A factor of a product: a negative one in parentheses."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def percent(fraction: float) -> str:
    """Of a weight; never "100 %" for what is less than everything."""
    if 0.999 < fraction < 1:
        return "more than 99.9 %"
    return f"{100 * fraction:.1f} %" if 0.995 <= fraction < 1 else f"{100 * fraction:.0f} %"


def vector(values: Matrix, shown: int = 5) -> str:
    """The first numbers of a vector."""
    return f"({', '.join(number(x) for x in values[:shown])}{', …' if len(values) > shown else ''})"


def _terms(terms: Sequence[str], count: int, of_rest: str = "") -> str:
    """A sum with some of its terms written out."""
    more = count - len(terms)
    return " + ".join([*terms, f"{more} more{of_rest}"] if more else terms)
