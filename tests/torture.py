"""Stop trainings at random and at chosen moments, continue them, and compare everything with an undisturbed run.

::

    make torture RUNS=100

Each trial trains a toy run of one paper, stops it once or twice with SIGKILL, SIGTERM or Ctrl-C, continues it to its end with
``--resume``, and must then find what the undisturbed run left: the same files, weights bit for bit, the same validations, the
same chosen view, the same scores, records and pictures. Besides, once each: a copy, two preparations at once, full disks, and the
page under fire. What differs is printed, and the folder of the trial is kept.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from older_runs import make
from toy_run import corpus, overrides
from trained import few_images

from reproductions.papers import PAPERS, TASKS

ROOT = Path(__file__).parents[1]
STEPS = 8
SETTINGS = {
    **make.SETTINGS,
    # It ends early, in a validation at the end of an epoch: its loss falls, and more would be better.
    "vit2021": make.SETTINGS["vit2021"]
    | {"trainer.val_check_interval": 3, "run.monitor": "valid/loss", "run.patience": 1},
}
LIMIT = 300  # seconds that a toy training may take
SIGNALS = {"KILL": signal.SIGKILL, "TERM": signal.SIGTERM, "INT": signal.SIGINT}
# Exit status of a training that a signal stops: TERM before Lightning listens ends the process at once.
ENDS = {"KILL": (-9,), "TERM": (143, -15), "INT": (130,)}
# A moment is the function in which a training is stopped.
MOMENTS = {
    "preparing": ("data.whole", "made_once"),
    "first checkpoint": ("reproductions.training.checkpoints.WholeFiles", "save_checkpoint"),
    "writing a checkpoint": ("torch", "save"),
    "validating": ("reproductions.tasks.log.EvaluationLog", "on_validation_batch_end"),
    "ending a validation": ("reproductions.tasks.log.EvaluationLog", "on_validation_epoch_end"),
    "testing": ("reproductions.tasks.log.EvaluationLog", "on_test_batch_end"),
    "drawing": ("reproductions.evaluation.files", "save"),
    "tracking": ("reproductions.training.tracking", "log_picture"),
}
CALLS = {"preparing": 1, "first checkpoint": 1, "writing a checkpoint": 5, "validating": 4, "ending a validation": 2,
         "testing": 2, "drawing": 4, "tracking": 2}  # how many calls a stop is drawn from  # fmt: skip
RANDOM = "at a random time"
# Not the run's own doing: the tracker's files, one CSV for each start of a training, and times; and the page that shows them.
NOT_COMPARED = re.compile(r"(^|/)(wandb|metrics)/|^wandb\.json$|^report\.html$")
TIMES = re.compile(r".*(_per_s|seconds)")
# What of a checkpoint must be the same; the rest names folders and holds times.
TRAINED = ("state_dict", "optimizer_states", "lr_schedulers", "global_step", "epoch", "paper", "view", "views")
MOST_LINES = 60  # that a training on a full disk may print
CONTEXT = multiprocessing.get_context("forkserver")
# What every training imports, and W&B at its start, is imported once for all.
CONTEXT.set_forkserver_preload([
    "reproductions.commands.lightning.cli", "reproductions.commands.train", "reproductions.training.tracking",
    "wandb.sdk.launch", *(f"reproductions.tasks.{task}.task" for task in TASKS),
    *(f"reproductions.{paper}.training" for paper in PAPERS),
])  # fmt: skip
Check = Callable[[str, dict[str, Any], Path], list[str]]


@dataclass(frozen=True)
class Stop:
    """A signal at a moment: in which call of its function, or after which part of the undisturbed time."""

    moment: str
    place: float
    signal: str

    def __str__(self) -> str:
        return f"{self.signal} {self.moment} ({self.place:.3g})"


@dataclass(frozen=True)
class Trial:
    """One training that is stopped, below a folder of its own."""

    paper: str
    stops: tuple[Stop, ...]
    folder: Path

    def __str__(self) -> str:
        return f"{self.paper}: {', then '.join(map(str, self.stops))}"


# --- One training, in a process of its own ------------------------------------------------------------------------------


def command(paper: str, folder: Path, resume: bool) -> list[str]:
    """The arguments of a toy training below ``folder``."""
    data = ["--data", str(folder / make.NUMBERS)] if paper == "bahdanau2014" else []
    rest = ["--resume"] if resume else overrides(STEPS, paper, **SETTINGS[paper])
    return ["train", paper, *data, *rest]


def training(arguments: Sequence[str], folder: Path, stop: Stop | None) -> None:
    """Run a command of ours in this process; with a stop that names a function, send this process the signal there."""
    os.environ.update(make.places(folder), OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
    os.environ.pop("RUN_STAMP", None)
    os.chdir(ROOT)
    few_images(pytest.MonkeyPatch())  # for ever: the process has no other task
    with (folder / "training.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    if stop is not None and stop.moment in MOMENTS:
        _arm(stop)
    from reproductions.__main__ import run

    sys.exit(run(list(arguments)))


def _arm(stop: Stop) -> None:
    """Send this process the signal in the given call of the moment's function, before the function does its work."""
    place, function_name = MOMENTS[stop.moment]
    owner = _owner(place)
    function, calls = getattr(owner, function_name), 0

    def stopped(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == stop.place:
            if stop.moment == "writing a checkpoint" and stop.signal == "KILL":  # after the others it is written
                arguments[1].write(b"half a checkpoint")
            os.kill(os.getpid(), SIGNALS[stop.signal])
        return function(*arguments, **named)

    setattr(owner, function_name, stopped)


def _owner(name: str) -> Any:
    """The module or class of a dotted name."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        module, _, leaf = name.rpartition(".")
        return getattr(import_module(module), leaf)


def process(arguments: Sequence[str], folder: Path, stop: Stop | None = None, seconds: float = 0.0) -> int:
    """Exit status of a command, -9 for SIGKILL; a random stop comes after a part of ``seconds``."""
    child = CONTEXT.Process(target=training, args=(arguments, folder, stop))
    child.start()
    if stop is not None and stop.moment == RANDOM:
        child.join(stop.place * seconds)
        if child.is_alive():
            os.kill(child.pid or 0, SIGNALS[stop.signal])
    child.join(LIMIT)
    if child.is_alive():
        child.kill()
        raise TimeoutError(f"{' '.join(arguments)} still ran after {LIMIT} seconds")
    return int(child.exitcode or 0)


# --- What a run left ----------------------------------------------------------------------------------------------------


def left(run: Path) -> dict[str, Any]:
    """Everything that a run left and that its stops may not change: by file name, its content."""
    files = [path for path in sorted(run.rglob("*")) if path.is_file()]
    names = {path.relative_to(run).as_posix(): path for path in files}
    return {name: _content(path, run) for name, path in names.items() if not NOT_COMPARED.search(name)}


def _content(path: Path, run: Path) -> Any:
    if path.suffix == ".ckpt":
        checkpoint = torch.load(path, weights_only=True)
        return {name: _plain(checkpoint.get(name)) for name in TRAINED}
    if path.suffix in (".json", ".jsonl"):
        lines = path.read_text(encoding="utf-8").splitlines() if path.suffix == ".jsonl" else [path.read_text("utf-8")]
        return [_timeless(json.loads(line)) for line in lines]
    if path.suffix == ".html":  # made of the other files, and names times
        return "written"
    if path.suffix == ".yaml":  # but for where it lies
        return re.sub(r"/\S*/(?=runs/|numbers\.tsv)", "", path.read_text("utf-8")).replace(run.name, "TIME")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _plain(value: Any) -> Any:
    """Tensors as the hash of their bytes, so that two states can be compared and a difference named."""
    if isinstance(value, torch.Tensor):
        return f"{tuple(value.shape)} {hashlib.sha256(value.cpu().numpy().tobytes()).hexdigest()[:12]}"
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(inner) for key, inner in value.items() if not TIMES.fullmatch(key)}
    return [_timeless(inner) for inner in value] if isinstance(value, list) else value


def differences(undisturbed: Any, stopped: Any, place: str = "") -> Iterator[str]:
    """One sentence for each place where two runs differ."""
    if isinstance(undisturbed, dict) and isinstance(stopped, dict):
        for key in sorted({*undisturbed, *stopped}, key=str):
            if key not in stopped:
                yield f"{place}/{key} is missing"
            elif key not in undisturbed:
                yield f"{place}/{key} should not be there"
            else:
                yield from differences(undisturbed[key], stopped[key], f"{place}/{key}")
    elif isinstance(undisturbed, list) and isinstance(stopped, list) and len(undisturbed) == len(stopped):
        for number, pair in enumerate(zip(undisturbed, stopped, strict=True)):
            yield from differences(*pair, f"{place}[{number}]")
    elif undisturbed != stopped:
        yield f"{place}: {str(undisturbed)[:200]} undisturbed, {str(stopped)[:200]} after the stop"


# --- Trials -------------------------------------------------------------------------------------------------------------


class Reference(NamedTuple):
    """An undisturbed run: what it left, how many seconds it took, and the folder of its prepared data."""

    left: dict[str, Any]
    seconds: float
    data: Path


def undisturbed(paper: str, folder: Path) -> Reference:
    """Run a training that nothing stops."""
    folder.mkdir(parents=True)
    corpus(folder)
    began = time.monotonic()
    if status := process(command(paper, folder, resume=False), folder):
        raise RuntimeError(f"the undisturbed training of {paper} ended with {status}: see {folder / 'training.log'}")
    return Reference(left(finished(paper, folder)), time.monotonic() - began, folder / "data")


def finished(paper: str, folder: Path) -> Path:
    """The newest run of a paper below ``folder``."""
    runs = sorted((folder / "runs" / paper).glob("*/*/config.yaml"), key=lambda path: path.parent.name)
    return runs[-1].parent


def try_one(trial: Trial, reference: Reference) -> list[str]:
    """Run a trial; what is wrong afterwards, nothing if all is as after an undisturbed run."""
    trial.folder.mkdir(parents=True)
    corpus(trial.folder)
    if not any(stop.moment in ("preparing", RANDOM) for stop in trial.stops):  # it then finds its data prepared
        shutil.copytree(reference.data, trial.folder / "data")
    for stop in (*trial.stops, None):
        saved = any((trial.folder / "runs").glob("*/*/*/checkpoints/last.ckpt"))
        status = process(command(trial.paper, trial.folder, resume=saved), trial.folder, stop, reference.seconds)
        if status not in (0, *(ENDS[stop.signal] if stop else ())):
            return [f"exit status {status}, see {trial.folder / 'training.log'}"]
    run = finished(trial.paper, trial.folder)  # one that was killed before its first checkpoint is left behind
    half = [f"{path} is half written" for path in run.rglob("*.partial")]
    return half + list(differences(reference.left, left(run)))


def copied(paper: str, expected: dict[str, Any], work: Path) -> list[str]:
    """Stop a training, copy it, continue the copy: it becomes the undisturbed run, and the original is not touched."""
    work.mkdir(parents=True)
    corpus(work)
    process(command(paper, work, resume=False), work, Stop("validating", CALLS["validating"], "INT"))
    original, before = finished(paper, work), left(finished(paper, work))
    copy = work / "copy"
    shutil.copytree(work / "runs", copy / "runs")
    if status := process(command(paper, work, resume=True), copy):
        return [f"exit status {status}, see {copy / 'training.log'}"]
    touched = [f"original{line}" for line in differences(before, left(original))]
    return touched + list(differences(expected, left(finished(paper, copy))))


def together(paper: str, expected: dict[str, Any], work: Path) -> list[str]:
    """Two trainings prepare the same data at once: both end as an undisturbed one."""
    folders = [work / "first", work / "second"]
    (work / "data").mkdir(parents=True)
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "data").symlink_to(work / "data")
    corpus(work)
    arguments = [argument.replace(str(folders[0]), str(work)) for argument in command(paper, folders[0], resume=False)]
    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(lambda folder: process(arguments, folder), folders))
    if any(statuses):
        return [f"exit statuses {statuses}, see {work}"]
    return [line for folder in folders for line in differences(expected, left(finished(paper, folder)))]


def full_disk(paper: str, expected: dict[str, Any], work: Path, kibibytes: int) -> list[str]:
    """A disk of runs that fills up: one sentence; with room again, the training goes on to the undisturbed end."""
    (work / "runs").mkdir(parents=True)
    corpus(work)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", work / "runs"], check=True)
    try:
        status = process(command(paper, work, resume=False), work)
        said = (work / "training.log").read_bytes().decode(errors="replace")  # a progress bar begins its line again
        wrong = [] if status == 2 and "The disk is full" in said else [f"exit status {status}: {said[-300:]}"]
        wrong += [f"{said.count(chr(10))} lines were printed"] * (said.count("\n") > MOST_LINES)
        subprocess.run(["mount", "-o", "remount,size=200m", work / "runs"], check=True)
        saved = any((work / "runs").glob("*/*/*/checkpoints/last.ckpt"))
        if status := process(command(paper, work, resume=saved), work):
            return [*wrong, f"with room again, exit status {status}"]
        return wrong + list(differences(expected, left(finished(paper, work))))
    finally:
        subprocess.run(["umount", "--lazy", work / "runs"], check=True)


def besieged(_: str, __: dict[str, Any], work: Path) -> list[str]:
    """Everybody asks the page at once."""
    import page_under_fire  # here, since each training runs this file, too

    return page_under_fire.faults(page_under_fire.fire(work))


def trials(count: int, papers: Sequence[str], seed: int, work: Path) -> Iterator[Trial]:
    """So many trials: papers, moments and signals in turn, places at random; every third is stopped twice."""
    drawn = random.Random(seed)
    moments = [*MOMENTS, RANDOM, RANDOM, RANDOM]
    for number in range(count):
        stops = []
        for nth in range(2 if number % 3 == 2 else 1):
            moment = moments[(number + 5 * nth) % len(moments)]
            place = drawn.random() if moment == RANDOM else float(drawn.randint(1, CALLS[moment]))
            stops.append(Stop(moment, place, drawn.choice(list(SIGNALS))))
        yield Trial(papers[number % len(papers)], tuple(stops), work / f"trial-{number:03d}")


def special(paper: str, work: Path) -> Iterator[tuple[str, Path, Check]]:
    """What is tried once beside the stops: what it is, its folder, and the function that says what is wrong."""
    yield f"{paper}: copied while stopped", work / "copied", copied
    yield f"{paper}: prepared by two at once", work / "together", together
    yield "the page under fire", work / "page", besieged
    if os.geteuid() or not shutil.which("mount"):
        say("not tried: a disk that fills up, which needs a root who can mount one")
        return
    for kibibytes in (4, 200, 500):
        check = partial(full_disk, kibibytes=kibibytes)
        yield f"{paper}: a disk of {kibibytes} KiB", work / f"disk-{kibibytes}", check


def torture(count: int, papers: Sequence[str], jobs: int, seed: int, work: Path) -> int:
    """Run all trials, so many at a time, print each and the count; the number of failures."""
    with ThreadPoolExecutor(jobs) as pool:
        references = dict(zip(papers, pool.map(lambda paper: undisturbed(paper, work / paper), papers), strict=True))
        running = [(str(trial), trial.folder, pool.submit(try_one, trial, references[trial.paper]))
                   for trial in trials(count, papers, seed, work)]  # fmt: skip
        running += [(name, folder, pool.submit(check, papers[0], references[papers[0]].left, folder))
                    for name, folder, check in special(papers[0], work)]  # fmt: skip
        failures = 0
        for number, (name, folder, result) in enumerate(running, start=1):
            wrong = result.result()
            say(f"{number:4d}/{len(running)}  {'FAILED' if wrong else 'ok    '}  {name}")
            for line in wrong[:10]:
                say(f"           {line}")
            failures += bool(wrong)
            if not wrong:
                shutil.rmtree(folder)
    say(f"{len(running) - failures} of {len(running)} ended as the undisturbed training does.")
    return failures


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="how many trials (default: 20)")
    parser.add_argument("--papers", nargs="+", default=list(PAPERS), choices=list(PAPERS), metavar="PAPER")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="trials side by side")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="torture-"))
    failures = torture(options.runs, options.papers, options.jobs, options.seed, work)
    if failures:
        say(f"The folders of the failures are kept: {work}")
    else:
        shutil.rmtree(work)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
