"""Translate sentences with a trained run and draw where it looked.

Without a sentence, each line of standard input is translated.
"""

import argparse
import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from data.errors import UserError
from data.links import pharaoh
from data.sources.paths import check_writable, check_writable_file
from reproductions import released, runs

log = logging.getLogger(__name__)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sentence", nargs="*")
    parser.add_argument("--run", help=released.GIVEN)
    parser.add_argument(
        "--picture",
        type=Path,
        help="file for the alignment of the last sentence; default, for sentences that are given here: a file for each, "
        "named after it, in pictures/ of the run",
    )
    parser.add_argument("--view", help="which attention to draw, like 'L2 H3 shift1'; default: the run's own")
    parser.add_argument(
        "--links",
        action="store_true",
        help="print after ||| which words each translation takes from which, as source-target numbers, as align does",
    )


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Print one translation per line. Raises UserError naming the sentence or line that cannot be translated."""
    from data.sources.reading import decoded, empty

    for number, text in enumerate(options.sentence, start=1):  # before torch, which takes seconds to import
        if not text.strip():
            raise UserError(f"sentence {number}: {empty('translate')}")
    run = released.chosen(options.run, task="translation")
    if options.view is not None:
        check_view(run, options.view)
    from reproductions.evaluation import files, plots
    from reproductions.evaluation.measures.alignment import links_of, relative
    from reproductions.tasks import typed
    from reproductions.tasks.task import restore

    if options.run is None:
        log.info("Translating with %s", run.folder)
    translator = restore(run)
    picture = _picture(options, run, translator.module)
    for number, (where, raw) in enumerate(_typed(options.sentence)):
        try:
            text = decoded(raw, "It").strip()
            translated, record = translator.translate(text, number, options.view, tokens=options.links)
        except UserError as error:
            raise UserError(f"{where}: {error}") from error
        if unknown := typed.unknown(translated.source, translator.source):
            log.warning("%s", unknown if len(options.sentence) == 1 else f"{where}: {unknown}")
        links = f" ||| {pharaoh(links_of(record, relative))}" if options.links and record is not None else ""
        sys.stdout.write(f"{translated.hypothesis}{links}\n")
        sys.stdout.flush()
        if record is not None and picture is not None:
            order = f"{number + 1}-" if len(options.sentence) > 1 else ""
            path = (
                picture
                if options.picture
                else picture / f"typed-{order}{re.sub('[^A-Za-z0-9]+', '-', text)[:100].strip('-')}.png"
            )
            files.save(plots.alignment(record.printed(translator.target.language)), path)
            log.info("Drawn, %s: %s", record.view, path)
    return 0


def check_view(run: runs.Run, view: str) -> None:
    """Raise UserError, before torch is imported, for a view that the run does not have as far as its files tell."""
    from reproductions.evaluation.views.alignment import named

    several = "heads" in (run.model.get("network") or ())
    names = run.views.get("views", () if several else ("L1 H1",))
    layers, heads = (len({name.split()[place] for name in names} - {"Lmean", "Hmean"}) for place in (0, 1))
    if names:
        named(view, layers, heads)


def _picture(options: argparse.Namespace, run: runs.Run, module: Any) -> Path | None:
    """The file or folder to draw into, if any; raises UserError for options that this model or command line has no use for."""
    picture: Path | None = options.picture
    if module.view is None:
        if picture is not None or options.view is not None or options.links:
            raise UserError(
                f"{module.title} has no attention: leave --picture, --view and --links out, there is nothing to show."
            )
        return None
    if options.sentence and picture is None:
        return check_writable(run.folder / "pictures")
    if options.view is not None and picture is None and not options.links:
        raise UserError(
            f"--view {options.view} says what a picture shows: name its file with --picture, or add --links."
        )
    return None if picture is None else check_writable_file(picture)


def _typed(sentences: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Each sentence or line of standard input as bytes, and how an error names it."""
    if sentences:
        yield from ((f"sentence {number}", os.fsencode(text)) for number, text in enumerate(sentences, start=1))
    else:
        yield from ((f"standard input, line {number:,}", raw) for number, raw in enumerate(sys.stdin.buffer, start=1))
