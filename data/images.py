"""Labelled images as batches: what every classifier is trained and tested on.

Shapes: B images, C = 3 channels, K classes, h = w = size, N images of a split.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.augmentation import Augmentation, seeded
from data.batching import TokenBatches, rank_and_world
from data.cores import cores
from data.errors import UserError
from data.module import PreparedImages
from data.prepared.folder import load_array, load_facts, load_json
from data.prepared.images import ImageSettings, prepare_images
from data.preprocessing import FITS, Preprocessing

EXTRA = ("masks", "without", "elsewhere", "second_labels", "second_masks")  # fields of ImageExamples, for drawn images


class ImageBatch(NamedTuple):
    """Normalised images and what they show."""

    image: Tensor  # (B, C, h, w) float32
    target: Tensor  # (B, K) float32 class probabilities: one-hot, or those of a mixture; all 0 for an unknown class
    label: Tensor  # (B,) int64; -1 for an unknown class
    index: Tensor  # type: ignore[assignment] # (B,) int64, position in the split; hides tuple.index

    @property
    def units(self) -> int:
        """What throughput counts: images."""
        return len(self.label)


@dataclass(frozen=True)
class ImageExamples:
    """The images of a split in the order of ``ImageBatch.index``, as they were before normalisation.

    masks: the share of each pixel that the labelled object covers. without: the same images without that object. elsewhere:
    the same objects on another ground. second_labels, second_masks: those of the other object, if every image shows two.
    """

    pixels: NDArray[np.uint8]  # (N, h, w, 3)
    labels: NDArray[np.int64]  # (N,)
    names: list[str]
    masks: NDArray[np.float32] | None = None  # (N, h, w)
    without: NDArray[np.uint8] | None = None  # (N, h, w, 3)
    elsewhere: NDArray[np.uint8] | None = None  # (N, h, w, 3)
    second_labels: NDArray[np.int64] | None = None  # (N,)
    second_masks: NDArray[np.float32] | None = None  # (N, h, w)

    def masks_of(self, index: Sequence[int], label: Sequence[int]) -> NDArray[np.float32] | None:
        """(M, h, w), the masks of the objects of class ``label`` in the images ``index``; None without masks."""
        if self.masks is None:
            return None
        masks = self.masks[index]
        if self.second_masks is not None and self.second_labels is not None:
            second = self.second_labels[index] == label
            masks[second] = self.second_masks[index][second]
        return masks


class SeededImages(NamedTuple):
    """Which images make a batch, and the numbers that seed its augmentation."""

    index: NDArray[np.int64]  # type: ignore[assignment]
    seed: tuple[int, ...]


class ImageBatches(TokenBatches):
    """Batches of image numbers, each seeded with (seed, epoch, number of the batch, rank).

    ``lengths`` (images,): the images of a batch are alike in it, see TokenBatches; all ones if images have no length.
    """

    def __iter__(self) -> Iterator[Any]:
        start, rank = self.start, rank_and_world()[0]
        for number, index in enumerate(super().__iter__(), start):
            yield SeededImages(index, (self.seed, self.epoch, number, rank))


@dataclass(frozen=True)
class ImageArray:
    """The images of a split; indexed with SeededImages, it returns an ImageBatch."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    preprocessing: Preprocessing
    augmentation: Augmentation

    def __len__(self) -> int:
        return len(self.labels)

    def __getitems__(self, chosen: SeededImages) -> ImageBatch:
        index, label = torch.from_numpy(chosen.index), torch.from_numpy(self.labels[chosen.index])
        with seeded(*chosen.seed):
            pixels = self.augmentation.pixels(self.pixels[chosen.index], self.preprocessing.mean_colour)
            image = self.preprocessing.tensor(pixels)
            image, target = self.augmentation.mixed(image, label, len(self.preprocessing.classes))
        return ImageBatch(image, target, label, index)


