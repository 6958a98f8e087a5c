"""The names of trained weights, without torch: those that torchvision publishes, and files."""

from pathlib import Path

from data.errors import UserError
from data.sources.paths import check_exists, place
from reproductions.vit2021 import HUB

MODELS = ("vit_b_16", "vit_b_32", "vit_h_14", "vit_l_16", "vit_l_32")
BEST = "checkpoints/best.ckpt"  # in the folder of a run


def file_of(source: str) -> Path:
    """The file of weights that are not published: for a run of this project, its best checkpoint. Raises UserError if there
    is none.
    """
    path = place(source)
    if path.is_dir():
        path /= BEST
    check_exists(path, "weights", f"the folder of a run, or {HUB}vit_b_16")
    return path


def model_of(source: str) -> str:
    """The model of the weights ``torchvision:<model>``; raises UserError for a model that torchvision does not have."""
    name = source.removeprefix(HUB)
    if name not in MODELS:
        raise UserError(f"torchvision has no ViT named {name!r}; it has {', '.join(MODELS)}.")
    return name
