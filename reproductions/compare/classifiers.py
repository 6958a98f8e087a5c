"""Classifiers over the same images: accuracy, where each model looks beside controls, and the significance of both.

N images of the test split.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from data import stored
from data.errors import UserError
from data.stored import MEASURE, TEXT, WHOLE
from reproductions.compare.comparison import (
    Comparison,
    Difference,
    Drawing,
    as_numbers,
    check_same,
    common_splits,
    comparable,
    described,
    in_words,
)
from reproductions.evaluation import plots
from reproductions.evaluation.arrays import Bools, Doubles
from reproductions.evaluation.measures import bootstrap
from reproductions.evaluation.measures.bootstrap import counted, mean_of_sums, paired_bootstrap
from reproductions.evaluation.measures.localisation import MEASURES, against, intervals, measured
from reproductions.evaluation.records.image import AttendedImage
from reproductions.evaluation.views.image import CHOSEN_BY, CONTROL
from reproductions.runs import Run

SAME = ("corpus", "size", "fit")  # settings of the data that runs must share
# What is read of the scores of a split, and of an answer.
SCORES = {"calibration_error": MEASURE, "step": WHOLE, "view": TEXT, "localisation?": {"*": {"*": {"*": [MEASURE]}}},
          "removal?": {"maps": {"*": {"all": {"*": [MEASURE]}}}, "images": WHOLE, "instead": TEXT}}  # fmt: skip
ANSWER = {"index": WHOLE, "name": TEXT, "label": TEXT, "predicted": TEXT, "attention?": {"*": MEASURE}}
IMAGES = 8  # shown if the runs drew none in common
# Measures that are compared -> unit, scale and digits of a difference.
UNITS = {
    "auroc": ("AUROC", 1, 3),
    "energy_gain": ("times chance", 1, 2),
    "ground_top1": ("points", 100, 1),
    "pointing": ("points", 100, 1),
    "iou60": ("points", 100, 1),
}
AUGMENTATION = ("shift", "flip", "rand_augment", "mixup", "cutmix", "erasing")
ABOVE = "first minus this, all"  # in scores.json: how far the run's map is from a control
LAYER = re.compile(r"cls L(?P<layer>\d+) H(?P<head>mean|1)")
DEPTH = re.compile(r" · \d+ layers$")  # the end of a view's name, which its model's title says too
COLUMNS = ("run", "accuracy", "calibration error", "view", "AUROC", "times chance", "highest on ground", "parameters",
           "training minutes", "training images/s")  # fmt: skip
Groups = Mapping[str, Bools]


@dataclass(frozen=True)
class Answers:
    """A run's answers to the images of a split."""

    images: list[tuple[int, str]]  # index and name of each of the N
    right: Bools  # (N), whether the predicted class is the true one
    measures: Doubles  # (N, 6), of its map, in the order of ``MEASURES``; NaN without a map or a mask

    @property
    def measured(self) -> Bools:
        """(N), whether there are measures."""
        return np.asarray(~np.isnan(self.measures).all(axis=1))


def compare(folders: Sequence[Path]) -> Comparison:
    """Runs of classifiers side by side.

    Raises UserError for runs that cannot be compared, that know other classes, or with other test images.
    """
    entrants = comparable(folders, SAME)
    splits = common_splits(entrants, SCORES)
    test = splits[0]
    attended = {name: run.attended(test) for name, run in entrants.items()}
    check_same_classes(entrants, attended)
    answered = {split: {name: answers(run, split) for name, run in entrants.items()} for split in splits}
    for given in answered.values():
        check_same(entrants.values(), [each.images for each in given.values()], "images")
    groups = _groups(list(answered[test].values()))
    rows = [
        _run(name, run, {split: answered[split][name] for split in splits}, groups, attended[name])
        for name, run in entrants.items()
    ]
    pairs = [_pair(first, second, groups) for first, second in combinations(answered[test].items(), 2)]
    first = next(iter(entrants.values()))
    strips = shown(attended, first.settings["run"].get("pictures") or [])
    numbers = {
        "corpus": first.corpus,
        "size": first.data["size"],
        "test": test,
        "splits": splits,
        "images": {split: len(next(iter(given.values())).images) for split, given in answered.items()},
        "looked": {group: int(images.sum()) for group, images in groups.items()},
        "runs": rows,
        "maps": _maps(rows),
        "differences": pairs,
        "shown": [_in_numbers(strip) for strip in strips],
    }
    differences = [difference for pair in pairs for difference in _differences(pair)]
    return Comparison(
        numbers=numbers,
        template="classifiers.html",
        columns=COLUMNS,
        rows=[_cells(row, test) for row in rows],
        differences=differences,
        lines=[*(_line(row, test) for row in rows),
               *(f"{pair.second} minus {pair.first}: {pair.result['says']}" for pair in differences
                 if pair.measure in ("accuracy", "auroc, all"))],
        drawings=[*_of_all(entrants, numbers), *_of_images(entrants, strips, test)],
    )  # fmt: skip


