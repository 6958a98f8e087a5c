"""How the paper's models are trained: Luong, Pham and Manning (2015), Section 4.1, and options for a shorter training."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from data.translation import TranslationBatch
from reproductions.attention import in_words
from reproductions.layers.checks import check_not_negative, check_positive, check_sizes
from reproductions.luong2015.model import Attentional, Network
from reproductions.training.adam import adam
from reproductions.training.schedules import warmed
from reproductions.training.translation import Search, Translation


@dataclass(frozen=True)
class Recipe:
    """Optimiser, schedule and initialisation; the defaults are the paper's for models with dropout.

    Attributes:
        optimizer: plain "sgd", or "adam".
        learning_rate: 1 for plain descent as in the paper.
        schedule: "halving" after some epochs; or "cosine" to zero at the last step of the trainer, after a warm-up.
        epochs_before_halving: halve the learning rate after each epoch from this one on: 8 with dropout, 5 without.
        warmup: steps of linear warm-up of the cosine.
        reduction: "sentences" divides the loss, summed over words, by the number of sentences in a batch, as the paper's
            code does before it clips the gradient; "words" divides it by the number of words.
        uniform: parameters start uniform in [-uniform, uniform].
    """

    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 1.0
    schedule: Literal["halving", "cosine"] = "halving"
    epochs_before_halving: int = 8
    warmup: int = 0
    reduction: Literal["sentences", "words"] = "sentences"
    uniform: float = 0.1

    def __post_init__(self) -> None:
        check_sizes(self, "epochs_before_halving")
        check_positive(self, "learning_rate", "uniform")
        check_not_negative(self, "warmup")


@torch.no_grad()
def initialise(model: Attentional, uniform: float) -> None:
    """Section 4.1: every parameter uniform in [-0.1, 0.1]. Scalars, which only other papers' mechanisms have, are kept."""
    for parameter in model.parameters():
        if parameter.dim():
            parameter.uniform_(-uniform, uniform)


class Luong2015(Translation):
    """The paper's translator as a LightningModule.

    Args:
        source_vocabulary: words of the source side; comes from the data.
        target_vocabulary: words of the target side; comes from the data.
        eos: id of ``</s>``; comes from the data.
        network: sizes and choices of the network.
        recipe: how it is trained.
        search: how it translates.
    """

    paper = "luong2015"

    def __init__(
        self,
        source_vocabulary: int,
        target_vocabulary: int,
        eos: int = 2,
        network: Network = Network(),
        recipe: Recipe = Recipe(),
        search: Search = Search(),
    ) -> None:
        model = Attentional(source_vocabulary, target_vocabulary, network)
        initialise(model, recipe.uniform)
        super().__init__(model, eos, search, reduction="sum" if recipe.reduction == "sentences" else "mean")
        self.recipe = recipe
        attends = network.attention != "none"
        dot = network.score == "dot" and network.attention.startswith("local")
        self.title = (
            f"Luong et al., {in_words(network.attention) if attends else 'no'} attention{' (dot)' if dot else ''}"
        )
        self.view = "L1 H1 shift0" if attends else None
        self.store_arguments(locals())

    def training_step(self, batch: TranslationBatch, batch_idx: int) -> Tensor:
        loss = super().training_step(batch, batch_idx)
        return loss / len(batch.source) if self.recipe.reduction == "sentences" else loss

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        kind = torch.optim.SGD if recipe.optimizer == "sgd" else adam
        optimizer = kind(self.parameters(), lr=recipe.learning_rate)
        if recipe.schedule == "halving":
            scheduler = torch.optim.lr_scheduler.LambdaLR(
                optimizer, lambda epoch: 0.5 ** max(0, epoch + 1 - recipe.epochs_before_halving)
            )
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "epoch"}}
        return self.scheduled(optimizer, warmed, recipe.warmup, "cosine")
