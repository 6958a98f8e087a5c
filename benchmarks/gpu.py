"""What one GPU does in ten minutes, as a table for docs/measured.md: ``make bench-gpu``.

    python -m benchmarks.gpu
    python -m benchmarks.gpu --quick

Training and decoding of RNNsearch, the Transformer and ViT in bfloat16, as they are and compiled, in processes of their own;
then the Transformer is trained on Multi30k, and ViT on CIFAR-10 in the time that is left, five minutes at most. A part that
fails is named in the table, and the others go on. With ``--quick`` every part runs in miniature, on any machine and on the
embedded data, to see that it runs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence

import torch

from benchmarks import decode, images, machine, train
from benchmarks.interleave import interleave
from data.errors import UserError
from reproductions import runs

TOTAL, TESTING, LONGEST = 590, 40, 300  # seconds: of everything, of testing ViT at the end, of its training
PARTS = {  # the figure that counts, and the benchmark with its options
    "RNNsearch, training, target words per second": (train.KEY, "train --model rnnsearch --seconds 6"),
    "Transformer, training, target words per second": (train.KEY, "train --model transformer --seconds 6"),
    "ViT, training, images per second": (images.KEY, "images --seconds 6"),
    "RNNsearch, greedy, sentences per second": (decode.KEY, "decode --model rnnsearch --width 1 --batch 256"),
    "Transformer, greedy, sentences per second": (decode.KEY, "decode --model transformer --width 1 --batch 256"),
}
MULTI30K = "transformer2017 --data multi30k --trainer.max_steps 5000 --trainer.val_check_interval 2500"
CIFAR10 = "vit2021 --data cifar10"
FEW = (
    "--trainer.max_steps 2 --trainer.val_check_interval 2 --trainer.limit_val_batches 2 --trainer.limit_test_batches 2"
)
QUICK_MULTI30K = f"transformer2017 --data.init_args.pairs 50 --run.pictures [] {FEW}"
QUICK_CIFAR10 = f"vit2021 --data.init_args.images 20 --run.pictures [] {FEW}"


def speeds(quick: bool) -> Iterator[tuple[str, list[dict[str, float]]]]:
    """Each part's name and its figures, as it is and compiled; no figures where it failed."""
    for name, (key, command) in PARTS.items():
        benchmark, *given = [*command.split(), "--precision", "bf16", *(["--miniature"] if quick else [])]  # type: ignore[misc]
        figures = []
        for more in ([], ["--compile", "eager" if quick else "inductor"]):
            try:
                whole = [sys.executable, "-m", f"benchmarks.{benchmark}", *given, *more]
                (result,) = interleave({" ".join([name, *more]): whole}, key, 1)[" ".join([name, *more])]
                figures.append({"rate": result[key], "of": result.get("fraction_of_limit", 0)})
            except UserError as error:
                print(error, flush=True)
                figures.append({})
        yield name, figures


def at_most(seconds: float) -> str:
    """The option that ends a training."""
    minutes, rest = divmod(int(seconds), 60)
    return f"--trainer.max_time 00:00:{minutes:02}:{rest:02}"


def trained(command: str) -> str:
    """The scores of a training, and how long it took."""
    whole = [sys.executable, "-m", "reproductions", "train", *command.split()]
    status = subprocess.run(whole, check=False).returncode
    paper = command.split()[0]
    if status:
        return f"{paper}: ended with status {status}"
    run = runs.find(paper)
    minutes = run.summary["training_seconds"] / 60
    scores = ", ".join(
        f"{split} {score} {values[score]:.3g}"
        for split, values in run.scores.items()
        for score in ("bleu", "accuracy")
        if score in values
    )
    return f"{run.name}: {run.summary['steps']:,} steps, {minutes:.1f} minutes of training: {scores}"


def row(name: str, figures: Sequence[dict[str, float]]) -> str:
    """One line of the table."""
    rates = [f"{each['rate']:,.0f}" if each else "failed" for each in figures]
    parts = [f"{each['of']:.1%}" for each in figures if each.get("of")]
    return f"| {name} | {' | '.join(rates)} | {', '.join(parts)} |"


def parser() -> argparse.ArgumentParser:
    top = machine.parser("gpu", __doc__)
    top.add_argument("--quick", action="store_true", help="every part in miniature, on any machine")
    return top


def main(arguments: Sequence[str]) -> None:
    quick = parser().parse_args(arguments).quick
    if not (quick or torch.cuda.is_available()):
        raise UserError("There is no CUDA GPU; make bench-gpu QUICK=1 runs every part in miniature on any machine.")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RUNS_DIR"] = folder
        figures = dict(speeds(quick))
        lines = [trained(QUICK_MULTI30K if quick else f"{MULTI30K} {at_most(120)}")]
        left = min(LONGEST, TOTAL - TESTING - (time.monotonic() - begun))
        if quick:
            lines.append(trained(QUICK_CIFAR10))
        elif left > 0:
            rate = figures["ViT, training, images per second"][0].get("rate", 10_000)
            steps = int(left * rate / 128)
            validated = f"--trainer.val_check_interval {max(1, steps // 4)}"
            lines.append(trained(f"{CIFAR10} --trainer.max_steps {steps} {validated} {at_most(left)}"))
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    print(f"\n{name}, bfloat16, torch {torch.__version__}, {time.monotonic() - begun:.0f} seconds in all:\n")
    print("| | as it is | compiled | of the card's matrix products |\n|---|---|---|---|")
    print("\n".join([*(row(*part) for part in figures.items()), "", *lines]))


if __name__ == "__main__":
    sys.exit(machine.run(main))
