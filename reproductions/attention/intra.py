"""Intra-attention: Cheng, Dong and Lapata (2016), "Long Short-Term Memory-Networks for Machine Reading",
arXiv 1601.06733, Section 3.2.
"""

import torch
from torch import Tensor, nn

from reproductions.attention.base import Attention


class Intra(Attention):
    r"""A sentence reads itself: each word attends to the states of the words before it (Section 3.2).

    .. math::
        a_i^t = v^\top \tanh(W_h h_i + W_x x_t + W_{\tilde h} \tilde h_{t-1}) \quad (4) \qquad
        s^t = \mathrm{softmax}(a^t) \quad (5) \qquad
        [\tilde h_t; \tilde c_t] = \sum_{i < t} s_i^t [h_i; c_i] \quad (6)

    The query is :math:`[x_t; \tilde h_{t-1}]`, the word and the summary for the word before it, zeros for the first word. The
    keys are h, the values [h; c], and the mask leaves i < t: the first word attends to nothing and gets zeros. Words are
    read one after the other, since each needs the summary of the last.

    Shapes: x (B, T, word), h (B, S, state), W_x (hidden, word), W_h and W_h_tilde (hidden, state), v (hidden). One
    bias, on W_h. The authors' encoder leaves out the term of W_h_tilde; here it is kept, as in (4).
    """

    paper = "Cheng, Dong and Lapata"
    year = 2016
    formula = "vᵀ tanh(W_h h + W_x x + W_h̃ h̃)"
    products = "D n + S n"
    over_source = False

    def __init__(self, word: int, state: int, hidden: int) -> None:
        super().__init__()
        self.parts = [word, state]
        self.W_h = nn.Linear(state, hidden)
        self.W_x = nn.Linear(word, hidden, bias=False)
        self.W_h_tilde = nn.Linear(state, hidden, bias=False)
        self.v = nn.Parameter(torch.empty(hidden).uniform_(-1, 1) / hidden**0.5)

    def project(self, keys: Tensor) -> Tensor:
        projected: Tensor = self.W_h(keys)
        return projected

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        x, h_tilde = query.split_with_sizes(self.parts, -1)
        asked = self.W_x(x) + self.W_h_tilde(h_tilde)
        hidden = torch.tanh(asked[:, :, None] + keys[:, None])  # (B, T, S, hidden)
        return hidden @ self.v.to(hidden.dtype)  # (4)
