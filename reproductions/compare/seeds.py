"""Groups: runs of one configuration that differ in their seed alone, and what they say together.

A group's number is the mean over its seeds. Its interval is over seeds and test sentences, or images, together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from statistics import fmean, stdev
from typing import Any, NamedTuple

import numpy as np

from data import stored
from data.errors import UserError
from data.stored import TEXT, WHOLE
from reproductions.compare.classifiers import answers
from reproductions.compare.comparison import Comparison, Difference, check_same
from reproductions.compare.translators import MEASURES
from reproductions.evaluation.arrays import Doubles
from reproductions.evaluation.measures import bootstrap, localisation
from reproductions.evaluation.measures.alignment import aer_of_sums, alignment_table
from reproductions.evaluation.measures.bootstrap import Interval, Statistic, counted, mean_of_sums, noise
from reproductions.evaluation.measures.text import bleu_of_sums, bleu_statistics, bleu_table, perplexity_of_sums
from reproductions.evaluation.records.sentence import ReadSentence
from reproductions.reports import fixed
from reproductions.runs import Run


class Resampled(NamedTuple):
    """What is resampled for a measure, and how it is written."""

    table: Doubles  # (N, K), sums of each sentence or image
    statistic: Statistic
    unit: str
    scale: int = 1
    digits: int = 1

    @property
    def score(self) -> float:
        return float(self.statistic(self.table.sum(axis=0)))


class Tested(NamedTuple):
    """How a run did in a split."""

    examples: Sequence[tuple[Any, ...]]  # index and text of each sentence or image
    measures: dict[str, Resampled]


Group = Mapping[str, Sequence[Resampled]]  # by measure, one per seed


def tested(run: Run, split: str) -> Tested:
    """Every example of a split, and what its measures are sums of."""
    of_task = {"images": _classified, "captions": _captioned, "language": _read, "translation": _translated}
    return of_task[run.task](run, split)


def _classified(run: Run, split: str) -> Tested:
    given = answers(run, split)
    measures = {"accuracy": Resampled(counted(given.right.astype(float)), mean_of_sums, "points of accuracy", 100)}
    if given.measured.any():
        auroc = given.measures[:, localisation.MEASURES.index("auroc")]
        summed = np.stack([np.nan_to_num(auroc), ~np.isnan(auroc)], axis=1)
        measures["attention/auroc"] = Resampled(summed, mean_of_sums, "AUROC", digits=3)
    return Tested(given.images, measures)


def _captioned(run: Run, split: str) -> Tested:
    lines = []
    for where, line in stored.lines(run.tested(split, "captions.jsonl")):
        stored.check(line, {"index": WHOLE, "caption": TEXT, "true": (bool,), "references": [TEXT]}, where)
        lines.append(line)
    table = bleu_statistics(
        hypotheses=[line["caption"] for line in lines], references=[line["references"] for line in lines]
    )
    true = counted(np.array([line["true"] for line in lines], dtype=float))
    measures = {
        "bleu": Resampled(table, bleu_of_sums, "BLEU"),
        "true": Resampled(true, mean_of_sums, "points of captions", 100),
    }
    return Tested([(line["index"], tuple(line["references"])) for line in lines], measures)


def _read(run: Run, split: str) -> Tested:
    read = run.records(split, "read.jsonl", ReadSentence)
    table = np.array([(sum(sentence.surprisal), sentence.tokens) for sentence in read], dtype=np.float64)
    measures = {"perplexity": Resampled(table, perplexity_of_sums, "points of perplexity")}
    return Tested([(sentence.index, sentence.words) for sentence in read], measures)


def _translated(run: Run, split: str) -> Tested:
    translated, forced = run.translated(split), run.forced(split)
    tokenised = bleu_table(translated, run.data["target_language"])
    measures = {
        "bleu": Resampled(bleu_table(translated), bleu_of_sums, "BLEU"),
        "bleu_tokenised": Resampled(tokenised, bleu_of_sums, "BLEU (tokenised, lower-cased)"),
    }
    if forced and all(record.gold is not None for record in forced):
        measures["aer"] = Resampled(alignment_table(forced), aer_of_sums, "points of AER", 100)
    return Tested([(record.index, record.source, record.reference) for record in translated], measures)


def intervals(group: Sequence[Run], split: str) -> dict[str, Interval]:
    """The mean over the seeds and its interval, by measure; of a single run those that were measured with its scores."""
    if len(group) == 1:
        scores = group[0].scores[split]
        bounded = [name for name in scores if f"{name}_interval" in scores]
        return {name: Interval(scores[name], *scores[f"{name}_interval"]) for name in bounded}
    (measures,) = _measured([group], split)
    return {name: _interval(of_seeds) for name, of_seeds in measures.items()}


def together(comparison: Comparison, groups: Sequence[Sequence[Run]]) -> Comparison:
    """A comparison of the first runs of some groups, with what all seeds of each say in the place of what these say."""
    numbers = comparison.numbers
    for group in groups:
        _check_group(group)
    measured = dict(zip([run["name"] for run in numbers["runs"]], _measured(groups, numbers["test"]), strict=True))
    pairs = list(combinations(measured, 2))
    over_seeds = [
        {name: difference(*(measured[one][name] for one in pair)) for name in _both(measured, pair)} for pair in pairs
    ]
    differences = [pair | said for pair, said in zip(numbers["differences"], over_seeds, strict=True)]
    rows = [_row(*each) for each in zip(measured, groups, measured.values(), strict=True)]
    said = [
        Difference(*pair, name, one)
        for pair, of_pair in zip(pairs, over_seeds, strict=True)
        for name, one in of_pair.items()
    ]
    lines = [*map(_line, rows), *(f"{each.second} minus {each.first}: {each.result['says']}" for each in said)]
    return replace(
        comparison, numbers=numbers | {"differences": differences, "groups": rows}, differences=said, lines=lines
    )


def _check_group(group: Sequence[Run]) -> None:
    """Raises UserError unless the runs differ in their seed, and in nothing else."""
    check_alike(group, ["data.seed"], "a group has runs of one configuration.")
    first: dict[int, Run] = {}
    for run in group:
        if (seed := run.summary["seed"]) in first:
            raise UserError(
                f"{first[seed].folder} and {run.folder} both have seed {seed}: the runs of a group differ in it."
            )
        first[seed] = run


def _row(name: str, runs: Sequence[Run], measures: Group) -> dict[str, Any]:
    """What the seeds of a group say together, as plain data."""
    over = {
        measure: summary([one.score for one in seeds])
        | _interval(seeds)._asdict()
        | {"scale": seeds[0].scale, "digits": seeds[0].digits}
        for measure, seeds in measures.items()
    }
    return {"name": name, "seeds": [run.summary["seed"] for run in runs], "measures": over}


def summary(scores: Sequence[float]) -> dict[str, float]:
    """Mean and standard deviation over seeds, which is 0 for one."""
    return {"mean": fmean(scores), "deviation": stdev(scores) if len(scores) > 1 else 0.0}


def check_alike(runs: Sequence[Run], varied: Sequence[str], remedy: str) -> None:
    """Raises UserError with the first setting, besides those that are varied, in which the runs differ."""
    expected = _settings(runs[0], varied)
    for run in runs[1:]:
        settings = _settings(run, varied)
        for key in sorted(expected.keys() | settings.keys()):
            if (expected.get(key) or None) != (
                settings.get(key) or None
            ):  # an older run lacks what is off in a later one
                raise UserError(
                    f"{key} is {expected.get(key)} in {runs[0].folder} and {settings.get(key)} in {run.folder}: {remedy}"
                )


def _settings(run: Run, varied: Sequence[str]) -> dict[str, Any]:
    """The settings that runs must share, by dotted name."""
    parts = {part: run.model.get(part, {}) for part in ("network", "recipe", "search")} | {"data": run.data}
    settings = {f"{part}.{key}": value for part, values in parts.items() for key, value in values.items()}
    return {key: value for key, value in settings.items() if key not in varied} | {"steps": run.summary["steps"]}


def _measured(groups: Sequence[Sequence[Run]], split: str) -> list[Group]:
    """The measures that all runs of a group have; raises UserError unless all were tested on the same sentences, or images."""
    every = [run for group in groups for run in group]
    done = {run.folder: tested(run, split) for run in every}
    what = "images" if every[0].task == "images" else "sentences"
    check_same(every, [each.examples for each in done.values()], what)
    return [
        {name: [done[run.folder].measures[name] for run in group] for name in done[group[0].folder].measures}
        for group in groups
    ]


def _both(measured: Mapping[str, Group], pair: Sequence[str]) -> Iterator[str]:
    first, second = (measured[name] for name in pair)
    return (name for name in first if name in second)


def _interval(seeds: Sequence[Resampled]) -> Interval:
    return bootstrap.over_seeds([one.table for one in seeds], seeds[0].statistic)


def difference(first: Sequence[Resampled], second: Sequence[Resampled]) -> dict[str, Any]:
    """Second minus first as plain data, and in a sentence whether it is more than seeds and examples do by chance."""
    before, after = ([one.table for one in seeds] for seeds in (first, second))
    compared = bootstrap.paired_over_seeds(before, after, first[0].statistic)
    chance = noise([[one.score for one in seeds] for seeds in (first, second)])
    beyond = chance is not None and abs(compared.difference) > chance and not compared.low <= 0 <= compared.high
    difference, low, high, most = (fixed(first[0].scale * x, first[0].digits) for x in (*compared[:3], chance or 0.0))
    bound = "" if chance is None else f", up to {most}"
    interval = f"95 % interval over seeds and examples {low} to {high}"
    verdict = f"the difference {'is' if beyond else 'is not'} beyond what the seed does"
    says = f"{'+' if compared.difference > 0 else ''}{difference} {first[0].unit} ({interval}); {verdict}{bound}"
    return compared._asdict() | {"noise": chance, "beyond": beyond, "says": says}


def _line(row: Mapping[str, Any]) -> str:
    several = len(row["seeds"]) > 1
    said = []
    for name, over in row["measures"].items():
        mean, deviation = (fixed(over["scale"] * over[one], over["digits"]) for one in ("mean", "deviation"))
        percent = " %" if over["scale"] == 100 else ""
        said.append(f"{MEASURES.get(name, name)} {mean}{f' ± {deviation}' if several else ''}{percent}")
    return f"{row['name']}, seed{'s' if several else ''} {', '.join(map(str, row['seeds']))}: {', '.join(said)}"
