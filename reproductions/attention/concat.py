"""Concat attention: Luong, Pham and Manning (2015), "Effective Approaches to Attention-based Neural Machine
Translation", arXiv 1508.04025v5, Section 3.1.
"""

import torch
from torch import Tensor, nn

from reproductions.attention.base import Attention


class Concat(Attention):
    r"""A hidden layer over state and annotation side by side (Section 3.1, "concat").

    .. math:: \mathrm{score}(h_t, \bar h_s) = v_a^\top \tanh(W_a [h_t; \bar h_s])

    One matrix times two concatenated vectors is the sum of its two blocks times one vector each: additive attention. The
    block for the annotations is applied once per sentence.

    Shapes: h_t (B, T, D), h_s (B, S, K), W_a (hidden, D + K), v_a (hidden).

    Departs from the paper: its experiments fixed the block of the annotations to the identity (footnote 15), which the
    authors suspect is why concat did badly; here all of W_a is learned, as in the equation.
    """

    paper = "Luong, Pham and Manning"
    year = 2015
    formula = "vᵀ tanh(W [s; h])"
    products = "D n + S n"

    def __init__(self, query: int, key: int, hidden: int) -> None:
        super().__init__()
        self.blocks = [query, key]
        self.W_a = nn.Linear(query + key, hidden, bias=False)
        self.v_a = nn.Parameter(torch.empty(hidden).uniform_(-1, 1) / hidden**0.5)

    def project(self, keys: Tensor) -> Tensor:
        return nn.functional.linear(keys, self.W_a.weight.split_with_sizes(self.blocks, 1)[1])

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        of_query = nn.functional.linear(query, self.W_a.weight.split_with_sizes(self.blocks, 1)[0])
        hidden = torch.tanh(of_query[:, :, None] + keys[:, None])  # (B, T, S, hidden)
        return hidden @ self.v_a.to(hidden.dtype)
