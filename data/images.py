"""Labelled images as batches: what every classifier is trained and tested on.

Shapes: B images, C = 3 channels, K classes, h = w = size, N images of a split.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.augmentation import Augmentation, seeded
from data.batching import ResumableLoader, TokenBatches, rank_and_world, trained_batches
from data.errors import UserError
from data.prepared.folder import load_array, load_facts
from data.prepared.images import ImageSettings, load_names, prepare_images
from data.preprocessing import FITS, Preprocessing
from data.sources.download import data_dir

__all__ = ["ImageBatch", "ImageData", "ImageExamples", "Preprocessing"]

KNOWN = ("masks", "without", "elsewhere", "second_labels", "second_masks")  # of ImageExamples, of drawn images alone


class ImageBatch(NamedTuple):
    """Normalised images and what they show."""

    image: Tensor  # (B, C, h, w) float32
    target: Tensor  # (B, K) float32 class probabilities: one-hot, or those of a mixture; 0 where nobody knows the class
    label: Tensor  # (B,) int64; -1 where nobody knows
    index: Tensor  # type: ignore[assignment] # (B,) int64, position in the split; hides tuple.index

    @property
    def units(self) -> int:
        """What throughput counts: images."""
        return len(self.label)


@dataclass(frozen=True)
class ImageExamples:
    """The images of a split in the order of ``ImageBatch.index``, as they were before normalisation.

    masks: how much of each pixel the labelled object covers. without: the same pictures but for that object. elsewhere: the
    same objects on another ground. second_labels, second_masks: of the other object, where every image shows two.
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
        """(M, h, w), in images ``index`` the mask of the object whose class is ``label``; None without masks."""
        if self.masks is None:
            return None
        masks = self.masks[index]
        if self.second_masks is not None and self.second_labels is not None:
            second = self.second_labels[index] == label
            masks[second] = self.second_masks[index][second]
        return masks


class Chosen(NamedTuple):
    """The images of a batch, and the numbers that its random draws come from."""

    index: NDArray[np.int64]
    seed: tuple[int, ...]


class ImageBatches(TokenBatches):
    """Batches of image numbers, each with what seeds its augmentation: (seed, epoch, number of the batch, rank).

    ``lengths`` (images,): batches are alike in it, see TokenBatches; nothing but ones where images have no length.
    """

    def __init__(
        self, lengths: NDArray[np.int64], batch_images: int, shuffle: bool, seed: int, sort_batches: int = 1
    ) -> None:
        super().__init__(lengths, batch_images, sort_batches=sort_batches, shuffle=shuffle, seed=seed)

    def __iter__(self) -> Iterator[Any]:
        start, rank = self.start, rank_and_world()[0]
        for number, index in enumerate(super().__iter__(), start):
            yield Chosen(index, (self.seed, self.epoch, number, rank))


class ImageArray:
    """The images of a split; asked for many at once, it gives an ImageBatch."""

    def __init__(
        self, pixels: NDArray[np.uint8], labels: NDArray[np.int64], preprocessing: Preprocessing,
        augmentation: Augmentation | None = None,
    ) -> None:  # fmt: skip
        self.pixels, self.labels = pixels, labels
        self.preprocessing, self.augmentation = preprocessing, augmentation or Augmentation()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitems__(self, chosen: Chosen) -> ImageBatch:
        index, label = torch.from_numpy(chosen.index), torch.from_numpy(self.labels[chosen.index])
        fill = self.preprocessing.mean_colour
        with seeded(*chosen.seed):
            pixels = self.augmentation.pixels(self.pixels[chosen.index], fill)
            image = self.preprocessing.tensor(pixels)
            image, target = self.augmentation.mixed(image, label, len(self.preprocessing.classes))
        return ImageBatch(image, target, label, index)


