"""Local attention with predictive alignment: Luong, Pham and Manning (2015), "Effective Approaches to Attention-based
Neural Machine Translation", arXiv 1508.04025v5, Section 3.2, "local-p".
"""

import torch
from torch import Tensor, nn

from reproductions.attention.local_monotonic import LocalMonotonic, lengths


class LocalPredictive(LocalMonotonic):
    r"""General attention inside a window whose centre the state predicts, under a Gaussian (Section 3.2).

    .. math::
        p_t = S \cdot \sigma(v_p^\top \tanh(W_p h_t)) \quad (9) \qquad
        a_t(s) = \mathrm{align}(h_t, \bar h_s) \exp\left(-\frac{(s - p_t)^2}{2 \sigma^2}\right) \quad (10)

    with :math:`\sigma = D / 2`. The Gaussian is applied after the softmax over the window, and the product is not
    normalised again, as in the paper: a row sums to less than 1. W_p and v_p learn only through the Gaussian. The window is
    centred on the integer part of p_t, as in the authors' code; positions start from 0.

    Shapes: h_t (B, T, D), W_p (hidden, D), v_p (hidden), p_t (B, T).
    """

    formula = "sᵀ W h, times a Gaussian around a predicted place"
    products = "S D + D n + n"

    def __init__(self, query: int, key: int, hidden: int, window: int, score: str = "general") -> None:
        super().__init__(query, key, window, score)
        self.W_p = nn.Linear(query, hidden, bias=False)
        self.v_p = nn.Parameter(torch.empty(hidden).uniform_(-1, 1) / hidden**0.5)

    def weigh(self, scores: Tensor, mask: Tensor | None, query: Tensor, step: Tensor) -> Tensor:  # noqa: ARG002
        hidden = torch.tanh(self.W_p(query))
        p = lengths(scores, mask) * torch.sigmoid((hidden @ self.v_p.to(hidden.dtype)).float())  # (9)
        a = self.align(scores, mask, p.detach().floor())
        s, sigma = torch.arange(scores.shape[-1], device=scores.device), self.window / 2
        return a * torch.exp(-((s - p[..., None]) ** 2) / (2 * sigma**2)).to(a.dtype)  # (10)
