"""Dot-product attention: Luong, Pham and Manning (2015), "Effective Approaches to Attention-based Neural Machine
Translation", arXiv 1508.04025v5, Section 3.1.
"""

from torch import Tensor

from reproductions.attention.base import Attention


class Dot(Attention):
    r"""The state and an annotation fit as far as they point the same way (Section 3.1, "dot").

    .. math:: \mathrm{score}(h_t, \bar h_s) = h_t^\top \bar h_s

    Shapes: h_t (B, T, D), h_s (B, S, D): as wide as each other. It has no parameters.
    """

    paper = "Luong, Pham and Manning"
    year = 2015
    formula = "sᵀ h"
    products = "S D"
    equal_widths = True

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        return query @ keys.mT
