"""Every kind of attention in one translator: trained, measured, drawn in order of year."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reproductions import runs
from reproductions.commands import trainings

if TYPE_CHECKING:
    from reproductions.experiments.timeline.training import Budget


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="one seed and few steps: minutes, and no verdict")
    trainings.options(parser)


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Train every mechanism over a source that has no scored run yet, or all of them, and put them side by side."""
    from reproductions.experiments.timeline import training

    budget = training.QUICK if options.quick else training.FULL
    if status := trainings.run(training.trainings(budget), options, rest):
        return status
    folder = runs.runs_dir() / training.PAPER
    write(budget, folder / budget.name if options.quick else folder)  # minutes never stand in place of the whole
    return 0


def write(budget: "Budget", folder: Path) -> dict[str, Any]:
    """Everything that follows from the trained runs; the numbers are returned, too."""
    import torch

    from reproductions.evaluation import files
    from reproductions.experiments.timeline import report, training
    from reproductions.experiments.timeline.cost import costs
    from reproductions.experiments.timeline.rows import sizes_of, table

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    sizes = sizes_of(budget)
    found = table(budget, costs(sizes), sizes)
    torch.set_num_threads(threads)
    files.write_json(folder / "timeline.json", found)
    pictures = report.draw(found, folder)
    made = f"Made on {datetime.now(UTC):%Y-%m-%d} with make timeline{' QUICK=1' * (budget is training.QUICK)}."
    written = files.write_text(folder / "report.html", report.page(found, pictures, made))
    _track(folder, found, pictures)
    sys.stdout.write(f"\n{report.text(found)}\n\nReport: {written}\nPictures and numbers: {folder}\n")
    return found


def _track(folder: Path, found: Mapping[str, Any], pictures: Mapping[str, Path]) -> None:
    """The same table and pictures in Weights & Biases."""
    from reproductions.experiments.timeline import report
    from reproductions.training import tracking

    logger = tracking.experiment_logger(
        folder,
        project=tracking.PROJECT,
        name=f"timeline-{found['corpus']}-{runs.stamp()}",
        group="timeline",
        tags=["timeline", found["corpus"]],
        job_type="timeline",
        config={name: found[name] for name in ("corpus", "seeds", "steps", "budget")},
    )
    shown = (
        "year",
        "name",
        "paper",
        "formula",
        "bleu",
        "aer",
        "entropy",
        "parameters",
        "products",
        "microseconds",
        "says",
    )
    tracking.log_table(
        logger, "timeline", list(shown), [[row[name] for name in shown] for row in report.over_source(found)]
    )
    for name, path in pictures.items():
        tracking.log_picture(logger, f"timeline/{name}", path, name)
    tracking.finish(logger)
