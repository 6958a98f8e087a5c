"""What several processes have evaluated, put together."""

from collections.abc import Sequence
from typing import Any, Protocol, Self, TypeVar

import torch
from lightning.pytorch import Trainer


class Mergeable(Protocol):
    """What was collected of one split."""

    def merge(self, other: Self) -> None:
        """Add what another process has collected."""
        ...

    def in_order(self) -> Self:
        """In the order of the split, everything once."""
        ...


C = TypeVar("C", bound=Mergeable)


def gathered(trainer: Trainer, mine: Sequence[C], names: Sequence[str]) -> dict[str, C]:
    """What all processes have collected, by the names of the splits."""
    if trainer.world_size > 1:
        everyone: list[Any] = [None] * trainer.world_size
        torch.distributed.all_gather_object(everyone, list(mine))
        mine, *others = everyone
        for theirs in others:
            for first, other in zip(mine, theirs, strict=True):
                first.merge(other)
    return {name: one.in_order() for name, one in zip(names, mine, strict=True)}
