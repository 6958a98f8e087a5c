"""One style for all pictures: colours and type. Nothing global is changed.

The colours are distinct under the common forms of colour blindness (Okabe and Ito 2008) and never carry a meaning alone.
"""

from functools import lru_cache
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap, ListedColormap
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

PAPER = "#ffffff"
INK = "#1c1c1c"
QUIET = "#666666"
FAINT = "#e3e3e3"
ACCENT = "#d55e00"
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1c1c1c", "#8c6239")
DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "solid",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
)
MARKERS = "osD^vPXp"

TITLE, TEXT, SMALL = 10.5, 8.5, 7.5  # points
LINE = 1.32  # distance of lines, in type sizes
POINTS = 72  # per inch
HINTED = 1.03  # fitted to pixels, a line of type is up to so much wider than its outlines


def font(size: float, bold: bool = False, italic: bool = False) -> FontProperties:
    """The one typeface, which comes with matplotlib and has the letters of all European languages."""
    weight = "bold" if bold else "normal"
    return FontProperties(family="DejaVu Sans", size=size, weight=weight, style="italic" if italic else "normal")


@lru_cache(maxsize=4096)
def width(text: str, size: float, bold: bool = False) -> float:
    """Width of a line of text in inches."""
    points, _, _ = text_to_path.get_text_width_height_descent(text, font(size, bold), ismath=False)
    return float(points) / POINTS


def wrap(text: str, size: float, inches: float, bold: bool = False) -> list[str]:
    """Lines of text, broken at spaces so that each fits; a single word may be wider."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and HINTED * width(f"{lines[-1]} {word}", size, bold) <= inches:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def shortened(text: str, size: float, inches: float, bold: bool = False) -> str:
    """The text, its end cut off if it is wider."""
    while width(text, size, bold) > inches:
        text = text[:-2] + "…"
    return text


def lines_height(count: int, size: float) -> float:
    """Height of lines of text in inches."""
    return count * size * LINE / POINTS


def even_lightness(colours: Colormap, name: str) -> ListedColormap:
    """The same colours, resampled so that lightness (CIE L*) changes evenly, and equal steps of weight look equal.

    The lightness of `colours` must be monotone.
    """
    fine = np.asarray(colours(np.linspace(0, 1, 1024)))[:, :3]
    linear = np.where(fine <= 0.04045, fine / 12.92, ((fine + 0.055) / 1.055) ** 2.4)
    lightness = np.cbrt(linear @ np.array([0.2126, 0.7152, 0.0722]))
    places = np.linspace(lightness[0], lightness[-1], 256)
    order = slice(None) if lightness[-1] > lightness[0] else slice(None, None, -1)
    picked = np.interp(places, lightness[order], np.arange(1024)[order]).round().astype(int)
    return ListedColormap(fine[picked].tolist(), name=name)


_BLUES = LinearSegmentedColormap.from_list("blues", [PAPER, *matplotlib.colormaps["Blues"](np.linspace(0.15, 1, 18))])
WEIGHTS = even_lightness(_BLUES, "weights")  # 0 as white as the page, 1 dark blue
WEIGHTS_AS_IN_2014 = matplotlib.colormaps["gray"]  # 0 black, 1 white
_ENDS = matplotlib.colormaps["PuOr_r"]
DIFFERENCES = LinearSegmentedColormap.from_list(  # -1 violet, 0 as white as the page, 1 orange
    "differences", [*_ENDS(np.linspace(0, 0.4, 9)), PAPER, *_ENDS(np.linspace(0.6, 1, 9))], N=257
)


class PlotStyle(NamedTuple):
    colours: Colormap  # from the lowest value to 1
    lowest: float
    scale: str  # its name
    grid: bool  # lines between cells
    apart: bool  # ``</s>`` apart, with its share printed
    gold: bool  # gold links, and hits and misses of the attention


COLOUR = PlotStyle(WEIGHTS, 0.0, "attention weight", grid=True, apart=True, gold=True)
# Figure 3 of Bahdanau et al. 2014: grey, 0 black to 1 white, ``</s>`` in line with the words.
AS_IN_2014 = PlotStyle(WEIGHTS_AS_IN_2014, 0.0, "attention weight", grid=False, apart=False, gold=False)
CHANGE = PlotStyle(DIFFERENCES, -1.0, "change of weight", grid=True, apart=True, gold=False)
