"""Draw the papers' figures from the newest runs.

Figures 2 and 3 of Bahdanau et al. (2014), Figure 2 of Xu et al. (2015), intra-attention of Cheng et al. (2016) beside the
Transformer's, and Figures 6, 7 and 11 of Dosovitskiy et al. (2021).
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from data.errors import UserError
from data.sources.paths import check_writable
from reproductions import runs
from reproductions.runs import Run

PAPERS = ("bahdanau2014", "xu2015", "cheng2016", "vit2021")  # one file each, with ``draw(data, folder)``


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", help="what the runs were trained on; default: accord, captions, and any images")
    parser.add_argument("--out", type=Path, help="folder to draw into; default: runs/figures")


def scored(paper: str, config: str, otherwise: str) -> Run:
    """The newest scored run of a configuration; raises UserError, saying ``otherwise``, if there is none."""
    try:
        return runs.find(paper, config, having=runs.SCORES)
    except UserError as error:
        raise UserError(otherwise) from error


def printed(figure: Any, folder: Path, name: str) -> Iterator[Path]:
    """Save a figure of matplotlib as PNG, and as PDF for print."""
    from reproductions.evaluation import files

    for suffix in (".png", ".pdf"):
        yield files.save(figure, folder / f"{name}{suffix}")


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Draw the figures of each paper that has a scored run; report what one of them lacks, and go on with the others.

    Raises UserError if nothing could be drawn.
    """
    papers = [paper for paper in PAPERS if any(runs.runs_dir().glob(f"{paper}/*/*/{runs.SCORES}"))] or PAPERS[:1]
    folder = check_writable(options.out or runs.runs_dir() / "figures")
    missing: list[UserError] = []
    for paper in papers:
        drawer = import_module(f"reproductions.commands.figures.{paper}")
        try:
            for path in drawer.draw(options.data, folder):
                sys.stdout.write(f"{path}\n")
        except UserError as error:
            missing.append(error)
    if len(missing) == len(papers):
        raise missing[0]
    for lack in missing:
        sys.stderr.write(f"{lack}\n")
    return 0
