"""Open the report of a run: its attention, scores, curves, settings, on one page that needs no network."""

import argparse
import os
import sys
import webbrowser
from collections.abc import Sequence

from reproductions import released
from reproductions.commands import evaluate


def options(parser: argparse.ArgumentParser) -> None:
    evaluate.options(parser)


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Write the report anew, print its path, and open it where there is a browser.

    Raises UserError where there is no run, or none that has reached a validation.
    """
    run = evaluate.answered(released.chosen(options.run, having="config.yaml"))
    from reproductions.tasks.report.page import write

    path = write(run)
    sys.stdout.write(f"{path}\n")
    if has_window():
        webbrowser.open(path.resolve().as_uri())
    return 0


def has_window() -> bool:
    """Whether a browser could open in a window; one in the terminal would cover it."""
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
