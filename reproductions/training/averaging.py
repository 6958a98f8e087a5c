"""Averaging the weights of the last checkpoints: Vaswani et al. (2017), Section 6.1.

"We used a single model obtained by averaging the last 5 checkpoints". The weights are averaged, not the predictions.
"""

import re
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from reproductions.training.checkpoints import WholeFiles

_NAME = re.compile(r"step-(\d+)\.weights")


class Snapshots(Callback):
    """Save the weights at regular steps and keep the last few files until the end averages them.

    Args:
        folder: of the files.
        count: number of files to keep.
        every: steps between two files.
    """

    def __init__(self, folder: Path, count: int, every: int) -> None:
        self.folder, self.count, self.every = folder, count, every

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        step = trainer.global_step
        path = self.folder / f"step-{step:08d}.weights"
        if step % self.every or not trainer.is_global_zero or path.exists():
            return
        WholeFiles().save_checkpoint(pl_module.state_dict(), path)
        for old in snapshots(self.folder, step)[: -self.count]:
            old.unlink()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remove the snapshots after the checkpoint that a resumed run starts from: it writes them again."""
        if trainer.is_global_zero:
            for path in set(snapshots(self.folder)) - set(snapshots(self.folder, trainer.global_step)):
                path.unlink()


def snapshots(folder: Path, until: int | None = None) -> list[Path]:
    """The snapshots in a folder in the order of their steps, up to the step ``until``."""
    by_step = {int(match[1]): path for path in folder.glob("*.weights") if (match := _NAME.fullmatch(path.name))}
    return [by_step[step] for step in sorted(by_step) if until is None or step <= until]


def average(paths: list[Path]) -> dict[str, Tensor]:
    """The mean of the weights in these files, computed in double precision."""
    total: dict[str, Tensor] = {}
    for path in paths:
        for name, value in torch.load(path, map_location="cpu", weights_only=True).items():
            total[name] = total[name] + value.double() if name in total else value.double()
    kinds = torch.load(paths[-1], map_location="cpu", weights_only=True)
    return {name: (value / len(paths)).to(kinds[name].dtype) for name, value in total.items()}
