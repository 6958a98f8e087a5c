"""What ``look`` does: pictures of the user's, classified and drawn."""

import sys
from collections.abc import Sequence
from pathlib import Path

from data.image_files import read_image
from reproductions import runs
from reproductions.evaluation import files, plots
from reproductions.evaluation.image_films import depth_film
from reproductions.tasks import CLASSIFICATION

LIKELIEST = 5  # classes that are printed of an image


def look(images: Sequence[Path], folder: Path | None, asked: str | None, out: Path | None) -> int:
    """Classify images, say the likeliest classes, and draw where the model looked, at the end and layer by layer.

    Raises UserError for what is no readable image, and for a class ``asked`` for that the model does not know.
    """
    run = runs.find(task=CLASSIFICATION) if folder is None else runs.at(folder, CLASSIFICATION)
    classifier = run.restore()
    for number, path in enumerate(images):
        picture = read_image(path)
        attended = classifier.look(picture, path.name, number, asked)
        order = attended.probabilities.argsort()[::-1][:LIKELIEST]
        likely = ", ".join(f"{attended.classes[k]} {100 * attended.probabilities[k]:.1f} %" for k in order)
        name = f"{path.stem}.png" if len(images) == 1 else f"{number:02d}-{path.stem}.png"
        photo = classifier.photo(picture)
        drawn = [files.save(plots.attended(attended, photo), (out or run.folder / "looked") / name, photo.dpi)]
        if len(layers := classifier.layers(picture)) > 1:
            titles = (attended.model, f"{path.name} · attention through the layers")
            drawn += depth_film(photo, layers, titles, drawn[0].with_suffix(""))
        sys.stdout.write(f"{path}: {likely}\n" + "".join(f"  {one}\n" for one in drawn))
    return 0
