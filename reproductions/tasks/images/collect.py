"""From a classifier's evaluation step to records: the one place where logits and weights become answers and maps.

N images, K classes, V views, (gh, gw) the grid of places that the model tells apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from data.errors import UserError
from data.images import ImageExamples
from data.preprocessing import Preprocessing
from data.sources.image_files import upright
from reproductions.evaluation.plots import Photo
from reproductions.evaluation.records.image import AttendedImage
from reproductions.evaluation.views.image import ImageView, Seen, every_image_view
from reproductions.training.classification import ImageMaps

Maps = NDArray[np.float32]
NAMED = 20  # classes that an error names
PHOTO = 1200  # pixels of the longer side of a picture that maps are drawn over, at most
TOGETHER = 32  # images looked into at once, at most
WEIGHTS = 2**25  # of the images looked into at once, at most: 128 MiB, and as much for their gradients


class Answer(NamedTuple):
    """What a model says of one image: its place in the split, the true class, and logits (K,)."""

    index: int
    label: int
    logits: Maps

    @property
    def predicted(self) -> int:
        return int(self.logits.argmax())

    @property
    def probabilities(self) -> Maps:
        """(K,), which sum to 1."""
        shifted = np.exp(self.logits.astype(np.float64) - self.logits.max())
        return (shifted / shifted.sum()).astype(np.float32)


@dataclass(frozen=True)
class Places:
    """What a model's maps are over: tokens before the patches, rows and columns of patches, and whether the first token
    is the class token.
    """

    prefix: int
    grid: tuple[int, int]
    class_token: bool


@dataclass
class CollectedImages:
    """Everything about the images of one split.

    Attributes:
        answers: one an image, whatever was looked into.
        maps: (V, gh, gw) of the images that were looked into, by index, in the order of the views asked for.
    """

    answers: list[Answer] = field(default_factory=list)
    maps: dict[int, Maps] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.answers or self.maps)

    def add(self, index: Sequence[int], labels: Sequence[int], logits: Tensor) -> None:
        """What the model says of a batch: logits (B, K)."""
        for place, label, one in zip(index, labels, logits.float().numpy(), strict=True):
            self.answers.append(Answer(place, label, one))

    def in_order(self) -> "CollectedImages":
        """Images in the order of the split, each once, however many processes evaluated them."""
        once = {answer.index: answer for answer in self.answers}
        self.answers = [once[index] for index in sorted(once)]
        self.maps = {index: self.maps[index] for index in sorted(self.maps)}
        return self

    def merge(self, other: "CollectedImages") -> None:
        """Add what another process has collected."""
        self.answers += other.answers
        self.maps |= other.maps

    def label_likelier(self, second: NDArray[np.int64]) -> None:
        """Of images with two objects: the label is the class that the model finds likelier of the two, so that it is right
        if it says either; ``second`` (N) are the classes of the other objects, in the order of the split.
        """

        def likelier(answer: Answer) -> int:
            return max(answer.label, int(second[answer.index]), key=lambda label: answer.logits[label])

        self.answers = [answer._replace(label=likelier(answer)) for answer in self.answers]

    @property
    def probabilities(self) -> Maps:
        """(N, K)."""
        return np.stack([answer.probabilities for answer in self.answers])

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,)."""
        return np.array([answer.label for answer in self.answers], dtype=np.int64)

    @property
    def looked(self) -> list[int]:
        """Indices of the images that were looked into."""
        return list(self.maps)

    @property
    def looked_labels(self) -> list[int]:
        """Labels of the images that were looked into."""
        return [answer.label for answer in self.answers if answer.index in self.maps]

    def seen(self, place: int) -> Maps:
        """(M, gh, gw), one view of all images that were looked into."""
        return np.stack([maps[place] for maps in self.maps.values()])


def every_map(views: Sequence[ImageView], maps: Tensor, gradients: Tensor, product: Tensor, places: Places) -> Maps:
    """(V, gh, gw): maps and gradients of one image, and gradient times input (h, w), as the views show them."""
    seen = Seen(maps.numpy(), gradients.numpy(), product.numpy(), places.prefix, places.grid, places.class_token)
    return np.stack([seen.through(view) for view in views])


class Naming(NamedTuple):
    """What every caption carries: model, view and split, in words."""

    model: str
    view: str
    split: str


def record(
    answer: Answer, shown: Maps, examples: ImageExamples, classes: Sequence[str], naming: Naming
) -> AttendedImage:
    """One image of a split with its map (gh, gw)."""
    index = answer.index
    masks = examples.masks_of([index], [answer.label])
    return AttendedImage(
        pixels=examples.pixels[index],
        map=shown,
        **naming._asdict(),
        index=index,
        label=answer.label,
        predicted=answer.predicted,
        probabilities=answer.probabilities,
        classes=tuple(classes),
        mask=None if masks is None else masks[0],
        name=examples.names[index],
    )


class Looks(Protocol):
    """What :class:`TrainedClassifier` asks of a module; see ``reproductions.training.classification.Classification``."""

    kind: str
    title: str
    view: str | None
    steps: int
    depth: tuple[int, int]
    prefix: int
    grid: tuple[int, int]
    class_token: bool

    def look(self, image: Tensor, asked: Tensor | None = None) -> ImageMaps: ...


