"""Local attention with monotonic alignment: Luong, Pham and Manning (2015), "Effective Approaches to Attention-based
Neural Machine Translation", arXiv 1508.04025v5, Section 3.2, "local-m".
"""

import torch
from torch import Tensor, nn

from reproductions.attention.base import masked_softmax
from reproductions.attention.general import General


class LocalMonotonic(General):
    r"""General attention inside a window that moves one source position per step (Section 3.2).

    .. math::
        p_t = t \qquad a_t(s) = \mathrm{align}(h_t, \bar h_s) \quad (7) \quad \text{for } |s - p_t| \le D, \text{ else } 0

    Positions of the window outside the sentence do not count (footnote 8). Positions and steps start from 0. A target
    longer than its source keeps looking at the end, p_t = S - 1, as in the authors' code.

    Shapes: h_t (B, T, D), h_s (B, S, K), p_t (B, T). ``window`` is the paper's D, 10 in its experiments, which is hardly
    local on short sentences. ``score`` is "general", or "dot", W_a the identity.

    Departs from the paper: its code computes only the window; here the whole row is scored and the rest is masked.
    """

    formula = "sᵀ W h, within D of the step"

    def __init__(self, query: int, key: int, window: int, score: str = "general") -> None:
        super().__init__(query, key)
        self.window = window
        if score == "dot":
            if query != key:
                raise ValueError(f"the dot score needs keys as wide as the query, {query}, not {key}")
            self.W_a = nn.Identity()  # type: ignore[assignment] # project then returns the keys

    def weigh(self, scores: Tensor, mask: Tensor | None, query: Tensor, step: Tensor) -> Tensor:  # noqa: ARG002
        return self.align(scores, mask, step.minimum(lengths(scores, mask) - 1))

    def align(self, scores: Tensor, mask: Tensor | None, p: Tensor) -> Tensor:
        """Softmax (B, T, S) inside the window around p (B, T)."""
        s = torch.arange(scores.shape[-1], device=scores.device)
        near = (s - p[..., None]).abs() <= self.window
        return masked_softmax(scores, near if mask is None else near & mask)  # (7)


def lengths(scores: Tensor, mask: Tensor | None) -> Tensor:
    """S (B, 1 or T), the number of source positions that each query may attend."""
    if mask is None:
        return torch.full((1, 1), scores.shape[-1], device=scores.device)
    return mask.sum(-1)
