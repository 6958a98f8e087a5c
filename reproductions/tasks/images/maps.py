"""Where a classifier looks: the maps of its images in every view.

N images, V views, L layers, (gh, gw) the grid of places that the model tells apart.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from reproductions.evaluation.views.image import ImageView, Seen, every_image_view
from reproductions.training.classification import Classification, ImageMaps

Maps = NDArray[np.float32]
TOGETHER = 32  # images looked into at once, at most
WEIGHTS = 2**25  # of the images looked into at once, at most: 128 MiB, and as much for their gradients


def views_of(module: Classification) -> list[ImageView]:
    """Every view of a model: of its layers and heads, or of the activations of a convolutional network."""
    if module.kind == "activation":
        return [ImageView("grad_cam"), ImageView("input_gradient")]
    return every_image_view(*module.depth)


def layer_views(module: Classification) -> list[ImageView]:
    """The mean of the heads of each layer, first to last; none of a convolutional network."""
    L, H = module.depth
    heads: Literal["mean", 1] = "mean" if H > 1 else 1
    return [] if module.kind == "activation" else [ImageView("cls", layer, heads) for layer in range(1, L + 1)]


def default_view(views: Sequence[ImageView]) -> ImageView:
    """The gradient-weighted rollout, or a convolutional network's Grad-CAM."""
    return next(view for view in views if view.kind in ("gradient_rollout", "grad_cam"))


def shown_view(module: Classification) -> ImageView:
    """The view that validation chose, or the default of a model that no validation has seen."""
    return default_view(views_of(module)) if module.view is None else ImageView.parse(module.view)


def every_map(module: Classification, looked: ImageMaps, number: int, views: Sequence[ImageView]) -> Maps:
    """(V, gh, gw): where a module looked in one image of a batch, its ``number``, in certain views."""
    maps, gradients, product = (part[number].numpy() for part in looked[1:])
    seen = Seen(maps, gradients, product, module.prefix, module.grid, module.class_token)
    return np.stack([seen.through(view) for view in views]) if views else np.zeros((0, *module.grid), np.float32)


def at_once(module: Classification) -> int:
    """How many images are looked into at once: all their weights, and the gradients, are in memory."""
    tokens = module.prefix + module.grid[0] * module.grid[1]
    return max(1, min(TOGETHER, WEIGHTS // (module.depth[0] * module.depth[1] * tokens**2)))


def look_through(
    module: Classification, image: Tensor, views: Sequence[ImageView], asked: Tensor | None = None
) -> Maps:
    """(N, V, gh, gw): where a module looks in images (N, C, h, w), for the classes ``asked``, else the predicted ones.

    As many are looked into at once as fit the memory, and nothing but the maps is kept.
    """
    together, maps = at_once(module), []
    for start in range(0, len(image), together):
        some = slice(start, start + together)
        classes = None if asked is None else asked[some].to(image.device)
        looked = ImageMaps(*(part.cpu() for part in module.look(image[some], classes)))
        maps += [every_map(module, looked, number, views) for number in range(len(looked.logits))]
    return np.stack(maps)
