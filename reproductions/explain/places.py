"""Where a Transformer has scaled dot-product attention, and which layers and heads a run has; without torch."""

import re
from typing import Any

from data.errors import UserError
from reproductions.runs import Run

PAPER = "transformer2017"
READS = {
    "encoder": "encoder, source words reading one another",
    "decoder": "decoder, target words reading those before them",
    "source": "decoder, target words reading the source",
}


_HEAD = re.compile(r"L(\d+) H(\d+) shift0")  # a view of one head, read as each word is written


def choose(run: Run, place: str | None, layer: int | None, head: int | None) -> tuple[str, int, int]:
    """The place, layer and head that are asked for, both counted from 1; if none is, the head that aligned best in validation.

    Raises UserError unless the run is a Transformer's and has them.
    """
    if run.paper != PAPER:
        raise UserError(
            f"{run.folder} is a run of {run.paper}; scaled dot-product attention is the Transformer's: name one of {PAPER}."
        )
    chosen = ("encoder" if place is None else place, 1 if layer is None else layer, 1 if head is None else head)
    if place is None and layer is None and head is None:
        views = run.views.get("views", {}).items()
        rates = {match: scores["aer"] for view, scores in views if (match := _HEAD.fullmatch(view))}
        if rates:
            best = min(rates, key=rates.__getitem__)
            chosen = ("source", int(best[1]), int(best[2]))
    for (what, choices), value in zip(choices_of(run).items(), chosen, strict=True):
        if value not in choices:
            raise UserError(f"There is no {what} {value}: choose from {', '.join(map(str, choices))}.")
    return chosen


def choices_of(run: Run) -> dict[str, list[Any]]:
    """The places, layers and heads of a Transformer."""
    network = run.model.get("network", {})
    sizes = {what: [*range(1, network.get(f"{what}s", 1) + 1)] for what in ("layer", "head")}
    return {"place": [*READS], **sizes}
