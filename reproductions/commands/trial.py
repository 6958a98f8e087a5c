"""Attention on trial: translators as word aligners on real language, beside statistical aligners, against human links."""

import argparse
import sys
from collections.abc import Sequence

from data.sources.paths import check_writable
from reproductions import runs
from reproductions.commands import trainings
from reproductions.experiments.side_by_side import train


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="fewer pairs and steps: minutes, and no verdict")
    trainings.options(parser)


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Train the translators that have no scored run yet, or all of them, then align the gold with every system."""
    from reproductions.experiments.trial import report, rows, training

    budget = training.QUICK if options.quick else training.FULL
    folder = check_writable(runs.runs_dir() / runs.TRIAL)
    rows.read_golds(*training.DIRECTIONS[0])  # before hours of training
    if status := train(training.trainings(budget), options.jobs, options.again, rest):
        return status
    table = rows.table(budget)
    # The quick one never replaces the full one.
    page = report.write(table, folder / budget.name if options.quick else folder)
    sys.stdout.write(f"\n{report.text(table)}\n\nReport: {page}\nFigure and numbers: {page.parent}\n")
    return 0
