"""A trained run in three lines, for notebooks and scripts.

>>> from reproductions.api import draw_attention, open_run
>>> rnnsearch = open_run("rnnsearch-accord")
>>> print(rnnsearch.translate("The man did not see the old dog.").text)
L'homme n'a pas vu le vieux chien.

Mistakes raise UserError or ValueError, with a sentence. T target words, S source words; gh, gw patches.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from data.errors import UserError
from data.sources.image_files import read_image
from reproductions import papers, released
from reproductions.evaluation import files, plots
from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.records.image import AttendedImage
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.runs import Run
from reproductions.tasks.images.trained import TrainedClassifier
from reproductions.tasks.task import restore
from reproductions.tasks.translation.collect import TrainedTranslator

ROUNDED = 0.01  # how far half precision may lift a row of weights above 1


@dataclass(frozen=True)
class Drawing:
    """A picture, which a notebook shows by itself."""

    figure: Figure

    def save(self, path: str | Path) -> Path:
        """Write it as .png, .pdf or .svg."""
        return files.save(self.figure, Path(path))

    def _repr_png_(self) -> bytes:
        written = io.BytesIO()
        self.figure.savefig(written, format="png", dpi=110)
        return written.getvalue()


@dataclass(frozen=True, eq=False)
class Translated:
    """A translation, and where the model looked as it wrote each word."""

    text: str
    source: tuple[str, ...]  # S words, with the final </s>
    target: tuple[str, ...]  # T words, likewise; this and the weights are empty without attention
    weights: Floats  # (T, S): row t says where the model looked as it wrote target word t
    drawing: Drawing | None

    def _repr_png_(self) -> bytes | None:
        return None if self.drawing is None else self.drawing._repr_png_()


@dataclass(frozen=True, eq=False)
class Looked:
    """What a model takes an image for, and where it looked."""

    label: str
    probabilities: dict[str, float]  # of each class, the likeliest first
    map: Floats  # (gh, gw): the share of each patch; sums to 1
    drawing: Drawing

    def _repr_png_(self) -> bytes:
        return self.drawing._repr_png_()


@dataclass(frozen=True)
class OpenRun:
    """A trained model with all that belongs to it; ``trained.module`` is the LightningModule, ``run`` its folder."""

    run: Run
    trained: Any

    @property
    def scores(self) -> dict[str, Any]:
        """By test split."""
        return self.run.scores

    def translate(self, text: str, view: str | None = None) -> Translated:
        """Translate a sentence; ``view`` names a layer, a head and a shift, as "L2 H3 shift1" (default: the run's own).

        >>> answer = open_run("transformer-accord").translate("The man did not see the old dog.")
        >>> answer.target[:3], answer.weights.shape == (len(answer.target), len(answer.source))
        (("L'", 'homme', "n'"), True)
        """
        trained = self._trained(TrainedTranslator, "translate")
        translated, record = trained.translate(text, view=view)
        if record is None:
            words = trained.source.surface(text).words
            return Translated(translated.hypothesis, words, (), np.zeros((0, len(words)), np.float32), None)
        drawing = Drawing(plots.alignment(record.printed(trained.target.language)))
        return Translated(translated.hypothesis, record.source, record.target, record.weights, drawing)

    def look(self, image: str | Path | Image.Image | ArrayLike, asked: str | None = None) -> Looked:
        """Classify an image: a path, a PIL image, or an array (h, w, 3) of bytes; ``asked``: the evidence for this class.

        >>> seen = open_run("vit-cifar10").look("docs/runs/vit-cifar10/gallery/ship.png")
        >>> seen.label, seen.map.shape
        ('ship', (8, 8))
        """
        trained = self._trained(TrainedClassifier, "look at an image")
        name = str(image) if isinstance(image, str | Path) else "image"
        if isinstance(image, str | Path):
            image = read_image(Path(image))
        elif not isinstance(image, Image.Image):
            image = Image.fromarray(np.asarray(image))
        record: AttendedImage = trained.look(image.convert("RGB"), Path(name).name, asked=asked)
        order = np.argsort(-record.probabilities)
        return Looked(
            label=record.classes[record.predicted],
            probabilities={record.classes[k]: float(record.probabilities[k]) for k in order},
            map=record.map,
            drawing=Drawing(plots.attended(record, trained.photo(image))),
        )

    def _trained(self, kind: type, what: str) -> Any:
        if not isinstance(self.trained, kind):
            does = papers.TASKS[self.run.task]
            raise UserError(f"{self.run.title} {does}: it cannot {what}. Open a run that does.")
        return self.trained


def open_run(name: str | Path | None = None) -> OpenRun:
    """The trained model of a run: a folder, a run that comes with the project, ``hf:OWNER/NAME`` or
    ``wandb:ENTITY/PROJECT/NAME:ALIAS``; without a name your newest run.

    >>> open_run("rnnsearch-accord").run.title
    'RNNsearch'
    """
    run = released.chosen(None if name is None else str(name))
    return OpenRun(run, restore(run))


def draw_attention(
    weights: ArrayLike, source: Sequence[str], target: Sequence[str], title: str = "attention"
) -> Drawing:
    """Draw the attention weights (T, S) of any model: rows are the target (queries), columns the source (keys).

    ``weights``: an array, a tensor, or nested lists. Raises ValueError if they do not fit the words.

    >>> drawing = draw_attention([[0.9, 0.1], [0.2, 0.8]], ["black", "cat"], ["chat", "noir"], title="mine")
    >>> drawing.save("attention.svg").name
    'attention.svg'
    """
    if hasattr(weights, "detach"):  # torch's, perhaps on a GPU and with a gradient
        weights = weights.detach().float().cpu()
    matrix = np.asarray(weights, dtype=np.float64)
    if matrix.ndim == 2:
        sums = matrix.sum(axis=1, keepdims=True)
        matrix = np.where((sums > 1) & (sums < 1 + ROUNDED), matrix / np.maximum(sums, 1), matrix)
    record = _Matrix(
        source=tuple(map(str, source)), target=tuple(map(str, target)), weights=matrix.astype(np.float32),
        model=title, view="", forced=False, split="given", index=0,
    )  # fmt: skip
    return Drawing(plots.alignment_grid([record], notes=False))


class _Matrix(AlignedTranslation):
    """Weights from elsewhere: their rows are perhaps no translation."""

    @property
    def axes(self) -> tuple[str, str]:
        return "source →", "target ↓"
