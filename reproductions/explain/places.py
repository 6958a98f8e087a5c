"""Where a Transformer has scaled dot-product attention, and which layers and heads a run has; without torch."""

from typing import Any

from data.errors import UserError
from reproductions.runs import Run

PAPER = "transformer2017"
READS = {
    "encoder": "encoder, source words reading one another",
    "decoder": "decoder, target words reading those before them",
    "source": "decoder, target words reading the source",
}


def check(run: Run, place: str, layer: int, head: int) -> None:
    """Raise UserError unless the run is a Transformer's and has this place, layer and head; both count from 1."""
    if run.paper != PAPER:
        raise UserError(
            f"{run.folder} is a run of {run.paper}; scaled dot-product attention is the Transformer's: name one of {PAPER}."
        )
    for (what, choices), value in zip(choices_of(run).items(), (place, layer, head), strict=True):
        if value not in choices:
            raise UserError(f"There is no {what} {value}: choose from {', '.join(map(str, choices))}.")


def choices_of(run: Run) -> dict[str, list[Any]]:
    """The places, layers and heads of a Transformer."""
    network = run.model.get("network", {})
    sizes = {what: [*range(1, network.get(f"{what}s", 1) + 1)] for what in ("layer", "head")}
    return {"place": [*READS], **sizes}
