"""Sentence pairs as padded batches: what every translator is trained and tested on.

Shapes: B sentences, S source positions, T target positions.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from data.batching import Ints, TokenBatches
from data.errors import UserError
from data.module import PreparedText
from data.prepared.ids import FlatIds
from data.prepared.links import load_links
from data.prepared.text import TextSettings, load_ids
from data.sources.corpora import find_corpus
from data.sources.download import data_dir
from data.sources.gold import with_gold
from data.tokenizers import PAD, Tokenizer


class TranslationBatch(NamedTuple):
    """Ids of sentence pairs; every row ends with ``eos``, then ``pad``; there is no start symbol."""

    source: Tensor  # (B, S) int64
    source_mask: Tensor  # (B, S) bool, True at words and </s>
    target: Tensor  # (B, T) int64, y_1 .. y_T
    target_mask: Tensor  # (B, T) bool
    index: Tensor  # type: ignore[assignment] # (B,) int64, position in the split; hides tuple.index
    links: Tensor | None = None  # (B, T, S) float, 1 / n at each of the n source positions linked to a target position

    @property
    def units(self) -> int:
        """What throughput counts: real target tokens, ``eos`` included."""
        return int(self.target_mask.sum())


@dataclass(frozen=True)
class PairedIds:
    """The sentence pairs of a split; indexed by many positions at once, it returns a TranslationBatch.

    ``links``: the numbers t, s, t, s, .. of each pair's links, if its batches shall have them.
    """

    source: FlatIds
    target: FlatIds
    links: FlatIds | None = None

    def __len__(self) -> int:
        return len(self.source)

    def __getitems__(self, index: Ints) -> TranslationBatch:
        index = np.asarray(index, dtype=np.int64)
        source, target = self.source.padded(index, PAD), self.target.padded(index, PAD)
        shape = (*target[0].shape, source[0].shape[1])
        links = None if self.links is None else _normalised(self.links, index, shape)
        return TranslationBatch(*source, *target, torch.from_numpy(index), links)

    @property
    def lengths(self) -> Ints:
        """(pairs,) int64: number of ids of the longer side, ``eos`` included."""
        return np.maximum(self.source.lengths, self.target.lengths)


def _normalised(links: FlatIds, index: Ints, shape: tuple[int, int, int]) -> Tensor:
    """(B, T, S), as in a batch, from the links of the pairs (B,)."""
    numbers, dense = links.joined(index), torch.zeros(shape)
    dense[np.repeat(np.arange(len(index)), links.lengths[index] // 2), numbers[::2], numbers[1::2]] = 1
    return dense / dense.sum(2, keepdim=True).clamp(min=1)


class TranslationData(PreparedText):
    """A corpus, its tokenisers and its batches.

    corpus: a name of data.sources.corpora.CORPORA, path/to/corpus.tsv, or two aligned files as path/a.en,path/a.fr.
    source_language, target_language: en, fr or de, as far as the corpus has them.
    tokenizer: words, bpe (pieces), or torchtext (words, in the frozen lane).
    vocabulary: most entries of a vocabulary, three specials included; learned from the training split alone.
    min_frequency: words that occur less often in training are unknown.
    joint: one vocabulary for both languages.
    pairs: training pairs to read (None: all; Accord: 20,000).
    max_words: training pairs with a longer side are dropped; </s> does not count. Other splits stay whole.
    batch_sentences, batch_tokens, sort_batches: see TokenBatches; give exactly one of the first two.
    test_splits: which splits to test on, in order (None: those of the corpus, and the links).
    links: gold word links to choose the view of the attention by, and to test on: hansards, alibi, or a user's own files; see
        data.sources.gold.
    seed: of the order of the training batches.
    num_workers: processes that make batches; 0 is fastest for text.

    Attributes:
        guided: whether training batches have links, those of the statistical aligner; a module that learns from them sets it.

    Raises UserError for values and files that cannot be used.
    """

    def __init__(  # noqa: PLR0913 - these arguments are the schema of the configuration files
        self,
        corpus: str = "accord",
        source_language: str = "en",
        target_language: str = "fr",
        tokenizer: Literal["words", "bpe", "torchtext"] = "words",
        vocabulary: int = 30_000,
        min_frequency: int = 1,
        joint: bool = False,
        pairs: int | None = None,
        max_words: int = 50,
        batch_sentences: int | None = None,
        batch_tokens: int | None = 4096,
        sort_batches: int = 20,
        test_splits: list[str] | None = None,
        links: str | list[str] | None = None,
        seed: int = 1,
        num_workers: int = 0,
    ) -> None:
        golds = (links,) if isinstance(links, str) else tuple(links or ())
        settings = TextSettings(
            corpus, source_language, target_language, tokenizer, vocabulary, min_frequency, joint, pairs, max_words,
            with_gold(find_corpus(corpus), golds).tested_on(test_splits), golds,
        )  # fmt: skip
        super().__init__(settings, batch_sentences, batch_tokens, sort_batches, seed, num_workers)
        self.guided = False
        self.save_hyperparameters()

    @property
    def source_tokenizer(self) -> Tokenizer:
        return self.tokenizers[0]

    @property
    def target_tokenizer(self) -> Tokenizer:
        return self.tokenizers[1]

    @property
    def sizes(self) -> dict[str, int]:
        return {"source_vocabulary": len(self.source_tokenizer), "target_vocabulary": len(self.target_tokenizer)}

    @property
    def decided(self) -> dict[str, Tokenizer]:
        return {"source": self.source_tokenizer, "target": self.target_tokenizer}

    def pairs_of(self, split: str) -> PairedIds:
        """The tokenised pairs of a split."""
        return PairedIds(*load_ids(self.folder, split))

    def linked(self, split: str) -> list[FlatIds]:
        """The links of a statistical aligner between the words or pieces of a split, see `load_links`."""
        return load_links(self.folder, split, data_dir())

    def batched(self, split: str, train: bool) -> tuple[PairedIds, TokenBatches]:
        pairs = self.pairs_of(split)
        if train and self.guided:
            pairs = replace(pairs, links=self.linked(split)[0])
        return pairs, self.batches(pairs.lengths, train)

    def check_lengths(self, limit: int) -> None:
        """Raise UserError naming a sentence with more than ``limit`` words or pieces, ``eos`` included, if there is one.

        A model that distinguishes only so many positions is then not trained on data that it cannot read.
        """
        for split in dict.fromkeys(("train", *self.validation_splits(), *self.settings.test_splits)):
            pairs = self.pairs_of(split)
            for side, ids in (("source", pairs.source), ("target", pairs.target)):
                for first in np.flatnonzero(ids.lengths > limit)[:1]:
                    where, text = self._locate(split, int(first), side)
                    raise UserError(
                        f"{where} has {ids.lengths[first]:,} words or pieces with its </s>, and this model distinguishes "
                        f"{limit:,} positions ({text[:40]} ...): split the sentence, or train with a larger network.max_length."
                    )

    def _locate(self, split: str, position: int, side: str) -> tuple[str, str]:
        """Where a sentence of the corpus stands, and its text, which for training pairs is decoded from the ids."""
        if split == "train":
            ids, tokenizer = getattr(self.pairs_of(split), side)[position], self.decided[side]
            where = f"{self.settings.corpus}, split 'train': the {side} of pair {position + 1:,}"
            return where, tokenizer.decode(ids.tolist())
        example = self.examples(split)[position]
        return self.settings.find().where(split, position + 1, example, side), getattr(example, side)
