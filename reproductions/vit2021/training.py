"""How ViT is trained: Dosovitskiy et al. (2021), Section 4.1 and Appendix B.1, and options for a shorter training."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from reproductions.layers.checks import check_not_negative, check_positive, check_rates
from reproductions.training.adam import adam
from reproductions.training.classification import Classification, decayed
from reproductions.training.schedules import part_of_peak
from reproductions.vit2021.model import Network, ViT
from reproductions.vit2021.weights import Converted, adopt, load

HEADLESS = "rollout"  # the view of weights without a head: it needs no class


@dataclass(frozen=True)
class Recipe:
    """Optimiser, schedule and loss; the defaults are the paper's for ImageNet from scratch (Table 3, ViT-*).

    The paper also clips the gradient at norm 1 (``trainer.gradient_clip_val``), with batches of 4,096 and dropout 0.1.

    Attributes:
        optimizer: "adamw", the paper's Adam, whose weight decay is multiplied by the learning rate and separate from the
            gradient; "sgd", with momentum 0.9, is the paper's for fine-tuning (Table 4).
        learning_rate: at the end of the warm-up.
        beta_2: of Adam; beta_1 is 0.9.
        weight_decay: see ``decay``.
        decay: what weight decay shrinks: "matrices", but no norms, biases, class token, registers and positions; or "all".
            The paper does not say.
        schedule: after the warm-up: "cosine" or "linear" to zero at the last step of the trainer, or "constant".
        warmup: steps of linear warm-up.
        smoothing: label smoothing; DeiT has 0.1.
    """

    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 3e-3
    beta_2: float = 0.999
    weight_decay: float = 0.3
    decay: Literal["matrices", "all"] = "matrices"
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    warmup: int = 10_000
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_rates(self, "beta_2", "smoothing")
        check_positive(self, "learning_rate")
        check_not_negative(self, "weight_decay", "warmup")


@torch.no_grad()
def initialise(model: ViT) -> None:
    """As in the paper's code: class token and head zero, positions N(0, 0.02), patches LeCun-normal, matrices
    Xavier-uniform, biases zero except the MLPs', which are N(0, 1e-6).

    Not in the code: registers N(0, 0.02); the stem's convolutions He-normal, the last one LeCun-normal.
    """
    for block in model.blocks:
        for matrix in (block.MSA.W_Q, block.MSA.W_K, block.MSA.W_V, block.MSA.W_O, block.MLP.W_1, block.MLP.W_2):
            nn.init.xavier_uniform_(matrix.weight)
            nn.init.normal_(matrix.bias, 0, 1e-6 if matrix in (block.MLP.W_1, block.MLP.W_2) else 0)
    convolved = [module for module in model.embed.modules() if isinstance(module, nn.Conv2d)]
    for convolution in convolved[:-1]:
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    lecun_normal(convolved[-1].weight)
    nn.init.zeros_(convolved[-1].bias)
    nn.init.normal_(model.embed.registers, 0, 0.02)
    if model.network.positions == "learned":
        nn.init.normal_(model.embed.E_pos, 0, 0.02)
    for layer in (module for module in model.head if isinstance(module, nn.Linear)):
        lecun_normal(layer.weight)
        nn.init.zeros_(layer.bias)
    nn.init.zeros_(model.head[-1].weight)


def lecun_normal(weight: Tensor) -> None:
    """Fill with a normal distribution, truncated at two standard deviations and then scaled to variance 1 / fan-in."""
    std = math.sqrt(1 / weight[0].numel()) / 0.87962566103423978
    nn.init.trunc_normal_(weight, 0, std, -2 * std, 2 * std)


class ViT2021(Classification):
    """The Vision Transformer as a LightningModule.

    Args:
        classes: K; comes from the data.
        network: sizes and choices of the network.
        recipe: how it is trained.
    """

    paper = "vit2021"
    kind = "attention"

    def __init__(self, classes: int, network: Network = Network(), recipe: Recipe = Recipe()) -> None:
        model = ViT(classes, network)
        initialise(model)
        super().__init__(model, recipe.smoothing)
        self.network, self.recipe, self.title = network, recipe, network.name
        self.depth, self.class_token = (network.layers, network.heads), network.class_token
        self.store_arguments(locals())

    def start_from(
        self, source: str, mean: Sequence[float] = (), std: Sequence[float] = (), heads: int | None = None
    ) -> list[str]:
        """Load trained weights, ``torchvision:vit_b_16`` or a file; returns the names of the weights that are not among them.

        Args:
            source: where the weights are.
            mean, std: how the data is normalised, by channel; the weights are adapted to it, see ``weights.adopt``.
            heads: of the weights; None for the number of heads of the published ViT of that width.

        Raises UserError where the weights are not available, or are of another network.
        """
        return adopt(self.model, load(source, heads), mean, std)

    @classmethod
    def pretrained(cls, source: str, heads: int | None = None, size: int | None = None) -> tuple["ViT2021", Converted]:
        """A module for trained weights, ``torchvision:vit_b_16`` or a file, with their own network; and all that was converted.

        ``heads``, ``size``: as in ``weights.load``. Weights without a head, such as DINO's, get one class whose logit is always
        0, and a view that needs no class. Raises UserError where the weights are not available.
        """
        converted, headless = load(source, heads, size), {}
        if not converted.classes:
            converted = converted._replace(network=replace(converted.network, head="linear"))
        with torch.device("meta"):  # initial weights would only be replaced
            module = cls(max(1, converted.classes), converted.network)
        if not converted.classes:
            headless = {
                name: torch.zeros(value.shape) for name, value in module.model.head.state_dict(prefix="head.").items()
            }
            module.view = HEADLESS
        module.model.load_state_dict(converted.state | headless, assign=True)
        return module.float().eval(), converted

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        groups = list(decayed(self.model, recipe.weight_decay, everything=recipe.decay == "all"))
        optimizer: torch.optim.Optimizer
        if recipe.optimizer == "adamw":
            optimizer = adam(groups, torch.optim.AdamW, lr=recipe.learning_rate, betas=(0.9, recipe.beta_2))
        else:
            optimizer = torch.optim.SGD(groups, recipe.learning_rate, momentum=0.9, foreach=True)
        return self.scheduled(optimizer, part_of_peak, recipe.warmup, recipe.schedule)
