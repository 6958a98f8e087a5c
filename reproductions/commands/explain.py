"""Scaled dot-product attention in five steps, with the numbers of a trained Transformer."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from data.sources.paths import check_writable
from reproductions import released
from reproductions.explain import places


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sentence")
    parser.add_argument("--run", help=f"of the Transformer: {released.GIVEN}")
    parser.add_argument(
        "--place",
        help="encoder, decoder, or source: the decoder's attention to the source; default: with the head that aligned best",
    )
    parser.add_argument("--layer", type=int, help="from 1")
    parser.add_argument("--head", type=int, help="from 1")
    parser.add_argument("--word", help="the query to follow; default: the one that points most clearly")
    parser.add_argument("--out", type=Path, help="folder to write into; default: explained/ of the run")


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Print the five steps, and write them as a page.

    Raises UserError for a run that is no Transformer, for a sentence that is empty, long or no text, and for a place, layer,
    head or word that does not exist.
    """
    from data.sources.reading import decoded, empty

    if not options.sentence.strip():
        raise empty("explain")
    run = released.chosen(options.run, places.PAPER)
    place, layer, head = places.choose(run, options.place, options.layer, options.head)
    folder = check_writable(options.out or run.folder / "explained")
    from reproductions.evaluation import files
    from reproductions.explain import terminal
    from reproductions.explain.page import page
    from reproductions.explain.trained import take_steps
    from reproductions.reports import made
    from reproductions.tasks.task import restore

    sentence = decoded(os.fsencode(options.sentence), "The sentence")
    steps = take_steps(restore(run), sentence, place, layer, head, options.word)
    name = f"{place}-L{layer}-H{head}.html"
    written = files.write_text(folder / name, page(steps, made("explain")))
    unicode = (sys.stdout.encoding or "ascii").lower().startswith("utf")
    text = terminal.text(steps, shutil.get_terminal_size((100, 40)).columns, unicode)
    sys.stdout.write(f"{text}\nPage: {written}\n")
    return 0
