"""From a language model's evaluation step to records: the one place where ids and tensors become words and numbers.

T tokens of a sentence, ``</s>`` counted; N words, ``</s>`` left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from data.errors import UserError
from data.language import Contrast
from data.sources.text import LONGEST, Example
from data.tokenizers import Tokenizer, Words
from reproductions.evaluation.records.sentence import Agreed, ReadSentence, SelfAttended
from reproductions.evaluation.views.alignment import Weights, merge_pieces

VIEW = "intra-attention · the rest of a row lies on the state before the first word"


class Reach(NamedTuple):
    """Where the words of a sentence looked that had a choice, sums over them.

    Attributes:
        rows: how many; the first two states can look at one entry at most.
        previous: weight on the entry right before.
        start: weight on the state before the first word.
        distance: mean number of entries back.
    """

    rows: int
    previous: float
    start: float
    distance: float


@dataclass
class CollectedSentences:
    """Everything about the sentences of one split.

    Attributes:
        read: how each was read.
        attended: where its words looked; none for a model without attention.
        reach: likewise, by index.
    """

    read: list[ReadSentence] = field(default_factory=list)
    attended: list[SelfAttended] = field(default_factory=list)
    reach: dict[int, Reach] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.read)

    def in_order(self) -> "CollectedSentences":
        """Sentences in the order of the split, each once, however many processes evaluated them."""
        self.read = [sentence for _, sentence in sorted({one.index: one for one in self.read}.items())]
        self.attended = [record for _, record in sorted({one.index: one for one in self.attended}.items())]
        return self

    def merge(self, other: "CollectedSentences") -> None:
        """Add what another process has collected."""
        self.read += other.read
        self.attended += other.attended
        self.reach |= other.reach


@dataclass(frozen=True)
class Naming:
    """What stands in every record of a split: the model's name and age, and the split's name."""

    model: str
    split: str


def collect(  # noqa: PLR0913 - a batch, and all that is known of it
    evaluated: Mapping[str, Any],
    ids: Tensor,
    examples: Sequence[Example],
    tokenizer: Tokenizer,
    contrasts: Mapping[int, Sequence[Contrast]],
    naming: Naming,
    into: CollectedSentences,
) -> None:
    """Add one batch.

    Args:
        evaluated: fields of ``EvaluatedBatch`` in the training of the paper: index, log_p (T, V) and maps (L, H, T, T).
        ids: (B, T) of the batch.
        examples: all sentences of the split, as text.
        tokenizer: of their language.
        contrasts: where a form must agree, by index.
        naming: what the records are called.
        into: where it goes.
    """
    for index, log_p, maps, row in zip(
        evaluated["index"], evaluated["log_p"], evaluated["maps"], ids.cpu(), strict=True
    ):
        words = tokenizer.surface(examples[index].source)
        sentence = read(log_p, row[: len(log_p)], words, index, contrasts.get(index, ()))
        into.read.append(sentence)
        if len(maps):
            into.attended.append(attended(maps[0, 0].numpy(), words, naming, sentence))
            into.reach[index] = reach(maps[0, 0].numpy())


def read(log_p: Tensor, ids: Tensor, words: Words, index: int, contrasts: Sequence[Contrast] = ()) -> ReadSentence:
    """How a sentence was read, from log-probabilities (T, V) and its ids (T)."""
    nats = -log_p.gather(1, ids[:, None])[:, 0].double().numpy()
    surprisal = np.bincount(words.word_of_piece, weights=nats)
    known = [
        Agreed(
            one.position,
            one.other,
            one.misled,
            bool(log_p[one.position, ids[one.position]] > log_p[one.position, one.id]),
        )
        for one in contrasts
    ]
    return ReadSentence(words.words, tuple(np.maximum(surprisal, 0).tolist()), len(ids), index, tuple(known))


def attended(weights: Weights, words: Words, naming: Naming, sentence: ReadSentence) -> SelfAttended:
    """Where each word of a sentence looked, from weights (T, T) whose row 0 is the state before the first word."""
    pieces = words.word_of_piece[:-1]  # </s> is written and never read
    return SelfAttended(
        source=words.words[:-1],
        target=words.words[:-1],
        weights=merge_pieces(weights[1:, 1:], pieces, pieces),
        model=naming.model,
        view=VIEW,
        forced=True,
        split=naming.split,
        index=sentence.index,
        score=-float(np.sum(sentence.surprisal)),
    )


def reach(weights: Weights) -> Reach:
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


class ReadsLanguage(Protocol):
    """What :class:`TrainedLanguageModel` asks of a module."""

    title: str
    steps: int

    def read(self, words: Tensor) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True)
class TrainedLanguageModel:
    """A trained module with its tokeniser: text in, surprisal and attention out."""

    module: ReadsLanguage
    tokenizer: Tokenizer

    def read(self, text: str, split: str = "typed", index: int = 0) -> tuple[ReadSentence, SelfAttended | None]:
        """Read one sentence; the attention is None for a model without. Raises UserError for an empty or endless text."""
        ids = torch.tensor([self.tokenizer.encode(text)])
        if ids.shape[1] < 2:  # </s> alone
            raise UserError("There is nothing to read: the sentence is empty.")
        if ids.shape[1] > LONGEST:
            raise UserError(
                f"The sentence has {ids.shape[1]:,} words or pieces, more than {LONGEST:,}: split it into sentences."
            )
        log_p, maps = self.module.read(ids)
        words = self.tokenizer.surface(text)
        sentence = read(log_p[0], ids[0], words, index)
        if not maps.shape[1]:
            return sentence, None
        naming = Naming(f"{self.module.title}, step {self.module.steps:,}", split)
        return sentence, attended(maps[0, 0, 0].numpy(), words, naming, sentence)
