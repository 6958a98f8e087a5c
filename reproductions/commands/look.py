"""Classify images with a trained run or with published weights, and draw where it looked."""

import argparse
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import UserError
from data.sources.paths import check_writable, place
from reproductions import released, runs
from reproductions.commands import weights
from reproductions.vit2021 import NAMED

if TYPE_CHECKING:
    from reproductions.tasks.images.trained import TrainedClassifier

LIKELIEST = 5  # classes printed per image
LISTED = 20  # a network of more classes does not list them
log = logging.getLogger(__name__)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", nargs="+", type=place)
    parser.add_argument("--run", help=released.GIVEN)
    weights.options(parser, "look with trained weights instead of a run")
    parser.add_argument("--asked", metavar="CLASS", help="draw the evidence for this class; default: the predicted one")
    parser.add_argument(
        "--out", type=place, help="folder to draw into; default: looked/ in that of the run, or of all runs"
    )


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Print the likeliest classes of each image, and draw its attention at the end and layer by layer.

    Raises UserError if both a run and weights are given, for an unknown class, and, once all other images are drawn, for
    those that cannot be read.
    """
    if options.run is not None and options.weights is not None:
        raise UserError(f"--run {options.run} and --weights {options.weights} are two models: give one of them.")
    trained = weights.given(options)
    run = None
    if trained is None:
        run = released.chosen(options.run, task="images")
    folder = check_writable(options.out or _folder(run, options.weights))
    unreadable: list[str] = []
    images = _readable(options.image, unreadable)
    first = next(images, None)  # before the classifier, which takes seconds to import
    if first is None:
        raise UserError(" ".join(unreadable))
    classifier: TrainedClassifier
    if trained is not None:
        from reproductions.tasks.images.pretrained import pretrained

        classifier = pretrained(*trained)
    else:
        from reproductions.tasks.task import restore

        assert run is not None, "without weights there is a run"
        classifier = restore(run)
        if len(known := classifier.preprocessing.classes) <= LISTED:
            log.info(
                "This network knows %s and nothing else; for photos: WEIGHTS=torchvision:vit_b_16.", ", ".join(known)
            )
    for number, path, image in chain([first], images):
        name = path.stem if len(options.image) == 1 else f"{number:02d}-{path.stem}"
        likely, drawn = _look(classifier, image, path.name, number, options.asked, folder / name)
        sys.stdout.write(f"{path}: {likely}\n" + "".join(f"  {file}\n" for file in drawn))
    if unreadable:
        raise UserError(" ".join(unreadable))
    return 0


def _readable(paths: Sequence[Path], unreadable: list[str]) -> Iterator[tuple[int, Path, Any]]:
    """Number, path and content of each image that can be read; ``unreadable`` gets what is wrong with the others."""
    from data.sources.image_files import read_image

    for number, path in enumerate(paths):
        try:
            image = read_image(path)
        except UserError as error:
            unreadable.append(str(error))
            continue
        yield number, path, image


def _folder(run: runs.Run | None, source: str) -> Path:
    """Where pictures go if nobody says where: into the run, or for published weights into that of all runs."""
    if run is not None:
        return run.folder / "looked"
    name = source if source.startswith(NAMED) else Path(source).stem
    return runs.runs_dir() / "looked" / (re.sub(r"[^\w.-]+", "-", name).strip("-.") or "weights")


def _look(
    classifier: "TrainedClassifier", image: Any, name: str, number: int, asked: str | None, place: Path
) -> tuple[str, list[Path]]:
    """The likeliest classes of an image (a PIL one) in words, and the pictures that were drawn, named after ``place``."""
    from reproductions.evaluation import files, plots
    from reproductions.tasks.images.trained import depth_film

    attended = classifier.look(image, name, number, asked)
    order = attended.probabilities.argsort()[::-1][:LIKELIEST]
    answers = [f"{attended.classes[k]} {100 * attended.probabilities[k]:.1f} %" for k in order]
    likely = ", ".join(answers) if len(answers) > 1 else attended.classes[0]
    photo = classifier.photo(image)
    drawn = [files.save(plots.attended(attended, photo), place.with_name(f"{place.name}.png"), photo.dpi)]
    if len(layers := classifier.layers(image)) > 1:
        titles = (attended.model, f"{name} · attention through the layers")
        drawn += depth_film(photo, layers, titles, place)
    return likely, drawn
