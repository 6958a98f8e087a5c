"""Weights & Biases. No other file imports wandb, except for :mod:`reproductions.training.tracking_mode`.

Tracking never prompts, never hangs and never stops a training: without an API key or a network a run is tracked offline,
into the same files, and one command uploads it later (:func:`sync_hint`).
"""

import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from data.errors import UserError
from reproductions.training.tracked import Identity, continues, identity, remember, share, sync_hint
from reproductions.training.tracking_mode import Mode, decide, wandb, words

log = logging.getLogger(__name__)

PROJECT = "attention-then-and-now"  # unless a run or WANDB_PROJECT names another
INIT_TIMEOUT = 30.0  # seconds until an online run gives up and starts offline; W&B's own default is 90
FINISH_TIMEOUT = 120.0  # seconds for the last uploads; W&B's own default is to wait for ever
LONGEST_TAG = 64  # characters; W&B refuses a longer tag, and the run with it
LONGEST_NAME = 128  # of an artifact
MOST_ROWS = 2000  # of a table; W&B's page shows few more, and every row is sent
PERCENT = re.compile(r"\w+/aer(_naive)?")  # fractions that W&B shows times 100, as the terminal and the reports do
ALIASES = [
    "best",
    "latest",
]  # of an artifact: the weights with the highest score in validation, of the run's last upload


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
            shown = {name: 100 * value if PERCENT.fullmatch(name) else value for name, value in metrics.items()}
            with self.guarded():
                super().log_metrics(shown, step)

    @rank_zero_only
    def log_hyperparams(self, params: Any) -> None:
        if not (self.lost or self.finished):
            with self.guarded():
                super().log_hyperparams(params)

    @contextmanager
    def guarded(self, part: str | None = None) -> Iterator[None]:
        """Warn once that W&B is lost; from then on only the run's other files are written. Or that a ``part`` alone is lost."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - W&B raises errors of many libraries, and none may end a training
            if part is not None:
                log.warning("W&B does not have %s (%s); all else goes on", part, words(error))
            elif not self.lost:
                log.warning("W&B stopped (%s); the training goes on without it", words(error))
            self.lost = self.lost or part is None


def experiment_logger(  # noqa: PLR0913 - the fields of a W&B run, all by name
    folder: Path,
    *,
    name: str,
    group: str | None,
    tags: list[str],
    job_type: str,
    config: dict[str, Any],
    project: str | None = None,
    monitor: str | None = None,
    mode: str | None = None,
) -> RunLogger | None:
    """Start tracking the run in ``folder``; W&B writes only below it.

    If the folder was tracked before, an online run continues the same W&B run. Offline W&B cannot append: the run is then a
    new one of the same group, with the first as ``resumed_from``. Tags that are too long for W&B are cut.

    Args:
        project: None takes WANDB_PROJECT or, without it, ``PROJECT``. WANDB_RUN_GROUP replaces ``group``, and WANDB_TAGS are
            added to ``tags``.
        monitor: the score whose highest value, not its last, stands in W&B's summary.

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
        same, resumed_from = continues(folder, attempt)
        logger = RunLogger(
            name=name,
            save_dir=folder,
            project=same.project if same else project or os.environ.get("WANDB_PROJECT") or PROJECT,
            group=os.environ.get("WANDB_RUN_GROUP") or group,
            tags=[_tag(tag) for tag in [*tags, *_given_tags()]],
            job_type=None if same else job_type,  # of a run that goes on it stays what it was
            config=config | ({"resumed_from": resumed_from} if resumed_from else {}),
            mode=attempt.name,
            id=same.id if same else None,
            settings=wandb.Settings(
                silent=True,
                console="wrap",  # the default replaces the terminal, and with it the progress bar
                init_timeout=INIT_TIMEOUT,
                finish_timeout=FINISH_TIMEOUT,
                finish_timeout_raises=True,
            ),
        )
        logger.borrowed = borrowed
        if rank_zero_only.rank != 0 or _start(logger, attempt, monitor):  # type: ignore[attr-defined]
            return logger
    _return_environment(borrowed)
    return None


def of(loggers: Sequence[Logger]) -> RunLogger | None:
    """The tracker among a trainer's loggers, None if there is none."""
    return next((logger for logger in loggers if isinstance(logger, RunLogger)), None)


