"""What a training says while it runs: one line over all its steps, and a line that stays for each validation."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar

from data import progress

READ = 1.0  # seconds between two readings of the loss: to look at a number on a GPU is to wait for it


class Progress(ProgressBar):
    """``step 900/1,800 · loss 0.11 · valid BLEU 87.5 (best) · AER 8.9 % · 9 min left``, in place of Lightning's bars.

    Args:
        headline: the scores of a validation that are shown: name -> heading and digits; % shows fractions times 100.
        monitor: the score that chooses the best checkpoint.
    """

    def __init__(
        self,
        headline: Mapping[str, tuple[str, int]],
        monitor: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.headline, self.monitor = headline, monitor
        self._clock = clock
        self._silent = False
        self._line = ExitStack()
        self._place, self._loss, self._latest = "preparing", "", ""
        self._step, self._total = 0, math.inf
        self._began = (0.0, 0)  # when the training began, and at which step
        self._read = 0.0

    @property
    def is_enabled(self) -> bool:
        """Whether a line is shown; a module that prints asks for it."""
        return not self._silent

    def disable(self) -> None:
        self._silent = True

    def enable(self) -> None:
        self._silent = False

    def print(self, *args: Any, **kwargs: Any) -> None:
        progress.clear()
        super().print(*args, **kwargs)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        super().setup(trainer, pl_module, stage)
        self._place, self._loss, self._latest, self._total = "preparing", "", "", math.inf
        if not self._silent:
            self._line.enter_context(progress.doing(self))

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._line.close()

    def on_exception(self, *_: Any) -> None:
        self._line.close()

    def __str__(self) -> str:
        """What is being done now, and how long the training still takes, with its validations."""
        began, first = self._began
        rest = progress.left(self._clock() - began, self._step - first, self._total - first)
        return " · ".join(part for part in (self._place, self._loss, self._latest) if part) + rest

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._total = trainer.estimated_stepping_batches
        self._began = self._clock(), trainer.global_step
        self._stand(trainer.global_step)

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        self._stand(trainer.global_step)
        if self._clock() - self._read >= READ:
            self._read = self._clock()
            self._loss = f"loss {trainer.progress_bar_metrics['train/loss']:.2f}"

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        averaged: Any = getattr(pl_module, "averaged", 0)
        if averaged:
            self._place = f"mean of {averaged} snapshots"
        self._latest = "validating"

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        split = self.monitor.partition("/")[0]
        values = {f"{split}/{name}": trainer.callback_metrics.get(f"{split}/{name}") for name in self.headline}
        cells = {name: _cell(float(value), *heading) for (name, value), heading in
                 zip(values.items(), self.headline.values(), strict=True) if value is not None}  # fmt: skip
        if trainer.state.fn == "fit" and self._is_best(trainer):
            cells[self.monitor] = f"{cells[self.monitor]} (best)" if self.monitor in cells else "best so far"
        self._latest = f"{split} {' · '.join(cells.values())}"
        if not (self._silent or trainer.sanity_checking):
            progress.keep(str(self))

    def _is_best(self, trainer: Trainer) -> bool:
        """Whether the latest validation will choose the best checkpoint; that callback comes after this one."""
        best: Any = trainer.checkpoint_callbacks[0]
        return bool(best.check_monitor_top_k(trainer, trainer.callback_metrics.get(self.monitor)))

    def on_train_end(self, *_: Any) -> None:
        self._place, self._loss, self._latest, self._total = "saving", "", "", math.inf

    def on_test_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        splits: Any = trainer.datamodule.split_names("test")  # type: ignore[attr-defined]
        done = f"{batch_idx:,} of {trainer.num_test_batches[dataloader_idx]:,} batches"
        self._place = f"testing {splits[dataloader_idx]} ({dataloader_idx + 1} of {len(splits)} sets) · {done}"

    def _stand(self, step: int) -> None:
        self._step = step
        self._place = f"step {step:,}" + (f"/{self._total:,.0f}" if math.isfinite(self._total) else "")


def _cell(value: float, heading: str, digits: int) -> str:
    """ "AER 8.9 %", of a fraction under the heading "AER %"."""
    of_fraction = heading.endswith(" %")
    shown = f"{value * (100 if of_fraction else 1):.{digits}f}"
    return f"{heading.removesuffix(' %')} {shown}{' %' * of_fraction}"