def answers(run: Run, split: str) -> Answers:
    """A run's answers to the images of a split; raises UserError if the file is missing or damaged."""
    images, right, measures = [], [], []
    for where, line in stored.lines(run.tested(split, "answers.jsonl")):
        stored.check(line, ANSWER, where)
        images.append((line["index"], line["name"]))
        right.append(line["label"] == line["predicted"])
        measures.append([line.get("attention", {}).get(name) for name in MEASURES])
    return Answers(
        images=images,
        right=np.array(right, dtype=bool),
        measures=np.array(measures, dtype=np.float64).reshape(len(images), len(MEASURES)),  # None becomes NaN
    )


def check_same_classes(entrants: Mapping[str, Run], attended: Mapping[str, Sequence[AttendedImage]]) -> None:
    """Raises UserError unless the records of all runs name the same classes in the same order."""
    (first, classes), *others = [(name, records[0].classes if records else ()) for name, records in attended.items()]
    for other, names in others:
        if names != classes:
            alone = sorted(set(names) ^ set(classes))
            what = f"such as {', '.join(alone[:3])}" if alone else "in another order"
            raise UserError(
                f"{entrants[first].folder} and {entrants[other].folder} know other classes, {len(classes)} and {len(names)}, "
                f"{what}: train both on the same images."
            )


def shown(attended: Mapping[str, Sequence[AttendedImage]], drawn: Sequence[int]) -> list[dict[str, AttendedImage]]:
    """The images to show, each as the records of all runs, by name: those in ``drawn``, else the first that all runs have."""
    written = {name: {record.index: record for record in records} for name, records in attended.items()}
    common = sorted(set.intersection(*(set(records) for records in written.values())))
    chosen = [index for index in drawn if index in common] or common[:IMAGES]
    return [{name: records[index] for name, records in written.items()} for index in chosen]


def _groups(given: Sequence[Answers]) -> Groups:
    """(N) each: the images with measures of every run, and those that every run also classifies correctly."""
    measured = np.logical_and.reduce([each.measured for each in given])
    return {"all": measured, "right": np.logical_and.reduce([measured, *(each.right for each in given)])}


def _run(
    name: str, run: Run, given: Mapping[str, Answers], groups: Groups, attended: Sequence[AttendedImage]
) -> dict[str, Any]:
    summary, scores, data, test = run.summary, run.scores, run.data, next(iter(given))
    seconds = summary["training_seconds"]
    return described(name, run) | {
        "training_images_per_s": summary["images"] / seconds if seconds and "images" in summary else None,
        "training_images": data["images"],
        "augmentation": {setting: data[setting] for setting in AUGMENTATION if data.get(setting)},
        "accuracy": {split: list(bootstrap.bootstrap(_correct(each), mean_of_sums)) for split, each in given.items()},
        "calibration_error": {split: scores[split]["calibration_error"] for split in given},
        "view": scores[test]["view"],
        "grid": list(attended[0].map.shape) if attended else None,
        "chosen": _chosen(run.views),
        "looks": {
            group: {measure: list(interval) for measure, interval in intervals(given[test].measures[images]).items()}
            for group, images in groups.items()
        },
        "controls": _controls(scores[test].get("localisation", {})),
        "removal": scores[test].get("removal"),
    }


def _correct(given: Answers) -> Doubles:
    """(N, 2), for the bootstrap: whether each image is classified correctly, and 1."""
    return counted(given.right.astype(float))


def _chosen(views: Mapping[str, Any]) -> dict[str, Any]:
    """The view that validation chose and how; with masks and layers, also the mean of the last layer's heads."""
    chosen = views.get("chosen")
    rates = {name: scores[CHOSEN_BY] for name, scores in views.get("views", {}).items() if CHOSEN_BY in scores}
    numbers = {"view": chosen, "by": views.get("by"), "candidates": len([name for name in rates if name != CONTROL])}
    if chosen in rates:
        numbers["auroc"] = rates[chosen]
    layers = [match for name in rates if (match := LAYER.fullmatch(name))]
    if layers:
        naive = max(layers, key=lambda match: (int(match["layer"]), match["head"] == "mean"))[0]
        numbers |= {"naive": naive, "naive_auroc": rates[naive]}
    return numbers


