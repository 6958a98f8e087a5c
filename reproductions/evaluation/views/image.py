"""A view makes one (gh, gw) map of what a model did with an image, and says in words how.

Which one is shown decides what the picture tells: the last layer's mean over heads, which most pictures show, finds the
object worse than most others. So the view is chosen on validation images with masks, and printed in every caption.

L layers, H heads; T = S = prefix + P tokens, P = gh * gw patches in raster order. Before the patches stand the class token
and registers; their share of a map is taken out and the rest brought back to sum 1.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from data.errors import UserError
from reproductions.evaluation.measures.localisation import coverage

Maps = NDArray[np.float32]
Kind = Literal[
    "cls", "rollout", "rollout_no_identity", "rollout_minus_median", "gradient_rollout", "gradient_rollout_times_rollout",
    "gradient_rollout_smoothed", "grad_cam", "input_gradient",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
WORDS: dict[Kind, str] = {
    "rollout": "attention rollout",
    "rollout_no_identity": "attention rollout without identity",
    "rollout_minus_median": "attention rollout minus its median",
    "gradient_rollout": "gradient-weighted rollout",
    "gradient_rollout_times_rollout": "gradient-weighted rollout times rollout",
    "gradient_rollout_smoothed": "gradient-weighted rollout, smoothed 3 × 3",
    "grad_cam": "Grad-CAM of the last activations",
    "input_gradient": "gradient times input",
}
_TEXT = re.compile(r"(?P<kind>[a-z_]+)(?: L(?P<layer>mean|\d+) H(?P<head>mean|\d+))?")


@dataclass(frozen=True)
class ImageView:
    """What is made of weights and gradients.

    cls                             weights of the class token in one layer and head, counted from 1, or their mean
    rollout                         mean of heads plus identity, rows brought to sum 1, multiplied over all layers (Abnar and
                                    Zuidema 2020); _no_identity leaves the identity out; _minus_median takes away the median
                                    over patches, which the identity of many layers spreads evenly
    gradient_rollout                R = R + mean over heads of (weights times gradient, where positive) R, from the identity,
                                    for one class (Chefer, Gur and Wolf 2021, rules 5 and 6)
    gradient_rollout_times_rollout  the product of the two
    gradient_rollout_smoothed       mean over each patch and its neighbours
    grad_cam                        activations weighed by their mean gradients, where positive (Selvaraju et al. 2017)
    input_gradient                  absolute gradient times input, mean over each patch

    A model without a class token reads its class from the mean of its patches: there the mean of their rows stands for the
    class token's. layer and head belong to cls alone.
    """

    kind: Kind
    layer: int | Literal["mean"] | None = None
    head: int | Literal["mean"] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UserError(f"there is no kind of view {self.kind!r}; there are {', '.join(KINDS)}")
        for name, number in (("layer", self.layer), ("head", self.head)):
            if self.kind != "cls" and number is not None:
                raise UserError(f"{name} {number!r} belongs to a view of the kind cls, not to {self.kind}")
            if self.kind == "cls" and number != "mean" and (type(number) is not int or number < 1):
                raise UserError(f"{name} must be 'mean' or a number from 1, not {number!r}")

    def __str__(self) -> str:
        """For storing: "cls L2 Hmean" or "rollout"; `ImageView.parse` reads it."""
        return f"cls L{self.layer} H{self.head}" if self.kind == "cls" else self.kind

    @classmethod
    def parse(cls, text: str) -> "ImageView":
        """The inverse of `str`. Raises UserError for any other text."""
        match = _TEXT.fullmatch(text)
        kind = None if match is None else next((kind for kind in KINDS if kind == match["kind"]), None)
        if match is None or kind is None or (match["layer"] is None) == (kind == "cls"):
            raise UserError(
                f"{text!r} is not a view of an image; write it like 'cls L2 Hmean', or one of {', '.join(KINDS[1:])}"
            )
        return cls(kind, *(_number(match[name]) for name in ("layer", "head")))

    def describe(self, layers: int, heads: int) -> str:
        """In words, for a caption: "attention · layer 2 of 6 · mean of 4 heads" or "attention rollout · 6 layers".

        Raises UserError for a layer or head that the model does not have.
        """
        self.check(layers, heads)
        if self.kind in ("grad_cam", "input_gradient"):
            return WORDS[self.kind]
        if self.kind != "cls":
            return f"{WORDS[self.kind]} · {layers} layers" if layers > 1 else WORDS[self.kind]
        parts = ["attention"]
        if layers > 1:
            parts.append(f"mean of {layers} layers" if self.layer == "mean" else f"layer {self.layer} of {layers}")
        if heads > 1:
            parts.append(f"mean of {heads} heads" if self.head == "mean" else f"head {self.head} of {heads}")
        return " · ".join(parts)

    @property
    def class_specific(self) -> bool:
        """Whether it shows what speaks for one class, and so another map where another class is asked for."""
        return self.kind.startswith("gradient_") or self.kind in ("grad_cam", "input_gradient")

    def check(self, layers: int, heads: int) -> None:
        """Raise UserError for a layer or head outside 1 to layers, 1 to heads."""
        for name, number, count in (("layer", self.layer, layers), ("head", self.head, heads)):
            if isinstance(number, int) and number > count:
                raise UserError(f"the view {self} asks for {name} {number}, but the model has {name}s 1 to {count}")


@dataclass
class Seen:
    """What is known of one image, from which every view is made; what views share is computed once.

    maps            (L, H, T, S), before dropout; of a convolutional network its last activations (C, gh, gw)
    gradients       of one class's logit by the maps, of their shape
    input_gradient  (h, w), absolute gradient of that logit by the input times the input, added up over channels
    prefix          tokens before the patches
    grid            rows and columns of patches
    class_token     whether the first token is the class token

    Raises ValueError where the shapes do not fit, with the numbers of tokens.
    """

    maps: Maps
    gradients: Maps
    input_gradient: Maps
    prefix: int
    grid: tuple[int, int]
    class_token: bool
    start: Maps = field(init=False)  # (T): which rows the class is read from, sum 1

    def __post_init__(self) -> None:
        shape, patches = self.maps.shape, self.grid[0] * self.grid[1]
        if self.gradients.shape != shape:
            raise ValueError(f"maps {shape} and gradients {self.gradients.shape} must have one shape")
        if self.maps.ndim == 3 and shape[1:] != self.grid:
            raise ValueError(f"activations {shape} must be (channels, {self.grid[0]}, {self.grid[1]})")
        tokens = self.prefix + patches
        if self.maps.ndim not in (3, 4) or (self.maps.ndim == 4 and shape[2:] != (tokens, tokens)):
            raise ValueError(
                f"maps {shape} must be (layers, heads, {tokens}, {tokens}) for {self.prefix} tokens before "
                f"{self.grid[0]} x {self.grid[1]} = {patches} patches"
            )
        self.start = np.zeros(tokens, dtype=np.float32)
        if self.class_token:
            self.start[0] = 1
        else:
            self.start[self.prefix :] = 1 / patches

    def through(self, view: ImageView) -> Maps:
        """The view's map (gh, gw), sum 1; uniform where the view is 0 everywhere and so prefers nothing.

        Raises UserError for a layer or head that there is not, ValueError for a view of another kind of model.
        """
        if view.kind == "input_gradient":
            return normalised(coverage(self.input_gradient[None], self.grid)[0])
        if (view.kind == "grad_cam") != (self.maps.ndim == 3):
            raise ValueError(f"the view {view} cannot be made of maps of shape {self.maps.shape}")
        if view.kind == "grad_cam":
            influence = self.gradients.mean(axis=(1, 2), keepdims=True)
            return normalised(np.maximum((influence * self.maps).sum(axis=0), 0))
        view.check(*self.maps.shape[:2])
        return normalised(self._attention(view))

    def _attention(self, view: ImageView) -> Maps:
        if view.kind == "cls":
            rows = np.einsum("t,lhts->lhs", self.start, self.maps) if not self.class_token else self.maps[:, :, 0]
            layer = rows.mean(axis=0) if view.layer in ("mean", None) else rows[int(view.layer) - 1]
            row: Maps = layer.mean(axis=0) if view.head in ("mean", None) else layer[int(view.head) - 1]
            return self._patches(row)
        if view.kind == "rollout_no_identity":
            return self._patches(rollout(self._heads, self.start, identity=False))
        if view.kind in ("rollout", "rollout_minus_median"):
            median = np.median(self._rollout) if view.kind == "rollout_minus_median" else 0
            above: Maps = np.maximum(self._rollout - median, 0)
            return above
        if view.kind == "gradient_rollout_times_rollout":
            return self._gradient_rollout * self._rollout
        return smoothed(self._gradient_rollout) if view.kind == "gradient_rollout_smoothed" else self._gradient_rollout

    @cached_property
    def _heads(self) -> Maps:
        mean: Maps = self.maps.mean(axis=1)
        return mean

    @cached_property
    def _rollout(self) -> Maps:
        return normalised(self._patches(rollout(self._heads, self.start)))

    @cached_property
    def _gradient_rollout(self) -> Maps:
        row = self.start
        # Both from the last layer down.
        for weights, gradients in zip(self.maps[::-1], self.gradients[::-1], strict=True):
            row = row + row @ np.maximum(weights * gradients, 0).mean(axis=0)
        return normalised(self._patches(row - self.start))

    def _patches(self, row: Maps) -> Maps:
        return row[self.prefix :].reshape(self.grid)


def rollout(layers: Maps, start: Maps, identity: bool = True) -> Maps:
    """Rows of the product A_L ... A_1, which start (..., T) weighs: (..., S). The first layer stands at the right.

    layers is (L, T, S), means of heads. With the identity A = (weights + I) with rows brought back to sum 1. start = I gives
    the whole product; one row costs far less.
    """
    for weights in layers[::-1]:
        total = weights.sum(axis=1) + identity
        share = start / np.where(total > 0, total, 1)  # the rows' sums divide rows, not columns
        start = share @ weights + (share if identity else 0)
    return start


def normalised(values: Maps) -> Maps:
    """Brought to sum 1; uniform where all is 0."""
    exact = values.astype(np.float64)
    total = exact.sum()
    return (exact / total if total > 0 else np.full(exact.shape, 1 / exact.size)).astype(np.float32)


def smoothed(values: Maps) -> Maps:
    """(gh, gw): mean over each patch and those of its eight neighbours that exist."""
    near = np.lib.stride_tricks.sliding_window_view(np.pad(values, 1, constant_values=np.nan), (3, 3))
    mean: Maps = np.nanmean(near, axis=(2, 3))
    return mean


def every_image_view(layers: int, heads: int) -> list[ImageView]:
    """Every view of an attention model: each layer and their mean by each head and their mean, rollouts, gradients."""
    layer_choices: list[int | Literal["mean"]] = [*range(1, layers + 1), *_mean_of(layers)]
    head_choices: list[int | Literal["mean"]] = [*range(1, heads + 1), *_mean_of(heads)]
    single = [ImageView("cls", layer, head) for layer in layer_choices for head in head_choices]
    return single + [ImageView(kind) for kind in KINDS if kind not in ("cls", "grad_cam")]


def uniform(grid: tuple[int, int]) -> Maps:
    """The control that looks everywhere alike."""
    return np.full(grid, 1 / (grid[0] * grid[1]), dtype=np.float32)


def centre(grid: tuple[int, int]) -> Maps:
    """The control that looks at the middle: a Gaussian whose standard deviation is a quarter of each side."""
    down, across = (np.exp(-8 * ((np.arange(count) + 0.5) / count - 0.5) ** 2) for count in grid)
    return normalised(np.outer(down, across).astype(np.float32))


def _mean_of(count: int) -> list[Literal["mean"]]:
    return ["mean"] if count > 1 else []


def _number(text: str | None) -> int | Literal["mean"] | None:
    return None if text is None else "mean" if text == "mean" else int(text)
