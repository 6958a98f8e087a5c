"""Link the words of sentence pairs by the attention of a trained run, one line of source-target links per pair.

A pair is a line ``source ||| target``, of a file or of standard input. Its words are what white space separates, counted from
0. For a line that cannot be aligned, an empty line is printed and a warning names it.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import UserError
from data.links import pharaoh
from data.progress import clear, counting
from data.sources.paths import check_exists
from data.sources.reading import count_lines, decoded, raw_lines
from reproductions import released
from reproductions.commands.translate import check_view

if TYPE_CHECKING:
    from reproductions.tasks.translation.forced import Aligner, ReadPair

log = logging.getLogger(__name__)
CHUNK = 1000  # pairs that are read, sorted by length and printed together
SEPARATOR = "|||"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pairs", type=Path, nargs="?", help="file of pairs, plain or .gz; default: standard input")
    parser.add_argument("--run", help=released.GIVEN)
    parser.add_argument("--view", help="which attention to read, like 'L2 H3 shift1'; default: the run's own")


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Print the links of each pair. Raises UserError, at the end, if there were lines that are no pairs."""
    if options.pairs is not None:
        check_exists(options.pairs, "sentence pairs", "give them on standard input")
    run = released.chosen(options.run, task="translation")
    if options.view is not None:
        check_view(run, options.view)
    from reproductions.tasks.task import restore
    from reproductions.tasks.translation.forced import Aligner

    if options.run is None:
        log.info("Aligning with %s", run.folder)
    aligner = Aligner(restore(run), options.view)
    where, lines, total = "standard input", iter(sys.stdin.buffer), None
    if options.pairs is not None:
        where, lines, total = str(options.pairs), raw_lines(options.pairs), count_lines(options.pairs)
    numbered, bad = enumerate(lines, start=1), 0
    with counting("aligning", total, "pairs") as progress:
        while chunk := list(islice(numbered, CHUNK)):
            read = [_read(aligner, raw, f"{where}, line {number:,}") for number, raw in chunk]
            links = iter(aligner.links([pair for pair in read if pair is not None]))
            clear()
            sys.stdout.writelines(("" if pair is None else pharaoh(next(links))) + "\n" for pair in read)
            sys.stdout.flush()
            progress.done += len(chunk)
            bad += read.count(None)
    if bad:
        raise UserError(
            f"{bad:,} of {progress.done:,} lines are not aligned: each is named above, and an empty line stands in its place."
        )
    return 0


def _read(aligner: "Aligner", raw: bytes, where: str) -> "ReadPair | None":
    """The pair of a line; None, with a warning, for a line that is no pair."""
    try:
        tokens = decoded(raw, "It").split()
        if (found := tokens.count(SEPARATOR)) != 1:
            raise UserError(f"It has {found} separators {SEPARATOR!r}, not one between source and target.")
        at = tokens.index(SEPARATOR)
        return aligner.read(" ".join(tokens[:at]), " ".join(tokens[at + 1 :]))
    except UserError as error:
        log.warning("%s: %s", where, error)
        return None
