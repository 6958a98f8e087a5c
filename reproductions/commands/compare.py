"""Then and now: runs over the same sentences or images, as one page, pictures and numbers."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import UserError
from data.progress import counted
from data.sources.paths import check_writable, place
from reproductions import released, runs
from reproductions.commands import evaluate
from reproductions.commands.configs import config_of, is_path, is_text
from reproductions.commands.train import train
from reproductions.papers import CONFIGS, TASKS, then_and_now

if TYPE_CHECKING:
    from reproductions.compare.comparison import Comparison
    from reproductions.reports import Picture

DIFFERENCE = ("difference", "low", "high", "p_value", "says")
VERSUS = Path("vs")  # between groups
MODULES = {"translation": "translators", "images": "classifiers"}  # task -> module of ``compare``


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run",
        nargs="*",
        help="two or more runs, each a folder, hf:OWNER/NAME or wandb:ENTITY/PROJECT/NAME:ALIAS; default: the newest of each "
        "paper. With vs between them each side is a group of seeds",
    )
    parser.add_argument(
        "--data",
        default="accord",
        help="corpus of the newest runs: accord (default), shapes or any other; what is missing is trained first",
    )
    parser.add_argument("--out", type=Path, help="folder to write into; default: runs/compare/CORPUS/TIME")


def run(options: argparse.Namespace, _: Sequence[str]) -> int:
    """Raises UserError for runs that cannot be compared."""
    named = [VERSUS if word == VERSUS.name else released.located(word) for word in map(str, options.run)]
    return compare(options.data, named, options.out)


def compare(data: str, folders: Sequence[Path], out: Path | None) -> int:
    """Compare runs: those named, or the newest of each paper on a corpus, training first what is missing."""
    named = groups(folders)
    task = _task_of_runs([folder for group in named for folder in group]) if named else _task_of_data(data)
    place = check_writable(out or runs.runs_dir() / "compare")
    chosen = named or [_seeds(_newest_or_trained(paper, data)) for paper in then_and_now(task)]
    for folder in (folder for group in chosen for folder in group):
        evaluate.answered(runs.Run(folder))
    from reproductions.compare.comparison import page
    from reproductions.evaluation import files
    from reproductions.reports import made

    comparison: Comparison = import_module(f"reproductions.compare.{MODULES[task]}").compare(
        [group[0] for group in chosen]
    )
    if any(len(group) > 1 for group in chosen):
        from reproductions.compare.seeds import together

        comparison = together(comparison, [[runs.scored(folder) for folder in group] for group in chosen])
    corpus = runs.corpus_name(comparison.numbers["corpus"])
    folder = place if out else place / corpus / runs.stamp()
    drawings = counted(comparison.drawings, "drawing", len(comparison.drawings), "pictures")
    pictures = [drawing.write(folder) for drawing in drawings]
    files.write_json(folder / "comparison.json", comparison.numbers)
    report = files.write_text(folder / "report.html", page(comparison, pictures, made("compare")))
    _track(comparison, corpus, pictures, folder, [each for group in chosen for each in group])
    for line in comparison.lines:
        sys.stdout.write(f"{line}\n")
    if "groups" not in comparison.numbers:
        sys.stdout.write(
            "Intervals are over test examples alone: each run has one seed, and another seed would differ, too.\n"
        )
    sys.stdout.write(f"\nReport: {report}\nPictures and numbers: {folder}\n")
    return 0


def groups(folders: Sequence[Path]) -> list[list[Path]]:
    """The folders of each group: with ``vs`` between them its sides, otherwise each folder by itself.

    Raises UserError for a side without a folder, and for a folder that is named twice.
    """
    if VERSUS not in folders:
        return [[folder] for folder in folders]
    sides: list[list[Path]] = [[]]
    for folder in folders:
        if folder == VERSUS:
            sides.append([])
        elif any(folder in side for side in sides):
            raise UserError(f"{folder} is named twice: the runs of a group differ in their seed.")
        else:
            sides[-1].append(folder)
    if not all(sides):
        raise UserError('There is no run on one side of vs: name some on each, RUNS="a1 a2 a3 vs b1 b2 b3".')
    return sides


def _task_of_runs(folders: Sequence[Path]) -> str:
    """What the runs do; raises UserError unless all of them do the same, and there is a comparison of it."""
    tasks = [runs.at(folder).task for folder in folders]
    for folder, task in zip(folders, tasks, strict=True):
        if task != tasks[0]:
            raise UserError(
                f"These runs cannot be compared: {folders[0]} {TASKS[tasks[0]]}, {folder} {TASKS[task]}. "
                "Name runs that do the same."
            )
    if tasks[0] not in MODULES:
        compared = " or ".join(f"a model that {TASKS[task]}" for task in MODULES)
        raise UserError(f"{folders[0]} {TASKS[tasks[0]]}; a comparison needs runs of {compared}.")
    return tasks[0]


def _task_of_data(data: str) -> str:
    """The task whose papers have a configuration for a corpus; a folder of the user's own has images, a file sentences."""
    for task in MODULES:
        if any((CONFIGS / paper / f"{data}.yaml").is_file() for paper in then_and_now(task)):
            return task
    if is_text(data) or is_path(data):
        return "images" if place(data).is_dir() else "translation"
    corpora = ", ".join(corpus for task in MODULES for corpus in _corpora(task))
    raise UserError(f"There is no comparison on {data!r}: choose {corpora}, or a path to your own data.")


