"""A caption of an image and where the model looked before each word, as plain validated data. No torch, no drawing.

Shapes: h, w pixels; gh, gw places, row by row from the top left; T words, ``</s>`` among them; O objects.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reproductions.evaluation.records.codec import Record
from reproductions.evaluation.records.forms import Maps, Masks, Pixels
from reproductions.evaluation.records.image import SLACK
from reproductions.evaluation.records.translation import without_end


@dataclass(frozen=True, eq=False)
class CaptionedImage(Record):
    """One image, one caption, a map for each of its words, and the words that say where that came from.

    pixels         (h, w, 3) uint8, as the model saw them before normalisation; read-only, as all arrays here
    words          T words, ``</s>`` last unless the caption was cut off
    maps           (T, gh, gw) float32: the probabilities alpha of the places before each word; each sums to 1
    model          name and age, for a title: "Show, Attend and Tell, soft attention, step 1,200"
    forced         True: the words were given. False: they are the model's own
    split, index   where the image lies in the corpus
    references     captions that are true of it, as text
    masks          (O, h, w) float32 in [0, 1], how much of each pixel each object covers
    spoken         for each word, the numbers of the objects that it speaks of, truly; none for ``</s>``
    draws          the model looks at one place, drawn or the most probable, not at all of the map
    score          log-probability of the caption, natural logarithm

    Raises ValueError where these disagree, with the shapes and the words.
    """

    KIND: ClassVar[str] = "captioned image"

    pixels: Pixels
    words: tuple[str, ...]
    maps: Maps
    model: str
    forced: bool
    split: str
    index: int
    references: tuple[str, ...]
    masks: Masks
    spoken: tuple[tuple[int, ...], ...]
    draws: bool = False
    score: float | None = None

    def __post_init__(self) -> None:
        for name, kind in (("pixels", np.uint8), ("maps", np.float32), ("masks", np.float32)):
            array = np.array(getattr(self, name), dtype=kind)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        for name in ("words", "references"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "spoken", tuple(tuple(numbers) for numbers in self.spoken))
        count, shape = len(self.words), self.pixels.shape
        if self.pixels.ndim != 3 or shape[2] != 3 or not count or not all(self.words):
            raise ValueError(f"pixels (height, width, 3) and words are needed, not {shape} and {list(self.words)}")
        if self.maps.ndim != 3 or len(self.maps) != count or len(self.spoken) != count:
            raise ValueError(
                f"{count} words {list(self.words)} of {self.where} need a map and objects each, but maps are "
                f"{self.maps.shape} and objects are known of {len(self.spoken)}"
            )
        sums = self.maps.sum((1, 2), dtype=np.float64)
        if not (self.maps >= 0).all() or np.abs(sums - 1).max() > SLACK:
            raise ValueError(f"maps of {self.where} must be 0 or more and sum to 1, not to {sums.round(4).tolist()}")
        if (
            self.masks.ndim != 3
            or self.masks.shape[1:] != shape[:2]
            or not ((self.masks >= 0) & (self.masks <= 1)).all()
        ):
            raise ValueError(f"masks {self.masks.shape} must be (objects, {shape[0]}, {shape[1]}), between 0 and 1")
        wrong = {number for numbers in self.spoken for number in numbers if not 0 <= number < len(self.masks)}
        if wrong:
            raise ValueError(f"words of {self.where} speak of objects {sorted(wrong)}, but it has {len(self.masks)}")

    @property
    def where(self) -> str:
        """The image's place, for captions and errors: "valid image 12"."""
        return f"{self.split} image {self.index}"

    @property
    def text(self) -> str:
        """The caption without ``</s>``."""
        return " ".join(without_end(self.words))

    def mask_of(self, word: int) -> NDArray[np.float32] | None:
        """(h, w): what the word with this number speaks of; None where it tells nothing of an object."""
        numbers = self.spoken[word]
        return np.minimum(self.masks[list(numbers)].sum(0), 1) if numbers else None
