"""Where a model looked in one image, as validated data.

Shapes: h, w pixels; gh, gw patches, row by row from the top left; K classes. Patch (row, column) of the map lies over the pixels
from row * h / gh to (row + 1) * h / gh; columns are split in the same way.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from reproductions.evaluation.records.codec import Record
from reproductions.evaluation.records.forms import Mask, Matrix, Pixels, Probabilities

SLACK = 1e-3  # how far rounding may move the sum of a map or of probabilities from 1


@dataclass(frozen=True, eq=False)
class AttendedImage(Record):
    """One image, the class that a model predicts, one map of where it looked, and where all this comes from.

    Raises ValueError where these disagree, with the shapes and values.
    """

    KIND: ClassVar[str] = "attended image"

    pixels: Pixels  # (h, w, 3) uint8, as the model saw them before normalisation; read-only, as all arrays here
    map: Matrix  # (gh, gw) float32, 0 or more, sums to 1 over the patches alone
    model: str  # name and age, for a title: "ViT, step 1,200"
    view: str  # which layer, head and kind of map, in words: `ImageView.describe`
    split: str
    index: int  # position in the split
    label: int | None  # the true class, None if unknown
    predicted: int  # the predicted class
    probabilities: Probabilities  # (K,) float32, which sum to 1
    classes: tuple[str, ...]  # K names
    mask: Mask | None = None  # (h, w) float32 in [0, 1], how much of each pixel the object covers; None if unknown
    name: str = ""  # of the image, for a caption: "cat/0012.png"

    def __post_init__(self) -> None:
        self.keep("classes", tuple(self.classes))
        for name, kind in (("pixels", np.uint8), ("map", np.float32), ("probabilities", np.float32)):
            self.keep(name, np.array(getattr(self, name), dtype=kind))
        if self.mask is not None:
            self.keep("mask", np.array(self.mask, dtype=np.float32))
            if self.mask.shape != self.pixels.shape[:2] or not ((self.mask >= 0) & (self.mask <= 1)).all():
                raise ValueError(
                    f"a mask {self.mask.shape} must be {self.pixels.shape[:2]}, between 0 and 1: {self.where}"
                )
        self._check_map()
        self._check_classes()

    def _check_map(self) -> None:
        if self.map.ndim != 2 or not all(0 < p <= s for p, s in zip(self.map.shape, self.pixels.shape, strict=False)):
            raise ValueError(f"a map {self.map.shape} does not fit the pixels {self.pixels.shape} of {self.where}")
        total = float(self.map.sum(dtype=np.float64))
        if not ((self.map >= 0).all() and abs(total - 1) <= SLACK):
            raise ValueError(
                f"the map of {self.where} must be 0 or more and sum to 1 over its {self.map.size} patches, not to {total:.5f}: "
                "was the class token's share taken out without bringing the rest back to 1?"
            )

    def _check_classes(self) -> None:
        count, total = len(self.classes), float(self.probabilities.sum(dtype=np.float64))
        if self.probabilities.shape != (count,) or not ((self.probabilities >= 0).all() and abs(total - 1) <= SLACK):
            raise ValueError(
                f"{count} classes of {self.where} need probabilities of 0 or more that sum to 1, not "
                f"{self.probabilities.shape} that sum to {total:.5f}"
            )
        for name, number in (("label", self.label), ("predicted", self.predicted)):
            if not (number is None or 0 <= number < count):
                raise ValueError(f"{name} {number} of {self.where} is none of {count} classes {list(self.classes)}")

    @property
    def where(self) -> str:
        """For captions and errors: "valid image 12"."""
        return f"{self.split} image {self.index}"

    @property
    def right(self) -> bool | None:
        """Whether the prediction is the true class; None if that is unknown."""
        return None if self.label is None else self.label == self.predicted
