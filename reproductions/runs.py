"""The folder of a run: where it lies, what it holds, which is the newest.

::

    runs/<paper>/<config>/<time>/           or <time>-<group>-seed<n>, one of several seeds
        config.yaml         every setting, resolved; trains the same run again
        tokenizers/         source.json, target.json, or language.json; preprocessing.json of a classifier;
                            prepared/ with preprocessing.json and caption.json of a captioner
        checkpoints/        best.ckpt, weights alone; last.ckpt, with the optimiser, to train on from
        snapshots/          weights of the last few out of every so many steps, until the end averages them
        metrics/            one CSV a command
        validation.jsonl    scores of every validation
        views.json, .png    how well each layer and head aligns, or finds the object, where there are several
        pictures/           attention through training, and over each sentence given to ``translate``
        evaluation/         scores.json; answers, attention and pictures of the test splits; interventions.json
        summary.json        sizes, time, speed, machine
        report.html         all of this on one page, written at every validation and test
        wandb/              the tracker's own files
"""

import hashlib
import os
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from data import stored
from data.errors import UserError
from data.sources.paths import place
from data.stored import MEASURE, NUMBER, TEXT, WHOLE
from reproductions import papers

if TYPE_CHECKING:  # so that to find a run needs no numpy
    from reproductions.evaluation.records import R
    from reproductions.evaluation.records.image import AttendedImage
    from reproductions.evaluation.records.translation import AlignedTranslation, Translated

# Files in the folder of a run.
BEST, LAST = "checkpoints/best.ckpt", "checkpoints/last.ckpt"
EVALUATION = "evaluation"
SCORES = f"{EVALUATION}/scores.json"  # once it was tested
SUMMARY = "summary.json"  # once its training has ended
INTERVENTIONS = f"{EVALUATION}/interventions.json"  # once they were measured
VIEWS = "views.json"  # once it was validated, where there are views to choose from
VALIDATIONS = "validation.jsonl"
REPORT = "report.html"  # once it was validated
# How to repair each JSON file of a run, and what it must hold.
REMEDIES = {
    SCORES: stored.TEST_AGAIN,
    SUMMARY: "remove it, or continue the training, which writes it at its end",
    VIEWS: stored.TEST_AGAIN,
    INTERVENTIONS: "remove it, and `make intervene` measures it again",
    VALIDATIONS: "perhaps it was cut by a full disk: delete that line",
}
KINDS: dict[str, dict[str, Any]] = {
    SCORES: {"*": {}},
    SUMMARY: {"title": TEXT, "parameters": WHOLE, "steps": WHOLE, "training_seconds": NUMBER, "seed": WHOLE, "device": TEXT,
              "threads": WHOLE, "precision": TEXT, "processor?": TEXT, "commit?": (TEXT, None),
              "target_tokens?": WHOLE, "images?": WHOLE,
              "averaged?": ({"snapshots": [TEXT], "score": NUMBER, "kept": (bool,)}, None)},
    INTERVENTIONS: {"weights": TEXT, "split": TEXT, "examples": WHOLE, "targets": WHOLE, "unit": TEXT, "left_out": TEXT,
                    "aligners": {"*": [MEASURE]},
                    "rows": [{"part": TEXT, "measures": {"*": [MEASURE]}, "aligners": {"*": [MEASURE]}}]},
    VIEWS: {"chosen?": TEXT, "by?": TEXT, "views?": {"*": {"*": MEASURE}}},
}  # fmt: skip
KNOWN = {BEST: "trained ", LAST: "interrupted ", SCORES: "scored "}  # a run that has the file, in words
# Folders of the small trainings that stand in one table each; none of them is the newest run of its paper.
LADDER, TIMELINE, TRIAL = "ladder", "timeline", "trial"
INTERVENED = "interventions"  # the folder of their table
RELEASED = "released"  # the folder of copies of runs that were trained elsewhere
T = TypeVar("T")


