"""Where a captioner looked before each word, as Figures 2 and 3 of Xu et al. 2015."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke

from reproductions.evaluation.measures.localisation import coverage
from reproductions.evaluation.plots.overlay import fit, heat, outline, picture, show
from reproductions.evaluation.plots.sheet import Page, Sheet
from reproductions.evaluation.plots.style import (
    INK,
    PAPER,
    QUIET,
    SMALL,
    TEXT,
    lines_height,
)
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.evaluation.records.translation import with_end_named

COLUMNS, TILE, GAP = 6, 1.22, 0.1  # tiles of a line; inches


def captioned(records: Sequence[CaptionedImage], names: Sequence[str] = ()) -> Figure:
    """An image and a map over it for each word of its caption; several models over the same words one below the other, by
    names.
    """
    first = records[0]
    across, down = fit(first.pixels, TILE)
    titles = with_end_named(first.words)
    tiles = [None, *range(len(first.words))]  # the image, then the words
    lines = [tiles[start : start + COLUMNS] for start in range(0, len(tiles), COLUMNS)]
    row = down + lines_height(1, SMALL) + 0.05 + (lines_height(1, SMALL) + 0.03 if names else 0)
    line_height = lines_height(1, TEXT) + 0.03 + row * len(records) + 0.08
    breadth, height = min(len(tiles), COLUMNS) * (across + GAP) - GAP, line_height * len(lines)
    sheet = Sheet(breadth, height, first.text or "(nothing)", subtitle=_origin(records), subtitle_size=SMALL, above=0.1,
                  notes=[_note(records)])  # fmt: skip
    for number, line in enumerate(lines):
        top = sheet.top + number * line_height
        for column, word in enumerate(line):
            text, colour = ("image", QUIET) if word is None else (titles[word], INK)
            sheet.write_centred(sheet.left + column * (across + GAP) + across / 2, top, text, TEXT, colour)
        above = top + lines_height(1, TEXT) + 0.03
        for place, record in enumerate(records):
            if names:
                above = sheet.write(sheet.left, above, [names[place]], SMALL, QUIET) + 0.03
            for column, word in enumerate(line):
                _draw_tile(sheet, (sheet.left + column * (across + GAP), above, across, down), record, word)
            above += down + lines_height(1, SMALL) + 0.05
    return sheet.figure


def _draw_tile(page: Page, place: tuple[float, float, float, float], record: CaptionedImage, word: int | None) -> None:
    left, top, across, down = place
    axes = picture(page, *place)
    if word is None:
        show(axes, record.pixels)
        return
    shown, mask = record.maps[word], record.mask_of(word)
    heat(axes, shown, record.pixels, beneath=True)
    if record.draws:
        _square(axes, shown, record.pixels.shape[:2])
    if mask is not None:
        outline(axes, mask)
        on = float((shown * coverage(mask[None], (shown.shape[0], shown.shape[1]))[0]).sum())
        page.write_centred(left + across / 2, top + down + 0.03, f"{100 * on:.0f} %", SMALL, QUIET)


def _square(axes: Axes, shown: np.ndarray, size: tuple[int, ...]) -> None:
    """Around the most probable place, where the model looks."""
    rows, columns = shown.shape
    row, column = divmod(int(shown.argmax()), columns)
    high, wide = size[0] / rows, size[1] / columns
    square = Rectangle((column * wide, row * high), wide, high, fill=False, edgecolor=PAPER, linewidth=1.3, zorder=5)
    square.set_path_effects([Stroke(linewidth=2.4, foreground=INK), Normal()])
    axes.add_patch(square)


def _origin(records: Sequence[CaptionedImage]) -> str:
    first = records[0]
    whose = "words that were given" if first.forced else "the model's own words"
    models = first.model if len(records) == 1 else "one row per model"
    true = "true" if first.text in first.references else f"true: {first.references[0]}"
    return f"{models} · {first.where} · {whose} · {true}"


def _note(records: Sequence[CaptionedImage]) -> str:
    hard = any(record.draws for record in records)
    square = " White square: the one place that hard attention takes." if hard else ""
    return (
        "Each map is alpha before its word, on its own scale from 0 to the highest place. Dashed: what the word describes; "
        f"below it, the share of the map there.{square}"
    )
