"""What the training of every paper shares: exact resumption, checkpoints, tokens a second."""

import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from data.translation import TranslationBatch


class Reseed(Callback):
    """Draw every step's random numbers from (seed, step, rank), so that a resumed run repeats an uninterrupted one.

    Nothing need be stored, and it holds on every rank.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        torch.manual_seed((self.seed * 1_000_003 + trainer.global_step) * 1_009 + trainer.global_rank)


class Throughput(Callback):
    """Log real target tokens a second over the training steps alone, validation and logging not counted.

    ``seconds`` and ``tokens`` are totals of the whole run, also across resumption.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.tokens = 0
        self._recent: list[tuple[float, int]] = []
        self._started = 0.0

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        self._started = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: TranslationBatch, batch_idx: int  # noqa: ARG002
    ) -> None:
        elapsed, tokens = time.perf_counter() - self._started, int(batch.target_mask.sum())
        self.seconds += elapsed
        self.tokens += tokens
        self._recent = [*self._recent[-49:], (elapsed, tokens)]
        rate = sum(t for _, t in self._recent) / sum(s for s, _ in self._recent)
        pl_module.log("train/tokens_per_s", rate * trainer.world_size, prog_bar=True)

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "tokens": self.tokens}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.seconds, self.tokens = state_dict["seconds"], state_dict["tokens"]


def keep_checkpoints(folder: Path, monitor: str, every: int) -> list[ModelCheckpoint]:
    """``best.ckpt`` by the monitored score, and ``last.ckpt`` every ``every`` steps and on Ctrl-C, SIGTERM or an error.

    Lightning writes to a temporary file and renames it, so neither is ever half written.
    """
    best = ModelCheckpoint(
        dirpath=folder, filename="best", monitor=monitor, mode="max", save_top_k=1, enable_version_counter=False
    )
    last = ModelCheckpoint(
        dirpath=folder,
        filename="last",
        every_n_train_steps=every,
        save_top_k=1,
        enable_version_counter=False,
        save_on_exception=True,
    )
    return [best, last]
