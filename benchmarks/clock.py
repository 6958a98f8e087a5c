"""A training through Lightning that a clock stops; its figures by precision, in turn with other programs.

What ``benchmarks.train`` and ``benchmarks.images`` share.
"""

import argparse
import logging
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from benchmarks import machine
from benchmarks.interleave import Result, add_arguments, compare, report_all, table
from data.errors import UserError

_WARM = 5  # steps before the clock starts
_INTERVALS = 6  # parts of the time, whose median counts
_MOMENT = 0.2  # seconds of training a network in miniature


@dataclass
class Clock(Callback):
    """Counts what is trained on, ``batch.units``, in equal intervals of time, then stops the training.

    The time includes everything from the end of one step to the end of another: reading, batching and logging too. The limit
    of the machine is measured after each interval, so that what disturbs the training disturbs it alike.
    """

    seconds: float
    precision: str
    intervals: int = _INTERVALS
    rates: list[float] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    other_cpu: list[float | None] = field(default_factory=list)
    counted: int = 0
    steps: int = 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.global_step < _WARM:
            return
        machine.wait()
        if trainer.global_step == _WARM:
            self._meter, self._start, self._counted = machine.Meter(), time.perf_counter(), 0
            return
        self._counted += batch.units
        self.steps += 1
        elapsed = time.perf_counter() - self._start
        if elapsed >= self.seconds / self.intervals:
            self.rates.append(self._counted / elapsed)
            self.other_cpu.append(self._meter.other_cpu())
            self.counted += self._counted
            self.limits.append(machine.product_limit(self.precision))
            self._meter, self._start, self._counted = machine.Meter(), time.perf_counter(), 0
        trainer.should_stop = len(self.rates) == self.intervals


def trainer(clock: Clock, clip: float | None = None) -> Trainer:
    """Lightning's trainer without anything but the training itself, until the clock stops it."""
    # Without workers text is faster, and images come from memory.
    warnings.filterwarnings("ignore", "The 'train_dataloader' does not have many workers")
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    return Trainer(
        accelerator=machine.device().type,
        devices=1,
        precision="bf16-mixed" if clock.precision == "bf16" else "32-true",
        max_epochs=-1,
        limit_val_batches=0,
        gradient_clip_val=clip,
        callbacks=[clock],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )


def parser(
    name: str, description: str | None, add_model: Callable[[argparse.ArgumentParser], None]
) -> argparse.ArgumentParser:
    """The parser of a benchmark that trains a model, whose options ``add_model`` adds."""
    top = machine.parser(name, description)
    add_model(top)
    top.add_argument("--seconds", type=float, default=30.0, help="time to measure each precision (default 30)")
    add_arguments(top)
    return top


def of(options: argparse.Namespace, precision: str) -> Clock:
    """The clock that the options ask for."""
    return Clock(_MOMENT if options.miniature else options.seconds, precision)


def figures(module: LightningModule, clock: Clock, key: str, operations: float) -> Result:
    """What a clock has measured, with ``operations`` per unit."""
    rate, limit = statistics.median(clock.rates), max(clock.limits)
    return {
        "model": module.title,
        "precision": clock.precision,
        "parameters": sum(p.numel() for p in module.parameters()),
        key: round(rate, 1),
        "intervals": [round(each, 1) for each in clock.rates],
        "spread": [round(min(clock.rates), 1), round(max(clock.rates), 1)],
        "steps": clock.steps,
        "other_cpu": clock.other_cpu,
        "limit_gflop_per_s": round(limit / 1e9, 1),
        **machine.fraction(rate * operations, limit),
        **machine.facts(),
    }


def run(  # noqa: PLR0913 - what differs between two benchmarks
    name: str,
    options: argparse.Namespace,
    arguments: Sequence[str],
    measure: Callable[[argparse.Namespace, str], Result],
    key: str,
    heading: str,
) -> None:
    """Measure one precision here; several of them, or peers, each in its own process, in turn, and print a table.

    Raises UserError for a time that is not positive.
    """
    if options.seconds <= 0:
        raise UserError(f"--seconds {options.seconds} must be positive.")
    if len(options.precision) == 1 and not options.peer:
        machine.report(measure(options, options.precision[0]))
        return
    results = compare(name, options, arguments, key)
    print(f"\n{heading.format(**results[f'here {options.precision[0]}'][0])}\n")
    print(table(results, key, next(iter(results)) if options.peer else None))
    report_all(results)