@rank_zero_only
def log_run(logger: RunLogger | None, files: Sequence[str], name: str, metadata: Mapping[str, Any]) -> None:
    """Log files and folders of the run, by their names in it, as one artifact: downloaded, it is a run's folder again.

    Their content is copied into W&B's folder at once, so the originals may change or be removed. Those that do not exist are
    left out.
    """
    if logger is None:
        return
    name = re.sub(r"[^\w.-]", "-", name, flags=re.ASCII)[-LONGEST_NAME:]  # W&B refuses any other character
    with logger.guarded(f"the artifact {name}"):
        artifact = wandb.Artifact(name, "model", metadata=dict(metadata))
        for inside in files:
            path = logger.folder / inside
            if path.is_dir():
                artifact.add_dir(str(path), inside, skip_cache=True)
            elif path.is_file():
                artifact.add_file(str(path), inside, skip_cache=True)
        run = logger.experiment
        run.log_artifact(artifact, aliases=ALIASES)
        if tracked := identity(logger.folder):
            place = "/".join(part for part in (run.entity, run.project, artifact.name) if part)
            remember(logger.folder, replace(tracked, artifact=f"{place}:{ALIASES[0]}"))


@rank_zero_only
def declare_inputs(logger: RunLogger | None, folders: Sequence[Path]) -> None:
    """Declare the artifacts of other runs as what this one was made from, where W&B has them; offline it cannot know."""
    if logger is None or logger.lost or logger.experiment.offline:
        return
    for folder in folders:
        if (tracked := identity(folder)) is None or tracked.artifact is None:
            continue
        with logger.guarded(f"the input {tracked.artifact}"):
            logger.experiment.use_artifact(tracked.artifact)


@rank_zero_only
def summarise(logger: RunLogger | None, values: Mapping[str, Any]) -> None:
    """Put values of a whole run, such as its size and time, into W&B's summary, by which runs are sorted."""
    if logger is not None:
        with logger.guarded():
            logger.experiment.summary.update(dict(values))


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
            table = wandb.Table(columns=columns)  # type: ignore[arg-type]
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
    share(logger.folder)
    tracked = identity(logger.folder)
    if tracked:
        remember(logger.folder, replace(tracked, uploaded=complete and tracked.mode == "online"))
    _return_environment(logger.borrowed)
    hint = sync_hint(logger.folder)
    if hint and tracked and tracked.mode == "online":
        log.warning("W&B does not have the whole run yet; upload it with\n  %s", hint)


def _tag(text: str) -> str:
    return text if len(text) <= LONGEST_TAG else text[: LONGEST_TAG - 1] + "…"


def _given_tags() -> list[str]:
    """The tags of WANDB_TAGS, which W&B itself reads only where a program gives none."""
    return [tag.strip() for tag in os.environ.get("WANDB_TAGS", "").split(",") if tag.strip()]


def _start(logger: RunLogger, mode: Mode, monitor: str | None) -> bool:
    """Open the run; if W&B cannot, log one line, remove the files it left and return False."""
    before, tracked = set((logger.folder / "wandb").iterdir()), identity(logger.folder)
    try:
        run = logger.experiment
        if monitor is not None:
            run.define_metric(monitor, summary="max", step_metric="trainer/global_step", step_sync=True)
    except Exception as error:  # noqa: BLE001 - as in RunLogger.guarded
        log.warning("W&B did not start %s (%s)", mode.name, words(error))
        _teardown()
        for left in set((logger.folder / "wandb").glob("*run-*")) - before:
            shutil.rmtree(left, ignore_errors=True)
        return False
    known = tracked.artifact if tracked else None
    place = str(logger.folder.resolve())
    remember(logger.folder, Identity(run.id, mode.name, run.project, run.group or None, folder=place, artifact=known))
    log.info("W&B: %s (%s)%s", mode.name, mode.reason, f", {run.url}" if run.url else "")
    return True


def _forget_earlier_runs() -> None:
    """End a run that this process left open, and let W&B read its environment again, which it does once per process."""
    if wandb.run is not None:
        with suppress(Exception):
            wandb.run.finish(exit_code=1)
        wandb.run = None  # finish() leaves it set if W&B's process has died, and Lightning would reuse it
    _teardown()


def _teardown() -> bool:
    """Stop W&B's process, which completes its files; False if it ended badly."""
    try:
        wandb.teardown()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - W&B exits this process with the status of its own process
        log.warning("W&B ended badly (%s)", words(error))
        return False
    return True


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
