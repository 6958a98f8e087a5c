"""Images with captions as batches: what a captioner is trained and tested on.

Shapes: B images, C = 3 channels, h = w = size, T words of the longest caption with its ``</s>``, N images of a split, O objects.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.augmentation import Augmentation, seeded
from data.images import ImageBatches, SeededImages
from data.module import PreparedImages, check_positive
from data.prepared.captions import CaptionSettings, prepare_captions
from data.prepared.folder import load_array, load_lines
from data.prepared.ids import FlatIds
from data.preprocessing import Preprocessing
from data.shapes import Facts
from data.tokenizers import PAD, Tokenizer, load_tokenizer


class CaptionBatch(NamedTuple):
    """Normalised images, and one caption of each; every row ends with ``eos``, then ``pad``; there is no start symbol."""

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

    masks: the share of each pixel that each object covers, zero beyond an image's last object. facts: what is true of each image.
    """

    pixels: NDArray[np.uint8]  # (N, h, w, 3)
    masks: NDArray[np.float16]  # (N, O, h, w)
    facts: list[Facts]


@dataclass(frozen=True)
class CaptionedImages:
    """The images and captions of a split; indexed with SeededImages, it returns a CaptionBatch."""

    pixels: NDArray[np.uint8]
    captions: FlatIds
    preprocessing: Preprocessing
    augmentation: Augmentation

    def __len__(self) -> int:
        return len(self.captions)

    def __getitems__(self, chosen: SeededImages) -> CaptionBatch:
        with seeded(*chosen.seed):
            pixels = self.augmentation.pixels(self.pixels[chosen.index], self.preprocessing.mean_colour)
        image = self.preprocessing.tensor(pixels)
        return CaptionBatch(image, *self.captions.padded(chosen.index, PAD), torch.from_numpy(chosen.index))


class CaptionData(PreparedImages):
    """Images, their captions, the vocabulary, and batches.

    corpus: shapes, which are drawn and described here; there is no other.
    size: side of an image in pixels.
    images: number of training images (None: 20,000); each has one caption, drawn from those that are true.
    batch_images: images of a batch.
    sort_batches: number of batches that are drawn together and sorted by the length of their captions, so that captions of
        one batch are about equally long.
    shift: training images are shifted by up to this many pixels each way, their edges repeated.
    vocabulary: most entries, three specials included; learned from the training captions alone.
    min_frequency: words that occur less often in training are unknown.
    seed: of the order of the training batches and of the shifts.
    num_workers: processes that make batches; 0 is fastest.

    Raises UserError for values that cannot be used.
    """

    KEPT = "prepared"

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
        check_positive(sort_batches=sort_batches)
        super().__init__(size, images, batch_images, Augmentation(shift), seed, num_workers)
        self.save_hyperparameters()
        self.settings = CaptionSettings(corpus, size, images, vocabulary, min_frequency)
        self.sort_batches = sort_batches
        self._examples: dict[str, CaptionExamples] = {}

    def _prepare(self, data_dir: Path) -> Path:
        return prepare_captions(self.settings, data_dir)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """That of the captions."""
        return load_tokenizer(self.folder, "caption")

    @property
    def sizes(self) -> dict[str, int]:
        return {"vocabulary": len(self.tokenizer), "network.image_size": self.settings.size}

    @property
    def decided(self) -> dict[str, Preprocessing | Tokenizer]:
        return {"preprocessing": self.preprocessing, "caption": self.tokenizer}

    def tested_splits(self) -> list[str]:
        return ["test"]

    def examples(self, split: str) -> CaptionExamples:
        """Pixels, masks and facts of an evaluation split."""
        if split not in self._examples:
            pixels, masks = (load_array(self.folder, f"{split}.{name}") for name in ("pixels", "masks"))
            facts = load_lines(self.folder, f"{split}.facts.jsonl", Facts.of)
            self._examples[split] = CaptionExamples(pixels, masks, facts)
        return self._examples[split]

    def batched(self, split: str, train: bool) -> tuple[CaptionedImages, ImageBatches]:
        pixels, captions = load_array(self.folder, f"{split}.pixels"), FlatIds.load(self.folder / f"{split}.captions")
        batches = ImageBatches(
            captions.lengths, self.batch_images, sort_batches=self.sort_batches, shuffle=train, seed=self.seed
        )
        augmentation = self.augmentation if train else Augmentation()
        return CaptionedImages(pixels, captions, self.preprocessing, augmentation), batches
