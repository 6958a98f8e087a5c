"""A classifier with published weights, with the interface of a trained run."""

from pathlib import Path

from data.errors import UserError
from data.preprocessing import Preprocessing
from reproductions.tasks.images.trained import NO_CLASS, TrainedClassifier
from reproductions.vit2021 import NAMED
from reproductions.vit2021.conversion import described
from reproductions.vit2021.libraries import Normalisation
from reproductions.vit2021.training import ViT2021


def pretrained(source: str, heads: int | None = None, size: int | None = None) -> TrainedClassifier:
    """A pretrained classifier, ``torchvision:vit_b_16`` or a file, with the preprocessing its weights were trained with.

    Its caption names the source of the weights, and the preprocessing if that had to be assumed. Raises UserError for weights
    that are not available, not understood, or not for three colours.
    """
    module, converted = ViT2021.pretrained(source, heads, size)
    if converted.network.channels != 3:
        raise UserError(f"{source} reads images of {converted.network.channels} channels; pictures have 3.")
    complete = len(converted.names) == converted.classes
    names = converted.names if complete else tuple(f"class {number}" for number in range(converted.classes))
    names = names or (NO_CLASS,)
    mean, std = converted.mean, converted.std
    origin = source if source.startswith(NAMED) else f"weights of {Path(source).name}"
    if converted.assumed:
        origin += f" ({described(Normalisation(mean, std))} assumed)"
    return TrainedClassifier(module, Preprocessing(converted.network.image_size, mean, std, names, fit="crop"), origin)  # type: ignore[arg-type]
