"""From a captioner's evaluation step to records: the one place where ids become words, and weights maps of places.

T words, P = gh * gw places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.captions import CaptionExamples
from data.preprocessing import Preprocessing
from data.tokenizers import SPECIALS, Tokenizer
from reproductions.decoding import Hypothesis
from reproductions.evaluation.measures.captions import Judgement, judge
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.evaluation.records.translation import without_end

Maps = NDArray[np.float32]
END = SPECIALS[Tokenizer.eos]


class Naming(NamedTuple):
    """What every record carries: model, split, and whether the model looks at one place of a map."""

    model: str
    split: str
    draws: bool


@dataclass
class CollectedCaptions:
    """Everything about the images of one split.

    Attributes:
        own: the model's own captions.
        forced: the captions that it was to learn, as it read them.
        judged: what of the own captions is true, by index.
        untrained: maps (T, gh, gw) of a network before training over the own captions, by index; only in tests.
        nll: -log p of all forced captions in nats; words: how many words they have, ``</s>`` included.
    """

    own: list[CaptionedImage] = field(default_factory=list)
    forced: list[CaptionedImage] = field(default_factory=list)
    judged: dict[int, Judgement] = field(default_factory=dict)
    untrained: dict[int, Maps] = field(default_factory=dict)
    nll: float = 0.0
    words: int = 0

    def __len__(self) -> int:
        return len(self.own)

    def in_order(self) -> "CollectedCaptions":
        """Images in the order of the split, each once, however many processes evaluated them."""
        for records in (self.own, self.forced):
            once = {record.index: record for record in records}
            records[:] = [once[index] for index in sorted(once)]
        return self

    def merge(self, other: "CollectedCaptions") -> None:
        """Add what another process has collected."""
        self.own += other.own
        self.forced += other.forced
        self.judged |= other.judged
        self.untrained |= other.untrained
        self.nll += other.nll
        self.words += other.words


def collect(
    evaluated: Mapping[str, Any],
    examples: CaptionExamples,
    tokenizer: Tokenizer,
    naming: Naming,
    into: CollectedCaptions,
) -> None:
    """Add one batch.

    Args:
        evaluated: fields of ``reproductions.xu2015.training.EvaluatedBatch``.
        examples: all images of the split.
        tokenizer: of the captions.
        naming: what records carry.
        into: where it goes.
    """
    into.nll += sum(evaluated["nll"])
    into.words += sum(evaluated["words"])
    parts = (evaluated[name] for name in ("index", "hypotheses", "forced_maps", "nll"))
    for index, hypothesis, forced_maps, nll in zip(*parts, strict=True):
        facts = examples.facts[index]
        learned, own = facts.captions[0], tokenizer.words(hypothesis.ids).words
        judged = into.judged[index] = judge(without_end(own), facts)
        common = {
            "pixels": examples.pixels[index],
            "masks": examples.masks[index][: sum(map(len, facts.members))],
            "references": [" ".join(word.text for word in words) for words in facts.captions],
            "index": index,
            **naming._asdict(),
        }
        into.own.append(
            CaptionedImage(
                words=own,
                maps=squared(hypothesis.maps[0, 0]),
                spoken=(*judged.spoken, *[()] * (len(own) - len(judged.spoken))),
                forced=False,
                score=hypothesis.log_probability,
                **common,
            )
        )
        into.forced.append(
            CaptionedImage(
                words=(*(word.text for word in learned), END),
                maps=squared(forced_maps),
                spoken=(*(facts.objects_of(word) for word in learned), ()),
                forced=True,
                score=-nll,
                **common,
            )
        )


def squared(maps: Tensor) -> Maps:
    """(T, P) -> (T, gh, gw) of a square grid."""
    side = round(maps.shape[1] ** 0.5)
    return maps.float().cpu().numpy().reshape(len(maps), side, side)


class Captions(Protocol):
    """What evaluation asks of a module; see ``reproductions.xu2015.training.Xu2015``."""

    title: str
    steps: int
    draws: bool

    def log_dict(self, dictionary: Mapping[str, float], *, rank_zero_only: bool, add_dataloader_idx: bool) -> None: ...

    def caption(self, image: Tensor) -> list[Hypothesis]: ...

    def follow(self, image: Tensor, target: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class TrainedCaptioner:
    """A trained module with preprocessing and vocabulary: an image in, a caption and its maps out."""

    module: Captions
    preprocessing: Preprocessing
    tokenizer: Tokenizer

    @property
    def name(self) -> str:
        """For titles: the model and its age."""
        return f"{self.module.title}, step {self.module.steps:,}"

    def caption(self, pixels: NDArray[np.uint8]) -> tuple[tuple[str, ...], Maps]:
        """Words, with ``</s>``, and maps (T, gh, gw) of one image (h, w, 3)."""
        (hypothesis,) = self.module.caption(self.preprocessing.tensor(pixels[None]))
        return self.tokenizer.words(hypothesis.ids).words, squared(hypothesis.maps[0, 0])

    def follow(self, pixels: NDArray[np.uint8], words: Sequence[str]) -> Maps:
        """Maps (T, gh, gw) of one image while the module reads words that are given, ``</s>`` among them."""
        (ids,) = self.tokenizer.encode_words([without_end(tuple(words))])
        target = torch.tensor([ids[: len(words)]])
        return squared(self.module.follow(self.preprocessing.tensor(pixels[None]), target)[0])
