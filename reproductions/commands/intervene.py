"""Does a model use what it looks at? Erase it, exchange it, leave it out, and measure what the next word loses."""

import argparse
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from data.errors import UserError
from data.sources.paths import check_writable
from reproductions import released, runs
from reproductions.commands import evaluate

log = logging.getLogger(__name__)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", nargs="*",
        help="runs, each a folder, hf:OWNER/NAME or wandb:ENTITY/PROJECT/NAME:ALIAS; default: the newest of each paper, else the "
        "released ones, and every kind of the timeline",
    )  # fmt: skip
    parser.add_argument(
        "--control",
        action="store_true",
        help="train the control first, a model that looks at all words alike, unless it is there",
    )


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Measure the runs that have not been measured as they are now, and put all of them in one table.

    Raises UserError for a run that cannot be measured, and for an option that nothing would take.
    """
    if rest and not options.control:
        raise UserError(f"{rest[0]} is an option of a training, and only --control trains: leave it out.")
    folder = check_writable(runs.runs_dir() / runs.INTERVENED)
    named = [runs.scored(released.located(name)) for name in options.run]
    copies = [] if named else released.stand_in()
    from reproductions.attention import CONTROLS
    from reproductions.compare.comparison import names_of
    from reproductions.experiments.interventions import report, rows
    from reproductions.experiments.side_by_side import train
    from reproductions.experiments.timeline import training

    if options.control:
        controls = [training.training(name, training.FULL.seeds[0], training.FULL) for name in CONTROLS]
        if status := train(controls, 1, False, rest):
            return status
    labels = names_of(named)
    at_hand = [rows.Named(run.name, label, run) for label, run in zip(labels, named, strict=True)] or rows.at_hand(
        copies
    )
    chosen = [one for one in at_hand if _answered(one.run, bool(named))]
    if not chosen:
        raise UserError(
            "There is no scored run to intervene on: train one first, for example with `make train-bahdanau`."
        )
    entries = rows.table(chosen)
    page = report.write(entries, _origin(), folder)
    sys.stdout.write(f"\n{report.text(entries)}\n\nReport: {page}\nFigure and numbers: {folder}\n")
    return 0


def _origin() -> dict[str, Any]:
    """The machine and the day, as docs/results.json has them."""
    import torch

    from reproductions.commands.lightning import machine

    return {
        "processor": machine.processor(),
        "threads": torch.get_num_threads(),
        "device": "cpu",
        "precision": None,
        "torch": torch.__version__,
        "commit": machine.commit(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def _answered(run: runs.Run, named: bool) -> bool:
    """Whether a run has its answers and its attention; a released one, unless it was named, may stay without its data."""
    try:
        evaluate.answered(run)
    except UserError as error:
        if named:
            raise
        log.warning("Left out: the released %s. %s", run.title, error)
        return False
    return True
