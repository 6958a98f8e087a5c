"""The five steps of scaled dot-product attention: Vaswani et al. (2017), Section 3.2.1, equation (1), each result kept."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Steps:
    """One head over one sentence: what it is given, and what each step makes of it.

    T queries, S keys; rows are queries, columns keys.

    Attributes:
        queries, keys: the words that ask, and those that are asked.
        Q, K, V: (T, d_k), (S, d_k), (S, d_v).
        mask: (T, S), True = may be attended.
        followed: the query whose numbers are shown.
        where: which attention of which model, in words.
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
        scores = np.einsum("td,sd->ts", self.Q, self.K)
        scaled = scores / np.sqrt(self.d_k)
        kept = np.where(self.mask, scaled, -np.inf)
        shares = np.exp(kept - kept.max(1, keepdims=True))
        weights = shares / shares.sum(1, keepdims=True)
        for name, value in (
            ("scores", scores),
            ("scaled", scaled),
            ("weights", weights),
            ("context", weights @ self.V),
        ):
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
    def said(self) -> list[tuple[str, str, str]]:
        """Title, formula and a careful sentence or two of each step."""
        T, S, d, word = len(self.queries), len(self.keys), self.d_k, self.word
        first = self.keys[self.read[0]]
        t = self.followed
        hidden = int((~self.mask[t]).sum())
        masked = f" The mask hides {hidden} of {S} from “{word}”: their weight is exactly 0." if hidden else (
            f" Here no key is hidden from “{word}”."
        )  # fmt: skip
        return [
            ("Queries, keys, values", f"Q ({T} × {d}), K ({S} × {d}), V ({S} × {self.V.shape[1]})",
             "Three linear maps of what the layer below has made of each word: what it asks for, what it is found by, and "
             "what it hands over. The maps were learned; no one told them what to look for."),
            ("Scores", f"Q Kᵀ  ({T} × {S})",
             f"Each query meets each key in a dot product: {d} products, summed. For “{word}” the highest score is "
             f"{_number(self.scores[t].max())}."),
            ("Scale", f"Q Kᵀ / √{d}  ({T} × {S})",
             f"A dot product of {d} independent numbers of variance 1 has variance {d}. Divided by √{d} = "
             f"{np.sqrt(d):.2f} it has variance 1 again, and the softmax keeps a gradient."),
            ("Mask and softmax", f"A = softmax(Q Kᵀ / √{d})  ({T} × {S})",
             f"exp makes every score positive, and dividing by their sum makes a row of weights that sum to 1.{masked} "
             f"“{word}” gives most, {100 * self.weights[t].max():.0f} %, to “{first}”."),
            ("Weighted sum", f"A V  ({T} × {self.V.shape[1]})",
             f"The values are mixed by the weights: what “{word}” reads is {100 * self.weights[t, self.read[0]]:.0f} % of the "
             f"value of “{first}”, and so on down the list. Every head does this with maps of its own."),
        ]  # fmt: skip


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
