"""Scale of the data layer: generate Accord or read a file, prepare it, and batch one epoch, all in bounded memory.

    python -m benchmarks.scale --pairs 1000000
    python -m benchmarks.scale --corpus corpus.tsv --tokenizer bpe

Ends with one line ``RESULT {json}``: pairs per second of each stage, and the peak resident memory in GiB. Preparation
includes everything: generate, split into words, learn both tokenisers, tokenise, write. Tokenisation alone, splitting and
encoding both sides, is timed on a sample.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence

from benchmarks import machine
from data.prepared.workers import in_chunks
from data.progress import counted
from data.sources.corpora import load
from data.translation import TranslationData

_SAMPLE = 20_000  # pairs on which tokenisation alone is timed
_CHUNK = 4096
VOCABULARIES = {"words": 30_000, "bpe": 8_000}


def peak_gib() -> float:
    """Peak resident memory of this process so far; the data layer puts nothing on a CUDA device."""
    return round(machine.own_resident_mib() / 2**10, 2)


def generation(corpus: str, pairs: int) -> tuple[int, float]:
    """Training pairs, at most so many, and seconds to generate or read them and drop them."""
    start = time.perf_counter()
    count = sum(1 for _ in counted(load(corpus, "train", "en", "fr", count=pairs), "generating", pairs, "pairs"))
    return count, time.perf_counter() - start


def tokenisation(data: TranslationData, pairs: int) -> float:
    """Seconds per pair to split and encode both sides."""
    examples = list(load(data.settings.corpus, "train", "en", "fr", count=min(pairs, _SAMPLE)))
    start = time.perf_counter()
    for chunk in in_chunks(examples, _CHUNK):
        data.source_tokenizer.encode_batch([example.source for example in chunk])
        data.target_tokenizer.encode_batch([example.target for example in chunk])
    return (time.perf_counter() - start) / len(examples)


def measure(options: argparse.Namespace) -> dict[str, float | int | str]:
    corpus, tokenizer = options.corpus, options.tokenizer
    data = TranslationData(corpus, tokenizer=tokenizer, vocabulary=VOCABULARIES[tokenizer], pairs=options.pairs)
    pairs, generated = generation(corpus, options.pairs)
    start = time.perf_counter()
    data.prepare()
    prepared = time.perf_counter() - start
    peak = peak_gib()
    tokenised = tokenisation(data, pairs)
    loader = data.train_dataloader()
    start = time.perf_counter()
    sentences = cells = tokens = 0
    for batch in counted(loader, "batching", None, "batches"):
        sentences += len(batch.index)
        cells += batch.source.numel() + batch.target.numel()
        tokens += int(batch.source_mask.sum()) + int(batch.target_mask.sum())
    batched = time.perf_counter() - start
    return {
        "pairs": pairs,
        "kept": sentences,
        "tokenizer": tokenizer,
        "source_size": len(data.source_tokenizer),
        "target_size": len(data.target_tokenizer),
        "generation_pairs_per_s": round(pairs / generated),
        "tokenisation_pairs_per_s": round(1 / tokenised),
        "preparation_pairs_per_s": round(pairs / prepared),
        "batching_pairs_per_s": round(sentences / batched),
        "batches_per_s": round(len(loader) / batched),
        "real_tokens_of_cells": round(tokens / cells, 3),
        "peak_rss_gib_preparing": peak,
        "peak_rss_gib": peak_gib(),
        **machine.facts(),
    }


def parser() -> argparse.ArgumentParser:
    top = machine.parser("scale", __doc__)
    top.add_argument("--corpus", default="accord")
    top.add_argument("--pairs", type=int, default=1_000_000)
    top.add_argument("--tokenizer", choices=tuple(VOCABULARIES), default="words")
    return top


def main(arguments: Sequence[str]) -> None:
    options = parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATA_DIR"] = folder
        machine.report(measure(options))


if __name__ == "__main__":
    sys.exit(machine.run(main))
