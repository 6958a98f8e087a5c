"""``make ladder``: from 2014 to 2017, one change at a time, every rung on the same batches."""

import sys
from collections.abc import Sequence
from pathlib import Path

from reproductions import runs
from reproductions.compare.contestants import read_all
from reproductions.evaluation import files
from reproductions.experiments.ladder import RUNGS, figure, table, text
from reproductions.experiments.side_by_side import Training, cores, train
from reproductions.runs import LADDER

CONFIGS = Path("configs") / LADDER


def ladder(again: bool, jobs: int | None, overrides: Sequence[str]) -> int:
    """Train the rungs that have no scored run yet, or all of them, then write table and figure.

    Returns the exit status: 130 after Ctrl-C.
    """
    at_once = cores() if jobs is None else jobs
    try:
        train([Training(LADDER, name, CONFIGS / f"{name}.yaml") for name in RUNGS], at_once, again, overrides)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. What was trained is kept, and what had begun goes on: run the same again.\n")
        return 130
    rungs = read_all([runs.find(LADDER, name, having=runs.SCORES).folder for name in RUNGS])
    rows = table(dict(zip(RUNGS, rungs, strict=True)))
    summary, folder = rungs[-1].summary, runs.runs_dir() / LADDER
    note = (
        f"Accord, test split. Every rung read the same {summary['steps']:,} batches; seed {summary['seed']}, one thread of "
        f"a {summary['device']} each, {at_once} side by side, torch {summary['torch']}. AER of the view chosen in validation."
    )
    files.write_json(folder / "ladder.json", rows)
    for suffix in (".png", ".pdf"):
        files.save(figure(rows, note), folder / f"ladder{suffix}")
    sys.stdout.write(f"\n{text(rows)}\n\nFigure and numbers: {folder}\n")
    return 0
