"""What a run, its report and its restoration ask of a task: translation, images, captions, language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback

from reproductions import papers
from reproductions.runs import Run


@dataclass(frozen=True)
class Task:
    """What the models of some papers do.

    Attributes:
        monitor: the score that chooses the best checkpoint where the configuration names none.
        unit, counted: what throughput counts, in the log and in summary.json.
        kept: file or folder of a run that holds what its data decided; and its type as an artifact.
        log: the callback that measures, from the folder of the run and the indices of what is drawn.
        columns: of the printed report: score -> heading and digits; under a heading that ends in % stand fractions times 100.
        notes: lines below the table, from the scores of all splits.
        restore: the trained model behind one interface, from the folder of a run and a checkpoint.
    """

    monitor: str
    unit: str
    counted: str
    kept: str
    artifact: str
    log: Callable[[Path, Sequence[int]], Callback]
    columns: Mapping[str, tuple[str, int]]
    notes: Callable[[Mapping[str, Mapping[str, Any]]], list[str]]
    restore: Callable[[Path, Path], Any]


def of(paper: str) -> Task:
    """The task of a paper; raises UserError for a paper of another version or project."""
    task: Task = import_module(f"reproductions.tasks.{papers.of(paper).task}.task").TASK
    return task


def restore(run: Run) -> Any:
    """The trained model of a run behind one interface; raises UserError where a file is missing or does not fit."""
    return of(run.paper).restore(run.folder, run.best)