def runs_dir() -> Path:
    """``$RUNS_DIR``, or ``runs`` in the current directory."""
    return place(os.environ.get("RUNS_DIR", "runs"))


@dataclass(frozen=True)
class Run:
    """One run, finished or not; what it holds is read from its files as they are now.

    Reading raises UserError for a file that is damaged or missing, and says what to do.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Its place below the folder of runs: ``<paper>/<config>/<time>``."""
        return "/".join(self.folder.parts[-3:])

    @property
    def group(self) -> str | None:
        """What the runs share that were trained together with several seeds; None for a single run."""
        seeded = re.fullmatch(r".*-(\w+)-seed\d+", self.folder.name)
        return seeded and "-".join((*self.folder.parts[-3:-1], seeded[1]))

    @property
    def table(self) -> str:
        """The first part of its name: its paper, or the table that it stands in, such as the ladder."""
        return self.name.split("/")[0]

    @property
    def experiment(self) -> str:
        """What its seeds share, those trained together and others: its name without time and seed."""
        return self.group or re.sub(r"-seed\d+$", "", "-".join(self.folder.parts[-3:-1]))

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def best(self) -> Path:
        return self.folder / BEST

    @property
    def last(self) -> Path:
        return self.folder / LAST

    @property
    def snapshots(self) -> Path:
        return self.folder / "snapshots"

    @property
    def gallery(self) -> list[Path]:
        """Pictures that a released classifier offers, each named after its class."""
        return sorted(self.folder.glob("gallery/*.png"))

    @property
    def saved(self) -> float:
        """When its best checkpoint was written, in seconds since 1970; 0.0 before there is one."""
        return self.best.stat().st_mtime if self.best.is_file() else 0.0

    @property
    def settings(self) -> dict[str, Any]:
        return self._setting("settings", lambda settings: deepcopy({**settings}))

    @property
    def paper(self) -> str:
        """The folder of the reproduction, as the configuration names it."""
        return self._setting("model", lambda settings: str(settings["model"]["class_path"].split(".")[1]))

    @property
    def task(self) -> str:
        """The folder of its paper's task; raises UserError for a paper that this version does not know."""
        return papers.of(self.paper).task

    @property
    def model(self) -> dict[str, Any]:
        """Settings of its model: network, recipe, search; empty where the configuration has none."""
        return self._setting("model", lambda settings: deepcopy({**settings["model"].get("init_args", {})}))

    @property
    def data(self) -> dict[str, Any]:
        """Settings of its data module."""
        return self._setting("data", lambda settings: deepcopy({**settings["data"]["init_args"]}))

    @property
    def planned(self) -> int | None:
        """The steps after which its training ends; None if only epochs bound it."""
        steps = self._setting("steps", lambda settings: int(settings.get("trainer", {}).get("max_steps", -1)))
        return steps if steps > 0 else None

    @property
    def corpus(self) -> str:
        """What it was trained on, by name or path, as it was given."""
        return self._setting("data", lambda settings: str(settings["data"]["init_args"]["corpus"]))

    def _setting(self, what: str, of: Callable[[dict[str, Any]], T]) -> T:
        """A setting of the configuration; raises UserError if that is missing or damaged, or has none."""
        try:
            written = self.config.stat()
            return of(_settings(self.config, written.st_mtime_ns, written.st_size))
        except OSError as error:
            raise UserError(f"{self.config} cannot be read ({error.strerror}): name another run.") from error
        except (yaml.YAMLError, ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
            raise UserError(
                f"{self.config} is damaged or not a run's: it names no {what}. Name another run."
            ) from error

    @property
    def scores(self) -> dict[str, Any]:
        """Scores of every test split, empty before they were computed."""
        return self._json(SCORES)

    @property
    def title(self) -> str:
        """What its model is called."""
        return str(self.summary.get("title") or papers.of(self.paper).model)

    @property
    def summary(self) -> dict[str, Any]:
        """Sizes and times, empty before its training has ended."""
        return self._json(SUMMARY)

    @property
    def views(self) -> dict[str, Any]:
        """How well each view aligns, or finds the object, in validation, and which was chosen; empty without a choice."""
        return self._json(VIEWS)

    @property
    def interventions(self) -> dict[str, Any]:
        """What its words lose when its attention is changed; empty before that was measured of these weights."""
        content = self._json(INTERVENTIONS)
        return content if content and self.saved and content["weights"] == digest(self.best) else {}

    @property
    def validations(self) -> list[dict[str, Any]]:
        """Step and scores of every validation, in the order of the steps; empty before there is one.

        A run that was killed and resumed repeats the steps since its last checkpoint; averaged weights have no step.
        """
        path, lines = self.folder / VALIDATIONS, {}
        for where, line in stored.lines(path, REMEDIES[VALIDATIONS]) if path.is_file() else ():
            stored.check(line, {"step": WHOLE, "*": MEASURE}, where, REMEDIES[VALIDATIONS])
            if "averaged" not in line:
                lines[line["step"]] = line
        return [lines[step] for step in sorted(lines)]

    def _json(self, name: str) -> dict[str, Any]:
        """A JSON object, empty if there is no such file; raises UserError, with the remedy, for a damaged one."""
        path = self.folder / name
        if not path.exists():
            return {}
        try:
            content: dict[str, Any] = stored.read(path)
        except ValueError as error:
            raise stored.damaged(path, error, REMEDIES[name]) from error
        stored.check(content, KINDS[name], path, REMEDIES[name])
        return content

    def evaluation(self, split: str, name: str = "") -> Path:
        """Where the test of a split writes a file; without a name, the folder of all of them."""
        return self.folder / EVALUATION / split / name

    def tested(self, split: str, name: str) -> Path:
        """A file that the test of a split has written; raises UserError if it is not there."""
        path = self.evaluation(split, name)
        if not path.is_file():
            raise UserError(f"{self.folder} was not tested on {split!r}; run `make evaluate RUN={self.folder}`.")
        return path

    def records(self, split: str, name: str, kind: "type[R]") -> "list[R]":
        """The records of a file of a split, in its order; raises UserError if it is not there or damaged."""
        from reproductions.evaluation.records import load

        path = self.tested(split, name)
        records = load(path, kind)
        for record in records:
            if (other := getattr(record, "split", split)) != split:
                raise stored.damaged(path, f"it has a record of the split {other!r:.60}")
        return records

    def translated(self, split: str) -> "list[Translated]":
        from reproductions.evaluation.records.translation import Translated

        return self.records(split, "translations.jsonl", Translated)

    def forced(self, split: str) -> "list[AlignedTranslation]":
        """Alignments over the references; empty for a model without attention."""
        return self._aligned(split, "forced.jsonl")

    def own(self, split: str) -> "list[AlignedTranslation]":
        """Alignments over the model's own translations; empty for a model without attention."""
        return self._aligned(split, "own.jsonl")

    def _aligned(self, split: str, name: str) -> "list[AlignedTranslation]":
        from reproductions.evaluation.records.translation import AlignedTranslation

        return self.records(split, name, AlignedTranslation)

    def attended(self, split: str) -> "list[AttendedImage]":
        """Images of a split with the map that the run shows, those that were written down."""
        from reproductions.evaluation.records.image import AttendedImage

        return self.records(split, "attended.jsonl", AttendedImage)


def digest(file: Path) -> str:
    """Of what a file holds, so that results measured from it are known to be of it."""
    written = file.stat()
    return _digest(file, written.st_mtime_ns, written.st_size)


@lru_cache(maxsize=512)
def _digest(file: Path, written: int, size: int) -> str:  # noqa: ARG001 - they tell versions of a file apart
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:16]


