"""How many sentences per second a model translates, greedily and with a beam.

    python -m benchmarks.decode
    python -m benchmarks.decode --run runs/bahdanau2014/accord/TIME --width 1 --free
    python -m benchmarks.decode --pieces FOLDER --width 5 --peer "name=command ..."
    python -m benchmarks.decode --run runs/transformer2017/accord/TIME --ctranslate2

Translates a whole test set with the newest run that translates or with ``--run``, through the search that everything else
uses; without such a run, and for ``--pieces``, with a new model. The clock runs from ids to texts.

Every sentence gets exactly ``--fixed-length`` words and no ``</s>``: the model need not be trained, and another program with
the same length takes the same steps. With ``--free`` each sentence ends where the model ends it; a new model is first
trained for ``--train-seconds``, because an untrained one does not know when to stop, and BLEU shows what it has learned.

With ``--ctranslate2`` (``make setup EXTRAS=bench``) the same weights of a Transformer also translate in CTranslate2, in turn
with the project, batch by batch the same sentences, in single precision and with weights of 8 bits.

Ends with a table, the mean length of each system's translations, and one line ``RESULT {json}`` per measurement.
"""

import argparse
import statistics
import sys
import tempfile
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
from benchmarks.clock import Clock
from benchmarks.converted import Converted
from benchmarks.corpus import TestSet
from benchmarks.fixed_length import LENGTH, FixedLength, lengths
from benchmarks.interleave import Result, add_arguments, interleave, parse_peers, report_all, table, without_peers
from benchmarks.train import fit
from data.batching import Ints, TokenBatches
from data.errors import UserError
from data.tokenizers import EOS
from reproductions import runs
from reproductions.decoding import Translator, beam, greedy
from reproductions.tasks.task import restore
from reproductions.transformer2017.model import Transformer

KEY = "sentences_per_s"
System = Callable[[Ints], list[list[int]]]  # translates the sentences of these numbers, into ids without </s>
PEERS = {"CTranslate2 fp32": "float32", "CTranslate2 int8": "int8"}


def of_run(folder: Path | None) -> tuple[Translator, TestSet]:
    """The model of a run, by default the newest that translates, and the first test split of its corpus."""
    run = runs.find(task="translation") if folder is None else runs.at(folder, "translation")
    trained = restore(run)
    print(f"Translating with {run.folder}")
    return trained.module.model, corpora.of_run(run.data, trained.source, trained.target)


def on_the_spot(options: argparse.Namespace) -> tuple[Translator, TestSet]:
    """A model with the weights in ``--weights``; without that file a new one, which --free trains and saves there."""
    corpus = corpora.choose(options.pieces)
    pl.seed_everything(1, verbose=False)
    module = models.build(options, corpus)
    path: Path | None = options.weights
    if path is not None and path.is_file():
        try:
            module.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except RuntimeError as error:
            raise UserError(f"The weights in {path} are not of this network and vocabulary: {error}") from None
        return module.model, corpus.test
    if not options.free:
        return module.model, corpus.test
    print(f"Training on {corpus.test.name.split(',')[0]} for {options.train_seconds:.0f} s", flush=True)
    clock = Clock(options.train_seconds, 1, options.train_precision)
    fit(module, corpus, options.words, clock)
    print(f"Trained {clock.steps} steps of about {options.words:,} target words")
    if path is not None:
        torch.save(module.state_dict(), path)
    return module.model, corpus.test


def here(model: Translator, test: TestSet, width: int, alpha: float, precision: str) -> System:
    """The project's own search."""

    def system(chosen: Ints) -> list[list[int]]:
        words = test.pairs.__getitems__(chosen)
        ids, mask = words.source.to(machine.device()), words.source_mask.to(machine.device())
        with torch.autocast(machine.device().type, torch.bfloat16, enabled=precision == "bf16"):
            best = greedy(model, ids, mask, EOS) if width == 1 else beam(model, ids, mask, EOS, width, alpha)
        return [[i for i in hypothesis.ids if i != EOS] for hypothesis in best]

    return system


