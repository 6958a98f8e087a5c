"""From a run to the folder that is handed on."""

import shutil
from pathlib import Path

import yaml

from data.sources.paths import check_writable
from reproductions import runs
from reproductions.evaluation.files import write_text
from reproductions.released import card
from reproductions.released.copies import CARD, WEIGHTS
from reproductions.runs import SCORES, SUMMARY, VALIDATIONS, VIEWS, Run
from reproductions.tasks import task as tasks
from reproductions.training import checkpoints, portable


def write(run: Run, folder: Path) -> None:
    """Write a released run into ``folder``, with the scores of the run that it is made from.

    Raises UserError if the run was not trained and tested to its end, or if a weight does not fit into half precision.
    """
    run = runs.scored(run.folder)
    checkpoint = checkpoints.read(run.best)
    settings = run.settings
    settings["run"]["folder"] = f"runs/{run.name}"  # wherever it lay on this machine
    folder = check_writable(folder)
    write_text(folder / "config.yaml", yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
    kept = run.folder / tasks.of(run.paper).kept
    files = [*kept.glob("*.json")] if kept.is_dir() else [kept]
    for path in (*files, run.folder / SUMMARY, run.folder / VIEWS, run.folder / VALIDATIONS):
        if path.is_file():
            (folder / path.relative_to(run.folder)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / path.relative_to(run.folder))
    portable.write(checkpoint, folder / WEIGHTS)
    describe(run, folder)


def describe(run: Run, folder: Path) -> None:
    """Take the scores of a run into the folder, and write its card."""
    (folder / SCORES).parent.mkdir(exist_ok=True)
    shutil.copyfile(run.folder / SCORES, folder / SCORES)
    write_text(folder / CARD, card.text(Run(folder)))
