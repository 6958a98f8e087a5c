"""Draw the papers' figures and tables from the newest runs, and from those that come with the project where there is none.

Figures 2 and 3 and Table 1 of Bahdanau et al. (2014), Figures 5 to 7 and Table 4 of Luong et al. (2015), Figure 2 of Xu et al.
(2015), intra-attention of Cheng et al. (2016) beside the Transformer's, Figures 3 to 5 of Vaswani et al. (2017), and Figures 6,
7 and 11 of Dosovitskiy et al. (2021).
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from data.errors import UserError
from data.sources.paths import check_writable, place
from reproductions import papers, released, runs
from reproductions.commands.configs import config_path
from reproductions.runs import Run

# One file each. Its ``FIGURES`` draw independently of each other: ``figure(data, folder)`` yields each file once it is written,
# and raises UserError for what is missing, with the command that makes it.
PAPERS = ("bahdanau2014", "luong2015", "xu2015", "cheng2016", "transformer2017", "vit2021")
TABLE = ".md"  # of the files that are printed, too


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", help="what the runs were trained on; default: accord, captions, and any images")
    parser.add_argument("--out", type=place, help="folder to draw into; default: runs/figures")


def run_of(paper: str, data: str, variant: str = "", otherwise: str = "", having: str = runs.SCORES) -> Run:
    """The newest run on a corpus, "*" for any, that has a certain file, or else the released one.

    Without either raises UserError, which says ``otherwise``.
    """
    config = data if data == "*" else config_path(paper, data, variant).stem
    corpus = data if config.startswith("own") and data != "own" else None
    if run := runs.newest(paper, config, having, corpus=corpus):
        return run
    for run in released.offered():
        if run.paper == paper and config in ("*", run.corpus):
            return released.take(run.folder)
    if otherwise:
        raise UserError(otherwise)
    return runs.find(paper, config, having, corpus=corpus)  # raises UserError, which says how to train one


def printed(figure: Any, folder: Path, name: str) -> Iterator[Path]:
    """Save a figure of matplotlib as PNG, and as PDF for print."""
    from reproductions.evaluation import files

    for suffix in (".png", ".pdf"):
        yield files.save(figure, folder / f"{name}{suffix}")


def tabulated(folder: Path, name: str, title: str, rows: Sequence[Sequence[str]], notes: Sequence[str]) -> Path:
    """Save a table, whose first row holds the headings, as Markdown."""
    from reproductions.evaluation import files

    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|---" * len(rows[0]) + "|")
    return files.write_text(folder / f"{name}{TABLE}", "\n".join([f"# {title}", "", *lines, "", *notes, ""]))


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Draw every figure whose runs are there, and say in one sentence each what the others lack.

    Raises UserError if nothing could be drawn.
    """
    folder = check_writable(options.out or runs.runs_dir() / "figures")
    drawn, lacks = 0, dict[str, None]()
    for paper in PAPERS:
        if options.data and not _has(paper, options.data):
            continue
        for figure in import_module(f"reproductions.commands.figures.{paper}").FIGURES:
            try:
                for path in figure(options.data, folder / paper):
                    sys.stdout.write(f"{path}\n" + (path.read_text("utf-8") if path.suffix == TABLE else ""))
                    drawn += 1
            except UserError as error:
                lacks[str(error)] = None
    for lack in lacks:
        sys.stderr.write(f"{lack}\n")
    if not drawn:
        raise UserError(
            f"There is no figure to draw yet: train one of these models first, for example with `make {papers.train()}`."
        )
    return 0


def _has(paper: str, data: str) -> bool:
    """Whether a paper can have runs on a corpus."""
    return config_path(paper, data, "").is_file()
