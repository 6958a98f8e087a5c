"""How the data layer scales: generate Accord, prepare it, and batch one epoch, all in bounded memory.

    python -m benchmarks.scale --pairs 1000000

Ends with one line ``RESULT {json}``: pairs a second of each stage and the largest resident memory in GiB.
Preparation is all of it: generate, split into words, learn both tokenisers, tokenise, write.
Tokenisation alone, splitting and encoding both sides, is timed on a sample.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time

from tqdm import tqdm

from data.corpora import load
from data.translation import TranslationData

_SAMPLE = 20_000  # pairs on which tokenisation alone is timed
_CHUNK = 4096


def peak_gib() -> float:
    """Largest resident memory of this process so far; Linux counts in KiB, macOS in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def generation(pairs: int) -> float:
    """Seconds to generate the pairs and throw them away."""
    start = time.perf_counter()
    for _ in tqdm(load("accord", "train", "en", "fr", count=pairs), total=pairs, desc="generating", unit=" pairs"):
        pass
    return time.perf_counter() - start


def tokenisation(data: TranslationData, pairs: int) -> float:
    """Seconds a pair to split and encode both sides."""
    examples = list(load("accord", "train", "en", "fr", count=min(pairs, _SAMPLE)))
    start = time.perf_counter()
    for first in range(0, len(examples), _CHUNK):
        chunk = examples[first : first + _CHUNK]
        data.source_tokenizer.encode_batch([example.source for example in chunk])
        data.target_tokenizer.encode_batch([example.target for example in chunk])
    return (time.perf_counter() - start) / len(examples)


def measure(arguments: argparse.Namespace) -> dict[str, float | int | str]:
    generated = generation(arguments.pairs)
    data = TranslationData(
        pairs=arguments.pairs,
        tokenizer=arguments.tokenizer,
        vocabulary=arguments.vocabulary,
        batch_tokens=arguments.batch_tokens,
    )
    start = time.perf_counter()
    data.prepare()
    prepared = time.perf_counter() - start
    peak = peak_gib()
    tokenised = tokenisation(data, arguments.pairs)
    loader = data.train_dataloader()
    start = time.perf_counter()
    sentences = cells = tokens = 0
    for batch in tqdm(loader, desc="batching", unit=" batches"):
        sentences += len(batch.index)
        cells += batch.source.numel() + batch.target.numel()
        tokens += int(batch.source_mask.sum()) + int(batch.target_mask.sum())
    batched = time.perf_counter() - start
    return {
        "pairs": arguments.pairs,
        "kept": sentences,
        "tokenizer": arguments.tokenizer,
        "source_size": data.source_size,
        "target_size": data.target_size,
        "generation_pairs_per_s": round(arguments.pairs / generated),
        "tokenisation_pairs_per_s": round(1 / tokenised),
        "preparation_pairs_per_s": round(arguments.pairs / prepared),
        "batching_pairs_per_s": round(sentences / batched),
        "batches_per_s": round(len(loader) / batched),
        "real_tokens_of_cells": round(tokens / cells, 3),
        "peak_rss_gib_preparing": round(peak, 2),
        "peak_rss_gib": round(peak_gib(), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--tokenizer", choices=["words", "bpe"], default="words")
    parser.add_argument("--vocabulary", type=int, default=30_000)
    parser.add_argument("--batch-tokens", type=int, default=4096)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATA_DIR"] = folder
        result = measure(arguments)
    sys.stdout.write(f"RESULT {json.dumps(result)}\n")


if __name__ == "__main__":
    main()
