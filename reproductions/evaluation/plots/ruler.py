"""Where the words of a sentence lie along one axis of an alignment matrix."""

from typing import NamedTuple

import numpy as np

from reproductions.evaluation.arrays import Doubles
from reproductions.evaluation.records.translation import END, with_end_named

GAP, THIN = 0.3, 0.78  # distance and breadth of ``</s>``, in cells
LONGEST = 26  # letters of a word that are shown


class Ruler(NamedTuple):
    """Where words lie along one axis, in cells: their centres and the whole length."""

    words: tuple[str, ...]
    centres: Doubles
    length: float
    has_end: bool

    @classmethod
    def along(cls, words: tuple[str, ...], apart: bool) -> "Ruler":
        """Words at 1/2, 3/2, ...; apart: the final ``</s>`` stands at a distance."""
        centres = np.arange(len(words), dtype=np.float64) + 0.5
        has_end = words[-1] == END
        if not (apart and has_end):
            return cls(words, centres, float(len(words)), has_end=False)
        centres[-1] = len(words) - 1 + GAP + THIN / 2
        return cls(words, centres, len(words) - 1 + GAP + THIN, has_end=True)

    @property
    def spans(self) -> list[tuple[slice, float, float]]:
        """(positions, from, to) of the words, and of ``</s>`` if it stands apart."""
        count = len(self.words) - self.has_end
        spans = [(slice(0, count), 0.0, float(count))] if count else []
        return [*spans, (slice(count, None), count + GAP, self.length)] if self.has_end else spans

    @property
    def shown(self) -> list[str]:
        """The words, the longest of them cut, and the end of the sentence in a word."""
        words = with_end_named(self.words)
        return [word if len(word) <= LONGEST else word[: LONGEST - 1] + "…" for word in words]

    @property
    def is_end(self) -> list[bool]:
        return [word == END for word in self.words]
