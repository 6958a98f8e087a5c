"""Weights & Biases. No other file imports wandb, except for :mod:`reproductions.training.tracking_mode`.

Tracking never prompts, never hangs and never stops a training: without an API key or a network a run is tracked offline,
into the same files, and one command uploads it later (:func:`sync_hint`).
"""

import filecmp
import json
import logging
import os
import re
import shlex
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from data.errors import UserError
from data.whole import whole
from reproductions.training.tracking_mode import Mode, decide, wandb, words

log = logging.getLogger(__name__)

PROJECT = "attention-then-and-now"  # of runs, comparisons and timelines, unless a run names another
INIT_TIMEOUT = 30.0  # seconds until an online run gives up and starts offline; W&B's own default is 90
FINISH_TIMEOUT = 120.0  # seconds for the last uploads; W&B's own default is to wait for ever
LONGEST_TAG = 64  # characters; W&B refuses a longer tag, and the run with it
MOST_ROWS = 2000  # of a table; W&B's page shows few more, and every row is sent
STAGED = ("data/**/*", "*run-*/files/media/**/*")  # where W&B copies what is logged, in its folder of a run
IDENTITY = "wandb.json"  # in the run's folder: which W&B run this is

# W&B's errors when its server refuses, its process has died or no answer comes. They share no base class.
FAILURES = (
    wandb.Error, OSError, wandb.sdk.mailbox.HandleAbandonedError, wandb.sdk.mailbox.MailboxClosedError,
)  # fmt: skip


@dataclass(frozen=True)
class Identity:
    """Which W&B run a folder holds; ``uploaded`` means that W&B's server has all of it, ``folder`` where it was tracked."""

    id: str
    mode: str
    project: str
    group: str | None
    uploaded: bool = False
    folder: str | None = None  # None for a run that an earlier version tracked


class RunLogger(WandbLogger):
    """Lightning's logger, except that losing W&B's process during training costs the tracking, not the training.

    Attributes:
        borrowed: environment variables set for this run; :func:`finish` clears them.
        lost: W&B failed; nothing more is sent to it.
        finished: :func:`finish` was called; nothing more is logged.
    """

    borrowed: tuple[str, ...] = ()
    lost = False
    finished = False

    @property
    def folder(self) -> Path:
        return Path(self.save_dir or ".")

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        if not (self.lost or self.finished):
            with self.guarded():
                super().log_metrics(metrics, step)

    @rank_zero_only
    def log_hyperparams(self, params: Any) -> None:
        if not (self.lost or self.finished):
            with self.guarded():
                super().log_hyperparams(params)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Warn once that W&B is lost; from then on only the run's other files are written."""
        try:
            yield
        except FAILURES as error:
            if not self.lost:
                log.warning("W&B stopped (%s); the training goes on without it", words(error))
            self.lost = True


def experiment_logger(  # noqa: PLR0913 - the fields of a W&B run, all by name
    folder: Path,
    *,
    project: str,
    name: str,
    group: str | None,
    tags: list[str],
    job_type: str,
    config: dict[str, Any],
    mode: str | None = None,
) -> RunLogger | None:
    """Start tracking the run in ``folder``; W&B writes only below it.

    If the folder was tracked before, an online run continues the same W&B run. Offline W&B cannot append: the run is then a
    new one of the same group, with the first as ``resumed_from``. Tags that are too long for W&B are cut.

    Returns:
        The logger, or None if tracking is disabled or W&B cannot start at all.

    Raises:
        UserError: see :func:`decide`.
    """
    folder = folder.resolve()
    (folder / "wandb").mkdir(parents=True, exist_ok=True)
    _forget_earlier_runs()
    borrowed = _borrow_environment(folder)
    first = decide(mode)
    fallback = [Mode("offline", "W&B could not be reached")] if first.name == "online" else []
    for attempt in [] if first.name == "disabled" else [first, *fallback]:
        same, resumed_from = _continues(folder, attempt)
        logger = RunLogger(
            name=name,
            save_dir=folder,
            project=project,
            group=group,
            tags=[_tag(tag) for tag in tags],
            job_type=job_type,
            config=config | ({"resumed_from": resumed_from} if resumed_from else {}),
            mode=attempt.name,
            id=same,
            settings=wandb.Settings(
                silent=True,
                console="wrap",  # the default replaces the terminal, and with it the progress bar
                init_timeout=INIT_TIMEOUT,
                finish_timeout=FINISH_TIMEOUT,
                finish_timeout_raises=True,
            ),
        )
        logger.borrowed = borrowed
        if rank_zero_only.rank != 0 or _start(logger, attempt):
            return logger
    _return_environment(borrowed)
    return None


