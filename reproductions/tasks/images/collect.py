"""From a classifier's evaluation step to answers and maps: tensors become arrays.

N images, M of them with maps; K classes, V views, (gh, gw) the grid of places.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from torch import Tensor

from reproductions.evaluation.arrays import Bools, Floats, Ints
from reproductions.tasks.gather import Collection


class Answer(NamedTuple):
    """The true class of one image, and a model's logits (K,)."""

    label: int
    logits: Floats

    @property
    def predicted(self) -> int:
        return int(self.logits.argmax())

    @property
    def right(self) -> bool:
        return self.predicted == self.label

    @property
    def probabilities(self) -> Floats:
        """(K,), which sum to 1."""
        shifted = np.exp(self.logits.astype(np.float64) - self.logits.max())
        return (shifted / shifted.sum()).astype(np.float32)


@dataclass
class CollectedImages(Collection):
    """Everything about the images of one split."""

    answers: dict[int, Answer] = field(default_factory=dict)  # of every image, by index, as all below
    maps: dict[int, Floats] = field(default_factory=dict)  # (V, gh, gw) of some of the images
    untrained: dict[int, Floats] = field(default_factory=dict)  # in a test, the shown view of a network before training

    def add(self, index: Sequence[int], labels: Tensor, logits: Tensor, second: Tensor | None = None) -> None:
        """Add the answers to a batch, from logits (B, K).

        ``second`` (B): the class of the other object, in images with two. The label is then the likelier of the two by the
        model, so that either class is a right answer.
        """
        labels = labels.cpu()
        if second is not None:
            first_score, second_score = (logits.gather(1, classes[:, None])[:, 0] for classes in (labels, second))
            labels = labels.where(first_score >= second_score, second)
        for place, label, scores in zip(index, labels.tolist(), logits.float().numpy(), strict=True):
            self.answers[place] = Answer(label, scores)

    @property
    def probabilities(self) -> Floats:
        """(N, K)."""
        return np.stack([answer.probabilities for answer in self.answers.values()])

    @property
    def labels(self) -> Ints:
        """(N,)."""
        return np.array([answer.label for answer in self.answers.values()], dtype=np.int64)

    @property
    def looked_right(self) -> Bools:
        """(M,): which of the images with maps are correctly classified."""
        return np.array([self.answers[index].right for index in self.maps], dtype=bool)

    def seen(self, view: int) -> Floats:
        """(M, gh, gw): the maps in one view, by its place among the views."""
        return np.stack([maps[view] for maps in self.maps.values()])


def spread(count: int, most: int) -> list[int]:
    """Numbers below ``count``, evenly spread, ``most`` at most."""
    return np.linspace(0, count - 1, min(count, most)).astype(int).tolist()
