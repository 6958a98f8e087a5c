"""Where a model looked, over the image: one record, all heads, or a film over depth or training.

A map lies exactly over its pixels: patch (row, column) of gh by gw covers the same part of the picture as of the image. A
picture of the user's is drawn at its own size and shape, with the map where the model saw it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from reproductions.evaluation.measures.localisation import measured, threshold_mask
from reproductions.evaluation.plots.sheet import Page
from reproductions.evaluation.plots.style import (
    INK,
    PAPER,
    QUIET,
    SMALL,
    TEXT,
    TITLE,
    even_lightness,
    lines_height,
    width,
    wrap,
)
from reproductions.evaluation.records.image import AttendedImage

Pixels = NDArray[np.uint8]
Maps = NDArray[np.float32]

HEAT = even_lightness(colormaps["inferno"], "heat")  # 0 black, highest pale yellow
VEIL = (0.3, 0.72)  # how far the colours of a map cover the image beneath, at 0 and at the highest patch
OUTLINE = "#00e5ff"  # of the object: a colour that the map does not have
SIDE, BETWEEN, MARGIN, BAR = 2.15, 0.18, 0.16, 0.72  # inches

Window = tuple[
    float, float, float, float
]  # left, top, right and bottom of what a map is over, in pixels of the picture


class Photo(NamedTuple):
    """A picture in its own pixels (h, w, 3), and what of it the model saw: beyond it where the model saw bars."""

    pixels: Pixels
    window: Window

    @property
    def dpi(self) -> int:
        """At which a picture on the page has as many pixels as the photo; 200 at least."""
        return max(200, round(max(self.height, self.width) / SIDE))

    @property
    def height(self) -> int:
        return len(self.pixels)

    @property
    def width(self) -> int:
        return len(self.pixels[0])

    def part_of(self, shown: Maps) -> float:
        """The part of a map (gh, gw) of sum 1 that lies on the photo, not on bars."""
        left, top, right, bottom = self.window
        down, across = (
            np.diff(np.clip(np.linspace(start, end, count + 1), 0, most)) * count / (end - start)
            for start, end, count, most in (
                (top, bottom, shown.shape[0], self.height),
                (left, right, shown.shape[1], self.width),
            )
        )
        return float(down @ shown @ across)


def attended(record: AttendedImage, photo: Photo | None = None) -> Figure:
    """Image, map, and map over image, with the answer and the measures beneath; the object's outline where it is known.

    photo: what is drawn in the place of the record's pixels, with the map where the model saw it.
    """
    pixels, window = photo or Photo(record.pixels, whole(record.pixels))
    across, down = fit(pixels, SIDE)
    breadth = 3 * across + 2 * BETWEEN + BAR
    title = wrap(record.model, TITLE, breadth, bold=True)
    view = wrap(record.view, TEXT, breadth)
    told = [*_answer(record), _marks(record), *(_cut_off(record, photo) if photo else [])]
    notes = [line for text in told for line in wrap(text, SMALL, breadth)]
    top = 0.14 + lines_height(len(title), TITLE) + lines_height(len(view), TEXT) + 0.28
    page = Page(breadth + 2 * MARGIN, top + down + 0.1 + lines_height(len(notes), SMALL) + 0.12)
    page.write(MARGIN, page.write(MARGIN, 0.14, title, TITLE, bold=True), view, TEXT, QUIET)
    places = [MARGIN + place * (across + BETWEEN) for place in range(3)]
    for left, heading in zip(places, ("image", "map", "map over image"), strict=True):
        page.write(left, top - 0.18, [heading], SMALL, QUIET)
    plain, alone, over = (picture(page, left, top, across, down) for left in places)
    show(plain, pixels)
    heat(alone, record.map, pixels, window=window)
    heat(over, record.map, pixels, beneath=True, window=window)
    contour(over, threshold_mask(record.map), window, cut=photo is not None)
    if record.mask is not None and photo is None:
        for axes in (plain, over):
            outline(axes, record.mask)
    _draw_bar(page, places[2] + across + 0.12, top, down, float(record.map.max()) * record.map.size)
    page.write(MARGIN, top + down + 0.1, notes, SMALL, QUIET)
    return page.figure


def heads(pixels: Pixels, maps: Maps, title: str, subtitle: str) -> Figure:
    """Maps (L, H, gh, gw) over one image (h, w, 3): a row a layer, a column a head, each on its own scale."""
    rows = [f"layer {number}" for number in range(1, len(maps) + 1)]
    columns = [str(number) for number in range(1, maps.shape[1] + 1)]
    return _tiles(pixels, maps, (rows, columns, "head"), title, subtitle)


def film(photo: Photo | Pixels, maps: Maps, frames: Sequence[str], title: str, subtitle: str) -> Figure:
    """Maps (F, gh, gw) over one image in a row, after the image itself: through the layers, or through training.

    frames name them: "layer 1", or "step 1,200". Raises ValueError where there are not as many as maps.
    """
    if len(frames) != len(maps):
        raise ValueError(f"{len(maps)} maps need a name each, not {list(frames)}")
    return _tiles(photo, maps[None], (["image"], list(frames), ""), title, subtitle)


def _tiles(
    photo: Photo | Pixels, maps: Maps, names: tuple[list[str], list[str], str], title: str, subtitle: str
) -> Figure:
    """Maps (R, C, gh, gw) over an image, with names of rows and columns, and of what the columns are."""
    pixels, window = photo if isinstance(photo, Photo) else Photo(photo, whole(photo))
    rows, columns, what = names
    is_film = rows == ["image"]
    size = float(np.interp(len(columns), [1, 4, 8, 12], [2.0, 1.25, 0.9, 0.72]))
    size = max(size, max(width(name, SMALL) for name in columns) + 0.06)
    across, down = fit(pixels, size)
    gap = 0.06
    left = MARGIN + (across + 0.14 if is_film else max(width(name, SMALL) for name in rows) + 0.1)
    breadth = max(left + len(columns) * (across + gap), 3.6)
    heading, under = (wrap(title, TITLE, breadth - MARGIN, bold=True), wrap(subtitle, TEXT, breadth - MARGIN))
    note = wrap("Each map on its own scale, from 0 to its highest patch.", SMALL, breadth - MARGIN)
    top = 0.14 + lines_height(len(heading), TITLE) + lines_height(len(under), TEXT) + (0.42 if what else 0.28)
    page = Page(breadth + MARGIN, top + len(rows) * (down + gap) + 0.06 + lines_height(len(note), SMALL) + 0.12)
    page.write(MARGIN, page.write(MARGIN, 0.14, heading, TITLE, bold=True), under, TEXT, QUIET)
    if what:
        page.write(left, top - 0.34, [what], SMALL, QUIET)
    for place, name in enumerate(columns):
        middle = left + place * (across + gap) + across / 2
        page.write(middle - width(name, SMALL) / 2, top - 0.17, [name], SMALL, INK)
    for row, name in enumerate(rows):
        above = top + row * (down + gap)
        if is_film:
            page.write(MARGIN + across / 2 - width(name, SMALL) / 2, top - 0.17, [name], SMALL, INK)
            show(picture(page, MARGIN, above, across, down), pixels)
        else:
            page.write(MARGIN, above + down / 2 - lines_height(1, SMALL) / 2, [name], SMALL, INK)
        for place in range(len(columns)):
            axes = picture(page, left + place * (across + gap), above, across, down)
            heat(axes, maps[row, place], pixels, beneath=True, window=window)
    page.write(MARGIN, top + len(rows) * (down + gap) + 0.06, note, SMALL, QUIET)
    return page.figure


def heat(axes: Axes, shown: Maps, pixels: Pixels, beneath: bool = False, window: Window | None = None) -> None:
    """A map (gh, gw) over the pixels, from 0 to its highest; beneath puts the image, in grey, under it.

    window: what of the picture it is over, where that is not all of it.
    """
    if beneath:
        show(axes, pixels)
        axes.images[-1].set_data(_grey(pixels))
    height, breadth = pixels.shape[:2]
    left, top, right, bottom = window or whole(pixels)
    veil = VEIL[0] + (VEIL[1] - VEIL[0]) * shown / shown.max() if beneath else None
    axes.imshow(shown, cmap=HEAT, norm=Normalize(0, float(shown.max())), extent=(left, right, bottom, top),
                interpolation="nearest", alpha=veil, zorder=2)  # fmt: skip
    axes.set(xlim=(0, breadth), ylim=(height, 0))


def show(axes: Axes, pixels: Pixels) -> None:
    """The image alone; a small one in square pixels, a large one smoothly."""
    height, breadth = pixels.shape[:2]
    axes.imshow(pixels, extent=(0, breadth, height, 0), interpolation="antialiased", zorder=1)


def whole(pixels: Pixels) -> Window:
    return 0, 0, pixels.shape[1], pixels.shape[0]


def _grey(pixels: Pixels) -> Pixels:
    luminance = pixels @ np.array([0.2126, 0.7152, 0.0722])
    return np.repeat(luminance[..., None], 3, axis=2).round().astype(np.uint8)


def fit(pixels: Pixels, side: float) -> tuple[float, float]:
    """Width and height of a picture of these pixels, the longer of which is a side, the shorter at least a tenth."""
    height, breadth = pixels.shape[:2]
    longer = max(height, breadth)
    return max(side * breadth / longer, side / 10), max(side * height / longer, side / 10)


def picture(page: Page, left: float, top: float, across: float, down: float) -> Axes:
    """Axes without ticks for an image."""
    axes = page.axes(left, top, across, down)
    axes.set(xticks=[], yticks=[], aspect="auto")
    return axes


def contour(axes: Axes, held: NDArray[np.bool_], window: Window, cut: bool = False) -> None:
    """The edge of a set of patches (gh, gw), along the patches' own sides; cut off at the picture's edge, or not."""
    rows, columns = held.shape
    left, top, right, bottom = window
    high, wide = (bottom - top) / rows, (right - left) / columns
    rim = np.pad(held, 1)
    upright = np.argwhere(rim[1:-1, 1:] != rim[1:-1, :-1])  # (row, side before the column)
    level = np.argwhere(rim[1:, 1:-1] != rim[:-1, 1:-1])
    steps = [((x, y), (x, y + 1)) for y, x in upright.tolist()] + [((x, y), (x + 1, y)) for y, x in level.tolist()]
    lines = [[(left + x * wide, top + y * high) for x, y in step] for step in steps]
    edge = LineCollection(lines, colors=PAPER, linewidths=1.3, zorder=3, capstyle="projecting", clip_on=cut)
    edge.set_path_effects([Stroke(linewidth=2.3, foreground=INK), Normal()])
    axes.add_collection(edge)


def outline(axes: Axes, mask: Maps) -> None:
    """Where the object begins, half covered, between the centres of pixels; closed at the image's edge."""
    if not (mask >= 0.5).any():
        return
    rim = np.pad(mask, 1)
    height, breadth = rim.shape
    drawn = axes.contour(np.arange(breadth) - 0.5, np.arange(height) - 0.5, rim, levels=[0.5], colors=[OUTLINE],
                         linewidths=1.2, linestyles="dashed", zorder=4)  # fmt: skip
    drawn.set_path_effects([Stroke(linewidth=2.0, foreground=INK), Normal()])
    axes.set(xlim=(0, mask.shape[1]), ylim=(mask.shape[0], 0))


