"""The folder of a run: where it lies, what it holds, which is the newest.

::

    runs/<paper>/<config>/<time>/
        config.yaml         every setting, resolved; trains the same run again
        tokenizers/         source.json, target.json, or language.json; preprocessing.json of a classifier;
                            prepared/ with preprocessing.json and caption.json of a captioner
        checkpoints/        best.ckpt, last.ckpt
        snapshots/          weights of the last few out of every so many steps, where the recipe averages them
        metrics/            one CSV a command
        validation.jsonl    scores of every validation
        views.json, .png    how well each layer and head aligns, or finds the object, where there are several
        pictures/           attention through training; typed.png of the last sentence given to ``translate``
        evaluation/         scores.json; answers, attention and pictures of the test splits
        summary.json        sizes, time, speed, machine
        wandb/              the tracker's own files
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from data.errors import UserError
from reproductions import papers

SCORES = "evaluation/scores.json"  # in the folder of a run that was tested
SUMMARY = "summary.json"  # in the folder of a run that has ended
# What writes a file of a run again.
REMEDIES = {
    SCORES: "run `make evaluate` for this run again",
    SUMMARY: "remove it, or continue the training, which writes it at its end",
}
# Folders of the small trainings that stand in one table each; none of them is the newest run of its paper.
LADDER, TIMELINE = "ladder", "timeline"


def runs_dir() -> Path:
    """``$RUNS_DIR``, or ``runs`` in the current directory."""
    return Path(os.environ.get("RUNS_DIR", "runs"))


@dataclass(frozen=True)
class Run:
    """One run, finished or not."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def best(self) -> Path:
        return self.folder / "checkpoints" / "best.ckpt"

    @property
    def last(self) -> Path:
        return self.folder / "checkpoints" / "last.ckpt"

    @property
    def snapshots(self) -> Path:
        return self.folder / "snapshots"

    @property
    def paper(self) -> str:
        """The folder of the reproduction, as the configuration names it; raises UserError if it names none."""
        return self._named("model", lambda settings: settings["model"]["class_path"].split(".")[1])

    @property
    def corpus(self) -> str:
        """What it was trained on, by name or path, as it was given; raises UserError if the configuration names none."""
        return self._named("data", lambda settings: settings["data"]["init_args"]["corpus"])

    def _named(self, what: str, of: Callable[[Any], Any]) -> str:
        """A setting of the configuration; raises UserError if that is missing or damaged, or has none."""
        try:
            return str(of(yaml.safe_load(self.config.read_text(encoding="utf-8"))))
        except OSError as error:
            raise UserError(f"{self.config} cannot be read ({error.strerror}): name another run.") from error
        except (yaml.YAMLError, UnicodeDecodeError, LookupError, TypeError, AttributeError) as error:
            raise UserError(f"{self.config} is damaged or no run's: it names no {what}. Name another run.") from error

    @property
    def task(self) -> str:
        """The folder of its paper's task; raises UserError for a paper that this version does not know."""
        return papers.of(self.paper).task

    @property
    def scores(self) -> dict[str, Any]:
        """Scores of the test splits, empty before they were computed."""
        return _json(self.folder, SCORES)

    @property
    def summary(self) -> dict[str, Any]:
        return _json(self.folder, SUMMARY)


def stamp() -> str:
    """The time, as a name that sorts and that no earlier command has."""
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")


def create(paper: str, config: str) -> Run:
    """A folder for a new run, named after the time."""
    return Run(runs_dir() / paper / config / stamp())


def every(
    paper: str = "*", config: str = "*", having: str = "checkpoints/best.ckpt", corpus: str | None = None
) -> list[Run]:
    """The runs of a paper and config that have a certain file, the newest first; of any paper, without those of a table.

    ``corpus``: a path, or two with a comma between; the runs that were trained on it, however its path was written.
    """
    found = [path.parents[len(Path(having).parts) - 1] for path in runs_dir().glob(f"{paper}/{config}/*/{having}")]
    named = [folder for folder in found if paper != "*" or folder.parts[-3] not in (LADDER, TIMELINE)]
    newest = (Run(folder) for folder in sorted(named, key=lambda path: path.name, reverse=True))
    return [run for run in newest if corpus is None or _places(run.corpus) == _places(corpus)]


def find(
    paper: str = "*",
    config: str = "*",
    having: str = "checkpoints/best.ckpt",
    task: str | None = None,
    corpus: str | None = None,
) -> Run:
    """The newest run of a paper, config, task and corpus (see ``every``) that has a certain file.

    Raises UserError if there is none.
    """
    for run in every(paper, config, having, corpus):
        if task is None or run.paper in papers.of_task(task):
            return run
    what = " ".join(name for name in (paper, config) if name != "*") or "any paper"
    what += "" if corpus is None else f" on {corpus}"
    that = "" if task is None else f" that {papers.TASKS[task]}"
    raise UserError(
        f"There is no run of {what}{that} with {having} under {runs_dir().resolve()}; train one first, for example with "
        f"`make {papers.train(task)}`."
    )


def at(folder: Path, task: str | None = None) -> Run:
    """The run in ``folder``; raises UserError if there is none, or if it is one of another task."""
    if not (folder / "config.yaml").is_file():
        raise UserError(f"{folder} is no run: it has no config.yaml. Name a folder under {runs_dir()}.")
    run = Run(folder)
    if task is not None and run.task != task:
        raise UserError(
            f"{folder} is a run of {run.paper}, which {papers.TASKS[run.task]}; "
            f"name a run of {' or '.join(papers.of_task(task))}."
        )
    return run


def corpus_name(corpus: str) -> str:
    """What a corpus is called: its name, the last part of a path, and of two files, ``a.en,a.fr``, what they share."""
    first, _, second = corpus.partition(",")
    return Path(first).stem if second else Path(first).name


def _places(corpus: str) -> list[Path]:
    """The files or folders behind a user's corpus."""
    return [Path(part).expanduser().resolve() for part in corpus.split(",")]


def _json(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"it holds no object but {type(content).__name__}")
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({error}): {REMEDIES[name]}.") from error
    return content
