"""The models that the benchmarks measure, and how many floating-point operations their matrix products take."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from benchmarks.corpus import Corpus
from benchmarks.machine import DTYPES
from data.tokenizers import EOS
from data.translation import PairedIds
from reproductions.bahdanau2014 import training as bahdanau2014
from reproductions.bahdanau2014.model import RNNsearch
from reproductions.transformer2017 import training as transformer2017

Trained = bahdanau2014.Bahdanau2014 | transformer2017.Transformer2017
RNN_RECIPE = bahdanau2014.Recipe("adam", learning_rate=0.002, warmup=50, reduction="mean", initialisation="unit")
TRANSFORMER_RECIPE = transformer2017.Recipe(schedule="cosine", warmup=400, factor=0.5)


@dataclass(frozen=True)
class Sizes:
    """Those of a network, and of what it is trained on in one update."""

    hidden: int = 256  # n, m, l and n' of RNNsearch, d_model of the Transformer
    layers: int = 3  # of the Transformer's encoder, and of its decoder
    ff: int = 1024  # d_ff of the Transformer
    heads: int = 4
    words: int = (
        1930  # real target words: as many as 4,096 cells hold in batches of Multi30k that are not sorted by length
    )


MINIATURE = Sizes(hidden=8, layers=1, ff=8, words=60)


def add_options(to: argparse.ArgumentParser) -> None:
    """Options of every benchmark of a model."""
    to.add_argument("--precision", choices=tuple(DTYPES), nargs="+", default=list(DTYPES))
    to.add_argument("--compile", nargs="?", const="inductor", metavar="BACKEND", help="compile what every step calls")
    to.add_argument("--miniature", action="store_true", help="few units for a moment, to see that everything runs")


def add_translator(to: argparse.ArgumentParser) -> None:
    """Options of every benchmark of a translator."""
    to.add_argument("--model", choices=("rnnsearch", "transformer"), default="rnnsearch")
    to.add_argument(
        "--pieces", type=Path, help="folder with vocab.txt and bpe.SPLIT.LANGUAGE, to compare on the same pieces"
    )
    add_options(to)


def sizes_of(options: argparse.Namespace) -> Sizes:
    return MINIATURE if options.miniature else Sizes()


def build(model: str, sizes: Sizes, corpus: Corpus) -> Trained:
    """A new "rnnsearch" or "transformer"."""
    n, vocabularies = sizes.hidden, (corpus.source_size, corpus.target_size, EOS)
    if model == "transformer":
        tied: Literal["all", "target"] = "all" if corpus.source_size == corpus.target_size else "target"
        network = transformer2017.Network(sizes.layers, n, sizes.ff, sizes.heads, dropout=0.1, tied=tied)
        return transformer2017.Transformer2017(*vocabularies, network, TRANSFORMER_RECIPE)
    return bahdanau2014.Bahdanau2014(*vocabularies, bahdanau2014.Network(n, n, n, n, dropout=0.2), RNN_RECIPE)


def compile_steps(model: nn.Module, backend: str | None) -> None:
    """Let a backend of torch compile what training and decoding call, for tensors of any shape; of RNNsearch a step, not the
    loop. None compiles nothing.
    """
    if backend is None:
        return
    owner = model.decoder if isinstance(model, RNNsearch) else model
    for name in ("features", "step", "logits"):
        if hasattr(owner, name):
            setattr(owner, name, torch.compile(getattr(owner, name), dynamic=True, backend=backend))


def flop(model: str, sizes: Sizes, vocabulary: int, pairs: PairedIds) -> dict[str, float]:
    """Floating-point operations of the matrix products for one real target word, forward and backward, by part.

    Two per weight forward and twice as many backward; padding, gates, tanh and softmax are not counted.
    """
    parts = _transformer if model == "transformer" else _rnnsearch
    return {part: 6.0 * float(count) for part, count in parts(sizes, vocabulary, pairs).items()}


def _rnnsearch(sizes: Sizes, vocabulary: int, pairs: PairedIds) -> dict[str, float]:
    n = m = l = a = sizes.hidden  # noqa: E741
    context = 2 * n
    sources, looked_at = _a_word(pairs)
    return {
        "encoder": sources * 2 * (m + n) * 3 * n,
        "decoder": (m + n + context) * 3 * n,
        "attention": sources * context * a + n * a + looked_at * (a + context),
        "readout": (n + m + context) * 2 * l,
        "vocabulary": l * vocabulary,
    }


def _transformer(sizes: Sizes, vocabulary: int, pairs: PairedIds) -> dict[str, float]:
    N, d, d_ff = sizes.layers, sizes.hidden, sizes.ff
    sources, looked_at = _a_word(pairs)
    S, T = pairs.source.lengths, pairs.target.lengths
    source_pairs, target_pairs = (S * S).sum() / T.sum(), (T * T).sum() / T.sum()  # positions that attend to each other
    return {
        "encoder": N * (sources * (4 * d * d + 2 * d * d_ff) + source_pairs * 2 * d),
        "decoder": N * (4 * d * d + 2 * d * d_ff + target_pairs * 2 * d),
        "source attention": N * (2 * d * d + sources * 2 * d * d + looked_at * 2 * d),
        "vocabulary": d * vocabulary,
    }


def _a_word(pairs: PairedIds) -> tuple[float, float]:
    """Source words per target word, and source positions that one target word looks at."""
    S, T = pairs.source.lengths, pairs.target.lengths
    return float(S.sum() / T.sum()), float((S * T).sum() / T.sum())
