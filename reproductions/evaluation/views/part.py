"""The part of a model's maps that a view shows: one layer and one head, counted from 1, or the mean of all.

L layers, H heads.
"""

from itertools import product
from re import Match
from typing import Literal, NamedTuple

from data.errors import UserError
from reproductions.evaluation.arrays import Floats

Which = int | Literal["mean"]
TEXT = r"L(?P<layer>mean|[1-9]\d*) H(?P<head>mean|[1-9]\d*)"


class Part(NamedTuple):
    layer: Which
    head: Which

    def __str__(self) -> str:
        """For storing: "L2 Hmean"; `TEXT` matches it."""
        return f"L{self.layer} H{self.head}"

    @classmethod
    def of(cls, match: Match[str]) -> "Part":
        return cls(_which(match["layer"]), _which(match["head"]))

    def check_exists(self, view: object, layers: int, heads: int) -> None:
        """Raise UserError, with the view, for a layer or head outside 1 to layers, 1 to heads."""
        for name, number, count in (("layer", self.layer, layers), ("head", self.head, heads)):
            if number != "mean" and number > count:
                raise UserError(f"the view {view} asks for {name} {number}, but the model has {name}s 1 to {count}")

    def describe(self, layers: int, heads: int) -> list[str]:
        """In words: ["layer 2 of 6", "mean of 8 heads"]; a single layer or head is left out."""
        words = []
        for name, number, count in (("layer", self.layer, layers), ("head", self.head, heads)):
            if count > 1:
                words.append(f"mean of {count} {name}s" if number == "mean" else f"{name} {number} of {count}")
        return words

    def heads(self, layers: int, heads: int) -> list[list[int]]:
        """[layer, head], counted from 0, of each map that is averaged: ``alignment_heads`` as other software reads them."""
        chosen = [
            range(count) if number == "mean" else (number - 1,)
            for number, count in ((self.layer, layers), (self.head, heads))
        ]
        return [list(pair) for pair in product(*chosen)]

    def select(self, maps: Floats) -> Floats:
        """(L, H, ...) -> (...)."""
        layer = maps.mean(axis=0) if self.layer == "mean" else maps[self.layer - 1]
        return layer.mean(axis=0) if self.head == "mean" else layer[self.head - 1]


def every_part(layers: int, heads: int) -> list[Part]:
    """Each layer and their mean by each head and their mean; no mean of one."""
    return [Part(layer, head) for layer in _each(layers) for head in _each(heads)]


def _each(count: int) -> list[Which]:
    return [*range(1, count + 1), "mean"] if count > 1 else [1]


def _which(text: str) -> Which:
    return "mean" if text == "mean" else int(text)
