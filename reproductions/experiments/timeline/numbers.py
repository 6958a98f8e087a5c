"""The numbers of ``docs/timeline.md``, as exact as it shows them: ``docs/timeline.json``.

It holds what follows from a full timeline (see :mod:`reproductions.experiments.timeline.rows`)::

    corpus, test, seeds, steps, machine, window, noise, diagonal_aer    as there
    kinds               the mechanisms that the document knows, measured or not
    rows                of each that was measured: name, year, paper, formula, parameters, products, products_formula,
                        microseconds, right_in_order, right_turned, entropy, difference, real and says as there;
                        bleu and aer, each mean, lowest and highest; followed: share of the turned neighbours
    seen                of each picture from a paper's own run: model and view
    pictures            SHA-256 of each picture, by its name

So whoever has no runs can make the document anew, and a number or a picture that was changed by hand is found out.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from reproductions.evaluation import files
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.experiments.timeline.report import over_source

_ALIKE = ("name", "year", "paper", "formula", "parameters", "products", "products_formula", "real", "says")
_DIGITS = {"right_in_order": 2, "right_turned": 2, "entropy": 2, "microseconds": 1, "difference": 1}


def shown(
    found: Mapping[str, Any],
    before: Mapping[str, Any],
    seen: Mapping[str, AlignedTranslation],
    pictures: Sequence[Path],
) -> dict[str, Any]:
    """What the document shows of a timeline.

    Args:
        found: the timeline.
        before: what it showed; pictures from papers' own runs that are not there now stay as they are in it.
        seen: records of papers' own runs, by the name of the picture.
        pictures: the files that were drawn.
    """
    noise = found["noise"]
    return {
        **{name: found[name] for name in ("corpus", "test", "seeds", "steps", "machine")},
        "window": found["sizes"]["window"],
        "noise": None if noise is None else round(noise, 1),
        "diagonal_aer": round(found["diagonal_aer"], 3),
        "kinds": before["kinds"],
        "rows": [_row(row) for row in over_source(found)],
        "seen": before["seen"] | {name: {"model": one.model, "view": one.view} for name, one in seen.items()},
        "pictures": before["pictures"] | {path.name: digest(path) for path in pictures},
    }


def digest(picture: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(picture.read_bytes()).hexdigest()


def read(path: Path) -> dict[str, Any]:
    """The numbers that were shown last; without any, those of nothing."""
    if path.is_file():
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    return {"kinds": [], "rows": [], "seen": {}, "pictures": {}}


def write(path: Path, numbers: Mapping[str, Any]) -> None:
    files.write_text(path, json.dumps(numbers, indent=1, ensure_ascii=False) + "\n")


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in _ALIKE},
        **{name: round(row[name], digits) for name, digits in _DIGITS.items()},
        "bleu": _seeds(row["bleu_seeds"], 1),
        "aer": _seeds(row["aer_seeds"], 3),
        "followed": round(row["inversions_kept"] / max(1, row["inversions"]), 2),
    }


def _seeds(values: Sequence[float], digits: int) -> dict[str, float]:
    found = {"mean": fmean(values), "lowest": min(values), "highest": max(values)}
    return {"seeds": len(values)} | {name: round(value, digits) for name, value in found.items()}
