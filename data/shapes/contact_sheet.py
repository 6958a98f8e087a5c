"""One picture of the whole set: scenes with their names, then each split beside its masks and twins."""

from collections.abc import Sequence
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
    captions: Sequence[str] = ("",) * _COLUMNS


def contact_sheet(count: int, seed: int, size: int) -> Image.Image:
    """``count`` training scenes, ten per row; below them masks, twins, two objects and grounds that reveal the class."""

    def scenes(split: str, numbers: range = range(_COLUMNS)) -> list[Scene]:
        return [scene(split, index, seed, size) for index in numbers]

    def named(heading: str, row: list[Scene]) -> _Row:
        return _Row(heading, [each.pixels for each in row], [caption(each).replace(" and ", "\n") for each in row])

    test, two = scenes("test"), scenes("two")
    train = [range(start, min(start + _COLUMNS, count)) for start in range(0, count, _COLUMNS)]
    rows = [
        *(named(f"train {numbers[0]} to {numbers[-1]}", scenes("train", numbers)) for numbers in train),
        named("test", test),
        _Row("masks", [_grey(each.mask) for each in test]),
        _Row("without the object", [without_object("test", index, seed, size) for index in range(_COLUMNS)]),
        _Row("on another ground", [on_other_ground("test", index, seed, size) for index in range(_COLUMNS)]),
        named("two objects, the first is the label", two),
        _Row("the label's mask", [_grey(each.mask) for each in two]),
        named("conflict: the ground betrays the class", scenes("conflict")),
        named("conflict, the next ten", scenes("conflict", range(_COLUMNS, 2 * _COLUMNS))),
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
