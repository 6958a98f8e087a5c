"""Everything that a comparison of classifiers measures, as plain data: what the report prints is here, and in comparison.json.

N images of the test split, M of them into which every run was looked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from reproductions.compare.answers import Answers, Rows, answers, check_same_classes, check_same_images
from reproductions.compare.contestants import Contestant, common_splits
from reproductions.compare.translators import says
from reproductions.evaluation.measures.bootstrap import Comparison, bootstrap, counted, mean_of_sums, paired_bootstrap
from reproductions.evaluation.measures.localisation import against, intervals, measured
from reproductions.evaluation.records.image import AttendedImage

IMAGES = 8  # that are shown where the runs drew none in common
# Measures that are compared -> unit, scale and digits of a difference.
UNITS = {
    "auroc": ("AUROC", 1, 3),
    "energy_gain": ("times chance", 1, 2),
    "ground_top1": ("points", 100, 1),
    "pointing": ("points", 100, 1),
    "iou60": ("points", 100, 1),
}
AUGMENTATION = ("shift", "flip", "rand_augment", "mixup", "cutmix", "erasing")
CHOSEN_BY = "auroc"
CONTROL = "input_gradient"  # a view that is never chosen
ABOVE = "first minus this, all"  # in scores.json: how far the run's map is from a control
LAYER = re.compile(r"cls L(?P<layer>\d+) H(?P<head>mean|1)")
DEPTH = re.compile(r" · \d+ layers$")  # what a view says of the model, which its title says too


def compare(contestants: Sequence[Contestant]) -> dict[str, Any]:
    """All numbers of a comparison.

    Raises UserError where the runs know other classes, or were not tested on the same images.
    """
    splits = common_splits(contestants)
    test = splits[0]
    attended = [one.attended(test) for one in contestants]
    check_same_classes(contestants, attended)
    said = {split: [answers(one, split) for one in contestants] for split in splits}
    for answered in said.values():
        check_same_images(contestants, answered)
    groups = _groups(said[test])
    runs = [
        _run(one, {split: said[split][place] for split in splits}, groups, attended[place])
        for place, one in enumerate(contestants)
    ]
    return {
        "corpus": contestants[0].data["corpus"],
        "size": contestants[0].data["size"],
        "test": test,
        "splits": splits,
        "images": {split: len(answered[0].images) for split, answered in said.items()},
        "looked": {group: int(rows.sum()) for group, rows in groups.items()},
        "runs": runs,
        "maps": _maps(runs),
        "differences": [
            _difference((contestants[a], said[test][a]), (contestants[b], said[test][b]), groups)
            for a, b in combinations(range(len(contestants)), 2)
        ],
        "shown": list(_shown(contestants, attended)),
    }


def table(numbers: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows for the tracker: how each run answers and looks, and what that took."""
    columns = ["run", "accuracy", "calibration error", "view", "AUROC", "times chance", "highest on ground", "parameters",
               "training minutes", "training images/s"]  # fmt: skip
    rows = []
    for run in numbers["runs"]:
        test, found = numbers["test"], run["looks"]["all"]
        means = [found[name][0] if name in found else None for name in ("auroc", "energy_gain", "ground_top1")]
        rows.append([run["name"], run["accuracy"][test][0], run["calibration_error"][test], run["view"], *means,
                     run["parameters"], run["training_minutes"], run["training_images_per_s"]])  # fmt: skip
    return columns, rows


def lines(numbers: dict[str, Any]) -> Iterator[str]:
    """Scores of the test split, and what is significant, in a few lines."""
    test = numbers["test"]
    for run in numbers["runs"]:
        found, accuracy = run["looks"]["all"], 100 * run["accuracy"][test][0]
        auroc = f", AUROC {found['auroc'][0]:.3f} ({run['view']})" if "auroc" in found else ""
        yield f"{run['name']}: {test} accuracy {accuracy:.1f} %{auroc}, {run['parameters']:,} parameters"
    for first, second, measure, found in differences(numbers):
        if measure in ("accuracy", "auroc, all"):
            yield f"{second} minus {first}: {found['says']}"


