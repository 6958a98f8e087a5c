"""Where a captioner looked before each word, as Figures 2 and 3 of Xu et al. 2015; and how well each kind of word is located."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke

from reproductions.evaluation.measures.localisation import coverage
from reproductions.evaluation.plots.localisation import HEADINGS, Intervals
from reproductions.evaluation.plots.overlay import fit, heat, outline, picture, show
from reproductions.evaluation.plots.sheet import Page
from reproductions.evaluation.plots.style import (
    FAINT,
    INK,
    LINES,
    MARKERS,
    PAPER,
    QUIET,
    SMALL,
    TEXT,
    TITLE,
    font,
    lines_height,
    width,
    wrap,
)
from reproductions.evaluation.records.caption import CaptionedImage

COLUMNS, TILE, GAP, MARGIN = 6, 1.22, 0.1, 0.16  # tiles of a line; inches
ROW, PANEL, NUMBER = 0.2, 1.3, 0.42  # inches: a series of a word's kind, a panel, the number beside it


def captioned(records: Sequence[CaptionedImage], names: Sequence[str] = ()) -> Figure:
    """An image and a map over it for each word of its caption, line by line; of several models one below the other, by names.

    Raises ValueError unless the records are of one image and have the same words, and there are as many names.
    """
    first = records[0]
    if any((one.words, one.where) != (first.words, first.where) for one in records):
        raise ValueError(
            f"captions must be the same words of one image, not {[(one.where, one.text) for one in records]}"
        )
    if len(records) > 1 and len(names) != len(records):
        raise ValueError(f"{len(records)} models need a name each, not {list(names)}")
    across, down = fit(first.pixels, TILE)
    tiles = [None, *range(len(first.words))]  # the image, then the words
    lines = [tiles[start : start + COLUMNS] for start in range(0, len(tiles), COLUMNS)]
    breadth = min(len(tiles), COLUMNS) * (across + GAP) - GAP
    heading = wrap(first.text or "(nothing)", TITLE, breadth, bold=True)
    under = [line for text in _origin(records) for line in wrap(text, SMALL, breadth)]
    notes = wrap(_note(records), SMALL, breadth)
    row = down + lines_height(1, SMALL) + 0.05 + (lines_height(1, SMALL) + 0.03 if names else 0)
    line_height = lines_height(1, TEXT) + 0.03 + row * len(records) + 0.08
    top = 0.14 + lines_height(len(heading), TITLE) + lines_height(len(under), SMALL) + 0.1
    page = Page(breadth + 2 * MARGIN, top + line_height * len(lines) + lines_height(len(notes), SMALL) + 0.14)
    page.write(MARGIN, page.write(MARGIN, 0.14, heading, TITLE, bold=True), under, SMALL, QUIET)
    for line in lines:
        for column, word in enumerate(line):
            left = MARGIN + column * (across + GAP)
            text = "image" if word is None else first.words[word]
            page.write(left + (across - width(text, TEXT)) / 2, top, [text], TEXT, QUIET if word is None else INK)
        above = top + lines_height(1, TEXT) + 0.03
        for number, record in enumerate(records):
            if names:
                page.write(MARGIN, above, [names[number]], SMALL, QUIET)
                above += lines_height(1, SMALL) + 0.03
            for column, word in enumerate(line):
                _draw_tile(page, (MARGIN + column * (across + GAP), above, across, down), record, word)
            above += down + lines_height(1, SMALL) + 0.05
        top += line_height
    page.write(MARGIN, top, notes, SMALL, QUIET)
    return page.figure


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
        text = f"{100 * on:.0f} %"
        page.write(left + (across - width(text, SMALL)) / 2, top + down + 0.03, [text], SMALL, QUIET)


def _square(axes: Axes, shown: np.ndarray, size: tuple[int, ...]) -> None:
    """Around the most probable place, where the model looks."""
    rows, columns = shown.shape
    row, column = divmod(int(shown.argmax()), columns)
    high, wide = size[0] / rows, size[1] / columns
    square = Rectangle((column * wide, row * high), wide, high, fill=False, edgecolor=PAPER, linewidth=1.3, zorder=5)
    square.set_path_effects([Stroke(linewidth=2.4, foreground=INK), Normal()])
    axes.add_patch(square)


def _origin(records: Sequence[CaptionedImage]) -> list[str]:
    first = records[0]
    whose = "words that were given" if first.forced else "the model's own words"
    models = " · ".join(one.model for one in records) if len(records) == 1 else "one model a row"
    true = f"true: {first.references[0]}" if first.text not in first.references else "true"
    return [f"{models} · {first.where} · {whose} · {true}"]


def _note(records: Sequence[CaptionedImage]) -> str:
    square = " White square: the one place that hard attention takes." if any(one.draws for one in records) else ""
    return (
        "Each map is alpha before its word, on its own scale from 0 to the highest place. Dashed: what the word speaks of; "
        f"below it, how much of the map lies there.{square}"
    )


def located_words(
    series: Mapping[str, Mapping[str, Intervals]], measures: Sequence[str], title: str, note: str
) -> Figure:
    """How well each kind of word is located: a block a kind, in it a row a series with its 95 % interval, a panel a measure.

    Args:
        series: by name, then by kind of word, then by measure.
        measures: those to show.
        title: model and split.
        note: what else a reader must know.
    """
    kinds = list(next(iter(series.values())))
    block = ROW * len(series) + 0.16
    left = MARGIN + max(width(kind, TEXT) for kind in kinds) + 0.18
    cell, height = PANEL + NUMBER + 0.16, block * len(kinds)
    breadth = max(left + len(measures) * cell + 0.06, 4.6)
    lines = wrap(f"Bars are 95 % bootstrap intervals over images. {note}", SMALL, breadth - 2 * MARGIN)
    heading = wrap(title, TITLE, breadth - 2 * MARGIN, bold=True)
    key = 0.14 + lines_height(len(heading), TITLE) + 0.06
    top = key + lines_height(len(series), SMALL) + 0.34
    page = Page(breadth, top + height + 0.3 + lines_height(len(lines), SMALL) + 0.12)
    page.write(MARGIN, 0.14, heading, TITLE, bold=True)
    for number, name in enumerate(series):
        _key(page, key + lines_height(number, SMALL), name, number)
    for row, kind in enumerate(kinds):
        page.write(MARGIN, top + (row + 0.5) * block - lines_height(1, TEXT) / 2, [kind], TEXT)
    for place, measure in enumerate(measures):
        start = left + place * cell
        page.write(start, top - 0.2, [HEADINGS[measure][0]], TEXT)
        axes = page.axes(start, top, PANEL, height)
        _draw_panel(axes, measure, series, kinds)
    page.write(MARGIN, top + height + 0.3, lines, SMALL, QUIET)
    return page.figure


def _key(page: Page, top: float, name: str, number: int) -> None:
    axes = page.axes(MARGIN, top, 0.16, lines_height(1, SMALL))
    axes.set_axis_off()
    axes.plot([0.5], [0.5], marker=MARKERS[number], ms=4, color=LINES[number])
    axes.set(xlim=(0, 1), ylim=(0, 1))
    page.write(MARGIN + 0.22, top, [name], SMALL)


def _draw_panel(axes: Axes, measure: str, series: Mapping[str, Mapping[str, Intervals]], kinds: Sequence[str]) -> None:
    count = len(series)
    axes.set(xlim=(0, 1), ylim=(len(kinds) - 0.5, -0.5), yticks=[])
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.hlines(np.arange(1, len(kinds)) - 0.5, 0, 1, color=FAINT, lw=0.6, zorder=0)
    for row, kind in enumerate(kinds):
        for number, found in enumerate(series.values()):
            if measure not in found.get(kind, {}):
                continue
            value, low, high = found[kind][measure]
            y = row + ((number + 0.5) / count - 0.5) * 0.76
            axes.plot([low, high], [y, y], color=LINES[number], lw=1.3, solid_capstyle="butt", zorder=2)
            axes.plot([value], [y], ls="none", marker=MARKERS[number], ms=4, color=LINES[number], zorder=3, clip_on=False,
                      gid=f"{kind}/{measure}/{number}")  # fmt: skip
            axes.annotate(f"{value:.2f}", (1, y), xycoords=("axes fraction", "data"), xytext=(6, 0),
                          textcoords="offset points", ha="left", va="center", color=INK if number == 0 else QUIET,
                          fontproperties=font(SMALL - 0.5, bold=number == 0))  # fmt: skip
