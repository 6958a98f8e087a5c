"""One picture of the whole set: scenes with their names, then each split beside its masks and twins."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from data.shapes.outlines import CLASSES
from data.shapes.scenes import Pixels, Scene, caption, on_other_ground, scene, without_object

_COLUMNS = 10
_CELL = 144  # pixels of a scene on the sheet
_GAP, _LINE, _MARGIN = 10, 18, 24
_INK, _FAINT, _PAPER = "#1a1a1a", "#666666", "#ffffff"


class _Row(NamedTuple):
    heading: str
    pictures: Sequence[Pixels]
    captions: Sequence[str]


def contact_sheet(count: int, seed: int, size: int) -> Image.Image:
    """``count`` training scenes, ten per row; below them masks, twins, two objects and grounds that reveal the class."""
    first = range(_COLUMNS)

    def row(
        heading: str,
        split: str,
        picture: Callable[[Scene, int], Pixels],
        indices: Sequence[int] = first,
        named: bool = True,
    ) -> _Row:
        scenes = [scene(split, index, seed, size) for index in indices]
        pictures = [picture(drawn, index) for drawn, index in zip(scenes, indices, strict=True)]
        return _Row(heading, pictures, [caption(drawn).replace(" and ", "\n") if named else "" for drawn in scenes])

    rows = [
        row(f"train {start} to {stop - 1}", "train", lambda drawn, _: drawn.pixels, range(start, stop))
        for start in range(0, count, _COLUMNS)
        for stop in [min(start + _COLUMNS, count)]
    ]
    rows += [
        row("test", "test", lambda drawn, _: drawn.pixels),
        row("masks", "test", lambda drawn, _: _grey(drawn.mask), named=False),
        row("without the object", "test", lambda _, index: without_object("test", index, seed, size), named=False),
        row("on another ground", "test", lambda _, index: on_other_ground("test", index, seed, size), named=False),
        row("two objects, the first is the label", "two", lambda drawn, _: drawn.pixels),
        row("the label's mask", "two", lambda drawn, _: _grey(drawn.mask), named=False),
        row("conflict: the ground betrays the class", "conflict", lambda drawn, _: drawn.pixels),
        row("conflict, the next ten", "conflict", lambda drawn, _: drawn.pixels, range(_COLUMNS, 2 * _COLUMNS)),
    ]
    return _paste(f"Shapes on ground: {', '.join(CLASSES)}", rows)


def _grey(mask: np.ndarray) -> Pixels:
    grey = np.round(255 * mask).astype(np.uint8)
    return np.stack([grey] * 3, axis=-1)


def _paste(title: str, rows: Sequence[_Row]) -> Image.Image:
    small, large = ImageFont.load_default(11), ImageFont.load_default(14)
    step = [_LINE + _CELL + 14 * max(len(words.splitlines()) for words in row.captions) + _GAP for row in rows]
    columns = max(len(row.pictures) for row in rows)
    width = 2 * _MARGIN + columns * _CELL + (columns - 1) * _GAP
    sheet = Image.new("RGB", (width, 2 * _MARGIN + 30 + sum(step)), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, _MARGIN), title, fill=_INK, font=ImageFont.load_default(18))
    top = _MARGIN + 30
    for row, height in zip(rows, step, strict=True):
        pen.text((_MARGIN, top), row.heading, fill=_INK, font=large)
        for column, (pixels, words) in enumerate(zip(row.pictures, row.captions, strict=True)):
            left = _MARGIN + column * (_CELL + _GAP)
            cell = Image.fromarray(pixels).resize((_CELL, _CELL), Image.Resampling.NEAREST)
            sheet.paste(cell, (left, top + _LINE))
            pen.text((left, top + _LINE + _CELL + 1), words, fill=_FAINT, font=small, spacing=2)
        top += height
    return sheet
