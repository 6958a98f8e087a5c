"""One side of a corpus as padded batches: what every language model is trained and tested on.

Shapes: B sentences, T positions, which count ``</s>``.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from data.accord.agreement import agreements
from data.batching import Ints, TokenBatches
from data.module import PreparedText
from data.prepared.ids import FlatIds
from data.prepared.text import TextSettings, load_ids
from data.sources.corpora import find_corpus
from data.tokenizers import PAD, UNK, Tokenizer, WordTokenizer
from data.words import split as split_words


class LanguageBatch(NamedTuple):
    """Ids of sentences; every row ends with ``eos``, then ``pad``; there is no start symbol."""

    words: Tensor  # (B, T) int64, y_1 .. y_T
    mask: Tensor  # (B, T) bool, True at words and </s>
    index: Tensor  # type: ignore[assignment] # (B,) int64, position in the split; hides tuple.index

    @property
    def units(self) -> int:
        """What throughput counts: real tokens, ``eos`` included."""
        return int(self.mask.sum())


@dataclass(frozen=True)
class SentenceIds:
    """The sentences of a split; indexed by many positions at once, it returns a LanguageBatch."""

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
    """A position of a sentence whose word must not be the form ``other`` (its ``id``); ``misled`` as in ``accord.agreement``."""

    position: int
    other: str
    id: int
    misled: bool


class LanguageData(PreparedText):
    """The sentences of one language of a parallel corpus, prepared as for translation.

    language: the one that is read.
    other: the language of the other side, which is not read. With the same languages and settings, a corpus prepared for
        translators is used again.
    All other arguments are those of TranslationData. Batches go by the length of the one side; ``max_words`` holds for both.

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
        settings = TextSettings(
            corpus, language, other, tokenizer, vocabulary, min_frequency, False, pairs, max_words,
            find_corpus(corpus).tested_on(test_splits),
        )  # fmt: skip
        super().__init__(settings, batch_sentences, batch_tokens, sort_batches, seed, num_workers)
        self.save_hyperparameters()

    @property
    def tokenizer(self) -> Tokenizer:
        """That of ``language``."""
        return self.tokenizers[0]

    @property
    def sizes(self) -> dict[str, int]:
        return {"vocabulary": len(self.tokenizer)}

    @property
    def decided(self) -> dict[str, Tokenizer]:
        return {"language": self.tokenizer}

    def batched(self, split: str, train: bool) -> tuple[SentenceIds, TokenBatches]:
        sentences = SentenceIds(load_ids(self.folder, split)[0])
        return sentences, self.batches(sentences.lengths, train)

    def contrasts(self, split: str) -> dict[int, list[Contrast]]:
        """Where a form must agree, by position in an evaluation split; empty unless these are the English words of Accord."""
        settings, tokenizer = self.settings, self.tokenizer
        if (settings.corpus, settings.source_language) != ("accord", "en") or not isinstance(tokenizer, WordTokenizer):
            return {}
        contrasts: dict[int, list[Contrast]] = {}
        for index, example in enumerate(self.examples(split)):
            for position, other, misled in agreements(split_words(example.source, "en")):
                if (id := tokenizer.encode(other)[0]) != UNK:
                    contrasts.setdefault(index, []).append(Contrast(position, other, id, misled))
        return contrasts
