"""What the processes of a training that runs on several devices have collected, put together; and of which weights it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Origin:
    """Which weights are evaluated: those after a step, or the mean of so many snapshots up to it."""

    step: int
    averaged: int = 0

    @classmethod
    def of(cls, trainer: Trainer, module: Any) -> "Origin":
        """Of what runs now: a test knows the step from the loaded checkpoint."""
        return cls(module.steps) if trainer.testing else cls(trainer.global_step, module.averaged)

    @classmethod
    def told(cls, line: Mapping[str, Any]) -> "Origin":
        """As ``line`` wrote it down."""
        return cls(line["step"], line.get("averaged", 0))

    def __str__(self) -> str:
        """For titles."""
        return f"mean of {self.averaged} snapshots" if self.averaged else f"step {self.step:,}"

    @property
    def line(self) -> dict[str, Any]:
        """What scores begin with, where they are written down."""
        return {"step": self.step} | ({"averaged": self.averaged} if self.averaged else {})

    @property
    def picture(self) -> str:
        """The name of a picture through training; what is averaged at the end has one beside that of the last step."""
        return f"{'mean' if self.averaged else 'step'}-{self.step:07d}.png"


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
