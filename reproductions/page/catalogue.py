"""Which runs there are, as they are at this moment; and their trained models, a few of them kept in memory."""

import json
import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from data.accord import FIXED
from data.errors import UserError
from data.words import join
from reproductions import papers, runs
from reproductions.attention import TIMELINE
from reproductions.runs import SCORES, SUMMARY, Run
from reproductions.tasks import task as tasks
from reproductions.tasks.task import restore

EXAMPLES = 12  # sentences of a corpus that are offered
LEADS_OUT = "its {} is a link that leads out of the folder of runs"
MODELS = 4  # trained models that are kept in memory


class Entry(NamedTuple):
    """One run: its name below the folder of runs, its settings, the time of its checkpoint (0.0 for none yet), its summary and
    the scores of its test splits, both empty before there are any.
    """

    name: str
    run: Run
    paper: str
    settings: dict[str, Any]
    saved: float
    summary: dict[str, Any]
    scores: dict[str, dict[str, Any]]


class Catalogue:
    """The runs of a folder. Every question looks at the folder again, so that new runs appear by themselves.

    A run is asked for by its name, and a name is only ever compared with those that were found: no text from a browser
    becomes a path. A run of which a file is damaged, or is a link that leads out of the folder, is refused; the others are not.
    """

    def __init__(self) -> None:
        self._settings: dict[Path, tuple[float, dict[str, Any] | str]] = {}
        self._models: OrderedDict[tuple[str, float], Any] = OrderedDict()

    def entries(self) -> tuple[list[Entry], dict[str, str]]:
        """All runs, newest first; and for each folder that is none, why."""
        root = runs.runs_dir().resolve()
        found, refused = [], {}
        for config in sorted(root.glob("*/*/*/config.yaml"), key=lambda path: path.parent.name, reverse=True):
            name = config.parent.relative_to(root).as_posix()
            try:
                found.append(self._entry(name, Run(config.parent), root))
            except UserError as error:
                refused[name] = str(error)
        return found, refused

    def _entry(self, name: str, run: Run, root: Path) -> Entry:
        """The run of a folder; raises UserError if it is none of ours, or if something of it may not be read."""
        if not _inside(run.config, root):
            raise UserError(LEADS_OUT.format("config.yaml"))
        settings = self._read(run.config)
        if isinstance(settings, str):
            raise UserError(settings)
        paper = settings["model"]["class_path"].split(".")[1]
        for path in _opened(run, run.folder / tasks.of(paper).kept):
            if not _inside(path, root):
                raise UserError(LEADS_OUT.format(path.relative_to(run.folder).as_posix()))
        saved = run.best.stat().st_mtime if run.best.is_file() else 0.0
        return Entry(name, run, paper, settings, saved, _summary(run), _scores(run))

    def find(self, name: str | None) -> Entry:
        """The run of this name; raises UserError if there is none, or nothing of it to ask yet."""
        for entry in self.entries()[0]:
            if entry.name == name:
                if not entry.saved:
                    raise UserError(f"{name} has no checkpoint yet: its training has not reached a validation.")
                return entry
        raise UserError(f"There is no run {str(name)[:100]!r} here.")

    def model(self, entry: Entry) -> Any:
        """What ``Run.restore`` gives, from memory if the checkpoint is still the same."""
        key = (entry.name, entry.saved)
        if key not in self._models:
            self._models[key] = restore(entry.run)
            while len(self._models) > MODELS:
                self._models.popitem(last=False)
        self._models.move_to_end(key)
        return self._models[key]

    def _read(self, config: Path) -> dict[str, Any] | str:
        """Settings of a run, or what is wrong with them."""
        written = config.stat().st_mtime
        if self._settings.get(config, (None,))[0] != written:
            self._settings[config] = (written, _settings(config))
        return self._settings[config][1]


