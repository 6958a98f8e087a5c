"""Does a map look at the object? Measures against a mask, with intervals, beside controls.

A map is (gh, gw), a number of at least 0 for each patch, with sum 1 over the patches alone. Coverage is (gh, gw): how much of
each patch the object covers, between 0 and 1. Every measure can be gamed alone, and an untrained network scores well in
some: read them together and beside controls (Adebayo et al. 2018).

N images, P = gh * gw patches in raster order.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reproductions.evaluation.measures.bootstrap import (
    Comparison,
    Interval,
    bootstrap,
    bootstrap_means,
    counted,
    mean_of_sums,
    paired_bootstrap,
)

Maps = NDArray[np.float32]
Table = NDArray[np.float64]

MEASURES = ("auroc", "energy", "energy_gain", "ground_top1", "pointing", "iou60")
OBJECT = 0.25  # of a patch that the object covers, from which the patch counts as the object's
INSIDE = 0.5  # likewise, for the overlap of masks
GROUND = 0.01  # below which a patch and its neighbours count as ground
MASS = 0.6  # of a map that its mask holds, as in DINO's pictures


def coverage(masks: Maps, grid: tuple[int, int]) -> Maps:
    """Masks (N, h, w) in [0, 1] -> (N, gh, gw): the mean over each patch, exact also where pixels straddle patches.

    Raises ValueError for another shape, or for a grid finer than the pixels.
    """
    if masks.ndim != 3 or min(grid) < 1 or masks.shape[1] < grid[0] or masks.shape[2] < grid[1]:
        raise ValueError(f"masks (images, height, width) of shape {masks.shape} do not fit a grid of {grid} patches")
    down, across = (_shares(pixels, patches) for pixels, patches in zip(masks.shape[1:], grid, strict=True))
    covered: Maps = np.einsum("yh,nhw,xw->nyx", down, masks, across, optimize=True).astype(np.float32)
    return covered


def _shares(pixels: int, patches: int) -> Table:
    """(patches, pixels): the share of each pixel in the mean of each patch, along one side."""
    edges = np.linspace(0, pixels, patches + 1)
    first, last = np.arange(pixels), np.arange(1, pixels + 1)
    overlap = np.minimum(last, edges[1:, None]) - np.maximum(first, edges[:-1, None])
    shares: Table = np.maximum(overlap, 0) * patches / pixels
    return shares


def threshold_mask(maps: Maps, mass: float = MASS) -> NDArray[np.bool_]:
    """(..., gh, gw) -> the fewest patches that hold a part of the map (Caron et al. 2021, Figure 1: 60 %).

    Patches that tie with the last one belong to it too, so that a mirrored map has the mirrored mask.
    """
    flat = maps.reshape(*maps.shape[:-2], -1).astype(np.float64)
    falling = -np.sort(-flat, axis=-1)
    total = falling.sum(axis=-1, keepdims=True)
    # How many patches hold less than the mass; the next one completes it.
    less = (np.cumsum(falling, axis=-1) < mass * total * (1 - 1e-9)).sum(axis=-1, keepdims=True)
    last = np.take_along_axis(falling, np.minimum(less, flat.shape[-1] - 1), axis=-1)
    held = flat >= last
    return np.reshape(held, maps.shape)


def measure(maps: Maps, covered: Maps) -> Table:
    """Maps (N, gh, gw) against coverage (N, gh, gw) -> (N, 6), in the order of `MEASURES`; NaN where nothing is covered.

    auroc        chance that a patch of the object outranks one of the ground; 0.5 is blind
    energy       part of the map on the object (energy-based pointing game, Wang et al. 2020)
    energy_gain  energy over the area of the object; 1 is blind
    ground_top1  1 where the highest patch lies on the ground, more than one patch away from the object
    pointing     1 where the highest patch lies on the object (Zhang et al. 2018)
    iou60        overlap of the mask that holds 60 % of the map with the object

    A patch is the object's from a quarter covered, of small objects the patch that they cover most. Where patches tie for
    the highest, the expected value counts. Raises ValueError where the shapes differ, and for maps that are negative or do
    not sum to 1: was the class token's share taken out without bringing the rest back to 1?
    """
    if maps.shape != covered.shape or maps.ndim != 3:
        raise ValueError(f"maps {maps.shape} and coverage {covered.shape} must both be (images, rows, columns)")
    flat, parts = (values.reshape(len(maps), -1).astype(np.float64) for values in (maps, covered))
    sums = flat.sum(axis=1)
    if len(flat) and ((flat < 0).any() or np.abs(sums - 1).max() > 1e-3 or not np.isfinite(sums).all()):
        raise ValueError(f"a map must be 0 or more and sum to 1 over patches, but sums reach from {sums.min():.4f} to "
                         f"{sums.max():.4f} and values from {flat.min():.4f}")  # fmt: skip
    top = flat == flat.max(axis=1, keepdims=True)
    energy, area = (flat * parts).sum(axis=1), parts.mean(axis=1)
    ground = _dilated(covered).reshape(parts.shape) < GROUND
    inside, held = _at_least(parts, INSIDE), threshold_mask(maps).reshape(parts.shape)
    found = area > 0
    table = np.stack(
        [
            _auroc(flat, _at_least(parts, OBJECT)),
            energy,
            np.divide(energy, area, out=np.zeros_like(energy), where=found),
            (top & ground).sum(axis=1) / top.sum(axis=1),
            (top & _at_least(parts, OBJECT)).sum(axis=1) / top.sum(axis=1),
            (held & inside).sum(axis=1) / (held | inside).sum(axis=1),
        ],
        axis=1,
    )
    table[~found] = np.nan
    return table


def means(maps: Maps, covered: Maps) -> dict[str, float]:
    """The mean of each measure over the maps that it is defined for; a measure that none defines is left out."""
    table = measure(maps, covered) if len(maps) else np.zeros((0, len(MEASURES)))
    known = ~np.isnan(table)
    return {name: float(table[known[:, i], i].mean()) for i, name in enumerate(MEASURES) if known[:, i].any()}


def measured(shown: Maps, mask: Maps | None) -> dict[str, float]:
    """Each measure of one map (gh, gw) against a mask (h, w), those that are defined; none where no object is known."""
    if mask is None or not mask.any():
        return {}
    return means(shown[None], coverage(mask[None], (shown.shape[0], shown.shape[1])))


def _at_least(parts: Table, part: float) -> NDArray[np.bool_]:
    """Patches that are covered to a part; of an object that covers none so far, those that it covers most."""
    enough: NDArray[np.bool_] = parts >= np.minimum(part, parts.max(axis=1, keepdims=True))
    return enough


def _dilated(covered: Maps) -> Maps:
    """The largest of each patch and its eight neighbours."""
    rim = np.pad(covered, ((0, 0), (1, 1), (1, 1)))
    near = np.lib.stride_tricks.sliding_window_view(rim, (3, 3), axis=(1, 2))
    largest: Maps = near.max(axis=(3, 4))
    return largest


def _auroc(values: Table, positive: NDArray[np.bool_]) -> Table:
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
    area: Table = np.divide(hits - yes * (yes + 1) / 2, pairs, out=np.full(len(values), np.nan), where=pairs > 0)
    return area


# --- Many images, and beside controls -----------------------------------------------------------------------------------


def intervals(table: Table, owners: NDArray[np.int64] | None = None) -> dict[str, Interval]:
    """Mean of each measure over the maps it is defined for, with its 95 % interval; table as from `measure`.

    A measure that no map defines is left out. ``owners`` (N): the image of each map where an image has several, which are then
    resampled together.
    """
    found: dict[int, Interval] = {}
    known, group = np.unique(~np.isnan(table), axis=1, return_inverse=True)  # measures that the same maps define
    for number in range(known.shape[1]):
        rows = known[:, number]
        places = np.flatnonzero(group.ravel() == number)
        if rows.any():
            sums = [_sums(table[rows, place], owners, rows) for place in places]
            each = np.stack([one[:, 0] for one in sums] + [sums[0][:, 1]], axis=1)
            found |= dict(zip(places.tolist(), bootstrap_means(each), strict=True))
    return {MEASURES[place]: found[place] for place in sorted(found)}


def against(table: Table, control: Table, owners: NDArray[np.int64] | None = None) -> dict[str, Comparison]:
    """Map minus control, measure by measure, both on the same images, which are resampled together.

    Raises ValueError for tables of different images.
    """
    if table.shape != control.shape:
        raise ValueError(
            f"map and control need the same images, but their tables are {table.shape} and {control.shape}"
        )
    found = {}
    for place, name in enumerate(MEASURES):
        known = ~(np.isnan(table[:, place]) | np.isnan(control[:, place]))
        if known.any():
            ours, theirs = (_sums(one[known, place], owners, known) for one in (table, control))
            found[name] = paired_bootstrap(theirs, ours, mean_of_sums)
    return found


class Beside(NamedTuple):
    """One map's measures, and how far the map of the first row is from it; by group of maps, "all" among them."""

    measures: Mapping[str, Mapping[str, Interval]]
    differences: Mapping[str, Mapping[str, Comparison]]


