"""Which weights of a model are evaluated: for captions, file names, and lines of scores."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Origin:
    """The weights of a model after so many steps; averaged: the mean of so many snapshots up to then, 0 for none."""

    title: str
    step: int
    averaged: int = 0

    @classmethod
    def of(cls, module: Any) -> "Origin":
        """The weights of a restored module."""
        return cls(module.title, module.steps)

    @classmethod
    def parse(cls, title: str, line: Mapping[str, Any]) -> "Origin":
        """The inverse of :meth:`as_json`, for a model of this title."""
        return cls(title, line["step"], line.get("averaged", 0))

    def as_json(self) -> dict[str, Any]:
        """The beginning of a line of scores."""
        return {"step": self.step} | ({"averaged": self.averaged} if self.averaged else {})

    def __str__(self) -> str:
        """For captions: "RNNsearch, step 1,200"."""
        return f"{self.title}, " + (f"mean of {self.averaged} snapshots" if self.averaged else f"step {self.step:,}")

    @property
    def picture(self) -> str:
        """The file name of a picture through training."""
        return f"{'mean' if self.averaged else 'step'}-{self.step:07d}.png"
