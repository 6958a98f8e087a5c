"""Random changes to training images between disk and model: shift and flip with arrays, the rest with torchvision.

Shapes: B images, h, w rows and columns, K classes.

All random numbers come from torch's global generator, as in torchvision; ``seeded`` fixes them for a batch.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import v2

from data.errors import UserError

Pixels = NDArray[np.uint8]


@contextmanager
def seeded(*numbers: int) -> Iterator[None]:
    """Seed torch's global generator with these numbers for the block, and restore it afterwards."""
    seed = int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]) >> 1
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


@dataclass(frozen=True)
class Augmentation:
    """Settings, by the names of ImageData's arguments, where they are explained. Raises UserError for invalid values."""

    shift: int = 0
    flip: bool = False
    rand_augment: int = 0
    magnitude: int = 9
    mixup: float = 0.0
    cutmix: float = 0.0
    erasing: float = 0.0
    crop: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name in ("shift", "rand_augment", "mixup", "cutmix"):
            if getattr(self, name) < 0:
                raise UserError(f"{name}={getattr(self, name)} must not be negative.")
        if not 0 <= self.erasing <= 1:
            raise UserError(f"erasing={self.erasing} is a probability: give 0 to 1.")
        if not 0 <= self.magnitude <= 30:
            raise UserError(f"magnitude={self.magnitude} must be 0 to 30.")
        if self.crop is not None and not 0 < self.crop[0] <= self.crop[1] <= 1:
            raise UserError(
                f"crop={list(self.crop)} are the smallest and the largest share of an image: give 0 < smallest <= largest <= 1."
            )

    def pixels(self, pixels: Pixels, fill: tuple[int, int, int]) -> Pixels:
        """Changed images, (B, h, w, 3) as given; ``fill`` is the colour of areas beyond the edge and of erased ones."""
        if self.shift or self.flip:
            pixels = self._moved(pixels)
        steps = self._steps(pixels.shape[1], fill)
        return self._each(pixels, v2.Compose(steps)) if steps else pixels

    def mixed(self, image: Tensor, label: Tensor, classes: int) -> tuple[Tensor, Tensor]:
        """Images (B, 3, h, w) and target (B, K): one-hot, or shared between the classes of two mixed images."""
        kinds: list[torch.nn.Module] = []
        if self.mixup:
            kinds.append(v2.MixUp(alpha=self.mixup, num_classes=classes))
        if self.cutmix:
            kinds.append(v2.CutMix(alpha=self.cutmix, num_classes=classes))
        if kinds and len(label) > 1:
            image, target = v2.RandomChoice(kinds)(image, label)
            return image, target
        return image, torch.nn.functional.one_hot(label, classes).float()

    def _moved(self, pixels: Pixels) -> Pixels:
        """Shifted by up to ``shift`` pixels each way, edges repeated; half of them flipped from left to right."""
        count, height, width, _ = pixels.shape
        down, right = torch.randint(-self.shift, self.shift + 1, (2, count)).numpy()
        flipped = (torch.rand(count) < 0.5).numpy() if self.flip else np.zeros(count, dtype=bool)
        rows = np.clip(np.arange(height) + down[:, None], 0, height - 1)  # (B, h)
        columns = np.clip(np.arange(width) + right[:, None], 0, width - 1)  # (B, w)
        columns[flipped] = columns[flipped, ::-1]
        # A pixel is copied as one item of three bytes.
        items = np.ascontiguousarray(pixels).view("V3")[..., 0]
        places = (np.arange(count)[:, None] * height + rows)[:, :, None] * width + columns[:, None, :]
        return items.reshape(-1).take(places).view(np.uint8).reshape(pixels.shape)

    def _steps(self, size: int, fill: tuple[int, int, int]) -> list[torch.nn.Module]:
        """The transformations of torchvision, in the order they are applied."""
        steps: list[torch.nn.Module] = []
        if self.crop is not None:
            steps.append(v2.RandomResizedCrop(size, self.crop, antialias=True))
        if self.rand_augment:
            steps.append(v2.RandAugment(self.rand_augment, self.magnitude, fill=list(fill)))
        if self.erasing:
            steps.append(v2.RandomErasing(self.erasing, value=list(fill)))
        return steps

    def _each(self, pixels: Pixels, change: torch.nn.Module) -> Pixels:
        """Each image changed on its own: given a batch, torchvision draws once for all of it."""
        image = torch.einsum("bhwc->bchw", torch.from_numpy(np.ascontiguousarray(pixels)))
        changed = torch.stack([change(single) for single in image])
        return torch.einsum("bchw->bhwc", changed).numpy()
