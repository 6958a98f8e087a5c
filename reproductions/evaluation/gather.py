"""What the processes of a training that runs on several devices have collected, put together."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import torch
from lightning.pytorch import Trainer


class Collection(Protocol):
    """What was collected of one split."""

    def __len__(self) -> int: ...

    def merge(self, other: Any) -> None: ...

    def in_order(self) -> Any: ...


C = TypeVar("C", bound=Collection)


def stage_of(trainer: Trainer) -> str:
    """ "validate" or "test", as the data modules name their splits."""
    return "test" if trainer.testing else "validate"


def gathered(trainer: Trainer, names: Sequence[str], mine: Sequence[C]) -> dict[str, C]:
    """By the name of its split, what all processes have collected; every example once, and no split without any."""
    if trainer.world_size > 1:
        everyone: list[Any] = [None] * trainer.world_size
        torch.distributed.all_gather_object(everyone, mine)
        mine = everyone[0]
        for theirs in everyone[1:]:
            for first, other in zip(mine, theirs, strict=True):
                first.merge(other)
    return {name: one.in_order() for name, one in zip(names, mine, strict=True) if len(one)}