def _draw_bar(page: Page, left: float, top: float, height: float, highest: float) -> None:
    page.write(left, top - 0.18, ["× uniform"], SMALL, QUIET)
    axes = page.axes(left, top, 0.11, height)
    bar = page.figure.colorbar(ScalarMappable(Normalize(0, highest), HEAT), cax=axes)
    bar.set_ticks([0, highest], labels=["0", f"{highest:.1f}"])
    bar.outline.set(linewidth=0.6, edgecolor=QUIET)
    axes.tick_params(labelsize=SMALL - 0.5, labelcolor=QUIET, color=QUIET, length=2, width=0.5, pad=2)


def _answer(record: AttendedImage) -> list[str]:
    """Name, answer and truth; and how the map lies to the object, where that is known."""
    said = f"predicted {record.classes[record.predicted]}, {100 * record.probabilities[record.predicted]:.0f} %"
    truth = (
        []
        if record.label is None
        else [f"is {record.classes[record.label]}" + (" (right)" if record.right else " (wrong)")]
    )
    lines = [" · ".join([record.name or record.where, said, *truth])]
    if record.mask is not None and (found := measured(record.map, record.mask)):
        top = (
            "on the object"
            if found["pointing"] == 1
            else "on the ground"
            if found["ground_top1"] == 1
            else "at its edge"
        )
        auroc = f"AUROC {found['auroc']:.2f} · " if "auroc" in found else ""
        lines.append(
            f"{auroc}{100 * found['energy']:.0f} % of the map on the object, which covers {100 * record.mask.mean():.0f} % of "
            f"the image: {found['energy_gain']:.1f} times chance · highest patch {top}"
        )
    return lines


def _marks(record: AttendedImage) -> str:
    outlined = "" if record.mask is None else " Dashed: the object."
    return f"White outline: the fewest patches that hold 60 % of the map.{outlined}"


def _cut_off(record: AttendedImage, photo: Photo) -> list[str]:
    beyond = 1 - photo.part_of(record.map)
    return (
        [f"{100 * beyond:.0f} % of the map lies on the bars around the picture, which are cut off."]
        if beyond > 0.005
        else []
    )
