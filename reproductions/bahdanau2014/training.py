"""How RNNsearch is trained: Bahdanau, Cho and Bengio (2014), Section 4.2 and Appendix B, and options of later practice."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from data.translation import TranslationBatch
from reproductions.attention import Additive, in_words
from reproductions.bahdanau2014.model import Decoder, GatedUnit, Network, RNNsearch
from reproductions.layers.checks import check_not_negative, check_positive
from reproductions.training.adam import adam
from reproductions.training.schedules import warmed
from reproductions.training.translation import Search, Translation


@dataclass(frozen=True)
class Recipe:
    """Optimiser, schedule and initialisation; the defaults are the paper's.

    Attributes:
        optimizer: "adadelta" with rho 0.95, epsilon 1e-6 and step 1 (B.2), or "adam".
        learning_rate: 1 for Adadelta as in the paper.
        schedule: "constant", or "cosine" to zero at the last step of the trainer.
        warmup: steps of linear warm-up.
        reduction: "sum" over the words of a batch, as in the authors' code, or "mean".
        initialisation: "paper" (B.1), or "unit", which a short training needs: embeddings from N(0, 1), recurrent matrices
            orthogonal, other matrices uniform within 1 / sqrt(fan-in).
    """

    optimizer: Literal["adadelta", "adam"] = "adadelta"
    learning_rate: float = 1.0
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: int = 0
    reduction: Literal["sum", "mean"] = "sum"
    initialisation: Literal["paper", "unit"] = "paper"

    def __post_init__(self) -> None:
        check_positive(self, "learning_rate")
        check_not_negative(self, "warmup")


def _orthogonal(matrix: Tensor) -> None:
    """Make each square block (n, n) of a stack of recurrent matrices (k n, n) random orthogonal."""
    for block in matrix.split(matrix.shape[1]):
        nn.init.orthogonal_(block)


@torch.no_grad()
def initialise(model: RNNsearch, initialisation: Literal["paper", "unit"]) -> None:
    """Appendix B.1: recurrent matrices orthogonal, W_a and U_a from N(0, 0.001^2), v_a and biases zero, everything else
    from N(0, 0.01^2). So in the first step attention is uniform, and W_a and U_a get no gradient.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            bound = 1 / math.sqrt(module.in_features)
            _ = module.weight.normal_(0, 0.01) if initialisation == "paper" else module.weight.uniform_(-bound, bound)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.Embedding):
            module.weight.normal_(0, 0.01 if initialisation == "paper" else 1.0)
    for module in model.modules():
        if isinstance(module, GatedUnit):
            _orthogonal(module.U_rz.weight)
            _orthogonal(module.U.weight)
        elif isinstance(module, Decoder) and isinstance(module.attention, Additive) and initialisation == "paper":
            module.attention.W_a.weight.normal_(0, 0.001)
            module.attention.U_a.weight.normal_(0, 0.001)
            module.attention.v_a.zero_()


class Bahdanau2014(Translation):
    """RNNsearch and RNNencdec as a LightningModule.

    Args:
        source_vocabulary: words of the source side; comes from the data.
        target_vocabulary: words of the target side; comes from the data.
        eos: id of ``</s>``; comes from the data.
        network: sizes and choices of the network.
        recipe: how it is trained.
        search: how it translates.
    """

    paper = "bahdanau2014"

    def __init__(
        self,
        source_vocabulary: int,
        target_vocabulary: int,
        eos: int = 2,
        network: Network = Network(),
        recipe: Recipe = Recipe(),
        search: Search = Search(),
    ) -> None:
        model = RNNsearch(source_vocabulary, target_vocabulary, network)
        initialise(model, recipe.initialisation)
        super().__init__(model, eos, search, reduction=recipe.reduction)
        self.recipe = recipe
        attends = network.attention != "none"
        named = {"additive": "RNNsearch", "none": "RNNencdec"}
        self.title = named.get(network.attention, f"RNNsearch with {in_words(network.attention)} attention")
        self.view = "L1 H1 shift0" if attends else None
        self.store_arguments(locals())

    def training_step(self, batch: TranslationBatch, batch_idx: int) -> Tensor:
        """The loss, such that the mean over processes and gathered batches, which Lightning takes, is the sum over all."""
        loss = super().training_step(batch, batch_idx)
        if self.recipe.reduction == "mean":
            return loss
        return loss * self.trainer.world_size * self.trainer.accumulate_grad_batches

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        if recipe.optimizer == "adadelta":
            optimizer: torch.optim.Optimizer = torch.optim.Adadelta(
                self.parameters(), lr=recipe.learning_rate, rho=0.95, eps=1e-6
            )
        else:
            optimizer = adam(self.parameters(), lr=recipe.learning_rate)
        return self.scheduled(optimizer, warmed, recipe.warmup, recipe.schedule)
