"""The folder of a run: where it lies, what it holds, which is the newest.

::

    runs/<paper>/<config>/<time>/
        config.yaml         every setting, resolved; trains the same run again
        tokenizers/         source.json, target.json
        checkpoints/        best.ckpt, last.ckpt
        snapshots/          weights of the last few out of every so many steps, where the recipe averages them
        metrics/            one CSV a command
        validation.jsonl    scores of every validation
        views.json, .png    how well each layer and head aligns, where there are several
        pictures/           alignments through training
        evaluation/         scores.json, translations, alignments and pictures of the test splits
        summary.json        sizes, time, speed, machine
        wandb/              the tracker's own files
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.errors import UserError
from data.tokenizers import load_tokenizer
from reproductions import checkpoints
from reproductions.evaluation.collect import TrainedTranslator


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
    def tokenizers(self) -> Path:
        return self.folder / "tokenizers"

    @property
    def scores(self) -> dict[str, Any]:
        """Scores of the test splits, empty before they were computed."""
        return _json(self.folder / "evaluation" / "scores.json")

    @property
    def summary(self) -> dict[str, Any]:
        return _json(self.folder / "summary.json")

    def restore(self) -> TrainedTranslator:
        """The trained module with its two tokenisers; raises UserError where a file is missing or does not fit."""
        source, target = load_tokenizer(self.tokenizers, "source"), load_tokenizer(self.tokenizers, "target")
        fingerprints = {"source": source.fingerprint(), "target": target.fingerprint()}
        return TrainedTranslator(checkpoints.restore(self.best, fingerprints), source, target)


def stamp() -> str:
    """The time, as a name that sorts and that no earlier command has."""
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")


def create(paper: str, config: str) -> Run:
    """A folder for a new run, named after the time."""
    return Run(runs_dir() / paper / config / stamp())


def find(paper: str = "*", config: str = "*", having: str = "checkpoints/best.ckpt") -> Run:
    """The newest run of a paper and config that has a certain file; raises UserError if there is none."""
    found = [path.parents[len(Path(having).parts) - 1] for path in runs_dir().glob(f"{paper}/{config}/*/{having}")]
    if not found:
        what = " ".join(name for name in (paper, config) if name != "*") or "any paper"
        raise UserError(
            f"There is no run of {what} with {having} under {runs_dir().resolve()}; train one first, for example with "
            "`make train-bahdanau`."
        )
    return Run(max(found, key=lambda path: path.name))


def at(folder: Path) -> Run:
    """The run in ``folder``; raises UserError if there is none."""
    if not (folder / "config.yaml").is_file():
        raise UserError(f"{folder} is no run: it has no config.yaml. Name a folder under {runs_dir()}.")
    return Run(folder)


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
