"""``--weights`` and ``--heads``, which `train` and `look` share: a model that somebody else trained."""

import argparse
from pathlib import Path

from data.errors import UserError
from data.sources.paths import check_exists
from reproductions.vit2021 import HUB
from reproductions.vit2021.published import model_of


def options(parser: argparse.ArgumentParser, use: str) -> None:
    """Add both; ``use`` says what the weights are for."""
    parser.add_argument("--weights", help=f"{use}: torchvision:vit_b_16, or a file (.pth, .safetensors)")
    parser.add_argument(
        "--heads",
        type=int,
        help="attention heads of the pretrained model (not stored in the file); default: the published ViT of that width",
    )


def check(weights: str | None, heads: int | None) -> None:
    """Raise UserError for heads without weights, and for a file or a published model that does not exist."""
    if heads is not None and weights is None:
        raise UserError(f"--heads {heads} describes trained weights: name them with --weights.")
    if weights is not None and weights.startswith(HUB):
        model_of(weights)
    elif weights is not None:
        check_exists(Path(weights), "weights", f"{HUB}vit_b_16")
