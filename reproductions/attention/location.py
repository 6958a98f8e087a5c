"""Location-based attention: Luong, Pham and Manning (2015), "Effective Approaches to Attention-based Neural Machine
Translation", arXiv 1508.04025v5, Section 3.1.
"""

from torch import Tensor, nn

from reproductions.attention.base import Attention


class LocationBased(Attention):
    r"""The state alone decides where to look, independently of the words there (Section 3.1, equation (8)).

    .. math:: a_t = \mathrm{softmax}(W_a h_t) \qquad (8)

    A sentence with fewer positions than rows of W_a uses the first ones (footnote 6), normalised over them.

    Shapes: h_t (B, T, D), W_a (positions, D).

    Departs from the paper: words beyond the last row of W_a are "ignored" there (footnote 6); here such a sentence is refused.
    """

    paper = "Luong, Pham and Manning"
    year = 2015
    formula = "W s, whatever h is"
    products = "S D"

    def __init__(self, query: int, positions: int) -> None:
        super().__init__()
        self.positions = positions
        self.W_a = nn.Linear(query, positions, bias=False)

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        return nn.functional.linear(query, self.W_a.weight[: keys.shape[1]])  # (8)