def places_of(module: Looks) -> Places:
    """What the maps of a model are over."""
    return Places(module.prefix, module.grid, module.class_token)


def at_once(module: Looks) -> int:
    """How many images are looked into at once: all their weights, and the gradients, are in memory."""
    tokens = module.prefix + module.grid[0] * module.grid[1]
    return max(1, min(TOGETHER, WEIGHTS // (module.depth[0] * module.depth[1] * tokens**2)))


def look_through(module: Looks, image: Tensor, views: Sequence[ImageView], asked: Tensor | None = None) -> Maps:
    """(N, V, gh, gw): where a module looks in images (N, C, h, w), for the classes ``asked``, else the predicted ones.

    As many are looked into at once as fit the memory, and nothing but the maps is kept.
    """
    places, together, found = places_of(module), at_once(module), []
    for start in range(0, len(image), together):
        some = slice(start, start + together)
        wanted = None if asked is None else asked[some].to(image.device)
        looked = [part.cpu() for part in module.look(image[some], wanted)]
        found += [every_map(views, *one, places) for one in zip(*looked[1:], strict=True)]
    return np.stack(found)


def views_of(module: Looks) -> list[ImageView]:
    """Every view of a model: of its layers and heads, or of the activations of a convolutional network."""
    if module.kind == "activation":
        return [ImageView("grad_cam"), ImageView("input_gradient")]
    return every_image_view(*module.depth)


@dataclass(frozen=True)
class TrainedClassifier:
    """A trained module with its preprocessing: a picture in, classes and a map out.

    ``origin`` says whose weights these are where no training of this project stands behind them.
    """

    module: Looks
    preprocessing: Preprocessing
    origin: str = ""

    @property
    def caption(self) -> str:
        """The model and which weights it has: the step of its checkpoint, or where they come from."""
        return f"{self.module.title}, {self.origin or f'step {self.module.steps:,}'}"

    def number(self, asked: str | None) -> Tensor | None:
        """(1): the class of this name; None for None. Raises UserError for a class that the module does not know."""
        classes = self.preprocessing.classes
        if asked is None:
            return None
        if asked not in classes:
            more = f" and {len(classes) - NAMED:,} more" if len(classes) > NAMED else ""
            known = ", ".join(classes[:NAMED])
            raise UserError(f"{self.module.title} knows no class {asked[:50]!r}; it knows {known}{more}.")
        return torch.tensor([classes.index(asked)])

    def photo(self, image: Image.Image) -> Photo:
        """A picture to draw maps over: at its own resolution, a large one at PHOTO pixels, and what of it the module sees."""
        whole = upright(image)
        whole.thumbnail((PHOTO, PHOTO), Image.Resampling.LANCZOS)
        return Photo(np.array(whole), self.preprocessing.window(*whole.size))

    def layers(self, image: Image.Image) -> Maps:
        """Maps (L, gh, gw) of one picture of any size: the mean of the heads of each layer, first to last."""
        module = self.module
        looked = module.look(self.preprocessing.tensor(self.preprocessing.pixels(image)[None]))
        seen = (looked.maps[0], looked.gradients[0], looked.input_gradient[0])
        views = layer_views(module)
        return every_map(views, *seen, places_of(module)) if views else np.zeros((0, *module.grid), dtype=np.float32)

    def look(self, image: Image.Image, name: str, index: int = 0, asked: str | None = None) -> AttendedImage:
        """Classify one picture of any size, and see where the module looked.

        ``asked`` is the class whose logit a class-specific view is of; the predicted one if left out.

        Raises UserError for a class that the module does not know.
        """
        wanted, module = self.number(asked), self.module
        pixels = self.preprocessing.pixels(image)
        looked = module.look(self.preprocessing.tensor(pixels[None]), wanted)
        view = default_view(views_of(module)) if module.view is None else ImageView.parse(module.view)
        seen = (looked.maps[0], looked.gradients[0], looked.input_gradient[0])
        answer = Answer(index, -1, looked.logits[0].numpy())
        speaking = "" if asked is None else f" · for {asked}"
        return AttendedImage(
            pixels=pixels,
            map=every_map([view], *seen, places_of(module))[0],
            model=self.caption,
            view=view.describe(*module.depth) + speaking,
            split="given",
            index=index,
            label=None,
            predicted=answer.predicted,
            probabilities=answer.probabilities,
            classes=self.preprocessing.classes,
            name=name,
        )


def layer_views(module: Looks) -> list[ImageView]:
    """The mean of the heads of each layer, first to last; none of a convolutional network."""
    L, H = module.depth
    heads: Literal["mean", 1] = "mean" if H > 1 else 1
    return [] if module.kind == "activation" else [ImageView("cls", layer, heads) for layer in range(1, L + 1)]


def default_view(views: Sequence[ImageView]) -> ImageView:
    """The gradient-weighted rollout, or a convolutional network's Grad-CAM."""
    return next(view for view in views if view.kind in ("gradient_rollout", "grad_cam"))
