"""The numbers of README, docs and configurations, written from :mod:`results`.

A document takes a number between two comments, ``<!-- results: TEMPLATE -->`` and ``<!-- end -->``. What stands there is the
template with each ``{name.split.measure}``, or ``{name.steps}``, replaced by its number; of a benchmark it is
``{name.system.measure}``, of the timeline ``{timeline.kind.measure}``. Below a table stands where its numbers were measured; in
its template, rows of a label and a name, ``| RNNsearch | rnnsearch.test |``, take the cells of the row above them whose label is
``*``, as ``| * | {*.bleu} | {*.aer} |``.
In a configuration the template is a comment, ``# results: TEMPLATE``, and the two comments below it are written.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from reproductions.reports import MISSING, count, fixed, percent
from reproductions.runs import INTERVENED, TIMELINE, TRIAL

BLOCK = re.compile(r"<!-- results:(?P<template>.*?)-->(?P<body>.*?)<!-- end -->", re.S)
HEADER = re.compile(r"# results: (?P<template>.*)\n# Expected: .*\n# .*\n")
FIELD = re.compile(r"\{(?P<path>[^{}:]+)(?P<interval>:interval)?\}")
# How the numbers of a measure are written: those of the first are fractions.
PERCENT = {
    "aer", "aer_naive", "accuracy", "true", "colour", "count", "texture", "shape", "relation", "relation_beside",
    "relation_vertical", "relation_horizontal", "ground_top1", "pointing", "energy", "agreement", "same_answer",
    "fraction_of_limit", "precision", "recall", "recall_unseen", "recall_rare", "recall_common", "recall_frequent", "aer_short",
    "aer_long", "aer_weights", "aer_erased", "aer_left_out", "aer_gradient",
}  # fmt: skip
FIXED = {
    "auroc": 3, "deletion": 2, "insertion": 2, "correlation": 2, "previous": 2, "distance": 2, "entropy": 2, "largest": 2,
    "erased": 2, "erased_other": 2, "exchanged": 2, "exchanged_gold": 2, "left_out": 2, "left_out_other": 2, "rank_erased": 2,
    "rank_left_out": 2, "times": 2, "fraction_of_limit": 0, "same_answer": 0,
}  # fmt: skip
NOT_YET = "Not measured yet."
WHOLE_NUMBERS = {"steps", "parameters", "inversions", "words", "misled_words", "peak_rss_mib"}


def refreshed(text: str, results: Mapping[str, Any]) -> str:
    """A document with every marked place written anew. Raises ValueError for a number that the file does not have."""
    text = HEADER.sub(lambda head: _header(head["template"], results), text)
    return BLOCK.sub(
        lambda block: f"<!-- results:{block['template']}-->{_body(block['template'], results)}<!-- end -->", text
    )


def _header(template: str, results: Mapping[str, Any]) -> str:
    return f"# results: {template}\n# Expected: {_filled(template, results)}.\n# {_origin_of(template, results)}\n"


def _body(template: str, results: Mapping[str, Any]) -> str:
    template = _written_out(template.strip(" "))
    text = _filled(template, results)
    first, _, rest = text.strip("\n").partition("\n")
    if not first.startswith("|"):
        return text
    rule = "|" + "---|" * (first.count("|") - 1)
    said = _origin_of(template, results)
    return f"\n{said}\n" if said == NOT_YET else f"\n{first}\n{rule}\n{rest}\n\n{said}\n"


def _written_out(template: str) -> str:
    """With the cells of each row of a label and a name."""
    rows, cells = [], ""
    for row in template.split("\n"):
        if row.startswith("| * "):
            cells = row.removeprefix("| * ")
        elif cells and row.startswith("|") and "{" not in row:
            label, name = row.strip("| ").split(" | ")
            rows.append(f"| {label} {cells.replace('*', name)}")
        else:
            rows.append(row)
    return "\n".join(rows)


def _filled(template: str, results: Mapping[str, Any]) -> str:
    return FIELD.sub(lambda field: written(results, field["path"], field["interval"] is not None), template)


def _origin_of(template: str, results: Mapping[str, Any]) -> str:
    names = dict.fromkeys(field["path"].partition(".")[0] for field in FIELD.finditer(template))
    return origin({name: entry for name in names if (entry := _entry(results, name))}, timed=".minutes}" in template)


def _entry(results: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
    """What the file has under the name with which a path begins, in the form of runs; None for what was not measured yet.

    Raises ValueError for a name that it does not have.
    """
    name = path.partition(".")[0]
    if name in results["runs"]:
        entry: Mapping[str, Any] | None = results["runs"][name]
        return entry
    measurements = dict(results.get("measurements", {}))
    if name == TIMELINE and TIMELINE in results:
        measurements[name] = {"scores": {row["name"]: row for row in results[TIMELINE]["rows"]}}
    if name in (TRIAL, INTERVENED):
        known = measurements.get(name, {"scores": {}})
        if name not in measurements or not {*path.split(".")[1:2]} <= known.keys() | known["scores"].keys():
            return None
    if name not in measurements:
        raise ValueError(f"there is no result {name!r} for {{{path}}}")
    return {"over_seeds": {}, "seeds": {"": measurements[name]}}


def written(results: Mapping[str, Any], path: str, interval: bool = False) -> str:
    """A number as documents print it, or its interval; over several seeds the mean, and ± the standard deviation.

    A dash for what was not measured yet. Raises ValueError if the file does not have the number.
    """
    _, *keys = path.split(".")
    entry = _entry(results, path)
    if entry is None:
        return "" if interval else MISSING
    values = [_at(seed, keys, path) for seed in entry["seeds"].values()]
    if keys[0] not in next(iter(entry["seeds"].values()))["scores"]:
        # Seeds that share a machine slow each other: the fastest is nearest to what one needs alone.
        return digits(keys[-1], min(values) if keys[-1] == "minutes" else fmean(values))
    if interval:
        low, high = _bounds(entry, keys, values, path)
        return f"({digits(keys[-1], low)} to {digits(keys[-1], high)})"
    numbers = [value[0] if isinstance(value, list) else value for value in values]
    mean = digits(keys[-1], fmean(numbers))
    unit = " %" if _measure(keys[-1]) in PERCENT else ""
    alike = len(set(numbers)) == 1  # one seed, or a control that no seed changes
    return mean + unit if alike else f"{mean} ± {digits(keys[-1], stdev(numbers))}{unit}"


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


def _measure(key: str) -> str:
    """``attention/auroc`` -> ``auroc``."""
    return key.rpartition("/")[2]


def digits(key: str, value: float) -> str:
    """A number of a measure, without its sign."""
    measure = _measure(key)
    if measure in WHOLE_NUMBERS or (measure.endswith("_per_s") and value >= 100):
        return count(value)
    return (percent if measure in PERCENT else fixed)(value, FIXED.get(measure, 1))


def origin(entries: Mapping[str, Mapping[str, Any]], timed: bool = False) -> str:
    """Where and when the numbers of a table, ``timed`` with minutes, were measured; each machine by itself, and what all share
    once.
    """
    seeds = [(name, number, seed) for name, entry in entries.items() for number, seed in entry["seeds"].items()]
    if not seeds:
        return NOT_YET
    settings = [_settings(seed) for *_, seed in seeds]
    shared = [text for text in settings[0] if all(text in others for others in settings)]
    machines: dict[str, list[tuple[str, str, str]]] = {}  # what is not shared -> title, name and seed
    for (name, number, seed), of_seed in zip(seeds, settings, strict=True):
        others = ", ".join(text for text in of_seed if text not in shared)
        machines.setdefault(others, []).append((seed["title"], name, number))
    parts = [f"{', '.join(dict.fromkeys(_titles(machine, machines)))}: {machine}" for machine in machines]
    dates = sorted({seed["date"] for *_, seed in seeds})
    when = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    said = f"Measured with {_repeated(entries.values(), timed)}, {', '.join((*shared, when))}."
    return said if len(machines) == 1 else f"{said} {'; '.join(parts)}."


def _titles(machine: str, machines: Mapping[str, Sequence[tuple[str, str, str]]]) -> Iterator[str]:
    """What was trained on a machine: titles, with names where another machine has the title, and seeds where it has the name."""
    elsewhere = [trained for other, trainings in machines.items() if other != machine for trained in trainings]
    for title, name in dict.fromkeys((title, name) for title, name, _ in machines[machine]):
        numbers = [number for _, other, number in machines[machine] if other == name]
        if name in {other for _, other, _ in elsewhere}:
            yield f"{title} ({name}, seed {' and '.join(numbers)})"
        else:
            yield f"{title} ({name})" if title in {other for other, *_ in elsewhere} else title


def _repeated(entries: Collection[Mapping[str, Any]], timed: bool) -> str:
    rounds = sorted({seed["rounds"] for entry in entries for seed in entry["seeds"].values() if "rounds" in seed})
    if rounds:
        return f"{' or '.join(map(str, rounds))} rounds in turn, their median"
    numbers = sorted({len(entry["seeds"]) for entry in entries})
    if numbers == [1]:
        return "one seed"
    return f"{' or '.join(map(str, numbers))} seeds, mean ± standard deviation{', minutes of the fastest' * timed}"


def _settings(seed: Mapping[str, Any]) -> list[str]:
    """Where and how a seed was trained, in words."""
    device = seed["processor"] if seed["device"] == "cpu" else seed["device"]
    threads = f"{seed['threads']} thread{'s' if seed['threads'] > 1 else ''}"
    precision = [seed["precision"]] if seed["precision"] else []
    return [str(device), threads, *precision, f"torch {seed['torch'].partition('+')[0]}"]
