"""The numbers of a training through its steps, as lines of a picture."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from data import stored
from reproductions.reports import fixed
from reproductions.runs import Run

WIDE, HIGH = 300, 100  # of a picture, in its own units


class Line(NamedTuple):
    """A number through training. x and y of a point: in the box of its picture, from the top left."""

    name: str
    points: Sequence[tuple[float, float, str]]  # x, y, and step and value in words
    low: str
    high: str
    last: str
    steps: int


def lines(run: Run, columns: Mapping[str, tuple[str, int]]) -> Iterator[Line]:
    """The loss of the training, and each score of the validations, through the steps.

    ``columns``: score -> heading and digits; % shows fractions times 100.
    """
    validations, losses = run.validations, _losses(run)
    steps = max([step for step, _ in losses[-1:]] + [line["step"] for line in validations[-1:]], default=0)
    if len(losses) > 1:
        yield _line("training loss", losses, steps, 3)
    for name, (heading, digits) in columns.items():
        key, scale = f"valid/{name}", 100 if heading.endswith("%") else 1
        points = [(line["step"], scale * line[key]) for line in validations if line.get(key) is not None]
        if len(points) > 1:
            yield _line(f"validation {heading}", points, steps, digits)


def _losses(run: Run) -> list[tuple[int, float]]:
    """The loss at every step that was logged; a continued run has a file for each of its parts."""
    losses: dict[int, float] = {}
    for path in sorted((run.folder / "metrics").glob("fit-*/metrics.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            try:
                losses |= {
                    int(row["step"]): float(row["train/loss"]) for row in csv.DictReader(file) if row.get("train/loss")
                }
            except (ValueError, KeyError) as error:
                raise stored.damaged(path, error, "remove it") from error
    return sorted(losses.items())


def _line(name: str, points: Sequence[tuple[int, float]], steps: int, digits: int) -> Line:
    values = [value for _, value in points]
    low, high = min(values), max(values)
    places = [
        (
            round(WIDE * step / (steps or 1), 1),
            round(HIGH * (high - value) / ((high - low) or 1), 1),
            f"step {step:,}: {fixed(value, digits)}",
        )
        for step, value in points
    ]
    return Line(name, places, fixed(low, digits), fixed(high, digits), fixed(values[-1], digits), steps)
