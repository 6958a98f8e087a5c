"""Merge what the processes of a run on several devices have collected."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from lightning.pytorch import Trainer


@dataclass
class Collection:
    """Everything that is collected about the examples of one split.

    A subclass declares fields alone: sums, and dictionaries by the index of an example; the first has every example.
    """

    def __len__(self) -> int:
        """The number of examples."""
        return len(next(iter(vars(self).values())))

    def merge(self, other: Any) -> None:
        """Add what another process has collected; an example that both have is kept once."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            setattr(self, name, mine | value if isinstance(value, dict) else mine + value)

    def sort(self) -> None:
        """Put the examples in the order of the split."""
        for name, value in vars(self).items():
            if isinstance(value, dict):
                setattr(self, name, dict(sorted(value.items())))


C = TypeVar("C", bound=Collection)


def gather(trainer: Trainer, collected: Sequence[C]) -> Sequence[C]:
    """The collection of each split over all processes, in the order of its examples."""
    if trainer.world_size > 1:
        everyone: list[Any] = [None] * trainer.world_size
        torch.distributed.all_gather_object(everyone, collected)
        collected, *others = everyone
        for other in others:
            for merged, more in zip(collected, other, strict=True):
                merged.merge(more)
    for collection in collected:
        collection.sort()
    return collected
