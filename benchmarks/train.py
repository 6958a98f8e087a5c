"""How fast a model trains, how much memory it needs, and how close it comes to the limit of the machine's matrix products.

    python -m benchmarks.train
    python -m benchmarks.train --model transformer --precision bf16 --seconds 60
    python -m benchmarks.train --pieces FOLDER --peer "name=command ..." --rounds 3

Training runs through Lightning, as in ``make train-bahdanau`` and ``make train-transformer``, with batches and logging, on
Multi30k if it is in the data directory and on Accord otherwise. Each precision is measured in its own process. Ends with a
table, and one line ``RESULT {json}`` per measurement: target words per second count real words and </s>, never padding.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import lightning.pytorch as pl

from benchmarks import clock, machine, models
from benchmarks import corpus as corpora
from benchmarks.clock import Clock
from benchmarks.corpus import Corpus
from data.batching import ResumableLoader, TokenBatches
from data.translation import PairedIds

KEY = "trg_tok_per_s"
HEADING = (
    "{model}, {parameters:,} parameters, {corpus}, {trg_tok_per_step:,} target words per update,\n{mflop_per_word} MFLOP of "
    "matrix products per word, {device}, {threads} threads, torch {torch}; target words per second:"
)


def cells_for(pairs: PairedIds, words: int) -> int:
    """The budget of cells, padding included, with which a batch holds ``words`` real target words on average."""
    total, cells = int(pairs.target.lengths.sum()), words
    for _ in range(5):  # a fixed point: the words in a batch grow almost in proportion to its cells
        cells = max(1, round(cells * words * len(TokenBatches(pairs.lengths, batch_tokens=cells)) / total))
    return cells


def fit(module: models.Trained, corpus: Corpus, words: int, until: Clock) -> None:
    """Train until the clock stops it."""
    batches = TokenBatches(corpus.train.lengths, batch_tokens=cells_for(corpus.train, words))
    clip = 1.0 if module.title.startswith("RNN") else None
    clock.trainer(until, clip).fit(module, ResumableLoader(corpus.train, batches))


def measure(options: argparse.Namespace, precision: str) -> dict[str, Any]:
    """One measurement, in this process."""
    corpus = corpora.choose(options.pieces)
    pl.seed_everything(1, verbose=False)
    sizes = models.sizes_of(options)
    module = models.build(options.model, sizes, corpus)
    models.compile_steps(module.model, options.compile)  # type: ignore[arg-type]
    until = clock.of(options, precision)
    fit(module, corpus, sizes.words, until)
    parts = models.flop(options.model, sizes, corpus.target_size, corpus.train)
    more = {
        "benchmark": "train",
        "corpus": corpus.test.name.split(",")[0],
        "vocabulary": corpus.target_size,
        "trg_tok_per_step": round(until.counted / until.steps),
        "mflop_per_word": round(sum(parts.values()) / 1e6, 2),
        "mflop_parts": {part: round(count / 1e6, 2) for part, count in parts.items()},
    }
    return more | clock.figures(module, until, KEY, sum(parts.values()))


def parser() -> argparse.ArgumentParser:
    return clock.parser("train", __doc__, models.add_translator)


def main(arguments: Sequence[str]) -> None:
    clock.run("train", parser().parse_args(arguments), arguments, measure, KEY, HEADING)


if __name__ == "__main__":
    sys.exit(machine.run(main))
