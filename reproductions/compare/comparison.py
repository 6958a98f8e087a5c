"""What a comparison of runs is, and which runs can be compared."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from data import stored
from data.errors import UserError
from reproductions import runs
from reproductions.evaluation import files
from reproductions.evaluation.measures import bootstrap
from reproductions.evaluation.measures.alignment import Link
from reproductions.reports import Picture, template
from reproductions.runs import Run

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Drawing:
    """A picture to draw."""

    name: str  # of its file
    index: int | None  # of the sentence or image that it shows; None for all
    caption: str  # what a reader sees in it
    draw: Callable[[], Figure]
    printed: Callable[[], Figure]  # what draws the PDF beside it

    def write(self, folder: Path) -> Picture:
        """Draw it into a folder."""
        path = files.save(self.draw(), folder / self.name, dpi=160)
        files.save(self.printed(), path.with_suffix(".pdf"))
        return Picture(path, self.index, self.caption)


class Matrix(NamedTuple):
    """Weights between words, for the page; or their change, from -1 to 1."""

    title: str
    subtitle: str
    source: Sequence[str]
    target: Sequence[str]
    weights: Sequence[Sequence[float]]
    sure: frozenset[Link] = frozenset()  # gold links
    possible: frozenset[Link] = frozenset()  # the sure ones among them
    largest: frozenset[Link] = frozenset()  # of each target word, where there are gold links


class Matrices(NamedTuple):
    """Matrices of one sentence, to be seen side by side."""

    caption: str
    matrices: Sequence[Matrix]
    file: str  # of the same as a picture, without its suffix


class Difference(NamedTuple):
    """Two runs in one measure. ``result``: difference (second minus first), low, high, p_value, and says: these in words."""

    first: str
    second: str
    measure: str
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """Runs side by side: everything that is printed, written, drawn and tracked."""

    numbers: dict[str, Any]  # plain data, for comparison.json and the page
    template: str  # of the page
    columns: Sequence[str]  # of a table for the tracker
    rows: Sequence[Sequence[Any]]  # one per run
    differences: Sequence[Difference]  # one per pair of runs and measure
    lines: Sequence[str]  # for the terminal
    drawings: Sequence[Drawing]  # the pictures, in the order of the page
    matrices: Mapping[int, Sequence[Matrices]] = field(default_factory=dict)  # by the index of the sentence
    language: str | None = None  # of the translations


def page(comparison: Comparison, pictures: Sequence[Picture], made: str) -> str:
    """The report as HTML, with the written drawings; ``made`` says when and by which command."""
    of_index: dict[int | None, list[Picture]] = {}
    for picture in pictures:
        of_index.setdefault(picture.index, []).append(picture)
    general = of_index.pop(None, [])
    return template("reproductions.compare", comparison.template).render(
        numbers=comparison.numbers,
        general=general,
        of_index=of_index,
        matrices=comparison.matrices,
        language=comparison.language,
        made=made,
    )


def comparable(folders: Sequence[Path], same: Sequence[str]) -> dict[str, Run]:
    """Runs by distinct names; ``same``: the settings that their data must share.

    Raises UserError for fewer than two runs, a folder named twice, a run that is not trained and tested, and different data.
    """
    if len(folders) < 2:
        raise UserError(f"A comparison needs at least two runs, not {len(folders)}.")
    twice = [str(folder) for folder, times in Counter(folder.resolve() for folder in folders).items() if times > 1]
    if twice:
        raise UserError(f"A run can be compared with others, not with itself: {twice[0]} is named twice.")
    first, *others = entrants = [runs.scored(folder) for folder in folders]
    for other in others:
        for key in same:
            ours, theirs = first.data.get(key), other.data.get(key)
            if ours != theirs:
                raise UserError(
                    f"These runs cannot be compared: {key} is {ours!r} in {first.folder} and {theirs!r} in "
                    f"{other.folder}. Train both on the same data."
                )
    return dict(zip(names_of(entrants), entrants, strict=True))


def names_of(entrants: Sequence[Run]) -> list[str]:
    """The titles; equal ones get the name of the configuration, or else the time, or else the whole path."""
    titles = [run.summary["title"] for run in entrants]
    folders = [run.folder.resolve() for run in entrants]
    names = titles
    for suffixes in ([path.parent.name for path in folders], [path.name for path in folders], folders):
        times = Counter(names)
        names = [
            f"{title} · {suffix}" if times[name] > 1 else name
            for name, title, suffix in zip(names, titles, suffixes, strict=True)
        ]
    return names


def common_splits(entrants: Mapping[str, Run], needed: Mapping[str, Any]) -> list[str]:
    """The splits that all runs were tested on, in the order of the first run.

    Raises UserError if there is none, and for a run whose scores of such a split are not of the kind that is ``needed``.
    """
    scores = {name: run.scores for name, run in entrants.items()}
    first = next(iter(scores.values()))
    splits = [split for split in first if all(split in tested for tested in scores.values())]
    if not splits:
        tested = "; ".join(f"{name}: {', '.join(of_run)}" for name, of_run in scores.items())
        raise UserError(f"These runs were not tested on any common split ({tested}).")
    for name, run in entrants.items():
        stored.check(scores[name], dict.fromkeys(splits, needed), run.folder / runs.SCORES)
    return splits


def check_same(entrants: Iterable[Run], examples: Iterable[Sequence[tuple[Any, ...]]], what: str) -> None:
    """Raises UserError unless all runs were tested on the same sentences, or images, in the same order.

    ``examples``: per run, index and text of each; ``what``: the plural, "sentences" or "images".
    """
    (first, expected), *others = zip(entrants, examples, strict=True)
    for other, tested in others:
        for a, b in zip(expected, tested, strict=False):
            if a != b:
                raise UserError(
                    f"{first.folder} and {other.folder} were not tested on the same {what}: {what[:-1]} {a[0]} is {a[1]!r} in "
                    f"one, {what[:-1]} {b[0]} is {b[1]!r} in the other. Train and test both on the same data."
                )
        if len(expected) != len(tested):
            raise UserError(f"{first.folder} was tested on {len(expected):,} {what} and {other.folder} on {len(tested):,}: "
                            "test both alike.")  # fmt: skip


def described(name: str, run: Run) -> dict[str, Any]:
    """A run's name, size and cost."""
    summary = run.summary
    return {
        "name": name,
        "folder": str(run.folder),
        "paper": run.paper,
        "parameters": summary["parameters"],
        "steps": summary["steps"],
        "planned": run.planned,
        "training_minutes": summary["training_seconds"] / 60,
        "seed": summary["seed"],
        "used": run.interventions,
        "device": f"{summary['device']}, {summary['threads']} thread{'s' * (summary['threads'] > 1)}, {summary['precision']}",
    }


def in_words(compared: bootstrap.Comparison, unit: str, scale: float = 1, digits: int = 1) -> str:
    """The difference in a sentence, and whether it is significant."""
    difference, low, high = (f"{scale * x:.{digits}f}".replace("-", "−") for x in compared[:3])
    p = f"p {'≤' if compared.p_value <= bootstrap.SMALLEST else '='} {compared.p_value:.3f}"
    sign = "+" if compared.difference > 0 else ""
    verdict = "is" if compared.p_value < SIGNIFICANT else "is not"
    return f"{sign}{difference} {unit} (95 % interval {low} to {high}); the difference {verdict} significant, {p}"


def as_numbers(compared: bootstrap.Comparison, unit: str, scale: float = 1, digits: int = 1) -> dict[str, Any]:
    """The difference as plain data, with its sentence."""
    return compared._asdict() | {"says": in_words(compared, unit, scale, digits)}
