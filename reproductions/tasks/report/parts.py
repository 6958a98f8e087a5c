"""What the parts of the tasks share: an example, and numbers in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from statistics import median
from typing import Any

from reproductions import papers
from reproductions.reports import Picture, fixed
from reproductions.runs import Run


@dataclass(frozen=True)
class Example:
    """A sentence or image that is shown: what it is called, what is said of it by name, and its pictures."""

    title: str
    says: Mapping[str, str]
    pictures: Sequence[Picture] = ()
    right: bool = True  # the report may begin with it
    unknown: Sequence[str] = ()  # words that the model does not know


def part_of(run: Run) -> Any:
    return import_module(f"reproductions.tasks.{run.task}.report")


def name_of(run: Run) -> str:
    """What a sentence calls the model: its title if that is one word, such as "RNNencdec", else the paper's name for it."""
    return papers.of(run.paper).model if " " in run.title else run.title


def learned(run: Run, scores: Mapping[str, Any] | None = None) -> str:
    """What the scores of a split, by default the first that was tested, say of the model, in a sentence or two with their
    numbers: "RNNsearch translates 63.6 % of ...".
    """
    return f"{name_of(run)} {part_of(run).learned(scores or next(iter(run.scores.values())))}"


def of_examples(scores: Mapping[str, Any], kind: str) -> str:
    """The examples of a split in words: "500 new sentences"; a validation does not count them."""
    return f"{scores[kind]:,} new {kind}" if kind in scores else f"the validation {kind}"


def among(rates: Sequence[float], digits: int, percent: bool = False) -> str:
    """The best of the rates of all views, which stands first, beside the one in the middle."""
    best, middle = (f"{rate:.{digits}%}".replace("%", " %") if percent else f"{rate:.{digits}f}"
                    for rate in (rates[0], median(rates)))  # fmt: skip
    return f"{best} there, and {middle} in the middle one of all {len(rates)} views"


def interval(values: Sequence[float] | None) -> str:
    """Value, low and high as text; a dash for None."""
    if values is None:
        return fixed(None)
    value, low, high = (fixed(number, 3) for number in values)
    return f"{value} ({low} to {high})"
