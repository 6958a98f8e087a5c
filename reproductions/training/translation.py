"""The LightningModule that all translators share: loss, logging, and the one evaluation step."""

import time
from dataclasses import dataclass
from typing import Literal, Protocol, TypedDict

import torch
from torch import Tensor, nn

from data.errors import UserError
from data.tokenizers import UNK
from data.translation import TranslationBatch
from reproductions.decoding import Hypothesis, Translator, beam, greedy
from reproductions.layers.checks import check_not_negative
from reproductions.layers.cross_entropy import cross_entropy
from reproductions.training.module import Reproduction


class TrainableTranslator(Translator, Protocol):
    """A translator that can be trained: features for all words at once, and the matrix that scores the words."""

    head: nn.Linear
    max_length: int | None  # maximum words or pieces of a sentence, ``</s>`` included; None for any number

    @property
    def reads(self) -> list[nn.Module]:
        """The ``read`` of the attention in each layer of the maps, first to last; a hook before it may change the weights."""

    def features(
        self, source: Tensor, mask: Tensor, target: Tensor, need_weights: bool = True
    ) -> tuple[Tensor, Tensor]:
        """Features (B, T, D) and maps (B, L, H, T, S), teacher forced: position t sees target[:, :t].

        Without ``need_weights`` the maps are empty: L = 0 or H = 0.
        """

    def norms(self, source: Tensor, mask: Tensor) -> Tensor:
        """Norm (B, L, H, S) of what each source position adds to the result with weight 1."""


@dataclass(frozen=True)
class Search:
    """How every translation is decoded: in validation, in tests, on the command line.

    Attributes:
        width: number of hypotheses kept open; 1 is greedy search.
        alpha: exponent of the length penalty ((5 + length) / 6) ** alpha; 0 for none.
        forbid_unknown: never write ``<unk>``, as "No UNK" in Table 1 of Bahdanau et al. (2014).
    """

    width: int = 1
    alpha: float = 0.0
    forbid_unknown: bool = False

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"search.width must be at least 1, not {self.width}")
        check_not_negative(self, "alpha")  # with a negative one a beam would stop too early


def decode(search: Search, model: Translator, source: Tensor, mask: Tensor, eos: int) -> list[Hypothesis]:
    """One hypothesis per sentence, see :func:`greedy`."""
    forbidden = UNK if search.forbid_unknown else None
    if search.width == 1:
        return greedy(model, source, mask, eos, forbidden)
    return beam(model, source, mask, eos, search.width, search.alpha, forbidden)


class EvaluatedBatch(TypedDict):
    """What the evaluation step computes of a batch, sentence by sentence."""

    index: list[int]  # position in the split
    hypotheses: list[Hypothesis]  # the model's own translations with their maps
    forced_maps: list[Tensor]  # (L, H, T, S) each, over the reference translation
    norms: list[Tensor]  # (L, H, S) each, norm of what a source position adds with weight 1
    nll: list[float]  # -log p(reference) in nats, ``</s>`` included
    words: list[int]  # number of words of the reference, ``</s>`` included
    seconds: float  # time to translate the whole batch


class Translation(Reproduction):
    """Train and evaluate a translator.

    Args:
        model: the paper's network.
        eos: id of ``</s>``.
        search: how to decode.
        smoothing: label smoothing.
        reduction: "sum" adds the loss of all words in a batch, as the code of Bahdanau et al. (2014) does before it clips the
            gradient; "mean" divides it by their number.
    """

    def __init__(
        self,
        model: TrainableTranslator,
        eos: int,
        search: Search,
        smoothing: float = 0.0,
        reduction: Literal["sum", "mean"] = "mean",
    ) -> None:
        super().__init__()
        self.model = model
        self.eos = eos
        self.search = search
        self.smoothing = smoothing
        self.reduction = reduction

    def loss(self, batch: TranslationBatch, need_weights: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """Summed loss, -log p (N) of each real target word, and maps (B, L, H, T, S), empty without ``need_weights``.

        Raises UserError for a sentence that is longer than the model can read.
        """
        self._check_length(batch.source, batch.target)
        features, maps = self.model.features(batch.source, batch.source_mask, batch.target, need_weights)
        real = batch.target_mask
        return *cross_entropy(features[real], self.model.head, batch.target[real], self.smoothing), maps

    def training_step(self, batch: TranslationBatch, batch_idx: int) -> Tensor:
        loss, nll, _ = self.loss(batch)
        self.log("train/loss", nll.mean(), prog_bar=True, batch_size=len(nll))
        return loss if self.reduction == "sum" else loss / len(nll)

    def translate(self, source: Tensor, mask: Tensor) -> list[Hypothesis]:
        """Translate source sentences (B, S); everything that decodes comes here.

        Raises UserError for a sentence that is longer than the model can read.
        """
        self._check_length(source)
        return decode(self.search, self.model, source, mask, self.eos)

    @torch.inference_mode()
    def norms(self, source: Tensor, mask: Tensor) -> Tensor:
        """(B, L, H, S), see :meth:`TrainableTranslator.norms`."""
        return self.model.norms(source, mask)

    def evaluation_step(self, batch: TranslationBatch) -> EvaluatedBatch:
        """Read the references with the model, and let it translate for itself."""
        _, nll, maps = self.loss(batch, need_weights=True)
        several = maps.shape[1] * maps.shape[2] > 1 or (self.view or "").endswith(" norms")  # else nothing reads norms
        norms = self.norms(batch.source, batch.source_mask) if several else maps[:, :, :, 0]
        start = time.perf_counter()
        hypotheses = [h._replace(maps=h.maps.cpu()) for h in self.translate(batch.source, batch.source_mask)]
        seconds = time.perf_counter() - start
        T, S = batch.target_mask.sum(1).tolist(), batch.source_mask.sum(1).tolist()
        return EvaluatedBatch(
            index=batch.index.tolist(),
            hypotheses=hypotheses,
            forced_maps=[m[:, :, :t, :s].float().cpu() for m, t, s in zip(maps, T, S, strict=True)],
            norms=[n[:, :, :s].float().cpu() for n, s in zip(norms, S, strict=True)],
            nll=[part.sum().item() for part in nll.split(T)],
            words=T,
            seconds=seconds,
        )

    def _check_length(self, *sides: Tensor) -> None:
        longest, limit = max(side.shape[1] for side in sides), self.model.max_length
        if limit is not None and longest > limit:
            raise UserError(
                f"A sentence has {longest:,} words or pieces with its </s>, but this model has {limit:,} positions: split the "
                "sentence, or train with a larger network.max_length."
            )
