"""Scenes of one or two groups of objects, with the captions that are true of them.

The masks show everything that a caption says: "above" is wholly above, and no other relation holds. A word describes the
objects of its phrase; the words that say nothing about an object ("a", "of", a relation) describe none.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from data.errors import UserError
from data.shapes import drawing
from data.shapes.grammar import Phrase, Word, all_captions
from data.shapes.layout import Placed, draw_groups
from data.shapes.outlines import CLASSES
from data.shapes.scenes import Drawn, Pixels, check_scene

SPLITS = ("train", "valid", "test")
_RELATIONS = ("above", "below", "left of", "right of")
_ALONE = ((1,), (2,), (3,))  # objects of each group
_RELATED = ((1, 1), (1, 2), (2, 1))
_USE = 2  # seed of the random numbers; scenes with a label use 0 and 1


class Facts(NamedTuple):
    """What is true of a picture."""

    members: tuple[tuple[int, ...], ...]  # the objects of each group, by number
    groups: tuple[Phrase, ...]  # what they have in common
    relation: str | None  # how the first group lies to the second; None for a single group
    # All that are true, in random order: the first is the one to learn from. Their words name the group that they describe.
    captions: tuple[tuple[Word, ...], ...]

    def objects_of(self, word: Word) -> tuple[int, ...]:
        """The objects that a word of a caption describes; none for "a", "of" and a relation."""
        return () if word.role is None or word.phrase is None else self.members[word.phrase]

    @classmethod
    def of(cls, stored: Sequence[Any]) -> "Facts":
        """Facts from the lists that JSON made of them."""
        members, groups, relation, captions = stored
        return cls(
            tuple(tuple(numbers) for numbers in members),
            tuple(Phrase(*group) for group in groups),
            relation,
            tuple(tuple(Word(*word) for word in words) for words in captions),
        )


class Described(NamedTuple):
    """A picture (h, w, 3), its objects, the first group's first, and what is true of it."""

    pixels: Pixels
    objects: tuple[Drawn, ...]
    facts: Facts


@lru_cache(maxsize=1)
def described(split: str, index: int, seed: int = 1, size: int = 48) -> Described:
    """Scene ``index`` of a split; the classes of the first group take turns.

    A third of the scenes have one group of one to three objects; the others two groups of at most three objects together.
    ``seed``, ``size`` and errors are as in ``data.shapes.scene``, whose scenes are unrelated.
    """
    if split not in SPLITS:
        raise UserError(f"Described shapes have no split {split!r}: choose one of {', '.join(SPLITS)}.")
    check_scene(index, seed, size)
    random = np.random.default_rng((seed, SPLITS.index(split), index, _USE))
    draw = random.random
    related = draw() < 2 / 3
    counts = (_RELATED if related else _ALONE)[int(3 * draw())]
    relation = _RELATIONS[int(draw() * len(_RELATIONS))] if related else None
    kinds = [CLASSES[index % len(CLASSES)]]
    if related:
        others = [kind for kind in CLASSES if kind != kinds[0]]
        kinds.append(others[int(draw() * len(others))])
    placed, ground = draw_groups(draw, tuple(kinds), counts, relation)
    facts = _facts(placed, counts, relation, random)  # before any pixel, so that it is the same at every size
    canvas = drawing.draw_ground(ground, size, random)
    masks = tuple(drawing.coverage(item, size) for item in placed)
    pixels = drawing.compose(canvas, placed, masks, drawing.grain(size, random))
    return Described(pixels, tuple(map(Drawn, placed, masks)), facts)


def _facts(
    placed: tuple[Placed, ...], counts: tuple[int, ...], relation: str | None, random: np.random.Generator
) -> Facts:
    ends = np.cumsum(counts).tolist()
    members = tuple(tuple(range(end - count, end)) for count, end in zip(counts, ends, strict=True))
    firsts = [placed[numbers[0]] for numbers in members]
    groups = tuple(
        Phrase(count, first.paint.name, first.texture, first.kind) for count, first in zip(counts, firsts, strict=True)
    )
    captions = all_captions(groups, relation)
    return Facts(members, groups, relation, tuple(captions[i] for i in random.permutation(len(captions))))
