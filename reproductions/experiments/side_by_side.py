"""Trainings for one table, side by side: each in a process on a core of its own, with one progress bar."""

import csv
import hashlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from data import progress
from data.errors import UserError
from reproductions import runs
from reproductions.runs import Run

log = logging.getLogger(__name__)
LOG = "training.log"
PAUSE = 0.5  # seconds between two looks at the processes
LAST_LINES = 6  # of a log, quoted in an error
ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@dataclass(frozen=True)
class Training:
    """One training of a table; its runs are in ``runs/<table>/<name>``.

    With a seed it is one of a group: its run lies beside others, and the end of its name tells it apart.
    """

    table: str  # or the paper
    name: str  # or the configuration
    config: Path  # YAML file of its settings
    options: tuple[str, ...] = ()  # command-line options that override the file
    steps: int | None = None  # updates; None takes them from the file
    seed: int | None = None  # of one in a group; None takes it from the file
    weights: "Training | None" = None  # the training whose run it starts from, which comes first

    @cached_property
    def settings(self) -> dict[str, Any]:
        return dict(yaml.safe_load(self.config.read_text(encoding="utf-8")))

    def updates(self) -> int:
        given = re.findall(r"--trainer\.max_steps[= ](\d+)", " ".join(self.options))
        return self.steps or int([self.settings["trainer"]["max_steps"], *given][-1])

    @property
    def ending(self) -> str:
        """The end of the name of its run: seeds of the same settings have the same group."""
        if self.seed is None:
            return ""
        settings = json.dumps([self.settings, self.options], sort_keys=True)
        return f"-{hashlib.sha256(settings.encode()).hexdigest()[:6]}-seed{self.seed}"

    @property
    def title(self) -> str:
        return self.name if self.seed is None else f"{self.table} {self.name} seed {self.seed}"

    def scored(self) -> Run | None:
        return self._newest(runs.SCORES)

    def measured(self) -> Run:
        """Its scored run; raises UserError if there is none, or if it is not complete."""
        run = self.scored()
        if run is None:
            raise UserError(f"{self.name} has no scored run yet: train it with `make {self.table}`.")
        return runs.scored(run.folder)

    def unfinished(self) -> Run | None:
        """Its newest run, if it was stopped before it had scores."""
        with suppress(UserError):
            run = self._newest(runs.LAST)
            return None if run is None or run.scores else run
        return None

    def _newest(self, having: str) -> Run | None:
        every = runs.every(self.table, self.name, having)
        return next((run for run in every if self.seed is None or run.folder.name.endswith(self.ending)), None)

    def command(self, overrides: Sequence[str]) -> tuple[Run, list[str]]:
        """The run and the command that trains it: the unfinished run, or a new one."""
        run = self.unfinished()
        if run is not None:
            arguments = ["--config", str(run.config), "--ckpt_path", str(run.last), "--run.folder", str(run.folder)]
        else:
            run = runs.create(self.table, self.name, f"{runs.stamp()}{self.ending}")
            limits = [] if self.steps is None else [
                "--trainer.max_steps", str(self.steps), "--trainer.val_check_interval", str(self.steps),
            ]  # fmt: skip
            arguments = ["--config", str(self.config), "--run.folder", str(run.folder)]
            seeds = [] if self.seed is None else [
                "--seed_everything", str(self.seed), "--data.init_args.seed", str(self.seed),
            ]  # fmt: skip
            weights = [] if self.weights is None else ["--run.weights", str(self.weights.measured().folder)]
            arguments += [*seeds, *weights, *self.options, *limits, *overrides]
        return run, [sys.executable, "-m", "reproductions", "fit", *arguments]


def train(
    trainings: Sequence[Training], jobs: int, again: bool = False, overrides: Sequence[str] = (), threads: int = 1
) -> int:
    """Train what has no scored run yet, or everything ``again``, ``jobs`` at a time; returns the exit status, 130 after Ctrl-C.

    As many trainings as cores, with one thread each, use the cores better than one training with several threads.
    On Ctrl-C and SIGTERM every training saves its state, and the same command continues from there. Raises UserError with the
    end of its log if a training fails, once the others have ended.
    """
    wanted = dict.fromkeys(one for training in trainings for one in (training.weights, training) if one)
    waiting = [training for training in wanted if again or training.scored() is None]
    if overrides and not waiting:
        log.warning("All is trained, so that %s changes nothing; --again trains anew.", " ".join(overrides))
    failed: list[_Process] = []
    total = sum(training.updates() for training in waiting)
    begun = sum(_steps(run) for training in waiting if (run := training.unfinished()))
    with _ends_as_exceptions(), progress.counting("", total, "steps", begun=begun) as count:
        running: list[_Process] = []
        try:
            while running or (waiting and not failed):
                while len(running) < jobs and not failed and (ready := _ready(waiting, running)):
                    waiting.remove(ready[0])
                    running.append(_Process(ready[0], overrides, threads))
                time.sleep(PAUSE)
                ended = [process for process in running if process.popen.poll() is not None]
                failed += [process for process in ended if process.popen.returncode]
                for process in running:
                    count.done += process.advance(process in ended)
                running = [process for process in running if process not in ended]
                names = ", ".join(process.training.title for process in running)
                count.what = f"{names}; {len(waiting)} waiting"
        except BaseException as error:
            _stop(running)
            if not isinstance(error, KeyboardInterrupt):
                raise
            progress.clear()
            sys.stderr.write(
                "\nStopped. Finished trainings are kept and interrupted ones continue: run the same command again.\n"
            )
            return 130
    if failed:
        raise UserError(_failure(failed[0]))
    return 0


class _Process:
    def __init__(self, training: Training, overrides: Sequence[str], threads: int) -> None:
        self.training = training
        self.run, command = training.command(overrides)
        self.run.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.run.folder / LOG
        self.done = _steps(self.run)
        limits = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false"}
        with self.log.open("ab") as log:
            # A process group of its own, so that a terminal's Ctrl-C reaches it through us alone.
            self.popen = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=os.environ | limits, process_group=0,
            )  # fmt: skip

    def advance(self, ended: bool) -> int:
        """Steps since the last call; all remaining steps once the training has ended."""
        reached = self.training.updates() if ended else max(_steps(self.run), self.done)
        new, self.done = reached - self.done, reached
        return new


def _ready(waiting: Sequence[Training], running: Sequence[_Process]) -> list[Training]:
    """Those that start from no training that has yet to end."""
    unfinished = {*waiting, *(process.training for process in running)}
    return [training for training in waiting if training.weights not in unfinished]


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
        f"The training {failed.training.title} ended with status {failed.popen.returncode}: "
        f"{error.removeprefix('error: ')} (its log: {failed.log}). Finished trainings are kept: run the same again."
    )