def systems(model: Translator, test: TestSet, options: argparse.Namespace, width: int) -> dict[str, System]:
    """What translates, by the names in a table; raises UserError where CTranslate2 cannot do the same."""
    held = model if options.free else FixedLength(model, options.fixed_length)
    chosen = {f"here {precision}": here(held, test, width, options.alpha, precision) for precision in options.precision}
    if not options.ctranslate2:
        return chosen
    if not isinstance(model, Transformer):
        raise UserError("CTranslate2 has no recurrent translator: --model transformer, or the --run of one.")
    if options.free and width > 1 and options.alpha:
        raise UserError(f"CTranslate2 has another length penalty than --alpha {options.alpha:g}: give --alpha 0.")
    words = None if options.free else options.fixed_length
    for name, kind in PEERS.items():
        peer = Converted(model, kind, torch.get_num_threads())
        chosen[name] = partial(peer.translate, test.pairs.source, width=width, words=words)
    return chosen


def translate(system: System, test: TestSet, batch: int) -> tuple[list[list[int]], list[str]]:
    """Translations of all test sentences, in their order, as ids and as texts; a batch holds sentences of similar length."""
    ids: dict[int, list[int]] = {}
    for chosen in TokenBatches(test.pairs.source.lengths, batch_sentences=batch, shuffle=False):
        ids.update(zip(chosen.tolist(), system(chosen), strict=True))
    ordered = [ids[i] for i in range(len(ids))]
    return ordered, [test.text(translation) for translation in ordered]


