"""The five steps in words, with the numbers of the followed query worked out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reproductions.evaluation.arrays import Doubles
from reproductions.explain.steps import Steps, softmax

TERMS = 3  # terms of a sum that are written out
SHOWN = 5  # numbers of a vector that are written out
LARGE = 20.0  # score from which the exponential is too large to write out


class Narration(NamedTuple):
    """A step in words: its formula with shapes, what it does and why, and the numbers of the followed query worked out."""

    title: str
    formula: str
    says: str
    worked: str


class Key(NamedTuple):
    """The results of steps 2 to 4 for one key and the followed query; ``share`` is the weight as a number."""

    word: str
    score: str
    scaled: str
    weight: str
    share: float


def narrate(steps: Steps) -> list[Narration]:
    return [step(steps) for step in (_vectors, _scores, _scale, _softmax, _sum)]


def keys(steps: Steps) -> list[Key]:
    """Every key of the followed query, in the order of the sentence."""
    t = steps.followed
    rows = []
    for s, word in enumerate(steps.keys):
        score, share = number(steps.scores[t, s]), float(steps.weights[t, s])
        seen = (number(steps.scaled[t, s]), number(share, 3)) if steps.mask[t, s] else ("hidden", "0")
        rows.append(Key(word, score, *seen, share))
    return rows


def _vectors(steps: Steps) -> Narration:
    T, S, d_v = len(steps.queries), *steps.V.shape
    return Narration(
        "Queries, keys, values",
        f"Q = X W_Q ({T} × {steps.d_k})   K = X′ W_K ({S} × {steps.d_k})   V = X′ W_V ({S} × {d_v})",
        f"{steps.inputs}Three learned matrices of this head make three vectors: a query says what a word asks for, a key what "
        "it offers, a value what it passes on.",
        f"q({steps.word}) = {vector(steps.Q[steps.followed])}",
    )


def _scores(steps: Steps) -> Narration:
    most = steps.read[0]
    return Narration(
        "Scores",
        f"Q Kᵀ {_shape(steps.scores)}",
        f"The score of a query and a key is their dot product, a sum of {steps.d_k} products. It is large if both vectors are "
        "long and point the same way.",
        f"q({steps.word}) · k({steps.keys[most]}) = {_product(steps, most)}",
    )


def _scale(steps: Steps) -> Narration:
    d, t, most = steps.d_k, steps.followed, steps.read[0]
    score, scaled = steps.scores[t, most], steps.scaled[t, most]
    unscaled = softmax(steps.scores, steps.mask)[t].max()
    return Narration(
        "Scale",
        f"Q Kᵀ / √{d} {_shape(steps.scaled)}",
        f"A dot product of {d} independent numbers of mean 0 and variance 1 has variance {d}; divided by √{d} it has "
        f"variance 1 again. Without the division “{steps.word}” would give {percent(unscaled)} to one key instead of "
        f"{percent(steps.weights[t, most])}.",
        f"{number(score)} ÷ √{d} = {number(score)} ÷ {number(np.sqrt(d))} = {number(scaled)}",
    )


def _softmax(steps: Steps) -> Narration:
    hidden = len(steps.keys) - len(steps.read)
    masked = (
        f"The mask hides {hidden} of {len(steps.keys)} keys from “{steps.word}”: their weight is exactly 0."
        if hidden
        else f"No key is hidden from “{steps.word}”."
    )
    return Narration(
        "Softmax" if steps.mask.all() else "Mask and softmax",
        f"A = softmax(Q Kᵀ / √{steps.d_k}) {_shape(steps.weights)}",
        f"exp makes every score positive, and dividing by their sum makes a row of weights that sum to 1. {masked}",
        _weight(steps, steps.read[0]),
    )


def _sum(steps: Steps) -> Narration:
    weights = steps.weights[steps.followed]
    terms = [f"{number(weights[s], 3)} v({steps.keys[s]})" for s in steps.read[:TERMS]]
    return Narration(
        "Weighted sum",
        f"A V {_shape(steps.context)}",
        f"The weights mix the values into one new vector for “{steps.word}”; the vectors of all heads are joined and "
        "multiplied by one more matrix, W_O.",
        f"{_terms(terms, len(steps.read))} = {vector(steps.context[steps.followed])}",
    )


def _product(steps: Steps, key: int) -> str:
    """The dot product of the followed query and a key, with its largest products written out."""
    q, k = steps.Q[steps.followed], steps.K[key]
    largest = np.argsort(-np.abs(q * k), kind="stable")[:TERMS]
    rest = (q * k).sum() - (q * k)[largest].sum()
    terms = [f"{signed(q[i])} × {signed(k[i])}" for i in largest]
    return f"{_terms(terms, steps.d_k, f', together {number(rest)}')} = {number(steps.scores[steps.followed, key])}"


def _weight(steps: Steps, key: int) -> str:
    """The weight of the key with the highest score, from the exponentials of all keys that are not masked."""
    t, seen = steps.followed, steps.read
    named = f"weight({steps.word}, {steps.keys[key]})"
    if len(seen) == 1:
        return f"{named} = 1: there is no other key to look at"
    highest = steps.scaled[t, key]
    less = highest if highest > LARGE else 0.0  # which changes no weight
    largest, total = np.exp(highest - less), np.exp(steps.scaled[t, seen] - less).sum()
    subtracted = f" after subtracting {number(highest)} from every score," if less else ""
    return (
        f"{named} ={subtracted} exp({number(highest - less)}) ÷ the sum over {len(seen)} keys = {largest:.4g} ÷ {total:.4g} = "
        f"{number(steps.weights[t, key], 3)}"
    )


def _shape(matrix: Doubles) -> str:
    rows, columns = matrix.shape
    return f"({rows} × {columns})"


def number(value: float, digits: int = 2) -> str:
    """A number with a true minus sign; zero has none."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def signed(value: float) -> str:
    """A factor of a product; a negative number stands in parentheses."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def percent(fraction: float) -> str:
    """A weight in percent; "100 %" only for a weight of exactly 1."""
    if 0.999 < fraction < 1:
        return "more than 99.9 %"
    return f"{100 * fraction:.1f} %" if 0.995 <= fraction < 1 else f"{100 * fraction:.0f} %"


def vector(values: Doubles) -> str:
    return f"({', '.join(number(x) for x in values[:SHOWN])}{', …' if len(values) > SHOWN else ''})"


def _terms(terms: Sequence[str], count: int, of_rest: str = "") -> str:
    """A sum with some of its terms written out."""
    more = count - len(terms)
    return " + ".join([*terms, f"{more} more{of_rest}"] if more else terms)
