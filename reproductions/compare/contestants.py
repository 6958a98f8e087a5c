"""The runs that are compared, as their folders hold them: scores, records, sizes, times."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from data.errors import UserError
from reproductions.evaluation import records
from reproductions.evaluation.records.image import AttendedImage
from reproductions.evaluation.records.translation import AlignedTranslation, Translated

# What the data of two runs must share, for their scores to be of the same sentences, or of the same images.
SENTENCES = ("corpus", "source_language", "target_language", "pairs", "tokenizer")
IMAGES = ("corpus", "size", "fit")


@dataclass(frozen=True)
class Contestant:
    """One finished run.

    Attributes:
        name: unlike that of every other contestant.
        folder: of the run.
        settings: config.yaml.
        summary: sizes and times: summary.json.
        scores: of every test split: evaluation/scores.json.
        views: how well each view aligns, or finds the object, in validation, and which was chosen; empty for a translator
            with one or no map.
    """

    name: str
    folder: Path
    settings: dict[str, Any]
    summary: dict[str, Any]
    scores: dict[str, dict[str, Any]]
    views: dict[str, Any]

    @property
    def paper(self) -> str:
        name: str = self.settings["model"]["class_path"].split(".")[1]
        return name

    @property
    def data(self) -> dict[str, Any]:
        """The settings of its data module."""
        given: dict[str, Any] = self.settings["data"]["init_args"]
        return given

    @property
    def search(self) -> dict[str, Any]:
        """How it translates."""
        given: dict[str, Any] = self.settings["model"]["init_args"]["search"]
        return given

    def translated(self, split: str) -> list[Translated]:
        """The translations of a split, in its order."""
        return self._records(split, "translations.jsonl", Translated)

    def forced(self, split: str) -> list[AlignedTranslation]:
        """Alignments over the references; empty for a model without attention."""
        return self._records(split, "forced.jsonl", AlignedTranslation)

    def own(self, split: str) -> list[AlignedTranslation]:
        """Alignments over the model's own translations; empty for a model without attention."""
        return self._records(split, "own.jsonl", AlignedTranslation)

    def attended(self, split: str) -> list[AttendedImage]:
        """Images of a split with the map that the run shows, those that were written down."""
        return self._records(split, "attended.jsonl", AttendedImage)

    def tested(self, split: str, name: str) -> Path:
        """A file that the test of a split has left; raises UserError if it is not there."""
        path = self.folder / "evaluation" / split / name
        if not path.is_file():
            raise UserError(f"{self.folder} was not tested on {split!r}; run `make evaluate RUN={self.folder}`.")
        return path

    def _records(self, split: str, name: str, kind: type[records.R]) -> list[records.R]:
        return records.load(self.tested(split, name), kind)


def read(folder: Path) -> Contestant:
    """Raises UserError if the folder holds no finished and scored run."""
    if not (folder / "config.yaml").is_file():
        raise UserError(f"{folder} is no run: it has no config.yaml.")
    if not (folder / "checkpoints" / "best.ckpt").is_file():
        raise UserError(f"{folder} has no checkpoint yet: train it on with RESUME=1, or name another run.")
    scores, summary = _json(folder / "evaluation" / "scores.json"), _json(folder / "summary.json")
    if not scores or not summary:
        raise UserError(f"{folder} has no scores yet: let its training end, or run `make evaluate RUN={folder}`.")
    settings = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    return Contestant(summary["title"], folder, settings, summary, scores, _json(folder / "views.json"))


def read_all(folders: Sequence[Path], same: Sequence[str] = SENTENCES) -> list[Contestant]:
    """The contestants, each with a name of its own; ``same`` are the settings of their data that they must share.

    Raises UserError for fewer than two, for a folder named twice, for runs on different data, and as :func:`read`.
    """
    if len(folders) < 2:
        raise UserError(f"A comparison needs at least two runs, not {len(folders)}.")
    twice = [str(folder) for folder, times in Counter(folder.resolve() for folder in folders).items() if times > 1]
    if twice:
        raise UserError(f"A run can be compared with others, not with itself: {twice[0]} is named twice.")
    found = [read(folder) for folder in folders]
    first = found[0]
    for other in found[1:]:
        for key in same:
            ours, theirs = first.data.get(key), other.data.get(key)
            if ours != theirs:
                raise UserError(
                    f"These runs cannot be compared: {key} is {ours!r} in {first.folder} and {theirs!r} in "
                    f"{other.folder}. Train both on the same data."
                )
    return _named(found)


def common_splits(contestants: Sequence[Contestant]) -> list[str]:
    """The splits that all of them were tested on, in the order of the first; raises UserError if there is none."""
    splits = [split for split in contestants[0].scores if all(split in one.scores for one in contestants)]
    if not splits:
        tested = "; ".join(f"{one.name}: {', '.join(one.scores)}" for one in contestants)
        raise UserError(f"These runs were not tested on any common split ({tested}).")
    return splits


def _named(found: Sequence[Contestant]) -> list[Contestant]:
    """Where titles are the same, the config too; where that is the same, the time instead."""
    named = list(found)
    for depth in (-2, -1):
        times = Counter(one.name for one in named)
        named = [
            replace(one, name=f"{one.summary['title']} · {one.folder.resolve().parts[depth]}")
            if times[one.name] > 1
            else one
            for one in named
        ]
    return named


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is damaged ({error}): name another run, or make it anew.") from error
    return content
