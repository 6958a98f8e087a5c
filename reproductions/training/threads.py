"""As many threads as are fast at the moment."""

import time
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from data import progress

WINDOW = 2.0  # seconds of training steps over which a rate is measured
AGAIN = 60.0  # seconds of training steps between two trials
FASTER = 1.3  # how much faster one thread has to be than all; lengths of sentences alone move a rate by less
SLOW = 3.0  # a rate so much below the best one is not the sentences' doing: try at once


class Threads(Callback):
    """Train with one thread while another program keeps a core busy, and with all again after that.

    The threads of torch wait for each other after every operation. Where one of them has to share its core, two can train at
    a tenth of the speed of one. Every minute, and as soon as the rate falls, the other number is tried for two seconds.
    Another number of threads rounds sums in another order; ``OMP_NUM_THREADS=1`` keeps to one.
    """

    def __init__(self) -> None:
        self.all = torch.get_num_threads()
        self.trying = False
        self.rate = self.best = 0.0  # target words or images a second: in the last window, and at most
        self._next = AGAIN / 6  # seconds until the next trial, the first one soon
        self._seconds, self._units, self._started = 0.0, 0, 0.0

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        self._started = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.strategy.root_device.type != "cpu":
            return
        self._seconds += time.perf_counter() - self._started
        self._units += batch.units
        if self._seconds >= WINDOW:
            self._next -= self._seconds
            self._end_window(self._units / self._seconds)
            self._seconds, self._units = 0.0, 0

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        torch.set_num_threads(self.all)

    def _end_window(self, rate: float) -> None:
        if self.trying:
            self.trying, self._next = False, AGAIN
            if rate < self.rate * (FASTER if torch.get_num_threads() == 1 else 1 / FASTER):
                self.best = self.rate  # if it fell, then with any number of threads
                return self._use_the_other()
            progress.keep(f"Training goes on with {self._in_words(rate / self.rate)}.")
        elif self._next <= 0 or rate < self.best / SLOW:
            self.trying = True
            self._use_the_other()
        self.rate, self.best = rate, max(self.best, rate)
        return None

    def _use_the_other(self) -> None:
        torch.set_num_threads(self.all if torch.get_num_threads() == 1 else 1)

    def _in_words(self, gain: float) -> str:
        if torch.get_num_threads() > 1:
            return f"{self.all} threads again"
        return f"1 thread of {self.all}, {gain:.1f} times as fast while other programs use the processor"
