"""Where several classifiers looked in one image, side by side: then and now."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproductions.evaluation.measures.localisation import MASS, measured, threshold_mask
from reproductions.evaluation.plots.overlay import contour, fit, heat, outline, picture, show, whole
from reproductions.evaluation.plots.sheet import Page
from reproductions.evaluation.plots.style import INK, QUIET, SMALL, TEXT, TITLE, lines_height, wrap
from reproductions.evaluation.records.image import AttendedImage

SIDE, BETWEEN, MARGIN, GAP = 2.15, 0.2, 0.16, 0.06  # inches
UNBROKEN = "\u00a0×\u00a0"


class Words(NamedTuple):
    """Lines of one look."""

    lines: list[str]
    size: float
    colour: str = INK
    bold: bool = False

    @property
    def height(self) -> float:
        """In inches."""
        return lines_height(len(self.lines), self.size)


def attended_strip(records: Sequence[AttendedImage]) -> Figure:
    """The image, with the object's outline where it is known, then the map of each model over it, each on its own scale.

    Above a map stand the model, the view, the predicted class with its probability, and how the map finds the object.
    Raises ValueError for no records, and unless all are of one image.
    """
    if not records:
        raise ValueError("there is no record to draw")
    first = records[0]
    for other in records[1:]:
        if other.where != first.where or not np.array_equal(other.pixels, first.pixels):
            raise ValueError(f"a strip is of one image, not of {first.where} and of another {other.where}")
    across, down = fit(first.pixels, SIDE)
    breadth = (1 + len(records)) * (across + BETWEEN) - BETWEEN
    title = Words(wrap(first.name or first.where, TITLE, breadth, bold=True), TITLE, bold=True)
    note = Words(wrap(_note(first), SMALL, breadth), SMALL, QUIET)
    columns = [[Words(wrap(_truth(first), TEXT, across), TEXT)], *(_said(record, across) for record in records)]
    heights = [sum(words.height for words in column) for column in columns]
    top = 0.14 + title.height + 0.08 + max(heights) + GAP
    page = Page(breadth + 2 * MARGIN, top + down + 0.1 + note.height + 0.12)
    page.write(MARGIN, 0.14, *title)
    for place, (column, height) in enumerate(zip(columns, heights, strict=True)):
        left, under = MARGIN + place * (across + BETWEEN), top - GAP - height
        for words in column:
            under = page.write(left, under, *words)
        axes = picture(page, left, top, across, down)
        _draw(axes, first, records[place - 1] if place else None)
    page.write(MARGIN, top + down + 0.1, *note)
    return page.figure


def _draw(axes: Axes, first: AttendedImage, record: AttendedImage | None) -> None:
    """The image, or the map of a record over it; the object's outline on either."""
    if record is None:
        show(axes, first.pixels)
    else:
        heat(axes, record.map, record.pixels, beneath=True)
        contour(axes, threshold_mask(record.map), whole(record.pixels))
    if first.mask is not None:
        outline(axes, first.mask)


def _truth(record: AttendedImage) -> str:
    return "image" if record.label is None else f"image: {record.classes[record.label]}"


def _said(record: AttendedImage, across: float) -> list[Words]:
    """Model and view, the answer, and how the map finds the object."""
    right = {True: " (right)", False: " (wrong)", None: ""}[record.right]
    answer = f"{record.classes[record.predicted]}, {100 * record.probabilities[record.predicted]:.0f} %{right}"
    words = [
        Words(wrap(record.model, TEXT, across, bold=True), TEXT, bold=True),
        Words(wrap(record.view.replace(" × ", UNBROKEN), SMALL, across), SMALL, QUIET),
        Words(wrap(answer, TEXT, across), TEXT),
    ]
    if found := measured(record.map, record.mask):
        auroc = f"AUROC {found['auroc']:.2f} · " if "auroc" in found else ""
        words.append(Words(wrap(f"{auroc}mass {found['energy_gain']:.1f} × chance", TEXT, across), TEXT))
    return words


def _note(record: AttendedImage) -> str:
    outlined = "" if record.mask is None else " Dashed: the object."
    return (
        f"Each map on its own scale, from 0 to its highest patch. White outline: the fewest patches that hold {100 * MASS:.0f} % "
        f"of it.{outlined}"
    )
