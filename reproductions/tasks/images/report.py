"""The lines below the table of scores: how well the shown view finds the object, and what hangs on it, beside controls."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LOOKS = {"auroc": "AUROC", "energy_gain": "times chance", "ground_top1": "highest on ground"}
ASKED = {"auroc": "AUROC", "energy": "part of the map on it", "moves": "it minus the other"}
GROUNDS = {
    "same_answer": "same answer",
    "change": "its logit",
    "moved": "without sign",
    "correlation": "correlation of maps",
}
REMOVED = {"deletion": "deletion (less is more)", "insertion": "insertion"}
LESS = ("ground_top1", "deletion")  # the lower, the better
CELL = 26  # characters
RIGHT = "  classified rightly"
MARKS = "+ the first map is better than this one beyond the 95 % interval of their difference, - worse, = neither."
UNMOVED = "This view is the same whatever class is asked for: that it does not move is so by construction."
ENDS = 6  # heads that are printed, of many: the best and the worst

Scores = Mapping[str, Any]
Rows = Mapping[str, Mapping[str, Sequence[float]]]


def notes(scores: Mapping[str, Scores]) -> list[str]:
    """Of every split, with 95 % intervals; nothing of what was not measured, as localisation without masks."""
    lines: list[str] = []
    first = next(iter(scores), "")
    for split, known in scores.items():
        for name, part in PARTS.items():
            if name in known and (name != "heads" or split == first):
                lines += ["", *part(split, known)]
    return lines


def _looks(split: str, known: Scores) -> Iterator[str]:
    yield (
        f"Where it looks in {known['looked']:,} images of {split}, of which {known['looked_right']:,} are classified rightly "
        f"({known['view']}):"
    )
    yield from _compared(known["localisation"], LOOKS)


def _heads(split: str, known: Scores) -> Iterator[str]:
    rows = {_head(view): groups["all"] for view, groups in known["heads"].items()}
    ranked = sorted(rows, key=lambda name: rows[name]["auroc"][0], reverse=True)
    few = len(rows) <= 2 * ENDS
    of = "each head" if few else f"the {ENDS} best and the {ENDS} worst of {len(rows)} heads"
    yield f"The class token's weights in {of}, over the same images (evaluation/{split}/views.png has all):"
    yield from table({name: rows[name] for name in (rows if few else [*ranked[:ENDS], *ranked[-ENDS:]])}, LOOKS)


def _head(view: str) -> str:
    """ "cls L2 H1" -> "layer 2 head 1"."""
    _, layer, head = view.split()
    return f"layer {layer[1:]} head {head[1:]}"


def _asked(split: str, known: Scores) -> Iterator[str]:
    asked = known["asked"]
    yield f"Asked for the class of each object in {asked['images']:,} images of {split}, against that object alone:"
    yield from _compared(asked["maps"], ASKED)
    if not asked["class_specific"]:
        yield UNMOVED


def _grounds(split: str, known: Scores) -> Iterator[str]:
    grounds = known["grounds"]
    lead = next(iter(grounds["maps"].values()))["all"]["lead"][0]
    yield (
        f"The same objects on another ground, {grounds['images']:,} images of {split}; before, the predicted class leads by a "
        f"logit of {lead:.1f}:"
    )
    yield from _compared(grounds["maps"], GROUNDS)


def _removed(split: str, known: Scores) -> Iterator[str]:
    removal = known["removal"]
    yield (
        f"Probability of the predicted class as patches go or come, mean area over {removal['images']:,} images of "
        f"{split}; in their place {removal['instead']}:"
    )
    yield from _compared(removal["maps"], REMOVED)


PARTS = {"localisation": _looks, "heads": _heads, "asked": _asked, "grounds": _grounds, "removal": _removed}


def _compared(maps: Mapping[str, Scores], headings: Mapping[str, str]) -> Iterator[str]:
    """Each map over all images and over those that were classified rightly, marked by how the first compares with it."""
    rows: dict[str, list[str]] = {}
    marked = False
    for name, groups in maps.items():
        for group, label in (("all", name), ("right", RIGHT)):
            if groups.get(group):
                differences = groups.get(f"first minus this, {group}", {})
                marks = [_mark(measure, differences.get(measure)) for measure in headings]
                marked = marked or any(mark != " " for mark in marks)
                cells = [_interval(groups[group].get(measure)) for measure in headings]
                rows[f"{name}/{group}"] = [label, *(f"{c} {m}" for c, m in zip(cells, marks, strict=True))]
    width = max(len(label) for label, *_ in rows.values())
    yield " " * width + "".join(f"{heading:>{CELL}}  " for heading in headings.values()).rstrip()
    for label, *cells in rows.values():
        yield f"{label:<{width}}" + "".join(f"{cell:>{CELL + 2}}" for cell in cells).rstrip()
    if marked:
        yield MARKS


def _mark(measure: str, difference: Sequence[float] | None) -> str:
    """Whether the first map is better, worse, or neither; of its difference, low and high."""
    if difference is None:
        return " "
    _, low, high, *_ = difference
    above, below = ("-", "+") if measure in LESS else ("+", "-")
    return above if low > 0 else below if high < 0 else "="


def table(rows: Rows, headings: Mapping[str, str]) -> Iterator[str]:
    """A heading and a line a row, each measure with its 95 % interval."""
    width = max(map(len, rows))
    yield " " * width + "".join(f"{heading:>{CELL}}" for heading in headings.values())
    for name, found in rows.items():
        yield f"{name:<{width}}" + "".join(f"{_interval(found.get(measure)):>{CELL}}" for measure in headings)


def _interval(values: Sequence[float] | None) -> str:
    return "-" if values is None else f"{values[0]:.3f} ({values[1]:.3f} to {values[2]:.3f})"
