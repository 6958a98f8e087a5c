"""Soft attention: Xu et al. (2015), "Show, Attend and Tell: Neural Image Caption Generation with Visual Attention",
arXiv 1502.03044, Sections 3.1.2 and 4.2.
"""

from torch import Tensor

from reproductions.attention.additive import Additive


class Soft(Additive):
    r"""Look everywhere at once, more or less: the context is the expectation over all places (Section 4.2).

    .. math::
        e_{ti} = f_{att}(a_i, h_{t-1}) \quad (4) \qquad \alpha_t = \mathrm{softmax}(e_t) \quad (5) \qquad
        \hat z_t = \sum_i \alpha_{ti} a_i \quad (13)

    f_att is a network with one hidden layer, the alignment model of Bahdanau et al. (2014): the same function under another
    name, over the places a_i of an image or a sentence. The gate on z_t (Section 4.2.1) belongs to the model that reads it.

    Shapes: h (B, T, D), a (B, S, K), alpha (B, T, S).
    """

    paper = "Xu et al."
    year = 2015


def doubly_stochastic(alpha: Tensor) -> Tensor:
    r"""How far the total weight of each place is from 1: :math:`\sum_i (1 - \sum_t \alpha_{ti})^2`, in (14).

    Shapes:
        alpha: (B, T, S), zero in rows beyond a sentence; result: (B).
    """
    return (1 - alpha.sum(-2)).square().sum(-1)  # (14)
