"""The timeline as ``make timeline`` wrote it, checked for the page; until then, the figures that come with the project."""

from pathlib import Path
from typing import Any

from data import stored
from data.errors import UserError
from data.stored import NUMBER, TEXT, WHOLE
from reproductions import papers, runs
from reproductions.evaluation.files import json_text
from reproductions.experiments.timeline import document
from reproductions.experiments.timeline.rows import record_of
from reproductions.experiments.timeline.training import PAPER

PICTURES = papers.DOCS / document.PICTURES
SERVED = "shipped"  # where the page has them
LARGEST = 8 * 2**20  # bytes; a full timeline has some hundred thousand
AGAIN = "make it again with `make timeline`"
# The fields that the page reads, with their types.
NAMED = {"name": TEXT, "year": WHOLE, "paper": TEXT, "says": TEXT, "over_source": (bool,)}
SHARED = {
    "corpus": TEXT,
    "sentence": TEXT,
    "seeds": [WHOLE],
    "steps": WHOLE,
    "sizes": {"source": WHOLE},
    "rows": [NAMED],
}
MEASURED = {
    "formula": TEXT, "bleu": NUMBER, "bleu_seeds": [NUMBER], "aer": NUMBER, "aer_seeds": [NUMBER], "entropy": NUMBER,
    "inversions": WHOLE, "inversions_kept": NUMBER, "parameters": WHOLE, "products": WHOLE, "record": {},
}  # fmt: skip


def made() -> str | None:
    """When the timeline was written; None if there is none."""
    path = _path()
    return None if path is None else str(path.stat().st_mtime_ns)


def read() -> bytes:
    """The timeline as JSON, by default the shipped one; raises UserError if there is neither, and for a damaged file."""
    path = _path()
    if path is None:
        return _shipped()
    if path.stat().st_size > LARGEST:
        raise UserError(f"timeline.json is too large to be a timeline: {AGAIN}.")
    try:
        table = stored.read(path)
    except ValueError as error:
        raise stored.damaged(path.name, error, AGAIN) from None
    stored.check(table, SHARED, path.name, AGAIN)
    for row in table["rows"]:
        if row["over_source"]:
            _check_measured(row, path.name)
    return json_text(table).encode()


def _shipped() -> bytes:
    """The measured table of docs/timeline.md, with the addresses of its pictures."""
    rows, caption = document.rows(papers.DOCS / document.DOCUMENT.name)
    served = [row | {"picture": f"{SERVED}/{row['picture']}"} for row in rows]
    return json_text({"shipped": True, "rows": served, "caption": caption}).encode()


def _check_measured(row: dict[str, Any], where: str) -> None:
    """Raise UserError unless a row has its measurements and its record."""
    stored.check(row, MEASURED, where, AGAIN)
    try:
        record_of(row)
    except (ValueError, TypeError) as error:
        raise stored.damaged(where, error, AGAIN) from None


def _path() -> Path | None:
    """The file of the full timeline, else of the quick one; a link that leaves the folder of runs does not count."""
    root = runs.runs_dir().resolve()
    for path in (root / PAPER / "timeline.json", root / PAPER / "quick" / "timeline.json"):
        if path.is_file() and path.resolve().is_relative_to(root):
            return path
    return None
