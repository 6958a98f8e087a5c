"""Classify images with a trained run or with published weights, and draw where it looked."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import UserError
from data.sources.paths import check_writable
from reproductions import runs
from reproductions.commands import weights

if TYPE_CHECKING:
    from reproductions.tasks.images.trained import TrainedClassifier

LIKELIEST = 5  # classes printed per image


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", nargs="+", type=Path)
    parser.add_argument("--run", type=Path, help="folder of a run; default: the newest")
    weights.options(parser, "look with trained weights instead of a run")
    parser.add_argument("--asked", metavar="CLASS", help="draw the evidence for this class; default: the predicted one")
    parser.add_argument(
        "--out", type=Path, help="folder to draw into; default: looked/ in that of the run, or of all runs"
    )


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Print the likeliest classes of each image, and draw its attention at the end and layer by layer.

    Raises UserError if both a run and weights are given, for an unknown class, and, once all other images are drawn, for
    those that cannot be read.
    """
    if options.run is not None and options.weights is not None:
        raise UserError(f"--run {options.run} and --weights {options.weights} are two models: give one of them.")
    weights.check(options.weights, options.heads)
    classifier, folder = _from_run(options) if options.weights is None else _from_weights(options)
    from data.sources.image_files import read_image

    unreadable = []
    for number, path in enumerate(options.image):
        try:
            image = read_image(path)
        except UserError as error:
            unreadable.append(str(error))
            continue
        name = path.stem if len(options.image) == 1 else f"{number:02d}-{path.stem}"
        likely, drawn = _look(classifier, image, path.name, number, options.asked, folder / name)
        sys.stdout.write(f"{path}: {likely}\n" + "".join(f"  {file}\n" for file in drawn))
    if unreadable:
        raise UserError(" ".join(unreadable))
    return 0


def _from_run(options: argparse.Namespace) -> tuple["TrainedClassifier", Path]:
    """The classifier of a run, the newest if no folder is named, and where its pictures go."""
    run = runs.find(task="images") if options.run is None else runs.at(options.run, "images")
    folder = check_writable(options.out or run.folder / "looked")
    from reproductions.tasks.task import restore

    return restore(run), folder


def _from_weights(options: argparse.Namespace) -> tuple["TrainedClassifier", Path]:
    """The classifier of published weights, and where its pictures go."""
    from reproductions.tasks.images.pretrained import pretrained
    from reproductions.vit2021.weights import HUB

    name = options.weights if options.weights.startswith(HUB) else Path(options.weights).stem
    name = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "weights"
    folder = check_writable(options.out or runs.runs_dir() / "looked" / name)
    return pretrained(options.weights, options.heads), folder


def _look(
    classifier: "TrainedClassifier", image: Any, name: str, number: int, asked: str | None, place: Path
) -> tuple[str, list[Path]]:
    """The likeliest classes of an image (a PIL one) in words, and the pictures that were drawn, named after ``place``."""
    from reproductions.evaluation import files, plots
    from reproductions.tasks.images.trained import depth_film

    attended = classifier.look(image, name, number, asked)
    order = attended.probabilities.argsort()[::-1][:LIKELIEST]
    likely = ", ".join(f"{attended.classes[k]} {100 * attended.probabilities[k]:.1f} %" for k in order)
    photo = classifier.photo(image)
    drawn = [files.save(plots.attended(attended, photo), place.with_name(f"{place.name}.png"), photo.dpi)]
    if len(layers := classifier.layers(image)) > 1:
        titles = (attended.model, f"{name} · attention through the layers")
        drawn += depth_film(photo, layers, titles, place)
    return likely, drawn
