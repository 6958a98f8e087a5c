"""Sentence pairs as padded batches: what every translator is trained and tested on.

Shapes: B sentences, S source positions, T target positions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Literal, NamedTuple

import lightning
import numpy as np
import torch
from torch import Tensor

from data.batching import Ints, ResumableLoader, TokenBatches, check_sizes, trained_batches
from data.errors import UserError
from data.prepared.folder import damaged
from data.prepared.ids import FlatIds
from data.prepared.text import TextSettings, load_examples, load_ids, load_tokenizers, prepare_text
from data.sources.download import data_dir
from data.sources.text import Example, find_corpus
from data.tokenizers import EOS, PAD, Tokenizer


class TranslationBatch(NamedTuple):
    """Ids of sentence pairs; every row ends with ``eos`` and is filled up with ``pad``; no start symbol."""

    source: Tensor  # (B, S) int64
    source_mask: Tensor  # (B, S) bool, True at words and </s>
    target: Tensor  # (B, T) int64, y_1 .. y_T
    target_mask: Tensor  # (B, T) bool
    index: Tensor  # type: ignore[assignment] # (B,) int64, position in the split; hides tuple.index

    @property
    def units(self) -> int:
        """What throughput counts: real target tokens, ``eos`` included."""
        return int(self.target_mask.sum())


@dataclass(frozen=True)
class PairedIds:
    """The sentence pairs of a split; indexed by many positions at once, it gives a TranslationBatch."""

    source: FlatIds
    target: FlatIds

    def __len__(self) -> int:
        return len(self.source)

    def __getitems__(self, index: Ints) -> TranslationBatch:
        index = np.asarray(index, dtype=np.int64)
        source, target = self.source.padded(index, PAD), self.target.padded(index, PAD)
        return TranslationBatch(*source, *target, torch.from_numpy(index))

    @property
    def lengths(self) -> Ints:
        """(pairs,) int64: ids of the longer side, ``eos`` included."""
        return np.maximum(self.source.lengths, self.target.lengths)


class TranslationData(lightning.LightningDataModule):
    """A corpus, its tokenisers and its batches.

    corpus: a name of data.sources.text.CORPORA, path/to/corpus.tsv, or two aligned files as path/a.en,path/a.fr.
    source_language, target_language: en, fr or de, as far as the corpus has them.
    tokenizer: words, bpe (pieces), or torchtext (words, in the frozen lane).
    vocabulary: most entries of a vocabulary, three specials included; learned from the training split alone.
    min_frequency: words seen less often in training are unknown.
    joint: one vocabulary for both languages.
    pairs: read only so many training pairs (None: all; Accord: 20,000).
    max_words: training pairs with a longer side are dropped; </s> does not count. Other splits stay whole.
    batch_sentences, batch_tokens, sort_batches: see TokenBatches; give exactly one of the first two.
    test_splits: which splits to test on, in order (None: those of the corpus).
    seed: of the order of the training batches.
    num_workers: processes that make batches; 0 is fastest for text.

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
        seed: int = 1,
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        found = find_corpus(corpus)
        tests = found.tests if test_splits is None else tuple(test_splits)
        for name in tests:
            if name not in found.splits or name == "train":
                known = ", ".join(found.splits[1:])
                raise UserError(f"{found.name} cannot be tested on {name!r}: choose from {known}.")
        check_sizes(batch_sentences, batch_tokens, sort_batches)
        for name, value in (("pairs", pairs), ("max_words", max_words)):
            if value is not None and value < 1:
                raise UserError(f"{name}={value} must be at least 1.")
        self.settings = TextSettings(
            corpus, source_language, target_language,
            tokenizer, vocabulary, min_frequency, joint, pairs, max_words, tests,
        )  # fmt: skip
        self.batch_sentences, self.batch_tokens = batch_sentences, batch_tokens
        self.sort_batches, self.seed, self.num_workers = sort_batches, seed, num_workers
        self._examples: dict[str, list[Example]] = {}

    @cached_property
    def folder(self) -> Path:
        """Directory of the prepared corpus; prepares it when it is first asked for."""
        return prepare_text(self.settings, data_dir())

    @cached_property
    def _tokenizers(self) -> tuple[Tokenizer, Tokenizer]:
        return load_tokenizers(self.folder)

    @property
    def source_tokenizer(self) -> Tokenizer:
        return self._tokenizers[0]

    @property
    def target_tokenizer(self) -> Tokenizer:
        return self._tokenizers[1]

    @property
    def sizes(self) -> dict[str, int]:
        """What the data decides of a model, by the names of the model's arguments."""
        return {"source_vocabulary": self.source_size, "target_vocabulary": self.target_size}

    def fingerprints(self) -> dict[str, str]:
        """Of what a checkpoint is of no use without: both tokenisers."""
        return {"source": self.source_tokenizer.fingerprint(), "target": self.target_tokenizer.fingerprint()}

    def save(self, folder: Path) -> None:
        """Write both tokenisers into the folder of a run."""
        kept = folder / "tokenizers"
        kept.mkdir(parents=True, exist_ok=True)
        self.source_tokenizer.save(kept, "source")
        self.target_tokenizer.save(kept, "target")

    @property
    def source_size(self) -> int:
        """Entries of the source vocabulary."""
        return len(self.source_tokenizer)

    @property
    def target_size(self) -> int:
        """Entries of the target vocabulary, V."""
        return len(self.target_tokenizer)

    def prepare(self) -> Path:
        """Read, tokenise and store the corpus unless that was done; return its directory."""
        return self.folder

    def prepare_data(self) -> None:
        self.prepare()

    def split_names(self, stage: str) -> list[str]:
        """The splits behind the loaders of a stage, in their order: "fit", "validate" or "test"."""
        # Fixed sentences are few; their alignments are worth following through training.
        fixed = [name for name in self.settings.test_splits if name == "fixed"]
        names = {"fit": ["train"], "validate": ["valid", *fixed], "test": list(self.settings.test_splits)}
        if stage not in names:
            raise ValueError(f"There is no stage {stage!r}: choose one of {', '.join(names)}.")
        return names[stage]

    def pairs_of(self, split: str) -> PairedIds:
        """The tokenised pairs of a split."""
        return PairedIds(*load_ids(self.folder, split))

    def examples(self, split: str) -> list[Example]:
        """Raw texts and gold links of an evaluation split, in the order of ``TranslationBatch.index``."""
        if split not in ("valid", *self.settings.test_splits):
            known = ", ".join(("valid", *self.settings.test_splits))
            raise ValueError(f"{split!r} is no evaluation split of this run: choose from {known}.")
        if split not in self._examples:
            examples, pairs = load_examples(self.folder, split), len(self.pairs_of(split))
            if len(examples) != pairs:
                raise damaged(self.folder, f"{split} has {len(examples):,} texts and {pairs:,} tokenised pairs")
            self._examples[split] = examples
        return self._examples[split]

    def check_lengths(self, limit: int) -> None:
        """Raise UserError naming the first sentence of any split that has more than ``limit`` words or pieces, ``eos``
        included, so that no model is trained that cannot read its data.
        """
        for split in dict.fromkeys(("train", "valid", *self.settings.test_splits)):
            pairs = self.pairs_of(split)
            for side, ids in (("source", pairs.source), ("target", pairs.target)):
                for first in np.flatnonzero(ids.lengths > limit)[:1]:
                    where, text = self._told(split, int(first), side)
                    raise UserError(
                        f"{where} has {ids.lengths[first]:,} words or pieces with its </s>, and this model tells {limit:,} "
                        f"positions apart ({text[:40]} ...): split the sentence, or train with a larger network.max_length."
                    )

    def _told(self, split: str, position: int, side: str) -> tuple[str, str]:
        """Where a sentence of the corpus stands, and its text; of training pairs the ids alone are kept."""
        if split == "train":
            tokenizer = self.source_tokenizer if side == "source" else self.target_tokenizer
            ids = getattr(self.pairs_of(split), side)[position]
            return f"{self.settings.corpus}, split 'train': the {side} of pair {position + 1:,}", tokenizer.decode(
                ids.tolist()
            )
        example = self.examples(split)[position]
        return find_corpus(self.settings.corpus).where(split, position + 1, example, side), getattr(example, side)

    def train_dataloader(self) -> ResumableLoader:
        return self._loader("train", shuffle=True, done=partial(trained_batches, self))

    def val_dataloader(self) -> list[ResumableLoader]:
        return [self._loader(name, shuffle=False) for name in self.split_names("validate")]

    def test_dataloader(self) -> list[ResumableLoader]:
        return [self._loader(name, shuffle=False) for name in self.split_names("test")]

    def batch_of(self, texts: Sequence[str]) -> TranslationBatch:
        """A batch of texts to translate, in their order; the target of each is ``eos`` alone.

        Raises UserError for an empty text.
        """
        for number, text in enumerate(texts, start=1):
            if not text.strip():
                raise UserError(f"Text {number} of {len(texts)} is empty: there is nothing to translate.")
        source = FlatIds.of(self.source_tokenizer.encode_batch(texts))
        return PairedIds(source, FlatIds.of([[EOS]] * len(texts))).__getitems__(np.arange(len(texts)))

    def _loader(self, split: str, shuffle: bool, done: Callable[[], int] | None = None) -> ResumableLoader:
        data = self.pairs_of(split)
        batches = TokenBatches(
            data.lengths, self.batch_sentences, self.batch_tokens, self.sort_batches, shuffle, self.seed
        )
        return ResumableLoader(data, batches, self.num_workers, done)
