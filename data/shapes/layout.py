"""What a scene consists of, drawn at random before a pixel is: the same at every size."""

from collections.abc import Sequence
from typing import NamedTuple

from data.shapes.colours import NAMES, Draw, Paint, Tones, ground_tones, paint, stands_out
from data.shapes.outlines import CLASSES, REACH

TEXTURES = ("plain", "striped", "dotted", "chequered")
# Half-width of an object, by how many there are; the image is 2 wide.
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
    """Tones that a noise mixes, its weight by octave, and clutter in colours that stand out as objects do."""

    tones: Tones
    octaves: tuple[float, ...]
    specks: tuple[Speck, ...]
    paints: tuple[Paint, ...]


def draw_scene(draw: Draw, kinds: tuple[str, ...], betraying: bool) -> tuple[tuple[Placed, ...], Ground]:
    """Objects of these classes and a ground on which they stand out; ``betraying``: one that tells the first class."""
    places = _places(draw, _SCALES[len(kinds)], len(kinds))
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


def draw_groups(
    draw: Draw, kinds: tuple[str, ...], counts: tuple[int, ...], relation: str | None
) -> tuple[tuple[Placed, ...], Ground]:
    """Groups of objects that are alike in class, colour and texture, and differ from group to group in class and colour.

    ``counts``: objects of each group; those of the first come first. ``relation``: how the first group lies to the second,
    see `holds`. Clutter is half as much as in `draw_scene`, for an object takes half the room.
    """
    places = _grouped_places(draw, counts, relation)
    while True:
        names: list[str] = []
        while len(names) < len(kinds):
            names += [name for name in [NAMES[int(draw() * len(NAMES))]] if name not in names]
        paints, tones = [paint(draw, name) for name in names], ground_tones(draw, None)
        if all(stands_out(one.tones, tones) for one in paints):
            break
    textures = [TEXTURES[int(draw() * len(TEXTURES))] for _ in kinds]
    group = [number for number, count in enumerate(counts) for _ in range(count)]
    objects = tuple(
        Placed(kinds[g], paints[g], textures[g], *place, angle=_TURN * (2 * draw() - 1), phase=6.28 * draw())
        for g, place in zip(group, places, strict=True)
    )
    return objects, _ground(draw, tones, objects, specks=3)


def holds(relation: str, first: Sequence[Place], second: Sequence[Place]) -> bool:
    """Whether a group lies "above", "below", "left of" or "right of" another: each of its objects wholly on that side, and
    both in part at the same places of the other direction, so that two relations never hold at once.
    """
    axis, sign = {"above": (1, -1), "below": (1, 1), "left of": (0, -1), "right of": (0, 1)}[relation]
    apart = all(sign * (one[axis] - two[axis]) >= REACH * (one[2] + two[2]) for one in first for two in second)
    (a, b), (c, d) = (_core(group, 1 - axis) for group in (first, second))
    return apart and a <= d and c <= b


def _core(group: Sequence[Place], axis: int) -> tuple[float, float]:
    """From where to where objects surely reach along an axis: every outline goes half its half-width each way."""
    return min(one[axis] - one[2] / 2 for one in group), max(one[axis] + one[2] / 2 for one in group)


def _grouped_places(draw: Draw, counts: tuple[int, ...], relation: str | None) -> list[Place]:
    while True:
        places = _places(draw, _GROUPED_SCALES[sum(counts)], sum(counts))
        if relation is None or holds(relation, places[: counts[0]], places[counts[0] :]):
            return places


def draw_ground(draw: Draw, objects: tuple[Placed, ...]) -> Ground:
    """Another ground on which these objects stand out."""
    while True:
        tones = ground_tones(draw, None)
        if all(stands_out(one.paint.tones, tones) for one in objects):
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
    """From ``specks`` pieces of clutter to twice as many, but one. Clutter stands out too, but not in a colour of the
    objects: where it touches one, the outline can still be seen.
    """
    taken = {one.paint.name for one in objects}
    first = int(draw() * len(NAMES))
    drawn = [paint(draw, name) for name in (*NAMES[first:], *NAMES[:first]) if name not in taken]
    paints = [one for one in drawn if stands_out(one.tones, tones)][:3] or [one.paint for one in objects]
    clutter = tuple(
        Speck(
            2 * draw() - 1, 2 * draw() - 1, rod * (draw() - 0.5), rod * (draw() - 0.5), 0.03 + 0.05 * draw(),
            int(len(paints) * draw()),
        )
        for rod in [0.0 if draw() < 0.5 else 0.3 for _ in range(specks + int(specks * draw()))]
    )  # fmt: skip
    return Ground(tones, tuple(share * (0.3 + draw()) for share in _OCTAVES), clutter, tuple(paints))
