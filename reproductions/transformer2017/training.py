"""How the Transformer is trained: Vaswani et al. (2017), Section 5, and options for a shorter training."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from data.translation import TranslationBatch
from reproductions.layers.checks import check_positive, check_rates, check_sizes
from reproductions.training.adam import adam
from reproductions.training.translation import Search, Translation
from reproductions.transformer2017.model import Network, Transformer


@dataclass(frozen=True)
class Recipe:
    """Optimiser, schedule and loss; the defaults are the paper's.

    Attributes:
        schedule: "inverse_root" is equation (3); "cosine", for a training of minutes, warms up to the same peak and falls to
            zero at the last step of the trainer.
        warmup: steps of linear warm-up.
        factor: multiplies the learning rate; later versions of the paper's code have 2.
        beta2: of Adam; later versions of the code have 0.997.
        smoothing: epsilon_ls of label smoothing (Section 5.4).
        guidance: lambda of guided alignment, see :func:`guided_alignment`; 0 for none, 0.05 in Garg et al. (2019).
    """

    schedule: Literal["inverse_root", "cosine"] = "inverse_root"
    warmup: int = 4000
    factor: float = 1.0
    beta2: float = 0.98
    smoothing: float = 0.1
    guidance: float = 0.0

    def __post_init__(self) -> None:
        check_sizes(self, "warmup")
        check_rates(self, "smoothing", "beta2", "guidance")
        check_positive(self, "factor")


@torch.no_grad()
def initialise(model: Transformer, d: int) -> None:
    """As in the paper's code, since the paper does not say: embeddings from N(0, 1/d), so that after scaling by sqrt(d)
    they are as large as the positions; each matrix uniform with variance 2 / (fan-in + fan-out); biases zero.
    """
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            module.weight.normal_(0, d**-0.5)
        elif isinstance(module, nn.Linear) and module is not model.head:
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                module.bias.zero_()
    if model.head.weight is not model.target.E.weight:
        model.head.weight.normal_(0, d**-0.5)


def learning_rate(step: int, d: int, warmup: int) -> float:
    """lrate at a step, counted from 1: linear warm-up, then the inverse square root of the step."""
    return float(d**-0.5 * min(step**-0.5, step * warmup**-1.5))  # (3)


def guided_alignment(maps: Tensor, links: Tensor) -> Tensor:
    """Summed cross entropy, in nats, of one head against links: Garg et al. (2019), "Jointly Learning to Align and Translate with
    Transformer Models", equation (4). The head is the first of the penultimate layer, or of the only one.

    Departs from that paper: the head reads a word's links one step later, when the word is the decoder's input, as Chen et al.
    (2020), "Accurate Word Alignment Induction from Neural Machine Translation", propose; so no second pass without the mask of
    the future is needed for the head to see the word that it aligns.

    Args:
        maps: (B, N, h, T, S), of the decoder.
        links: (B, T, S), rows of sum 1, or 0 for a word without links. The last row, of ``</s>``, is not read.
    """
    head = maps[:, max(maps.shape[1] - 2, 0), 0, 1:].float()
    return -(links[:, :-1] * head.clamp(min=torch.finfo(head.dtype).tiny).log()).sum()


class Transformer2017(Translation):
    """The Transformer as a LightningModule.

    Args:
        source_vocabulary: words of the source side; comes from the data.
        target_vocabulary: words of the target side; comes from the data.
        eos: id of ``</s>``; comes from the data.
        network: sizes and choices of the network.
        recipe: how it is trained.
        search: how it translates; the paper has width 4 and alpha 0.6 (Section 6.1).
    """

    paper = "transformer2017"
    title = "Transformer"

    def __init__(
        self,
        source_vocabulary: int,
        target_vocabulary: int,
        eos: int = 2,
        network: Network = Network(),
        recipe: Recipe = Recipe(),
        search: Search = Search(width=4, alpha=0.6),
    ) -> None:
        model = Transformer(source_vocabulary, target_vocabulary, network)
        initialise(model, network.d_model)
        super().__init__(model, eos, search, smoothing=recipe.smoothing)  # type: ignore[arg-type]
        self.network, self.recipe = network, recipe
        self.view = f"L{network.layers} H{'mean' if network.heads > 1 else 1} shift0"  # until validation has chosen
        self.store_arguments(locals())

    def setup(self, stage: str) -> None:
        if stage == "fit" and self.recipe.guidance:
            self.trainer.datamodule.guided = True

    def loss(self, batch: TranslationBatch, need_weights: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """As for every translator; with links in the batch, ``guidance`` times the loss of their head is added."""
        loss, nll, maps = super().loss(batch, need_weights or batch.links is not None)
        if batch.links is not None:
            loss = loss + self.recipe.guidance * guided_alignment(maps, batch.links)
        return loss, nll, maps

    def configure_optimizers(self) -> Any:
        recipe, d = self.recipe, self.network.d_model
        optimizer = adam(self.parameters(), lr=1.0, betas=(0.9, recipe.beta2), eps=1e-9)

        def rate(done: int, total: float) -> float:
            step = done + 1
            if recipe.schedule == "inverse_root" or step <= recipe.warmup:
                return recipe.factor * learning_rate(step, d, recipe.warmup)
            part = min(1.0, (step - recipe.warmup) / max(1, total - recipe.warmup))
            return recipe.factor * learning_rate(recipe.warmup, d, recipe.warmup) * 0.5 * (1 + math.cos(math.pi * part))

        return self.scheduled(optimizer, rate)