def _controls(maps: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The measures of each control on this run's images, and how far the run's own map is from it."""
    return {
        name: {
            "measures": row["all"],
            "says": in_words(bootstrap.Comparison(*row[ABOVE][CHOSEN_BY]), *UNITS[CHOSEN_BY]),
        }
        for name, row in maps.items()
        if name != "uniform" and CHOSEN_BY in row.get(ABOVE, {})
    }


def _maps(rows: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """By name, the measures of each run's map, then of the controls; a control that is equal in all runs stands once."""
    maps: dict[str, Mapping[str, Any]] = {f"{row['name']}: {DEPTH.sub('', row['view'])}": row["looks"] for row in rows}
    for control in rows[0]["controls"]:
        each = {row["name"]: row["controls"].get(control, {}).get("measures", {}) for row in rows}
        first = each[rows[0]["name"]]
        same = all(measures == first for measures in each.values())
        maps |= {control: {"all": first}} if same else {
            f"{name}: {control}": {"all": measures} for name, measures in each.items()
        }  # fmt: skip
    return maps


def _pair(first: tuple[str, Answers], second: tuple[str, Answers], groups: Groups) -> dict[str, Any]:
    """Second minus first, with paired bootstrap over the images."""
    (name, before), (other, after) = first, second
    looks = {group: against(after.measures[images], before.measures[images]) for group, images in groups.items()}
    return {
        "first": name,
        "second": other,
        "accuracy": as_numbers(
            paired_bootstrap(_correct(before), _correct(after), mean_of_sums), "points of accuracy", 100
        ),
        "only_first": int((before.right & ~after.right).sum()),
        "only_second": int((after.right & ~before.right).sum()),
        "looks": {
            group: {name: as_numbers(compared[name], *unit) for name, unit in UNITS.items() if name in compared}
            for group, compared in looks.items()
        },
    }


def _differences(pair: Mapping[str, Any]) -> Iterator[Difference]:
    """Accuracy first, then each measure on each group of images."""
    measures = {f"{name}, {group}": result for group, looks in pair["looks"].items() for name, result in looks.items()}
    for measure, result in {"accuracy": pair["accuracy"], **measures}.items():
        yield Difference(pair["first"], pair["second"], measure, result)


def _cells(row: Mapping[str, Any], test: str) -> list[Any]:
    """Scores and cost of a run, in the order of COLUMNS."""
    looks = row["looks"]["all"]
    means = [looks[name][0] if name in looks else None for name in ("auroc", "energy_gain", "ground_top1")]
    cost = [row[name] for name in ("parameters", "training_minutes", "training_images_per_s")]
    return [row["name"], row["accuracy"][test][0], row["calibration_error"][test], row["view"], *means, *cost]


def _line(row: Mapping[str, Any], test: str) -> str:
    looks, accuracy = row["looks"]["all"], 100 * row["accuracy"][test][0]
    auroc = f", AUROC {looks['auroc'][0]:.3f} ({row['view']})" if "auroc" in looks else ""
    return f"{row['name']}: {test} accuracy {accuracy:.1f} %{auroc}, {row['parameters']:,} parameters"


def _in_numbers(strip: Mapping[str, AttendedImage]) -> dict[str, Any]:
    """What each model predicted for an image, and how well its map finds the object."""
    first = next(iter(strip.values()))
    return {
        "index": first.index,
        "name": first.name,
        "class": None if first.label is None else first.classes[first.label],
        "rows": [
            {
                "name": name,
                "predicted": record.classes[record.predicted],
                "probability": float(record.probabilities[record.predicted]),
                "right": record.right,
                "view": record.view,
                **measured(record.map, record.mask),
            }
            for name, record in strip.items()
        ],
    }


def _of_all(entrants: Mapping[str, Run], numbers: Mapping[str, Any]) -> Iterator[Drawing]:
    """All measures beside controls, if there are masks."""
    test = numbers["test"]
    if all("auroc" in row["looks"]["all"] for row in numbers["runs"]):
        note = f"{numbers['looked']['all']:,} images, {numbers['looked']['right']:,} of them classified correctly by every model."
        title, right = f"Where they look · {test}", "those that every model classifies correctly"
        caption = "How well each model's map finds the object, beside controls, with 95 % bootstrap intervals"
        draw = partial(plots.beside_controls, numbers["maps"], title, note, len(entrants), right)
        yield Drawing("looks.png", None, caption, draw, draw)


def _of_images(
    entrants: Mapping[str, Run], strips: Sequence[Mapping[str, AttendedImage]], test: str
) -> Iterator[Drawing]:
    """The images, map beside map."""
    models = {name: f"{name}, step {run.scores[test]['step']:,}" for name, run in entrants.items()}
    for strip in strips:
        named = [replace(record, model=models[name]) for name, record in strip.items()]
        index, caption = named[0].index, "The image, and where each model looked in it"
        draw = partial(plots.attended_strip, named)
        yield Drawing(f"{test}-{index}.png", index, caption, draw, draw)
