"""What is said of a run of any task. No torch: each task says its part in a ``report.py`` of its own."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from reproductions import papers
from reproductions.runs import Run

CELL = 26  # characters
Rows = Mapping[str, Mapping[str, Sequence[float]]]


def table(rows: Rows, headings: Mapping[str, str]) -> Iterator[str]:
    """A heading, then one line per row: each measure that has a heading, with its interval."""
    width = max(map(len, rows))
    yield " " * width + "".join(f"{heading:>{CELL}}" for heading in headings.values())
    for name, measures in rows.items():
        yield f"{name:<{width}}" + "".join(f"{interval(measures.get(measure)):>{CELL}}" for measure in headings)


def interval(values: Sequence[float] | None) -> str:
    """Value, low and high as text; "-" for None."""
    return "-" if values is None else f"{values[0]:.3f} ({values[1]:.3f} to {values[2]:.3f})"


def learned(run: Run) -> str:
    """What a tested run has learned, in a sentence or two with their numbers: "RNNsearch translates 63.6 % of ..."."""
    name = papers.of(run.paper).model if " " in run.title else run.title
    sentence: str = import_module(f"reproductions.tasks.{run.task}.report").learned(next(iter(run.scores.values())))
    return f"{name} {sentence}"


def of_examples(scores: Mapping[str, Any], kind: str) -> str:
    """The examples of a split in words: "500 new sentences"; a validation does not count them."""
    return f"{scores[kind]:,} new {kind}" if kind in scores else f"the validation {kind}"
