"""What the folder of a run says about its W&B run: which one it is, what was uploaded, and how to upload the rest."""

import filecmp
import json
import logging
import shlex
import sys
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from data.whole import whole
from reproductions.training.tracking_mode import Mode, words

log = logging.getLogger(__name__)

IDENTITY = "wandb.json"  # in the run's folder: which W&B run this is
DOWNLOADED = "downloaded"  # the mode of a folder that is a copy of an artifact, and not yet tracked
STAGED = ("data/**/*", "*run-*/files/media/**/*")  # where W&B copies what is logged, in its folder of a run


@dataclass(frozen=True)
class Identity:
    """Which W&B run a folder holds; ``uploaded`` means that W&B's server has all of it, ``folder`` where it was tracked."""

    id: str
    mode: str
    project: str
    group: str | None
    uploaded: bool = False
    folder: str | None = None  # None for a run that an earlier version tracked
    artifact: str | None = None  # what W&B has of the folder, ENTITY/PROJECT/NAME:ALIAS


def identity(folder: Path) -> Identity | None:
    """Which W&B run ``folder`` holds; None if it was never tracked, or with a warning if the file about it is damaged."""
    path = folder / IDENTITY
    try:
        tracked = Identity(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
        return None if tracked is not None and _is_copy(tracked, folder) else tracked
    except (ValueError, TypeError) as error:
        log.warning("%s is damaged (%s): W&B goes on with a new run; delete the file", path, words(error))
        return None


def project_of(folder: Path) -> str | None:
    """The W&B project in which ``folder`` is tracked, if it is."""
    tracked = identity(folder)
    return tracked.project if tracked else None


def came_from(folder: Path, artifact: str) -> None:
    """Note that ``folder`` was downloaded, so that what is made from it can declare it."""
    if identity(folder) is None:
        remember(folder, Identity("", DOWNLOADED, "", None, folder=str(folder.resolve()), artifact=artifact))


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


def continues(folder: Path, mode: Mode) -> tuple[Identity | None, str | None]:
    """The W&B run to append to, and the id of the run that a new one resumes; both None for a first run."""
    before = identity(folder)
    if before is None or before.mode == DOWNLOADED:
        return None, None
    return (before, None) if mode.name == "online" and before.mode != "offline" else (None, before.id)


def remember(folder: Path, tracked: Identity) -> None:
    with whole(folder / IDENTITY) as partial:  # a killed process leaves the old file or the new one
        partial.write_text(json.dumps(asdict(tracked), indent=2) + "\n", encoding="utf-8")


def share(folder: Path) -> None:
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


def _near(path: Path) -> str:
    """The path, relative to the working directory if it lies below it."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
