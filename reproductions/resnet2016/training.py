"""How the residual network is trained: He et al. (2016), Section 4.2, and what a shorter training needs."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import nn

from reproductions.layers.checks import check_choices, check_rates
from reproductions.resnet2016.model import Network, ResNet
from reproductions.training.classification import Classification, decayed
from reproductions.training.schedules import part_of_peak


@dataclass(frozen=True)
class Recipe:
    """Optimiser, schedule and loss; the defaults are the paper's for CIFAR-10, with batches of 128 and 64,000 steps.

    Attributes:
        learning_rate: of stochastic gradient descent with momentum 0.9, before it falls.
        weight_decay: see ``decay``.
        decay: what it shrinks: "all", or "matrices", so filters and no norms and biases. The paper does not say.
        schedule: "steps" divides by ten after a half and after three quarters of all steps, which the paper does after 32,000
            and 48,000 of 64,000; "cosine" and "linear" fall to zero at the last step of the trainer; "constant".
        warmup: steps of linear warm-up before it.
        smoothing: label smoothing.
        ema: decay of a moving average of the weights that is evaluated in their place, 0 for none.
        compiled: train through ``torch.compile``.
    """

    learning_rate: float = 0.1
    weight_decay: float = 1e-4
    decay: Literal["all", "matrices"] = "all"
    schedule: Literal["steps", "cosine", "linear", "constant"] = "steps"
    warmup: int = 0
    smoothing: float = 0.0
    ema: float = 0.0
    compiled: bool = False

    def __post_init__(self) -> None:
        check_choices(self)
        check_rates(self, "smoothing", "ema")
        if not self.learning_rate > 0:
            raise ValueError(f"recipe.learning_rate must be above 0, not {self.learning_rate}")
        if self.weight_decay < 0 or self.warmup < 0:
            raise ValueError(
                f"recipe.weight_decay and recipe.warmup must be 0 or more, not {self.weight_decay} and {self.warmup}"
            )


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
        super().__init__(model, recipe.smoothing, recipe.ema, recipe.compiled)
        self.network, self.recipe, self.title = network, recipe, network.name
        self.depth, self.class_token = (1, 1), False
        self.save_hyperparameters({"classes": classes, "network": asdict(network), "recipe": asdict(recipe)})

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        groups = list(decayed(self.model, recipe.weight_decay, everything=recipe.decay == "all"))
        optimizer = torch.optim.SGD(groups, recipe.learning_rate, momentum=0.9, foreach=True)
        total = self.trainer.estimated_stepping_batches
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda done: part_of_peak(done + 1, total, recipe.warmup, recipe.schedule)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
