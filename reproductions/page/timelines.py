"""The timeline as ``make timeline`` wrote it, checked for the page."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from data.errors import UserError
from reproductions import runs
from reproductions.experiments.timeline.rows import record_of
from reproductions.experiments.timeline.training import PAPER

LARGEST = 8 * 2**20  # bytes; a full timeline has some hundred thousand
AGAIN = "make it again with `make timeline`"
# The fields that the page reads, with their types.
SHARED = {"corpus": str, "sentence": str, "seeds": list, "steps": int, "sizes": dict, "rows": list}
NAMED = {"name": str, "year": int, "paper": str, "says": str, "over_source": bool}
MEASURED = {
    "formula": str, "bleu": float, "bleu_seeds": list, "aer": float, "aer_seeds": list, "entropy": float, "inversions": int,
    "inversions_kept": float, "parameters": int, "products": int,
}  # fmt: skip


def made() -> str | None:
    """When the timeline was written, to tell a newer one apart; None if there is none."""
    path = _path()
    return None if path is None else str(path.stat().st_mtime_ns)


def read() -> bytes:
    """The timeline as JSON; raises UserError if there is none, and for a damaged file."""
    path = _path()
    if path is None:
        raise UserError("There is no timeline yet: make one with `make timeline`.")
    if path.stat().st_size > LARGEST:
        raise UserError(f"timeline.json is too large to be a timeline: {AGAIN}.")
    content = path.read_bytes()
    try:
        _check(json.loads(content, parse_constant=_no_number))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"timeline.json is damaged ({error!r:.100}): {AGAIN}.") from None
    return content


def _check(table: Any) -> None:
    """Raises LookupError, TypeError or ValueError for anything but a timeline."""
    _check_types(table, SHARED)
    _check_types(table["sizes"], {"source": int})
    for row in table["rows"]:
        _check_types(row, NAMED)
        if row["over_source"]:
            _check_types(row, MEASURED)
            record_of(row)


def _check_types(fields: Mapping[str, Any], types: Mapping[str, type]) -> None:
    for name, kind in types.items():
        value = fields[name]
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise TypeError(f"{name} must be of the type {kind.__name__}, not {type(value).__name__}")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"browsers cannot read the number {name}")


def _path() -> Path | None:
    """The file of the full timeline, else of the quick one; a link that leaves the folder of runs does not count."""
    root = runs.runs_dir().resolve()
    for path in (root / PAPER / "timeline.json", root / PAPER / "quick" / "timeline.json"):
        if path.is_file() and path.resolve().is_relative_to(root):
            return path
    return None
