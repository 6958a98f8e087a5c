"""Upload a released run to Hugging Face, from where anybody takes it with --run hf:OWNER/NAME."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from data.errors import UserError
from reproductions import released
from reproductions.released import hub
from reproductions.released.copies import CARD, WEIGHTS


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="what `release` wrote")
    parser.add_argument("name", metavar="OWNER/NAME")
    parser.add_argument("--private", action="store_true", help="for a new repository")


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Raises UserError for a folder that is no released run or does not fit together, and if the hub refuses."""
    folder: Path = options.folder
    for name in (WEIGHTS, CARD):
        if not (folder / name).is_file():
            raise UserError(
                f"{folder} has no {name}: it is no released run. Write one with `release`, and name its folder."
            )
    released.take(folder)
    sys.stdout.write(f"{hub.upload(folder, options.name, options.private)}\n")
    return 0
