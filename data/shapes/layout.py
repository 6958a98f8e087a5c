"""What a scene consists of, drawn at random before any pixel: the same at every size."""

from collections.abc import Sequence
from typing import NamedTuple

from data.shapes.colours import NAMES, Draw, Paint, Tones, ground_tones, paint, stands_out
from data.shapes.outlines import CLASSES, REACH

TEXTURES = ("plain", "striped", "dotted", "chequered")
# Half-width of an object, by the number of objects; the image is 2 wide.
_SCALES = {1: (0.25, 0.38), 2: (0.25, 0.34)}
_GROUPED_SCALES = {1: (0.3, 0.4), 2: (0.27, 0.36), 3: (0.24, 0.31)}
_OCTAVES = (1.0, 0.7, 0.5, 0.35)  # of the noise, coarse to fine
_TURN = 0.35  # radians to either side

Place = tuple[float, float, float]  # x, y and half-width


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
    """Tones, the weights of the noise that mixes them, and clutter in colours that stand out as objects do."""

    tones: Tones
    octaves: tuple[float, ...]
    specks: tuple[Speck, ...]
    paints: tuple[Paint, ...]


def draw_scene(draw: Draw, kinds: tuple[str, ...], betraying: bool) -> tuple[tuple[Placed, ...], Ground]:
    """Objects of these classes and a ground on which they stand out; ``betraying``: a ground that reveals the first class."""
    places = _places(draw, _SCALES[len(kinds)], len(kinds))
    # Colours of objects and ground are drawn together until they fit, independently of the class.
    while True:
        paints = [paint(draw, NAMES[int(draw() * len(NAMES))]) for _ in kinds]
        tones = ground_tones(draw, CLASSES.index(kinds[0]) if betraying else None)
        if all(stands_out(colour.tones, tones) for colour in paints):
            break
    objects = tuple(
        Placed(
            kind,
            colour,
            TEXTURES[int(draw() * len(TEXTURES))],
            *place,
            angle=_TURN * (2 * draw() - 1),
            phase=6.28 * draw(),
        )
        for kind, colour, place in zip(kinds, paints, places, strict=True)
    )
    return objects, _ground(draw, tones, objects)


def draw_groups(
    draw: Draw, kinds: tuple[str, ...], counts: tuple[int, ...], relation: str | None
) -> tuple[tuple[Placed, ...], Ground]:
    """Groups of objects: alike within a group in class, colour and texture, different between groups in class and colour.

    ``counts``: objects of each group; the first group comes first. ``relation``: how the first group lies to the second,
    see `holds`. There is half as much clutter as in `draw_scene`, because an object takes half the room.
    """
    places = _grouped_places(draw, counts, relation)
    while True:
        names: list[str] = []
        while len(names) < len(kinds):
            names += [name for name in [NAMES[int(draw() * len(NAMES))]] if name not in names]
        paints, tones = [paint(draw, name) for name in names], ground_tones(draw, None)
        if all(stands_out(colour.tones, tones) for colour in paints):
            break
    textures = [TEXTURES[int(draw() * len(TEXTURES))] for _ in kinds]
    group = [number for number, count in enumerate(counts) for _ in range(count)]
    objects = tuple(
        Placed(kinds[g], paints[g], textures[g], *place, angle=_TURN * (2 * draw() - 1), phase=6.28 * draw())
        for g, place in zip(group, places, strict=True)
    )
    return objects, _ground(draw, tones, objects, specks=3)


def holds(relation: str, first: Sequence[Place], second: Sequence[Place]) -> bool:
    """Whether a group lies "above", "below", "left of" or "right of" another: all of its objects lie wholly on that side, and
    the groups overlap in the other direction, so that two relations never hold at once.
    """
    axis, sign = {"above": (1, -1), "below": (1, 1), "left of": (0, -1), "right of": (0, 1)}[relation]
    apart = all(sign * (p[axis] - q[axis]) >= REACH * (p[2] + q[2]) for p in first for q in second)
    (a, b), (c, d) = (_core(group, 1 - axis) for group in (first, second))
    return apart and a <= d and c <= b


def _core(group: Sequence[Place], axis: int) -> tuple[float, float]:
    """The range that objects surely cover along an axis: every outline extends at least half its half-width each way."""
    return min(place[axis] - place[2] / 2 for place in group), max(place[axis] + place[2] / 2 for place in group)


def _grouped_places(draw: Draw, counts: tuple[int, ...], relation: str | None) -> list[Place]:
    while True:
        places = _places(draw, _GROUPED_SCALES[sum(counts)], sum(counts))
        if relation is None or holds(relation, places[: counts[0]], places[counts[0] :]):
            return places


def draw_ground(draw: Draw, objects: tuple[Placed, ...]) -> Ground:
    """Another ground on which these objects stand out."""
    while True:
        tones = ground_tones(draw, None)
        if all(stands_out(placed.paint.tones, tones) for placed in objects):
            return _ground(draw, tones, objects)


def _places(draw: Draw, scales: tuple[float, float], count: int) -> list[Place]:
    """(x, y, scale) of each object: inside the image, never over its centre, apart from each other."""
    low, high = scales
    places: list[Place] = []
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


def _ground(draw: Draw, tones: Tones, objects: tuple[Placed, ...], specks: int = 7) -> Ground:
    """A ground with ``specks`` to 2 ``specks`` - 1 pieces of clutter. Clutter stands out too, but in other colours than the
    objects: the outline stays visible where they touch.
    """
    taken = {placed.paint.name for placed in objects}
    first = int(draw() * len(NAMES))
    drawn = [paint(draw, name) for name in (*NAMES[first:], *NAMES[:first]) if name not in taken]
    paints = [colour for colour in drawn if stands_out(colour.tones, tones)][:3] or [placed.paint for placed in objects]
    clutter = tuple(
        Speck(
            2 * draw() - 1, 2 * draw() - 1, rod * (draw() - 0.5), rod * (draw() - 0.5), 0.03 + 0.05 * draw(),
            int(len(paints) * draw()),
        )
        for rod in [0.0 if draw() < 0.5 else 0.3 for _ in range(specks + int(specks * draw()))]
    )  # fmt: skip
    return Ground(tones, tuple(share * (0.3 + draw()) for share in _OCTAVES), clutter, tuple(paints))
