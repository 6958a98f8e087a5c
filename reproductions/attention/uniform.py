"""The control of every mechanism: it looks at all words alike."""

from torch import Tensor

from reproductions.attention.base import Attention, at_least_single


class Uniform(Attention):
    """Every score is 0, so every word has the same weight, and the context is the mean of the annotations.

    It has no parameters. Wiegreffe and Pinter (2019), "Attention is not not Explanation", train such a control.
    """

    formula = "0"
    products = "0"

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        return at_least_single(query).new_zeros(*query.shape[:-1], keys.shape[1])
