"""How fast a Vision Transformer trains, and how close it comes to the limit of the machine's matrix products.

    python -m benchmarks.images
    python -m benchmarks.images --peer "name=command ..." --rounds 3

Training runs through Lightning, as in ``make train-vit``, on shifted and flipped images of 32 x 32 pixels in patches of 4:
CIFAR-10 if it is in the data directory, the embedded shapes otherwise. Each precision is measured in its own process. Ends
with a table, and one line ``RESULT {json}`` per measurement.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import lightning.pytorch as pl

from benchmarks import clock, machine, models
from data.images import ImageData
from data.sources.download import data_dir
from reproductions.vit2021.training import Network, Recipe, ViT2021

KEY = "images_per_s"
SIZE, PATCH, CHANNELS = 32, 4, 3
HEADING = (
    "{model}, {parameters:,} parameters, {corpus}, batches of {batch},\n{mflop_per_image} MFLOP of matrix products per image, "
    "{device}, {threads} threads, torch {torch}; images per second:"
)
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


def measure(options: argparse.Namespace, precision: str) -> dict[str, Any]:
    """One measurement, in this process."""
    machine.use_threads(options.threads)
    pl.seed_everything(1, verbose=False)
    corpus = options.corpus or ("cifar10" if (data_dir() / "cifar10").is_dir() else "shapes")
    data = ImageData(corpus, SIZE, images=options.images, batch_images=options.batch, shift=PATCH, flip=True)
    network = Network(SIZE, PATCH, CHANNELS, options.layers, options.width, 4 * options.width, options.heads)
    module = ViT2021(len(data.classes), network, RECIPE)
    models.compile_steps(module.model, options.compile)
    until = clock.Clock(options.seconds, options.intervals, precision)
    clock.trainer(until).fit(module, datamodule=data)
    operations = flop(network, len(data.classes))
    more = {
        "benchmark": "images",
        "corpus": corpus,
        "batch": options.batch,
        "mflop_per_image": round(operations / 1e6, 1),
    }
    return more | clock.figures(module, until, KEY, operations)


def parser() -> argparse.ArgumentParser:
    top = clock.parser("images", __doc__)
    top.add_argument("--corpus", help="shapes, cifar10 or a folder (default: cifar10 if it is there)")
    top.add_argument("--images", type=int, default=5_000, help="training images to draw from (default 5,000)")
    top.add_argument("--batch", type=int, default=128, help="images per update (default 128)")
    top.add_argument("--width", type=int, default=192, help="d (default 192; the MLP is four times as wide)")
    top.add_argument("--layers", type=int, default=6)
    top.add_argument("--heads", type=int, default=3)
    models.add_machine(top)
    return top


def main(arguments: Sequence[str]) -> None:
    options = parser().parse_args(arguments)
    clock.run("images", options, arguments, measure, KEY, "ViT", HEADING)


if __name__ == "__main__":
    sys.exit(machine.run(main))
