"""Where a captioner looked before each word, as Figures 2 and 3 of Xu et al. 2015; and how well each kind of word is located."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke

from reproductions.evaluation.measures.localisation import coverage
from reproductions.evaluation.plots.localisation import HEADINGS, Intervals, Mark, draw_interval
from reproductions.evaluation.plots.overlay import fit, heat, outline, picture, show
from reproductions.evaluation.plots.sheet import Page, Sheet, hide_spines
from reproductions.evaluation.plots.style import (
    FAINT,
    INK,
    LINES,
    MARKERS,
    PAPER,
    QUIET,
    SMALL,
    TEXT,
    lines_height,
    width,
)
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.evaluation.records.translation import with_end_named

COLUMNS, TILE, GAP = 6, 1.22, 0.1  # tiles of a line; inches
ROW, PANEL, NUMBER = 0.2, 1.3, 0.42  # inches: a series of a word's kind, a panel, the number beside it


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


def located_words(
    series: Mapping[str, Mapping[str, Intervals]], measures: Sequence[str], title: str, note: str
) -> Figure:
    """How well each kind of word is located, with 95 % intervals: a block of rows per kind, a panel per measure.

    series: by name, then by kind of word, then by measure. title: model and split. note: what else a reader must know.
    """
    kinds = list(next(iter(series.values())))
    block = ROW * len(series) + 0.16
    left, cell, height = max(width(kind, TEXT) for kind in kinds) + 0.18, PANEL + NUMBER + 0.16, block * len(kinds)
    breadth = max(left + len(measures) * cell - 0.1, 4.28)
    keys = lines_height(len(series), SMALL) + 0.34
    notes = [f"Bars are 95 % bootstrap intervals over images. {note}"]
    sheet = Sheet(breadth, height, title, above=0.06 + keys, below=0.3, notes=notes)
    for number, name in enumerate(series):
        _key(sheet, sheet.top - keys + lines_height(number, SMALL), name, number)
    for row, kind in enumerate(kinds):
        sheet.write_beside(sheet.left, sheet.top + (row + 0.5) * block, [kind], TEXT)
    for place, measure in enumerate(measures):
        start = sheet.left + left + place * cell
        sheet.write(start, sheet.top - 0.2, [HEADINGS[measure][0]], TEXT)
        _draw_panel(sheet.axes(start, sheet.top, PANEL, height), measure, series, kinds)
    return sheet.figure


def _key(sheet: Sheet, top: float, name: str, number: int) -> None:
    axes = sheet.axes(sheet.left, top, 0.16, lines_height(1, SMALL))
    axes.set_axis_off()
    axes.plot([0.5], [0.5], marker=MARKERS[number], ms=4, color=LINES[number])
    axes.set(xlim=(0, 1), ylim=(0, 1))
    sheet.write(sheet.left + 0.22, top, [name], SMALL)


def _draw_panel(axes: Axes, measure: str, series: Mapping[str, Mapping[str, Intervals]], kinds: Sequence[str]) -> None:
    count = len(series)
    axes.set(xlim=(0, 1), ylim=(len(kinds) - 0.5, -0.5), yticks=[])
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    hide_spines(axes, "top", "right", "left")
    axes.hlines(np.arange(1, len(kinds)) - 0.5, 0, 1, color=FAINT, lw=0.6, zorder=0)
    for row, kind in enumerate(kinds):
        for number, measured in enumerate(series.values()):
            if measure in measured.get(kind, {}):
                y = row + ((number + 0.5) / count - 0.5) * 0.76
                mark = Mark(MARKERS[number], LINES[number], LINES[number], INK if number == 0 else QUIET, number == 0)
                draw_interval(axes, y, measured[kind][measure], mark, f"{kind}/{measure}/{number}")
