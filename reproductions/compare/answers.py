"""What classifiers say of the images of a split, and whether they were asked about the same ones.

N images.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import UserError
from reproductions.compare.contestants import Contestant
from reproductions.evaluation.measures.localisation import MEASURES
from reproductions.evaluation.records.image import AttendedImage

Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class Answers:
    """What a run says of a split.

    Attributes:
        images: (index, name) of each of the N; the class is not theirs alone, for either of two objects is a right answer.
        right: (N), whether the predicted class is the true one.
        looked: (N, 6), the measures of its map, in the order of ``MEASURES``; NaN where it was not looked into.
    """

    images: list[tuple[int, str]]
    right: Rows
    looked: NDArray[np.float64]

    @property
    def measured(self) -> Rows:
        """(N), whether it was looked into, and its object is known."""
        known: Rows = ~np.isnan(self.looked).all(axis=1)
        return known


def answers(one: Contestant, split: str) -> Answers:
    """What a run says of every image of a split; raises UserError if that is not there, or damaged."""
    path = one.tested(split, "answers.jsonl")
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        looked = [[line.get("attention", {}).get(name, np.nan) for name in MEASURES] for line in lines]
        return Answers(
            images=[(line["index"], line["name"]) for line in lines],
            right=np.array([line["label"] == line["predicted"] for line in lines], dtype=bool),
            looked=np.array(looked, dtype=np.float64).reshape(len(lines), len(MEASURES)),
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error}): run `make evaluate RUN={one.folder}`.") from error


def check_same_classes(contestants: Sequence[Contestant], attended: Sequence[Sequence[AttendedImage]]) -> None:
    """Raises UserError unless the records of all runs name the same classes, in one order."""
    known = [records[0].classes if records else () for records in attended]
    for one, classes in zip(contestants[1:], known[1:], strict=True):
        if classes != known[0]:
            other = sorted(set(classes) ^ set(known[0]))
            what = f"such as {', '.join(other[:3])}" if other else "in another order"
            raise UserError(
                f"{contestants[0].folder} and {one.folder} know other classes, {len(known[0])} and {len(classes)}, {what}: "
                "train both on the same images."
            )


def check_same_images(contestants: Sequence[Contestant], said: Sequence[Answers]) -> None:
    """Raises UserError unless all runs were asked about the same images, in one order."""
    first, ours = contestants[0], said[0].images
    for one, its in zip(contestants[1:], said[1:], strict=True):
        for mine, other in zip(ours, its.images, strict=False):
            if mine != other:
                raise UserError(
                    f"{first.folder} and {one.folder} were not tested on the same images: image {mine[0]} is {mine[1]!r} "
                    f"in one, and image {other[0]} {other[1]!r} in the other. Test both alike."
                )
        if len(ours) != len(its.images):
            raise UserError(
                f"{first.folder} was tested on {len(ours):,} images and {one.folder} on {len(its.images):,}: test both alike."
            )
