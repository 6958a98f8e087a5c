"""Where a model looks, layer by layer, as one row of pictures and as a film."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reproductions.evaluation import files, plots


class Film(NamedTuple):
    """The two files of one film."""

    strip: Path
    film: Path


def depth_film(
    photo: plots.Photo | NDArray[np.uint8], layers: NDArray[np.float32], titles: tuple[str, str], stem: Path
) -> Film:
    """Draw maps (L, gh, gw), first layer first, over a photo or an image (h, w, 3).

    Files are ``<stem>-layers.png`` and ``<stem>-layers.gif``.

    ``titles``: model and age; name of the image and what the maps are.
    """
    names = [f"layer {number}" for number in range(1, len(layers) + 1)]
    strip = files.save(plots.film(photo, layers, names, *titles), stem.with_name(f"{stem.name}-layers.png"))
    frames = [plots.film(photo, one[None], [name], *titles) for one, name in zip(layers, names, strict=True)]
    return Film(strip, files.film(frames, stem.with_name(f"{stem.name}-layers.gif")))
