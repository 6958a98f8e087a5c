"""Figure -> file. The file appears whole or not at all, and the same figure gives the same bytes."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from data.errors import UserError
from data.whole import whole

NO_DATE: dict[str, dict[str, None]] = {
    ".png": {},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".svg": {"Date": None, "Creator": None},
}
FOLLOWED_DPI = 110  # of the pictures through training
COLOURED = "coloured"  # what a PNG calls its parts in colour
FRAME, LAST = 700, 1800  # milliseconds of a frame of a film, and of the last one


def save(figure: Figure, path: Path, dpi: int = 200, small: bool = False) -> Path:
    """Write a figure as .png, .pdf or .svg, by the suffix of path, and return path. Raises UserError for another suffix.

    small: as a PNG of 256 colours, two thirds of the size or less; enough for maps of one hue.
    """
    suffix = path.suffix.lower()
    if suffix not in NO_DATE:
        raise UserError(f"{path}: a figure is saved as one of {', '.join(sorted(NO_DATE))}, not {suffix!r}")
    # Type 42 keeps text in a PDF selectable; the salt makes the names inside an SVG repeatable.
    with whole(path) as partial, matplotlib.rc_context({"pdf.fonttype": 42, "svg.hashsalt": "reproductions"}):
        if suffix == ".png":
            drawn, about = _pixels(figure, dpi), PngInfo()
            about.add_text(COLOURED, json.dumps(_coloured(figure)))
            if small:
                drawn = drawn.quantize(256, dither=Image.Dither.NONE)
            drawn.save(partial, "PNG", dpi=(dpi, dpi), pnginfo=about)
        else:
            figure.savefig(partial, format=suffix[1:], metadata=NO_DATE[suffix])
    return path


def _coloured(figure: Figure) -> list[list[float]]:
    """Left, top, right and bottom of each photo, map and colour bar of a drawn figure, in % of its width and height."""
    places = (axes.get_position() for axes in figure.axes if axes.images or axes.collections)
    return [[round(100 * part, 2) for part in (place.x0, 1 - place.y1, place.x1, 1 - place.y0)] for place in places]


def around_colours(path: Path) -> str:
    """The area of a saved PNG that holds no colours, as a CSS polygon: text on white, which a dark page turns round."""
    with Image.open(path) as image:
        boxes = json.loads(image.info.get(COLOURED, "[]"))
    corners = [((0, 0), (x, y), (X, y), (X, Y), (x, Y), (x, y)) for x, y, X, Y in ([0, 0, 100, 100], *boxes)]
    return f"polygon(evenodd, {', '.join(f'{x}% {y}%' for box in corners for x, y in box)})" if boxes else "circle(0)"


def film(frames: Sequence[Figure | Path], path: Path, dpi: int = 110) -> Path:
    """Write figures, or saved pictures, as an animated GIF that repeats for ever, and return path.

    Frames are padded with white to the size of the largest.
    """
    pictures = [_pixels(frame, dpi) for frame in frames]
    size = (max(picture.width for picture in pictures), max(picture.height for picture in pictures))
    pages = []
    for picture in pictures:
        page = Image.new("RGB", size, "white")
        page.paste(picture)
        pages.append(page.quantize(256, dither=Image.Dither.NONE))
    times = [FRAME] * (len(pages) - 1) + [LAST]
    with whole(path) as partial:
        pages[0].save(partial, "GIF", save_all=True, append_images=pages[1:], duration=times, loop=0, disposal=1)
    return path


def _pixels(frame: Figure | Path, dpi: int) -> Image.Image:
    if isinstance(frame, Path):
        with Image.open(frame) as image:
            return image.convert("RGB")
    frame.set_dpi(dpi)
    canvas = FigureCanvasAgg(frame)
    canvas.draw()  # type: ignore[no-untyped-call]
    drawn = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    return Image.fromarray(np.asarray(drawn)).convert("RGB")


def json_text(value: Any, indent: int | None = None) -> str:
    """Plain values as JSON; numbers that are not finite become null."""
    return json.dumps(_finite(value), indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_text(path: Path, text: str) -> Path:
    """Write a text file, whole or not at all, and return path."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


def write_json(path: Path, value: Any) -> Path:
    """Write plain values as JSON, whole or not at all, and return path; see :func:`json_text`."""
    return write_text(path, json_text(value, indent=1))