@lru_cache(maxsize=512)
def _settings(config: Path, written: int, size: int) -> dict[str, Any]:  # noqa: ARG001 - they tell versions of a file apart
    """A configuration, read once: YAML takes long, and the page asks for all of them at every question."""
    return yaml.safe_load(config.read_text(encoding="utf-8"))


def stamp() -> str:
    """The time, as a name that sorts and that no earlier command has."""
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")


def create(paper: str, config: str, name: str | None = None) -> Run:
    """A folder for a new run, named after the time unless a name is given."""
    return Run(runs_dir() / paper / config / (name or stamp()))


def every(paper: str = "*", config: str = "*", having: str = BEST, corpus: str | None = None) -> list[Run]:
    """The runs of a paper and config that have a certain file, the newest first; of any paper, without those of a table and
    downloads.

    ``corpus``: a path, or two with a comma between; the runs that were trained on it, however its path was written.
    """
    folders = [path.parents[len(Path(having).parts) - 1] for path in runs_dir().glob(f"{paper}/{config}/*/{having}")]
    wanted = [
        folder for folder in folders if paper != "*" or folder.parts[-3] not in (LADDER, TIMELINE, TRIAL, RELEASED)
    ]
    newest = (Run(folder) for folder in sorted(wanted, key=lambda path: path.name, reverse=True))
    return [run for run in newest if corpus is None or _places(run.corpus) == _places(corpus)]


