"""What a language model did with one sentence, and a sentence that attends to itself, as validated data.

Letters: N words; T tokens, which are words or pieces and count ``</s>``.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from reproductions.evaluation.records.codec import Record
from reproductions.evaluation.records.forms import Nats
from reproductions.evaluation.records.translation import AlignedTranslation


@dataclass(frozen=True, eq=False)
class SelfAttended(AlignedTranslation):
    """A sentence whose words attend to its words: ``source`` and ``target`` are the same N words, ``weights`` (N, N).

    What a row lacks to 1 lies outside the words, where ``view`` says. Raises ValueError if the words differ.
    """

    KIND: ClassVar[str] = "self-attended sentence"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.source != self.target:
            raise ValueError(f"a sentence attends to its own words, not {self.source} to {self.target}")

    @property
    def axes(self) -> tuple[str, str]:
        return "attended →", "attending ↓"

    @property
    def about(self) -> str:
        return "the sentence attends to itself"


class Agreed(NamedTuple):
    """A place where one form of a word is right, and whether the model prefers it."""

    position: int  # of the word, from 0
    other: str  # the wrong form
    misled: bool  # whether the last noun before it suggests the wrong form
    right: bool  # whether the right form got the higher probability


@dataclass(frozen=True)
class ReadSentence(Record):
    """How a language model read a sentence.

    Raises ValueError unless every word has its surprisal, 0 or more.
    """

    KIND: ClassVar[str] = "read sentence"

    words: tuple[str, ...]  # N words, ``</s>`` last
    surprisal: tuple[Nats, ...]  # -log p of each word given those before it, in nats; summed over its pieces
    tokens: int  # T
    index: int  # position in the split
    agreements: tuple[Agreed, ...] = ()  # where a form must agree, and whether the model prefers it

    def __post_init__(self) -> None:
        if len(self.words) != len(self.surprisal) or not all(nats >= 0 for nats in self.surprisal):
            raise ValueError(f"words {list(self.words)} need a surprisal each, 0 or more, not {self.surprisal}")
        if self.tokens < len(self.words):
            raise ValueError(f"words {list(self.words)} cannot be {self.tokens} tokens")
