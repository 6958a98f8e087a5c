"""From a classifier's evaluation step to answers and maps: tensors become arrays here alone.

N images, K classes, M of the images that were looked into, V views, (gh, gw) the grid of places.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from reproductions.tasks.gather import Collection

Maps = NDArray[np.float32]


class Answer(NamedTuple):
    """What a model says of one image: the true class, and logits (K,)."""

    label: int
    logits: Maps

    @property
    def predicted(self) -> int:
        return int(self.logits.argmax())

    @property
    def right(self) -> bool:
        return self.predicted == self.label

    @property
    def probabilities(self) -> Maps:
        """(K,), which sum to 1."""
        shifted = np.exp(self.logits.astype(np.float64) - self.logits.max())
        probabilities: Maps = (shifted / shifted.sum()).astype(np.float32)
        return probabilities


@dataclass
class CollectedImages(Collection):
    """Everything about the images of one split.

    Attributes:
        answers: of every image, by index, as all that follows.
        maps: (V, gh, gw) of the images that were looked into, in the order of the views.
        untrained: the same of a network before training; only in tests.
    """

    answers: dict[int, Answer] = field(default_factory=dict)
    maps: dict[int, Maps] = field(default_factory=dict)
    untrained: dict[int, Maps] = field(default_factory=dict)

    def add(self, index: Sequence[int], labels: Tensor, logits: Tensor, second: Tensor | None = None) -> None:
        """Add what the model says of a batch, from logits (B, K).

        ``second`` (B): of images with two objects, the class of the other. The label is then the class that the model finds
        likelier of the two, so that it is right if it says either.
        """
        labels = labels.cpu()
        if second is not None:
            first_score, second_score = (logits.gather(1, classes[:, None])[:, 0] for classes in (labels, second))
            labels = labels.where(first_score >= second_score, second)
        for place, label, scores in zip(index, labels.tolist(), logits.float().numpy(), strict=True):
            self.answers[place] = Answer(label, scores)

    @property
    def probabilities(self) -> Maps:
        """(N, K)."""
        return np.stack([answer.probabilities for answer in self.answers.values()])

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,)."""
        return np.array([answer.label for answer in self.answers.values()], dtype=np.int64)

    @property
    def looked_labels(self) -> list[int]:
        """Labels of the images that were looked into."""
        return [self.answers[index].label for index in self.maps]

    @property
    def looked_right(self) -> NDArray[np.bool_]:
        """(M,): which of the images that were looked into are correctly classified."""
        return np.array([self.answers[index].right for index in self.maps], dtype=bool)

    def seen(self, view: int) -> Maps:
        """(M, gh, gw): one view, by its place, of all images that were looked into."""
        return np.stack([maps[view] for maps in self.maps.values()])

    def seen_untrained(self, view: int) -> Maps:
        """The same of the network before training."""
        return np.stack([maps[view] for maps in self.untrained.values()])


def spread(count: int, most: int) -> list[int]:
    """At most so many of ``count`` places, evenly spread."""
    places: list[int] = np.linspace(0, count - 1, min(count, most)).astype(int).tolist()
    return places
