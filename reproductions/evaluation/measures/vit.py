"""What Figures 7 and 11 of Dosovitskiy et al. 2021 show, as numbers: filters, positions, and how far attention reaches.

L layers, H heads, P = gh * gw patches in raster order, T = S = prefix + P tokens, D width of the model.
"""

import numpy as np

from reproductions.evaluation.arrays import Doubles, Floats

COMPONENTS = 28  # of the filters, as in Figure 7


def filter_components(filters: Floats) -> Floats:
    """Filters of the patch embedding (D, C, p, p) -> their first principal components (28, p, p, C), or all if fewer.

    Each component has a scale of its own in [0, 1]; 0.5 is zero.
    """
    _, channels, rows, columns = filters.shape
    flat = filters.reshape(len(filters), -1).astype(np.float64)
    _, _, components = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    components = components[:COMPONENTS]
    largest = np.abs(components).max(axis=1, keepdims=True)
    shown = (0.5 + 0.5 * components / np.where(largest > 0, largest, 1)).reshape(-1, channels, rows, columns)
    return np.stack([shown[:, channel] for channel in range(channels)], axis=-1).astype(np.float32)


def position_similarity(positions: Floats, grid: tuple[int, int]) -> Floats:
    """Embeddings of the patches' positions (P, D), without the class token's -> cosines (gh, gw, gh, gw).

    [row, column] is the tile of one patch: its cosine with every patch.
    """
    lengths = np.linalg.norm(positions.astype(np.float64), axis=1, keepdims=True)
    units = positions / np.where(lengths > 0, lengths, 1)
    cosines = np.einsum("id,jd->ij", units, units)
    return np.clip(cosines, -1, 1).reshape(*grid, *grid).astype(np.float32)


def attention_distance(maps: Floats, prefix: int, grid: tuple[int, int], patch: float) -> Doubles:
    """Weights (..., T, S) -> (...): mean distance in pixels between a patch and what it attends to (Appendix D.7).

    Distances are between centres of patches, weighted by attention, then averaged over the queries. Each row is first rescaled
    to sum 1 over the patches alone; a row without weight on patches does not count.
    """
    over = maps[..., prefix:, prefix:].astype(np.float64)
    total = over.sum(axis=-1)
    far = np.einsum("...ij,ij->...i", over, _distances(grid, patch))
    each = np.divide(far, total, out=np.full_like(total, np.nan), where=total > 0)
    return np.nanmean(each, axis=-1)


def uniform_distance(grid: tuple[int, int], patch: float) -> float:
    """`attention_distance` of uniform attention, the reference beside every measured distance."""
    return float(_distances(grid, patch).mean())


def _distances(grid: tuple[int, int], patch: float) -> Doubles:
    """(P, P) pixels between centres of patches."""
    places = np.stack([axis.ravel() for axis in np.indices(grid)], axis=-1).astype(np.float64)
    return patch * np.linalg.norm(places[:, None] - places[None], axis=-1)
