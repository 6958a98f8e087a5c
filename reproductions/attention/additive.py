"""Additive attention: Bahdanau, Cho and Bengio (2014), "Neural Machine Translation by Jointly Learning to Align and
Translate", Section 3.1 and Appendix A.1.2.
"""

import torch
from torch import Tensor, nn

from reproductions.attention.base import Attention, at_least_single


class Additive(Attention):
    r"""The alignment model: a feed-forward network with one hidden layer scores each pair (Appendix A.1.2).

    .. math:: e_{ij} = v_a^\top \tanh(W_a s_{i-1} + U_a h_j)

    :math:`U_a h_j` does not depend on the step and is computed once per sentence.

    Shapes: W_a (n', D), U_a (n', K), v_a (n'). One bias, on U_a: the paper omits all biases "to increase readability".
    """

    paper = "Bahdanau, Cho and Bengio"
    year = 2014
    formula = "vᵀ tanh(W s + U h)"
    products = "D n + S n"

    def __init__(self, query: int, key: int, hidden: int) -> None:
        super().__init__()
        self.W_a = nn.Linear(query, hidden, bias=False)
        self.U_a = nn.Linear(key, hidden)
        self.v_a = nn.Parameter(torch.empty(hidden).uniform_(-1, 1) / hidden**0.5)

    def project(self, keys: Tensor) -> Tensor:
        return at_least_single(self.U_a(keys))

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        hidden = torch.tanh(at_least_single(self.W_a(query))[:, :, None] + keys[:, None])  # (B, T, S, n')
        with torch.autocast(hidden.device.type, enabled=False):
            return hidden @ self.v_a.to(hidden.dtype)
