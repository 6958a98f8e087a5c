"""What a report says of a classifier: how well the shown view finds the object, and what depends on it, beside controls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from data import stored
from data.stored import MEASURE, TEXT, WHOLE
from reproductions.evaluation.views.image import CHOSEN_BY, CONTROL
from reproductions.reports import Picture, Section, fixed, percent
from reproductions.runs import SCORES, Run
from reproductions.tasks.report.parts import Example, among, interval, of_examples

KIND, ANSWERS, TOKENIZER = "images", "answers.jsonl", None
COLUMNS = {"accuracy": ("accuracy %", 1), "loss": ("cross-entropy", 3), "calibration_error": ("calibration error", 3)}
PICTURES = {"": "The shown map", "-layers": "Layer by layer", "-heads": "Every head"}
READING = (
    "The map gives each patch a share; the white line encloses the fewest patches that hold 60 % of it, and the dashed line is "
    "the edge of the object, where the corpus knows it. A large weight says where a model looked, not why it answered as it did."
)
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
MARKS = "+ the first map is better than this one beyond the 95 % interval of their difference, − worse, = neither."
UNMOVED = "This view does not depend on the class: it cannot move."
GROUPS = {"all": "", "right": "only correctly classified"}  # of images -> what a row of them is called
DIFFERENCE = "first minus this, {}"  # of a group: how far the first map is from another
MAPS: dict[str, Any] = {
    "*": {f"{name}?": {"*": [MEASURE]} for group in GROUPS for name in (group, DIFFERENCE.format(group))}
}
# What is read of the scores of a split.
READ: dict[str, Any] = {
    "looked": WHOLE,
    "looked_right": WHOLE,
    "view": TEXT,
    "localisation?": MAPS,
    "asked?": {"images": WHOLE, "class_specific": (bool,), "maps": MAPS},
    "grounds?": {"images": WHOLE, "maps": MAPS},
    "removal?": {"images": WHOLE, "instead": TEXT, "maps": MAPS},
}

Scores = Mapping[str, Any]


def learned(scores: Scores) -> str:
    """How many images of a split it classifies correctly, and whether it looks at the object."""
    text = f"classifies {percent(scores.get('accuracy'))} % of {of_examples(scores, KIND)} correctly."
    if scores.get("attention/auroc") is not None:  # the images have masks
        text += f" It looks at the object {fixed(scores.get('attention/energy_gain'))} times as much as chance "
        text += f"(AUROC {fixed(scores['attention/auroc'], 3)})."
    return text


def example(where: str, line: Mapping[str, Any]) -> Example:
    """An image with the model's answer."""
    stored.check(line, {"name": TEXT, "label": TEXT, "predicted": TEXT, "probability": MEASURE}, where)
    right = line["label"] == line["predicted"]
    answer = f"{line['predicted']}, {percent(line['probability'], 0)} %"
    return Example(
        line["name"], {"predicted": answer if right else f"{answer}: wrong, it is {line['label']}"}, right=right
    )


def chosen(views: Mapping[str, Any]) -> str:
    """How the view was chosen among all layers, heads and kinds."""
    rates = [scores.get(CHOSEN_BY, 0.0) for view, scores in views["views"].items() if view != CONTROL]
    if len(rates) == 1:
        return f"the model has no other; {views['by']}: {rates[0]:.3f}"
    return f"the best of {len(rates)} layers, heads and kinds on validation data, by {views['by']}. That is " + among(
        sorted(rates, reverse=True), 3
    )


def sections(run: Run) -> Iterator[Section]:
    """Where it looks and what depends on it, part by part, in every split in which that was measured."""
    results = run.scores
    for name, part in PARTS.items():
        measured = [split for split, scores in results.items() if name in scores]
        for split in measured[: 1 if name == "heads" else None]:
            stored.check(results[split], READ, run.folder / SCORES)
            section = part(results[split])
            drawn = {run.evaluation(split, f"{file}.png"): caption for file, caption in DRAWN.get(name, {}).items()}
            pictures = [Picture(path, None, caption) for path, caption in drawn.items() if path.is_file()]
            title = f"{section.title}: {split}" if len(measured) > 1 else section.title
            folded = name != "localisation" or split != measured[0]
            yield replace(section, title=title, pictures=pictures, folded=folded)


def _localisation(scores: Scores) -> Section:
    text = (
        f"In {scores['looked']:,} images, {scores['looked_right']:,} of them correctly classified ({scores['view']}):"
    )
    return _compared("Where it looks", [text], scores["localisation"], LOCALISATION)


def _asked(scores: Scores) -> Section:
    asked = scores["asked"]
    text = f"Asked for the class of each object in {asked['images']:,} images, against that object alone:"
    more = [] if asked["class_specific"] else [UNMOVED]
    return _compared("Asked for one of two objects", [text, *more], asked["maps"], ASKED)


def _grounds(scores: Scores) -> Section:
    grounds = scores["grounds"]
    lead = next(iter(grounds["maps"].values()))["all"]["lead"][0]
    text = f"{grounds['images']:,} images; before, the predicted class leads by a logit of {fixed(lead)}. What changes:"
    return _compared("The same objects on another ground", [text], grounds["maps"], GROUNDS)


def _removal(scores: Scores) -> Section:
    removal = scores["removal"]
    text = (
        f"Probability of the predicted class as patches go or come, mean area over {removal['images']:,} images; "
        f"in their place {removal['instead']}:"
    )
    return _compared("What the answer depends on", [text], removal["maps"], REMOVAL)


# Name in scores.json -> its part of the report.
PARTS = {
    "localisation": _localisation,
    "heads": lambda _: Section("Which heads look there"),
    "asked": _asked,
    "grounds": _grounds,
    "removal": _removal,
    "confusion": lambda _: Section("Mistakes"),
}
# Name in scores.json -> pictures of the split.
DRAWN = {
    "localisation": {"localisation": "The shown map beside its controls"},
    "heads": {"views": "Every layer, head and kind of map"},
    "removal": {"removal": "As patches are removed, or put back, in the order of a map"},
    "confusion": {"confusion": "Which classes it mistakes for which, and how well its probabilities are calibrated"},
}


def _compared(title: str, text: Sequence[str], maps: Mapping[str, Scores], headings: Mapping[str, str]) -> Section:
    """A row for each map over all images and over the correctly classified ones, marked by its comparison with the first."""
    rows = []
    for name, groups in maps.items():
        for group, label in GROUPS.items():
            if groups.get(group):
                differences = groups.get(DIFFERENCE.format(group), {})
                cells = [interval(groups[group].get(measure)) + _mark(measure, differences) for measure in headings]
                rows.append([label or name, *cells])
    note = f"In parentheses: 95 % bootstrap interval. {MARKS}"
    return Section(title, text, ["", *headings.values()], rows, note)


def _mark(measure: str, differences: Mapping[str, Sequence[float]]) -> str:
    """Whether the first map is better, worse, or neither, by the interval of the difference."""
    if measure not in differences:
        return ""
    _, low, high, *_ = differences[measure]
    above, below = ("−", "+") if measure in LESS else ("+", "−")
    return f" {above}" if low > 0 else f" {below}" if high < 0 else " ="
