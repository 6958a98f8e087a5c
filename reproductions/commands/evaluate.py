"""Score a trained run on its test splits and draw its alignments."""

import argparse
import sys
from collections.abc import Sequence

from data.errors import UserError
from reproductions import released
from reproductions.commands import lightning
from reproductions.runs import EVALUATION, Run


def options(parser: argparse.ArgumentParser) -> None:
    """The run, by its name alone or, as other commands take it, behind ``--run``."""
    parser.add_argument("run", nargs="?", default=argparse.SUPPRESS, help=released.GIVEN)
    parser.add_argument("--run", help="the same")


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Test the best checkpoint; the options in ``rest`` override the settings of the run.

    Raises UserError where there is no run, or none that has reached a validation.
    """
    run = released.chosen(options.run)
    if status := test(run, rest):
        return status
    from reproductions.commands import ending

    sys.stdout.write(ending.text(run))
    return 0


def answered(run: Run) -> Run:
    """The run, with its answers and attention: a copy of a released one has none until it was tested here.

    Raises UserError if that test does not reach its end.
    """
    if released.is_copy(run) and not any((run.folder / EVALUATION).glob("*/*.jsonl")):
        sys.stdout.write(f"Testing the released {run.title} first, this once: its folder has scores, but no answers.\n")
        if status := test(run, ["--run.wandb", "disabled"]):
            raise UserError(f"The test of {run.folder} ended with status {status}: run the same again.")
    return run


def test(run: Run, rest: Sequence[str]) -> int:
    """Score a run, draw its pictures, and return the exit status."""
    if not run.best.is_file():
        raise UserError(f"{run.folder} has no {run.best.name}: its training has not reached a validation yet.")
    _ = run.summary  # raises UserError now rather than after the test
    arguments = ["test", "--config", str(run.config), "--ckpt_path", str(run.best), "--run.folder", str(run.folder)]
    # The devices of this machine, not of those that trained it.
    arguments += ["--trainer.num_nodes=1", "--trainer.devices=auto", "--trainer.strategy=auto"]
    return lightning.execute([*arguments, *rest])
