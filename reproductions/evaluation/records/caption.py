"""A caption of an image and where the model looked before each word, as validated data.

Shapes: h, w pixels; gh, gw places, row by row from the top left; T words, ``</s>`` among them; O objects.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.records.codec import Record
from reproductions.evaluation.records.forms import Maps, Masks, Pixels
from reproductions.evaluation.records.image import SLACK
from reproductions.evaluation.records.translation import without_end


@dataclass(frozen=True, eq=False)
class CaptionedImage(Record):
    """One image, one caption, a map for each of its words, and where all this comes from.

    Raises ValueError where these disagree, with the shapes and the words.
    """

    KIND: ClassVar[str] = "captioned image"

    pixels: Pixels  # (h, w, 3) uint8, as the model saw them before normalisation; read-only, as all arrays here
    words: tuple[str, ...]  # T words, ``</s>`` last unless the caption was cut off
    maps: Maps  # (T, gh, gw) float32: the probabilities alpha of the places before each word; each sums to 1
    model: str  # name and age, for a title: "Show, Attend and Tell, soft attention, step 1,200"
    forced: bool  # the words were given, not the model's own
    split: str
    index: int  # position in the split
    references: tuple[str, ...]  # captions that are true of it, as text
    masks: Masks  # (O, h, w) float32 in [0, 1], how much of each pixel each object covers
    spoken: tuple[tuple[int, ...], ...]  # the objects that each word correctly describes
    draws: bool = False  # the model looks at one place, drawn or the most probable, not at the whole map
    score: float | None = None  # log-probability of the caption, natural logarithm

    def __post_init__(self) -> None:
        for name, kind in (("pixels", np.uint8), ("maps", np.float32), ("masks", np.float32)):
            self.keep(name, np.array(getattr(self, name), dtype=kind))
        for name in ("words", "references"):
            self.keep(name, tuple(getattr(self, name)))
        self.keep("spoken", tuple(map(tuple, self.spoken)))
        count, shape = len(self.words), self.pixels.shape
        if not (count and all(self.words) and self.references):
            raise ValueError(f"{self.where} needs words and a caption that is true of it, not {list(self.words)}")
        if self.maps.ndim != 3 or len(self.maps) != count or len(self.spoken) != count:
            raise ValueError(
                f"{count} words of {self.where} need a map and objects each, not {self.maps.shape} and {len(self.spoken)}"
            )
        sums = self.maps.sum((1, 2), dtype=np.float64)
        if not (self.maps >= 0).all() or np.abs(sums - 1).max() > SLACK:
            raise ValueError(f"maps of {self.where} must be 0 or more and sum to 1, not to {sums.round(4).tolist()}")
        in_range = ((self.masks >= 0) & (self.masks <= 1)).all()
        if self.masks.ndim != 3 or self.masks.shape[1:] != shape[:2] or not in_range:
            raise ValueError(f"masks {self.masks.shape} must be (objects, {shape[0]}, {shape[1]}), between 0 and 1")
        wrong = {number for numbers in self.spoken for number in numbers if not 0 <= number < len(self.masks)}
        if wrong:
            raise ValueError(f"words of {self.where} speak of objects {sorted(wrong)}, but it has {len(self.masks)}")

    @property
    def where(self) -> str:
        """For captions and errors: "valid image 12"."""
        return f"{self.split} image {self.index}"

    @property
    def text(self) -> str:
        """The caption without ``</s>``."""
        return " ".join(without_end(self.words))

    def mask_of(self, word: int) -> Floats | None:
        """(h, w): the objects that the word with this number describes; None for a word that describes none."""
        numbers = self.spoken[word]
        return np.minimum(self.masks[list(numbers)].sum(0), 1) if numbers else None
