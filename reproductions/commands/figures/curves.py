"""The course of a training, for the figures of several papers."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data import stored
from data.errors import UserError
from reproductions.evaluation.plots import Curve
from reproductions.runs import Run

REMEDY = "perhaps it was cut by a full disk: delete that line"


def curves_of(compared: Sequence[Run], measures: Mapping[str, tuple[str, str]]) -> list[Curve]:
    """The scores of every validation of some runs.

    ``measures``: score -> its name in a picture, and its unit; "%" for a fraction. Raises UserError for a run without
    validations, and for a damaged line.
    """
    curves = []
    for run in compared:
        # A run that was killed and resumed repeats the steps since its last checkpoint; averaged weights have no step.
        every = _validations(run.folder / "validation.jsonl")
        lines = {line["step"]: line for line in every if "averaged" not in line}
        for name, (measure, unit) in measures.items():
            scale = 100 if unit == "%" else 1
            points = [(step, scale * line[name]) for step, line in sorted(lines.items()) if line.get(name) is not None]
            if points:
                curves.append(Curve(run.title, measure, unit, *zip(*points, strict=True)))
    return curves


def _validations(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file of scores; raises UserError for a missing file and for a line that is damaged."""
    if not path.is_file():
        raise UserError(f"There is no {path}: the run has not reached a validation yet.")
    for where, line in stored.lines(path, REMEDY):
        stored.check(line, {"step": stored.WHOLE, "*": stored.MEASURE}, where, REMEDY)
        yield line
