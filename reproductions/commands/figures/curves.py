"""The course of a training, for the figures of several papers."""

from collections.abc import Mapping, Sequence

from data.errors import UserError
from reproductions.evaluation.plots import Curve
from reproductions.runs import VALIDATIONS, Run


def curves_of(compared: Sequence[Run], measures: Mapping[str, tuple[str, str]]) -> list[Curve]:
    """The scores of every validation of some runs.

    ``measures``: score -> its name in a picture, and its unit; "%" for a fraction. Raises UserError for a run without
    validations, and for a damaged line.
    """
    curves = []
    for run in compared:
        if not (validations := run.validations):
            raise UserError(f"There is no {run.folder / VALIDATIONS}: the run has not reached a validation yet.")
        for name, (measure, unit) in measures.items():
            scale = 100 if unit == "%" else 1
            points = [(line["step"], scale * line[name]) for line in validations if line.get(name) is not None]
            if points:
                curves.append(Curve(run.title, measure, unit, *zip(*points, strict=True)))
    return curves
