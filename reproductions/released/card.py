"""The model card of a run: what it is, how well it does, how to use it; made from its files alone."""

from collections.abc import Iterator
from typing import Any

from reproductions import papers, runs
from reproductions.runs import Run
from reproductions.tasks.report.parts import learned, part_of

# Task -> Hugging Face's word for it, and the command that uses a run.
USES = {
    "translation": ("translation", 'translate "The man did not see the old dog."'),
    "images": ("image-classification", "look photo.jpg"),
    "captions": ("image-to-text", "report"),
    "language": ("text-generation", "report"),
}


def text(run: Run) -> str:
    """Markdown, with the fields that Hugging Face reads at its head; the run has scores and a summary."""
    paper = papers.of(run.paper)
    tag, use = USES[run.task]
    option = "" if use == "report" else "--run "
    languages = [run.data[side] for side in ("source_language", "target_language") if side in run.data]
    lines = [
        "---",
        "license: mit",
        f"pipeline_tag: {tag}",
        *([f"language: [{', '.join(languages)}]"] if languages else []),
        "tags: [attention, pytorch, lightning]",
        "---",
        "",
        f"# {run.title} on {runs.corpus_name(run.corpus)}",
        "",
        f"The model of {paper.authors} ({paper.year}) in miniature, from the project *Attention, then and now*.",
        _training(run),
        "",
        learned(run),
        "",
        *_table(run),
        "",
        "The scores are those of the weights in this folder, which are in half precision.",
        "",
        "```sh",
        f"python -m reproductions {use} {option}PATH     # or hf:OWNER/NAME",
        "python -m reproductions evaluate PATH     # these scores again, from the same data",
        "```",
        "",
        "Weights: `model.safetensors`. Settings: `config.yaml`, which trains the same model again. Licence: MIT.",
    ]
    return "\n".join(lines) + "\n"


def _training(run: Run) -> str:
    summary = run.summary
    threads = f"{summary['threads']} thread{'s' if summary['threads'] > 1 else ''}"
    commit = f", commit {summary['commit']}" if summary.get("commit") else ""
    return (
        f"{summary['parameters']:,} parameters, {summary['steps']:,} steps in {summary['training_seconds'] / 60:.1f} minutes "
        f"with seed {summary['seed']}, on {threads} of {summary.get('processor', summary['device'])}, "
        f"{summary['precision']}{commit}."
    )


def _table(run: Run) -> Iterator[str]:
    """One line per test split."""
    part = part_of(run)
    columns = {name: column for name, column in part.COLUMNS.items() if any(name in row for row in run.scores.values())}
    yield f"| split | {part.KIND} | {' | '.join(heading for heading, _ in columns.values())} |"
    yield "|---" * (len(columns) + 2) + "|"
    for split, row in run.scores.items():
        cells = (cell(row.get(name), *column) for name, column in columns.items())
        yield f"| {split} | {row.get(part.KIND, '')} | {' | '.join(cells)} |"


def cell(value: Any, heading: str, digits: int) -> str:
    """A score as the table writes it."""
    return "" if value is None else f"{value * (100 if heading.endswith('%') else 1):.{digits}f}"
