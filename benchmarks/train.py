"""How fast a model trains, how much memory it needs, and how close it comes to the limit of the machine's matrix products.

    python -m benchmarks.train
    python -m benchmarks.train --model transformer --precision bf16 --seconds 60
    python -m benchmarks.train --pieces FOLDER --peer "name=command ..." --rounds 3

Training runs through Lightning, as in ``make train-bahdanau`` and ``make train-transformer``, with batches and logging, on
Multi30k if it is in the data directory and on Accord otherwise. Each precision is measured in its own process. Ends with a
table, and one line ``RESULT {json}`` per measurement: target words per second count real words and </s>, never padding.
"""

import argparse
import logging
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from benchmarks import corpus as corpora
from benchmarks import machine, models
from benchmarks.corpus import Corpus
from benchmarks.interleave import add_arguments, interleave, parse_peers, table, without_peers
from data.batching import ResumableLoader, TokenBatches
from data.errors import UserError
from data.translation import PairedIds, TranslationBatch

KEY = "trg_tok_per_s"
_WARM = 5  # steps before the clock starts


def words_of(batch: TranslationBatch) -> int:
    """Real target words, ``</s>`` included."""
    return int(batch.target_mask.sum())


@dataclass
class Clock(Callback):
    """Counts what is trained on, by ``count``, in equal intervals of time, then stops the training.

    The time includes everything from the end of one step to the end of another: reading, batching and logging too.
    """

    seconds: float
    intervals: int
    count: Callable[[Any], int] = words_of
    rates: list[float] = field(default_factory=list)
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
        self._counted += self.count(batch)
        self.steps += 1
        elapsed = time.perf_counter() - self._start
        if elapsed >= self.seconds / self.intervals:
            self.rates.append(self._counted / elapsed)
            self.other_cpu.append(self._meter.other_cpu())
            self.counted += self._counted
            self._start, self._counted = time.perf_counter(), 0
        trainer.should_stop = len(self.rates) == self.intervals


def cells_for(pairs: PairedIds, words: int) -> int:
    """The budget of cells, padding included, with which a batch holds ``words`` real target words on average."""
    if words < 1:
        raise UserError(f"--words {words} must be at least 1.")
    total, cells = int(pairs.target.lengths.sum()), words
    for _ in range(5):  # a fixed point: the words in a batch grow almost in proportion to its cells
        cells = max(1, round(cells * words * len(TokenBatches(pairs.lengths, batch_tokens=cells)) / total))
    return cells


def trainer(precision: str, clock: Clock, clip: float | None = None) -> Trainer:
    """Lightning's trainer without anything but the training itself, until the clock stops it."""
    # Without workers text is faster, and images come from memory.
    warnings.filterwarnings("ignore", "The 'train_dataloader' does not have many workers")
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    return Trainer(
        accelerator=machine.device().type,
        devices=1,
        precision="bf16-mixed" if precision == "bf16" else "32-true",
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


def fit(module: models.Trained, corpus: Corpus, words: int, precision: str, clock: Clock) -> None:
    """Train until the clock stops it."""
    batches = TokenBatches(corpus.train.lengths, batch_tokens=cells_for(corpus.train, words))
    clip = 1.0 if module.title.startswith("RNN") else None
    trainer(precision, clock, clip).fit(module, ResumableLoader(corpus.train, batches))


def measure(options: argparse.Namespace, precision: str) -> dict[str, Any]:
    """One measurement, in this process."""
    threads = machine.use_threads(options.threads)
    corpus = corpora.choose(options.pieces)
    limit = machine.product_limit(precision)
    pl.seed_everything(1, verbose=False)
    module = models.build(options, corpus)
    clock = Clock(options.seconds, options.intervals)
    fit(module, corpus, options.words, precision, clock)
    parts = models.flop(options, corpus.target_size, corpus.train)
    rate = statistics.median(clock.rates)
    return {
        "benchmark": "train",
        "model": module.title,
        "corpus": corpus.test.name.split(",")[0],
        "precision": precision,
        "parameters": sum(p.numel() for p in module.parameters()),
        "vocabulary": corpus.target_size,
        KEY: round(rate, 1),
        "intervals": [round(each) for each in clock.rates],
        "spread": [round(min(clock.rates)), round(max(clock.rates))],
        "trg_tok_per_step": round(clock.counted / clock.steps),
        "steps": clock.steps,
        "other_cpu": clock.other_cpu,
        "peak_rss_mib": round(machine.peak_mib()),
        "mflop_per_word": round(sum(parts.values()) / 1e6, 2),
        "mflop_parts": {part: round(count / 1e6, 2) for part, count in parts.items()},
        "limit_gflop_per_s": round(limit / 1e9, 1),
        "fraction_of_limit": round(rate * sum(parts.values()) / limit, 3),
        "threads": threads,
        "device": machine.device().type,
        "torch": torch.__version__,
    }


def parser() -> argparse.ArgumentParser:
    top = machine.parser("train", __doc__)
    top.add_argument("--precision", choices=tuple(machine.DTYPES), nargs="+", default=list(machine.DTYPES))
    top.add_argument("--seconds", type=float, default=30.0, help="time to measure each precision (default 30)")
    top.add_argument("--intervals", type=int, default=6, help="the median of so many parts of it counts (default 6)")
    top.add_argument(
        "--words", type=int, default=1930, help="real target words per update, on average (default 1930: as "
        "many as 4,096 cells hold in batches of Multi30k that are not sorted by length)"
    )  # fmt: skip
    top.add_argument(
        "--pieces", type=Path, help="folder with vocab.txt and bpe.SPLIT.LANGUAGE, to compare on the same pieces"
    )
    models.add_network(top)
    add_arguments(top)
    return top


def main(arguments: Sequence[str]) -> None:
    options = parser().parse_args(arguments)
    if options.seconds <= 0 or options.intervals < 1:
        raise UserError(f"--seconds {options.seconds} and --intervals {options.intervals} must be positive.")
    peers = parse_peers(options.peer)
    if len(options.precision) == 1 and not peers:
        machine.report(measure(options, options.precision[0]))
        return
    own = [sys.executable, "-m", "benchmarks.train", *without_peers(arguments), "--precision"]
    commands = {**peers, **{f"{options.model} {precision}": [*own, precision] for precision in options.precision}}
    results = interleave(commands, KEY, options.rounds if peers else 1)
    first = next(iter(results.values()))[0] if not peers else results[f"{options.model} {options.precision[0]}"][0]
    print(f"\n{first['model']}, {first['parameters']:,} parameters, {first['corpus']}, {first['trg_tok_per_step']:,} target "
          f"words per update,\n{first['mflop_per_word']} MFLOP of matrix products per word, {first['device']}, "
          f"{first['threads']} threads, torch {first['torch']}; target words per second:\n")  # fmt: skip
    print(table(results, KEY, next(iter(peers), None)))
    for rounds in results.values():
        for result in rounds:
            machine.report(result)


if __name__ == "__main__":
    sys.exit(machine.run(main))