def describe(entry: Entry) -> dict[str, Any]:
    """A run as the page shows it in a list."""
    summary, data = entry.summary, entry.settings["data"]["init_args"]
    known = papers.of(entry.paper)
    attention = _attention(entry.settings)
    return {
        "name": entry.name,
        "paper": entry.paper,
        "title": summary.get("title", known.model),
        "year": known.year,
        "authors": known.authors,
        "attends": attention != "none",
        "mechanism": _mechanism(entry.paper, attention),
        "corpus": runs.corpus_name(str(data.get("corpus", ""))),
        "config": entry.name.split("/")[1],
        "time": entry.run.folder.name,
        "examples": corpus_of(entry),
        "languages": [str(data[side]) for side in ("source_language", "target_language") if side in data],
        "ready": bool(entry.saved),
        "finished": bool(summary),
        "parameters": summary.get("parameters"),
        "scores": {
            split: {name: scores[name] for name in ("bleu", "aer", "accuracy") if _is_number(scores.get(name))}
            for split, scores in entry.scores.items()
        },
    }


def _attention(settings: dict[str, Any]) -> str | None:
    """The mechanism that its network names, None where it names none: the paper's own."""
    try:
        return str(settings["model"]["init_args"]["network"]["attention"])
    except (LookupError, TypeError):
        return None


def _mechanism(paper: str, attention: str | None) -> str | None:
    """Whose attention RNNsearch was given in the place of its own: "Luong, Pham and Manning 2015"."""
    kind = TIMELINE.get(attention or "")
    if paper != "bahdanau2014" or kind is None or attention == "additive":
        return None
    return f"{kind.paper} {kind.year}"


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def corpus_of(entry: Entry) -> str:
    """What its sentences are of: the corpus, and the language it is translated to."""
    data = entry.settings["data"]["init_args"]
    return f"{runs.corpus_name(str(data.get('corpus', '')))}, {data.get('target_language', '')}"


def examples(entries: Sequence[Entry]) -> dict[str, list[dict[str, str]]]:
    """Sentences with their references: Accord's fixed ones, and of each other corpus the first that a run was tested on."""
    found = {"accord, fr": [{"source": join(p.source, "en"), "target": join(p.target, "fr")} for p in FIXED]}
    for entry in entries:
        if corpus_of(entry) in found or not entry.scores:
            continue
        path = entry.run.folder / "evaluation" / next(iter(entry.scores)) / "translations.jsonl"
        if path.is_file() and _inside(path, entry.run.folder):
            found[corpus_of(entry)] = _tested(path)
    return found


def _tested(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8") as file:
            records = [json.loads(line) for line in islice(file, EXAMPLES)]
        return [{"source": str(record["source"]), "target": str(record["reference"])} for record in records]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def _settings(config: Path) -> dict[str, Any] | str:
    try:
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
        paper = settings["model"]["class_path"].split(".")[1]
        settings["data"]["init_args"].items()
        papers.of(paper)
    except UserError as error:
        return str(error)
    except (OSError, ValueError, yaml.YAMLError, RecursionError, LookupError, TypeError, AttributeError):
        return "its config.yaml is not that of a run of this project"
    return settings  # type: ignore[no-any-return]


def _summary(run: Run) -> dict[str, Any]:
    """summary.json; raises UserError for one that is not this project's."""
    summary = run.summary
    title, parameters = summary.get("title", ""), summary.get("parameters", 0)
    if not isinstance(title, str) or type(parameters) is not int:
        raise UserError(f"its {SUMMARY} is not that of a run: title {title!r:.40}, parameters {parameters!r:.40}")
    return summary


def _scores(run: Run) -> dict[str, dict[str, Any]]:
    """Scores of the splits that have any."""
    return {split: scores for split, scores in run.scores.items() if isinstance(scores, dict)}


def _opened(run: Run, kept: Path) -> Iterator[Path]:
    """Every file that is read of a run: what restores it, from its checkpoint and ``kept``, and what describes it."""
    yield from (run.config, run.best, run.folder / SUMMARY, run.folder / SCORES, kept)
    yield from kept.glob("*")


def _inside(path: Path, root: Path) -> bool:
    """Whether it lies below ``root`` once links are followed; of one that cannot be followed, no."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links that lead round in a circle
        return False
