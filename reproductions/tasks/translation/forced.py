"""Word links of sentence pairs that somebody else has written, by forced decoding: a trained translator as a word aligner.

S source and T target positions, in pieces; words are what white space separates, as aligners count them.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeVar

import torch

from data.batching import TokenBatches
from data.errors import UserError
from data.prepared.ids import FlatIds
from data.sources.text import LONGEST
from data.tokenizers import Tokenizer, Words
from data.translation import PairedIds
from reproductions.evaluation.measures.alignment import Link, hard_links, relative
from reproductions.evaluation.measures.symmetrisation import HEURISTICS, turned
from reproductions.evaluation.views.alignment import View
from reproductions.tasks import typed
from reproductions.tasks.translation.collect import TrainedTranslator, TranslationMaps

T = TypeVar("T")
BATCH_TOKENS = 2048  # bounds the maps of a batch, which every layer and head has


class Side(NamedTuple):
    """A sentence as ids with ``</s>``, and its words."""

    ids: list[int]
    words: Words


class ReadPair(NamedTuple):
    source: Side
    target: Side


class Aligner:
    """Links words by the largest relative attention of a translator, in one view: by default that of the checkpoint.

    Raises UserError for a translator without attention, and for a text that is no view.
    """

    def __init__(self, translator: TrainedTranslator, view: str | None = None) -> None:
        self.translator, self.module = translator, translator.module
        if self.module.view is None:
            raise UserError(f"{self.module.title} has no attention to link words by: name another run.")
        self.view = View.parse(view or self.module.view)

    @property
    def languages(self) -> tuple[str, str]:
        """Of source and target."""
        return self.translator.source.language, self.translator.target.language

    def read(self, source: str, target: str) -> ReadPair:
        """A pair as the model reads it; raises UserError for a side that is empty, too long for it, or has no visible word."""
        return ReadPair(self._side("source", source), self._side("target", target))

    def _side(self, name: Literal["source", "target"], text: str) -> Side:
        tokenizer: Tokenizer = getattr(self.translator, name)
        longest = min(LONGEST, self.module.model.max_length or LONGEST)
        ids = typed.ids_of(text, tokenizer, f"align in the {name}", longest)
        return Side(ids, tokenizer.surface(text).as_tokens(text))

    def links(self, pairs: Sequence[ReadPair]) -> list[frozenset[Link]]:
        """The links (target, source) of each pair."""
        return self._look(pairs, self.view.norms, lambda looked: hard_links(relative(looked.matrix(self.view))))

    def maps(self, pairs: Sequence[ReadPair]) -> list[TranslationMaps]:
        """Where the model looked, for every view."""
        return self._look(pairs, True, lambda looked: looked)

    @torch.inference_mode()
    def _look(self, pairs: Sequence[ReadPair], need_norms: bool, make: Callable[[TranslationMaps], T]) -> list[T]:
        """What ``make`` makes of the maps of each pair; without ``need_norms`` the norms mean nothing."""
        ids = PairedIds(
            FlatIds.of([pair.source.ids for pair in pairs]), FlatIds.of([pair.target.ids for pair in pairs])
        )
        made: dict[int, T] = {}
        for index in TokenBatches(ids.lengths, batch_tokens=BATCH_TOKENS, shuffle=False):
            batch = ids.__getitems__(index)
            _, maps = self.module.model.features(batch.source, batch.source_mask, batch.target)
            norms = maps[:, :, :, 0]  # (B, L, H, S), of the right shape
            if need_norms:
                norms = self.module.norms(batch.source, batch.source_mask)
            for number, of_pair, of_values in zip(
                index.tolist(), maps.float().numpy(), norms.float().numpy(), strict=True
            ):
                source, target = (side.words for side in pairs[number])
                S = len(source.word_of_piece)
                made[number] = make(TranslationMaps(of_pair[..., :S], of_values[..., :S], source, target))
        return [made[number] for number in range(len(pairs))]


class Symmetrised:
    """Two aligners of opposite directions as one, in the direction of the first; ``heuristic`` is a name of ``HEURISTICS``.

    Raises UserError for aligners that do not go in opposite directions.
    """

    def __init__(self, ahead: Aligner, back: Aligner, heuristic: str) -> None:
        there, here = ahead.languages, back.languages
        if there != here[::-1]:
            raise UserError(
                f"{ahead.module.title} translates {there[0]} to {there[1]} and {back.module.title} {here[0]} to {here[1]}: name "
                f"a reverse run that translates {there[1]} to {there[0]}."
            )
        self.ahead, self.back, self.heuristic = ahead, back, HEURISTICS[heuristic]

    def read(self, source: str, target: str) -> tuple[ReadPair, ReadPair]:
        """A pair as both models read it; raises UserError as `Aligner.read`."""
        return self.ahead.read(source, target), self.back.read(target, source)

    def links(self, pairs: Sequence[tuple[ReadPair, ReadPair]]) -> list[frozenset[Link]]:
        """The links (target, source) of each pair."""
        there, here = self.ahead.links([ahead for ahead, _ in pairs]), self.back.links([back for _, back in pairs])
        return [self.heuristic(ahead, turned(back)) for ahead, back in zip(there, here, strict=True)]
