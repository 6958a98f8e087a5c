"""Score a trained run on its test splits and draw its alignments."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from data.errors import UserError
from reproductions import runs
from reproductions.commands import lightning


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", type=Path, help="folder of a run; default: the newest")


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Test the best checkpoint; the options in ``rest`` override the settings of the run.

    Raises UserError where there is no run, or none that has reached a validation.
    """
    run = runs.find() if options.run is None else runs.at(options.run)
    if not run.best.is_file():
        raise UserError(f"{run.folder} has no {run.best.name}: its training has not reached a validation yet.")
    _ = run.summary  # raises UserError now rather than after the test
    arguments = ["test", "--config", str(run.config), "--ckpt_path", str(run.best), "--run.folder", str(run.folder)]
    # The devices of this machine, not of those that trained it.
    arguments += ["--trainer.num_nodes=1", "--trainer.devices=auto", "--trainer.strategy=auto"]
    if status := lightning.execute([*arguments, *rest]):
        return status
    from reproductions.commands import ending

    sys.stdout.write(ending.text(run))
    return 0
