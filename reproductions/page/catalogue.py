"""Which runs there are, as they are at this moment; and their trained models, a few of them kept in memory."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from data.accord import FIXED
from data.errors import UserError
from data.words import join
from reproductions import runs, tasks
from reproductions.runs import Run

EXAMPLES = 12  # sentences of a corpus that are offered
MODELS = 4  # trained models that are kept in memory
NAMES = {
    "bahdanau2014": ("RNNsearch", 2014, "Bahdanau, Cho and Bengio"),
    "luong2015": ("Luong's translator", 2015, "Luong, Pham and Manning"),
    "cheng2016": ("LSTMN", 2016, "Cheng, Dong and Lapata"),
    "xu2015": ("Show, Attend and Tell", 2015, "Xu et al."),
    "transformer2017": ("Transformer", 2017, "Vaswani et al."),
    "resnet2016": ("ResNet", 2016, "He et al."),
    "vit2021": ("Vision Transformer", 2021, "Dosovitskiy et al."),
}  # paper -> model, year, authors


class Entry(NamedTuple):
    """One run: its name below the folder of runs, its settings, and the time of its checkpoint, 0.0 for none yet."""

    name: str
    run: Run
    paper: str
    settings: dict[str, Any]
    saved: float


class Catalogue:
    """The runs of a folder. Every question looks at the folder again, so that new runs appear by themselves.

    A run is asked for by its name, and a name is only ever compared with those that were found: no text from a browser
    becomes a path. A link that leads out of the folder is no run.
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
            run = Run(config.parent)
            if not (_inside(config, root) and _inside(run.best, root)):
                refused[name] = "it is a link that leads out of the folder of runs"
                continue
            settings = self._read(config)
            if isinstance(settings, str):
                refused[name] = settings
            else:
                saved = run.best.stat().st_mtime if run.best.is_file() else 0.0
                found.append(Entry(name, run, settings["model"]["class_path"].split(".")[1], settings, saved))
        return found, refused

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
            self._models[key] = entry.run.restore()
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
    summary, data = entry.run.summary, entry.settings["data"]["init_args"]
    name, year, authors = NAMES.get(entry.paper, (entry.paper, None, ""))
    return {
        "name": entry.name,
        "paper": entry.paper,
        "title": summary.get("title", name),
        "year": year,
        "authors": authors,
        "corpus": Path(str(data.get("corpus", ""))).name,
        "config": entry.name.split("/")[1],
        "time": entry.run.folder.name,
        "examples": corpus_of(entry),
        "languages": [data[side] for side in ("source_language", "target_language") if side in data],
        "ready": bool(entry.saved),
        "finished": bool(summary),
        "parameters": summary.get("parameters"),
        "scores": {
            split: {name: scores[name] for name in ("bleu", "aer", "accuracy") if name in scores}
            for split, scores in entry.run.scores.items()
            if isinstance(scores, dict)
        },
    }


def corpus_of(entry: Entry) -> str:
    """What its sentences are of: the corpus, and the language it is translated to."""
    data = entry.settings["data"]["init_args"]
    return f"{Path(str(data.get('corpus', ''))).name}, {data.get('target_language', '')}"


def examples(entries: Sequence[Entry]) -> dict[str, list[dict[str, str]]]:
    """Sentences with their references: Accord's fixed ones, and of each other corpus the first that a run was tested on."""
    found = {"accord, fr": [{"source": join(p.source, "en"), "target": join(p.target, "fr")} for p in FIXED]}
    for entry in entries:
        if corpus_of(entry) in found or not entry.run.scores:
            continue
        path = entry.run.folder / "evaluation" / next(iter(entry.run.scores)) / "translations.jsonl"
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
        tasks.of(paper)
    except UserError as error:
        return str(error)
    except (OSError, ValueError, yaml.YAMLError, RecursionError, LookupError, TypeError, AttributeError):
        return "its config.yaml is not that of a run of this project"
    return settings  # type: ignore[no-any-return]


def _inside(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root)
