"""``docs/results.json``: what README and docs claim, and how their numbers are written from it.

::

    version     of this form
    runs        by the names of configs/results.yaml:
        group       of its runs; null where the numbers were entered by hand
        over_seeds  by split and measure: mean, deviation, and the interval over seeds and sentences together, low and high
        seeds       by seed: scores, as in the run's scores.json without texts; parameters, steps, minutes of training,
                    processor, threads, device, precision, torch, python, commit, date; source, if entered by hand
    timeline    its table, as in experiments/timeline/rows.py, without weights and folders

A document takes a number between two comments, ``<!-- results: TEMPLATE -->`` and ``<!-- end -->``. What stands there is the
template with each ``{name.split.measure}``, or ``{name.steps}``, replaced by its number. Below a table stands where its
numbers were measured.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from data import stored
from data.errors import UserError
from data.stored import NUMBER, TEXT, WHOLE
from reproductions.compare.seeds import intervals, summary
from reproductions.reports import count, fixed, percent
from reproductions.runs import Run

FILE = Path("docs") / "results.json"
VERSION = 1
WRITE = "write it anew with `make results`"
OF_RUN = {"processor": TEXT, "threads": WHOLE, "device": TEXT, "precision": TEXT, "torch": TEXT, "python": TEXT}
KIND = {
    "version": WHOLE,
    "timeline?": {"rows": [{}], "training_minutes": NUMBER},
    "runs": {
        "*": {
            "group": (TEXT, None),
            "over_seeds": {"*": {"*": {"mean": NUMBER, "deviation": NUMBER, "low": NUMBER, "high": NUMBER}}},
            "seeds": {"*": {"scores": {"*": {}}, "title": TEXT, "steps": WHOLE, "minutes": NUMBER, "date": TEXT}},
        }
    },
}
DIGITS = 5  # after the point, of a score in the file
BLOCK = re.compile(r"<!-- results:(?P<template>.*?)-->(?P<body>.*?)<!-- end -->", re.S)
FIELD = re.compile(r"\{(?P<path>[^{}:]+)(?P<interval>:interval)?\}")
# How the numbers of a measure are written: those of the first are fractions.
PERCENT = {
    "aer",
    "accuracy",
    "true",
    "colour",
    "count",
    "texture",
    "shape",
    "relation",
    "ground_top1",
    "pointing",
    "energy",
}
FIXED = {"auroc": 3, "attention/auroc": 3}
WHOLE_NUMBERS = {"steps", "parameters", "inversions"}


def read(path: Path) -> dict[str, Any]:
    """The file, or an empty one where there is none. Raises UserError for damage, and for a file of another version."""
    if not path.is_file():
        return {"version": VERSION, "runs": {}}
    try:
        results: dict[str, Any] = stored.read(path)
    except ValueError as error:
        raise stored.damaged(path, error, WRITE) from error
    if not isinstance(results, dict) or results.get("version") != VERSION:
        version = results.get("version") if isinstance(results, dict) else None
        raise UserError(
            f"{path} is of version {version}, and this project reads version {VERSION}: move it away and {WRITE}."
        )
    stored.check(results, KIND, path, WRITE)
    return results


def measured(group: Sequence[Run]) -> dict[str, Any]:
    """What the file holds of the runs of one configuration, by seed."""
    seeds = {str(run.summary["seed"]): _seed(run) for run in group}
    return {
        "group": group[0].group,
        "over_seeds": {split: _over_seeds(group, split) for split in group[0].scores},
        "seeds": seeds,
    }


def _over_seeds(group: Sequence[Run], split: str) -> dict[str, Any]:
    measures = {}
    for name, interval in intervals(group, split).items():
        scores = [run.scores[split][name] for run in group]
        measures[name] = rounded(summary(scores) | {"low": interval.low, "high": interval.high})
    return measures


def _seed(run: Run) -> dict[str, Any]:
    done, day = run.summary, run.folder.name
    return {
        "scores": rounded({split: _numbers(scores) for split, scores in run.scores.items()}),
        "title": run.title,
        "parameters": done["parameters"],
        "steps": done["steps"],
        "minutes": round(done["training_seconds"] / 60, 2),
        **{name: done.get(name) for name in (*OF_RUN, "commit")},
        "date": f"{day[:4]}-{day[4:6]}-{day[6:8]}",
    }


def _numbers(value: Any) -> Any:
    """Without texts, and without what is empty then."""
    if isinstance(value, dict):
        inner = {key: _numbers(one) for key, one in value.items()}
        return {key: one for key, one in inner.items() if one is not None and one != {}}
    if isinstance(value, list):
        return [_numbers(one) for one in value]
    return None if isinstance(value, str) else value


def rounded(value: Any) -> Any:
    """With every number rounded as in the file."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, DIGITS) if isinstance(value, float) else value


# --- What is written --------------------------------------------------------------------------------------------------


def refreshed(text: str, results: Mapping[str, Any]) -> str:
    """A document with every marked place written anew. Raises ValueError for a number that the file does not have."""
    return BLOCK.sub(
        lambda block: f"<!-- results:{block['template']}-->{_body(block['template'], results)}<!-- end -->", text
    )


