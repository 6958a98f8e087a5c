"""A trained classifier: a picture of any size in, classes and a map out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from data.errors import UserError
from data.preprocessing import Preprocessing
from data.sources.image_files import upright
from reproductions.evaluation import files, plots
from reproductions.evaluation.arrays import Floats, Pixels
from reproductions.evaluation.records.image import AttendedImage
from reproductions.tasks.images.collect import Answer
from reproductions.tasks.images.maps import every_map, layer_views, shown_view
from reproductions.tasks.origin import Origin
from reproductions.training.classification import Classification

NO_CLASS = "no class"  # the only one of weights without a head
NAMED = 20  # classes that an error names
PHOTO = 1200  # pixels of the longer side of a picture that maps are drawn over, at most


@dataclass(frozen=True)
class TrainedClassifier:
    """A module with its preprocessing; ``origin``: the source of its weights if they were not trained by this project."""

    module: Classification
    preprocessing: Preprocessing
    origin: str = ""

    @property
    def caption(self) -> str:
        """The model, and the step of its checkpoint or the source of its weights."""
        return f"{self.module.title}, {self.origin}" if self.origin else str(Origin.of(self.module))

    def number(self, asked: str | None) -> Tensor | None:
        """(1): the number of the class of this name; None for None. Raises UserError for an unknown class."""
        classes = self.preprocessing.classes
        if asked is None:
            return None
        if classes == (NO_CLASS,):
            raise UserError(
                f"{self.caption} has no head, so it knows no class {asked[:50]!r}: train one with `make train-vit WEIGHTS=...`."
            )
        if asked not in classes:
            more = f" and {len(classes) - NAMED:,} more" if len(classes) > NAMED else ""
            names = ", ".join(classes[:NAMED])
            raise UserError(f"{self.module.title} knows no class {asked[:50]!r}; it knows {names}{more}.")
        return torch.tensor([classes.index(asked)])

    def photo(self, image: Image.Image) -> plots.Photo:
        """A picture to draw maps over, at PHOTO pixels at most, with the window that the module sees."""
        whole = upright(image).copy()
        whole.thumbnail((PHOTO, PHOTO), Image.Resampling.LANCZOS)
        return plots.Photo(np.array(whole), self.preprocessing.window(*whole.size))

    def layers(self, image: Image.Image) -> Floats:
        """Maps (L, gh, gw) of one picture of any size: the mean of the heads of each layer, first to last."""
        looked = self.module.look(self.preprocessing.tensor(self.preprocessing.pixels(image)[None]))
        return every_map(self.module, looked, 0, layer_views(self.module))

    def look(self, image: Image.Image, name: str, index: int = 0, asked: str | None = None) -> AttendedImage:
        """One picture of any size, classified, with where the module looked; ``asked``: the class of a class-specific view.

        Raises UserError for an unknown class.
        """
        module, number = self.module, self.number(asked)
        pixels = self.preprocessing.pixels(image)
        looked = module.look(self.preprocessing.tensor(pixels[None]), number)
        view, answer = shown_view(module), Answer(-1, looked.logits[0].numpy())
        return AttendedImage(
            pixels=pixels,
            map=every_map(module, looked, 0, [view])[0],
            model=self.caption,
            view=view.describe(*module.depth) + ("" if asked is None else f" · for {asked}"),
            split="given",
            index=index,
            label=None,
            predicted=answer.predicted,
            probabilities=answer.probabilities,
            classes=self.preprocessing.classes,
            name=name,
        )


def depth_strip(photo: plots.Photo | Pixels, layers: Floats, titles: tuple[str, str], stem: Path) -> Path:
    """Draw maps (L, gh, gw) over a photo or an image (h, w, 3) in a row, into ``<stem>-layers.png``.

    ``titles``: model and age; name of the image and what the maps are.
    """
    names = [f"layer {number}" for number in range(1, len(layers) + 1)]
    return files.save(plots.film(photo, layers, names, *titles), stem.with_name(f"{stem.name}-layers.png"))


def depth_film(photo: plots.Photo | Pixels, layers: Floats, titles: tuple[str, str], stem: Path) -> tuple[Path, Path]:
    """:func:`depth_strip`, and the same layers one after the other as a film, ``<stem>-layers.gif``."""
    frames = [plots.film(photo, layer[None], [f"layer {number}"], *titles) for number, layer in enumerate(layers, 1)]
    return depth_strip(photo, layers, titles, stem), files.film(frames, stem.with_name(f"{stem.name}-layers.gif"))
