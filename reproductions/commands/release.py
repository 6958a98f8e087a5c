"""Write a run as a folder to hand on: half precision, measured again, with a model card."""

import argparse
import sys
from collections.abc import Sequence

from data.errors import UserError
from data.sources.paths import place
from reproductions import released
from reproductions.commands import evaluate


def options(parser: argparse.ArgumentParser) -> None:
    evaluate.options(parser)
    parser.add_argument("--out", type=place, help="folder to write; default: release/ in that of the run")


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Raises UserError if the run has not been trained and tested to its end, and for a copy without another folder."""
    run = released.chosen(options.run)
    if options.out is None and released.is_copy(run):
        raise UserError(f"{run.folder} is a copy of a released run already: name the folder to write with --out.")
    from reproductions.released import writing

    folder = options.out or run.folder / "release"
    writing.write(run, folder)
    copy = released.take(folder)
    if status := evaluate.test(copy, ["--run.wandb", "disabled", *rest]):
        return status
    writing.describe(copy, folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    sys.stdout.write(
        f"Released: {folder}, {size / 1e6:.1f} MB\n"
        f"Use it:   --run {folder}, in any command\n"
        f"Share it: .venv/bin/python -m reproductions publish {folder} OWNER/NAME\n"
    )
    return 0
