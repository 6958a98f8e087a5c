"""Every kind of attention in one translator: trained, measured, drawn in order of year."""

import argparse
from functools import partial

from reproductions import runs
from reproductions.commands import trainings

run = partial(trainings.run, runs.TIMELINE)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="one seed and few steps: minutes, and no verdict")
    trainings.options(parser)
