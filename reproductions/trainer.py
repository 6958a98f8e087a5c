"""What the training of every paper shares: exact resumption, checkpoints, tokens a second."""

import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar

from data.translation import TranslationBatch


class Reseed(Callback):
    """Draw the random numbers of every batch from (seed, step, batch of the step, rank).

    So a resumed run repeats an uninterrupted one; nothing need be stored, and it holds on every rank.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        place = (trainer.global_step, batch_idx % trainer.accumulate_grad_batches, trainer.global_rank)
        torch.manual_seed(int(np.random.SeedSequence((self.seed, *place)).generate_state(1, np.uint64)[0]))


class StopBetweenSteps(Callback):
    """Let Ctrl-C wait for the end of the step, so that the state it saves is not half updated; a second one does not.

    SIGTERM needs no help: Lightning itself looks for it between two steps.
    """

    def __init__(self) -> None:
        self._asked = False
        self._before: Any = None

    def on_train_start(self, *_: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            self._asked = False
            self._before = signal.signal(signal.SIGINT, self._ask)

    def on_train_end(self, *_: Any) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if (batch_idx + 1) % trainer.accumulate_grad_batches == 0 or trainer.is_last_batch:
            self._stop_if_asked()

    def on_validation_batch_end(self, *_: Any) -> None:
        self._stop_if_asked()

    def _ask(self, *_: Any) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def _stop_if_asked(self) -> None:
        if self._asked:
            raise KeyboardInterrupt


class Progress(TQDMProgressBar):
    """Lightning's bar without the version number of a logger."""

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        shown = super().get_metrics(trainer, pl_module)
        shown.pop("v_num", None)
        return shown


class Throughput(Callback):
    """Log real target tokens a second over the training steps alone, validation and logging not counted.

    ``seconds`` and ``tokens`` are totals of the whole run, also across resumption.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.tokens = 0
        self._recent: list[tuple[float, int]] = []
        self._started = 0.0

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        self._started = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: TranslationBatch, batch_idx: int
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

    Neither is ever half written, see ``reproductions.checkpoints.WholeFiles``.
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
