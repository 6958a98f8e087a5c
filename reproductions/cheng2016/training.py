"""How the LSTMN of Cheng, Dong and Lapata (2016) is trained as a language model, in minutes."""

import math
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import torch
from torch import Tensor, nn

from data.language import LanguageBatch
from reproductions.cheng2016.model import LSTMN, Network
from reproductions.layers.checks import check_not_negative, check_positive
from reproductions.layers.cross_entropy import cross_entropy
from reproductions.training.adam import adam
from reproductions.training.module import Reproduction
from reproductions.training.schedules import warmed


@dataclass(frozen=True)
class Recipe:
    """Optimiser and schedule for a training of minutes.

    Attributes:
        optimizer: "adam", or "sgd" without momentum.
        learning_rate: at the peak.
        schedule: "constant", or "cosine" to zero at the last step of the trainer.
        warmup: steps of linear warm-up.
        forget: initial bias of the forget gate. With 0 a new model forgets half of its memory at every word.
    """

    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: float = 0.002
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup: int = 50
    forget: float = 1.0

    def __post_init__(self) -> None:
        check_positive(self, "learning_rate")
        check_not_negative(self, "warmup")


@torch.no_grad()
def initialise(model: LSTMN, forget: float) -> None:
    """Embeddings from N(0, 1), recurrent matrices orthogonal, other matrices uniform within 1 / sqrt(fan-in); biases zero
    except the forget gate's.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            bound = 1 / math.sqrt(module.in_features)
            module.weight.uniform_(-bound, bound)
            if module.bias is not None:
                module.bias.zero_()
    model.E.weight.normal_(0, model.E.embedding_dim**-0.5 if model.head.weight is model.E.weight else 1.0)
    n = model.unit.W_h.in_features
    for block in model.unit.W_h.weight.split(n):
        nn.init.orthogonal_(block)
    model.unit.W_x.bias[n : 2 * n] = forget


class EvaluatedBatch(TypedDict):
    """What the evaluation step computes of a batch, sentence by sentence."""

    index: list[int]  # position in the split
    log_p: list[Tensor]  # (T, V) each, log-probabilities in nats of every word at every position
    maps: list[Tensor]  # (L, H, T, T) each, where each x_t looked; L = H = 0 for the LSTM


class Cheng2016(Reproduction):
    """LSTMN and LSTM as a LightningModule.

    Args:
        vocabulary: words of the language; comes from the data.
        network: sizes and choices of the network.
        recipe: how it is trained.
    """

    paper = "cheng2016"

    def __init__(self, vocabulary: int, network: Network = Network(), recipe: Recipe = Recipe()) -> None:
        super().__init__()
        self.model = LSTMN(vocabulary, network)
        initialise(self.model, recipe.forget)
        self.network, self.recipe = network, recipe
        self.title = "LSTMN" if network.attention == "intra" else "LSTM"
        self.store_arguments(locals())

    def training_step(self, batch: LanguageBatch, batch_idx: int) -> Tensor:
        h, _ = self.model.features(batch.words, need_weights=False)
        loss, nll = cross_entropy(h[batch.mask], self.model.head, batch.words[batch.mask])
        self.log("train/loss", nll.mean(), prog_bar=True, batch_size=len(nll))
        return loss / len(nll)

    @torch.inference_mode()
    def read(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities (B, T, V) of every word given the words before it, and maps (B, L, H, T, T), for words (B, T)."""
        logits, maps = self.model(words)
        return logits.float().log_softmax(-1), maps.float()

    def evaluation_step(self, batch: LanguageBatch) -> EvaluatedBatch:
        """Read the sentences with the model."""
        log_p, maps = self.read(batch.words)
        lengths = batch.mask.sum(1).tolist()
        return EvaluatedBatch(
            index=batch.index.tolist(),
            log_p=[p[:t].cpu() for p, t in zip(log_p, lengths, strict=True)],
            maps=[m[:, :, :t, :t].cpu() for m, t in zip(maps, lengths, strict=True)],
        )

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        kind = adam if recipe.optimizer == "adam" else torch.optim.SGD
        optimizer = kind(self.parameters(), lr=recipe.learning_rate)
        return self.scheduled(optimizer, warmed, recipe.warmup, recipe.schedule)