class ImageData(lightning.LightningDataModule):
    """A set of images and its batches.

    corpus: shapes (drawn here), shapes_conflict, cifar10, or path/to/folder with a folder of images for each class.
    size: side of the square that images are brought to, in pixels.
    images: use only so many training images (None: all; shapes: 20,000).
    batch_images: images of a batch.
    crop: least and largest share of a training image that is cut out at random, of 3:4 to 4:3, and brought to its size
        (Szegedy et al. 2015: [0.08, 1.0]); None for all of it. It is cut from the prepared square, so it is enlarged.
    shift: training images are shifted by up to so many pixels each way, their edges repeated.
    flip: every other training image is flipped from left to right.
    rand_augment, magnitude: operations of RandAugment (Cubuk et al. 2020) on a training image, and their strength.
    mixup, cutmix: alpha of MixUp (Zhang et al. 2018) and CutMix (Yun et al. 2019); with both, each has half the batches.
    erasing: probability that a rectangle of a training image is erased (Zhong et al. 2020).
    fit: how a picture that is no square becomes one: letterbox (seen whole, between bars) or crop.
    test_splits: which splits to test on, in order (None: those of the corpus).
    seed: of the order of the training batches and of augmentation.
    num_workers: processes that make batches; 0 is fastest unless augmentation is heavy: of 32 pixels, an image takes some
        0.1 ms to crop and 0.4 ms for two operations of RandAugment; of 224 pixels, 0.4 and 1.6 ms.

    Raises UserError for values and files that cannot be used.
    """

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
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        for name, value in (("size", size), ("images", images), ("batch_images", batch_images)):
            if value is not None and value < 1:
                raise UserError(f"{name}={value} must be at least 1.")
        if fit not in FITS:
            raise UserError(f"fit={fit!r} is not known: choose {' or '.join(FITS)}.")
        if shift >= size:
            raise UserError(f"shift={shift} moves images of {size} pixels out of sight: give less.")
        self.augmentation = Augmentation(
            shift, flip, rand_augment, magnitude, mixup, cutmix, erasing, None if crop is None else (crop[0], crop[1])
        )
        self.settings = ImageSettings(corpus, size, images, fit)
        self.batch_images, self.seed, self.num_workers = batch_images, seed, num_workers
        self._test_splits = test_splits
        self._examples: dict[str, ImageExamples] = {}

    @cached_property
    def folder(self) -> Path:
        """Directory of the prepared images; prepares them when it is first asked for."""
        return prepare_images(self.settings, data_dir())

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """How an image becomes an input, and the names of the classes."""
        return Preprocessing.load(self.folder / "preprocessing.json")

    @cached_property
    def title(self) -> str:
        """What reports call the images."""
        return str(load_facts(self.folder)["title"])

    @property
    def classes(self) -> tuple[str, ...]:
        return self.preprocessing.classes

    @property
    def image_size(self) -> int:
        return self.settings.size

    @property
    def sizes(self) -> dict[str, int]:
        """What the data decides of a model, by the names of the model's arguments."""
        return {"classes": len(self.classes), "network.image_size": self.image_size}

    @property
    def mean_mask(self) -> NDArray[np.float32] | None:
        """(h, w): where the object is on average over the training images, the best map that never looks."""
        return np.array(load_array(self.folder, "mean_mask")) if (self.folder / "mean_mask.npy").exists() else None

    def fingerprints(self) -> dict[str, str]:
        """Of what a checkpoint is of no use without."""
        return {"preprocessing": self.preprocessing.fingerprint()}

    def save(self, folder: Path) -> None:
        """Write the preprocessing into the folder of a run."""
        self.preprocessing.save(folder / "preprocessing.json")

    def prepare(self) -> Path:
        """Read, resize and store the images unless that was done; return their directory."""
        return self.folder

    def prepare_data(self) -> None:
        self.prepare()

    def split_names(self, stage: str) -> list[str]:
        """The splits behind the loaders of a stage, in their order: "fit", "validate" or "test"."""
        there = list(load_facts(self.folder)["images"])
        tests = there[2:] if self._test_splits is None else self._test_splits
        for name in tests:
            if name not in there[1:]:
                raise UserError(f"{self.title} cannot be tested on {name!r}: choose from {', '.join(there[1:])}.")
        names = {"fit": ["train"], "validate": ["valid"], "test": tests}
        if stage not in names:
            raise ValueError(f"There is no stage {stage!r}: choose one of {', '.join(names)}.")
        return names[stage]

    def examples(self, split: str) -> ImageExamples:
        """Pixels, labels, names and, where the corpus has them, masks and twins; of train pixels, labels and names."""
        if split not in (there := load_facts(self.folder)["images"]):
            raise ValueError(f"{split!r} is no split of {self.title}: choose from {', '.join(there)}.")
        if split not in self._examples:
            known = {name: self._array(split, name) for name in KNOWN if (self.folder / f"{split}.{name}.npy").exists()}
            known |= {name: known[name].astype(np.float32) for name in known if name.endswith("masks")}
            self._examples[split] = ImageExamples(
                self._array(split, "pixels"),
                np.array(self._array(split, "labels")),
                load_names(self.folder, split),
                **known,
            )
        return self._examples[split]

    def train_dataloader(self) -> ResumableLoader:
        return self._loader("train", partial(trained_batches, self))

    def val_dataloader(self) -> list[ResumableLoader]:
        return [self._loader(name) for name in self.split_names("validate")]

    def test_dataloader(self) -> list[ResumableLoader]:
        return [self._loader(name) for name in self.split_names("test")]

    def _array(self, split: str, name: str) -> NDArray[Any]:
        return load_array(self.folder, f"{split}.{name}")

    def _loader(self, split: str, done: Callable[[], int] | None = None) -> ResumableLoader:
        train = split == "train"
        labels = np.array(self._array(split, "labels"))
        data = ImageArray(
            self._array(split, "pixels"), labels, self.preprocessing, self.augmentation if train else None
        )
        batches = ImageBatches(np.ones_like(labels), self.batch_images, shuffle=train, seed=self.seed)
        return ResumableLoader(data, batches, self.num_workers, done)  # type: ignore[arg-type]
