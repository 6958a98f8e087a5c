"""The models that the benchmarks measure, and how many floating-point operations their matrix products take."""

import argparse
from typing import Literal

import torch
from torch import nn

from benchmarks.corpus import Corpus
from data.tokenizers import EOS
from data.translation import PairedIds
from reproductions.bahdanau2014 import training as bahdanau2014
from reproductions.bahdanau2014.model import RNNsearch
from reproductions.transformer2017 import training as transformer2017

Trained = bahdanau2014.Bahdanau2014 | transformer2017.Transformer2017
RNN_RECIPE = bahdanau2014.Recipe("adam", learning_rate=0.002, warmup=50, reduction="mean", initialisation="unit")
TRANSFORMER_RECIPE = transformer2017.Recipe(schedule="cosine", warmup=400, factor=0.5)
DROPOUT = {"rnnsearch": 0.2, "transformer": 0.1}


def add_network(to: argparse.ArgumentParser) -> None:
    """Options of the model that is trained."""
    to.add_argument("--model", choices=("rnnsearch", "transformer"), default="rnnsearch")
    to.add_argument(
        "--hidden", type=int, default=256, help="width: n, m, l and n' of RNNsearch, d_model of the Transformer"
    )
    to.add_argument("--attention", choices=("additive", "none"), default="additive", help="of RNNsearch")
    to.add_argument("--unit", choices=("gated", "torch"), default="gated", help="of RNNsearch")
    to.add_argument("--layers", type=int, default=3, help="of the Transformer's encoder, and of its decoder")
    to.add_argument("--ff", type=int, default=1024, help="d_ff of the Transformer")
    to.add_argument("--heads", type=int, default=4, help="of the Transformer")
    to.add_argument("--dropout", type=float, help="default 0.2 for RNNsearch, 0.1 for the Transformer")
    add_machine(to)


def add_machine(to: argparse.ArgumentParser) -> None:
    """Options of how the machine computes."""
    to.add_argument("--threads", type=int, help="default: torch's choice")
    to.add_argument(
        "--compile",
        nargs="?",
        const="inductor",
        metavar="BACKEND",
        help="let torch compile what is called in every step",
    )


def build(options: argparse.Namespace, corpus: Corpus) -> Trained:
    """A new model as the options describe it."""
    dropout = DROPOUT[options.model] if options.dropout is None else options.dropout
    n, sizes = options.hidden, (corpus.source_size, corpus.target_size, EOS)
    if options.model == "transformer":
        tied: Literal["all", "target"] = "all" if corpus.source_size == corpus.target_size else "target"
        network = transformer2017.Network(options.layers, n, options.ff, options.heads, dropout, tied=tied)
        return transformer2017.Transformer2017(*sizes, network, TRANSFORMER_RECIPE)
    rnn = bahdanau2014.Network(n, n, n, n, attention=options.attention, unit=options.unit, dropout=dropout)
    return bahdanau2014.Bahdanau2014(*sizes, rnn, RNN_RECIPE)


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


def flop(options: argparse.Namespace, vocabulary: int, pairs: PairedIds) -> dict[str, float]:
    """Floating-point operations of the matrix products for one real target word, forward and backward, by part.

    Two per weight forward and twice as many backward; padding, gates, tanh and softmax are not counted.
    """
    parts = _transformer if options.model == "transformer" else _rnnsearch
    return {part: 6.0 * float(count) for part, count in parts(options, vocabulary, pairs).items()}


def _rnnsearch(options: argparse.Namespace, vocabulary: int, pairs: PairedIds) -> dict[str, float]:
    n = m = l = a = options.hidden  # noqa: E741
    attends = options.attention != "none"
    directions = 2 if attends else 1
    context = directions * n
    sources, looked_at = _a_word(pairs)
    return {
        "encoder": sources * directions * (m + n) * 3 * n,
        "decoder": (m + n + context) * 3 * n,
        "attention": (sources * context * a + n * a + looked_at * (a + context)) if attends else 0.0,
        "readout": (n + m + context) * 2 * l,
        "vocabulary": l * vocabulary,
    }


def _transformer(options: argparse.Namespace, vocabulary: int, pairs: PairedIds) -> dict[str, float]:
    N, d, d_ff = options.layers, options.hidden, options.ff
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
