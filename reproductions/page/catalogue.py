"""The runs as they are now, and a few of their models in memory."""

import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from data import stored
from data.accord import FIXED
from data.errors import UserError
from data.words import join
from reproductions import papers, runs
from reproductions.attention import TIMELINE
from reproductions.page import images, published, request, timelines
from reproductions.page.colours import colours
from reproductions.runs import INTERVENTIONS, SCORES, SUMMARY, Run
from reproductions.tasks import task as tasks
from reproductions.tasks.task import restore

EXAMPLES = 12  # sentences on offer per corpus
LEADS_OUT = "its {} is a link that leads out of the folder of runs"
USED = ("erased", "exchanged", "left_out")  # of the interventions
MODELS = 4  # trained models in memory


class Catalogue:
    """The runs of a folder, read anew for every request, so that new runs appear by themselves.

    A name from a browser is compared with the names of the runs and never becomes a path. A run with a damaged file, or
    with a link that leaves the folder, is skipped.
    """

    def __init__(self) -> None:
        self._models: OrderedDict[tuple[str, float], Any] = OrderedDict()

    def runs(self) -> tuple[list[Run], dict[str, str]]:
        """All runs, newest first, and behind them the released ones; and the reason for each folder that is skipped."""
        root = runs.runs_dir().resolve()
        listed, refused = [], {}
        places = (root, root / runs.RELEASED)
        newest = [
            path.parent
            for place in places
            for path in sorted(place.glob("*/*/*/config.yaml"), key=lambda path: path.parent.name, reverse=True)
        ]
        for run in map(Run, newest):
            try:
                _check(run, root)
                listed.append(run)
            except (UserError, OSError) as error:  # such as a file of another user
                refused[run.name] = str(error)
        return listed, refused

    def find(self, name: str | None) -> Run:
        """The run of this name; raises UserError if there is none, or if it has no checkpoint yet."""
        for run in self.runs()[0]:
            if run.name == name:
                if not run.saved:
                    raise UserError(f"{name} has no checkpoint yet: its training has not reached a validation.")
                return run
        raise UserError(f"There is no run {str(name)[:100]!r} here.")

    def model(self, run: Run) -> Any:
        """The trained model of a run, from memory if its checkpoint has not changed."""
        key = (run.name, run.saved)
        if key not in self._models:
            self._models[key] = restore(run)
            while len(self._models) > MODELS:
                self._models.popitem(last=False)
        self._models.move_to_end(key)
        return self._models[key]


def overview(listed: Sequence[Run], refused: Mapping[str, str]) -> dict[str, Any]:
    """What the page starts with: runs, sentences, colours, limits."""
    return {
        "folder": str(runs.runs_dir()),
        "runs": [describe(run) for run in listed],
        "refused": refused,
        "translators": list(papers.of_task("translation")),
        "classifiers": list(papers.of_task("images")),
        "published": published.offered(),
        "timeline": timelines.made(),
        "examples": examples(listed),
        "colours": colours(),
        "limits": {
            "letters": request.TEXT_LETTERS,
            "words": request.TEXT_WORDS,
            "bytes": images.IMAGE_BYTES,
        },
    }


def describe(run: Run) -> dict[str, Any]:
    """A run as the page lists it."""
    summary, data, paper = run.summary, run.data, papers.of(run.paper)
    attention = _attention(run)
    return {
        "name": run.name,
        "paper": run.paper,
        "title": run.title,
        "year": paper.year,
        "authors": paper.authors,
        "attends": attention != "none",
        "mechanism": _mechanism(run.paper, attention),
        "corpus": _corpus(run),
        "config": run.name.split("/")[1],
        "time": run.folder.name,
        "examples": corpus_of(run),
        "languages": [str(data[side]) for side in ("source_language", "target_language") if side in data],
        "ready": bool(run.saved),
        "finished": bool(summary),
        "parameters": summary.get("parameters"),
        "scores": {
            split: {name: scores[name] for name in ("bleu", "aer", "accuracy") if _is_number(scores.get(name))}
            for split, scores in run.scores.items()
        },
        "used": _used(run),
    }


def _used(run: Run) -> dict[str, Any] | None:
    """What its test words lose when its attention is changed, and when the word looked at is left out, in nats; None before
    `make intervene`.
    """
    if not run.interventions:
        return None
    means = {name: interval[0] for name, interval in run.interventions["rows"][0]["measures"].items()}
    return {"targets": run.interventions["targets"]} | {name: means.get(name) for name in USED}


def _attention(run: Run) -> str | None:
    """The mechanism that its network names; None for the paper's own."""
    try:
        return str(run.model["network"]["attention"])
    except (LookupError, TypeError):
        return None


def _mechanism(paper: str, attention: str | None) -> str | None:
    """The paper of RNNsearch's attention, such as "Luong, Pham and Manning 2015"; None for its own."""
    kind = TIMELINE.get(attention or "")
    if paper != "bahdanau2014" or kind is None or attention == "additive":
        return None
    return f"{kind.paper} {kind.year}"


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _corpus(run: Run) -> str:
    return runs.corpus_name(str(run.data.get("corpus", "")))


def corpus_of(run: Run) -> str:
    """The corpus and the target language; examples are grouped by these."""
    return f"{_corpus(run)}, {run.data.get('target_language', '')}"


def examples(listed: Sequence[Run]) -> dict[str, list[dict[str, str]]]:
    """Sentences with references: Accord's fixed ones, and of each other corpus the first test sentences of a run."""
    offered = {"accord, fr": [{"source": join(p.source, "en"), "target": join(p.target, "fr")} for p in FIXED]}
    for run in listed:
        corpus, tested = corpus_of(run), next(iter(run.scores), None)
        if corpus in offered or tested is None:
            continue
        path = run.evaluation(tested, "translations.jsonl")
        if path.is_file() and _inside(path, run.folder) and (found := _tested(path)):
            offered[corpus] = found
    return offered


def _tested(path: Path) -> list[dict[str, str]]:
    try:
        records = [record for _, record in islice(stored.lines(path), EXAMPLES)]
        return [{"source": str(record["source"]), "target": str(record["reference"])} for record in records]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def _check(run: Run, root: Path) -> None:
    """Raises UserError for a folder that is not a run of this project, and for a file that is damaged or elsewhere."""
    if not _inside(run.config, root):
        raise UserError(LEADS_OUT.format("config.yaml"))
    try:
        paper, _ = run.paper, run.data
    except UserError as error:
        raise UserError("its config.yaml is not that of a run of this project") from error
    for path in _opened(run, run.folder / tasks.of(paper).kept):
        if not _inside(path, root):
            raise UserError(LEADS_OUT.format(path.relative_to(run.folder).as_posix()))
    _ = run.summary, run.scores, run.interventions  # raise UserError


def _opened(run: Run, kept: Path) -> Iterator[Path]:
    """All files of a run that are read: checkpoint and ``kept`` restore it, the others describe it."""
    yield from (run.config, run.best, run.folder / SUMMARY, run.folder / SCORES, run.folder / INTERVENTIONS, kept)
    yield from kept.glob("*")
    yield from run.gallery


def _inside(path: Path, root: Path) -> bool:
    """Whether it lies below ``root`` once links are followed; False for a link to itself."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):
        return False
