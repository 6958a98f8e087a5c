"""The published weights of ViTs, by name: torchvision itself takes seconds to import."""

from data.errors import UserError
from reproductions.vit2021 import HUB

MODELS = ("vit_b_16", "vit_b_32", "vit_h_14", "vit_l_16", "vit_l_32")


def model_of(source: str) -> str:
    """The model of the weights ``torchvision:<model>``; raises UserError for a model that torchvision does not have."""
    name = source.removeprefix(HUB)
    if name not in MODELS:
        raise UserError(f"torchvision has no ViT named {name!r}; it has {', '.join(MODELS)}.")
    return name
