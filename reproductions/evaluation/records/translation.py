"""What a model did with one sentence, as validated data: words, weights, texts.

Shapes: T target words, S source words, both with the final ``</s>`` where the model has one. Rows are the target, columns the
source, as in Figure 3 of Bahdanau et al. 2014.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from data.words import printed, printed_words
from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.records.codec import Record
from reproductions.evaluation.records.forms import ROW_SLACK, Alignment, GoldLinks

END = "</s>"


@dataclass(frozen=True, eq=False)
class AlignedTranslation(Record):
    """One sentence, one target, one matrix of attention weights, and where all this comes from.

    Raises ValueError where these disagree, with the lengths and the words.
    """

    KIND: ClassVar[str] = "aligned translation"

    source: tuple[str, ...]  # S words, ``</s>`` last if the model attends to it
    target: tuple[str, ...]  # T words, ``</s>`` last unless decoding was cut off
    weights: Alignment  # (T, S) float32, read-only, before dropout; rows sum to 1, or to less for local attention
    model: str  # name and age, for a title: "RNNsearch, step 1,200"
    view: str  # which layer, head and step, in words: `View.describe`
    forced: bool  # the target is the reference, not the model's own translation
    split: str
    index: int  # position in the split
    reference: str | None = None  # the reference translation as text
    gold: GoldLinks | None = None  # true links over the words without ``</s>``; only a forced target can have them
    score: float | None = None  # log-probability of the target, natural logarithm

    def __post_init__(self) -> None:
        self.keep("source", _words(self.source, "source"))
        self.keep("target", _words(self.target, "target"))
        self.keep("weights", np.array(self.weights, dtype=np.float32))
        _check_weights(self.weights, self.target, self.source)
        if self.gold is not None:
            self._check_gold(self.gold)

    def _check_gold(self, gold: GoldLinks) -> None:
        if not self.forced:
            raise ValueError(f"gold links belong to the reference, not to the model's own translation of {self.where}")
        rows, columns = len(self.target_words), len(self.source_words)
        outside = sorted(link for link in gold.possible if not (0 <= link[0] < rows and 0 <= link[1] < columns))
        if outside:
            raise ValueError(
                f"gold links {outside} of {self.where} lie outside its {rows} target and {columns} source words"
            )

    @property
    def source_words(self) -> tuple[str, ...]:
        """The source without ``</s>``."""
        return without_end(self.source)

    @property
    def target_words(self) -> tuple[str, ...]:
        """The target without ``</s>``."""
        return without_end(self.target)

    @property
    def where(self) -> str:
        """For captions and errors: "valid sentence 12"."""
        return f"{self.split} sentence {self.index}"

    def printed(self, language: str | None) -> "AlignedTranslation":
        """The record for showing, its target as that language is printed; a stored one keeps the marks of the corpus."""
        reference = None if self.reference is None else printed(self.reference, language)
        return replace(self, target=printed_words(self.target, language), reference=reference)

    @property
    def axes(self) -> tuple[str, str]:
        """Names of columns and rows, for a picture."""
        return "source →", "reference ↓" if self.forced else "model's output ↓"

    @property
    def about(self) -> str:
        """Which words stand at the rows, for a caption."""
        return "target: the reference, forced" if self.forced else "target: the model's own translation"


@dataclass(frozen=True)
class Translated(Record):
    """One translated sentence as detokenised text, for scoring; score is the log-probability of the hypothesis in nats."""

    KIND: ClassVar[str] = "translated"

    source: str
    reference: str
    hypothesis: str
    index: int
    score: float | None = None

    @property
    def source_length(self) -> int:
        """Number of words in the source, split at spaces."""
        return len(self.source.split())


def without_end(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without the final ``</s>``, if there is one."""
    return words[:-1] if words and words[-1] == END else words


def with_end_named(words: Sequence[str]) -> tuple[str, ...]:
    """The words for a reader, ``</s>`` as "(end)"."""
    return tuple("(end)" if word == END else word for word in words)


def _words(words: Sequence[str], side: str) -> tuple[str, ...]:
    words = tuple(words)
    if not words or not all(words) or END in words[:-1]:
        raise ValueError(f"{side} must be words, with {END} at the end alone, not {list(words)}")
    return words


def _check_weights(weights: Floats, target: tuple[str, ...], source: tuple[str, ...]) -> None:
    if weights.shape != (len(target), len(source)):
        raise ValueError(
            f"weights of shape {weights.shape} (target, source) do not fit {len(target)} target words {list(target)} and "
            f"{len(source)} source words {list(source)}"
        )
    sums = weights.sum(axis=1, dtype=np.float64)
    wrong = ~((weights >= 0).all(axis=1) & (sums <= 1 + ROW_SLACK))
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"weights must be 0 or more and sum to 1 at most, but those of {target[row]!r} (row {row}) sum to {sums[row]:.5f}: "
            "are rows the target, and are the weights taken before dropout?"
        )
