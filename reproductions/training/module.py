"""The LightningModule that the training of every paper extends: what it stores in a checkpoint, and how it is evaluated."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

from lightning.pytorch import LightningModule
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from data.errors import UserError
from reproductions.papers import VERSION
from reproductions.training import checkpoints


class Retired(NamedTuple):
    """A setting that this version does not have: the value with which it had no effect, and the last version that had it."""

    idle: Any
    version: str


class Reproduction(LightningModule):
    """A paper's model, its training and its evaluation.

    Attributes:
        paper: the folder of the reproduction; stored in the checkpoint.
        title: the name of the model, for captions.
        view: which layer, head and so on of the attention a picture shows, for a task that has views; None for other tasks,
            without attention, or before validation has chosen. Stored in the checkpoint, unless it is None.
        views: what the view was chosen from, as plain values to be written down; empty where there was nothing to choose.
            Stored with the view.
        steps: optimiser steps behind the weights, as the loaded checkpoint says; 0 for a new model.
        averaged: number of snapshots whose mean the weights are while validation measures it; 0 for the weights of one step.
        retired: settings in runs of earlier versions, as ``recipe.ema``. All that a version takes away is listed here.
    """

    paper: str
    title: str
    retired: Mapping[str, Retired] = {}

    def __init__(self) -> None:
        super().__init__()
        self.view: str | None = None
        self.views: dict[str, Any] = {}
        self.steps = self.averaged = 0

    @classmethod
    def drop_retired(cls, arguments: dict[str, Any], file: str | Path) -> bool:
        """Take the retired settings out of the arguments of a module, which an earlier version stored in a file.

        Returns whether there were any. Raises UserError, naming the file, if one of them had an effect.
        """
        dropped = False
        for name, (idle, version) in cls.retired.items():
            part, _, setting = name.partition(".")
            if setting not in arguments.get(part, {}):
                continue
            value, dropped = arguments[part].pop(setting), True
            if value != idle:
                raise UserError(
                    f"{file} has {name}: {value!r}, a setting that version {version} was the last to have; this is version "
                    f"{VERSION}. Use that version, or train again without it."
                )
        return dropped

    def store_arguments(self, given: Mapping[str, Any]) -> None:
        """Store the arguments of the constructor, among its ``locals()``, in every checkpoint; dataclasses as plain values."""
        arguments = {name: given[name] for name in signature(type(self)).parameters}
        self.save_hyperparameters(
            {name: asdict(value) if is_dataclass(value) else value for name, value in arguments.items()}  # type: ignore[arg-type]
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["version"] = VERSION
        checkpoint["paper"] = self.paper
        if self.view is not None:
            checkpoint["view"], checkpoint["views"] = self.view, self.views
        checkpoint |= checkpoints.decided(self.trainer.datamodule.fingerprints())  # type: ignore[attr-defined]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.steps, self.view = checkpoint["global_step"], checkpoint.get("view", self.view)
        self.views = checkpoint.get("views", {})  # older checkpoints have none

    def evaluation_step(self, batch: Any) -> Tensor | Mapping[str, Any]:
        """What validation and test compute of a batch; the callback of the task turns it into scores and pictures."""
        raise NotImplementedError

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        self.log("train/learning_rate", self.trainer.optimizers[0].param_groups[0]["lr"])

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Tensor | Mapping[str, Any]:
        return self.evaluation_step(batch)

    def test_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Tensor | Mapping[str, Any]:
        return self.evaluation_step(batch)

    def scheduled(self, optimizer: Optimizer, factor: Callable[..., float], *settings: Any) -> dict[str, Any]:
        """An optimiser and its learning rate from step to step, as ``configure_optimizers`` returns them.

        ``factor`` multiplies the learning rate; its arguments are the number of steps done, of all steps, and ``settings``.
        """
        total = self.trainer.estimated_stepping_batches
        scheduler = LambdaLR(optimizer, lambda done: factor(done, total, *settings))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
