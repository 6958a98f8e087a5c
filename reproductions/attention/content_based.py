"""Content-based addressing: Graves, Wayne and Danihelka (2014), "Neural Turing Machines", Section 3.3.1."""

import torch
from torch import Tensor, nn

from reproductions.attention.base import Attention

STRENGTH = 5.0  # about the key strength at the start: at ln 2, one of 15 positions could get no more than 2/9


class ContentBased(Attention):
    r"""The cosine between a key that the controller emits and each row of the memory, sharpened by a key strength.

    .. math::
        w^c_t(i) = \mathrm{softmax}_i(\beta_t K[k_t, M_t(i)]) \qquad (5) \qquad
        K[u, v] = \frac{u \cdot v}{\lVert u \rVert \lVert v \rVert} \qquad (6)

    The memory M is the keys, and the controller's key is :math:`k_t = W_k h_t` for the query h_t.

    Shapes: W_k (K, D), w_beta (D), k (B, T, K), beta (B, T, 1).

    Departs from the paper: it leaves open how key and strength come from the controller, as long as beta > 0; here
    :math:`\beta = \mathrm{softplus}(w_\beta h_t + b_\beta)`, with b_beta large enough that a short training can
    point. A small number under the root keeps the gradient of a zero vector finite. Location addressing, (7) to (9), is left
    out.
    """

    paper = "Graves, Wayne and Danihelka"
    year = 2014
    formula = "β cos(W s, h)"
    products = "D K + D + S K"

    def __init__(self, query: int, key: int) -> None:
        super().__init__()
        self.W_k = nn.Linear(query, key, bias=False)
        self.w_beta = nn.Linear(query, 1, bias=False)
        self.b_beta = nn.Parameter(torch.tensor(STRENGTH))

    def project(self, keys: Tensor) -> Tensor:
        return _unit(keys)

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        beta = nn.functional.softplus(self.w_beta(query) + self.b_beta)
        return beta * (_unit(self.W_k(query)) @ keys.mT)  # (5), (6)


def _unit(x: Tensor) -> Tensor:
    """Each vector divided by its norm; a zero vector stays zero."""
    exact = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    return (exact * (exact.square().sum(-1, keepdim=True) + 1e-6).rsqrt()).to(x.dtype)
