"""An exponential moving average of the weights, which validation, tests and checkpoints use; training goes on without it."""

from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


class MovingAverage(WeightAveraging):
    """Lightning's weight averaging as an exponential moving average, exact through interruption and after training.

    After the n-th step ``average <- k average + (1 - k) weights`` with ``k = min(decay, n / (n + 9))``, so that a short
    training is not an average with its random start. Batch norm's statistics are averaged alike.

    Differences from WeightAveraging: a checkpoint that is written while validation has the average in the model, or after
    training, keeps both sets of weights in their places, and one on Ctrl-C knows the last step; a checkpoint that is loaded
    to be tested is tested as it is; the average lies on the device that trains.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(multi_avg_fn=self._average)
        self.decay = decay
        self._swapped = False  # the model holds the average, the averaged model the weights of training

    @torch.no_grad()
    def _average(self, averages: list[Tensor], current: list[Tensor], count: Tensor) -> None:
        if not averages[0].is_floating_point():  # batch norm's number of batches
            torch._foreach_copy_(averages, current)
            return
        n = int(count) + 1
        torch._foreach_lerp_(averages, current, 1 - min(self.decay, n / (n + 9)))

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._device, self._swapped = trainer.strategy.root_device, False
        super().setup(trainer, pl_module, stage)

    def _swap(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if _fitting(trainer):
            self._swap_models(pl_module)
            self._swapped = not self._swapped

    on_validation_epoch_start = on_validation_epoch_end = on_train_end = _swap

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:  # noqa: ARG002
        """Catch up with the last step, where another callback has stopped the training right after it."""
        if _fitting(trainer):
            self.on_train_batch_end(trainer, pl_module, None, None, 0)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """``state_dict`` holds the average, ``current_model_state`` the weights of training, whatever the model holds."""
        if self._average_model is None:
            return
        super().on_save_checkpoint(trainer, pl_module, checkpoint)
        if self._swapped:
            average, current = checkpoint["current_model_state"], checkpoint["state_dict"]
            checkpoint["state_dict"], checkpoint["current_model_state"] = average, current

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        if _fitting(trainer):
            super().on_load_checkpoint(trainer, pl_module, checkpoint)


def _fitting(trainer: Trainer) -> bool:
    return trainer.state.fn == "fit"
