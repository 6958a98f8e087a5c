"""From a layout to pixels: noise, clutter, and objects with soft edges.

Shapes: h, w rows and columns of the image or of the window that is drawn.
"""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data.shapes.layout import Ground, Placed, Speck
from data.shapes.outlines import OUTLINES, REACH

Array = NDArray[np.float32]
_FINE = 4  # points per pixel, in each direction
_CELLS = (3, 6, 12, 24)  # of the noise, by octave
_GRAIN = 0.035  # sensor noise, to either side


@lru_cache(maxsize=64)
def _blend(cells: int, size: int) -> tuple[Array, Array]:
    """(size, cells + 1): the smooth weight of each lattice point in each pixel; and its transpose."""
    at = (np.arange(size) + 0.5) / size * cells
    left = np.floor(at).astype(int)
    part = at - left
    part = part * part * (3 - 2 * part)
    rows = np.zeros((size, cells + 1), dtype=np.float32)
    rows[np.arange(size), left] = 1 - part
    rows[np.arange(size), left + 1] = part
    return rows, np.ascontiguousarray(np.einsum("ij->ji", rows))


def draw_ground(ground: Ground, size: int, random: np.random.Generator) -> Array:
    """(h, w, 3): two tones mixed by multi-octave value noise, with clutter on top."""
    noise = np.zeros((size, size), dtype=np.float32)
    for cells, octave in zip(_CELLS, ground.octaves, strict=True):
        rows, columns = _blend(cells, size)
        noise += octave * (rows @ random.random((cells + 1, cells + 1), dtype=np.float32) @ columns)
    noise -= noise.min()
    noise /= noise.max()
    canvas = ground.tones[0] + noise[..., None] * (ground.tones[1] - ground.tones[0])
    for speck in ground.specks:
        _draw_speck(canvas, speck, ground.paints[speck.colour].tones[0])
    return canvas


def grain(size: int, random: np.random.Generator) -> Array:
    """(h, w, 3) sensor noise."""
    return _GRAIN * (2 * random.random((size, size, 3), dtype=np.float32) - 1)


def coverage(placed: Placed, size: int) -> Array:
    """(h, w): how much of each pixel the object covers, in sixteenths."""
    rows, columns = _window(placed.x, placed.y, REACH * placed.scale, REACH * placed.scale, size)
    u, v = _turned(placed, rows, columns, size, _FINE)
    inside = OUTLINES[placed.kind](u, v)
    mask = np.zeros((size, size), dtype=np.float32)
    fine = inside.reshape(rows.stop - rows.start, _FINE, columns.stop - columns.start, _FINE)
    mask[rows, columns] = fine.mean((1, 3), dtype=np.float32)
    return mask


def compose(canvas: Array, objects: Iterable[Placed], masks: Iterable[Array], noise: Array) -> NDArray[np.uint8]:
    """(h, w, 3) uint8: the objects on a canvas, all under the same sensor noise."""
    size = len(canvas)
    picture = canvas + noise
    for placed, mask in zip(objects, masks, strict=True):
        rows, columns = _window(placed.x, placed.y, REACH * placed.scale, REACH * placed.scale, size)
        u, v = _turned(placed, rows, columns, size, 1)
        first, second = placed.paint.tones
        colour = first + _pattern(placed, u, v)[..., None] * (second - first) + noise[rows, columns]
        part = picture[rows, columns]
        part += mask[rows, columns, None] * (colour - part)
    return (255 * np.clip(picture, 0, 1) + 0.5).astype(np.uint8)


def _window(x: float, y: float, width: float, height: float, size: int) -> tuple[slice, slice]:
    """Rows and columns of the pixels within ``width`` and ``height`` of (x, y)."""

    def pixels(centre: float, reach: float) -> slice:
        first, last = (centre - reach + 1) / 2 * size, (centre + reach + 1) / 2 * size
        return slice(max(int(np.floor(first)), 0), min(int(np.ceil(last)), size))

    return pixels(y, height), pixels(x, width)


def _points(pixels: slice, size: int, fine: int) -> Array:
    """Places of ``fine`` points in each pixel, in half-widths from the image's centre."""
    return ((np.arange(pixels.start * fine, pixels.stop * fine, dtype=np.float32) + 0.5) / fine) * (2 / size) - 1  # type: ignore[return-value]


def _turned(placed: Placed, rows: slice, columns: slice, size: int, fine: int) -> tuple[Array, Array]:
    """u, v of the window's points in the object's own plane, v upwards."""
    x = (_points(columns, size, fine)[None] - placed.x) / placed.scale
    y = (placed.y - _points(rows, size, fine)[:, None]) / placed.scale
    cos, sin = np.float32(np.cos(placed.angle)), np.float32(np.sin(placed.angle))
    return cos * x + sin * y, cos * y - sin * x


def _pattern(placed: Placed, u: Array, v: Array) -> Array:
    """(h, w) in [0, 1]: how much of the second tone."""
    if placed.texture == "plain":
        return np.zeros_like(u)
    across, along = 6.5 * (u + v) + placed.phase, 6.5 * (u - v)
    if placed.texture == "striped":
        wave = np.sin(across)
    elif placed.texture == "dotted":
        wave = np.sin(across) * np.sin(along) * 1.6 - 0.7
    else:
        wave = np.sin(across) * np.sin(along) * 3
    return np.clip(0.5 + 1.5 * wave, 0, 1)


def _draw_speck(canvas: Array, speck: Speck, colour: Array) -> None:
    """Draw a dot or rod: all points within its radius of a line, with an edge that is one pixel soft."""
    size = len(canvas)
    edge = 2 / size
    reach = speck.radius + edge
    rows, columns = _window(speck.x, speck.y, abs(speck.dx) + reach, abs(speck.dy) + reach, size)
    x = _points(columns, size, 1)[None] - speck.x
    y = _points(rows, size, 1)[:, None] - speck.y
    if speck.dx or speck.dy:
        along = np.clip((x * speck.dx + y * speck.dy) / (speck.dx**2 + speck.dy**2), -1, 1)
        distance = np.hypot(x - along * speck.dx, y - along * speck.dy)
    else:
        distance = np.hypot(x, y)
    part = canvas[rows, columns]
    part += np.clip(0.5 + (speck.radius - distance) / edge, 0, 1)[..., None] * (colour - part)
