"""Images with captions as batches: what a captioner is trained and tested on.

Shapes: B images, C = 3 channels, h = w = size, T words of the longest caption with its ``</s>``, N images of a split, O objects.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.augmentation import Augmentation, seeded
from data.batching import ResumableLoader, trained_batches
from data.errors import UserError
from data.images import Chosen, ImageBatches
from data.prepared.captions import CaptionSettings, load_image_facts, prepare_captions
from data.prepared.folder import load_array, load_facts
from data.prepared.ids import FlatIds
from data.preprocessing import Preprocessing
from data.shapes import Facts
from data.sources.download import data_dir
from data.tokenizers import PAD, Tokenizer, load_tokenizer


class CaptionBatch(NamedTuple):
    """Normalised images, and a caption of each; every row ends with ``eos`` and is filled up with ``pad``; no start symbol."""

    image: Tensor  # (B, C, h, w) float32
    target: Tensor  # (B, T) int64
    target_mask: Tensor  # (B, T) bool, True at words and </s>
    index: Tensor  # type: ignore[assignment] # (B,) int64, position in the split; hides tuple.index

    @property
    def units(self) -> int:
        """What throughput counts: images."""
        return len(self.image)


@dataclass(frozen=True)
class CaptionExamples:
    """The images of an evaluation split in the order of ``CaptionBatch.index``, before normalisation.

    masks: how much of each pixel each object covers, zero beyond the objects of an image; facts: what is true of each image.
    """

    pixels: NDArray[np.uint8]  # (N, h, w, 3)
    masks: NDArray[np.float16]  # (N, O, h, w)
    facts: list[Facts]


@dataclass(frozen=True)
class Captioned:
    """The images and captions of a split; asked for many at once, it gives a CaptionBatch."""

    pixels: NDArray[np.uint8]
    captions: FlatIds
    preprocessing: Preprocessing
    augmentation: Augmentation = Augmentation()

    def __len__(self) -> int:
        return len(self.captions)

    def __getitems__(self, chosen: Chosen) -> CaptionBatch:
        fill = self.preprocessing.mean_colour
        with seeded(*chosen.seed):
            pixels = self.augmentation.pixels(self.pixels[chosen.index], fill)
        image = self.preprocessing.tensor(pixels)
        return CaptionBatch(image, *self.captions.padded(chosen.index, PAD), torch.from_numpy(chosen.index))


class CaptionData(lightning.LightningDataModule):
    """Images, their captions, the vocabulary, and batches.

    corpus: shapes, which are drawn and described here; there is no other yet.
    size: side of an image in pixels.
    images: training images (None: 20,000); each has one caption, drawn from those that are true.
    batch_images: images of a batch.
    sort_batches: so many batches are drawn at a time and sorted by the length of their captions, so that the captions of a batch
        are about as long.
    shift: training images are shifted by up to so many pixels each way, their edges repeated.
    vocabulary: most entries, three specials included; learned from the training captions alone.
    min_frequency: words seen less often in training are unknown.
    seed: of the order of the training batches and of the shifts.
    num_workers: processes that make batches; 0 is fastest.

    Raises UserError for values that cannot be used.
    """

    def __init__(  # noqa: PLR0913 - these arguments are the schema of the configuration files
        self,
        corpus: str = "shapes",
        size: int = 48,
        images: int | None = None,
        batch_images: int = 64,
        sort_batches: int = 20,
        shift: int = 0,
        vocabulary: int = 10_000,
        min_frequency: int = 1,
        seed: int = 1,
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        for name, value in (
            ("size", size),
            ("images", images),
            ("batch_images", batch_images),
            ("sort_batches", sort_batches),
        ):
            if value is not None and value < 1:
                raise UserError(f"{name}={value} must be at least 1.")
        if shift >= size:
            raise UserError(f"shift={shift} moves images of {size} pixels out of sight: give less.")
        self.augmentation = Augmentation(shift)
        self.settings = CaptionSettings(corpus, size, images, vocabulary, min_frequency)
        self.batch_images, self.sort_batches = batch_images, sort_batches
        self.seed, self.num_workers = seed, num_workers
        self._examples: dict[str, CaptionExamples] = {}

    @cached_property
    def folder(self) -> Path:
        """Directory of the prepared images and captions; prepares them when it is first asked for."""
        return prepare_captions(self.settings, data_dir())

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """How an image becomes an input."""
        return Preprocessing.load(self.folder / "preprocessing.json")

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The words of captions."""
        return load_tokenizer(self.folder, "caption")

    @property
    def title(self) -> str:
        """What reports call the data."""
        return str(load_facts(self.folder)["title"])

    @property
    def sizes(self) -> dict[str, int]:
        """What the data decides of a model, by the names of the model's arguments."""
        return {"vocabulary": len(self.tokenizer), "network.image_size": self.settings.size}

    @property
    def mean_mask(self) -> NDArray[np.float32]:
        """(h, w): where objects are on average over the training images, the best map that never looks."""
        return np.array(load_array(self.folder, "mean_mask"))

    def fingerprints(self) -> dict[str, str]:
        """Of what a checkpoint is of no use without."""
        return {"preprocessing": self.preprocessing.fingerprint(), "caption": self.tokenizer.fingerprint()}

    def save(self, folder: Path) -> None:
        """Write preprocessing and vocabulary into the folder of a run."""
        kept = folder / "prepared"
        kept.mkdir(parents=True, exist_ok=True)
        self.preprocessing.save(kept / "preprocessing.json")
        self.tokenizer.save(kept, "caption")

    def prepare_data(self) -> None:
        self.prepare()

    def prepare(self) -> Path:
        """Draw, describe and store the images unless that was done; return their directory."""
        return self.folder

    def split_names(self, stage: str) -> list[str]:
        """The splits behind the loaders of a stage: "fit", "validate" or "test"."""
        names = {"fit": ["train"], "validate": ["valid"], "test": ["test"]}
        if stage not in names:
            raise ValueError(f"There is no stage {stage!r}: choose one of {', '.join(names)}.")
        return names[stage]

    def examples(self, split: str) -> CaptionExamples:
        """Pixels, masks and facts of an evaluation split; raises ValueError for another."""
        if split not in ("valid", "test"):
            raise ValueError(f"{split!r} is no evaluation split of {self.title}: choose valid or test.")
        if split not in self._examples:
            pixels, masks = (load_array(self.folder, f"{split}.{name}") for name in ("pixels", "masks"))
            self._examples[split] = CaptionExamples(pixels, masks, load_image_facts(self.folder, split))
        return self._examples[split]

    def train_dataloader(self) -> ResumableLoader:
        return self._loader("train", partial(trained_batches, self))

    def val_dataloader(self) -> list[ResumableLoader]:
        return [self._loader(name) for name in self.split_names("validate")]

    def test_dataloader(self) -> list[ResumableLoader]:
        return [self._loader(name) for name in self.split_names("test")]

    def _loader(self, split: str, done: Callable[[], int] | None = None) -> ResumableLoader:
        train = split == "train"
        data = Captioned(
            load_array(self.folder, f"{split}.pixels"),
            FlatIds.load(self.folder / f"{split}.captions"),
            self.preprocessing,
            self.augmentation if train else Augmentation(),
        )
        batches = ImageBatches(data.captions.lengths, self.batch_images, train, self.seed, self.sort_batches)
        return ResumableLoader(data, batches, self.num_workers, done)
