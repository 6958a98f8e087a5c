"""Where a classifier looks: the maps of its images in every view.

N images, V views, L layers, (gh, gw) the grid of places.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from torch import Tensor

from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.views.image import ImageView, Seen, every_image_view
from reproductions.training.classification import Classification, ImageMaps

TOGETHER = 32  # images whose maps are computed at once, at most
WEIGHTS = 2**25  # weights of these images, at most: 128 MiB, and as much for their gradients


def views_of(module: Classification) -> list[ImageView]:
    """Every view of a model, of its attention or of a convolutional network's activations."""
    if module.kind == "activation":
        return [ImageView("grad_cam"), ImageView("input_gradient")]
    return every_image_view(*module.depth)


def layer_views(module: Classification) -> list[ImageView]:
    """The mean of the heads of each layer, first to last; none for a convolutional network."""
    L, H = module.depth
    heads: Literal["mean", 1] = "mean" if H > 1 else 1
    return [] if module.kind == "activation" else [ImageView("cls", layer, heads) for layer in range(1, L + 1)]


def default_view(views: Sequence[ImageView]) -> ImageView:
    """The gradient-weighted rollout, or a convolutional network's Grad-CAM."""
    return next(view for view in views if view.kind in ("gradient_rollout", "grad_cam"))


def shown_view(module: Classification) -> ImageView:
    """The view that validation chose, or the default before any validation."""
    return default_view(views_of(module)) if module.view is None else ImageView.parse(module.view)


def every_map(module: Classification, looked: ImageMaps, number: int, views: Sequence[ImageView]) -> Floats:
    """(V, gh, gw): where a module looked in the image of this number in a batch."""
    maps, gradients, product = (part[number].numpy() for part in looked[1:])
    seen = Seen(maps, gradients, product, module.prefix, module.grid, module.class_token)
    return np.stack([seen.through(view) for view in views]) if views else np.zeros((0, *module.grid), np.float32)


def at_once(module: Classification) -> int:
    """How many images fit into memory at once, with all their weights and gradients."""
    tokens = module.prefix + module.grid[0] * module.grid[1]
    return max(1, min(TOGETHER, WEIGHTS // (module.depth[0] * module.depth[1] * tokens**2)))


def look_through(
    module: Classification, image: Tensor, views: Sequence[ImageView], asked: Tensor | None = None
) -> Floats:
    """(N, V, gh, gw): where a module looks in images (N, C, h, w), for the classes ``asked``, by default the predicted ones."""
    together, maps = at_once(module), []
    for start in range(0, len(image), together):
        some = slice(start, start + together)
        classes = None if asked is None else asked[some].to(image.device)
        looked = ImageMaps(*(part.cpu() for part in module.look(image[some], classes)))
        maps += [every_map(module, looked, number, views) for number in range(len(looked.logits))]
    return np.stack(maps)
