"""Bring docs/timeline.md up to date with the numbers and pictures of the newest timeline."""

import argparse
from collections.abc import Sequence


def options(_: argparse.ArgumentParser) -> None:
    """None: it always reads ``runs/timeline/timeline.json``."""


def run(_: argparse.Namespace, __: Sequence[str]) -> int:
    """Write the generated parts of the document anew. Raises UserError for a part that cannot be written."""
    from reproductions.experiments.timeline.document import docs

    return docs()