def _corpora(task: str) -> list[str]:
    """The corpora for which then and now both have a configuration."""
    configured = [{path.stem for path in (CONFIGS / paper).glob("*.yaml")} for paper in then_and_now(task)]
    return sorted(set.intersection(*configured) - {"own"})


def _newest_or_trained(paper: str, data: str) -> Path:
    """The newest scored run of a paper on a corpus; without any the released one, or else one that it trains now."""
    config = config_of(paper, data, "").stem
    corpus = data if config == "own" else None
    if not runs.every(paper, config, runs.SCORES, corpus):
        if run := next((run for run in released.offered() if (run.paper, run.corpus) == (paper, data)), None):
            sys.stdout.write(f"There is no scored run of {paper} on {data} of yours yet: taking the released one.\n")
            return released.take(run.folder).folder
        sys.stdout.write(f"There is no scored run of {paper} on {data} yet: training one.\n")
        if status := train(paper, data):
            raise UserError(
                f"The training of {paper} on {data} ended with status {status}: continue it with RESUME=1 first."
            )
    return runs.find(paper, config, runs.SCORES, corpus=corpus).folder


def _seeds(folder: Path) -> list[Path]:
    """The newest scored run of each seed of its group, by age; a run without a group by itself."""
    group = runs.Run(folder).group
    beside = sorted(folder.parent.iterdir()) if group else [folder]
    scored = [path for path in beside if runs.Run(path).group == group and (path / runs.SCORES).is_file()]
    newest = {path.name.rpartition("-")[2]: path for path in scored}  # the end of its name is its seed
    return sorted(newest.values())


def _track(
    comparison: "Comparison", corpus: str, pictures: "Sequence[Picture]", folder: Path, compared: Sequence[Path]
) -> None:
    """The same table and pictures in Weights & Biases, in the project of the first of the compared runs."""
    from reproductions.training import tracked, tracking

    test = comparison.numbers["test"]
    logger = tracking.experiment_logger(
        folder,
        project=tracked.project_of(compared[0]),
        name=f"compare-{corpus}-{folder.name}",
        group="compare",
        tags=["compare", corpus],
        job_type="compare",
        config={name: comparison.numbers[name] for name in ("groups",) if name in comparison.numbers}
        | {"runs": [run["folder"] for run in comparison.numbers["runs"]]},
    )
    tracking.declare_inputs(logger, compared)
    tracking.log_table(logger, f"{test}/compared", [*comparison.columns], [[*row] for row in comparison.rows])
    columns = ["second", "minus first", "measure", *DIFFERENCE]
    rows: list[list[Any]] = []
    for first, second, measure, result in comparison.differences:
        *values, p_value, says = (result[name] for name in DIFFERENCE)
        in_percent = measure == "AER"
        shown = [100 * value for value in values] if in_percent else values
        rows.append([second, first, f"{measure} %" if in_percent else measure, *shown, p_value, says])
    tracking.log_table(logger, f"{test}/differences", columns, rows)
    for picture in pictures:
        tracking.log_picture(logger, f"compare/{picture.path.stem}", picture.path, picture.caption)
    tracking.finish(logger)
