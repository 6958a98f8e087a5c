"""Which run a command takes. A run that was trained elsewhere is copied first, and the command works in the copy."""

import filecmp
import logging
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data.errors import UserError
from data.sources.paths import place
from reproductions import papers, runs
from reproductions.released import hub
from reproductions.runs import BEST, RELEASED, SCORES, SUMMARY, VALIDATIONS, VIEWS, Run

log = logging.getLogger(__name__)

FOLDER = papers.DOCS / "runs"  # those that come with the project
WEIGHTS, CARD = "model.safetensors", "README.md"
BESIDE = ("config.yaml", SCORES, SUMMARY, VIEWS, VALIDATIONS, CARD)  # files of a released run, besides its weights
PART = re.compile(r"\w[\w.-]*")  # of the name of a run
HUB, WANDB = "hf:", "wandb:"
GIVEN = f"folder of a run, {HUB}OWNER/NAME, or {WANDB}ENTITY/PROJECT/NAME:ALIAS; default: your newest, or else a released run"


def chosen(named: str | None, paper: str = "*", task: str | None = None, having: str = BEST) -> Run:
    """The run that a command is given by name; without a name the user's newest, or else one that comes with the project.

    Raises UserError if there is none, or if it is one of another task.
    """
    if named is not None:
        return runs.at(located(named), task)
    if own := runs.newest(paper, having=having, task=task):
        return own
    for run in offered():
        if paper in ("*", run.paper) and task in (None, run.task):
            said = f"{run.title} on {runs.corpus_name(run.corpus)}, which comes with the project"
            log.info("Taking the released %s: there is no run of yours yet.", said)
            return take(run.folder)
    return runs.find(paper, having=having, task=task)  # raises UserError, which says how to train one


def offered() -> Iterator[Run]:
    """The runs that come with the project, oldest paper first."""
    listed = [Run(path.parent) for path in FOLDER.glob("*/config.yaml")]
    yield from sorted(listed, key=lambda run: papers.of(run.paper).year)


def is_copy(run: Run) -> bool:
    """Whether it was trained elsewhere, and lies here as a copy to work in."""
    return run.folder.resolve().is_relative_to((runs.runs_dir() / RELEASED).resolve())


def stand_in() -> list[Run]:
    """Copies of the runs that come with the project, for each paper that the user has not trained."""
    return [take(run.folder) for run in offered() if not runs.every(run.paper)]


def located(named: str) -> Path:
    """The folder of a run on this machine: a path, one that comes with the project by its name, or what ``hf:OWNER/NAME`` or
    ``wandb:ENTITY/PROJECT/NAME:ALIAS`` holds.

    A released run is copied first. Raises UserError for a name that does not exist, and for a run that does not fit together.
    """
    if named.startswith(HUB):
        return take(hub.download(named.removeprefix(HUB))).folder
    if named.startswith(WANDB):
        from reproductions.training import tracked, tracking

        name = named.removeprefix(WANDB)
        copy = take(tracking.download(name, runs.runs_dir() / RELEASED / "wandb"))
        tracked.came_from(copy.folder, name)
        return copy.folder
    folder = place(named)
    if not folder.exists() and PART.fullmatch(named) and (FOLDER / named).is_dir():
        folder = FOLDER / named
    return take(folder).folder if (folder / CARD).is_file() and not (folder / BEST).exists() else folder


def take(folder: Path) -> Run:
    """A copy of a run that was trained elsewhere, to work in; it stays until the weights or settings of the run change.

    Raises UserError for a file that is missing or damaged, and for weights that fit neither settings nor tokenisers.
    """
    run = runs.at(folder)
    weights = run.best if run.best.is_file() else folder / WEIGHTS
    copy = Run(runs.runs_dir() / RELEASED / _name(run))
    inside = weights.relative_to(folder)
    if all(_same(folder / name, copy.folder / name) for name in ("config.yaml", inside)):
        return copy
    from reproductions.tasks import task as tasks
    from reproductions.training import checkpoints

    task = tasks.of(run.paper)
    _check(run, weights, task.restore(folder, weights).module)
    shutil.rmtree(copy.folder, ignore_errors=True)
    for name in BESIDE:
        if (folder / name).is_file():
            _copy(folder / name, copy.folder / name)
    for path in (folder / task.kept).glob("*.json") if (folder / task.kept).is_dir() else [folder / task.kept]:
        _copy(path, copy.folder / path.relative_to(folder))
    for path in run.gallery:
        _copy(path, copy.folder / path.relative_to(folder))
    if weights != run.best:
        checkpoints.WholeFiles().save_checkpoint(checkpoints.read(weights), copy.best)
    _copy(weights, copy.folder / inside)  # last: a copy that has it is complete
    return copy


def _check(run: Run, weights: Path, module: Any) -> None:
    """Raise UserError unless weights are of the paper and the network that the configuration of their run names."""
    from reproductions.training.checkpoints import check_settings

    trained = dict(module.hparams)
    asked = {name: value for name, value in run.model.get("network", {}).items() if value is not None}
    if module.paper != run.paper:
        raise UserError(
            f"{weights} is a model of {module.paper}, and {run.config} of {run.paper}: they are of two runs."
        )
    check_settings(weights, {"hyper_parameters": trained}, {"network": trained["network"] | asked}, ("network",))


def _name(run: Run) -> Path:
    """Where its copy lies: its paper, configuration and time, as it was trained; other words never become a path."""
    try:
        parts = Path(run.settings["run"]["folder"]).parts[-3:]
    except (LookupError, TypeError):
        parts = ()
    if len(parts) == 3 and all(PART.fullmatch(part) for part in parts):
        return Path(*parts)
    return Path(run.paper, "run", re.sub(r"[^\w.-]+", "-", run.folder.resolve().name).lstrip(".-") or "run")


def _same(first: Path, second: Path) -> bool:
    try:
        return filecmp.cmp(first, second, shallow=False)
    except OSError:
        return False


def _copy(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)
