"""``--again`` and ``--jobs``, which commands with many trainings share."""

import argparse

from data.cores import cores


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
