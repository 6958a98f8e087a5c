"""How the residual network is trained: He et al. (2016), Section 4.2, and options for a shorter training."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from reproductions.layers.checks import check_not_negative, check_positive, check_rates
from reproductions.resnet2016.model import Network, ResNet
from reproductions.training.classification import Classification, decayed
from reproductions.training.schedules import part_of_peak


@dataclass(frozen=True)
class Recipe:
    """Optimiser, schedule and loss; the defaults are the paper's for CIFAR-10, with batches of 128 and 64,000 steps.

    Attributes:
        learning_rate: of stochastic gradient descent with momentum 0.9, at its peak.
        weight_decay: see ``decay``.
        decay: what weight decay shrinks: "all", or "matrices", but no norms and biases. The paper does not say.
        schedule: "steps" divides by ten after a half and after three quarters of all steps, as the paper does after 32,000
            and 48,000 of 64,000; "cosine" and "linear" fall to zero at the last step of the trainer; or "constant".
        warmup: steps of linear warm-up.
        smoothing: label smoothing.
    """

    learning_rate: float = 0.1
    weight_decay: float = 1e-4
    decay: Literal["all", "matrices"] = "all"
    schedule: Literal["steps", "cosine", "linear", "constant"] = "steps"
    warmup: int = 0
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_rates(self, "smoothing")
        check_positive(self, "learning_rate")
        check_not_negative(self, "weight_decay", "warmup")


@torch.no_grad()
def initialise(model: ResNet) -> None:
    """Filters normal with variance 2 / fan-in (He et al. 2015, as Section 3.4 says), norms the identity, bias zero."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    nn.init.kaiming_normal_(model.head.weight, nonlinearity="linear")
    nn.init.zeros_(model.head.bias)


class ResNet2016(Classification):
    """The residual network as a LightningModule.

    Args:
        classes: K; comes from the data.
        network: sizes and choices of the network.
        recipe: how it is trained.
    """

    paper = "resnet2016"
    kind = "activation"

    def __init__(self, classes: int, network: Network = Network(), recipe: Recipe = Recipe()) -> None:
        model = ResNet(classes, network)
        initialise(model)
        super().__init__(model, recipe.smoothing)
        self.network, self.recipe, self.title = network, recipe, network.name
        self.depth, self.class_token = (1, 1), False
        self.store_arguments(locals())

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        groups = list(decayed(self.model, recipe.weight_decay, everything=recipe.decay == "all"))  # type: ignore[arg-type]
        optimizer = torch.optim.SGD(groups, recipe.learning_rate, momentum=0.9, foreach=True)
        return self.scheduled(optimizer, part_of_peak, recipe.warmup, recipe.schedule)