def of(loggers: Sequence[Logger]) -> RunLogger | None:
    """The tracker among a trainer's loggers, None if there is none."""
    return next((logger for logger in loggers if isinstance(logger, RunLogger)), None)


def identity(folder: Path) -> Identity | None:
    """Which W&B run ``folder`` holds; None if it was never tracked, or with a warning if the file about it is damaged."""
    path = folder / IDENTITY
    try:
        tracked = Identity(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
        return None if tracked is not None and _is_copy(tracked, folder) else tracked
    except (ValueError, TypeError) as error:
        log.warning("%s is damaged (%s): W&B goes on with a new run; delete the file", path, words(error))
        return None


def _is_copy(tracked: Identity, folder: Path) -> bool:
    """Whether the folder was copied: the one that was tracked is still there, and goes on as the same W&B run."""
    if tracked.folder is None or Path(tracked.folder) == folder.resolve():
        return False
    try:
        original = json.loads((Path(tracked.folder) / IDENTITY).read_text(encoding="utf-8"))
        return bool(original["id"] == tracked.id)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def sync_hint(folder: Path) -> str | None:
    """The command that uploads whatever W&B does not have of ``folder`` yet; None if it has everything."""
    runs, options = sorted((folder / "wandb").glob("offline-run-*")), []
    tracked = identity(folder)
    if tracked and tracked.mode == "online" and not tracked.uploaded:
        runs += sorted((folder / "wandb").glob(f"run-*-{tracked.id}"))
        options = ["--include-online"]
    runs = [run for run in runs if any(run.glob("*.wandb")) and not any(run.glob("*.synced"))]
    if not runs:
        return None
    return shlex.join([_near(Path(sys.executable)), "-m", "wandb", "sync", *options, *map(_near, runs)])


@rank_zero_only
def log_artifact(logger: RunLogger | None, path: Path, name: str, type: str) -> None:
    """Log a file or a folder as an artifact of type "model" or "tokenizer", with a name such as "rnnsearch-accord".

    Its content is copied into the run's folder at once, so the original may change or be removed.
    """
    if logger is None:
        return
    with logger.guarded():
        artifact = wandb.Artifact(name, type)
        if path.is_dir():
            artifact.add_dir(str(path), skip_cache=True)
        else:
            artifact.add_file(str(path), skip_cache=True)
        logger.experiment.log_artifact(artifact)


def download(name: str, folder: Path) -> Path:
    """The run in an artifact ``ENTITY/PROJECT/NAME:ALIAS``, downloaded below ``folder``; returns its folder.

    Raises UserError if there is no API key, no such artifact, or no answer.
    """
    failed = f"wandb:{name} cannot be read"
    try:
        if not wandb.login(prompt=False, verify=False):
            raise UserError(f"{failed}: there is no API key; `wandb login` stores one.")
        artifact = wandb.Api(timeout=int(INIT_TIMEOUT)).artifact(name)
        return Path(artifact.download(str(folder / re.sub(r"[^\w.-]+", "-", name))))
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - W&B raises errors of many libraries
        raise UserError(
            f"{failed} ({words(error)}): is it ENTITY/PROJECT/NAME:ALIAS, and is there a network?"
        ) from error


@rank_zero_only
def log_picture(logger: RunLogger | None, key: str, path: Path, caption: str, step: int | None = None) -> None:
    """Log a picture; pictures with the same key get a slider over the steps.

    ``step`` is the trainer's; without it W&B files the picture under the last step logged before.
    """
    if logger is not None:
        with logger.guarded():
            logger.log_metrics({key: wandb.Image(str(path), caption=caption)}, step)


@rank_zero_only
def log_table(logger: RunLogger | None, key: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Log a table; a cell that is a Path is shown as that picture. Rows beyond ``MOST_ROWS`` are left out."""
    if logger is not None:
        if len(rows) > MOST_ROWS:
            log.info("W&B: the table %s has the first %s of %s rows", key, f"{MOST_ROWS:,}", f"{len(rows):,}")
        with logger.guarded():
            table = wandb.Table(columns=columns)
            for row in rows[:MOST_ROWS]:
                table.add_data(*(wandb.Image(str(cell)) if isinstance(cell, Path) else cell for cell in row))
            logger.log_metrics({key: table})


@rank_zero_only
def finish(logger: RunLogger | None, exit_code: int = 0) -> None:
    """End the run and wait until its files are complete, at most ``FINISH_TIMEOUT`` seconds for the network.

    ``exit_code`` is shown by W&B: 0 as finished, anything else as failed.
    """
    if logger is None or logger.finished:
        return
    logger.finished = True
    with logger.guarded():
        logger.experiment.finish(exit_code=exit_code)
    complete = _teardown() and not logger.lost
    _share(logger.folder)
    tracked = identity(logger.folder)
    if tracked:
        _remember(logger.folder, replace(tracked, uploaded=complete and tracked.mode == "online"))
    _return_environment(logger.borrowed)
    hint = sync_hint(logger.folder)
    if hint and tracked and tracked.mode == "online":
        log.warning("W&B does not have the whole run yet; upload it with\n  %s", hint)


def _continues(folder: Path, mode: Mode) -> tuple[str | None, str | None]:
    """The id of the W&B run to append to, and of the run that a new one resumes; both None for a first run."""
    before = identity(folder)
    if before is None:
        return None, None
    return (before.id, None) if mode.name == "online" and before.mode != "offline" else (None, before.id)


def _tag(text: str) -> str:
    return text if len(text) <= LONGEST_TAG else text[: LONGEST_TAG - 1] + "…"


def _start(logger: RunLogger, mode: Mode) -> bool:
    """Open the run; if W&B cannot, log one line, remove the files it left and return False."""
    before = set((logger.folder / "wandb").iterdir())
    try:
        run = logger.experiment
    except FAILURES as error:
        log.warning("W&B did not start %s (%s)", mode.name, words(error))
        _teardown()
        for left in set((logger.folder / "wandb").glob("*run-*")) - before:
            shutil.rmtree(left, ignore_errors=True)
        return False
    _remember(
        logger.folder, Identity(run.id, mode.name, run.project, run.group or None, folder=str(logger.folder.resolve()))
    )
    log.info("W&B: %s (%s)%s", mode.name, mode.reason, f", {run.url}" if run.url else "")
    return True


def _forget_earlier_runs() -> None:
    """End a run that this process left open, and let W&B read its environment again, which it does once per process."""
    if wandb.run is not None:
        with suppress(*FAILURES):
            wandb.run.finish(exit_code=1)
        wandb.run = None  # finish() leaves it set if W&B's process has died, and Lightning would reuse it
    _teardown()


def _teardown() -> bool:
    """Stop W&B's process, which completes its files; False if it ended badly."""
    try:
        wandb.teardown()
    except (*FAILURES, SystemExit) as error:  # W&B exits this process with the status of its own process
        log.warning("W&B ended badly (%s)", words(error))
        return False
    return True


def _share(folder: Path) -> None:
    """Make W&B's copies of files of the run, and of one another, hard links, so that nothing lies there twice.

    What was logged stays as it was: the run replaces its files, and never writes into them.
    """
    copied = [path for files in STAGED for path in (folder / "wandb").glob(files) if path.is_file()]
    originals: dict[int, list[Path]] = defaultdict(list)  # by size
    for path in folder.rglob("*"):
        if path.is_file() and folder / "wandb" not in path.parents:
            originals[path.stat().st_size].append(path)
    for copy in copied:
        with suppress(OSError):  # not every file system has hard links
            same = [
                original for original in originals[copy.stat().st_size] if filecmp.cmp(original, copy, shallow=False)
            ]
            if same:
                with whole(copy) as partial:
                    partial.hardlink_to(same[0])
            else:  # what the run has replaced since may have been copied twice
                originals[copy.stat().st_size].append(copy)


def _remember(folder: Path, tracked: Identity) -> None:
    with whole(folder / IDENTITY) as partial:  # a killed process leaves the old file or the new one
        partial.write_text(json.dumps(asdict(tracked), indent=2) + "\n", encoding="utf-8")


def _borrow_environment(folder: Path) -> tuple[str, ...]:
    """Make W&B stage its files below the run, so that a copy of the folder is complete; variables already set are kept.

    WANDB_CONFIG_DIR is not changed: it holds the address of the user's own server and the switch of `wandb offline`.
    """
    wanted = {
        "WANDB_DATA_DIR": str(folder / "wandb" / "data"),
        "WANDB_CACHE_DIR": str(folder / "wandb" / "cache"),
        "WANDB_ERROR_REPORTING": "false",  # W&B's reports about itself print when there is no network
    }
    borrowed = tuple(name for name in wanted if name not in os.environ)
    os.environ.update({name: wanted[name] for name in borrowed})
    return borrowed


def _return_environment(borrowed: tuple[str, ...]) -> None:
    for name in borrowed:
        os.environ.pop(name, None)


def _near(path: Path) -> str:
    """The path, relative to the working directory if it lies below it."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
