"""From a model's evaluation step to records: the one place where ids and tensors become words and matrices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from data.errors import UserError
from data.links import Links
from data.sources.text import LONGEST, Example
from data.tokenizers import Tokenizer
from reproductions.decoding import Hypothesis
from reproductions.evaluation.records.translation import AlignedTranslation, Translated
from reproductions.evaluation.views.alignment import Choice, Pieces, View, Weights, choose_view, merge_pieces, named


@dataclass(frozen=True)
class Sides:
    """The tokenisers of both sides, the name that every caption carries, and the view, None without attention."""

    source: Tokenizer
    target: Tokenizer
    model: str
    view: View | None


class Looked(NamedTuple):
    """Where a model looked over a reference: maps (L, H, T, S), norms (L, H, S) of the values, the word of each piece."""

    maps: Weights
    norms: Weights
    pieces: Pieces


@dataclass
class Collected:
    """Everything about the sentences of one split.

    Attributes:
        translated: texts for scoring.
        forced: alignments over the references, with gold where the corpus has it; none for a model without attention.
        own: alignments over the model's own translations; likewise.
        looked: everything a view over the references can be made of, by index; kept only on demand.
        nll: -log p of all references in nats; words: how many words they have, ``</s>`` included.
        seconds: that the translations took; of several processes, the slowest's.
    """

    translated: list[Translated] = field(default_factory=list)
    forced: list[AlignedTranslation] = field(default_factory=list)
    own: list[AlignedTranslation] = field(default_factory=list)
    looked: dict[int, Looked] = field(default_factory=dict)
    nll: float = 0.0
    words: int = 0
    seconds: float = 0.0

    def __len__(self) -> int:
        return len(self.translated)

    def in_order(self) -> "Collected":
        """Sentences in the order of the split, each once, however many processes evaluated them."""
        for records in (self.translated, self.forced, self.own):
            once = {record.index: record for record in records}
            records[:] = [once[index] for index in sorted(once)]
        return self

    def merge(self, other: "Collected") -> None:
        """Add what another process has collected."""
        for name in ("translated", "forced", "own"):
            getattr(self, name).extend(getattr(other, name))
        self.looked |= other.looked
        self.nll += other.nll
        self.words += other.words
        self.seconds = max(self.seconds, other.seconds)

    def choose_view(self, links: Mapping[int, Links]) -> Choice:
        """The view over the references that agrees best with the links of the sentences, by index; needs ``looked``."""
        chosen = [index for index in sorted(self.looked) if index in links]
        kept = [self.looked[index] for index in chosen]
        maps, norms, pieces = ([getattr(one, name) for one in kept] for name in Looked._fields)
        return choose_view(maps, norms, [links[index] for index in chosen], pieces)

    def show(self, view: View) -> None:
        """Make the alignments over the references anew, as another view has them; needs ``looked``."""
        for place, record in enumerate(self.forced):
            maps, norms, pieces = self.looked[record.index]
            weights = _weights(view, maps, norms, pieces.target, pieces.source)
            self.forced[place] = replace(record, weights=weights, view=view.describe(*maps.shape[:2]))


def collect(
    evaluated: Mapping[str, Any],
    examples: Sequence[Example],
    split: str,
    sides: Sides,
    into: Collected,
    keep_maps: bool = False,
) -> None:
    """Add one batch.

    Args:
        evaluated: fields of ``reproductions.training.translation.EvaluatedBatch``.
        examples: all sentences of the split, as text.
        split: its name.
        sides: how ids become words, and which view of the maps to take.
        into: where it goes.
        keep_maps: keep what another view over the references would be made of.
    """
    into.nll += sum(evaluated["nll"])
    into.words += sum(evaluated["words"])
    into.seconds += evaluated["seconds"]
    for i, index in enumerate(evaluated["index"]):
        example, hypothesis = examples[index], evaluated["hypotheses"][i]
        into.translated.append(
            Translated(
                source=example.source,
                reference=example.target,
                hypothesis=sides.target.decode(hypothesis.ids),
                index=index,
                score=hypothesis.log_probability,
            )
        )
        if sides.view is None:
            continue
        source, reference = sides.source.surface(example.source), sides.target.surface(example.target)
        own = sides.target.words(hypothesis.ids)
        forced_maps, norms = evaluated["forced_maps"][i].numpy(), evaluated["norms"][i].numpy()
        common = {"model": sides.model, "split": split, "index": index, "source": source.words}
        into.forced.append(
            AlignedTranslation(
                target=reference.words,
                weights=_weights(sides.view, forced_maps, norms, reference.word_of_piece, source.word_of_piece),
                view=sides.view.describe(*forced_maps.shape[:2]),
                forced=True,
                gold=example.links,
                reference=example.target,
                score=-evaluated["nll"][i],
                **common,
            )
        )
        into.own.append(
            AlignedTranslation(
                target=own.words,
                weights=_weights(
                    sides.view, hypothesis.maps.float().numpy(), norms, own.word_of_piece, source.word_of_piece
                ),
                view=sides.view.describe(*forced_maps.shape[:2]),
                forced=False,
                reference=example.target,
                score=hypothesis.log_probability,
                **common,
            )
        )
        if keep_maps:
            pieces = Pieces(reference.word_of_piece, source.word_of_piece)
            into.looked[index] = Looked(forced_maps, norms, pieces)


def _weights(view: View, maps: Weights, norms: Weights, target: Sequence[int], source: Sequence[int]) -> Weights:
    """(L, H, T, S) over pieces -> (T, S) over words, as the view reads them."""
    return merge_pieces(view.apply(maps[:, :, : len(target)], norms), target, source)


class Translates(Protocol):
    """What :class:`TrainedTranslator` asks of a module; see ``reproductions.training.translation.Translation``."""

    title: str
    view: str | None
    steps: int

    def translate(self, source: Tensor, mask: Tensor) -> list[Hypothesis]: ...

    def norms(self, source: Tensor, mask: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class TrainedTranslator:
    """A trained module with its tokenisers: text in, text and alignment out."""

    module: Translates
    source: Tokenizer
    target: Tokenizer

    def translate(
        self, text: str, index: int = 0, view: str | None = None
    ) -> tuple[Translated, AlignedTranslation | None]:
        """Translate one sentence; the alignment, in this view or the checkpoint's, is None for a model without attention.

        Raises UserError if there is nothing to translate, if it is endless, or if there is no such view.
        """
        ids = torch.tensor([self.source.encode(text)])
        if ids.shape[1] < 2:  # </s> alone
            raise UserError("There is nothing to translate: the sentence is empty.")
        if ids.shape[1] > LONGEST:
            raise UserError(
                f"The sentence has {ids.shape[1]:,} words or pieces, more than {LONGEST:,}: split it into sentences."
            )
        mask = torch.ones_like(ids, dtype=torch.bool)
        hypothesis = self.module.translate(ids, mask)[0]
        translated = Translated(text, "", self.target.decode(hypothesis.ids), index, hypothesis.log_probability)
        if self.module.view is None:
            return translated, None
        source, own = self.source.surface(text), self.target.words(hypothesis.ids)
        maps, norms = hypothesis.maps.float().numpy(), self.module.norms(ids, mask)[0].numpy()
        looked = View.parse(self.module.view) if view is None else named(view, *maps.shape[:2])
        return translated, AlignedTranslation(
            source=source.words,
            target=own.words,
            weights=_weights(looked, maps, norms, own.word_of_piece, source.word_of_piece),
            model=f"{self.module.title}, step {self.module.steps:,}",
            view=looked.describe(*maps.shape[:2]),
            forced=False,
            split="typed",
            index=index,
            score=hypothesis.log_probability,
        )
