"""Groups: runs of one configuration that differ in their seed alone, and what they say together.

A group's number is the mean over its seeds. Its interval is over seeds and test sentences, or images, together.
"""

from collections.abc import Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from data.errors import UserError
from reproductions.compare.classifiers import answers
from reproductions.evaluation.arrays import Doubles
from reproductions.evaluation.measures.alignment import aer_of_sums, alignment_table
from reproductions.evaluation.measures.bootstrap import Interval, Statistic, counted, mean_of_sums, over_seeds
from reproductions.evaluation.measures.text import bleu_of_sums, bleu_table
from reproductions.runs import Run


class Resampled(NamedTuple):
    """What is resampled for a measure."""

    table: Doubles  # (N, K), sums of each sentence or image
    statistic: Statistic


def resampled(run: Run, split: str) -> dict[str, Resampled]:
    """By measure; none for a task whose runs are not compared."""
    if run.task == "images":
        return {"accuracy": Resampled(counted(answers(run, split).right.astype(float)), mean_of_sums)}
    if run.task != "translation":
        return {}
    measures = {"bleu": Resampled(bleu_table(run.translated(split)), bleu_of_sums)}
    forced = run.forced(split)
    if forced and all(record.gold is not None for record in forced):
        measures["aer"] = Resampled(alignment_table(forced), aer_of_sums)
    return measures


def intervals(group: Sequence[Run], split: str) -> dict[str, Interval]:
    """The mean over the seeds and its interval, by measure; of a single run those that were measured with its scores."""
    if len(group) == 1:
        scores = group[0].scores[split]
        bounded = [name for name in scores if f"{name}_interval" in scores]
        return {name: Interval(scores[name], *scores[f"{name}_interval"]) for name in bounded}
    of_seeds = [resampled(run, split) for run in group]
    if any(len({len(of_seed[name].table) for of_seed in of_seeds}) > 1 for name in of_seeds[0]):
        raise UserError(f"The runs beside {group[0].folder} were not tested on the same {split} split: test all alike.")
    return {
        name: over_seeds([of_seed[name].table for of_seed in of_seeds], first.statistic)
        for name, first in of_seeds[0].items()
    }


def summary(scores: Sequence[float]) -> dict[str, float]:
    """Mean and standard deviation over seeds, which is 0 for one."""
    return {"mean": fmean(scores), "deviation": stdev(scores) if len(scores) > 1 else 0.0}
