"""How the fields of records stand in JSON: matrices of weights, pixels, masks, links. ``weights: Matrix`` names the form."""

import base64
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data import stored
from data.links import Links
from data.stored import WHOLE
from reproductions.evaluation.arrays import Floats

ROW_SLACK = 1e-4  # how far float32 rounding may lift a row of weights above 1
DECIMALS = 5  # of a weight of an alignment on disk
DIGITS = 5  # significant digits of any other weight on disk; weights below SMALLEST are written as 0
SMALLEST = 1e-8


class Form(NamedTuple):
    """The types that a value may have in JSON, and the conversions between the two."""

    types: tuple[type, ...]
    to_json: Callable[[Any], Any]
    from_json: Callable[[Any], Any]


def rounded(weights: Floats) -> list[list[float]]:
    """Weights with DIGITS significant digits."""
    exact = weights.astype(np.float64)
    exact[exact < SMALLEST] = 0.0
    exponent = np.floor(np.log10(np.where(exact > 0, exact, 1.0)))
    return _to_multiples(exact, 10.0 ** (DIGITS - 1 - exponent))


def _to_decimals(weights: Floats) -> list[list[float]]:
    """Weights with DECIMALS decimals: a fifth shorter than significant digits, since most are small."""
    return _to_multiples(weights.astype(np.float64), np.full(weights.shape, 10.0**DECIMALS))


def _to_multiples(exact: NDArray[np.float64], scale: NDArray[np.float64]) -> list[list[float]]:
    """Weights as multiples of 1 / scale; a row whose sum rounding would lift above the limit is rounded down."""
    nearest = np.round(exact * scale) / scale
    cut = np.floor(exact * scale) / scale
    # Summed as they will be read back; cutting never lifts a value, so the limit then holds as it did before.
    too_much = nearest.astype(np.float32).sum(axis=1, keepdims=True, dtype=np.float64) > 1 + ROW_SLACK
    return np.where(too_much, cut, nearest).tolist()


def matrix(rows: list[Any]) -> Floats:
    """A matrix from JSON. Raises ValueError for ragged rows and for values that are not numbers."""
    lengths = {len(row) if isinstance(row, list) else -1 for row in rows}
    if len(lengths) > 1 or -1 in lengths:
        raise ValueError("weights must be a list of rows of one length")
    return np.array(rows, dtype=np.float32)


def _maps_to_json(maps: Floats) -> list[list[list[float]]]:
    rows = rounded(maps.reshape(len(maps), -1))  # a map is one distribution: the limit holds for its sum
    return [np.reshape(row, maps.shape[1:]).tolist() for row in rows]


def _stacked(arrays: Iterable[Floats]) -> Floats:
    """Raises ValueError for arrays of several shapes, or for none."""
    return np.stack(list(arrays))


Alignment = Annotated[Floats, Form((list,), _to_decimals, matrix)]
Matrix = Annotated[Floats, Form((list,), rounded, matrix)]
Probabilities = Annotated[Floats, Form((list,), lambda row: rounded(row[None])[0], lambda row: matrix([row])[0])]
Maps = Annotated[Floats, Form((list,), _maps_to_json, lambda maps: _stacked(map(matrix, maps)))]
Nats = Annotated[float, Form((float, int), lambda nats: round(nats, 4), lambda nats: nats)]


def png(pixels: NDArray[np.uint8]) -> str:
    """Pixels (h, w, 3), or a mask (h, w) in 255 steps, as PNG in base64."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")


def from_png(text: str, mode: str) -> NDArray[np.uint8]:
    """The inverse of `png`, of mode "RGB" or "L". Raises ValueError unless it is a PNG of this mode."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=("PNG",)) as image:
            if image.mode != mode:
                raise ValueError(f"the PNG of a record must be {mode}, not {image.mode}")
            return np.array(image)
    except (OSError, Image.DecompressionBombError) as error:
        raise ValueError(f"a record's pixels are no readable PNG: {error}") from error


def mask_to_png(mask: Floats) -> str:
    """A mask (h, w) in [0, 1], in 255 steps."""
    return png((mask * 255).round().astype(np.uint8))


def _mask_from_png(text: str) -> Floats:
    return np.divide(from_png(text, "L"), 255, dtype=np.float32)


Pixels = Annotated[NDArray[np.uint8], Form((str,), png, lambda text: from_png(text, "RGB"))]
Mask = Annotated[Floats, Form((str,), mask_to_png, _mask_from_png)]
Masks = Annotated[
    Floats,
    Form(
        (list,),
        lambda masks: [mask_to_png(mask) for mask in masks],
        lambda texts: _stacked(map(_mask_from_png, texts)),
    ),
]


def links_to_json(links: Links) -> dict[str, list[list[int]]]:
    """Sure and possible links in order, each a pair [target, source]."""
    return {name: [list(link) for link in sorted(getattr(links, name))] for name in ("sure", "possible")}


def _links_from_json(fields: Mapping[str, Any]) -> Links:
    stored.expect(fields, {"sure": [[WHOLE]], "possible": [[WHOLE]]})
    sure, possible = (frozenset((target, source) for target, source in fields[name]) for name in ("sure", "possible"))
    return Links(sure, possible)


GoldLinks = Annotated[Links, Form((dict,), links_to_json, _links_from_json)]
