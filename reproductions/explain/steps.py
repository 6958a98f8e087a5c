"""The five steps of scaled dot-product attention: Vaswani et al. (2017), Section 3.2.1, equation (1), each result kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
TERMS = 3  # of a sum that are written out
LARGE = 20.0  # a score whose exponential is no longer written out


class Told(NamedTuple):
    """A step in words: its title, its formula with shapes, a careful sentence or two, and the followed query's numbers."""

    title: str
    formula: str
    says: str
    worked: str


@dataclass(frozen=True, eq=False)
class Steps:
    """One head over one sentence: what it is given, and what each step makes of it.

    T queries, S keys; rows are queries, columns keys.

    Attributes:
        queries, keys: the words that ask, and those that are asked.
        Q, K, V: (T, d_k), (S, d_k), (S, d_v).
        mask: (T, S), True = may be attended.
        followed: the query whose numbers are shown.
        where: which attention of which model, in words.
        inputs: what Q, K and V are made of, in a sentence.
        notes: what else a reader must know, a sentence each.
        scores: step 2, Q K^T, (T, S).
        scaled: step 3, scores / sqrt(d_k), (T, S).
        weights: step 4, softmax over the keys that the mask leaves, (T, S); rows sum to 1.
        context: step 5, weights V, (T, d_v).

    Raises ValueError where sizes disagree.
    """

    queries: tuple[str, ...]
    keys: tuple[str, ...]
    Q: Matrix
    K: Matrix
    V: Matrix
    mask: NDArray[np.bool_]
    followed: int
    where: str
    inputs: str = ""
    notes: tuple[str, ...] = ()
    scores: Matrix = field(init=False)
    scaled: Matrix = field(init=False)
    weights: Matrix = field(init=False)
    context: Matrix = field(init=False)

    def __post_init__(self) -> None:
        T, S = len(self.queries), len(self.keys)
        shapes = (len(self.Q), len(self.K), len(self.V), *self.mask.shape)
        if shapes != (T, S, S, T, S) or self.Q.shape[1] != self.K.shape[1]:
            raise ValueError(f"{T} queries and {S} keys do not fit Q, K, V and mask of {shapes} rows")
        if not 0 <= self.followed < T:
            raise ValueError(f"there is no query {self.followed} among {T}")
        if not self.mask.any(1).all():
            raise ValueError(f"query {int((~self.mask.any(1)).argmax())} may attend to nothing")
        scores = np.einsum("td,sd->ts", self.Q, self.K)  # Q K^T
        scaled = scores / np.sqrt(self.d_k)
        weights = softmax(scaled, self.mask)
        results = {"scores": scores, "scaled": scaled, "weights": weights, "context": weights @ self.V}
        for name, value in results.items():
            object.__setattr__(self, name, value)

    @property
    def d_k(self) -> int:
        return int(self.K.shape[1])

    @property
    def word(self) -> str:
        """The followed query."""
        return self.queries[self.followed]

    @property
    def read(self) -> list[int]:
        """The keys that the followed query may attend, the largest weight first."""
        order = np.argsort(-self.weights[self.followed], kind="stable")
        return [int(s) for s in order if self.mask[self.followed, s]]

    @property
    def told(self) -> list[Told]:
        """The five steps in words."""
        T, S, d, t = len(self.queries), len(self.keys), self.d_k, self.followed
        word, most = self.word, self.read[0]
        first, share = self.keys[most], self.weights[t, most]
        unscaled = softmax(self.scores, self.mask)[t].max()
        hidden = S - len(self.read)
        masked = (
            f"The mask hides {hidden} of {S} keys from “{word}”: their weight is exactly 0."
            if hidden
            else f"No key is hidden from “{word}”."
        )
        return [
            Told("Queries, keys, values", f"Q = X W_Q ({T} × {d})   K = X′ W_K ({S} × {d})   V = X′ W_V ({S} × {self.V.shape[1]})",
                 f"{self.inputs}Three matrices of this head, all learned, make three vectors: a query says what a word asks for, a "
                 "key what it is found by, a value what it hands over.",
                 f"q({word}) = {vector(self.Q[t])}"),
            Told("Scores", f"Q Kᵀ ({T} × {S})",
                 f"Each query meets each key in a dot product, {d} products summed. It is large where the two vectors are long and "
                 "point the same way.",
                 f"q({word}) · k({first}) = {self._product(most)}"),
            Told("Scale", f"Q Kᵀ / √{d} ({T} × {S})",
                 f"A dot product of {d} independent numbers of mean 0 and variance 1 has variance {d}; divided by √{d} it has variance "
                 f"1 again. Without the division “{word}” would give {percent(unscaled)} to one key, instead of {percent(share)}.",
                 f"{number(self.scores[t, most])} ÷ √{d} = {number(self.scores[t, most])} ÷ {number(np.sqrt(d))} = "
                 f"{number(self.scaled[t, most])}"),
            Told("Mask and softmax" if hidden or not self.mask.all() else "Softmax", f"A = softmax(Q Kᵀ / √{d}) ({T} × {S})",
                 f"exp makes every score positive, and dividing by their sum makes a row of weights that sum to 1. {masked}",
                 self._softmax(most)),
            Told("Weighted sum", f"A V ({T} × {self.V.shape[1]})",
                 f"The values are mixed, as much of each as its weight says. The result is one new vector for “{word}”; those of all "
                 "heads are joined and go through one more matrix, W_O.",
                 self._sum()),
        ]  # fmt: skip

    def _product(self, key: int) -> str:
        """The dot product of the followed query and a key, its largest products written out."""
        q, k = self.Q[self.followed], self.K[key]
        largest = np.argsort(-np.abs(q * k), kind="stable")[:TERMS]
        rest = (q * k).sum() - (q * k)[largest].sum()
        terms = [f"{signed(q[i])} × {signed(k[i])}" for i in largest]
        return f"{_terms(terms, self.d_k, f', together {number(rest)}')} = {number(self.scores[self.followed, key])}"

    def _softmax(self, key: int) -> str:
        """The weight of the key with the highest score, from the exponentials of all that are seen."""
        t, seen = self.followed, self.read
        named = f"weight({self.word}, {self.keys[key]})"
        if len(seen) == 1:
            return f"{named} = 1: there is no other key to look at"
        highest = self.scaled[t, key]
        less = highest if highest > LARGE else 0.0  # which changes no weight
        one, total = np.exp(highest - less), np.exp(self.scaled[t, seen] - less).sum()
        taken = f" after {number(highest)} is taken off every score," if less else ""
        return (
            f"{named} ={taken} exp({number(highest - less)}) ÷ the sum over {len(seen)} keys = {one:.4g} ÷ {total:.4g} = "
            f"{number(self.weights[t, key], 3)}"
        )

    def _sum(self) -> str:
        terms = [f"{number(self.weights[self.followed, s], 3)} v({self.keys[s]})" for s in self.read[:TERMS]]
        return f"{_terms(terms, len(self.read))} = {vector(self.context[self.followed])}"


def softmax(scores: Matrix, seen: NDArray[np.bool_]) -> Matrix:
    """Rows of weights (T, S) over the keys that are seen, of which each row has one."""
    kept = np.where(seen, scores, -np.inf)
    shares = np.exp(kept - kept.max(1, keepdims=True))
    weights: Matrix = shares / shares.sum(1, keepdims=True)
    return weights


def number(value: float, digits: int = 2) -> str:
    """With a true minus; what rounds to zero has none."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def signed(value: float) -> str:
    """A factor of a product: a negative one in parentheses."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def percent(fraction: float) -> str:
    """Of a weight; "more than 99.9 %" where it would round to everything."""
    return "more than 99.9 %" if 0.999 < fraction < 1 else f"{100 * fraction:.0f} %"


def vector(values: Matrix, shown: int = 5) -> str:
    """The first numbers of a vector."""
    return f"({', '.join(number(x) for x in values[:shown])}{', …' if len(values) > shown else ''})"


def _terms(terms: Sequence[str], count: int, of_rest: str = "") -> str:
    """A sum with some of its terms written out."""
    more = count - len(terms)
    return " + ".join([*terms, f"{more} more{of_rest}"] if more else terms)
