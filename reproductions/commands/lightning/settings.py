"""The sections ``run:`` and ``trainer:`` of a configuration, and what is written before the first step."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as L
from lightning.fabric.connector import _PRECISION_INPUT as PRECISION
from lightning.pytorch import LightningModule
from lightning.pytorch.cli import SaveConfigCallback

from reproductions.commands.lightning.agreement import check_alike, check_shared
from reproductions.evaluation.files import write_text
from reproductions.layers.checks import check_sizes
from reproductions.runs import Run


@dataclass(frozen=True)
class RunSettings:
    """Where a run lies, and how it is tracked, stopped and drawn.

    Attributes:
        folder: of the run.
        project: of Weights & Biases; None takes WANDB_PROJECT or, without it, attention-then-and-now.
        wandb: "online", "offline" or "disabled"; None goes online if there is a key, and offline otherwise.
        tags: for the tracker, besides paper and corpus.
        pictures: indices of the sentences or images whose attention is drawn, in each split.
        monitor: the score that chooses the best checkpoint; None takes that of the task, see ``tasks``.
        patience: validations without a better score before training stops.
        checkpoint_every: steps between two writings of last.ckpt.
        average: how many of the last snapshots are averaged at the end, two or more; the average becomes best.ckpt unless a
            single checkpoint scores higher in validation; 0 for none.
        snapshot_every: steps between two snapshots.
        weights: trained weights to start from, ``torchvision:vit_b_16`` or a file; for models that can take them.
        heads: attention heads of these weights, which the file does not store; None for the published ViT of that width.
    """

    folder: str
    project: str | None = None
    wandb: str | None = None
    tags: tuple[str, ...] = ()
    pictures: tuple[int, ...] = (0, 1, 2, 3)
    monitor: str | None = None
    patience: int = 10
    checkpoint_every: int = 200
    average: int = 0
    snapshot_every: int = 1500
    weights: str | None = None
    heads: int | None = None

    def __post_init__(self) -> None:
        check_sizes(self, "patience", "checkpoint_every", "snapshot_every")
        if self.average < 0 or self.average == 1:
            raise ValueError(f"run.average must be 0, or 2 or more snapshots, not {self.average}")


class Trainer(L.Trainer):
    """Lightning's, for which ``precision`` may be "auto"; the command line replaces that before it builds a trainer."""

    def __init__(self, *args: Any, precision: PRECISION | Literal["auto"] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, precision=None if precision == "auto" else precision, **kwargs)


class SaveRun(SaveConfigCallback):
    """Write config.yaml, and what the data decided, into the folder of the run, before the first step.

    Before that the processes of a run on several devices must agree, see ``agreement``.
    """

    def setup(self, trainer: L.Trainer, pl_module: LightningModule, stage: str) -> None:
        if self.already_saved:
            return
        settings = f"continues {self.config.ckpt_path}\n{self.parser.dump(self.config, skip_none=False)}"
        check_alike(trainer, settings, trainer.datamodule.fingerprints())  # type: ignore[attr-defined]
        super().setup(trainer, pl_module, stage)
        if stage == "fit":
            check_shared(trainer, Run(Path(self.config.run.folder)).config)

    def save_config(self, trainer: L.Trainer, pl_module: LightningModule, stage: str) -> None:  # noqa: ARG002
        if stage != "fit":
            return
        run = Run(Path(self.config.run.folder))
        run.folder.mkdir(parents=True, exist_ok=True)
        trainer.datamodule.save(run.folder)  # type: ignore[attr-defined]
        config = self.config.clone()
        config.ckpt_path = None  # the file trains the same run again, it does not continue it
        write_text(run.config, self.parser.dump(config, skip_none=False))
