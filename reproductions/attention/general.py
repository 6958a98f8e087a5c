"""General attention: Luong, Pham and Manning (2015), "Effective Approaches to Attention-based Neural Machine
Translation", arXiv 1508.04025v5, Section 3.1.
"""

from torch import Tensor, nn

from reproductions.attention.base import Attention


class General(Attention):
    r"""A matrix between state and annotation: which component asks for which (Section 3.1, "general").

    .. math:: \mathrm{score}(h_t, \bar h_s) = h_t^\top W_a \bar h_s

    :math:`W_a \bar h_s` does not depend on the step and is computed once per sentence.

    Shapes: h_t (B, T, D), h_s (B, S, K), W_a (D, K).
    """

    paper = "Luong, Pham and Manning"
    year = 2015
    formula = "sᵀ W h"
    products = "S D"

    def __init__(self, query: int, key: int) -> None:
        super().__init__()
        self.W_a = nn.Linear(key, query, bias=False)

    def project(self, keys: Tensor) -> Tensor:
        projected: Tensor = self.W_a(keys)
        return projected

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        return query @ keys.mT
