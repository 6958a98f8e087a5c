"""Link the words of sentence pairs by the attention of a trained run, one line of source-target links per pair.

A pair is a line ``source ||| target``, of a file or of standard input. Its words are what white space separates, counted from
0. A target word is linked to the source word at which it looks most, compared with the other target words. For a line that
cannot be aligned, an empty line is printed and a warning names it.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from itertools import islice
from typing import Any

from data.errors import UserError
from data.links import pharaoh
from data.progress import clear, counting
from data.sources.paths import check_exists, place
from data.sources.reading import count_lines, decoded, raw_lines
from reproductions import released
from reproductions.commands.translate import check_view
from reproductions.evaluation.measures.symmetrisation import HEURISTICS

log = logging.getLogger(__name__)
CHUNK = 1000  # pairs that are read, sorted by length and printed together
SEPARATOR = "|||"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pairs", type=place, nargs="?", help="file of pairs, plain or .gz; default: standard input")
    parser.add_argument("--run", help=released.GIVEN)
    parser.add_argument("--view", help="which attention to read, like 'L2 H3 shift1'; default: the run's own")
    parser.add_argument(
        "--reverse", help="a second run, from target to source: its links are symmetrised with those of --run"
    )
    parser.add_argument("--reverse-view", help="which attention of --reverse to read; default: the run's own")
    parser.add_argument(
        "--symmetrise", choices=HEURISTICS, help="how links of both runs become one set; default: grow-diag"
    )


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Print the links of each pair. Raises UserError, at the end, if there were lines that are no pairs."""
    if options.pairs is not None:
        check_exists(options.pairs, "sentence pairs", "give them on standard input")
    if options.reverse is None and (options.symmetrise or options.reverse_view):
        raise UserError("--symmetrise and --reverse-view need a second run: name it with --reverse.")
    aligner = _aligner(options)
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


def _aligner(options: argparse.Namespace) -> Any:
    """What reads and links pairs: an `Aligner`, or two of them as one `Symmetrised`."""
    run = released.chosen(options.run, task="translation")
    asked = [(run, options.view)]
    if options.reverse is not None:
        asked.append((released.chosen(options.reverse, task="translation"), options.reverse_view))
    for one, view in asked:
        if view is not None:
            check_view(one, view)
    from reproductions.tasks.task import restore
    from reproductions.tasks.translation.forced import Aligner, Symmetrised

    if options.run is None:
        log.info("Aligning with %s", run.folder)
    ahead, *back = (Aligner(restore(one), view) for one, view in asked)
    return Symmetrised(ahead, back[0], options.symmetrise or "grow-diag") if back else ahead


def _read(aligner: Any, raw: bytes, where: str) -> Any:
    """The pair of a line as the aligner reads it; None, with a warning, for a line that is no pair."""
    try:
        tokens = decoded(raw, "It").split()
        if (found := tokens.count(SEPARATOR)) != 1:
            raise UserError(f"It has {found} separators {SEPARATOR!r}, not one between source and target.")
        at = tokens.index(SEPARATOR)
        return aligner.read(" ".join(tokens[:at]), " ".join(tokens[at + 1 :]))
    except UserError as error:
        log.warning("%s: %s", where, error)
        return None
