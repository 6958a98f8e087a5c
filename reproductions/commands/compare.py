"""Then and now: runs over the same sentences or images, as one page, pictures and numbers."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from data.errors import UserError
from reproductions import runs
from reproductions.commands.configs import CONFIGS, config_of, config_path, is_path
from reproductions.commands.train import train
from reproductions.compare import classifiers as looks
from reproductions.compare import look_pictures, pictures
from reproductions.compare import translators as numbers
from reproductions.compare.contestants import IMAGES, SENTENCES, Contestant, read_all
from reproductions.compare.pictures import Picture
from reproductions.evaluation import files
from reproductions.papers import PAPERS, TASKS, of_task
from reproductions.reports import page
from reproductions.runs import Run

DIFFERENCE = ("difference", "low", "high", "p_value", "says")
Numbers = dict[str, Any]
Contestants = Sequence[Contestant]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", nargs="*", type=Path, help="folders of two or more runs; default: the newest of each paper"
    )
    parser.add_argument(
        "--data",
        default="accord",
        help="corpus of the newest runs: accord (default), shapes or any other; what is missing is trained first",
    )
    parser.add_argument("--out", type=Path, help="folder to write into; default: runs/compare/CORPUS/TIME")


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Raises UserError for runs that cannot be compared."""
    return compare(options.data, options.run, options.out)


@dataclass(frozen=True)
class Comparison:
    """How runs of one task are put side by side.

    Attributes:
        task: what they do.
        papers: then and now: of each paper the variants that stand for it, the first of which is trained where no run is.
        same: settings of the data that the runs must share.
        compare: all numbers, as plain data; raises UserError for runs that cannot be compared.
        draw: the pictures, one after another, in a folder.
        total: how many they are, at most.
        template: of the page.
        table: columns and rows for the tracker.
        differences: first, second, what was measured, and the second minus the first, as plain data.
        lines: what the terminal says.
    """

    task: str
    papers: Mapping[str, tuple[str, ...]]
    same: tuple[str, ...]
    compare: Callable[[Contestants], Numbers]
    draw: Callable[[Contestants, Numbers, Path], Iterator[Picture]]
    total: Callable[[Contestants, Numbers], int]
    template: str
    table: Callable[[Numbers], tuple[list[str], list[list[Any]]]]
    differences: Callable[[Numbers], Iterator[tuple[str, str, str, Numbers]]]
    lines: Callable[[Numbers], Iterator[str]]


def then_and_now(task: str) -> dict[str, tuple[str, ...]]:
    """The oldest and the newest paper of a task, and the variants that stand for each."""
    first, *_, last = of_task(task)
    return {paper: PAPERS[paper].variants for paper in (first, last)}


TRANSLATORS = Comparison(
    task="translation",
    papers=then_and_now("translation"),
    same=SENTENCES,
    compare=numbers.compare,
    draw=pictures.draw,
    total=pictures.total,
    template="report.html",
    table=numbers.table,
    differences=numbers.differences,
    lines=numbers.lines,
)
CLASSIFIERS = Comparison(
    task="images",
    papers=then_and_now("images"),
    same=IMAGES,
    compare=looks.compare,
    draw=look_pictures.draw,
    total=look_pictures.total,
    template="looks.html",
    table=looks.table,
    differences=looks.differences,
    lines=looks.lines,
)
KINDS = (TRANSLATORS, CLASSIFIERS)


def compare(data: str, folders: Sequence[Path], out: Path | None) -> int:
    """Compare runs: those named, or the newest of each paper on a corpus, training first what is missing."""
    kind = _of_runs(folders) if folders else _of_data(data)
    folders = folders or [_newest_or_trained(kind, paper, data) for paper in kind.papers]
    contestants = read_all(folders, kind.same)
    corpus = runs.corpus_name(contestants[0].data["corpus"])
    folder = out or runs.runs_dir() / "compare" / corpus / runs.stamp()
    compared = kind.compare(contestants)
    drawing, total = kind.draw(contestants, compared, folder), kind.total(contestants, compared)
    drawn = list(tqdm(drawing, "drawing", total, unit=" pictures", leave=False))
    files.write_json(folder / "comparison.json", compared)
    made = f"Made on {datetime.now(UTC):%Y-%m-%d} with make compare."
    report = files.write_text(folder / "report.html", page(compared, drawn, made, kind.template))
    _track(kind, folder, corpus, compared, drawn)
    for line in kind.lines(compared):
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"\nReport: {report}\nPictures and numbers: {folder}\n")
    return 0