def _body(template: str, results: Mapping[str, Any]) -> str:
    names = [*dict.fromkeys(field["path"].partition(".")[0] for field in FIELD.finditer(template))]
    text = FIELD.sub(lambda field: written(results, field["path"], field["interval"] is not None), template.strip(" "))
    first, _, rest = text.strip("\n").partition("\n")
    if not first.startswith("|"):
        return text
    rule = "|" + "---|" * (first.count("|") - 1)
    return f"\n{first}\n{rule}\n{rest}\n\n{origin([results['runs'][name] for name in names])}\n"


def written(results: Mapping[str, Any], path: str, interval: bool = False) -> str:
    """A number as documents print it, or its interval; over several seeds the mean, and ± the standard deviation.

    Raises ValueError if the file does not have it.
    """
    name, *keys = path.split(".")
    if name not in results["runs"]:
        raise ValueError(f"there is no result {name!r} for {{{path}}}")
    entry = results["runs"][name]
    values = [_at(seed, keys, path) for seed in entry["seeds"].values()]
    if keys[0] not in next(iter(entry["seeds"].values()))["scores"]:
        return _digits(keys[-1], fmean(values))
    if interval:
        low, high = _bounds(entry, keys, values, path)
        return f"({_digits(keys[-1], low)} to {_digits(keys[-1], high)})"
    numbers = [value[0] if isinstance(value, list) else value for value in values]
    mean = _digits(keys[-1], fmean(numbers))
    unit = " %" if keys[-1] in PERCENT else ""
    return mean + unit if len(numbers) == 1 else f"{mean} ± {_digits(keys[-1], stdev(numbers))}{unit}"


def _bounds(entry: Mapping[str, Any], keys: Sequence[str], values: Sequence[Any], path: str) -> tuple[float, float]:
    split, *measure = keys
    over_seeds = entry["over_seeds"].get(split, {}).get(".".join(measure))
    if over_seeds:
        return over_seeds["low"], over_seeds["high"]
    if len(values) == 1 and isinstance(values[0], list):
        return values[0][1], values[0][2]
    raise ValueError(f"there is no interval for {{{path}}}")


def _at(seed: Mapping[str, Any], keys: Sequence[str], path: str) -> Any:
    value: Any = seed["scores"] if keys and keys[0] in seed["scores"] else seed
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, int | float | list):
        raise ValueError(f"there is no number for {{{path}}}")
    return value


def _digits(measure: str, value: float) -> str:
    if measure in WHOLE_NUMBERS:
        return count(value)
    return percent(value) if measure in PERCENT else fixed(value, FIXED.get(measure, 1))


def origin(entries: Sequence[Mapping[str, Any]]) -> str:
    """Where and when the numbers of a table were measured; each machine by itself, and what all share once."""
    seeds = [seed for entry in entries for seed in entry["seeds"].values()]
    settings = [_settings(seed) for seed in seeds]
    shared = [text for text in settings[0] if all(text in others for others in settings)]
    machines: dict[str, list[Mapping[str, Any]]] = {}
    for seed, of_seed in zip(seeds, settings, strict=True):
        machines.setdefault(", ".join(text for text in of_seed if text not in shared), []).append(seed)
    parts = [
        f"{', '.join(dict.fromkeys(seed['title'] for seed in of_machine))}: {machine}"
        for machine, of_machine in machines.items()
    ]
    numbers = sorted({len(entry["seeds"]) for entry in entries})
    trained = "one seed" if numbers == [1] else f"{' or '.join(map(str, numbers))} seeds, mean ± standard deviation"
    dates = sorted({seed["date"] for seed in seeds})
    said = f"Measured with {trained}, {', '.join(shared)}, {' to '.join(dict.fromkeys((dates[0], dates[-1])))}."
    return said if len(machines) == 1 else f"{said} {'; '.join(parts)}."


def _settings(seed: Mapping[str, Any]) -> list[str]:
    """Where and how a seed was trained, in words."""
    device = seed["processor"] if seed["device"] == "cpu" else seed["device"]
    threads = f"{seed['threads']} thread{'s' if seed['threads'] > 1 else ''}"
    return [str(device), threads, str(seed["precision"]), f"torch {seed['torch'].partition('+')[0]}"]


# --- What is checked --------------------------------------------------------------------------------------------------


def contradictions(name: str, claimed: Mapping[str, Any], group: Sequence[Run]) -> Iterator[str]:
    """A sentence for each measure whose mean over these runs lies outside the interval that is claimed."""
    for split, measures in claimed["over_seeds"].items():
        for measure, claim in measures.items():
            scores = [run.scores.get(split, {}).get(measure) for run in group]
            if None in scores:
                yield f"{name}: the runs have no {split} {measure}, which {FILE} claims."
            elif not claim["low"] <= fmean(scores) <= claim["high"]:
                low, mean, high = (_digits(measure, value) for value in (claim["low"], fmean(scores), claim["high"]))
                yield f"{name}: {split} {measure} of the runs is {mean}, outside of the {low} to {high} that {FILE} claims."
