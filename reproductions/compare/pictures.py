"""The pictures of a comparison of translators, as files: the same words on the same axes, what differs, and BLEU by length."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reproductions.compare.contestants import Contestant
from reproductions.compare.translators import chosen_sentences, length_curves
from reproductions.evaluation import files, plots
from reproductions.evaluation.records.translation import AlignedTranslation


class Picture(NamedTuple):
    """A file, which sentence or image it shows (None: all), and what a reader sees in it."""

    path: Path
    index: int | None
    caption: str


def total(contestants: Sequence[Contestant], numbers: dict[str, Any]) -> int:
    """How many pictures :func:`draw` gives, if every model has attention."""
    return 1 + sum(bool(one.views) for one in contestants) + 2 * len(numbers["sentences"])


def draw(contestants: Sequence[Contestant], numbers: dict[str, Any], folder: Path) -> Iterator[Picture]:
    """Draw everything; gives each picture as it is written."""
    curves = length_curves(contestants, numbers)
    path = files.save(plots.bleu_by_length(curves), folder / "bleu-by-length.png")
    yield Picture(path, None, "BLEU against the length of the source sentence, with 95 % bootstrap bands")
    for number, one in enumerate(contestants):
        grid = one.folder / "views.png"
        if one.views and grid.is_file():
            path = Path(shutil.copyfile(grid, folder / f"views-{number + 1}.png"))
            yield Picture(path, None, f"{one.name}: alignment error rate of every layer, head and step, in validation")
    split, count = chosen_sentences(numbers["splits"])
    forced = [_by_index(one.forced(split)[:count]) for one in contestants]
    own = [_by_index(one.own(split)[:count]) for one in contestants]
    for sentence in numbers["sentences"]:
        index = sentence["index"]
        yield from _of_sentence(_having(forced, index), _having(own, index), folder, f"{split}-{index}", index)


def _of_sentence(
    forced: Sequence[AlignedTranslation], own: Sequence[AlignedTranslation], folder: Path, name: str, index: int
) -> Iterator[Picture]:
    if len(forced) == 2:
        path = files.save(plots.difference(*forced), folder / f"{name}-same-words.png", dpi=160)
        yield Picture(path, index, "Both models over the reference, on the same axes, and the difference")
    elif forced:
        path = files.save(plots.alignment_strip(forced), folder / f"{name}-same-words.png", dpi=160)
        yield Picture(path, index, "Every model with attention over the reference, on the same axes")
        for number, other in enumerate(forced[1:], start=2):
            path = files.save(plots.difference(forced[0], other), folder / f"{name}-difference-{number}.png", dpi=160)
            yield Picture(path, index, f"{other.model} against {forced[0].model}")
    if own:
        path = files.save(plots.alignment_grid(own), folder / f"{name}-own-words.png", dpi=160)
        yield Picture(path, index, "Each model over its own translation")


def _by_index(records: Sequence[AlignedTranslation]) -> dict[int, AlignedTranslation]:
    return {record.index: record for record in records}


def _having(found: Sequence[dict[int, AlignedTranslation]], index: int) -> list[AlignedTranslation]:
    return [records[index] for records in found if index in records]
