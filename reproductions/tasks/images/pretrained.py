"""A classifier of published weights, to be asked like a trained run."""

from pathlib import Path

from data.errors import UserError
from data.preprocessing import Preprocessing
from reproductions.tasks.images.collect import TrainedClassifier
from reproductions.vit2021.conversion import Normalisation, described
from reproductions.vit2021.training import ViT2021
from reproductions.vit2021.weights import HUB


def pretrained(source: str, heads: int | None = None) -> TrainedClassifier:
    """A classifier of published weights, ``torchvision:vit_b_16`` or a file, that sees pictures as its weights were trained to.

    Its caption says where the weights come from, and what was assumed of pictures where no file says it.

    Raises UserError where the weights cannot be had or understood, name no class, or are not of pictures in three colours.
    """
    module, converted = ViT2021.pretrained(source, heads)
    if converted.network.channels != 3:
        raise UserError(f"{source} reads images of {converted.network.channels} channels; pictures have 3.")
    known = converted.names if len(converted.names) == converted.classes else ()
    names = known or tuple(f"class {number}" for number in range(converted.classes))
    mean, std = converted.mean, converted.std
    origin = source if source.startswith(HUB) else f"weights of {Path(source).name}"
    if converted.assumed:
        origin += f" ({described(Normalisation(mean, std))} assumed)"
    return TrainedClassifier(module, Preprocessing(converted.network.image_size, mean, std, names, fit="crop"), origin)
