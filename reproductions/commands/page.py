"""Serve the page: type a sentence and see where the trained models look."""

import argparse
import re
import sys
from collections.abc import Sequence

from reproductions import released


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; default: this machine alone")
    parser.add_argument("--port", type=int, default=2017, help="0 takes any free port")
    parser.add_argument("--embed", type=_site, metavar="SITE", help="a site that may show the page in a frame")


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Serve until Ctrl-C. Raises UserError if the address cannot be used."""
    if copies := released.stand_in():
        names = ", ".join(run.title for run in copies)
        sys.stdout.write(f"The page shows the released {names}: train your own, and they come first.\n")
    from reproductions.page.server import serve

    return serve(options.host, options.port, options.embed)


def _site(text: str) -> str:
    """An address such as https://huggingface.co, without a path."""
    if not re.fullmatch(r"https?://[\w.-]+(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no site: write it like https://example.org")
    return text
