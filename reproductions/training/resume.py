"""A stopped and continued run is the run that was never stopped.

A checkpoint is of one moment: the optimiser's step is done, and all validations up to ``validated`` are. A training may be
stopped between the two, by a signal in the middle of a validation or by a crash after a checkpoint that was written before it.
So a continued training first brings its folder back to that moment, and then validates what should have been validated.
"""

import json
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from data.whole import whole


class ResumedValidation(Callback):
    """Repeat the validation that a checkpoint lacks; take back what was written after the checkpoint.

    Lightning skips the validation of the step that a checkpoint was written at.

    Args:
        lines: validation.jsonl of the run.

    Attributes:
        validated: the last step that was validated, 0 before the first; None for a run that an earlier version began.
        ended: the step at which the last epoch ended, 0 before the first; None for such a run.
    """

    def __init__(self, lines: Path) -> None:
        self.lines = lines
        self.validated: int | None = 0
        self.ended: int | None = 0
        self._continued = False

    def state_dict(self) -> dict[str, Any]:
        return {"validated": self.validated, "ended": self.ended}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.validated = state_dict["validated"]
        self.ended = state_dict.get("ended")

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """A run belongs to the folder that it lies in: the one that the checkpoint names may be that of its original."""
        if self.state_key not in checkpoint["callbacks"]:
            self.validated = self.ended = None
        for state in checkpoint["callbacks"].values():
            if "dirpath" in state and state["dirpath"] is not None:
                _move(state, str(state["dirpath"]), str(self.lines.resolve().parent / Path(state["dirpath"]).name))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        ended = self._epoch_ended(trainer)
        if ended:
            self.ended = trainer.global_step
        self._continue(trainer)
        if ended:
            trainer.fit_loop.reset_restart_stage()  # the next epoch begins, and is counted like any other

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.ended = trainer.global_step

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the epoch that the training was stopped in, if nothing was left to train: Lightning then leaves it open."""
        self._continue(trainer)
        if self.ended is not None and self.ended < trainer.global_step:
            trainer.fit_loop.epoch_progress.increment_processed()
            trainer.fit_loop.epoch_progress.increment_completed()
            self.ended = trainer.global_step

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.sanity_checking:
            self.validated = trainer.global_step

    def _epoch_ended(self, trainer: Trainer) -> bool:
        """Whether a checkpoint is of the last batch of an epoch, which Lightning counts as ended when it continues."""
        loop = trainer.fit_loop.epoch_loop
        return loop.restarted_on_train_batch_end and loop.batch_progress.is_last_batch

    def _count_epoch(self, trainer: Trainer, change: int) -> None:
        for progress in (trainer.fit_loop.epoch_progress.current, trainer.fit_loop.epoch_progress.total):
            progress.processed += change  # type: ignore[attr-defined]
            progress.completed += change

    def _continue(self, trainer: Trainer) -> None:
        if self._continued or trainer.ckpt_path is None or self.validated is None:
            return
        self._continued = True
        if trainer.is_global_zero:
            forget_after(self.lines, self.validated)
            for half_written in self.lines.parent.rglob(".*.partial"):  # by a process that was killed
                half_written.unlink()
        loop = trainer.fit_loop.epoch_loop
        if self.validated < trainer.global_step and loop._should_check_val_fx(trainer.fit_loop._data_fetcher):  # type: ignore[arg-type]
            loop.val_loop.restarting = False  # from its first batch, though it may have been stopped at another
            loop.val_loop.reset_restart_stage()
            counted = self._epoch_ended(trainer) and trainer.fit_loop.restarted_mid_epoch
            if counted:  # the validation belongs to the epoch before, and so does a checkpoint that is written in it
                self._count_epoch(trainer, -1)
            trainer.validating = True
            loop.val_loop.run()
            trainer.training = True
            if counted:
                self._count_epoch(trainer, 1)
        if any(stopping.wait_count >= stopping.patience for stopping in trainer.early_stopping_callbacks):
            trainer.should_stop = True  # it was stopped after the training had ended early


def forget_after(lines: Path, step: int) -> None:
    """Keep the validations up to a step: those behind it, and that of averaged weights, will be made again.

    The last line of a killed training may be cut.
    """
    if not lines.is_file():
        return
    kept = [line for line in lines.read_text(encoding="utf-8").splitlines(keepends=True) if _is_up_to(step, line)]
    with whole(lines) as partial:
        partial.write_text("".join(kept), encoding="utf-8")


def _is_up_to(step: int, line: str) -> bool:
    try:
        scores = json.loads(line)
        return bool(scores["step"] <= step and "averaged" not in scores)
    except (ValueError, LookupError, TypeError):
        return False


def _move(state: dict[str, Any], old: str, new: str) -> None:
    """Replace a folder in all paths of the state of a callback."""
    for name, value in state.items():
        if isinstance(value, str):
            state[name] = value.replace(old, new)
        elif isinstance(value, dict):
            state[name] = {str(key).replace(old, new): inner for key, inner in value.items()}
