"""What a report says of a classifier: how well the shown view finds the object, and what depends on it, beside controls."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reproductions.tasks.report import CELL, interval, of_examples, table

# Measures of each part -> their headings.
LOCALISATION = {"auroc": "AUROC", "energy_gain": "times chance", "ground_top1": "highest on ground"}
ASKED = {"auroc": "AUROC", "energy": "part of the map on it", "moves": "it minus the other"}
GROUNDS = {
    "same_answer": "same answer",
    "change": "its logit",
    "moved": "without sign",
    "correlation": "correlation of maps",
}
REMOVAL = {"deletion": "deletion (less is more)", "insertion": "insertion"}
LESS = ("ground_top1", "deletion")  # the lower, the better
RIGHT = "  correctly classified"
MARKS = "+ the first map is better than this one beyond the 95 % interval of their difference, - worse, = neither."
UNMOVED = "This view does not depend on the class: it cannot move."
ENDS = 6  # heads that are printed, of many: the best and the worst

Scores = Mapping[str, Any]


def learned(scores: Scores) -> str:
    """How many images of a split it classifies correctly, and whether it looks at the object."""
    text = f"classifies {100 * scores['accuracy']:.1f} % of {of_examples(scores, 'images')} correctly."
    if "attention/auroc" in scores:  # the images have masks
        text += f" It looks at the object {scores['attention/energy_gain']:.1f} times as much as chance "
        text += f"(AUROC {scores['attention/auroc']:.3f})."
    return text


def notes(results: Mapping[str, Scores]) -> list[str]:
    """Lines of every split, with 95 % intervals, about what was measured."""
    lines: list[str] = []
    first = next(iter(results), "")
    for split, result in results.items():
        for name, part in PARTS.items():
            if name in result and (name != "heads" or split == first):
                lines += ["", *part(split, result)]
    return lines


def _localisation(split: str, result: Scores) -> Iterator[str]:
    yield (
        f"Where it looks in {result['looked']:,} images of {split}, {result['looked_right']:,} of them correctly classified "
        f"({result['view']}):"
    )
    yield from _compared(result["localisation"], LOCALISATION)


def _heads(split: str, result: Scores) -> Iterator[str]:
    rows = {_head(view): groups["all"] for view, groups in result["heads"].items()}
    ranked = sorted(rows, key=lambda name: rows[name]["auroc"][0], reverse=True)
    few = len(rows) <= 2 * ENDS
    which = "each head" if few else f"the {ENDS} best and the {ENDS} worst of {len(rows)} heads"
    yield f"The class token's weights in {which}, over the same images (evaluation/{split}/views.png has all):"
    printed = rows if few else [*ranked[:ENDS], *ranked[-ENDS:]]
    yield from table({name: rows[name] for name in printed}, LOCALISATION)


def _head(view: str) -> str:
    """ "cls L2 H1" -> "layer 2 head 1"."""
    _, layer, head = view.split()
    return f"layer {layer[1:]} head {head[1:]}"


def _asked(split: str, result: Scores) -> Iterator[str]:
    asked = result["asked"]
    yield f"Asked for the class of each object in {asked['images']:,} images of {split}, against that object alone:"
    yield from _compared(asked["maps"], ASKED)
    if not asked["class_specific"]:
        yield UNMOVED


def _grounds(split: str, result: Scores) -> Iterator[str]:
    grounds = result["grounds"]
    lead = next(iter(grounds["maps"].values()))["all"]["lead"][0]
    yield (
        f"The same objects on another ground, {grounds['images']:,} images of {split}; before, the predicted class leads by a "
        f"logit of {lead:.1f}:"
    )
    yield from _compared(grounds["maps"], GROUNDS)


def _removal(split: str, result: Scores) -> Iterator[str]:
    removal = result["removal"]
    yield (
        f"Probability of the predicted class as patches go or come, mean area over {removal['images']:,} images of "
        f"{split}; in their place {removal['instead']}:"
    )
    yield from _compared(removal["maps"], REMOVAL)


PARTS = {"localisation": _localisation, "heads": _heads, "asked": _asked, "grounds": _grounds, "removal": _removal}


def _compared(maps: Mapping[str, Scores], headings: Mapping[str, str]) -> Iterator[str]:
    """Each map over all images and over the correctly classified ones, marked by its comparison with the first."""
    rows: list[tuple[str, list[str]]] = []
    marked = False
    for name, groups in maps.items():
        for group, label in (("all", name), ("right", RIGHT)):
            if groups.get(group):
                differences = groups.get(f"first minus this, {group}", {})
                marks = [_mark(measure, differences.get(measure)) for measure in headings]
                marked = marked or any(mark != " " for mark in marks)
                values = [interval(groups[group].get(measure)) for measure in headings]
                rows.append((label, [f"{value} {mark}" for value, mark in zip(values, marks, strict=True)]))
    width = max(len(label) for label, _ in rows)
    yield " " * width + "".join(f"{heading:>{CELL}}  " for heading in headings.values()).rstrip()
    for label, cells in rows:
        yield f"{label:<{width}}" + "".join(f"{cell:>{CELL + 2}}" for cell in cells).rstrip()
    if marked:
        yield MARKS


def _mark(measure: str, difference: Sequence[float] | None) -> str:
    """Whether the first map is better, worse, or neither, by the interval of the difference."""
    if difference is None:
        return " "
    _, low, high, *_ = difference
    above, below = ("-", "+") if measure in LESS else ("+", "-")
    return above if low > 0 else below if high < 0 else "="
