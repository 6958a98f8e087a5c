"""The LightningModule that all image classifiers share: loss, logging, and where the model looked."""

import logging
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from data.errors import UserError
from data.images import ImageBatch
from reproductions.training.module import Reproduction, Retired

# Views that older checkpoints were measured in and may have chosen; they are no longer made.
RETIRED_VIEWS = ("rollout_no_identity", "rollout_minus_median", "gradient_rollout_times_rollout")
log = logging.getLogger(__name__)


class ReadsImages(Protocol):
    """The sizes of a network that reads images: height and width in pixels, and channels."""

    @property
    def image_size(self) -> int: ...

    @property
    def channels(self) -> int: ...


class Classifier(Protocol):
    """A classifier that can be trained and inspected."""

    @property
    def network(self) -> ReadsImages:
        """Its sizes."""

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of its places."""

    @property
    def prefix(self) -> int:
        """Number of tokens before the grid; 0 for a convolutional network."""

    @property
    def reads(self) -> list[nn.Module]:
        """The ``read`` of the attention in each layer, first to last; none of a convolutional network."""

    def logits(self, image: Tensor) -> Tensor:
        """Logits (B, K) of images (B, C, h, w), the fast way."""

    def look(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits (B, K) and, in their graph, the weights (B, H, T, S) of each layer, first to last, or the one activation
        (B, C, h, w) before the pooling.
        """


class ImageMaps(NamedTuple):
    """Where a classifier looked, image by image."""

    logits: Tensor  # (B, K)
    # Weights (B, L, H, T, S) of an attention model, or the last activations (B, C, h, w) of a convolutional network.
    maps: Tensor
    gradients: Tensor  # of one class's logit with respect to the maps, in their shape
    # (B, h, w), gradient of that logit with respect to the input, times the input, absolute, summed over channels.
    input_gradient: Tensor


class Classification(Reproduction):
    """Train and evaluate a classifier of images.

    Args:
        model: the paper's network.
        smoothing: label smoothing, on top of mixed targets.
    """

    depth: tuple[int, int]  # layers and heads of the attention; (1, 1) for a convolutional network
    class_token: bool  # whether the class is read from the first token
    kind: Literal["attention", "activation"]  # of its maps: weights, or those of a convolutional network
    retired = {"recipe.ema": Retired(0.0, "0.1.0"), "recipe.compiled": Retired(False, "0.1.0")}

    def __init__(self, model: Classifier, smoothing: float = 0.0) -> None:
        super().__init__()
        self.model, self.smoothing = model, smoothing
        self.grid, self.prefix = model.grid, model.prefix

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_load_checkpoint(checkpoint)
        if self.view in RETIRED_VIEWS:
            log.warning("Validation chose the view %r, which is no longer made; the default view is shown.", self.view)
            self.view, self.views = None, {}
        elif self.views:
            rows = {view: row for view, row in self.views["views"].items() if view not in RETIRED_VIEWS}
            self.views = self.views | {"views": rows}

    def training_step(self, batch: ImageBatch, batch_idx: int) -> Tensor:
        check_image_size(batch.image, self.model.network)
        logits = self.model.logits(batch.image).float()
        loss = nn.functional.cross_entropy(logits, batch.target, label_smoothing=self.smoothing)
        self.log("train/loss", loss.detach(), prog_bar=True, batch_size=len(logits))
        return loss

    @torch.inference_mode()
    def logits(self, image: Tensor) -> Tensor:
        """Logits (B, K) of images (B, C, h, w), the fast way: without maps."""
        check_image_size(image, self.model.network)
        return self.model.logits(image).float()

    def probabilities(self, image: Tensor) -> Tensor:
        """p(class | image) (B, K) of images (B, C, h, w), the fast way."""
        return self.logits(image).softmax(1)

    def look(self, image: Tensor, asked: Tensor | None = None) -> ImageMaps:
        """Classify images (B, C, h, w) and return where the model looked.

        Works under ``no_grad`` and ``inference_mode``, in which Lightning evaluates. Call it in evaluation mode: there the
        images of a batch do not interact, so that one backward pass gives each image its own gradients.

        Args:
            image: (B, C, h, w).
            asked: classes (B) whose logits the gradients are of; None for the predicted classes.

        Raises UserError for images of another size.
        """
        check_image_size(image, self.model.network)
        with torch.inference_mode(False), torch.enable_grad():
            image = image.clone().requires_grad_()  # a tensor from inference mode cannot be part of a graph
            logits, layers = self.model.look(image)
            asked = logits.argmax(1) if asked is None else asked.clone()
            *gradients, slope = torch.autograd.grad(logits.gather(1, asked[:, None]).sum(), [*layers, image])
            if self.kind == "attention":
                maps, slopes = torch.stack(layers, 1), torch.stack(gradients, 1)
            else:
                (maps,), (slopes,) = layers, gradients
            product = (slope * image).abs().sum(1)
            return ImageMaps(*(tensor.detach().float() for tensor in (logits, maps, slopes, product)))

    def evaluation_step(self, batch: ImageBatch) -> Tensor:
        """Logits (B, K) on the CPU; for maps call :meth:`look`."""
        return self.logits(batch.image).cpu()


def check_image_size(image: Tensor, network: ReadsImages) -> None:
    """Raise UserError unless images (B, C, h, w) have the size that the network reads."""
    reads = (network.channels, network.image_size, network.image_size)
    if tuple(image.shape[1:]) != reads:
        raise UserError(
            f"This model reads images of {_pixels(reads)}, not of {_pixels(tuple(image.shape[1:]))}: set "
            "network.image_size to the size of the data, or prepare the images with the model's own preprocessing."
        )


def decayed(module: nn.Module, weight_decay: float, everything: bool = False) -> Iterator[dict[str, Any]]:
    """Parameter groups for weight decay on matrices and filters but not on norms, biases, tokens and positions; or on
    ``everything``.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    matrices = {id(layer.weight) for layer in layers}
    parameters = list(module.parameters())
    yield {"params": [p for p in parameters if everything or id(p) in matrices], "weight_decay": weight_decay}
    rest = [p for p in parameters if not everything and id(p) not in matrices]
    if rest:
        yield {"params": rest, "weight_decay": 0.0}


def _pixels(shape: tuple[int, ...]) -> str:
    channels, height, width = shape
    return f"{height} x {width} pixels and {channels} channel{'s' * (channels != 1)}"
