"""The last lines of a training or an evaluation: what was learned, what to open, what to try and what comes next."""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from data.errors import UserError
from reproductions import papers, runs
from reproductions.commands.configs import config_path
from reproductions.runs import Run
from reproductions.tasks.report import learned
from reproductions.tasks.task import of
from reproductions.training import tracking

MOST = 12  # lines; the table of scores is left out where it does not fit
# What to try with a model, and the variant to draw beside it where there is no comparison.
TRY = {
    "translation": 'make translate SENTENCE="The man did not see the old dog."',
    "images": "make look IMAGE=photo.jpg",
    "captions": "make figures",
    "language": "make figures",
}
VARIANTS = {"xu2015": "hard", "cheng2016": "lstm"}


def text(run: Run) -> str:
    if not run.scores:
        return f"{run.folder} has no scores: its data has no examples to test it on. Its weights are {run.best}.\n"
    said, table, further = [*_said(run)], [*_table(run)], [*_further(run)]
    room = len(said) + len(table) + len(further) < MOST
    return "".join(f"{line}\n" for line in ("", *said, *(table if room else ()), *further))


def of_group(group: Sequence[Run]) -> str:
    from reproductions.compare.seeds import intervals, summary

    columns = of(group[0].paper).columns
    lines = ["", f"{group[0].title}, seeds {', '.join(str(run.summary['seed']) for run in group)}"]
    lines += [f"{run.folder}: {learned(run)}" for run in group]
    for split, scores in group[0].scores.items():
        for name, interval in intervals(group, split).items():
            if name in columns and name in scores:
                deviation = summary([run.scores[split][name] for run in group])["deviation"]
                mean, low, high, spread = (_cell(value, *columns[name]) for value in (*interval, deviation))
                lines.append(
                    f"{split} {columns[name][0]}: {mean} ± {spread}, 95 % interval over seeds and examples {low} to {high}"
                )
    lines.append(f"Next:   {_next(group[0])}")
    return "".join(f"{line}\n" for line in lines)


def _said(run: Run) -> Iterator[str]:
    if summary := run.summary:
        yield (
            f"{summary['title']}, {summary['parameters']:,} parameters, {summary['steps']:,} steps in "
            f"{summary['training_seconds'] / 60:.1f} minutes of training, seed {summary['seed']}"
        )
    yield learned(run)


def _further(run: Run) -> Iterator[str]:
    report = run.folder / runs.REPORT
    yield f"Look:   {report if report.is_file() else run.folder / runs.EVALUATION}"
    yield f"Try:    {_to_try(run)}"
    yield f"Next:   {_next(run)}"
    yield from _with_words(run)
    if hint := tracking.sync_hint(run.folder):
        yield f"Upload: {_upload(run, hint)}"


def _with_words(run: Run) -> Iterator[str]:
    """How the scores of a run with torchtext compare with those of the newest run with the project's own vocabulary."""
    if run.task != "translation" or run.data.get("tokenizer") != "torchtext":
        return
    paper, config = run.folder.parts[-3:-1]
    others = [other for other in runs.every(paper, config, runs.SCORES) if other.data.get("tokenizer") == "words"]
    if not others:
        yield f"Words:  make {papers.of(run.paper).train} trains the same without torchtext, to compare with"
        return
    split = next(iter(run.scores))
    mine, theirs = (each.scores.get(split, {}).get("bleu", math.nan) for each in (run, others[0]))
    yield f"Words:  {split} BLEU {mine:.2f} with torchtext, {theirs:.2f} without it ({others[0].folder})"


def _table(run: Run) -> Iterator[str]:
    """One line per test split, under the headings of its scores."""
    columns, width = of(run.paper).columns, max(map(len, run.scores))
    rooms = {name: max(14, len(heading) + 2) for name, (heading, _) in columns.items()}
    yield " " * width + "".join(heading.rjust(rooms[name]) for name, (heading, _) in columns.items())
    for split, scores in run.scores.items():
        cells = (_cell(scores.get(name), *column).rjust(rooms[name]) for name, column in columns.items())
        yield f"{split:<{width}}" + "".join(cells)


def _to_try(run: Run) -> str:
    """A command that takes this run, which it names unless it is the newest of its task anyway."""
    command = TRY[run.task]
    if command == "make figures":
        return command
    newest = None
    with suppress(UserError):  # a run that lies elsewhere
        newest = runs.find(task=run.task).folder.resolve()
    return command if newest == run.folder.resolve() else f"{command} RUN={run.folder}"


def _next(run: Run) -> str:
    """The command that comes next: the other model that this one is compared with, if it has no run yet, and both on a page."""
    corpus = run.corpus
    if run.paper in VARIANTS:
        variant = VARIANTS[run.paper]
        done = run.folder.parent.name.endswith(f"-{variant}")
        return "make figures" if done else f"make {papers.of(run.paper).train} VARIANT={variant} && make figures"
    data = "" if corpus == "accord" else f" DATA={corpus}"
    missing = [
        paper for paper in papers.then_and_now(run.task)
        if not any(runs.corpus_name(other.corpus) == runs.corpus_name(corpus) for other in runs.every(paper))
        and config_path(paper, corpus, "").is_file()
    ]  # fmt: skip
    trainings = [f"make {papers.of(paper).train}{'' if corpus in ('accord', 'shapes') else data}" for paper in missing]
    return " && ".join([*trainings, f"make compare{data}"])


def _upload(run: Run, hint: str) -> str:
    """`make sync` uploads what lies in runs/; what lies elsewhere, or was half sent, takes W&B's own command."""
    here = run.folder.absolute().is_relative_to(Path("runs").absolute()) and "--include-online" not in hint
    return "make sync" if here else hint


def _cell(value: float | None, heading: str, digits: int) -> str:
    if value is None:
        return "-"
    return f"{value * (100 if heading.endswith('%') else 1):.{digits}f}"
