"""What commands with many trainings share: ``--again`` and ``--jobs``; and the course of the timeline and of the trial."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from data.cores import cores
from data.sources.paths import check_writable
from reproductions import runs
from reproductions.experiments.side_by_side import train


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--again", action="store_true", help="train anew, even what has a scored run")
    parser.add_argument(
        "--jobs", type=jobs, default=cores(), help="trainings at a time, one core each; default: all cores"
    )


def jobs(text: str) -> int:
    """Raises ValueError, which argparse words, for what is no number from 1."""
    if int(text) < 1:
        raise ValueError
    return int(text)


def part(topic: str, name: str) -> Any:
    """A module of the timeline or of the trial: what it trains, its rows, or its report."""
    return import_module(f"reproductions.experiments.{topic}.{name}")


def run(topic: str, options: argparse.Namespace, rest: Sequence[str], **narrowed: Any) -> int:
    """Train what has no scored run yet, or everything again, and put it side by side; narrowed: what differs in the budget."""
    training = part(topic, "training")
    budget = replace(training.QUICK if options.quick else training.FULL, **narrowed)
    check_writable(runs.runs_dir() / topic)
    if status := train(training.trainings(budget), options.jobs, options.again, rest):
        return status
    table, page = write(topic, budget)
    sys.stdout.write(f"\n{part(topic, 'report').text(table)}\n\nReport: {page}\nPictures and numbers: {page.parent}\n")
    return 0


def write(topic: str, budget: Any) -> tuple[dict[str, Any], Path]:
    """The table of the trainings of a budget, and its report, once that is written; a quick one never replaces the full one."""
    folder, table = runs.runs_dir() / topic, part(topic, "rows").table(budget)
    return table, part(topic, "report").write(table, folder if budget.name == "full" else folder / budget.name)
