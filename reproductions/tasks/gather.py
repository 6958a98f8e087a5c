"""Merge what the processes of a run on several devices have collected."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from lightning.pytorch import Trainer


@dataclass
class Collection:
    """Everything that is collected about the examples of one split.

    A subclass declares only fields: lists of records that each have an ``index``, dictionaries by index, and sums.
    """

    def __len__(self) -> int:
        """The number of examples: of records in the longest list."""
        return max((len(value) for value in vars(self).values() if isinstance(value, list)), default=0)

    def merge(self, other: Any) -> None:
        """Add what another process has collected."""
        for name, value in vars(other).items():
            if isinstance(value, list):
                getattr(self, name).extend(value)
            elif isinstance(value, dict):
                getattr(self, name).update(value)
            else:
                setattr(self, name, getattr(self, name) + value)

    def sort(self) -> None:
        """Put the examples in the order of the split, each once, however many processes evaluated it."""
        for name, value in vars(self).items():
            if isinstance(value, list):
                by_index = {record.index: record for record in value}
                setattr(self, name, [by_index[index] for index in sorted(by_index)])
            elif isinstance(value, dict):
                setattr(self, name, dict(sorted(value.items())))


C = TypeVar("C", bound=Collection)


def gather(trainer: Trainer, collected: Sequence[C]) -> Sequence[C]:
    """What all processes have collected about each split, in the order of its examples."""
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
