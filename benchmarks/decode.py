"""How many sentences per second a model translates, greedily and with a beam.

    python -m benchmarks.decode
    python -m benchmarks.decode --run runs/bahdanau2014/accord/TIME --width 1 --free
    python -m benchmarks.decode --pieces FOLDER --width 5 --peer "name=command ..."
    python -m benchmarks.decode --run runs/transformer2017/accord/TIME --ctranslate2

Translates a whole test set with the newest run that translates or with ``--run``, through the search that everything else
uses; with a new model where there is no such run, and for ``--model``, ``--pieces`` and ``--miniature``. The clock runs from ids
to texts.

Every sentence gets exactly 20 words and no ``</s>``: the model need not be trained, and another program with the same length
takes the same steps. With ``--free`` each sentence of a run ends where its model ends it.

With ``--ctranslate2`` (``make setup EXTRAS=bench``) the same weights of a Transformer also translate in CTranslate2, in turn
with the project, batch by batch the same sentences, in single precision and with weights of 8 bits.

Ends with a table, the mean length of each system's translations, and one line ``RESULT {json}`` per measurement.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import sacrebleu
import torch

from benchmarks import corpus as corpora
from benchmarks import machine, models
from benchmarks.converted import Converted
from benchmarks.corpus import TestSet
from benchmarks.fixed_length import LENGTH, WORDS, FixedLength, lengths
from benchmarks.interleave import Result, add_arguments, compare, report_all, table
from data.batching import Ints, TokenBatches
from data.errors import UserError
from data.tokenizers import EOS
from reproductions import runs
from reproductions.decoding import Translator, beam, greedy
from reproductions.tasks.task import restore
from reproductions.transformer2017.model import Transformer

KEY = "sentences_per_s"
ALPHA = 1.0  # exponent of a beam's length penalty; CTranslate2 has another, so both go without where lengths differ
System = Callable[[Ints], list[list[int]]]  # translates the sentences of these numbers, into ids without </s>
PEERS = {"CTranslate2 fp32": "float32", "CTranslate2 int8": "int8"}


def chosen(options: argparse.Namespace) -> tuple[Translator, TestSet]:
    """The model and the sentences: of a run, or, where there is none and for --model, --pieces and --miniature, new."""
    new = options.model is not None or options.pieces is not None or options.miniature
    if options.run is not None or (not new and any(run.task == "translation" for run in runs.every())):
        run = runs.find(task="translation") if options.run is None else runs.at(options.run, "translation")
        trained = restore(run)
        print(f"Translating with {run.folder}")
        return trained.module.model, corpora.of_run(run.data, trained.source, trained.target)
    if options.free:
        raise UserError("--free needs a run: a new model does not know when to stop.")
    corpus = corpora.choose(options.pieces)
    pl.seed_everything(1, verbose=False)
    return models.build(options.model or "rnnsearch", models.sizes_of(options), corpus).model, corpus.test


def here(model: Translator, test: TestSet, width: int, alpha: float, precision: str) -> System:
    """The project's own search."""

    def system(sentences: Ints) -> list[list[int]]:
        words = test.pairs.__getitems__(sentences)
        ids, mask = words.source.to(machine.device()), words.source_mask.to(machine.device())
        with torch.autocast(machine.device().type, torch.bfloat16, enabled=precision == "bf16"):
            best = greedy(model, ids, mask, EOS) if width == 1 else beam(model, ids, mask, EOS, width, alpha)
        return [[i for i in hypothesis.ids if i != EOS] for hypothesis in best]

    return system


def systems(model: Translator, test: TestSet, options: argparse.Namespace, width: int) -> dict[str, System]:
    """What translates, by the names in a table; raises UserError where CTranslate2 cannot do the same."""
    held = model if options.free else FixedLength(model, WORDS)
    alpha = 0.0 if options.ctranslate2 else ALPHA
    named = {f"here {precision}": here(held, test, width, alpha, precision) for precision in options.precision}
    if not options.ctranslate2:
        return named
    if not isinstance(model, Transformer):
        raise UserError("CTranslate2 has no recurrent translator: --model transformer, or the --run of one.")
    words = None if options.free else WORDS
    for name, kind in PEERS.items():
        peer = Converted(model, kind, torch.get_num_threads())
        named[name] = partial(peer.translate, test.pairs.source, width=width, words=words)
    return named


def translate(system: System, test: TestSet, batch: int) -> tuple[list[list[int]], list[str]]:
    """Translations of all test sentences, in their order, as ids and as texts; a batch holds sentences of similar length."""
    ids: dict[int, list[int]] = {}
    for sentences in TokenBatches(test.pairs.source.lengths, batch_sentences=batch, shuffle=False):
        ids.update(zip(sentences.tolist(), system(sentences), strict=True))
    ordered = [ids[i] for i in range(len(ids))]
    return ordered, [test.text(translation) for translation in ordered]


