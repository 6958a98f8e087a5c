"""A classifier of published weights, which answers like a trained run."""

from pathlib import Path

from data.errors import UserError
from data.preprocessing import Preprocessing
from reproductions.tasks.images.trained import TrainedClassifier
from reproductions.vit2021.conversion import Normalisation, described
from reproductions.vit2021.training import ViT2021
from reproductions.vit2021.weights import HUB


def pretrained(source: str, heads: int | None = None) -> TrainedClassifier:
    """A pretrained classifier, ``torchvision:vit_b_16`` or a file, with the preprocessing its weights were trained with.

    Its caption says where the weights come from, and which preprocessing was assumed where no file names it.

    Raises UserError where the weights are not available or not understood, name no class, or are not of pictures in three
    colours.
    """
    module, converted = ViT2021.pretrained(source, heads)
    if converted.network.channels != 3:
        raise UserError(f"{source} reads images of {converted.network.channels} channels; pictures have 3.")
    complete = len(converted.names) == converted.classes
    names = converted.names if complete else tuple(f"class {number}" for number in range(converted.classes))
    mean, std = converted.mean, converted.std
    origin = source if source.startswith(HUB) else f"weights of {Path(source).name}"
    if converted.assumed:
        origin += f" ({described(Normalisation(mean, std))} assumed)"
    return TrainedClassifier(module, Preprocessing(converted.network.image_size, mean, std, names, fit="crop"), origin)
