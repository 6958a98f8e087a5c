"""The lines below the table of scores: how well the shown view finds the object, and what hangs on it, beside controls."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LOOKS = {"auroc": "AUROC", "energy_gain": "times chance", "ground_top1": "highest on ground"}
ASKED = {"auroc": "AUROC", "energy": "part of the map on it", "moves": "it minus the other"}
REMOVED = {"deletion": "deletion (less is more)", "insertion": "insertion"}
CELL = 25  # characters
UNMOVED = "This view is the same whatever class is asked for: that it does not move is so by construction."
RIGHT = "  of those classified rightly"


def notes(scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Of every split, with 95 % intervals; nothing of what was not measured, as localisation without masks."""
    lines: list[str] = []
    for split, known in scores.items():
        if "localisation" in known:
            heading = f"Where it looks in {known['looked']:,} images of {split} ({known['view']}):"
            lines += ["", heading, *table(_rows(known["localisation"]), LOOKS)]
        if "asked" in known:
            asked = known["asked"]
            heading = f"Asked for the class of each object in {asked['images']:,} images of {split}, against that object alone:"
            lines += ["", heading, *table(_rows(asked["maps"]), ASKED)]
            lines += [] if asked["class_specific"] else [UNMOVED]
        if "removal" in known:
            removal = known["removal"]
            heading = (
                f"Probability of the predicted class as patches go or come, mean area over {removal['images']:,} images of "
                f"{split}; in their place {removal['instead']}:"
            )
            lines += ["", heading, *table(_rows(removal["maps"]), REMOVED)]
    return lines


def _rows(maps: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Sequence[float]]]:
    """The measures of each map; below the first, the view in question, the same over images that were classified rightly."""
    rows: dict[str, Mapping[str, Sequence[float]]] = {}
    for name, groups in maps.items():
        first = not rows
        rows[name] = groups["all"]
        if first and groups.get("right"):
            rows[RIGHT] = groups["right"]
    return rows


def table(rows: Mapping[str, Mapping[str, Sequence[float]]], headings: Mapping[str, str]) -> Iterator[str]:
    """A heading and a line a row, each measure with its 95 % interval."""
    width = max(map(len, rows))
    yield " " * width + "".join(f"{heading:>{CELL}}" for heading in headings.values())
    for name, found in rows.items():
        yield f"{name:<{width}}" + "".join(f"{_interval(found.get(measure)):>{CELL}}" for measure in headings)


def _interval(values: Sequence[float] | None) -> str:
    return "-" if values is None else f"{values[0]:.3f} ({values[1]:.3f} to {values[2]:.3f})"
