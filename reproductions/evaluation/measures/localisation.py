"""Does a map look at the object? Measures against a mask, with intervals, beside controls.

A map is (gh, gw), 0 or more for each patch, with sum 1 over the patches alone. Coverage is (gh, gw): the share of each patch
that the object covers. Every measure can be gamed alone, and an untrained network scores well in some: read them together and
beside controls (Adebayo et al. 2018).

N images, P = gh * gw patches in raster order, M measures.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from reproductions.evaluation.arrays import Bools, Doubles, Floats, Ints
from reproductions.evaluation.measures import bootstrap
from reproductions.evaluation.measures.bootstrap import Comparison, Interval, counted, mean_of_sums, rounded

MEASURES = ("auroc", "energy", "energy_gain", "ground_top1", "pointing", "iou60")
OBJECT = 0.25  # share of a patch that the object covers, from which the patch counts as the object's
INSIDE = 0.5  # likewise, for the overlap of masks
GROUND = 0.01  # below which a patch and its neighbours count as ground
MASS = 0.6  # share of a map that its mask holds, as in DINO's pictures


def coverage(masks: Floats, grid: tuple[int, int]) -> Floats:
    """Masks (N, h, w) in [0, 1] -> (N, gh, gw): the mean over each patch, exact also where pixels straddle patches."""
    down, across = (_shares(pixels, patches) for pixels, patches in zip(masks.shape[1:], grid, strict=True))
    return np.einsum("yh,nhw,xw->nyx", down, masks, across, optimize=True).astype(np.float32)


def _shares(pixels: int, patches: int) -> Doubles:
    """(patches, pixels): the share of each pixel in the mean of each patch, along one side."""
    edges = np.linspace(0, pixels, patches + 1)
    first, last = np.arange(pixels), np.arange(1, pixels + 1)
    overlap = np.minimum(last, edges[1:, None]) - np.maximum(first, edges[:-1, None])
    return np.maximum(overlap, 0) * patches / pixels


def threshold_mask(maps: Floats, mass: float = MASS) -> Bools:
    """(..., gh, gw) -> the fewest patches that hold this share of the map (Caron et al. 2021, Figure 1: 60 %).

    Patches that tie with the last one belong to it too, so that a mirrored map has the mirrored mask.
    """
    flat = maps.reshape(*maps.shape[:-2], -1).astype(np.float64)
    falling = -np.sort(-flat, axis=-1)
    total = falling.sum(axis=-1, keepdims=True)
    # How many patches hold less than the mass; the next one completes it.
    less = (np.cumsum(falling, axis=-1) < mass * total * (1 - 1e-9)).sum(axis=-1, keepdims=True)
    last = np.take_along_axis(falling, np.minimum(less, flat.shape[-1] - 1), axis=-1)
    return np.reshape(flat >= last, maps.shape)


def measure(maps: Floats, covered: Floats) -> Doubles:
    """Maps (N, gh, gw) against coverage (N, gh, gw) -> (N, 6), in the order of `MEASURES`; NaN where nothing is covered.

    auroc        chance that a patch of the object outranks one of the ground; 0.5 is blind
    energy       share of the map on the object (energy-based pointing game, Wang et al. 2020)
    energy_gain  energy over the area of the object; 1 is blind
    ground_top1  1 where the highest patch lies on the ground, more than one patch away from the object
    pointing     1 where the highest patch lies on the object (Zhang et al. 2018)
    iou60        overlap of the mask that holds 60 % of the map with the object

    A patch is the object's from a quarter covered; of a small object, the patch that it covers most. Patches that tie for the
    highest count by their expected value. Raises ValueError for maps that are negative or do not sum to 1, as with the class
    token's share still in them.
    """
    flat, parts = (values.reshape(len(maps), -1).astype(np.float64) for values in (maps, covered))
    sums = flat.sum(axis=1)
    if len(flat) and ((flat < 0).any() or np.abs(sums - 1).max() > 1e-3 or not np.isfinite(sums).all()):
        raise ValueError(f"a map must be 0 or more and sum to 1 over patches, but sums reach from {sums.min():.4f} to "
                         f"{sums.max():.4f} and values from {flat.min():.4f}")  # fmt: skip
    top = flat == flat.max(axis=1, keepdims=True)
    energy, area = (flat * parts).sum(axis=1), parts.mean(axis=1)
    ground = _dilated(covered).reshape(parts.shape) < GROUND
    of_object, inside = _at_least(parts, OBJECT), _at_least(parts, INSIDE)
    held = threshold_mask(maps).reshape(parts.shape)
    is_there = area > 0
    columns = [
        _auroc(flat, of_object),
        energy,
        np.divide(energy, area, out=np.zeros_like(energy), where=is_there),
        (top & ground).sum(axis=1) / top.sum(axis=1),
        (top & of_object).sum(axis=1) / top.sum(axis=1),
        (held & inside).sum(axis=1) / (held | inside).sum(axis=1),
    ]
    table = np.stack(columns, axis=1)
    table[~is_there] = np.nan
    return table


def means(maps: Floats, covered: Floats) -> dict[str, float]:
    """The mean of each measure over the maps that it is defined for; a measure that no map defines is left out."""
    table = measure(maps, covered) if len(maps) else np.zeros((0, len(MEASURES)))
    defined = ~np.isnan(table)
    return {name: float(table[defined[:, i], i].mean()) for i, name in enumerate(MEASURES) if defined[:, i].any()}


def measured(shown: Floats, mask: Floats | None) -> dict[str, float]:
    """Each measure that is defined of one map (gh, gw) against a mask (h, w); none without an object."""
    if mask is None or not mask.any():
        return {}
    return means(shown[None], coverage(mask[None], (shown.shape[0], shown.shape[1])))


def _at_least(parts: Doubles, part: float) -> Bools:
    """Patches that are covered to a part; of an object that covers none so far, those that it covers most."""
    return parts >= np.minimum(part, parts.max(axis=1, keepdims=True))


def _dilated(covered: Floats) -> Floats:
    """The largest of each patch and its eight neighbours."""
    rim = np.pad(covered, ((0, 0), (1, 1), (1, 1)))
    near = np.lib.stride_tricks.sliding_window_view(rim, (3, 3), axis=(1, 2))
    return near.max(axis=(3, 4))


def _auroc(values: Doubles, positive: Bools) -> Doubles:
    """(N, P) -> (N): area under the ROC curve by ranks, ties at their mean rank; NaN without both kinds of patches."""
    order = np.argsort(values, axis=1)
    rising = np.take_along_axis(values, order, axis=1)
    first = np.ones_like(positive)  # where a run of equal values begins, in each row
    first[:, 1:] = rising[:, 1:] > rising[:, :-1]
    run = np.cumsum(first.ravel()) - 1
    ranks = np.broadcast_to(np.arange(1.0, values.shape[1] + 1), values.shape).ravel()
    middle = (np.bincount(run, ranks) / np.bincount(run))[run].reshape(values.shape)
    hits = (middle * np.take_along_axis(positive, order, axis=1)).sum(axis=1)
    yes = positive.sum(axis=1).astype(np.float64)
    pairs = yes * (values.shape[1] - yes)
    return np.divide(hits - yes * (yes + 1) / 2, pairs, out=np.full(len(values), np.nan), where=pairs > 0)


def intervals(table: Doubles, owners: Ints | None = None, names: Sequence[str] = MEASURES) -> dict[str, Interval]:
    """Mean of each measure (N, M) over the rows that define it, with its 95 % interval; a measure that none defines is left out.

    ``owners`` (N): the image of each row where an image has several rows, which are then resampled together.
    """
    of_place: dict[int, Interval] = {}
    defined, group = np.unique(~np.isnan(table), axis=1, return_inverse=True)  # measures that the same rows define
    for number in range(defined.shape[1]):
        rows = defined[:, number]
        places = np.flatnonzero(group.ravel() == number)
        if rows.any():
            sums = [_sums(table[rows, place], owners, rows) for place in places]
            each = np.stack([total[:, 0] for total in sums] + [sums[0][:, 1]], axis=1)
            of_place |= dict(zip(places.tolist(), bootstrap.bootstrap_means(each), strict=True))
    return {names[place]: of_place[place] for place in sorted(of_place)}


def against(
    table: Doubles, control: Doubles, owners: Ints | None = None, names: Sequence[str] = MEASURES
) -> dict[str, Comparison]:
    """Table (N, M) minus control, measure by measure, both on the same images, which are resampled together."""
    differences = {}
    for place, name in enumerate(names):
        rows = ~(np.isnan(table[:, place]) | np.isnan(control[:, place]))
        if rows.any():
            ours, of_control = (_sums(each[rows, place], owners, rows) for each in (table, control))
            differences[name] = bootstrap.paired_bootstrap(of_control, ours, mean_of_sums)
    return differences


class Beside(NamedTuple):
    """One map's measures, and how far the map of the first row is from it; by group of images, "all" among them."""

    measures: Mapping[str, Mapping[str, Interval]]
    differences: Mapping[str, Mapping[str, Comparison]]


