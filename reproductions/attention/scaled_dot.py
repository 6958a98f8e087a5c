"""Scaled dot-product attention: Vaswani et al. (2017), "Attention Is All You Need", Section 3.2.1."""

import math

from torch import Tensor

from reproductions.attention.dot import Dot


class ScaledDot(Dot):
    r"""The dot product, scaled so that its variance does not grow with the width of a key (Section 3.2.1).

    .. math:: \mathrm{Attention}(Q, K, V) = \mathrm{softmax}(Q K^\top / \sqrt{d_k}) V \qquad (1)

    Shapes: Q (B, T, d_k), K (B, S, d_k), V (B, S, d_v), or with heads (B, h, ...). It has no parameters.
    """

    paper = "Vaswani et al."
    year = 2017
    formula = "qᵀ k / √d"

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        return super().score(query, keys) / math.sqrt(keys.shape[-1])  # (1)
