"""From a translator's evaluation step to records: ids become words, tensors become arrays.

L layers, H heads, T target positions, S source positions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import torch

from data.links import Links
from data.sources.text import Example
from data.tokenizers import Tokenizer, Words
from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.records.translation import AlignedTranslation, Translated
from reproductions.evaluation.views.alignment import Choice, Pieces, View, choose_view, merge_pieces, naive_view, named
from reproductions.tasks import typed
from reproductions.tasks.gather import Collection
from reproductions.tasks.origin import Origin
from reproductions.training.translation import Translation


class TranslationMaps(NamedTuple):
    """Where a model looked while it wrote or read one translation, for every view."""

    maps: Floats  # (L, H, T, S) over pieces
    norms: Floats  # (L, H, S) of the values
    source: Words  # words, and the word of each piece
    target: Words

    @property
    def pieces(self) -> Pieces:
        return Pieces(self.target.word_of_piece, self.source.word_of_piece)

    def matrix(self, view: View) -> Floats:
        """(T, S) over words, in a view."""
        written = self.maps[:, :, : len(self.pieces.target)]
        return merge_pieces(view.apply(written, self.norms), *self.pieces)

    def describe(self, view: View) -> str:
        return view.describe(*self.maps.shape[:2])

    def record(self, view: View, **fields: Any) -> AlignedTranslation:
        """The alignment in a view, with the other fields of the record."""
        weights, words = self.matrix(view), self.describe(view)
        return AlignedTranslation(self.source.words, self.target.words, weights=weights, view=words, **fields)


@dataclass
class CollectedTranslations(Collection):
    """Everything about the sentences of one split."""

    translated: dict[int, Translated] = field(default_factory=dict)  # texts for scoring, by index, as all below
    forced: dict[int, AlignedTranslation] = field(
        default_factory=dict
    )  # over the references, with gold if the corpus has it
    # The same in the view that nobody has chosen; empty without a choice, and where ``maps`` hold every view.
    naive: dict[int, AlignedTranslation] = field(default_factory=dict)
    own: dict[int, AlignedTranslation] = field(default_factory=dict)  # over the model's own translations
    maps: dict[int, TranslationMaps] = field(default_factory=dict)  # of the references, on demand
    unknown: dict[int, None] = field(
        default_factory=dict
    )  # sentences with a word that a vocabulary lacks, on either side
    nll: float = 0.0  # -log p of all references in nats
    words: int = 0  # number of words of the references, ``</s>`` included
    seconds: float = 0.0  # time of the translations; of several processes, that of the slowest

    def merge(self, other: "CollectedTranslations") -> None:
        slowest = max(self.seconds, other.seconds)
        super().merge(other)
        self.seconds = slowest

    def add(  # noqa: PLR0913 - a batch, and what turns it into words
        self,
        outputs: Mapping[str, Any],
        examples: Sequence[Example],
        source: Tokenizer,
        target: Tokenizer,
        view: View | None,
        keep_maps: bool,
        **origin: Any,
    ) -> None:
        """Add one batch.

        Args:
            outputs: index, hypotheses, forced_maps (L, H, T, S), norms (L, H, S), nll and words of each sentence, and the
                seconds of all.
            examples: all sentences of the split, as text.
            view: of the attention; None for a model without.
            keep_maps: whether to fill ``maps``.
            origin: fields ``model`` and ``split`` of every alignment.
        """
        self.nll += sum(outputs["nll"])
        self.words += sum(outputs["words"])
        self.seconds += outputs["seconds"]
        sentences = (outputs[name] for name in ("index", "hypotheses", "forced_maps", "norms", "nll"))
        for index, hypothesis, forced_maps, norms, nll in zip(*sentences, strict=True):
            example, score = examples[index], hypothesis.log_probability
            text = target.decode(hypothesis.ids)
            self.translated[index] = Translated(example.source, example.target, text, index, score)
            if source.unk in source.encode(example.source) or target.unk in target.encode(example.target):
                self.unknown[index] = None
            if view is None:
                continue
            read, written, of_values = source.surface(example.source), target.surface(example.target), norms.numpy()
            if example.spaced:
                read, written = read.as_tokens(example.source), written.as_tokens(example.target)
            forced = TranslationMaps(forced_maps.numpy(), of_values, read, written)
            own = TranslationMaps(hypothesis.maps.float().numpy(), of_values, read, target.words(hypothesis.ids))
            fields = origin | {"index": index, "reference": example.target}
            of_reference = fields | {"forced": True, "gold": example.links, "score": -nll}
            self.forced[index] = forced.record(view, **of_reference)
            self.own[index] = own.record(view, forced=False, score=score, **fields)
            layers, heads = forced_maps.shape[:2]
            if keep_maps:
                self.maps[index] = forced
            elif layers * heads > 1:
                self.naive[index] = forced.record(naive_view(layers, heads), **of_reference)

    def choose_view(self, links: Mapping[int, Links]) -> Choice:
        """The view over the references that agrees best with the links, by index of the sentence; needs ``maps``."""
        linked = [index for index in self.maps if index in links]
        return choose_view(
            maps=[self.maps[index].maps for index in linked],
            norms=[self.maps[index].norms for index in linked],
            golds=[links[index] for index in linked],
            pieces=[self.maps[index].pieces for index in linked],
        )

    def show(self, view: View) -> None:
        """Put the alignments over the references into another view; needs ``maps``."""
        for index, maps in self.maps.items():
            record = self.forced[index]
            self.forced[index] = replace(record, weights=maps.matrix(view), view=maps.describe(view))


@dataclass(frozen=True)
class TrainedTranslator:
    """A trained module with its tokenisers: text in, text and alignment out."""

    module: Translation
    source: Tokenizer
    target: Tokenizer

    def translate(
        self, text: str, index: int = 0, view: str | None = None, tokens: bool = False
    ) -> tuple[Translated, AlignedTranslation | None]:
        """A translation and its alignment in this view, by default the checkpoint's; None for a model without attention.

        With ``tokens`` the words of the alignment are what white space separates in both texts.
        Raises UserError for an empty or endless sentence, and for a view that the model does not have.
        """
        ids = typed.encode(text, self.source, "translate")
        mask = torch.ones_like(ids, dtype=torch.bool)
        hypothesis = self.module.translate(ids, mask)[0]
        score = hypothesis.log_probability
        translated = Translated(text, "", self.target.decode(hypothesis.ids), index, score)
        if self.module.view is None:
            return translated, None
        read, written = self.source.surface(text), self.target.words(hypothesis.ids)
        if tokens:
            read, written = read.as_tokens(text), written.as_tokens(translated.hypothesis)
        maps = TranslationMaps(hypothesis.maps.float().numpy(), self.module.norms(ids, mask)[0].numpy(), read, written)
        shown = View.parse(self.module.view) if view is None else named(view, *maps.maps.shape[:2])
        model = str(Origin.of(self.module))
        return translated, maps.record(shown, model=model, forced=False, split="typed", index=index, score=score)