def differences(numbers: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """First, second, what was measured of which images, and the second minus the first."""
    for pair in numbers["differences"]:
        yield pair["first"], pair["second"], "accuracy", pair["accuracy"]
        for group, looks in pair["looks"].items():
            yield from ((pair["first"], pair["second"], f"{name}, {group}", found) for name, found in looks.items())


def _groups(said: Sequence[Answers]) -> dict[str, Rows]:
    """(N) each: the images into which every run was looked, and those of them that every run classifies rightly."""
    looked = np.logical_and.reduce([its.measured for its in said])
    return {"all": looked, "right": np.logical_and.reduce([looked, *(its.right for its in said)])}


def _run(
    one: Contestant, said: Mapping[str, Answers], groups: Mapping[str, Rows], attended: Sequence[AttendedImage]
) -> dict[str, Any]:
    summary, test = one.summary, next(iter(said))
    scores, seconds = one.scores[test], summary["training_seconds"]
    return {
        "name": one.name,
        "folder": str(one.folder),
        "paper": one.paper,
        "parameters": summary["parameters"],
        "steps": summary["steps"],
        "training_minutes": seconds / 60,
        "training_images_per_s": summary["images"] / seconds if seconds else None,
        "training_images": one.data["images"],
        "augmentation": {name: one.data[name] for name in AUGMENTATION if one.data.get(name)},
        "seed": summary["seed"],
        "device": f"{summary['device']}, {summary['threads']} threads, {summary['precision']}",
        "accuracy": {
            split: list(bootstrap(counted(its.right.astype(float)), mean_of_sums)) for split, its in said.items()
        },
        "calibration_error": {split: one.scores[split]["calibration_error"] for split in said},
        "view": scores["view"],
        "grid": list(attended[0].map.shape) if attended else None,
        "chosen": _chosen(one),
        "looks": {
            group: {name: list(found) for name, found in intervals(said[test].looked[rows]).items()}
            for group, rows in groups.items()
        },
        "controls": _controls(scores.get("localisation", {})),
        "removal": scores.get("removal"),
    }


def _chosen(one: Contestant) -> dict[str, Any]:
    """Which view validation chose and by what; beside it, where there are masks and layers, the naive one: the last layer, mean
    of its heads.
    """
    chosen, by = one.views.get("chosen"), one.views.get("by")
    rates = {name: found[CHOSEN_BY] for name, found in one.views.get("views", {}).items() if CHOSEN_BY in found}
    naive = _naive(list(rates))
    told = {"view": chosen, "by": by, "candidates": len([name for name in rates if name != CONTROL])}
    if chosen in rates:
        told["auroc"] = rates[chosen]
    if naive is not None:
        told |= {"naive": naive, "naive_auroc": rates[naive]}
    return told


def _naive(views: Sequence[str]) -> str | None:
    """The last layer, the mean of its heads or its only one; None where no view is of a layer."""
    layers = [found for name in views if (found := LAYER.fullmatch(name))]
    last = max(layers, key=lambda found: (int(found["layer"]), found["head"] == "mean"), default=None)
    return None if last is None else last[0]


def _controls(maps: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Each control's measures on the images that this run was looked into, and how far the run's own map is from it."""
    return {
        name: {"measures": row["all"], "says": says(Comparison(*row[ABOVE][CHOSEN_BY]), *UNITS[CHOSEN_BY])}
        for name, row in maps.items()
        if name != "uniform" and CHOSEN_BY in row.get(ABOVE, {})
    }


def _maps(runs: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """By name, the measures of the map of each run, then of the controls; a control that is the same for all runs once."""
    maps: dict[str, Mapping[str, Any]] = {f"{run['name']}: {DEPTH.sub('', run['view'])}": run["looks"] for run in runs}
    for name in runs[0]["controls"]:
        each = {run["name"]: run["controls"].get(name, {}).get("measures", {}) for run in runs}
        first = each[runs[0]["name"]]
        same = all(found == first for found in each.values())
        maps |= {name: {"all": first}} if same else {f"{who}: {name}": {"all": found} for who, found in each.items()}
    return maps


def _difference(
    first: tuple[Contestant, Answers], second: tuple[Contestant, Answers], groups: Mapping[str, Rows]
) -> dict[str, Any]:
    """Second minus first, with paired bootstrap over the images."""
    (one, ours), (other, theirs) = first, second
    accuracy = paired_bootstrap(*(counted(its.right.astype(float)) for its in (ours, theirs)), mean_of_sums)
    looks = {group: against(theirs.looked[rows], ours.looked[rows]) for group, rows in groups.items()}
    return {
        "first": one.name,
        "second": other.name,
        "accuracy": accuracy._asdict() | {"says": says(accuracy, "points of accuracy", 100)},
        "only_first": int((ours.right & ~theirs.right).sum()),
        "only_second": int((theirs.right & ~ours.right).sum()),
        "looks": {
            group: {
                name: found[name]._asdict() | {"says": says(found[name], *UNITS[name])}
                for name in UNITS
                if name in found
            }
            for group, found in looks.items()
        },
    }


def _shown(contestants: Sequence[Contestant], attended: Sequence[Sequence[AttendedImage]]) -> Iterator[dict[str, Any]]:
    """Each shown image: what every model took it for and how its map finds the object, in numbers."""
    for index, together in strips(contestants, attended):
        first = together[0]
        yield {
            "index": index,
            "name": first.name,
            "class": None if first.label is None else first.classes[first.label],
            "rows": [
                {
                    "name": one.name,
                    "predicted": record.classes[record.predicted],
                    "probability": float(record.probabilities[record.predicted]),
                    "right": record.right,
                    "view": record.view,
                    **measured(record.map, record.mask),
                }
                for one, record in zip(contestants, together, strict=True)
            ],
        }


def strips(
    contestants: Sequence[Contestant], attended: Sequence[Sequence[AttendedImage]]
) -> Iterator[tuple[int, list[AttendedImage]]]:
    """The images that are shown: their index, and the record of every run.

    They are those that the first run draws, by index, as far as every run wrote them down; if none, the first that all wrote.
    """
    written = [{record.index: record for record in records} for records in attended]
    common = sorted(set.intersection(*(set(records) for records in written)))
    drawn = contestants[0].settings["run"].get("pictures") or []
    for index in [index for index in drawn if index in common] or common[:IMAGES]:
        yield index, [records[index] for records in written]
