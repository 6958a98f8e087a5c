"""The base classes of the data modules: prepare on disk once, batch by split, store with a run what the data decided."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import lightning
import numpy as np
from numpy.typing import NDArray

from data.augmentation import Augmentation
from data.batching import Batched, Ints, ResumableLoader, TokenBatches, check_sizes
from data.errors import UserError
from data.prepared.folder import damaged, load_array, load_facts
from data.prepared.text import TextSettings, load_examples, load_ids, prepare_text
from data.preprocessing import Preprocessing
from data.sources.download import data_dir
from data.sources.gold import DEVELOPMENT
from data.sources.text import Example
from data.tokenizers import Tokenizer, load_tokenizer

MOST = 10**9  # of a setting that counts something


def check_positive(**values: int | None) -> None:
    """Raise UserError naming a value below 1, or beyond what numpy and a memory hold; None is fine."""
    for name, value in values.items():
        if value is not None and not 1 <= value <= MOST:
            raise UserError(f"{name}={value} must be {f'at most {MOST:,}' if value > MOST else 'at least 1'}.")


class PreparedData(lightning.LightningDataModule, ABC):
    """Data that is prepared when its folder is first asked for, and the loaders of its splits.

    KEPT: folder of a run that ``save`` writes to.
    seed: of the order of the training batches, and of augmentation.
    num_workers: processes that make batches.
    """

    KEPT: ClassVar[str]

    def __init__(self, seed: int, num_workers: int) -> None:
        super().__init__()
        if num_workers < 0 or seed < 0:
            raise UserError(f"seed={seed} and num_workers={num_workers} must not be negative.")
        if seed >= 2**63:  # torch holds no larger one
            raise UserError(f"seed={seed} must be at most {2**63 - 1:,}.")
        self.seed, self.num_workers = seed, num_workers

    @abstractmethod
    def _prepare(self, data_dir: Path) -> Path:
        """Read, convert and store the data unless that was done; return its directory."""

    @property
    @abstractmethod
    def sizes(self) -> dict[str, int]:
        """Sizes of a model that the data decides, by the names of the model's arguments."""

    @property
    @abstractmethod
    def decided(self) -> Mapping[str, Tokenizer | Preprocessing]:
        """What a checkpoint is useless without, by the name of its file."""

    @abstractmethod
    def tested_splits(self) -> list[str]:
        """The splits to test on, in order. Raises UserError for a split that the data lacks."""

    @abstractmethod
    def batched(self, split: str, train: bool) -> tuple[Batched, TokenBatches]:
        """The data set of a split and its batches; shuffled and augmented if ``train``."""

    @cached_property
    def folder(self) -> Path:
        """Directory of the prepared data; prepares it when it is first asked for."""
        return self._prepare(data_dir())

    def prepare(self) -> Path:
        """Prepare the data unless that was done; return its directory."""
        return self.folder

    def prepare_data(self) -> None:
        self.prepare()

    def fingerprints(self) -> dict[str, str]:
        """Digests of what the data decided, by name: a checkpoint goes with data of the same fingerprints."""
        return {name: part.fingerprint() for name, part in self.decided.items()}

    def save(self, folder: Path) -> None:
        """Write what the data decided into the folder of a run."""
        kept = folder / self.KEPT
        kept.mkdir(parents=True, exist_ok=True)
        for name, part in self.decided.items():
            part.save(kept, name)

    def validation_splits(self) -> list[str]:
        """The splits to validate on, in order."""
        return ["valid"]

    def split_names(self, stage: str) -> list[str]:
        """The splits behind the loaders of a stage, in their order: "fit", "validate" or "test"."""
        return {"fit": ["train"], "validate": self.validation_splits(), "test": self.tested_splits()}[stage]

    def train_dataloader(self) -> ResumableLoader:
        return ResumableLoader(*self.batched("train", train=True), self.num_workers, self._trained_batches)

    def val_dataloader(self) -> list[ResumableLoader]:
        return [self._evaluated(split) for split in self.split_names("validate")]

    def test_dataloader(self) -> list[ResumableLoader]:
        return [self._evaluated(split) for split in self.split_names("test")]

    def _evaluated(self, split: str) -> ResumableLoader:
        return ResumableLoader(*self.batched(split, train=False), self.num_workers)

    def _trained_batches(self) -> int:
        """Batches of this epoch that the trainer has finished."""
        return 0 if self.trainer is None else self.trainer.fit_loop.epoch_loop.batch_progress.current.processed  # type: ignore[attr-defined]


