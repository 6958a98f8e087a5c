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
NETWORK = Network(SIZE, PATCH, CHANNELS, layers=6, d=192, d_mlp=768, heads=3)
MINIATURE = Network(SIZE, PATCH, CHANNELS, layers=1, d=12, d_mlp=48, heads=3)
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
    pl.seed_everything(1, verbose=False)
    corpus = "cifar10" if (data_dir() / "cifar10").is_dir() else "shapes"
    images, batch = (20, 4) if options.miniature else (5_000, 128)
    data = ImageData(corpus, SIZE, images=images, batch_images=batch, shift=PATCH, flip=True)
    network = MINIATURE if options.miniature else NETWORK
    module = ViT2021(len(data.classes), network, RECIPE)
    models.compile_steps(module.model, options.compile)  # type: ignore[arg-type]
    until = clock.of(options, precision)
    clock.trainer(until).fit(module, datamodule=data)
    operations = flop(network, len(data.classes))
    more = {
        "benchmark": "images",
        "corpus": corpus,
        "batch": data.batch_images,
        "mflop_per_image": round(operations / 1e6, 1),
    }
    return more | clock.figures(module, until, KEY, operations)


def parser() -> argparse.ArgumentParser:
    return clock.parser("images", __doc__, models.add_options)


def main(arguments: Sequence[str]) -> None:
    clock.run("images", parser().parse_args(arguments), arguments, measure, KEY, HEADING)


if __name__ == "__main__":
    sys.exit(machine.run(main))
