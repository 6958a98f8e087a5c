"""Lightning's own `fit`, `validate` and `test`, with every setting of a configuration.

cli        the LightningCLI: one folder per run, a tracker that never asks
meaning    settings that have the right type and cannot be meant
settings   the section ``run:`` of a configuration, and config.yaml
agreement  what the processes of a run must have in common
machine    the processor, and the commit of the code
parser     errors of jsonargparse as one sentence; configurations that an earlier version wrote
"""

import argparse
import sys
from collections.abc import Sequence

from data.progress import doing


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """``fit``, ``validate`` or ``test``, whose options Lightning reads itself."""
    return execute([options.command, *rest])


def execute(arguments: Sequence[str]) -> int:
    """Run a Lightning command line; returns 130 if Ctrl-C ended it and 143 if SIGTERM did."""
    with doing("loading PyTorch and Lightning"):
        from reproductions.commands.lightning.cli import STOPPED, ReproductionCLI
        from reproductions.commands.lightning.meaning import check_files

    check_files(arguments)
    sys.argv[1:] = arguments  # not passed by value: Lightning starts the processes of further devices with sys.argv
    try:
        ReproductionCLI()
    except tuple(STOPPED) as stop:
        return STOPPED[type(stop)]
    return 0
