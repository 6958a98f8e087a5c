"""The page: everything that the folder of a run says, as one value that a template turns into HTML."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data import stored
from data.errors import UserError
from data.stored import MEASURE
from data.whole import whole
from reproductions import papers, runs
from reproductions.reports import Picture, Section, fixed, template
from reproductions.runs import REPORT, SCORES, Run
from reproductions.tasks.report import examples, settings
from reproductions.tasks.report.curves import lines
from reproductions.tasks.report.parts import learned, name_of, part_of

log = logging.getLogger(__name__)

FIXED = "fixed"  # a split of chosen sentences, the same in every run
INTERVALS = "In parentheses: 95 % bootstrap interval over the examples of the split."
# What a run's folder holds -> what it is.
FILES = {
    "config.yaml": "every setting; trains the same run again",
    "checkpoints": "the best weights, and the last",
    "tokenizers": "vocabularies",
    "prepared": "vocabulary, and how images are prepared",
    "preprocessing.json": "how images are prepared",
    "validation.jsonl": "scores of every validation",
    "metrics": "every logged number as CSV",
    "views.json": "scores of every view of the attention",
    "pictures": "attention through training",
    SCORES: "scores of every test split",
    "evaluation": "answers, attention and pictures of the test splits",
    "summary.json": "size, time, machine",
}


def keep(run: Run) -> None:
    """Write the report of a run that goes on whatever comes of it: where it cannot be written, a warning says why."""
    try:
        write(run)
    except (OSError, UserError) as error:
        log.warning("%s 'make report RUN=%s' tries again.", error, run.folder)


def write(run: Run) -> Path:
    """Write the report into the run's folder, and return its path; raises UserError if it cannot, and as :func:`page`."""
    path, text = run.folder / REPORT, page(run)
    try:
        with whole(path) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} could not be written: {error.strerror}.") from error
    return path


def page(run: Run) -> str:
    """The report as HTML; raises UserError before the first validation, and for a damaged file."""
    task, validations = part_of(run), run.validations
    tested = bool(run.scores) and not (run.summary and settings.goes_on(run))  # and not continued since
    scores = run.scores if tested else _by_split(validations[-1]) if validations else {}
    if not scores:
        raise UserError(f"{run.folder} has not reached its first validation yet: its report is written then.")
    stored.check(scores, {"*": {f"{name}?": MEASURE for name in task.COLUMNS}}, run.folder / SCORES)
    first = next(iter(scores.values()))
    shown = FIXED if FIXED in scores else next(iter(scores))
    drawn = list(examples.tested(run, task, shown) if tested else examples.followed(run))
    right_first = sorted(drawn, key=lambda example: not example.right)
    lead = next((each for each in right_first if each.pictures), None)
    return template("reproductions.tasks.report").render(
        run=run,
        task=task,
        paper=papers.of(run.paper),
        title=f"{name_of(run)} on {runs.corpus_name(run.corpus)}",
        state=settings.state(run),
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        learned=learned(run, first),
        attends=any(name.startswith("attention/") for name in first),
        tested=tested,
        lead=lead,
        scores=_scores(task, scores),
        lines=list(lines(run, task.COLUMNS)),
        view=_view(run, task, scores[shown]),
        examples=[each for each in drawn if each is not lead],
        sections=[*(task.sections(run) if tested else ()), *settings.sections(run)],
        files={name: what for name, what in FILES.items() if (run.folder / name).exists()},
    )


def _by_split(line: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The scores of a validation: split -> score -> value, without missing ones."""
    scores: dict[str, dict[str, Any]] = {}
    for key, value in line.items():
        split, _, name = key.partition("/")
        if name and value is not None:
            scores.setdefault(split, {})[name] = value
    return scores


def _scores(task: Any, scores: Mapping[str, Mapping[str, Any]]) -> Section:
    """Every split with its scores, and with their intervals where they were measured."""
    columns = {name: column for name, column in task.COLUMNS.items() if any(name in row for row in scores.values())}
    rows = [
        [
            f"{split} ({row[task.KIND]:,} {task.KIND})" if task.KIND in row else split,
            *(_cell(row, name, *columns[name]) for name in columns),
        ]
        for split, row in scores.items()
    ]
    note = [INTERVALS] if any(f"{name}_interval" in row for row in scores.values() for name in columns) else []
    note += [f"BLEU: {row['bleu_signature']}." for row in list(scores.values())[:1] if "bleu_signature" in row]
    return Section(
        "Scores", headings=["", *(heading for heading, _ in columns.values())], rows=rows, note=" ".join(note)
    )


def _cell(scores: Mapping[str, Any], name: str, heading: str, digits: int) -> str:
    """A score, with its interval if it has one."""
    scale = 100 if heading.endswith("%") else 1
    value = fixed(None if scores.get(name) is None else scale * scores[name], digits)
    if f"{name}_interval" not in scores:
        return value
    low, high = (fixed(scale * bound, digits) for bound in scores[f"{name}_interval"])
    return f"{value} ({low} to {high})"


def _view(run: Run, task: Any, scores: Mapping[str, Any]) -> Section | None:
    """Which attention is shown, and why; None for a model without attention."""
    views, drawn = run.views, run.folder / "views.png"
    shown = scores.get("view") or views.get("chosen")
    if shown is None:
        return None
    why = task.chosen(views) if views.get("views") else views.get("by", "the model has no other")
    pictures = [Picture(drawn, None, "Every view; the box marks the one that is shown")] if drawn.is_file() else []
    return Section("Which attention is shown", text=[f"{shown}: {why}."], pictures=pictures)