def _of_runs(folders: Sequence[Path]) -> Comparison:
    """What the runs do, all of them the same; raises UserError for others."""
    tasks = [runs.at(folder).task for folder in folders]
    for folder, task in zip(folders, tasks, strict=True):
        if task != tasks[0]:
            raise UserError(
                f"These runs cannot be compared: {folders[0]} {TASKS[tasks[0]]}, {folder} {TASKS[task]}. "
                "Name runs that do the same."
            )
    for kind in KINDS:
        if kind.task == tasks[0]:
            return kind
    can = " and of one that ".join(TASKS[kind.task] for kind in KINDS)
    raise UserError(f"{folders[0]} {TASKS[tasks[0]]}; there is a comparison of what {can}.")


def _of_data(data: str) -> Comparison:
    """Whose papers have a configuration for a corpus; of the user's own data, a folder is of images."""
    for kind in KINDS:
        if any((CONFIGS / paper / f"{data}.yaml").is_file() for paper in kind.papers):
            return kind
    if is_path(data):
        return CLASSIFIERS if Path(data).expanduser().is_dir() else TRANSLATORS
    known = "; ".join(f"what {TASKS[kind.task]}, on {', '.join(_corpora(kind))}" for kind in KINDS)
    raise UserError(f"There is no comparison on {data!r}, but of {known}, or on a path to data of your own.")


def _corpora(kind: Comparison) -> list[str]:
    """What all papers have a configuration for."""
    have = [{path.stem for path in (CONFIGS / paper).glob("*.yaml")} for paper in kind.papers]
    return sorted(set.intersection(*have) - {"own"})


def _newest_or_trained(kind: Comparison, paper: str, data: str) -> Path:
    """The newest scored run of a paper on a corpus; trains one if there is none."""
    variants = [one for one in kind.papers[paper] if config_path(paper, data, one).is_file()]
    if not variants:
        config_of(paper, data, kind.papers[paper][0])  # says what there is
    if (run := _newest(paper, data, variants)) is not None:
        return run.folder
    sys.stdout.write(f"There is no scored run of {paper} on {data} yet: training one.\n")
    if status := train(paper, data, variants[0]):
        raise UserError(
            f"The training of {paper} on {data} ended with status {status}: continue it with RESUME=1 first."
        )
    return runs.find(paper, config_of(paper, data, variants[0]).stem, having=runs.SCORES).folder


def _newest(paper: str, data: str, variants: Sequence[str]) -> Run | None:
    """The newest scored run of any of the variants; of the user's own data, the newest on these."""
    configs = [config_path(paper, data, variant) for variant in variants]
    corpus = data if configs[0].stem.startswith("own") else None
    found = [run for config in configs for run in runs.every(paper, config.stem, runs.SCORES, corpus)]
    return max(found, key=lambda run: run.folder.name, default=None)


def _track(kind: Comparison, folder: Path, corpus: str, compared: Numbers, drawn: Sequence[Picture]) -> None:
    """The same table and pictures in Weights & Biases."""
    from reproductions.training import tracking

    logger = tracking.experiment_logger(
        folder,
        project=tracking.PROJECT,
        name=f"compare-{corpus}-{folder.name}",
        group="compare",
        tags=["compare", corpus],
        job_type="compare",
        config={"runs": [run["folder"] for run in compared["runs"]]},
    )
    tracking.log_table(logger, f"{compared['test']}/compared", *kind.table(compared))
    rows = [
        [second, first, measure, *(found[name] for name in DIFFERENCE)]
        for first, second, measure, found in kind.differences(compared)
    ]
    tracking.log_table(
        logger, f"{compared['test']}/differences", ["second", "minus first", "measure", *DIFFERENCE], rows
    )
    for picture in drawn:
        tracking.log_picture(logger, f"compare/{picture.path.stem}", picture.path, picture.caption)
    tracking.finish(logger)
