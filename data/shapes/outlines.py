"""The ten classes: which points of a plane lie inside each outline.

Points are (u, v), v upwards, in units of the object's half-width. No outline reaches farther than REACH from (0, 0), and all
have about the same area, so that size reveals little of the class. A small rotation never turns one into another.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Inside = Callable[[Array, Array], NDArray[np.bool_]]
REACH = 1.1


def _disc(u: Array, v: Array) -> NDArray[np.bool_]:
    return u * u + v * v < 0.85**2


def _square(u: Array, v: Array) -> NDArray[np.bool_]:
    return np.maximum(abs(u), abs(v)) < 0.76


def _triangle(u: Array, v: Array) -> NDArray[np.bool_]:
    return (v > -REACH / 2) & (v < REACH - 3**0.5 * abs(u))


def _star(u: Array, v: Array) -> NDArray[np.bool_]:
    """Five points: each tenth of the circle is folded onto one edge, from the tip (REACH, 0) to the notch at 36 degrees."""
    radius, tenth = np.hypot(u, v), np.pi / 5
    angle = abs((np.arctan2(u, v) + tenth) % (2 * tenth) - tenth)
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    notch_x, notch_y = 0.5 * np.cos(tenth), 0.5 * np.sin(tenth)
    return (x - REACH) * notch_y < y * (notch_x - REACH)


def _cross(u: Array, v: Array) -> NDArray[np.bool_]:
    longer, shorter = np.maximum(abs(u), abs(v)), np.minimum(abs(u), abs(v))
    return (longer < 1.0) & (shorter < 0.32)


def _ring(u: Array, v: Array) -> NDArray[np.bool_]:
    square = u * u + v * v
    return (square < 1.0) & (square > 0.53**2)


def _crescent(u: Array, v: Array) -> NDArray[np.bool_]:
    return (u * u + v * v < 1.08**2) & ((u - 0.55) ** 2 + v * v > 0.86**2)


def _heart(u: Array, v: Array) -> NDArray[np.bool_]:
    x, y = 1.24 * u, 1.24 * v + 0.08
    rim, height = x * x + y * y - 1, x * x * y
    return rim * rim * rim < height * y * y


def _arrow(u: Array, v: Array) -> NDArray[np.bool_]:
    head = (v > 0.0) & (abs(u) < 0.9 * (1.05 - v))
    return head | ((abs(u) < 0.3) & (v > -1.0) & (v < 0.1))


def _hourglass(u: Array, v: Array) -> NDArray[np.bool_]:
    return (abs(v) < 0.8) & (abs(u) < 0.16 + 0.74 * abs(v))


OUTLINES: dict[str, Inside] = {
    "disc": _disc,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "cross": _cross,
    "ring": _ring,
    "crescent": _crescent,
    "heart": _heart,
    "arrow": _arrow,
    "hourglass": _hourglass,
}
CLASSES = tuple(OUTLINES)
