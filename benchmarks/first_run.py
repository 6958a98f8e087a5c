"""A new user's first run: a fresh clone of what is committed here, ``make setup``, ``make train-bahdanau``.

    python -m benchmarks.first_run

Ends with one line ``RESULT {json}``: minutes until the packages are installed, until the last line of the second command, and of
the training alone; BLEU and AER of the test set. The embedded sentences are made anew; packages come from pip's cache where it
has them.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import machine
from data.errors import UserError
from reproductions import runs

ROOT = Path(__file__).resolve().parents[1]
OF_CALLER = ("RUNS_DIR", "WANDB_API_KEY", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")


def measure(folder: Path) -> dict[str, Any]:
    """Clone, install and train in a folder; raises UserError with the command that failed."""
    clone, meter = folder / "clone", machine.Meter()
    given = {name: value for name, value in os.environ.items() if name not in OF_CALLER} | {
        "DATA_DIR": str(folder / "data")
    }
    start, minutes = time.perf_counter(), []
    for command, where in (
        (["git", "clone", "--quiet", str(ROOT), str(clone)], folder),
        (["make", "setup"], clone),
        (["make", "train-bahdanau"], clone),
    ):
        if status := subprocess.run(command, cwd=where, env=given, check=False).returncode:
            raise UserError(f"`{' '.join(command)}` ended with status {status}: see its lines above.")
        minutes.append((time.perf_counter() - start) / 60)
    (trained,) = clone.glob("runs/bahdanau2014/accord/*")
    run = runs.scored(trained)
    return {
        "benchmark": "first_run",
        "setup_minutes": round(minutes[1], 2),
        "minutes": round(minutes[2], 2),
        "training_minutes": round(run.summary["training_seconds"] / 60, 2),
        "bleu": run.scores["test"]["bleu"],
        "aer": run.scores["test"]["aer"],
        "precision": run.summary["precision"],
        "other_cpu": meter.other_cpu(),
        **machine.facts(),
    }


def main(arguments: Sequence[str]) -> None:
    machine.parser("first_run", __doc__).parse_args(arguments)
    with TemporaryDirectory() as folder:
        machine.report(measure(Path(folder)))


if __name__ == "__main__":
    sys.exit(machine.run(main))