class PreparedText(PreparedData):
    """Sentences of a parallel corpus with their tokenisers, in batches of similar length.

    batch_sentences, batch_tokens, sort_batches: see TokenBatches.

    Raises UserError for values that cannot be used.
    """

    KEPT = "tokenizers"

    def __init__(
        self, settings: TextSettings, batch_sentences: int | None, batch_tokens: int | None, sort_batches: int, seed: int,
        num_workers: int,
    ) -> None:  # fmt: skip
        super().__init__(seed, num_workers)
        check_sizes(batch_sentences, batch_tokens, sort_batches)
        check_positive(pairs=settings.pairs, max_words=settings.max_words, vocabulary=settings.vocabulary,
                       min_frequency=settings.min_frequency, batch_sentences=batch_sentences, batch_tokens=batch_tokens,
                       sort_batches=sort_batches)  # fmt: skip
        self.settings = settings
        self.batch_sentences, self.batch_tokens, self.sort_batches = batch_sentences, batch_tokens, sort_batches
        self._examples: dict[str, list[Example]] = {}

    def _prepare(self, data_dir: Path) -> Path:
        return prepare_text(self.settings, data_dir)

    @cached_property
    def tokenizers(self) -> tuple[Tokenizer, Tokenizer]:
        """Those of the source and of the target."""
        return load_tokenizer(self.folder, "source"), load_tokenizer(self.folder, "target")

    def validation_splits(self) -> list[str]:
        # Fixed sentences are few; their alignments are worth following through training.
        followed = [name for name in self.settings.test_splits if name == "fixed"]
        return ["valid", *followed, *{DEVELOPMENT}.intersection(self.settings.find().splits)]

    def tested_splits(self) -> list[str]:
        return list(self.settings.test_splits)

    def examples(self, split: str) -> list[Example]:
        """Raw texts and gold links of an evaluation split, in the order of a batch's ``index``.

        Raises UserError if the prepared directory is damaged.
        """
        if split not in self._examples:
            examples, pairs = load_examples(self.folder, split), len(load_ids(self.folder, split)[0])
            if len(examples) != pairs:
                raise damaged(self.folder, f"{split} has {len(examples):,} texts and {pairs:,} tokenised pairs")
            self._examples[split] = examples
        return self._examples[split]

    def batches(self, lengths: Ints, train: bool) -> TokenBatches:
        """Batches of sentences of these lengths (sentences,)."""
        return TokenBatches(
            lengths, self.batch_sentences, self.batch_tokens, self.sort_batches, shuffle=train, seed=self.seed
        )


class PreparedImages(PreparedData):
    """Square images with the preprocessing measured on those of training.

    size: side in pixels. images: training images, None for all. batch_images: images of a batch.
    augmentation: of training images.

    Raises UserError for values that cannot be used.
    """

    def __init__(  # noqa: PLR0913 - what both kinds of images have
        self, size: int, images: int | None, batch_images: int, augmentation: Augmentation, seed: int, num_workers: int
    ) -> None:
        super().__init__(seed, num_workers)
        check_positive(size=size, images=images, batch_images=batch_images)
        if augmentation.shift >= size:
            raise UserError(f"shift={augmentation.shift} moves images of {size} pixels out of sight: give less.")
        self.batch_images, self.augmentation = batch_images, augmentation

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """How an image becomes an input, and the names of the classes, if there are classes."""
        return Preprocessing.load(self.folder / "preprocessing.json")

    @cached_property
    def title(self) -> str:
        """What reports call the images."""
        return str(load_facts(self.folder)["title"])

    @cached_property
    def mean_mask(self) -> NDArray[np.float32] | None:
        """(h, w): the average mask of the training images, the best map that never looks; None without masks."""
        return np.array(load_array(self.folder, "mean_mask")) if (self.folder / "mean_mask.npy").exists() else None