class ImageData(PreparedImages):
    """A set of images and its batches.

    corpus: shapes (drawn here), shapes_conflict, cifar10, or path/to/folder with a folder of images for each class.
    size: side of the square that images are brought to, in pixels.
    images: number of training images (None: all; shapes: 20,000).
    batch_images: images of a batch.
    crop: smallest and largest share of a training image's area that is cut out at random, of 3:4 to 4:3, and enlarged to the
        full size (Szegedy et al. 2015: [0.08, 1.0]); None for no cropping. It is cut from the prepared square.
    shift: training images are shifted by up to this many pixels each way, their edges repeated.
    flip: half of the training images, at random, are flipped from left to right.
    rand_augment, magnitude: operations of RandAugment (Cubuk et al. 2020) on a training image, and their strength.
    mixup, cutmix: alpha of MixUp (Zhang et al. 2018) and CutMix (Yun et al. 2019); with both, each has half the batches.
    erasing: probability that a rectangle of a training image is erased (Zhong et al. 2020).
    fit: how an image that is not square becomes square: letterbox (whole, between bars) or crop.
    test_splits: which splits to test on, in order (None: those of the corpus).
    seed: of the order of the training batches and of augmentation.
    num_workers: processes that make batches. None: beside a GPU, one per core, at most 8; 0 without one, where training itself
        keeps the cores busy. At 32 pixels, an image takes about 0.1 ms to crop and 0.4 ms for two operations of RandAugment;
        at 224 pixels, 0.4 and 1.6 ms.

    Raises UserError for values and files that cannot be used.
    """

    KEPT = "."

    def __init__(  # noqa: PLR0913 - these arguments are the schema of the configuration files
        self,
        corpus: str = "shapes",
        size: int = 48,
        images: int | None = None,
        batch_images: int = 128,
        crop: tuple[float, float] | None = None,
        shift: int = 0,
        flip: bool = False,
        rand_augment: int = 0,
        magnitude: int = 9,
        mixup: float = 0.0,
        cutmix: float = 0.0,
        erasing: float = 0.0,
        fit: Literal["letterbox", "crop"] = "letterbox",
        test_splits: list[str] | None = None,
        seed: int = 1,
        num_workers: int | None = None,
    ) -> None:
        if fit not in FITS:
            raise UserError(f"There is no fit {fit!r}: choose {' or '.join(FITS)}.")
        augmentation = Augmentation(
            shift, flip, rand_augment, magnitude, mixup, cutmix, erasing, None if crop is None else (crop[0], crop[1])
        )
        super().__init__(
            size, images, batch_images, augmentation, seed, _workers() if num_workers is None else num_workers
        )
        self.save_hyperparameters()
        self.settings = ImageSettings(corpus, size, images, fit)
        self._test_splits = test_splits
        self._examples: dict[str, ImageExamples] = {}

    def _prepare(self, data_dir: Path) -> Path:
        return prepare_images(self.settings, data_dir)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.preprocessing.classes

    @property
    def sizes(self) -> dict[str, int]:
        return {"classes": len(self.classes), "network.image_size": self.settings.size}

    @property
    def decided(self) -> dict[str, Preprocessing]:
        return {"preprocessing": self.preprocessing}

    def tested_splits(self) -> list[str]:
        splits = list(load_facts(self.folder)["images"])
        tests = splits[2:] if self._test_splits is None else self._test_splits
        for name in tests:
            if name not in splits[1:]:
                raise UserError(f"{self.title} cannot be tested on {name!r}: choose from {', '.join(splits[1:])}.")
        return tests

    def examples(self, split: str) -> ImageExamples:
        """Pixels, labels and names of a split; of drawn images for evaluation also masks and twins."""
        if split not in self._examples:
            extra = {name: self._array(split, name) for name in EXTRA if (self.folder / f"{split}.{name}.npy").exists()}
            extra |= {name: extra[name].astype(np.float32) for name in extra if name.endswith("masks")}
            labels = np.array(self._array(split, "labels"))
            names = load_json(self.folder, f"{split}.names.json")
            self._examples[split] = ImageExamples(self._array(split, "pixels"), labels, names, **extra)
        return self._examples[split]

    def batched(self, split: str, train: bool) -> tuple[ImageArray, ImageBatches]:
        pixels, labels = self._array(split, "pixels"), np.array(self._array(split, "labels"))
        batches = ImageBatches(np.ones_like(labels), self.batch_images, shuffle=train, seed=self.seed)
        augmentation = self.augmentation if train else Augmentation()
        return ImageArray(pixels, labels, self.preprocessing, augmentation), batches

    def _array(self, split: str, name: str) -> NDArray[Any]:
        return load_array(self.folder, f"{split}.{name}")


def _workers() -> int:
    """How many processes make the batches of each GPU."""
    gpus = torch.cuda.device_count()
    return min(8, cores() // gpus) if gpus else 0
