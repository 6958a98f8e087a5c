"""From a captioner's evaluation step to records: ids become words, tensors become maps of places.

T words, P = gh * gw places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from data.captions import CaptionExamples
from data.preprocessing import Preprocessing
from data.tokenizers import Tokenizer
from reproductions.decoding import Hypothesis
from reproductions.evaluation.arrays import Floats, Pixels
from reproductions.evaluation.measures.captions import Judgement, judge
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.evaluation.records.translation import END, without_end
from reproductions.tasks.gather import Collection
from reproductions.tasks.intervening import Attending
from reproductions.tasks.origin import Origin


class Captioner(Protocol):
    """What evaluation asks of a module; draws: whether the model looks at one place of a map."""

    title: str
    steps: int
    draws: bool
    grid: tuple[int, int]  # rows and columns of the places

    @property
    def model(self) -> Attending: ...

    def caption(self, image: Tensor) -> list[Hypothesis]:
        """The model's own captions of images (B, C, h, w), with maps (1, 1, T, P)."""

    def follow(self, image: Tensor, target: Tensor) -> Tensor:
        """Maps (B, T, P) of images over given captions (B, T)."""


@dataclass
class CollectedCaptions(Collection):
    """Everything about the images of one split."""

    own: dict[int, CaptionedImage] = field(default_factory=dict)  # the model's own captions, by index, as all below
    forced: dict[int, CaptionedImage] = field(default_factory=dict)  # the captions to learn, as the model read them
    judged: dict[int, Judgement] = field(default_factory=dict)  # what in the own captions is true
    untrained: dict[int, Floats] = field(default_factory=dict)  # in a test: (T, gh, gw) before training
    nll: float = 0.0  # -log p of all captions to learn, in nats
    words: int = 0  # number of words of these captions, ``</s>`` included

    def add(self, outputs: Mapping[str, Any], examples: CaptionExamples, tokenizer: Tokenizer, **origin: Any) -> None:
        """Add one batch.

        Args:
            outputs: index, hypotheses, forced_maps (T, P), nll and words of each image.
            examples: all images of the split.
            origin: fields ``model``, ``split`` and ``draws`` of every record.
        """
        self.nll += sum(outputs["nll"])
        self.words += sum(outputs["words"])
        images = (outputs[name] for name in ("index", "hypotheses", "forced_maps", "nll"))
        for index, hypothesis, forced_maps, nll in zip(*images, strict=True):
            facts = examples.facts[index]
            own, learned = tokenizer.words(hypothesis.ids).words, facts.captions[0]
            judged = self.judged[index] = judge(without_end(own), facts)
            image = origin | {
                "pixels": examples.pixels[index],
                "masks": examples.masks[index][: sum(map(len, facts.members))],
                "references": [" ".join(word.text for word in words) for words in facts.captions],
                "index": index,
            }
            self.own[index] = CaptionedImage(
                words=own,
                maps=squared(hypothesis.maps[0, 0]),
                spoken=(*judged.spoken, *[()] * (len(own) - len(judged.spoken))),
                forced=False,
                score=hypothesis.log_probability,
                **image,
            )
            self.forced[index] = CaptionedImage(
                words=(*(word.text for word in learned), END),
                maps=squared(forced_maps),
                spoken=(*(facts.objects_of(word) for word in learned), ()),
                forced=True,
                score=-nll,
                **image,
            )

    def add_untrained(self, control: Captioner, outputs: Mapping[str, Any], image: Tensor) -> None:
        """Add the maps of a network before training over the own captions of a batch of images (B, C, h, w)."""
        own = [torch.tensor(hypothesis.ids) for hypothesis in outputs["hypotheses"]]
        target = torch.nn.utils.rnn.pad_sequence(own, batch_first=True).to(image.device)
        for index, ids, maps in zip(outputs["index"], own, control.follow(image, target), strict=True):
            self.untrained[index] = squared(maps[: len(ids)])


def squared(maps: Tensor) -> Floats:
    """(T, P) -> (T, gh, gw) of a square grid."""
    side = round(maps.shape[1] ** 0.5)
    return maps.float().cpu().numpy().reshape(len(maps), side, side)


@dataclass(frozen=True)
class TrainedCaptioner:
    """A trained module with preprocessing and vocabulary: an image in, a caption and its maps out."""

    module: Captioner
    preprocessing: Preprocessing
    tokenizer: Tokenizer

    @property
    def name(self) -> str:
        """The model and its age, for captions."""
        return str(Origin.of(self.module))

    def caption(self, pixels: Pixels) -> tuple[tuple[str, ...], Floats]:
        """Words, with ``</s>``, and maps (T, gh, gw) of one image (h, w, 3)."""
        (hypothesis,) = self.module.caption(self.preprocessing.tensor(pixels[None]))
        return self.tokenizer.words(hypothesis.ids).words, squared(hypothesis.maps[0, 0])

    def follow(self, pixels: Pixels, words: Sequence[str]) -> Floats:
        """Maps (T, gh, gw) of one image over given words, ``</s>`` included."""
        (ids,) = self.tokenizer.encode_words([without_end(tuple(words))])
        target = torch.tensor([ids[: len(words)]])
        return squared(self.module.follow(self.preprocessing.tensor(pixels[None]), target)[0])
