"""What the processes of a run must have in common, whichever node they are on."""

import platform
import socket
from itertools import zip_longest
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch import Trainer

from data.errors import UserError
from reproductions.commands.lightning import machine
from reproductions.papers import VERSION


def check_alike(trainer: Trainer, settings: str, fingerprints: dict[str, str]) -> None:
    """Raise UserError, in every process, unless all have the same program, settings and data."""
    mine = [
        f"version {VERSION} of commit {machine.commit()}", f"Python {platform.python_version()}",
        f"torch {torch.__version__}", f"lightning {lightning.__version__}", *settings.splitlines(),
        *(f"{name} {value}" for name, value in fingerprints.items()),
    ]  # fmt: skip
    (first, theirs), *others = _everyone(trainer, (socket.gethostname(), mine))
    for rank, (node, lines) in enumerate(others, 1):
        for here, there in zip_longest(theirs, lines, fillvalue="nothing"):
            if here != there:
                raise UserError(
                    f"The processes of this run differ: process 0 on {first} has {here.strip()!r} and process {rank} on "
                    f"{node} has {there.strip()!r}. Give all nodes one checkout, one environment and the same command."
                )


def check_shared(trainer: Trainer, file: Path) -> None:
    """Raise UserError, in every process, unless all see a file that the first has just written."""
    (first, _), *others = _everyone(trainer, (socket.gethostname(), file.is_file()))
    for node, sees in others:
        if not sees:
            raise UserError(
                f"{node} does not see {file}, which {first} has just written: start all nodes in the same folder, and let "
                "RUNS_DIR name one that they share."
            )


def _everyone(trainer: Trainer, mine: Any) -> list[Any]:
    """What every process has, in the order of their ranks."""
    everyone: list[Any] = [mine] * trainer.world_size
    if trainer.world_size > 1:
        torch.distributed.all_gather_object(everyone, mine)
    return everyone
