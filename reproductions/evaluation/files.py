"""Figure -> file. The file appears whole or not at all, and the same figure gives the same bytes."""

import os
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from data.errors import UserError

NO_DATE: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".svg": {"Date": None, "Creator": None},
}


def save(figure: Figure, path: Path, dpi: int = 200) -> Path:
    """Write a figure as the suffix of path says, .png, .pdf or .svg, and return path. Raises UserError for
    another.
    """
    suffix = path.suffix.lower()
    if suffix not in NO_DATE:
        raise UserError(f"{path}: a figure is saved as one of {', '.join(sorted(NO_DATE))}, not {suffix!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        # Type 42 keeps text in a PDF selectable; the salt makes the names inside an SVG repeatable.
        with matplotlib.rc_context({"pdf.fonttype": 42, "svg.hashsalt": "reproductions"}):
            figure.savefig(partial, format=suffix[1:], dpi=dpi, metadata=NO_DATE[suffix])
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write a text file, whole or not at all, and return path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
