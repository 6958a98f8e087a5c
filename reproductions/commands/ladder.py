"""From 2014 to 2017 in six models: one budget, one table and one figure."""

import argparse
import sys
from collections.abc import Sequence

from data.sources.paths import check_writable
from reproductions import papers, runs
from reproductions.commands import trainings
from reproductions.experiments.side_by_side import Training, train
from reproductions.runs import LADDER

CONFIGS = papers.CONFIGS / LADDER

options = trainings.options


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Train the rungs that have no scored run yet, or all of them, then write table and figure."""
    from reproductions.compare.comparison import comparable
    from reproductions.compare.translators import SAME
    from reproductions.evaluation import files
    from reproductions.experiments.ladder import RUNGS, TEST, figure, table, text
    from reproductions.reports import percent

    folder = check_writable(runs.runs_dir() / LADDER)
    rungs = [Training(LADDER, name, CONFIGS / f"{name}.yaml") for name in RUNGS]
    if status := train(rungs, options.jobs, options.again, rest):
        return status
    trained = [*comparable([runs.find(LADDER, name, having=runs.SCORES).folder for name in RUNGS], SAME).values()]
    rows = table(dict(zip(RUNGS, trained, strict=True)))
    summary = trained[-1].summary
    note = (
        f"Accord, test split. Every rung read the same {summary['steps']:,} batches; seed {summary['seed']}, one thread of "
        f"a {summary['device']} each, torch {summary['torch']}. A step may be several changes."
    )
    if "aer_naive" in (scores := trained[-1].scores[TEST]):  # those of an older run lack it
        note += f" The last AER is of the view chosen in validation; in the naive view it is {percent(scores['aer_naive'])} %."
    files.write_json(folder / "ladder.json", rows)
    for suffix in (".png", ".pdf"):
        files.save(figure(rows, note), folder / f"ladder{suffix}")
    sys.stdout.write(f"\n{text(rows)}\n\n{note}\nFigure and numbers: {folder}\n")
    return 0
