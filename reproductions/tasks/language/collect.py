"""From a language model's evaluation step to records: ids become words, tensors become numbers.

T tokens of a sentence, ``</s>`` counted; N words, ``</s>`` left out; V words of the vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from torch import Tensor

from data.language import Contrast
from data.tokenizers import Tokenizer, Words
from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.records.sentence import Agreed, ReadSentence, SelfAttended
from reproductions.evaluation.views.alignment import merge_pieces
from reproductions.tasks import typed
from reproductions.tasks.gather import Collection
from reproductions.tasks.origin import Origin

VIEW = "intra-attention · the rest of a row lies on the state before the first word"


class Reach(NamedTuple):
    """How far back the words of one sentence look: sums over the words that can look at more than one entry."""

    rows: int  # number of these words
    previous: float  # weight on the previous entry
    start: float  # weight on the state before the first word
    distance: float  # mean number of entries back


@dataclass
class CollectedSentences(Collection):
    """The sentences of one split, by index: how each was read, where its words looked, and how far back they looked.

    The last two are empty for a model without attention.
    """

    read: dict[int, ReadSentence] = field(default_factory=dict)
    attended: dict[int, SelfAttended] = field(default_factory=dict)
    reach: dict[int, Reach] = field(default_factory=dict)

    def add(self, sentence: ReadSentence, weights: Floats | None, words: Words, model: str, split: str) -> None:
        """Add a sentence, and its attention (T, T) if the model has any; ``model`` is its title and age."""
        self.read[sentence.index] = sentence
        if weights is not None:
            self.attended[sentence.index] = attended(weights, words, model, split, sentence)
            self.reach[sentence.index] = reach(weights)


def read(log_p: Tensor, ids: Tensor, words: Words, index: int, contrasts: Sequence[Contrast] = ()) -> ReadSentence:
    """The record of a sentence, from log-probabilities (T, V) and its ids (T); ``contrasts``: where a form must agree."""
    nats = -log_p.gather(1, ids[:, None])[:, 0].double().numpy()
    surprisal = np.bincount(words.word_of_piece, weights=nats)
    agreements = tuple(
        Agreed(position, other, misled, bool(log_p[position, ids[position]] > log_p[position, other_id]))
        for position, other, other_id, misled in contrasts
    )
    return ReadSentence(words.words, tuple(np.maximum(surprisal, 0).tolist()), len(ids), index, agreements)


def attended(weights: Floats, words: Words, model: str, split: str, sentence: ReadSentence) -> SelfAttended:
    """Where each word of a sentence looked, from weights (T, T) whose row 0 is the state before the first word."""
    pieces = words.word_of_piece[:-1]  # </s> is written and never read
    return SelfAttended(
        source=words.words[:-1],
        target=words.words[:-1],
        weights=merge_pieces(weights[1:, 1:], pieces, pieces),
        model=model,
        view=VIEW,
        forced=True,
        split=split,
        index=sentence.index,
        score=-float(np.sum(sentence.surprisal)),
    )


def reach(weights: Floats) -> Reach:
    """How far back a sentence looked, from weights (T, T): row t has entries 0 .. t - 1 of the tapes, entry 0 the start."""
    choosing = weights[2:].astype(np.float64)
    rows, columns = np.indices(choosing.shape)
    back = rows + 2 - columns
    return Reach(
        rows=len(choosing),
        previous=float(choosing[back == 1].sum()),
        start=float(choosing[:, 0].sum()),
        distance=float((choosing * np.maximum(back, 0)).sum()),
    )


class LanguageModel(Protocol):
    """What evaluation asks of a module."""

    title: str
    steps: int

    def read(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities (B, T, V), and maps (B, L, H, T, T), L = H = 0 without attention, for words (B, T)."""


@dataclass(frozen=True)
class TrainedLanguageModel:
    """A trained module with its tokeniser: text in, surprisal and attention out."""

    module: LanguageModel
    tokenizer: Tokenizer

    def read(self, text: str, split: str = "typed", index: int = 0) -> tuple[ReadSentence, SelfAttended | None]:
        """One sentence as read, and its attention, if the model has any. Raises UserError for an empty or endless text."""
        ids = typed.encode(text, self.tokenizer, "read")
        log_p, maps = self.module.read(ids)
        words = self.tokenizer.surface(text)
        sentence = read(log_p[0], ids[0], words, index)
        if not maps.shape[1]:
            return sentence, None
        return sentence, attended(maps[0, 0, 0].numpy(), words, str(Origin.of(self.module)), split, sentence)
