"""Scenes by split and number: the picture, the mask, and the twins without the object or on another ground."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.errors import UserError
from data.shapes import drawing
from data.shapes.layout import Ground, Placed, draw_ground, draw_scene
from data.shapes.outlines import CLASSES

SPLITS = ("train", "valid", "test", "two", "conflict")
SMALLEST = 16  # pixels; an object has few of them

Pixels = NDArray[np.uint8]  # (h, w, 3)
Mask = NDArray[np.float32]  # (h, w), in [0, 1]


class Drawn(NamedTuple):
    """An object in a picture, and how much of each pixel it covers."""

    placed: Placed
    mask: Mask


class Scene(NamedTuple):
    """A picture, the class of its (first) object, and the object's mask; ``objects`` has the labelled one first."""

    pixels: Pixels
    label: int
    mask: Mask
    objects: tuple[Drawn, ...]


class _Parts(NamedTuple):
    """What the pictures of a scene are composed of."""

    placed: tuple[Placed, ...]
    masks: tuple[Mask, ...]
    canvas: NDArray[np.float32]
    noise: NDArray[np.float32]


def scene(split: str, index: int, seed: int = 1, size: int = 48) -> Scene:
    """Scene ``index`` of a split; the classes take turns, so that any run of scenes is balanced.

    ``seed``: of the whole set. ``size``: of the square picture in pixels; the scene is the same at any size.
    Raises UserError for an unknown split, a negative number or a size below SMALLEST.
    """
    parts = _parts(split, index, seed, size)
    pixels = drawing.compose(parts.canvas, parts.placed, parts.masks, parts.noise)
    objects = tuple(map(Drawn, parts.placed, parts.masks))
    return Scene(pixels, CLASSES.index(parts.placed[0].kind), parts.masks[0], objects)


def check_scene(index: int, seed: int, size: int) -> None:
    """Raise UserError for a negative number or seed, or a size below SMALLEST."""
    if index < 0 or seed < 0:
        raise UserError(f"The number of a scene and its seed must not be negative, but they are {index} and {seed}.")
    if size < SMALLEST:
        raise UserError(f"Shapes are not distinguishable at {size} pixels: ask for {SMALLEST} or more.")


def caption(scene: Scene) -> str:
    """The objects of a scene in words: "red striped ring and blue disc"; the labelled object first."""
    words = [(placed.paint.name, placed.texture, placed.kind) for placed, _ in scene.objects]
    return " and ".join(" ".join(part for part in parts if part != "plain") for parts in words)


def without_object(split: str, index: int, seed: int = 1, size: int = 48) -> Pixels:
    """The same picture, with the same noise, without its labelled object: the ground behind it is visible."""
    parts = _parts(split, index, seed, size)
    return drawing.compose(parts.canvas, parts.placed[1:], parts.masks[1:], parts.noise)


def on_other_ground(split: str, index: int, seed: int = 1, size: int = 48) -> Pixels:
    """The same objects on another ground, with other clutter."""
    parts = _parts(split, index, seed, size)
    random = _random(split, index, seed, 1)
    canvas = drawing.draw_ground(draw_ground(random.random, parts.placed), size, random)
    return drawing.compose(canvas, parts.placed, parts.masks, parts.noise)


def _random(split: str, index: int, seed: int, use: int) -> np.random.Generator:
    return np.random.default_rng((seed, SPLITS.index(split), index, use))


@lru_cache(maxsize=1)
def _parts(split: str, index: int, seed: int, size: int) -> _Parts:
    """What a scene and its twins share; the last is cached, because they are mostly requested one after another."""
    if split not in SPLITS:
        raise UserError(f"Shapes has no split {split!r}: choose one of {', '.join(SPLITS)}.")
    check_scene(index, seed, size)
    random = _random(split, index, seed, 0)
    placed, ground = _layout(split, index, random)
    canvas = drawing.draw_ground(ground, size, random)
    masks = tuple(drawing.coverage(item, size) for item in placed)
    return _Parts(placed, masks, canvas, drawing.grain(size, random))


def _layout(split: str, index: int, random: np.random.Generator) -> tuple[tuple[Placed, ...], Ground]:
    kinds = [CLASSES[index % len(CLASSES)]]
    if split == "two":
        others = [kind for kind in CLASSES if kind != kinds[0]]
        kinds.append(others[int(random.random() * len(others))])
    return draw_scene(random.random, tuple(kinds), betraying=split == "conflict")
