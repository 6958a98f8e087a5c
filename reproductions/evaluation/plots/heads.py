"""Many maps over one image: of every layer and head, or a film through the layers or through training."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from reproductions.evaluation.arrays import Floats, Pixels
from reproductions.evaluation.plots.overlay import Photo, fit, heat, picture, show, whole
from reproductions.evaluation.plots.sheet import Sheet
from reproductions.evaluation.plots.style import QUIET, SMALL, width

GAP = 0.06  # inches between tiles
NOTE = "Each map on its own scale, from 0 to its highest patch."


def heads(pixels: Pixels, maps: Floats, title: str, subtitle: str) -> Figure:
    """Maps (L, H, gh, gw) over one image (h, w, 3): one row per layer, one column per head, each on its own scale."""
    rows = [f"layer {number}" for number in range(1, len(maps) + 1)]
    columns = [str(number) for number in range(1, maps.shape[1] + 1)]
    across, down = _tile(pixels, columns)
    left = max(width(name, SMALL) for name in rows) + 0.1
    breadth, height = _size(left, maps, across, down)
    sheet = Sheet(breadth, height, title, subtitle=subtitle, above=0.42, notes=[NOTE])
    sheet.write(sheet.left + left, sheet.top - 0.34, ["head"], SMALL, QUIET)
    for row, name in enumerate(rows):
        sheet.write_beside(sheet.left, sheet.top + row * (down + GAP) + down / 2, [name], SMALL)
    _draw_tiles(sheet, left, Photo(pixels, whole(pixels)), maps, columns)
    return sheet.figure


def film(photo: Photo | Pixels, maps: Floats, frames: Sequence[str], title: str, subtitle: str) -> Figure:
    """Maps (F, gh, gw) over one image in a row, after the image itself; frames name the maps: "layer 1", or "step 1,200"."""
    photo = photo if isinstance(photo, Photo) else Photo(photo, whole(photo))
    across, down = _tile(photo.pixels, frames)
    left = across + 0.14
    breadth, height = _size(left, maps[None], across, down)
    sheet = Sheet(breadth, height, title, subtitle=subtitle, above=0.28, notes=[NOTE])
    sheet.write_centred(sheet.left + across / 2, sheet.top - 0.17, "image", SMALL)
    show(picture(sheet, sheet.left, sheet.top, across, down), photo.pixels)
    _draw_tiles(sheet, left, photo, maps[None], frames)
    return sheet.figure


def _tile(pixels: Pixels, columns: Sequence[str]) -> tuple[float, float]:
    """Width and height of one tile: smaller where there are many, and wide enough for the names of the columns."""
    side = float(np.interp(len(columns), [1, 4, 8, 12], [2.0, 1.25, 0.9, 0.72]))
    return fit(pixels, max(side, max(width(name, SMALL) for name in columns) + 0.06))


def _size(left: float, maps: Floats, across: float, down: float) -> tuple[float, float]:
    """Breadth and height of all tiles; the first begins at left."""
    return max(left + maps.shape[1] * (across + GAP), 3.44), len(maps) * (down + GAP) + 0.06


def _draw_tiles(sheet: Sheet, left: float, photo: Photo, maps: Floats, columns: Sequence[str]) -> None:
    """Maps (R, C, gh, gw) over an image, with the names of the columns."""
    across, down = _tile(photo.pixels, columns)
    for place, name in enumerate(columns):
        start = sheet.left + left + place * (across + GAP)
        sheet.write_centred(start + across / 2, sheet.top - 0.17, name, SMALL)
        for row in range(len(maps)):
            axes = picture(sheet, start, sheet.top + row * (down + GAP), across, down)
            heat(axes, maps[row, place], photo.pixels, beneath=True, window=photo.window)
