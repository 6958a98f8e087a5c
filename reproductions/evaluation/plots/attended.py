"""Where a classifier looked in one image: beside and over the image; of several classifiers side by side, then and now."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from reproductions.evaluation.measures.localisation import MASS, measured, threshold_mask
from reproductions.evaluation.plots.overlay import HEAT, SIDE, Photo, contour, fit, heat, outline, picture, show, whole
from reproductions.evaluation.plots.sheet import Sheet
from reproductions.evaluation.plots.style import INK, QUIET, SMALL, TEXT, lines_height, wrap
from reproductions.evaluation.records.image import AttendedImage

BETWEEN, BAR = 0.18, 0.72  # inches: between pictures, and for the colour bar
BESIDE, GAP = 0.2, 0.06  # inches: between pictures of several classifiers, and above them
UNBROKEN = "\u00a0×\u00a0"


def attended(record: AttendedImage, photo: Photo | None = None) -> Figure:
    """Image, map, and map over image, with the answer and the measures beneath, and the object's outline if there is a mask.

    photo: drawn in place of the record's pixels, with the map where the model saw it.
    """
    pixels, window = photo or Photo(record.pixels, whole(record.pixels))
    across, down = fit(pixels, SIDE)
    notes = [*_results(record), _marks(record), *(_cut_off(record, photo) if photo else [])]
    breadth = 3 * across + 2 * BETWEEN + BAR
    sheet = Sheet(breadth, down, record.model, subtitle=record.view, above=0.28, below=0.1, notes=notes)
    places = [sheet.left + place * (across + BETWEEN) for place in range(3)]
    for left, heading in zip(places, ("image", "map", "map over image"), strict=True):
        sheet.write(left, sheet.top - 0.18, [heading], SMALL, QUIET)
    plain, alone, over = (picture(sheet, left, sheet.top, across, down) for left in places)
    show(plain, pixels)
    heat(alone, record.map, pixels, window=window)
    heat(over, record.map, pixels, beneath=True, window=window)
    contour(over, threshold_mask(record.map), window, cut=photo is not None)
    if record.mask is not None and photo is None:
        for axes in (plain, over):
            outline(axes, record.mask)
    left, highest = places[2] + across + 0.12, float(record.map.max()) * record.map.size
    sheet.write(left, sheet.top - 0.18, ["× uniform"], SMALL, QUIET)
    sheet.colour_bar(left, sheet.top, down, HEAT, [0, highest], ["0", f"{highest:.1f}"])
    return sheet.figure


def _results(record: AttendedImage) -> list[str]:
    """Name, answer and true class; with a mask, how well the map finds the object."""
    lines = [f"{record.name or record.where} · {_answer(record, verb='predicted ')}"]
    if record.label is not None:
        lines[0] += f" · is {record.classes[record.label]}{_verdict(record)}"
    if record.mask is not None and (values := measured(record.map, record.mask)):
        on_ground = "on the ground" if values["ground_top1"] == 1 else "at its edge"
        top = "on the object" if values["pointing"] == 1 else on_ground
        on_object = f"{100 * values['energy']:.0f} % of the map on the object"
        covers = f"which covers {100 * record.mask.mean():.0f} % of the image"
        gain = f"{values['energy_gain']:.1f} times chance"
        lines.append(f"{_auroc(values)}{on_object}, {covers}: {gain} · highest patch {top}")
    return lines


def _answer(record: AttendedImage, verb: str = "") -> str:
    if len(record.classes) == 1:  # weights without a head
        return record.classes[0]
    return f"{verb}{record.classes[record.predicted]}, {100 * record.probabilities[record.predicted]:.0f} %"


def _verdict(record: AttendedImage) -> str:
    return {True: " (right)", False: " (wrong)", None: ""}[record.right]


def _auroc(values: Mapping[str, float]) -> str:
    return f"AUROC {values['auroc']:.2f} · " if "auroc" in values else ""


def _marks(record: AttendedImage) -> str:
    outlined = "" if record.mask is None else " Dashed: the object."
    return f"White outline: the fewest patches that hold {100 * MASS:.0f} % of the map.{outlined}"


def _cut_off(record: AttendedImage, photo: Photo) -> list[str]:
    beyond = 1 - photo.part_of(record.map)
    note = f"{100 * beyond:.0f} % of the map lies on the bars around the picture, which are cut off."
    return [note] if beyond > 0.005 else []


class Lines(NamedTuple):
    lines: list[str]
    size: float
    colour: str = INK
    bold: bool = False

    @property
    def height(self) -> float:
        """In inches."""
        return lines_height(len(self.lines), self.size)


def attended_strip(records: Sequence[AttendedImage]) -> Figure:
    """The image, then the map of each model over it, each on its own scale, with the object's outline if there is a mask.

    Above a map stand the model, the view, the predicted class with its probability, and how well the map finds the object.
    All records are of one image.
    """
    first = records[0]
    across, down = fit(first.pixels, SIDE)
    label = "image" if first.label is None else f"image: {first.classes[first.label]}"
    columns = [[Lines(wrap(label, TEXT, across), TEXT)], *(_heading(record, across) for record in records)]
    heights = [sum(block.height for block in column) for column in columns]
    breadth = len(columns) * (across + BESIDE) - BESIDE
    notes = [f"Each map on its own scale, from 0 to its highest patch. {_marks(first)}"]
    sheet = Sheet(breadth, down, first.name or first.where, above=0.08 + max(heights) + GAP, below=0.1, notes=notes)
    for place, (column, height) in enumerate(zip(columns, heights, strict=True)):
        left, top = sheet.left + place * (across + BESIDE), sheet.top - GAP - height
        for block in column:
            top = sheet.write(left, top, *block)
        axes = picture(sheet, left, sheet.top, across, down)
        if place == 0:
            show(axes, first.pixels)
        else:
            shown = records[place - 1].map
            heat(axes, shown, first.pixels, beneath=True)
            contour(axes, threshold_mask(shown), whole(first.pixels))
        if first.mask is not None:
            outline(axes, first.mask)
    return sheet.figure


def _heading(record: AttendedImage, across: float) -> list[Lines]:
    """Model and view, the answer, and how well the map finds the object."""
    blocks = [
        Lines(wrap(record.model, TEXT, across, bold=True), TEXT, bold=True),
        Lines(wrap(record.view.replace(" × ", UNBROKEN), SMALL, across), SMALL, QUIET),
        Lines(wrap(_answer(record) + _verdict(record), TEXT, across), TEXT),
    ]
    if values := measured(record.map, record.mask):
        numbers = f"{_auroc(values)}mass {values['energy_gain']:.1f} × chance"
        blocks.append(Lines(wrap(numbers, TEXT, across), TEXT))
    return blocks
