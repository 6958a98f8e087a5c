"""What the training of every paper shares: exact resumption, checkpoints, speed."""

import signal
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException

from data.errors import UserError

STOPS: dict[int, type[BaseException]] = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: SIGTERMException}


def write_no_more(trainer: Trainer) -> None:
    """Let no error write a last checkpoint any more."""
    for kept in trainer.checkpoint_callbacks:
        kept.save_on_exception = False  # type: ignore[attr-defined]


class Reseed(Callback):
    """Seed the random numbers of every batch with (seed, step, batch of the step, rank).

    So a resumed run repeats an uninterrupted one on every rank, and nothing has to be stored.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        place = (trainer.global_step, batch_idx % trainer.accumulate_grad_batches, trainer.global_rank)
        torch.manual_seed(int(np.random.SeedSequence((self.seed, *place)).generate_state(1, np.uint64)[0]))


class StopBetweenSteps(Callback):
    """Let Ctrl-C and SIGTERM wait for the optimiser's step, so that the saved state is neither half updated nor missing the
    gradients accumulated for that step. A second Ctrl-C does not wait.

    Attributes:
        asked: the signal that asked to stop, None before.
    """

    def __init__(self) -> None:
        self.asked: int | None = None
        self._before: dict[int, Any] = {}
        self._stepped = True

    def on_train_start(self, *_: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            self.asked = None
            self._before = {number: signal.signal(number, self._ask) for number in STOPS}

    def on_train_end(self, *_: Any) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._stop_if_asked()
        self._before = {}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._stepped = (batch_idx + 1) % trainer.accumulate_grad_batches == 0 or trainer.is_last_batch
        self._stop_if_asked()

    def on_validation_batch_end(self, *_: Any) -> None:
        self._stop_if_asked()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Keep the last checkpoint after an error in mid-step, and after one of a single process of several.

        A new one would lack the gradients gathered for the step; and all processes must write it, or the one that does waits.
        """
        alone = trainer.world_size > 1 and not isinstance(exception, tuple(STOPS.values()))
        if alone or not self._stepped:
            write_no_more(trainer)

    def _ask(self, number: int, _: Any) -> None:
        if self.asked == number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = number

    def _stop_if_asked(self) -> None:
        if self.asked is None or not self._stepped:
            return
        if self.asked == signal.SIGTERM:
            self._before[self.asked](self.asked, None)  # Lightning's own handler, which informs the other processes
        raise STOPS[self.asked]


class StopIfDiverged(Callback):
    """Raise UserError once the loss or a weight is not a number, and keep the last checkpoint from before."""

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        # To look at a number on a GPU is to wait for it.
        if pl_module.device.type == "cpu" or trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            self._check(trainer, "The loss", outputs["loss"])

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        for name, parameter in pl_module.named_parameters():
            self._check(trainer, f"{name}, a weight,", parameter)

    def _check(self, trainer: Trainer, what: str, values: Any) -> None:
        if torch.isfinite(values).all():
            return
        write_no_more(trainer)
        raise UserError(
            f"{what} is not a number at step {trainer.global_step:,}: the training has diverged. Lower the learning rate "
            "(model.init_args.recipe) and train again; checkpoints/ holds the last state before it, if there was one."
        )


class KnownMonitor(Callback):
    """Raise UserError after the first validation if the score that chooses the best checkpoint is not among its scores."""

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        scores = [name for name in trainer.callback_metrics if not name.startswith("train/")]
        if not trainer.sanity_checking and self.monitor not in scores:
            main = ", ".join(sorted(name for name in scores if name.count("/") == 1))
            raise UserError(f"run.monitor is {self.monitor!r}, but a validation gives {main}: choose one of them.")


class Throughput(Callback):
    """Log real target tokens, or images, per second of training steps, without validation and logging.

    Attributes:
        unit: "tokens" or "images"; ``batch.units`` is their number in a batch.
        seconds, units: totals of the whole run, also across resumption.
    """

    def __init__(self, unit: str = "tokens") -> None:
        self.unit = unit
        self.seconds = 0.0
        self.units = 0
        self._recent: list[tuple[float, int]] = []
        self._started = 0.0

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        self._started = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        elapsed, units = time.perf_counter() - self._started, batch.units
        self.seconds += elapsed
        self.units += units
        self._recent = [*self._recent[-49:], (elapsed, units)]
        rate = sum(u for _, u in self._recent) / sum(s for s, _ in self._recent)
        pl_module.log(f"train/{self.unit}_per_s", rate * trainer.world_size, prog_bar=True)

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "units": self.units}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.seconds = state_dict["seconds"]
        self.units = state_dict["units"] if "units" in state_dict else state_dict["tokens"]  # of an older checkpoint


def keep_checkpoints(folder: Path, monitor: str, every: int) -> list[ModelCheckpoint]:
    """``best.ckpt`` by the monitored score, and ``last.ckpt`` every ``every`` steps and on Ctrl-C, SIGTERM or an error.

    Only the last holds the state of the optimiser, twice the size of the weights: training continues from there. Neither is
    ever half written, see ``reproductions.training.checkpoints.WholeFiles``.
    """
    kept = partial(ModelCheckpoint, dirpath=folder, save_top_k=1, enable_version_counter=False)
    best = kept(filename="best", monitor=monitor, mode="max", save_weights_only=True)
    last = kept(filename="last", every_n_train_steps=every, save_on_exception=True)
    return [best, last]
