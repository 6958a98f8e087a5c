"""What a scene consists of, drawn at random before a pixel is: the same at every size."""

from typing import NamedTuple

from data.shapes.colours import NAMES, Draw, Paint, Tones, ground_tones, paint, stands_out
from data.shapes.outlines import CLASSES, REACH

TEXTURES = ("plain", "striped", "dotted", "chequered")
_SCALES = {1: (0.25, 0.38), 2: (0.25, 0.34)}  # half-width of an object, by how many there are; the image is 2 wide
_OCTAVES = (1.0, 0.7, 0.5, 0.35)  # of the noise, coarse to fine
_TURN = 0.35  # radians to either side


class Placed(NamedTuple):
    """One object: x to the right and y downwards from the image's centre, in half-widths of the image."""

    kind: str
    paint: Paint
    texture: str
    x: float
    y: float
    scale: float
    angle: float
    phase: float


class Speck(NamedTuple):
    """Clutter: a dot, or a rod from (x - dx, y - dy) to (x + dx, y + dy), with round ends."""

    x: float
    y: float
    dx: float
    dy: float
    radius: float
    colour: int  # which of the ground's paints


class Ground(NamedTuple):
    """Tones that a noise mixes, its weight by octave, and clutter in colours that stand out as objects do."""

    tones: Tones
    octaves: tuple[float, ...]
    specks: tuple[Speck, ...]
    paints: tuple[Paint, ...]


def draw_scene(draw: Draw, kinds: tuple[str, ...], betraying: bool) -> tuple[tuple[Placed, ...], Ground]:
    """Objects of these classes and a ground on which they stand out; ``betraying``: one that tells the first class."""
    places = _places(draw, len(kinds))
    # Colours of objects and ground are drawn together until they fit; the class has no part in it.
    while True:
        paints = [paint(draw, NAMES[int(draw() * len(NAMES))]) for _ in kinds]
        tones = ground_tones(draw, CLASSES.index(kinds[0]) if betraying else None)
        if all(stands_out(one.tones, tones) for one in paints):
            break
    objects = tuple(
        Placed(
            kind,
            one,
            TEXTURES[int(draw() * len(TEXTURES))],
            *place,
            angle=_TURN * (2 * draw() - 1),
            phase=6.28 * draw(),
        )
        for kind, one, place in zip(kinds, paints, places, strict=True)
    )
    return objects, _ground(draw, tones, objects)


def draw_ground(draw: Draw, objects: tuple[Placed, ...]) -> Ground:
    """Another ground on which these objects stand out."""
    while True:
        tones = ground_tones(draw, None)
        if all(stands_out(one.paint.tones, tones) for one in objects):
            return _ground(draw, tones, objects)


def _places(draw: Draw, count: int) -> list[tuple[float, float, float]]:
    """(x, y, scale) of each object: inside the image, never over its centre, apart from each other."""
    low, high = _SCALES[count]
    places: list[tuple[float, float, float]] = []
    while len(places) < count:
        scale = low + (high - low) * draw()
        room = 1 - REACH * scale
        x, y = room * (2 * draw() - 1), room * (2 * draw() - 1)
        apart = all(max(abs(x - a), abs(y - b)) >= REACH * (scale + other) for a, b, other in places)
        if max(abs(x), abs(y)) >= REACH * scale and apart:
            places.append((x, y, scale))
        elif places:
            places = []  # a first object may leave no room for a second
    return places


def _ground(draw: Draw, tones: Tones, objects: tuple[Placed, ...]) -> Ground:
    """Clutter stands out too, but not in a colour of the objects: where it touches one, the outline can still be seen."""
    taken = {one.paint.name for one in objects}
    first = int(draw() * len(NAMES))
    drawn = [paint(draw, name) for name in (*NAMES[first:], *NAMES[:first]) if name not in taken]
    paints = [one for one in drawn if stands_out(one.tones, tones)][:3] or [one.paint for one in objects]
    specks = tuple(
        Speck(
            2 * draw() - 1, 2 * draw() - 1, rod * (draw() - 0.5), rod * (draw() - 0.5), 0.03 + 0.05 * draw(),
            int(len(paints) * draw()),
        )
        for rod in [0.0 if draw() < 0.5 else 0.3 for _ in range(7 + int(7 * draw()))]
    )  # fmt: skip
    return Ground(tones, tuple(share * (0.3 + draw()) for share in _OCTAVES), specks, tuple(paints))
