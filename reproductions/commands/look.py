"""What ``look`` does: pictures of the user's, classified and drawn; by a trained run, or by published weights."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from data.errors import UserError
from data.sources.image_files import read_image
from reproductions import runs
from reproductions.evaluation import files, plots
from reproductions.tasks.images.films import depth_film
from reproductions.tasks.images.pretrained import pretrained
from reproductions.tasks.task import restore
from reproductions.vit2021.weights import HUB

LIKELIEST = 5  # classes that are printed of an image


def look(  # noqa: PLR0913 - what the command line takes
    images: Sequence[Path],
    folder: Path | None,
    weights: str | None,
    heads: int | None,
    asked: str | None,
    out: Path | None,
) -> int:
    """Classify images, say the likeliest classes, and draw where the model looked, at the end and layer by layer.

    The model is that of the run in ``folder``, else that of published ``weights``, else the newest run's. ``heads`` of the
    weights; None for those of the published ViT of their width.

    Raises UserError for both of them, for a class ``asked`` for that the model does not know, and, when all others are
    drawn, for what is no readable image.
    """
    if folder is not None and weights is not None:
        raise UserError(f"--run {folder} and --weights {weights} are two models: give one of them.")
    if heads is not None and weights is None:
        raise UserError(f"--heads {heads} is of trained weights: name them with --weights.")
    if weights is None:
        run = runs.find(task="images") if folder is None else runs.at(folder, "images")
        classifier, place = restore(run), run.folder / "looked"
    else:
        classifier, place = pretrained(weights, heads), runs.runs_dir() / "looked" / _file_name(weights)
    unreadable = []
    for number, path in enumerate(images):
        try:
            picture = read_image(path)
        except UserError as error:
            unreadable.append(str(error))
            continue
        attended = classifier.look(picture, path.name, number, asked)
        order = attended.probabilities.argsort()[::-1][:LIKELIEST]
        likely = ", ".join(f"{attended.classes[k]} {100 * attended.probabilities[k]:.1f} %" for k in order)
        name = f"{path.stem}.png" if len(images) == 1 else f"{number:02d}-{path.stem}.png"
        photo = classifier.photo(picture)
        drawn = [files.save(plots.attended(attended, photo), (out or place) / name, photo.dpi)]
        if len(layers := classifier.layers(picture)) > 1:
            titles = (attended.model, f"{path.name} · attention through the layers")
            drawn += depth_film(photo, layers, titles, drawn[0].with_suffix(""))
        sys.stdout.write(f"{path}: {likely}\n" + "".join(f"  {one}\n" for one in drawn))
    if unreadable:
        raise UserError(" ".join(unreadable))
    return 0


def _file_name(weights: str) -> str:
    """A folder's name for the pictures of some weights."""
    name = weights if weights.startswith(HUB) else Path(weights).stem
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "weights"
