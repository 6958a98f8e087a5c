"""The five steps of scaled dot-product attention: Vaswani et al. (2017), Section 3.2.1, equation (1)."""

from dataclasses import dataclass, field

import numpy as np

from reproductions.evaluation.arrays import Bools, Doubles


@dataclass(frozen=True, eq=False)
class Steps:
    """One head over one sentence: its inputs, and the result of each step. T queries, S keys; each query may attend to a key."""

    queries: tuple[str, ...]  # the words that ask
    keys: tuple[str, ...]  # the words that answer
    Q: Doubles  # (T, d_k)
    K: Doubles  # (S, d_k)
    V: Doubles  # (S, d_v)
    mask: Bools  # (T, S), True = may be attended
    followed: int  # place of the query whose numbers are worked out
    where: str  # which attention of which model, in words
    inputs: str = ""  # the source of Q, K and V, in a sentence
    unknown: str = ""  # the words of the sentence that the model does not know, in one line
    notes: tuple[str, ...] = ()  # what else a reader must know, one sentence each
    scores: Doubles = field(init=False)  # step 2, Q K^T, (T, S)
    scaled: Doubles = field(init=False)  # step 3, scores / sqrt(d_k), (T, S)
    weights: Doubles = field(init=False)  # step 4, softmax over the keys that the mask leaves, (T, S); rows sum to 1
    context: Doubles = field(init=False)  # step 5, weights V, (T, d_v)

    def __post_init__(self) -> None:
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


def softmax(scores: Doubles, seen: Bools) -> Doubles:
    """Weights (T, S), each row over the keys that are seen; every row needs one."""
    kept = np.where(seen, scores, -np.inf)
    shares = np.exp(kept - kept.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)
