"""Paths as a user gives them, checked before anything is read or written."""

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from data.errors import UserError

KINDS = {
    stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}  # fmt: skip


def place(text: str) -> Path:
    """The path that a user typed, with ``~`` in full; raises UserError for ``~nobody``."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        user = text.split(os.sep)[0]
        raise UserError(f"{text!r} cannot be a path: there is no user {user.lstrip('~')!r} here.") from None


def check_regular(path: Path, used: str = "read") -> None:
    """Raise UserError unless the path is a regular file: a pipe or a device may never end, and cannot be replaced.

    A missing file is left to whoever opens it; ``used`` says what was to be done with it.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "no regular file")
        raise UserError(f"{path} cannot be {used}: it is {kind}, not a file. Name a regular file.")


def states(paths: Iterable[Path]) -> str:
    """Path, size and time of each file; raises UserError for a missing one."""
    found = []
    for path in paths:
        check_regular(path)
        try:
            state = path.stat()
        except OSError as error:
            raise UserError(f"{shortened(path)} cannot be read: {error.strerror}.") from None
        found.append(f"{path.resolve()} {state.st_size} {state.st_mtime_ns}")
    return "\n".join(found)


def check_exists(path: Path, content: str, other: str) -> None:
    """Raise UserError if there is no file with such content; ``other`` is what may be named instead."""
    if not path.is_file():
        raise UserError(f"There are no {content} at {path}; name a file, or {other}.")


def check_writable(folder: Path) -> Path:
    """``folder`` with ``~`` in full, made unless it exists, where a file could be written just now.

    Raises UserError if not. A command calls it before its work, whose result would be lost.
    """
    folder = place(str(folder))
    _try(folder / f".{os.getpid()}.trial", folder, "folder")
    return folder


def check_writable_file(path: Path) -> Path:
    """The same for a file: ``path`` with ``~`` in full, in a folder that is made unless it exists."""
    path = place(str(path))
    check_regular(path, "written")
    _try(path.with_name(f".{path.name}.{os.getpid()}.partial"), path, "file")
    return path


def _try(trial: Path, named: Path, kind: str) -> None:
    try:
        trial.parent.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
    except OSError as error:
        reason = os.strerror(errno.ENOTDIR) if isinstance(error, FileExistsError) else error.strerror
        raise UserError(f"Nothing can be written to {shortened(named)}: {reason}. Name another {kind}.") from None


def shortened(path: Path | str, length: int = 120) -> str:
    """A path for a sentence; the middle of an endless one is left out."""
    text = str(path)
    return text if len(text) <= length else f"{text[: length // 2]}...{text[-length // 2 :]} ({len(text):,} characters)"
