"""Write the page as a folder of static files, in which trained models compute in the browser; any web host serves it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from data.sources.paths import place
from reproductions import released

PAPERS = ("bahdanau2014", "transformer2017", "vit2021")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", nargs="+", metavar="RUN", help=f"each a {released.GIVEN}, of each paper")
    parser.add_argument("--out", type=place, default=Path("site"), help="folder to write; default: site")


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Write the folder, and say how to look at it. Raises UserError for a run that a browser cannot compute."""
    named = [released.chosen(name) for name in options.runs or ()]
    chosen = named or [released.chosen(None, paper) for paper in PAPERS]
    from reproductions.page.site import write

    write(options.out, chosen)
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    sys.stdout.write(
        f"{options.out}: {size / 1e6:.1f} MB with {', '.join(run.name for run in chosen)}.\n"
        f"Look at it: python3 -m http.server --directory {options.out}, then open http://localhost:8000/\n"
    )
    return 0
