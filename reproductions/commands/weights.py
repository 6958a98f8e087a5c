"""``--weights``, ``--heads`` and ``--size``, which `train` and `look` share: a model that was trained before."""

import argparse
from typing import NamedTuple

from data.errors import UserError
from reproductions.vit2021 import HUB, NAMED
from reproductions.vit2021.published import file_of, model_of


class Trained(NamedTuple):
    """Trained weights: their name, file or run; their attention heads and the pixels of their images, None for their own."""

    source: str
    heads: int | None = None
    size: int | None = None


def options(parser: argparse.ArgumentParser, use: str) -> None:
    """Add them; ``use`` says what the weights are for."""
    parser.add_argument(
        "--weights",
        help=f"{use}: torchvision:vit_b_16, timm:NAME, hf:OWNER/NAME, a file (.pth, .safetensors), or the folder of a run "
        "of ViT",
    )
    parser.add_argument("--size", type=int, help="pixels of its images, such as 384; default: as it was trained")
    parser.add_argument(
        "--heads",
        type=int,
        help="attention heads of the pretrained model (not stored in the file); default: the published ViT of that width",
    )


def given(options: argparse.Namespace) -> Trained | None:
    """What is asked for; None without --weights.

    Raises UserError for heads or a size without weights, and for a file or a published model that does not exist.
    """
    source, heads, size = options.weights, options.heads, options.size
    if source is None:
        for name, value in (("--heads", heads), ("--size", size)):
            if value is not None:
                raise UserError(f"{name} {value} describes trained weights: name them with --weights.")
        return None
    if source.startswith(HUB):
        model_of(source)
    elif not source.startswith(NAMED):
        file_of(source)
    return Trained(source, heads, size)
