"""Bring docs/timeline.md up to date with the numbers and pictures of the newest timeline."""

import argparse
import json
import sys
from collections.abc import Sequence

from data.errors import UserError
from data.sources.paths import check_writable_file
from reproductions import runs
from reproductions.commands.equations import ROOT


def options(_: argparse.ArgumentParser) -> None:
    """None: it reads ``runs/timeline/timeline.json``."""


def run(_: argparse.Namespace, __: Sequence[str]) -> int:
    """Write the measured parts of the document anew. Raises UserError for a damaged timeline."""
    path = runs.runs_dir() / runs.TIMELINE / "timeline.json"
    if not path.is_file():
        sys.stdout.write(f"docs/timeline.md stays as it is: there is no {path} yet, which `make timeline` writes.\n")
        return 0
    from reproductions.experiments.timeline import document

    written = check_writable_file(ROOT / document.DOCUMENT)
    try:
        document.write(written, json.loads(path.read_text(encoding="utf-8")), document.transformer())
    except ValueError as error:
        raise UserError(f"{document.DOCUMENT}: {error}") from error
    sys.stdout.write(f"{document.DOCUMENT}: numbers and pictures from {path}.\n")
    return 0
