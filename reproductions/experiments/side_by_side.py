"""Trainings for one table, side by side: each in a process on a core of its own, with one progress bar."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from data import progress
from data.errors import UserError
from reproductions import runs
from reproductions.runs import Run

LOG = "training.log"
PAUSE = 0.5  # seconds between two looks at the processes
LAST_LINES = 6  # of a log, quoted in an error
ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
# Several trainings with one thread each use the cores better than one training with several threads.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


@dataclass(frozen=True)
class Training:
    """One training of a table; its runs are in ``runs/<table>/<name>``."""

    table: str
    name: str
    config: Path  # YAML file of its settings
    options: tuple[str, ...] = ()  # command-line options that override the file
    steps: int | None = None  # updates; None takes them from the file

    def updates(self) -> int:
        return self.steps or int(yaml.safe_load(self.config.read_text(encoding="utf-8"))["trainer"]["max_steps"])

    def scored(self) -> Run | None:
        """Its newest run that has scores."""
        with suppress(UserError):
            return runs.find(self.table, self.name, having=runs.SCORES)
        return None

    def unfinished(self) -> Run | None:
        """Its newest run, if it was stopped before it had scores."""
        with suppress(UserError):
            run = runs.find(self.table, self.name, having="checkpoints/last.ckpt")
            return None if run.scores else run
        return None

    def command(self, overrides: Sequence[str]) -> tuple[Run, list[str]]:
        """The run and the command that trains it: the unfinished run, or a new one."""
        run = self.unfinished()
        if run is not None:
            arguments = ["--config", str(run.config), "--ckpt_path", str(run.last)]
        else:
            run = runs.create(self.table, self.name)
            limits = [] if self.steps is None else [
                "--trainer.max_steps", str(self.steps), "--trainer.val_check_interval", str(self.steps),
            ]  # fmt: skip
            arguments = ["--config", str(self.config), "--run.folder", str(run.folder)]
            arguments += [*self.options, *limits, *overrides]
        return run, [sys.executable, "-m", "reproductions", "fit", *arguments]


def train(trainings: Sequence[Training], jobs: int, again: bool = False, overrides: Sequence[str] = ()) -> None:
    """Train what has no scored run yet, or everything ``again``, ``jobs`` at a time.

    On Ctrl-C and SIGTERM every training saves its state, and the same command continues from there. Raises UserError with the
    end of its log if a training fails, once the others have ended.
    """
    waiting = [training for training in trainings if again or training.scored() is None]
    failed: list[_Process] = []
    total = sum(training.updates() for training in waiting)
    with _ends_as_exceptions(), progress.counting("", total, "steps") as count:
        running: list[_Process] = []
        try:
            while running or (waiting and not failed):
                while waiting and len(running) < jobs and not failed:
                    running.append(_Process(waiting.pop(0), overrides))
                time.sleep(PAUSE)
                ended = [process for process in running if process.popen.poll() is not None]
                failed += [process for process in ended if process.popen.returncode]
                for process in running:
                    count.done += process.advance(process in ended)
                running = [process for process in running if process not in ended]
                names = ", ".join(process.training.name for process in running)
                count.what = f"{names}; {len(waiting)} waiting"
        except BaseException:
            _stop(running)
            raise
    if failed:
        raise UserError(_failure(failed[0]))


class _Process:
    """A running training."""

    def __init__(self, training: Training, overrides: Sequence[str]) -> None:
        self.training = training
        self.run, command = training.command(overrides)
        self.run.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.run.folder / LOG
        self.done = 0
        with self.log.open("ab") as log:
            # A process group of its own, so that a terminal's Ctrl-C reaches it through us alone.
            self.popen = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=os.environ | ONE_THREAD, process_group=0,
            )  # fmt: skip

    def advance(self, ended: bool) -> int:
        """Steps since the last call; all remaining steps once the training has ended."""
        reached = self.training.updates() if ended else max(_steps(self.run), self.done)
        new, self.done = reached - self.done, reached
        return new


def _steps(run: Run) -> int:
    """The last step that a run has logged."""
    return max((step for path in run.folder.glob("metrics/**/metrics.csv") for step in _logged(path)), default=0)


def _logged(path: Path) -> Iterator[int]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from (int(row["step"]) for row in csv.DictReader(file) if (row.get("step") or "").isdigit())


@contextmanager
def _ends_as_exceptions() -> Iterator[None]:
    """Raise SystemExit on signals that would end this process alone and leave its trainings running."""
    before = {number: signal.signal(number, lambda number, _: sys.exit(128 + number)) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(running: Sequence[_Process]) -> None:
    """Ask each to save its state and end, and wait for it."""
    for process in running:
        with suppress(ProcessLookupError):
            process.popen.send_signal(signal.SIGTERM)
    for process in running:
        process.popen.wait()


def _failure(failed: _Process) -> str:
    lines = [line for line in failed.log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    error = next((line for line in reversed(lines) if line.startswith("error: ")), "\n".join(lines[-LAST_LINES:]))
    return (
        f"The training {failed.training.name} ended with status {failed.popen.returncode}: "
        f"{error.removeprefix('error: ')} (its log: {failed.log}). Finished trainings are kept: run the same again."
    )
