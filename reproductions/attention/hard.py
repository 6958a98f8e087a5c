"""Hard attention: Xu et al. (2015), "Show, Attend and Tell: Neural Image Caption Generation with Visual Attention",
arXiv 1502.03044, Sections 3.1.2 and 4.1.
"""

import torch
from torch import Tensor

from reproductions.attention.base import masked_softmax
from reproductions.attention.soft import Soft


class Hard(Soft):
    r"""Look at one place, drawn with the probabilities of soft attention (Section 4.1).

    .. math:: \tilde s_t \sim \mathrm{Multinoulli}(\alpha_t) \quad (8) \qquad \hat z_t = \sum_i \tilde s_{ti} a_i \quad (9)

    The weights are one-hot. In training they are drawn from torch's global generator, the one that dropout uses; in
    evaluation, and at temperature 0, they are the most probable place. No gradient passes through a draw: a loss needs
    the :func:`log_probability` of the draw and the :func:`entropy` of alpha, and calls the parts itself::

        alpha = attention.soft(attention.score(h, keys), mask)                       # (5)
        s = attention.draw(alpha)                                                    # (8)
        loss = -log_p - r * (log_p - b).detach() * log_probability(alpha, s) - e * entropy(alpha)    # Section 4.1

    Departs from the paper: option ``straight_through``, for a loss without a reward. The backward pass treats the draw as
    alpha itself (Bengio et al., 2013), a biased gradient that is not in the paper.

    Args:
        query, key, hidden: widths of h, a and the hidden layer of f_att.
        temperature: divides the energies before the softmax.
        straight_through: see above.
    """

    formula = "one place drawn from softmax(vᵀ tanh(W s + U h))"

    def __init__(
        self, query: int, key: int, hidden: int, temperature: float = 1.0, straight_through: bool = False
    ) -> None:
        super().__init__(query, key, hidden)
        self.temperature = temperature
        self.straight_through = straight_through

    def soft(self, scores: Tensor, mask: Tensor | None) -> Tensor:
        """The probabilities alpha (B, T, S) of each place."""
        return masked_softmax(scores / (self.temperature or 1.0), mask)  # (5)

    def draw(self, alpha: Tensor) -> Tensor:
        """One place (B, T, S), one-hot; a fully masked row stays zero."""
        alpha = alpha.detach()
        possible = alpha.any(-1, keepdim=True)
        if self.training and self.temperature:
            rows = (alpha + ~possible).flatten(0, -2)  # drawing from a row of zeros is an error
            place = torch.multinomial(rows, 1).view(possible.shape)  # (8)
        else:
            place = alpha.argmax(-1, keepdim=True)
        return torch.zeros_like(alpha).scatter(-1, place, 1.0) * possible

    def weigh(self, scores: Tensor, mask: Tensor | None, query: Tensor, step: Tensor) -> Tensor:  # noqa: ARG002
        alpha = self.soft(scores, mask)
        s = self.draw(alpha)
        return s + (alpha - alpha.detach()) if self.straight_through else s


def log_probability(alpha: Tensor, s: Tensor) -> Tensor:
    """log p (B, T) of the places s (B, T, S) under alpha (B, T, S); 0 for a fully masked row."""
    return (_log(alpha) * s).sum(-1)


def entropy(alpha: Tensor) -> Tensor:
    """H (B, T) in nats of alpha (B, T, S)."""
    return -(alpha * _log(alpha)).sum(-1)


def _log(alpha: Tensor) -> Tensor:
    return alpha.clamp(min=torch.finfo(alpha.dtype).tiny).log()