def measure(
    model: Translator, test: TestSet, options: argparse.Namespace, width: int
) -> tuple[dict[str, list[Result]], str]:
    """Results of every system, one for each of the ``--rounds`` in which they take turns after a short warm-up; and which
    translations are those of the first.
    """
    taking_turns = systems(model, test, options, width)
    results: dict[str, list[Result]] = {name: [] for name in taking_turns}
    written = {}
    for system in taking_turns.values():
        system(np.arange(min(8, len(test.pairs))))
    for _ in range(options.rounds):
        for name, system in taking_turns.items():
            meter, start = machine.Meter(), time.perf_counter()
            written[name], texts = translate(system, test, options.batch)
            machine.wait()
            rate = len(texts) / (time.perf_counter() - start)
            results[name].append(
                {
                    "benchmark": "decode",
                    "system": f"{name} beam {width}",
                    "corpus": test.name,
                    "fixed_length": None if options.free else WORDS,
                    "beam": width,
                    "sentences": len(texts),
                    "batch": options.batch,
                    KEY: round(rate, 1),
                    "other_cpu": meter.other_cpu(),
                    LENGTH: round(statistics.mean(map(len, written[name])), 2),
                    "words_a_reference": round(float(test.pairs.target.lengths.mean()) - 1, 2),
                    "bleu": round(sacrebleu.corpus_bleu(texts, [test.references]).score, 2) if options.free else None,
                    **machine.facts(),
                }
            )
    return results, same(written)


def same(written: dict[str, list[list[int]]]) -> str:
    """How many translations of each system are those of the first, as a sentence; empty for one system."""
    first, *others = written
    counts = (f"{name} {sum(map(list.__eq__, written[name], written[first])):,}" for name in others)
    return f"Of {len(written[first]):,} translations, as in {first}: {', '.join(counts)}." if others else ""


def summary(rounds: Sequence[Result]) -> Result:
    """One result of several: their median and range."""
    rates = [result[KEY] for result in rounds]
    return {
        **rounds[-1],
        KEY: round(statistics.median(rates), 1),
        "intervals": rates,
        "spread": [min(rates), max(rates)],
        "other_cpu": [result["other_cpu"] for result in rounds],
    }


def parser() -> argparse.ArgumentParser:
    top = machine.parser("decode", __doc__)
    top.add_argument("--run", type=Path, help="folder of a run (default: the newest that translates)")
    top.add_argument("--free", action="store_true", help="let the model of a run end each sentence")
    top.add_argument(
        "--width", type=int, nargs="+", default=[1, 5], help="hypotheses of the beam; 1 is greedy (default 1 5)"
    )
    top.add_argument("--batch", type=int, default=128, help="sentences per batch (default 128)")
    top.add_argument(
        "--ctranslate2", action="store_true", help="translate with CTranslate2 in turn, a Transformer only"
    )
    models.add_translator(top)
    add_arguments(top)
    top.set_defaults(model=None, precision=["fp32"])
    return top


def check(options: argparse.Namespace) -> None:
    """Raise UserError for options that do not go together."""
    if options.run is not None and options.pieces is not None:
        raise UserError("--run brings its own data: leave out --pieces.")
    if min(*options.width, options.batch, options.rounds) < 1:
        raise UserError("--width, --batch and --rounds must be at least 1.")
    if options.peer and (options.ctranslate2 or len(options.width) > 1):
        raise UserError("Against a peer, measure one search at a time, --width 1 or --width 5, without --ctranslate2.")


def main(arguments: Sequence[str]) -> None:
    options = parser().parse_args(arguments)
    check(options)
    held = (
        "Every sentence ends where its model ends it, so longer translations take longer"
        if options.free
        else f"Every sentence gets exactly {WORDS} words and no </s> (peers: if set up alike)"
    )
    if options.peer:
        results = compare("decode", options, arguments, KEY)
        print(f"\n{held}; sentences per second:\n\n{table(results, KEY, next(iter(results)))}\n\n{lengths(results)}")
        report_all(results)
        return
    model, test = chosen(options)
    model = model.to(machine.device()).eval()  # type: ignore[attr-defined]
    models.compile_steps(model, options.compile)
    print(f"\n{test.name}: {len(test.pairs):,} sentences, {options.batch} at a time, {machine.device().type}, "
          f"{torch.get_num_threads()} threads, torch {torch.__version__}.\n{held}; sentences per second:")  # fmt: skip
    for width in options.width:
        results, equal = measure(model, test, options, width)
        search = "greedy" if width == 1 else f"beam {width}"
        print(f"\n{search}\n{table(results, KEY, next(iter(PEERS)) if options.ctranslate2 else None)}\n")
        print(lengths(results))
        if equal:
            print(equal)
        if options.free:
            print("BLEU " + ", ".join(f"{name} {rounds[0]['bleu']}" for name, rounds in results.items()))
        report_all({name: [summary(rounds)] for name, rounds in results.items()})


if __name__ == "__main__":
    sys.exit(machine.run(main))
