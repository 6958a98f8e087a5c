"""A file, or a folder, that appears whole or not at all; a temporary folder that goes with its process."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from data.errors import Interrupted

UNFINISHED = "unfinished"  # folder in one that is being made: what an interrupted call can go on with


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write what becomes ``path`` when the block has ended: a reader finds the old file or the new one.

    The folders above it are made. A block that fails leaves the old file, and nothing beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """``folder``, which ``make`` fills unless it exists; of several processes that call at once, the first makes it.

    ``make`` is given an empty directory to write to, or what an interrupted call left, if that has a folder UNFINISHED. If it
    fails, nothing is left.
    """
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(folder.name + ".lock")):
        if not folder.exists():
            # Under the lock nobody else works here: a part that exists was left by an interrupted process.
            work = folder.with_name(folder.name + ".part")
            _clear(work)
            work.mkdir(exist_ok=True)
            try:
                make(work)
                os.rename(work, folder)
            except (Interrupted, KeyboardInterrupt, SystemExit):
                _clear(work)
                raise
            except BaseException:
                shutil.rmtree(work, ignore_errors=True)
                raise
    return folder


def _clear(work: Path) -> None:
    """Remove what nobody can go on with."""
    if not (work / UNFINISHED).exists():
        shutil.rmtree(work, ignore_errors=True)


def temporary_folder(prefix: str) -> Path:
    """A folder that is removed when this process ends; removes those that killed processes left, which nobody locks."""
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError, Timeout), FileLock(left / "lock", timeout=0):
            shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f".{prefix}"))
    lock = FileLock(made / "lock")
    lock.acquire()
    folder = made.rename(made.with_name(made.name[1:]))  # only now others see it
    atexit.register(_give_up, folder, lock, os.getpid())
    return folder


def _give_up(folder: Path, lock: FileLock, owner: int) -> None:
    if os.getpid() == owner:  # not a forked child
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)
