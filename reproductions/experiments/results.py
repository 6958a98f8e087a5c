"""``docs/results.json``: what README and docs claim; :mod:`quotes` writes it there.

::

    version     of this form
    runs        by the names of configs/results.yaml, null for what was not measured yet:
        group       of its runs; null where the numbers were entered by hand
        over_seeds  by split and measure: mean, deviation, and the interval over seeds and sentences together, low and high
        seeds       by seed: scores, as in the run's scores.json without texts; parameters, steps, minutes of training,
                    processor, threads, device, precision, torch, python, commit, date; source, if entered by hand
    measurements    what configs/results.yaml does not train: what was tried once, the trial, interventions, and benchmarks, by
                the name of the file that they printed to. Like a seed; scores of a benchmark are by system, each the median over
                so many rounds, with the lowest and the highest
    timeline    its table, as in experiments/timeline/rows.py, without weights and folders
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

from data import stored
from data.errors import UserError
from data.stored import NUMBER, TEXT, WHOLE
from reproductions.compare.seeds import intervals, summary
from reproductions.evaluation.files import json_text
from reproductions.evaluation.measures.bootstrap import Interval
from reproductions.experiments.quotes import digits
from reproductions.runs import Run

FILE = Path("docs") / "results.json"
VERSION = 1
WRITE = "write it anew with `make results`"
PRINT = "give what a benchmark of this version printed"
OF_RUN = ("processor", "threads", "device", "precision", "torch", "python", "commit")
MEASURED = {"scores": {"*": {}}, "title": TEXT, "date": TEXT, "threads": WHOLE, "device": TEXT, "torch": TEXT}
KIND = {
    "version": WHOLE,
    "timeline?": {"rows": [{}], "training_minutes": NUMBER},
    "measurements?": {"*": {"rounds?": WHOLE, **MEASURED}},
    "runs": {
        "*": ({
            "group": (TEXT, None),
            "over_seeds": {"*": {"*": {"mean": NUMBER, "deviation": NUMBER, "low": NUMBER, "high": NUMBER}}},
            "seeds": {"*": {"steps": WHOLE, "minutes": NUMBER, **MEASURED}},
        }, None)
    },
}  # fmt: skip
PRINTED = {  # not by every peer
    "system?": TEXT, "benchmark?": TEXT, "processor?": TEXT, "date?": TEXT, "threads?": WHOLE, "device?": TEXT, "torch?": TEXT,
}  # fmt: skip
RATES = ("trg_tok_per_s", "sentences_per_s", "images_per_s")  # of a benchmark, compared with the first system's
LEFT_OUT = ("heads", "curves")  # of a run's scores: they fill pages, and a head of one seed is none of another
DIGITS = 5  # after the point, of a score in the file


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


def text(results: Mapping[str, Any]) -> str:
    """The file's, with a number and its interval on one line."""
    return re.sub(r'\[[^][{}"]*\]', lambda numbers: " ".join(numbers[0].split()), json_text(results, indent=1))


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
    done = run.summary
    return {
        "scores": rounded({split: _numbers(scores) for split, scores in run.scores.items()}),
        "title": run.title,
        "parameters": done["parameters"],
        "steps": done["steps"],
        "minutes": round(done["training_seconds"] / 60, 2),
        **{name: done.get(name) for name in OF_RUN},
        "date": date_of(run),
    }


def date_of(run: Run) -> str:
    day = run.folder.name
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}"


def _numbers(value: Any) -> Any:
    """Without texts, without what is empty then, and without lists of more than a number and its interval."""
    if isinstance(value, dict):
        inner = {key: _numbers(one) for key, one in value.items() if key not in LEFT_OUT}
        return {key: one for key, one in inner.items() if one is not None and one != {}}
    return None if isinstance(value, str) or (isinstance(value, list) and len(value) > len(Interval._fields)) else value


def benchmark(path: Path) -> dict[str, Any]:
    """What the file holds of a benchmark, from what it printed. Raises UserError for a file without a line ``RESULT {json}``."""
    rounds: dict[str, list[dict[str, Any]]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): {PRINT}.") from error
    for number, line in enumerate(lines, start=1):
        if line.startswith("RESULT "):
            where = f"{path}, line {number:,}"
            try:
                result = stored.parsed(line.removeprefix("RESULT ").encode())
            except ValueError as error:
                raise stored.damaged(where, error, PRINT) from error
            stored.check(result, PRINTED, where, PRINT)
            rounds.setdefault(result.get("system", result.get("benchmark", path.stem)), []).append(result)
    here = [result for results in rounds.values() for result in results if "processor" in result]
    if not here:
        raise UserError(f"{path} has no line RESULT that names a processor: {PRINT}.")
    first = next(iter(rounds.values()))
    return {
        "title": path.stem,
        "rounds": len(first),
        **{name: here[-1].get(name) for name in (*OF_RUN, "date")},
        "precision": None,
        "scores": rounded({system: _medians(results, first) for system, results in rounds.items()}),
    }


def _medians(results: Sequence[Mapping[str, Any]], first: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Of each figure its median over the rounds, the lowest and the highest; ``times``: its rate by that of the first system."""
    names = [name for name, one in results[0].items() if type(one) in NUMBER and name not in OF_RUN]
    figures = {name: [result[name] for result in results] for name in names}
    for rate in figures.keys() & first[0].keys() & {*RATES}:
        figures["times"] = [mine / theirs[rate] for mine, theirs in zip(figures[rate], first, strict=False)]
    return {name: [median(values), min(values), max(values)] for name, values in figures.items()}


def rounded(value: Any) -> Any:
    """With every number rounded as in the file."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, DIGITS) if isinstance(value, float) else value


def contradictions(name: str, claimed: Mapping[str, Any], group: Sequence[Run]) -> Iterator[str]:
    """A sentence for each measure whose mean over these runs lies outside the interval that is claimed."""
    for split, measures in claimed["over_seeds"].items():
        for measure, claim in measures.items():
            scores = [run.scores.get(split, {}).get(measure) for run in group]
            if None in scores:
                yield f"{name}: the runs have no {split} {measure}, which {FILE} claims."
            elif not claim["low"] <= fmean(scores) <= claim["high"]:
                low, mean, high = (digits(measure, value) for value in (claim["low"], fmean(scores), claim["high"]))
                yield f"{name}: {split} {measure} of the runs is {mean}, outside of the {low} to {high} that {FILE} claims."
