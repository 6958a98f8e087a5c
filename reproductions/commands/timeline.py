"""Every kind of attention in one translator: trained, measured, drawn in order of year."""

import argparse
import sys
from collections.abc import Sequence

from data.sources.paths import check_writable
from reproductions import runs
from reproductions.commands import trainings
from reproductions.experiments.side_by_side import train


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="one seed and few steps: minutes, and no verdict")
    trainings.options(parser)


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Train every mechanism over a source that has no scored run yet, or all of them, and put them side by side."""
    from reproductions.experiments.timeline import report, rows, training

    budget = training.QUICK if options.quick else training.FULL
    folder = check_writable(runs.runs_dir() / runs.TIMELINE)
    if status := train(training.trainings(budget), options.jobs, options.again, rest):
        return status
    table = rows.table(budget)
    # The quick one never replaces the full one.
    page = report.write(table, folder / budget.name if options.quick else folder)
    sys.stdout.write(f"\n{report.text(table)}\n\nReport: {page}\nPictures and numbers: {page.parent}\n")
    return 0