def newest(
    paper: str = "*",
    config: str = "*",
    having: str = BEST,
    task: str | None = None,
    corpus: str | None = None,
) -> Run | None:
    """The newest run of a paper, config, task and corpus (see ``every``) that has a certain file, if there is one."""
    runs = every(paper, config, having, corpus)
    return next((run for run in runs if task is None or run.paper in papers.of_task(task)), None)


def find(
    paper: str = "*",
    config: str = "*",
    having: str = BEST,
    task: str | None = None,
    corpus: str | None = None,
) -> Run:
    """The same; raises UserError if there is none."""
    if run := newest(paper, config, having, task, corpus):
        return run
    what = " ".join(name for name in (paper, config) if name != "*") or "any paper"
    what += "" if corpus is None else f" on {corpus}"
    that = "" if task is None else f" that {papers.TASKS[task]}"
    train = papers.of(paper).train if paper in papers.PAPERS else papers.train(task)
    raise UserError(
        f"There is no {KNOWN.get(having, '')}run of {what}{that} under {runs_dir().resolve()}; train one first, for example "
        f"with `make {train}`."
    )


def at(folder: Path, task: str | None = None) -> Run:
    """The run in ``folder``; raises UserError if there is none, or if it is one of another task."""
    if not (folder / "config.yaml").is_file():
        raise UserError(f"{folder} is not a run: it has no config.yaml. Name a folder under {runs_dir()}.")
    run = Run(folder)
    if task is not None and run.task != task:
        raise UserError(
            f"{folder} is a run of {run.paper}, which {papers.TASKS[run.task]}; "
            f"name a run of {' or '.join(papers.of_task(task))}."
        )
    return run


def scored(folder: Path) -> Run:
    """The run in ``folder``; raises UserError if there is none, or if it is not trained and tested yet."""
    run = at(folder)
    if not run.best.is_file():
        raise UserError(f"{folder} has no checkpoint yet: train it on with RESUME=1, or name another run.")
    if not run.scores or not run.summary:
        raise UserError(f"{folder} has no scores yet: let its training end, or run `make evaluate RUN={folder}`.")
    return run


def corpus_name(corpus: str) -> str:
    """What a corpus is called: its name, the last part of a path; of two files, ``a.en,a.fr``, and of a mixture the names."""
    parts = [Path(part.strip()) for part in corpus.split(",")]
    return parts[0].name if len(parts) == 1 else "+".join(dict.fromkeys(part.stem for part in parts))


def _places(corpus: str) -> list[Path]:
    """The files or folders behind a user's corpus."""
    return [place(part).resolve() for part in corpus.split(",")]
