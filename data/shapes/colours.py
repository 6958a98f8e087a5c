"""Named colours, the tones of ground and objects, and how much two of them differ."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float32]  # (3,) red, green, blue in [0, 1]
Tones = NDArray[np.float32]  # (2, 3): what a pattern alternates between
Draw = Callable[[], float]  # the next random number in [0, 1)

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.84, 0.16, 0.18),
    "orange": (0.95, 0.52, 0.12),
    "yellow": (0.96, 0.84, 0.20),
    "green": (0.20, 0.60, 0.26),
    "teal": (0.08, 0.60, 0.62),
    "blue": (0.16, 0.34, 0.80),
    "purple": (0.50, 0.22, 0.66),
    "pink": (0.96, 0.56, 0.74),
    "white": (0.95, 0.95, 0.93),
    "black": (0.10, 0.10, 0.12),
}
NAMES = tuple(COLOURS)
# Grounds that reveal the class, one for each class: as far from each other as muted colours can be.
_BETRAYING = np.array(
    [
        (0.62, 0.30, 0.30), (0.30, 0.58, 0.32), (0.30, 0.34, 0.66), (0.66, 0.62, 0.30), (0.30, 0.62, 0.64),
        (0.62, 0.32, 0.62), (0.20, 0.20, 0.22), (0.46, 0.46, 0.46), (0.80, 0.80, 0.78), (0.76, 0.52, 0.34),
    ],
    dtype=np.float32,
)  # fmt: skip
# Brightness counts twice: it makes an edge visible at this size.
_OPPONENT = np.array([(0.6, 0.5, -0.25), (1.18, -0.5, -0.25), (0.22, 0.0, 0.5)], dtype=np.float32)
CONTRAST = 0.32  # least distance between any tone of an object, or of clutter, and any of the ground


class Paint(NamedTuple):
    """A named colour as drawn, a little different from the pure colour, and a second tone of it."""

    name: str
    tones: Tones


def paint(draw: Draw, name: str) -> Paint:
    """Nearly the colour of that name, with a lighter or darker second tone."""
    base = np.array([min(max(part + 0.1 * (draw() - 0.5), 0.0), 1.0) for part in COLOURS[name]], dtype=np.float32)
    # Towards white or black, whichever is farther away.
    second = base + 0.38 * ((1.0 if float(base @ _OPPONENT[:, 0]) < 1.1 else 0.0) - base)
    return Paint(name, np.stack([base, second]))


def ground_tones(draw: Draw, label: int | None) -> Tones:
    """Two tones of a muted colour: a random one, or the one that reveals class ``label``."""
    if label is None:
        grey = 0.12 + 0.76 * draw()
        base = np.array([grey + 0.34 * (draw() - 0.5) for _ in range(3)], dtype=np.float32)
    else:
        base = _BETRAYING[label] + np.array([0.06 * (draw() - 0.5) for _ in range(3)], dtype=np.float32)
    step = 0.06 + 0.08 * draw()
    return np.clip(np.stack([base - step, base + step]), 0.0, 1.0)


def stands_out(tones: Tones, ground: Tones) -> bool:
    """Whether each tone differs by at least CONTRAST from both tones of the ground, and from the tone between them."""
    points = (tones @ _OPPONENT).tolist()
    (a, b, c), (d, e, f) = (ground @ _OPPONENT).tolist()
    steps = ((a, b, c), ((a + d) / 2, (b + e) / 2, (c + f) / 2), (d, e, f))
    return all((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 >= CONTRAST**2 for x, y, z in points for a, b, c in steps)