def beside_controls(
    maps: Mapping[str, Maps],
    covered: Maps,
    groups: Mapping[str, NDArray[np.bool_]] | None = None,
    owners: NDArray[np.int64] | None = None,
) -> dict[str, Beside]:
    """The first of the maps, then its controls, each on all that is covered and on groups of it.

    Args:
        maps: (N, gh, gw) by name; the first is the one in question.
        covered: (N, gh, gw).
        groups: (N) each, by name.
        owners: (N), the image of each map where an image has several; None where it has one.
    """
    chosen = {"all": np.ones(len(covered), dtype=bool)} | dict(groups or {})
    tables = {name: measure(np.broadcast_to(one, covered.shape), covered) for name, one in maps.items()}
    first = next(iter(tables))

    def owned(rows: NDArray[np.bool_]) -> NDArray[np.int64] | None:
        return None if owners is None else owners[rows]

    return {
        name: Beside(
            {group: intervals(table[rows], owned(rows)) for group, rows in chosen.items()},
            {group: against(tables[first][rows], table[rows], owned(rows)) for group, rows in chosen.items()}
            if name != first
            else {},
        )
        for name, table in tables.items()
    }


def compared(values: Mapping[str, Mapping[str, Table]], groups: Mapping[str, NDArray[np.bool_]]) -> dict[str, Beside]:
    """Means of values (N) by the name of a map and of a measure, and how far the first map is from each other one.

    Both are over all images and over groups (N) of them; a group of no image has no measures.
    """
    first = next(iter(values.values()))
    chosen = {"all": np.ones(len(next(iter(first.values()))), dtype=bool)} | dict(groups)

    def interval(of: Table, rows: NDArray[np.bool_]) -> Interval:
        return bootstrap(counted(of[rows]), mean_of_sums)

    def difference(measure: str, of: Table, rows: NDArray[np.bool_]) -> Comparison:
        return paired_bootstrap(counted(of[rows]), counted(first[measure][rows]), mean_of_sums)

    return {
        name: Beside(
            {group: {m: interval(of, rows) for m, of in table.items() if rows.any()} for group, rows in chosen.items()},
            {}
            if table is first
            else {
                group: {m: difference(m, of, rows) for m, of in table.items() if rows.any()}
                for group, rows in chosen.items()
            },
        )
        for name, table in values.items()
    }


def plain(rows: Mapping[str, Beside]) -> dict[str, Any]:
    """Measures with their intervals, and what the first row is above each other, as plain types for JSON."""

    def rounded(values: Sequence[float]) -> list[float]:
        return [round(float(value), 4) for value in values]

    return {
        name: {group: {m: rounded(one) for m, one in found.items()} for group, found in row.measures.items()}
        | {
            f"first minus this, {group}": {m: rounded(one) for m, one in found.items()}
            for group, found in row.differences.items()
        }
        for name, row in rows.items()
    }


def _sums(values: Table, owners: NDArray[np.int64] | None, known: NDArray[np.bool_]) -> Table:
    """(images, 2): the sum of the values of each image, and how many they are."""
    if owners is None:
        return counted(values)
    places = np.unique(owners[known], return_inverse=True)[1]
    return np.stack([np.bincount(places, values), np.bincount(places).astype(np.float64)], axis=1)
