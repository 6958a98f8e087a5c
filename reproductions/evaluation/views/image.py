"""A view makes one (gh, gw) map of what a model did with an image, and says in words how.

The last layer's mean over heads, which most papers show, finds the object worse than most other views. So the view is chosen on
validation images with masks, and printed in every caption.

L layers, H heads; T = S = prefix + P tokens, P = gh * gw patches in raster order. Before the patches stand the class token and
registers; a map is rescaled to sum 1 without their share.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from data.errors import UserError
from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.measures.localisation import coverage
from reproductions.evaluation.views.part import TEXT, Part, Which, every_part

Kind = Literal["cls", "rollout", "gradient_rollout", "gradient_rollout_smoothed", "grad_cam", "input_gradient"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WORDS: dict[Kind, str] = {
    "rollout": "attention rollout",
    "gradient_rollout": "gradient-weighted rollout",
    "gradient_rollout_smoothed": "gradient-weighted rollout, smoothed 3 × 3",
    "grad_cam": "Grad-CAM of the last activations",
    "input_gradient": "gradient times input",
}
CONTROL: Kind = "input_gradient"  # uses no attention: a control that is never chosen
CHOSEN_BY = "auroc"  # the measure that chooses a view
BEST_FIXED = "best fixed map"
_TEXT = re.compile(rf"(?P<kind>[a-z_]+)(?: {TEXT})?")


@dataclass(frozen=True)
class ImageView:
    """How weights and gradients become a map.

    cls                        weights of the class token in one layer and head, counted from 1, or their mean
    rollout                    mean of heads plus identity, rows rescaled to sum 1, multiplied over all layers (Abnar and
                               Zuidema 2020)
    gradient_rollout           R = R + mean over heads of (weights times gradient, where positive) R, from the identity,
                               for one class (Chefer, Gur and Wolf 2021, rules 5 and 6)
    gradient_rollout_smoothed  mean over each patch and its neighbours
    grad_cam                   activations weighted by their mean gradients, where positive (Selvaraju et al. 2017)
    input_gradient             absolute gradient times input, mean over each patch

    For a model without a class token, which averages its patches, the mean of their rows replaces the class token's row.
    layer and head belong to cls alone.
    """

    kind: Kind
    layer: Which | None = None
    head: Which | None = None

    @property
    def part(self) -> Part:
        """Layer and head, of the kind cls alone."""
        return Part(self.layer, self.head)  # type: ignore[arg-type]  # neither is None there

    def __str__(self) -> str:
        """For storing: "cls L2 Hmean" or "rollout"; `ImageView.parse` reads it."""
        return f"cls {self.part}" if self.kind == "cls" else self.kind

    @classmethod
    def parse(cls, text: str) -> "ImageView":
        """The inverse of `str`. Raises UserError for any other text."""
        match = _TEXT.fullmatch(text)
        kind = None if match is None else next((kind for kind in KINDS if kind == match["kind"]), None)
        if match is None or kind is None or (match["layer"] is None) == (kind == "cls"):
            raise UserError(
                f"{text!r} is not a view of an image; write it like 'cls L2 Hmean', or one of {', '.join(KINDS[1:])}"
            )
        return cls(kind, *Part.of(match)) if kind == "cls" else cls(kind)

    def describe(self, layers: int, heads: int) -> str:
        """In words, for a caption: "attention · layer 2 of 6 · mean of 4 heads" or "attention rollout · 6 layers".

        Raises UserError for a layer or head that the model does not have.
        """
        if self.kind == "cls":
            self.part.check_exists(self, layers, heads)
            return " · ".join(["attention", *self.part.describe(layers, heads)])
        if self.kind in ("grad_cam", "input_gradient") or layers == 1:
            return WORDS[self.kind]
        return f"{WORDS[self.kind]} · {layers} layers"

    @property
    def class_specific(self) -> bool:
        """Whether the map depends on the class in question."""
        return self.kind.startswith("gradient_") or self.kind in ("grad_cam", "input_gradient")


@dataclass
class Seen:
    """Weights and gradients of one image, from which every view is made."""

    maps: Floats  # (L, H, T, S), before dropout; of a convolutional network its last activations (C, gh, gw)
    gradients: Floats  # of one class's logit by the maps, of their shape
    input_gradient: Floats  # (h, w), absolute gradient of that logit by the input times the input, summed over channels
    prefix: int  # tokens before the patches
    grid: tuple[int, int]  # rows and columns of patches
    class_token: bool  # whether the first token is the class token
    start: Floats = field(init=False)  # (T): which rows the class is read from, sum 1

    def __post_init__(self) -> None:
        patches = self.grid[0] * self.grid[1]
        self.start = np.zeros(self.prefix + patches, dtype=np.float32)
        if self.class_token:
            self.start[0] = 1
        else:
            self.start[self.prefix :] = 1 / patches

    def through(self, view: ImageView) -> Floats:
        """The view's map (gh, gw), sum 1; uniform where the view is 0 everywhere.

        Raises UserError for a layer or head that the model does not have.
        """
        if view.kind == "input_gradient":
            return normalised(coverage(self.input_gradient[None], self.grid)[0])
        if view.kind == "grad_cam":
            influence = self.gradients.mean(axis=(1, 2), keepdims=True)
            return normalised(np.maximum((influence * self.maps).sum(axis=0), 0))
        return normalised(self._attention(view))

    def _attention(self, view: ImageView) -> Floats:
        if view.kind == "cls":
            view.part.check_exists(view, *self.maps.shape[:2])
            rows = self.maps[:, :, 0] if self.class_token else np.einsum("t,lhts->lhs", self.start, self.maps)
            return self._patches(view.part.select(rows))
        if view.kind == "rollout":
            return self._patches(rollout(self.maps.mean(axis=1), self.start))
        return smoothed(self._gradient_rollout) if view.kind == "gradient_rollout_smoothed" else self._gradient_rollout

    @cached_property
    def _gradient_rollout(self) -> Floats:
        row = self.start
        # Both from the last layer down.
        for weights, gradients in zip(self.maps[::-1], self.gradients[::-1], strict=True):
            row = row + row @ np.maximum(weights * gradients, 0).mean(axis=0)
        return normalised(self._patches(row - self.start))

    def _patches(self, row: Floats) -> Floats:
        return row[self.prefix :].reshape(self.grid)


def rollout(layers: Floats, start: Floats) -> Floats:
    """start (..., T) times the product A_L ... A_1: (..., S). One row costs far less than the whole product, start = I.

    layers is (L, T, S), means of heads, first layer first; A = (weights + I) with rows rescaled to sum 1.
    """
    for weights in layers[::-1]:
        share = start / (weights.sum(axis=1) + 1)  # the rows' sums divide rows, not columns
        start = share @ weights + share
    return start


def normalised(values: Floats) -> Floats:
    """Rescaled to sum 1; uniform where all values are 0."""
    exact = values.astype(np.float64)
    total = exact.sum()
    return (exact / total if total > 0 else np.full(exact.shape, 1 / exact.size)).astype(np.float32)


def smoothed(values: Floats) -> Floats:
    """(gh, gw): mean over each patch and those of its eight neighbours that exist."""
    near = np.lib.stride_tricks.sliding_window_view(np.pad(values, 1, constant_values=np.nan), (3, 3))
    return np.nanmean(near, axis=(2, 3))


def every_image_view(layers: int, heads: int) -> list[ImageView]:
    """Every view of an attention model: each layer and head and their means, rollouts, gradient times input."""
    single = [ImageView("cls", *part) for part in every_part(layers, heads)]
    return single + [ImageView(kind) for kind in KINDS if kind not in ("cls", "grad_cam")]


def uniform(grid: tuple[int, int]) -> Floats:
    """The control that looks everywhere equally."""
    return np.full(grid, 1 / (grid[0] * grid[1]), dtype=np.float32)


def centre(grid: tuple[int, int]) -> Floats:
    """The control that looks at the middle: a Gaussian whose standard deviation is a quarter of each side."""
    down, across = (np.exp(-8 * ((np.arange(count) + 0.5) / count - 0.5) ** 2) for count in grid)
    return normalised(np.outer(down, across).astype(np.float32))


def fixed_maps(mean_mask: Floats, grid: tuple[int, int]) -> dict[str, Floats]:
    """The controls that ignore the image, by name; mean_mask (h, w), of the training images, gives the best of them."""
    best = normalised(coverage(mean_mask[None], grid)[0])
    return {"uniform": uniform(grid), "centre": centre(grid), BEST_FIXED: best}
