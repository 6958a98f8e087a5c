"""The timeline that ``make timeline`` has written, for the page."""

from pathlib import Path

from data.errors import UserError
from reproductions import runs
from reproductions.timeline.training import PAPER

LARGEST = 8 * 2**20  # bytes; the whole timeline has some hundred thousand


def made() -> str | None:
    """When the timeline was written, so that a newer one is another; None if there is none."""
    path = _path()
    return None if path is None else str(path.stat().st_mtime_ns)


def read() -> bytes:
    """The timeline as JSON; raises UserError if there is none, or if it is too large to be one."""
    path = _path()
    if path is None:
        raise UserError("There is no timeline yet: make one with `make timeline`.")
    if path.stat().st_size > LARGEST:
        raise UserError("timeline.json is too large to be a timeline: make it anew with `make timeline`.")
    return path.read_bytes()


def _path() -> Path | None:
    """The file of the whole timeline, else of the quick one; a link that leads out of the folder of runs is none."""
    root = runs.runs_dir().resolve()
    for path in (root / PAPER / "timeline.json", root / PAPER / "quick" / "timeline.json"):
        if path.is_file() and path.resolve().is_relative_to(root):
            return path
    return None
