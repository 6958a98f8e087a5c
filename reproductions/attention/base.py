"""What every attention mechanism shares: project the keys once, score, weigh, sum."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn


class Attended(NamedTuple):
    """What a query has read and where it looked."""

    context: Tensor  # (B, T, D), the weighted sum of the values
    # (B, T, S), or (B, h, T, S) of h heads, before any dropout; exactly 0 where masked; rows sum to 1, those of local
    # attention to at most 1.
    weights: Tensor


def maps_of(weights: Sequence[Tensor | None], mask: Tensor, T: int) -> Tensor:
    """Maps (B, 1, H, T, S) from the weights (B, ., S) or (B, H, ., S) of each step; (B, 0, 0, T, S) without any weights.

    ``mask`` (B, S) belongs to the source.
    """
    rows = [row for row in weights if row is not None]
    if not rows:
        return torch.zeros(len(mask), 0, 0, T, mask.shape[1], device=mask.device)
    maps = torch.cat(rows, dim=-2)
    return maps[:, None] if maps.dim() == 4 else maps[:, None, None]  # several heads, or one


def at_least_single(x: Tensor) -> Tensor:
    """x in single precision if it has half; a softmax would see its rounding, and tanh of half precision is slow on a CPU."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def masked_softmax(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax over the source positions that may be attended, in single precision or better.

    A fully masked row gives zeros with finite gradients, not NaN.

    Shapes:
        scores: (..., T, S); mask: boolean, broadcastable to it, True where a position may be attended.
    """
    scores = at_least_single(scores)
    if mask is None:
        return scores.softmax(-1)
    # The lowest finite number, not -inf: a fully masked row stays finite and the product then clears it.
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1) * mask


class WeightedSum(nn.Module):
    """What every mechanism ends with. It is a module of its own so that a hook before it can change the weights."""

    def forward(self, weights: Tensor, values: Tensor) -> Tensor:
        """The context (..., T, D) of weights (..., T, S) and values (..., S, D)."""
        return weights.to(values.dtype) @ values


class Attention(nn.Module, ABC):
    """One mechanism: how a query scores the keys. ``forward`` is the same for all.

    A mechanism overrides :meth:`score`; :meth:`project` if part of the score depends only on the keys; and :meth:`weigh`
    only if it does not normalise by a softmax over all positions (local, hard). Its constructor takes the widths of
    ``query`` and ``key`` and whatever else its equations name.
    """

    paper: ClassVar[str]  # who proposed it
    year: ClassVar[int]
    formula: ClassVar[str]  # its score of a state s and an annotation h, in plain text, for tables and captions
    # Multiplications in that score for one query over S projected keys: terms in the widths D of the query, K of a key and
    # n of the hidden layer.
    products: ClassVar[str]
    equal_widths: ClassVar[bool] = False  # the score needs queries as wide as keys
    over_source: ClassVar[bool] = True  # False if it needs more than a decoder's state and the annotations of a source
    positions: int | None = None  # maximum number of keys; None for any number

    def __init__(self) -> None:
        super().__init__()
        self.read = WeightedSum()

    def project(self, keys: Tensor) -> Tensor:
        """Compute, once per sentence, what depends only on the keys (B, S, K)."""
        return keys

    @abstractmethod
    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        """Energies (B, T, S) of queries (B, T, D) for projected keys (B, S, K')."""

    def weigh(self, scores: Tensor, mask: Tensor | None, query: Tensor, step: Tensor) -> Tensor:  # noqa: ARG002
        """Weights (B, T, S) from energies (B, T, S); local attention chooses its place by the query or the step."""
        return masked_softmax(scores, mask)

    def forward(
        self, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None, step: Tensor | None = None
    ) -> Attended:
        """Attend.

        Shapes:
            query: (B, T, D); keys: (B, S, K'), already projected; values: (B, S, E);
            mask: (B, 1, S) or (B, T, S), boolean, True = may be attended;
            step: (B, T) or (T), the target position of each query, from 0; 0 to T - 1 if not given.
            Dot products also take heads, (B, H, ...) throughout.
        """
        step = torch.arange(query.shape[-2], device=query.device) if step is None else step
        weights = self.weigh(self.score(query, keys), mask, query, step)
        return Attended(self.read(weights, values), weights)

    def norms(self, keys: Tensor, values: Tensor) -> Tensor:  # noqa: ARG002 (multi-head has its values in the keys)
        """Norm (B, 1 or h, S) of what a source position adds with weight 1."""
        lengths: Tensor = values.norm(dim=-1)
        return lengths[:, None]
