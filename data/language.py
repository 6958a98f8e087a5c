"""One side of a corpus as padded batches: what every language model is trained and tested on.

Shapes: B sentences, T positions, which count ``</s>``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from data.accord.agreement import agreements
from data.batching import Ints
from data.errors import UserError
from data.prepared.ids import FlatIds
from data.tokenizers import PAD, UNK, Tokenizer, WordTokenizer
from data.translation import TranslationData
from data.words import split as split_words


class LanguageBatch(NamedTuple):
    """Ids of sentences; every row ends with ``eos`` and is filled up with ``pad``; no start symbol."""

    words: Tensor  # (B, T) int64, y_1 .. y_T
    mask: Tensor  # (B, T) bool, True at words and </s>
    index: Tensor  # type: ignore[assignment] # (B,) int64, position in the split; hides tuple.index

    @property
    def units(self) -> int:
        """What throughput counts: real tokens, ``eos`` included."""
        return int(self.mask.sum())


@dataclass(frozen=True)
class Sentences:
    """The sentences of a split; indexed by many positions at once, it gives a LanguageBatch."""

    ids: FlatIds

    def __len__(self) -> int:
        return len(self.ids)

    def __getitems__(self, index: Ints) -> LanguageBatch:
        index = np.asarray(index, dtype=np.int64)
        return LanguageBatch(*self.ids.padded(index, PAD), torch.from_numpy(index))

    @property
    def lengths(self) -> Ints:
        """(sentences,) int64: ids of each, ``eos`` included."""
        return self.ids.lengths


class Contrast(NamedTuple):
    """A position of a sentence where its word must stand and not ``other``, of this id; ``misled`` as in ``accord.agreement``."""

    position: int
    other: str
    id: int
    misled: bool


class LanguageData(TranslationData):
    """The sentences of one language of a parallel corpus, prepared and batched as for translation.

    language: the one that is read.
    other: that of the other side, which is never read; a corpus that is prepared for translators from ``language`` to
        ``other`` is not prepared again.
    All else is as in TranslationData; lengths and batches are those of the one side, but ``max_words`` holds for both.

    Raises UserError for values and files that cannot be used.
    """

    def __init__(  # noqa: PLR0913 - these arguments are the schema of the configuration files
        self,
        corpus: str = "accord",
        language: str = "en",
        other: str = "fr",
        tokenizer: Literal["words", "bpe", "torchtext"] = "words",
        vocabulary: int = 30_000,
        min_frequency: int = 1,
        pairs: int | None = None,
        max_words: int = 50,
        batch_sentences: int | None = None,
        batch_tokens: int | None = 4096,
        sort_batches: int = 20,
        test_splits: list[str] | None = None,
        seed: int = 1,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            corpus, language, other, tokenizer, vocabulary, min_frequency, False, pairs, max_words,
            batch_sentences, batch_tokens, sort_batches, test_splits, seed, num_workers,
        )  # fmt: skip

    @property
    def tokenizer(self) -> Tokenizer:
        """Of the language that is read."""
        return self.source_tokenizer

    @property
    def sizes(self) -> dict[str, int]:
        """What the data decides of a model, by the names of the model's arguments."""
        return {"vocabulary": len(self.tokenizer)}

    def fingerprints(self) -> dict[str, str]:
        """Of what a checkpoint is of no use without: the tokeniser."""
        return {"language": self.tokenizer.fingerprint()}

    def save(self, folder: Path) -> None:
        """Write the tokeniser into the folder of a run."""
        kept = folder / "tokenizers"
        kept.mkdir(parents=True, exist_ok=True)
        self.tokenizer.save(kept, "language")

    def pairs_of(self, split: str) -> Sentences:  # type: ignore[override]
        """The tokenised sentences of a split."""
        return Sentences(super().pairs_of(split).source)

    def contrasts(self, split: str) -> dict[int, list[Contrast]]:
        """Where a form must agree, by position in an evaluation split; none but in the English of Accord, word by word."""
        settings, tokenizer = self.settings, self.tokenizer
        if (settings.corpus, settings.source_language) != ("accord", "en") or not isinstance(tokenizer, WordTokenizer):
            return {}
        found: dict[int, list[Contrast]] = {}
        for index, example in enumerate(self.examples(split)):
            for position, other, misled in agreements(split_words(example.source, "en")):
                if (id := tokenizer.encode(other)[0]) != UNK:
                    found.setdefault(index, []).append(Contrast(position, other, id, misled))
        return found

    def batch_of(self, texts: Sequence[str]) -> LanguageBatch:  # type: ignore[override]
        """A batch of texts, in their order; raises UserError for an empty one."""
        for number, text in enumerate(texts, start=1):
            if not text.strip():
                raise UserError(f"Text {number} of {len(texts)} is empty: there is nothing to read.")
        return Sentences(FlatIds.of(self.tokenizer.encode_batch(texts))).__getitems__(np.arange(len(texts)))
