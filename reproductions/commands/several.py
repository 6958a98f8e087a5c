"""A training by several processes: who started this one, the command for each node, and the share of each in a batch."""

import os
import re
import shlex
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from data.errors import UserError
from reproductions.runs import stamp

PORT = 29500  # of torchrun's rendezvous
RESTARTS = 3
PATIENCE = 5  # seconds in which torchrun ends the other processes of a training that fails
BATCHES = ("batch_tokens", "batch_sentences", "batch_images")  # what a configuration may count in a batch
NAME = re.compile(r"\d{8}-\d{6}[\w-]*")  # of the folder of a run: begins with the time, by which runs are sorted


class Processes(NamedTuple):
    """The processes of a training: so many nodes with so many devices each."""

    nodes: int
    devices: int

    @property
    def count(self) -> int:  # type: ignore[override]
        return self.nodes * self.devices


def rank() -> int:
    """The number of this process among those of its training, as Lightning counts; 0 for the only one."""
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")))


def started_by_torchrun() -> Processes | None:
    """The processes that torchrun has started, this one among them; None if it was not torchrun."""
    given = os.environ
    if "TORCHELASTIC_RUN_ID" not in given:
        return None
    return Processes(int(given["GROUP_WORLD_SIZE"]), int(given["LOCAL_WORLD_SIZE"]))


def wanted(nodes: int | None, devices: int | None) -> Processes | None:
    """The processes that the user asks for; None for whatever the configuration says. Raises UserError below 1."""
    if nodes is None and devices is None:
        return None
    processes = Processes(1 if nodes is None else nodes, 1 if devices is None else devices)
    if min(processes) < 1:
        raise UserError(
            f"There must be at least one node and one device, not {processes.nodes} and {processes.devices}."
        )
    return processes


def name() -> str:
    """The name of a new run's folder: the time, or torchrun's id, which all of its processes have.

    Raises UserError for an id that is no time: runs are sorted by it.
    """
    given = os.environ.get("TORCHELASTIC_RUN_ID", stamp())
    if not NAME.fullmatch(given):
        raise UserError(f"torchrun's --rdzv-id names the folder of the run and is {given!r}: give --rdzv-id={stamp()}.")
    return given


def text(processes: Processes, arguments: Sequence[str]) -> str:
    """What to run on each node; the arguments are those of this program."""
    program = Path(sys.executable)
    torchrun = [
        str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program),
        "-m", "reproductions.commands.torchrun", f"--nnodes={processes.nodes}",
        f"--nproc-per-node={processes.devices}", f"--max-restarts={RESTARTS}", "--rdzv-backend=c10d",
        f"--rdzv-endpoint={socket.gethostname()}:{PORT}", f"--rdzv-id={stamp()}", "-m", "reproductions",
    ]  # fmt: skip
    return (
        f"This machine is one of {processes.nodes} nodes. Run this in this folder on each; it waits ten minutes for "
        f"the others.\n\n{shlex.join([*torchrun, *arguments])}\n\n"
        "The same command again continues the run. With SLURM: sbatch configs/cluster/train.sbatch. See docs/scale.md.\n"
    )


def arguments(config: Path, processes: Processes, continued: bool) -> list[str]:
    """Lightning's arguments for a configuration, or for the config.yaml of a run that is continued.

    Raises UserError if a batch is too small to be shared, and for a run that other processes began.
    """
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    given = {"trainer.num_nodes": processes.nodes, "trainer.devices": processes.devices}
    if not continued:
        given |= shares(settings, processes.count)
    elif (before := _begun_by(settings["trainer"])) != processes.count:
        raise UserError(
            f"{config.parent} was begun by {before} processes: continue it with as many, not {processes.count}."
        )
    return [f"--{name}={value}" for name, value in given.items()]


def _begun_by(trainer: dict[str, Any]) -> int:
    devices = trainer["devices"]
    return trainer["num_nodes"] * (int(devices) if str(devices).isdigit() else 1)


def shares(settings: dict[str, Any], processes: int) -> dict[str, int]:
    """The settings, by name, with which the processes together take the steps that a configuration takes with one.

    Each gathers fewer batches for a step, and where that is not enough, smaller ones. Raises UserError if a batch is too
    small to be shared.
    """
    data, trainer = settings["data"]["init_args"], settings["trainer"]
    unit = next(name for name in BATCHES if data.get(name))
    gathered = trainer.get("accumulate_grad_batches", 1)
    fewer = -(-gathered // processes)
    share = data[unit] * gathered // (fewer * processes)
    if not share:
        raise UserError(f"{unit} is {data[unit]}, too small to be shared by {processes} processes: take fewer.")
    changed = {f"data.init_args.{unit}": share, "trainer.accumulate_grad_batches": fewer}
    if isinstance(trainer.get("val_check_interval"), int):  # of batches, not of steps
        changed["trainer.val_check_interval"] = max(1, trainer["val_check_interval"] * fewer // gathered)
    return changed


def let_another_speak(follows: bool) -> None:
    """Wait, unless this is the first process of its training or the only one, for torchrun to end it.

    What is wrong in all of them is said by the first, and what ``follows`` from the end of another, by that one.
    """
    if "LOCAL_RANK" in os.environ and (follows or rank()):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        time.sleep(PATIENCE)
