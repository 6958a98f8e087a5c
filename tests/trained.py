"""Each paper trained once at toy size: the runs that all tests read, in every process of a session."""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import toy_run
import wandb
from older_runs import make

from data.sources import images
from reproductions.runs import Run

ROOT = Path(__file__).parents[1]
IMAGES = 40  # of a test split, which are drawn as they are prepared: a toy run reads no more


def few_images(patch: pytest.MonkeyPatch) -> None:
    """Make the test splits of the embedded images small."""
    for split in ("test", "two"):
        patch.setitem(images.SHAPES_SIZES, split, IMAGES)


def translate_perfectly(run: Run) -> Run:
    """The run, as if it had written the references of its test sentences."""
    path = run.evaluation("test", "translations.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text(
        "".join(json.dumps(line | {"hypothesis": line["reference"]}) + "\n" for line in lines), encoding="utf-8"
    )
    return run


class Trained:
    """``trained(paper)`` is its run, tracked offline and scored, for reading alone.

    Attributes:
        runs: the folder of runs, with those papers that somebody has asked for.
        data: where corpora and images are prepared.
        numbers: the toy corpus.
    """

    def __init__(self, work: Path) -> None:
        work.mkdir(exist_ok=True)
        self._work = work
        self.runs, self.data, self.numbers = work / "runs", work / "data", work / make.NUMBERS
        with self._alone("numbers"):
            if not self.numbers.exists():
                toy_run.corpus(work)

    def __call__(self, paper: str) -> Run:
        done = self._work / f"{paper}.done"
        with self._alone(paper):
            if not done.exists():
                shutil.rmtree(self.runs / paper, ignore_errors=True)  # of a training that failed
                self._train(paper)
                done.touch()
        (folder,) = (self.runs / paper).glob("*/*")
        return Run(folder)

    def copies(self, folder: Path, *papers: str) -> dict[str, Run]:
        """The runs of these papers, copied below a folder to be changed, as in a folder of runs of their own."""
        return {paper: self.copy(paper, folder) for paper in papers}

    def copy(self, paper: str, folder: Path) -> Run:
        run = self(paper)
        to = folder / run.folder.relative_to(self.runs)
        return Run(shutil.copytree(run.folder, to, ignore=shutil.ignore_patterns("wandb")))

    def _train(self, paper: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(ROOT)
            few_images(patch)
            for name, value in make.places(self._work).items():
                patch.setenv(name, value)
            make.train(paper, self._work)
            wandb.teardown()

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """No other process of the session does the same."""
        with (self._work / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
