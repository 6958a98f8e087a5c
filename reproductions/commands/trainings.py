"""What commands with many trainings share: those that have no scored run yet, several at a time."""

import argparse
import sys
from collections.abc import Sequence

from data.cores import cores
from reproductions.experiments.side_by_side import Training, train


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--again", action="store_true", help="train anew, even what has a scored run")
    parser.add_argument(
        "--jobs", type=_jobs, default=cores(), help="trainings at a time, one core each; default: all cores"
    )


def _jobs(text: str) -> int:
    jobs = int(text)
    if jobs < 1:
        raise argparse.ArgumentTypeError(f"{jobs} must be at least 1")
    return jobs


def run(
    trainings: Sequence[Training], jobs: int, again: bool = False, overrides: Sequence[str] = (), threads: int = 1
) -> int:
    """Train what has no scored run yet, or everything; returns the exit status, 130 after Ctrl-C.

    Raises UserError if a training fails.
    """
    try:
        train(trainings, jobs, again, overrides, threads)
    except KeyboardInterrupt:
        sys.stderr.write(
            "\nStopped. Finished trainings are kept and interrupted ones continue: run the same command again.\n"
        )
        return 130
    return 0
