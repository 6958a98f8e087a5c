"""Attention on trial: translators as word aligners on real language, beside statistical aligners, against human links."""

import argparse
from collections.abc import Sequence

from reproductions import runs
from reproductions.commands import trainings


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="fewer pairs and steps: minutes, and no verdict")
    trainings.options(parser)


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """As the timeline; raises UserError for gold that is missing or damaged before hours of training."""
    from reproductions.experiments.trial import rows, training

    rows.read_golds(*training.DIRECTIONS[0])
    return trainings.run(runs.TRIAL, options, rest)
