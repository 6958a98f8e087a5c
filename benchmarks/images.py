"""How fast a Vision Transformer trains, and how close it comes to the limit of the machine's matrix products.

    python -m benchmarks.images
    python -m benchmarks.images --peer "name=command ..." --rounds 3

Training runs through Lightning, as in ``make train-vit``, on shifted and flipped images of 32 x 32 pixels in patches of 4:
CIFAR-10 if it is in the data directory, the embedded shapes otherwise. Each precision is measured in its own process. Ends
with a table, and one line ``RESULT {json}`` per measurement.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from typing import Any

import lightning.pytorch as pl
import torch

from benchmarks import machine
from benchmarks.interleave import add_arguments, interleave, parse_peers, table, without_peers
from benchmarks.train import Clock, trainer
from data.errors import UserError
from data.images import ImageBatch, ImageData
from data.sources.download import data_dir
from reproductions.vit2021.training import Network, Recipe, ViT2021

KEY = "images_per_s"
SIZE, PATCH, CHANNELS = 32, 4, 3
RECIPE = Recipe(learning_rate=1e-3, weight_decay=0.05, warmup=100)


def flop(network: Network, classes: int) -> float:
    """Floating-point operations of the matrix products for one image, forward and backward.

    Two per weight forward and twice as many backward; norms, GELU and softmax are not counted.
    """
    d, P = network.d, (network.image_size // network.patch) ** 2
    T = P + 1
    block = T * (4 * d * d + 2 * d * network.d_mlp) + T * T * 2 * d
    last = T * 3 * d * d + d * d + 2 * d * network.d_mlp + T * 2 * d  # training computes the class token alone
    return 6.0 * (P * network.patch**2 * CHANNELS * d + (network.layers - 1) * block + last + d * classes)


def images_of(batch: ImageBatch) -> int:
    return len(batch.label)


def measure(options: argparse.Namespace, precision: str) -> dict[str, Any]:
    """One measurement, in this process."""
    threads = machine.use_threads(options.threads)
    limit = machine.product_limit(precision)
    pl.seed_everything(1, verbose=False)
    corpus = options.corpus or ("cifar10" if (data_dir() / "cifar10").is_dir() else "shapes")
    data = ImageData(corpus, SIZE, images=options.images, batch_images=options.batch, shift=PATCH, flip=True)
    network = Network(SIZE, PATCH, CHANNELS, options.layers, options.width, 4 * options.width, options.heads)
    module = ViT2021(len(data.classes), network, RECIPE)
    clock = Clock(options.seconds, options.intervals, images_of)
    trainer(precision, clock).fit(module, datamodule=data)
    rate, operations = statistics.median(clock.rates), flop(network, len(data.classes))
    return {
        "benchmark": "images",
        "model": module.title,
        "corpus": corpus,
        "precision": precision,
        "parameters": sum(p.numel() for p in module.parameters()),
        KEY: round(rate, 1),
        "intervals": [round(each, 1) for each in clock.rates],
        "spread": [round(min(clock.rates), 1), round(max(clock.rates), 1)],
        "batch": options.batch,
        "steps": clock.steps,
        "other_cpu": clock.other_cpu,
        "peak_rss_mib": round(machine.peak_mib()),
        "mflop_per_image": round(operations / 1e6, 1),
        "limit_gflop_per_s": round(limit / 1e9, 1),
        "fraction_of_limit": round(rate * operations / limit, 3),
        "threads": threads,
        "device": machine.device().type,
        "torch": torch.__version__,
    }


def parser() -> argparse.ArgumentParser:
    top = machine.parser("images", __doc__)
    top.add_argument("--precision", choices=tuple(machine.DTYPES), nargs="+", default=list(machine.DTYPES))
    top.add_argument("--seconds", type=float, default=30.0, help="time to measure each precision (default 30)")
    top.add_argument("--intervals", type=int, default=6, help="the median of so many parts of it counts (default 6)")
    top.add_argument("--corpus", help="shapes, cifar10 or a folder (default: cifar10 if it is there)")
    top.add_argument("--images", type=int, default=5_000, help="training images to draw from (default 5,000)")
    top.add_argument("--batch", type=int, default=128, help="images per update (default 128)")
    top.add_argument("--width", type=int, default=192, help="d (default 192; the MLP is four times as wide)")
    top.add_argument("--layers", type=int, default=6)
    top.add_argument("--heads", type=int, default=3)
    top.add_argument("--threads", type=int, help="default: torch's choice")
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
    own = [sys.executable, "-m", "benchmarks.images", *without_peers(arguments), "--precision"]
    commands = {**peers, **{f"ViT {precision}": [*own, precision] for precision in options.precision}}
    results = interleave(commands, KEY, options.rounds if peers else 1)
    first = results[f"ViT {options.precision[0]}"][0]
    print(
        f"\n{first['model']}, {first['parameters']:,} parameters, {first['corpus']}, batches of {first['batch']},\n"
        f"{first['mflop_per_image']} MFLOP of matrix products per image, {first['device']}, {first['threads']} threads, "
        f"torch {first['torch']}; images per second:\n"
    )
    print(table(results, KEY, next(iter(peers), None)))
    for rounds in results.values():
        for result in rounds:
            machine.report(result)


if __name__ == "__main__":
    sys.exit(machine.run(main))
