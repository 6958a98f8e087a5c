"""A map of where a model looked, over an image: colours, edges and outlines, exactly over the pixels.

Patch (row, column) of gh by gw covers the same part of the picture as of the image. A user's picture is drawn at its own size
and shape, with the map where the model saw it.
"""

from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.patheffects import Normal, Stroke

from reproductions.evaluation.arrays import Bools, Floats, Pixels
from reproductions.evaluation.plots.sheet import Page
from reproductions.evaluation.plots.style import INK, PAPER, even_lightness

HEAT = even_lightness(colormaps["inferno"], "heat")  # 0 black, highest pale yellow
VEIL = (0.3, 0.72)  # opacity of a map over an image, at 0 and at the highest patch
OUTLINE = "#00e5ff"  # of the object: a colour that the map does not have
SIDE = 2.15  # inches of the longer side of a large picture

Window = tuple[
    float, float, float, float
]  # left, top, right and bottom of the part under a map, in the picture's pixels


class Photo(NamedTuple):
    """A picture in its own pixels (h, w, 3), and the window that the model saw, larger than the picture if it saw bars."""

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

    def part_of(self, shown: Floats) -> float:
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


def heat(axes: Axes, shown: Floats, pixels: Pixels, beneath: bool = False, window: Window | None = None) -> None:
    """A map (gh, gw) over the pixels, from 0 to its highest; beneath: with the image, in grey, under it.

    window: the part of the picture under the map; None for all of it.
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
    """Width and height of a picture of these pixels: the longer is a side, the shorter at least a tenth of it."""
    height, breadth = pixels.shape[:2]
    longer = max(height, breadth)
    return max(side * breadth / longer, side / 10), max(side * height / longer, side / 10)


def picture(page: Page, left: float, top: float, across: float, down: float) -> Axes:
    """Axes without ticks for an image."""
    axes = page.axes(left, top, across, down)
    axes.set(xticks=[], yticks=[], aspect="auto")
    return axes


def contour(axes: Axes, held: Bools, window: Window, cut: bool = False) -> None:
    """The edge of a set of patches (gh, gw), along the patches' own sides; cut: at the picture's edge."""
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


def outline(axes: Axes, mask: Floats) -> None:
    """The edge of the object, where a pixel is half covered; closed at the image's edge."""
    if not (mask >= 0.5).any():
        return
    rim = np.pad(mask, 1)
    height, breadth = rim.shape
    drawn = axes.contour(np.arange(breadth) - 0.5, np.arange(height) - 0.5, rim, levels=[0.5], colors=[OUTLINE],
                         linewidths=1.2, linestyles="dashed", zorder=4)  # fmt: skip
    drawn.set_path_effects([Stroke(linewidth=2.0, foreground=INK), Normal()])
    axes.set(xlim=(0, mask.shape[1]), ylim=(mask.shape[0], 0))
