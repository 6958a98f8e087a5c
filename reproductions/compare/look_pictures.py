"""The pictures of a comparison of classifiers, as files: the same images, map beside map, and all measures beside controls."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from reproductions.compare.classifiers import strips
from reproductions.compare.contestants import Contestant
from reproductions.compare.pictures import Picture
from reproductions.evaluation import files, plots

# Pictures that each run has drawn of the split -> what a reader sees in them.
COPIED = {
    "removal": "the probability of the predicted class as patches go or come in the order of the map, and of controls",
    "confusion": "which classes it takes for which, and whether its probabilities hold",
}


def total(contestants: Sequence[Contestant], numbers: dict[str, Any]) -> int:
    """How many pictures :func:`draw` gives, if the images have masks."""
    return 1 + len(COPIED) * len(contestants) + len(numbers["shown"])


def draw(contestants: Sequence[Contestant], numbers: dict[str, Any], folder: Path) -> Iterator[Picture]:
    """Draw everything, each drawing as PNG and as PDF; gives each picture as it is written."""
    test = numbers["test"]
    if all("auroc" in run["looks"]["all"] for run in numbers["runs"]):
        note = f"{numbers['looked']['all']:,} images, {numbers['looked']['right']:,} of them classified rightly by every model."
        title, right = f"Where they look · {test}", "those that every model classifies rightly"
        figure = plots.beside_controls(numbers["maps"], title, note, len(contestants), right)
        caption = "How well each model's map finds the object, beside controls, with 95 % bootstrap intervals"
        yield Picture(_save(figure, folder / "looks.png"), None, caption)
    for name, words in COPIED.items():
        for number, one in enumerate(contestants, start=1):
            drawn = one.folder / "evaluation" / test / f"{name}.png"
            if drawn.is_file():
                folder.mkdir(parents=True, exist_ok=True)
                path = Path(shutil.copyfile(drawn, folder / f"{name}-{number}.png"))
                yield Picture(path, None, f"{one.name}: {words}")
    steps = [one.scores[test]["step"] for one in contestants]
    names = [f"{one.name}, step {step:,}" for one, step in zip(contestants, steps, strict=True)]
    for index, together in strips(contestants, [one.attended(test) for one in contestants]):
        named = [replace(record, model=name) for record, name in zip(together, names, strict=True)]
        path = _save(plots.attended_strip(named), folder / f"{test}-{index}.png")
        yield Picture(path, index, "The image, and where each model looked in it")


def _save(figure: Figure, path: Path) -> Path:
    """For a paper, too."""
    files.save(figure, path.with_suffix(".pdf"))
    return files.save(figure, path, dpi=160)
