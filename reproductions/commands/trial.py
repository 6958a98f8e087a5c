"""Attention on trial: translators as word aligners on real language, beside statistical aligners, against human links."""

import argparse
from collections.abc import Sequence

from data.errors import UserError
from reproductions import runs
from reproductions.commands import trainings


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="fewer pairs and steps: minutes, and no verdict")
    parser.add_argument("--only", help="some of rnnsearch, luong, transformer, guided; default: all four")
    trainings.options(parser)


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """As the timeline; raises UserError before hours of training for damaged or missing gold and for an unknown translator."""
    from reproductions.experiments.trial import rows, training

    named = {*training.SYSTEMS} if options.only is None else {*options.only.split()}
    if not named or named - training.SYSTEMS.keys():
        raise UserError(f"--only {options.only}: choose one or more of {' '.join(training.SYSTEMS)}.")
    rows.read_golds(*training.DIRECTIONS[0])
    return trainings.run(runs.TRIAL, options, rest, systems=tuple(name for name in training.SYSTEMS if name in named))