def measure(
    model: Translator, test: TestSet, options: argparse.Namespace, width: int
) -> tuple[dict[str, list[Result]], str]:
    """Results of every system, one for each of the ``--repeats`` in which they take turns after a short warm-up; and which
    translations are those of the first.
    """
    taking_turns = systems(model, test, options, width)
    results: dict[str, list[Result]] = {name: [] for name in taking_turns}
    written = {}
    for system in taking_turns.values():
        system(np.arange(min(8, len(test.pairs))))
    for _ in range(options.repeats):
        for name, system in taking_turns.items():
            meter, start = machine.Meter(), time.perf_counter()
            written[name], texts = translate(system, test, options.batch)
            machine.wait()
            rate = len(texts) / (time.perf_counter() - start)
            results[name].append(
                {
                    "benchmark": "decode",
                    "system": name,
                    "precision": name.split()[-1],
                    "corpus": test.name,
                    "fixed_length": None if options.free else options.fixed_length,
                    "beam": width,
                    "alpha": options.alpha if width > 1 else 0.0,
                    "sentences": len(texts),
                    "batch": options.batch,
                    KEY: round(rate, 1),
                    "other_cpu": meter.other_cpu(),
                    LENGTH: round(statistics.mean(map(len, written[name])), 2),
                    "words_a_reference": round(float(test.pairs.target.lengths.mean()) - 1, 2),
                    "bleu": round(sacrebleu.corpus_bleu(texts, [test.references]).score, 2) if options.free else None,
                    "peak_rss_mib": round(machine.peak_mib()),
                    "threads": torch.get_num_threads(),
                    "device": machine.device().type,
                    "torch": torch.__version__,
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


def search_of(width: int) -> str:
    return "greedy" if width == 1 else f"beam {width}"


def parser() -> argparse.ArgumentParser:
    top = machine.parser("decode", __doc__)
    top.add_argument("--run", type=Path, help="folder of a run (default: the newest that translates)")
    top.add_argument(
        "--pieces", type=Path, help="folder with vocab.txt and bpe.SPLIT.LANGUAGE, to compare on the same pieces"
    )
    top.add_argument(
        "--weights", type=Path, help="without a run: read the weights from this file, or train and save them in it"
    )
    length = top.add_mutually_exclusive_group()
    length.add_argument("--fixed-length", type=int, default=20, help="words per translation (default 20)")
    length.add_argument("--free", action="store_true", help="let the model end each sentence")
    top.add_argument(
        "--train-seconds", type=float, default=60.0, help="training of a new model, with --free (default 60)"
    )
    top.add_argument("--train-precision", choices=tuple(machine.DTYPES), default="bf16")
    top.add_argument("--words", type=int, default=1930, help="real target words per update, with --free (default 1930)")
    top.add_argument(
        "--width", type=int, nargs="+", default=[1, 5], help="hypotheses of the beam; 1 is greedy (default 1 5)"
    )
    top.add_argument("--alpha", type=float, default=1.0, help="exponent of the length penalty of a beam (default 1)")
    top.add_argument("--precision", choices=tuple(machine.DTYPES), nargs="+", default=["fp32"])
    top.add_argument("--batch", type=int, default=128, help="sentences per batch (default 128)")
    top.add_argument("--repeats", type=int, default=3, help="times the test set is translated (default 3)")
    top.add_argument(
        "--ctranslate2", action="store_true", help="translate with CTranslate2 in turn, a Transformer only"
    )
    models.add_network(top)
    add_arguments(top)
    return top


def check(options: argparse.Namespace, peers: dict[str, list[str]]) -> None:
    """Raise UserError for options that do not go together."""
    if options.run is not None and (options.pieces is not None or options.weights is not None):
        raise UserError("--run brings its own data and weights: leave out --pieces and --weights.")
    if min(*options.width, options.batch, options.repeats) < 1:
        raise UserError("--width, --batch and --repeats must be at least 1.")
    if peers and (options.ctranslate2 or len(options.width) > 1):
        raise UserError("Against a peer, measure one search at a time, --width 1 or --width 5, without --ctranslate2.")


def side_by_side(options: argparse.Namespace, peers: dict[str, list[str]], arguments: Sequence[str]) -> None:
    """Run peers and the project in turn, each in its own process; the model is trained once."""
    with tempfile.TemporaryDirectory() as folder:
        own = [sys.executable, "-m", "benchmarks.decode", *without_peers(arguments)]
        if options.free and options.weights is None and _new(options):
            own += ["--weights", str(Path(folder) / "weights.pt")]
        commands = {
            **peers,
            **{
                f"{search_of(options.width[0])} {precision}": [*own, "--precision", precision]
                for precision in options.precision
            },
        }
        results = interleave(commands, KEY, options.rounds)
    print(f"\n{_held(options)}; sentences per second:\n")
    print(table(results, KEY, next(iter(peers))))
    print(f"\n{lengths(results)}")
    report_all(results)


def _new(options: argparse.Namespace) -> bool:
    """Whether the model does not come from a run."""
    asked = options.pieces is not None or options.weights is not None
    return options.run is None and (asked or not any(run.task == "translation" for run in runs.every()))


def _held(options: argparse.Namespace) -> str:
    """How long the translations are, for the head of a table."""
    if options.free:
        return "Every sentence ends where its model ends it, so longer translations take longer"
    return f"Every sentence gets exactly {options.fixed_length} words and no </s> (peers: if set up alike)"


def main(arguments: Sequence[str]) -> None:
    options = parser().parse_args(arguments)
    peers = parse_peers(options.peer)
    check(options, peers)
    threads = machine.use_threads(options.threads)
    if peers:
        side_by_side(options, peers, arguments)
        return
    model, test = on_the_spot(options) if _new(options) else of_run(options.run)
    model = model.to(machine.device()).eval()
    models.compile_steps(model, options.compile)
    print(f"\n{test.name}: {len(test.pairs):,} sentences, {options.batch} at a time, {machine.device().type}, {threads} threads, "
          f"torch {torch.__version__}.\n{_held(options)}; sentences per second:")  # fmt: skip
    for width in options.width:
        results, equal = measure(model, test, options, width)
        print(f"\n{search_of(width)}\n{table(results, KEY, next(iter(PEERS)) if options.ctranslate2 else None)}\n")
        print(lengths(results))
        if equal:
            print(equal)
        if options.free:
            print("BLEU " + ", ".join(f"{name} {rounds[0]['bleu']}" for name, rounds in results.items()))
        report_all({name: [summary(rounds)] for name, rounds in results.items()})


if __name__ == "__main__":
    sys.exit(machine.run(main))