def compared(
    tables: Mapping[str, Doubles],
    names: Sequence[str],
    groups: Mapping[str, Bools] | None = None,
    owners: Ints | None = None,
) -> dict[str, Beside]:
    """Measures (N, M), by the name of a map, on all rows and on groups (N) of them; the first map is compared with the others.

    ``names``: of the measures. ``owners``: as in :func:`intervals`.
    """
    first = next(iter(tables.values()))
    chosen = {"all": np.ones(len(first), dtype=bool)} | dict(groups or {})

    def beside(table: Doubles) -> Beside:
        measures, differences = {}, {}
        for group, rows in chosen.items():
            owned = None if owners is None else owners[rows]
            measures[group] = intervals(table[rows], owned, names)
            if table is not first:
                differences[group] = against(first[rows], table[rows], owned, names)
        return Beside(measures, differences)

    return {name: beside(table) for name, table in tables.items()}


def beside_controls(
    maps: Mapping[str, Floats], covered: Floats, groups: Mapping[str, Bools] | None = None, owners: Ints | None = None
) -> dict[str, Beside]:
    """Maps (N, gh, gw) by name against coverage (N, gh, gw): the first, then its controls; see :func:`compared`."""
    tables = {name: measure(np.broadcast_to(shown, covered.shape), covered) for name, shown in maps.items()}
    return compared(tables, MEASURES, groups, owners)


def plain(rows: Mapping[str, Beside]) -> dict[str, Any]:
    """Measures with their intervals, and what the first row is above each other, as plain types for JSON."""

    def each(values: Mapping[str, Interval] | Mapping[str, Comparison]) -> dict[str, list[float]]:
        return {name: rounded(value) for name, value in values.items()}

    return {
        name: {group: each(measures) for group, measures in row.measures.items()}
        | {f"first minus this, {group}": each(difference) for group, difference in row.differences.items()}
        for name, row in rows.items()
    }


def _sums(values: Doubles, owners: Ints | None, rows: Bools) -> Doubles:
    """(images, 2): the sum of the values of each image, and their number."""
    if owners is None:
        return counted(values)
    places = np.unique(owners[rows], return_inverse=True)[1]
    return np.stack([np.bincount(places, values), np.bincount(places).astype(np.float64)], axis=1)
