"""The last lines of a training or an evaluation: scores, averaged weights, and where the pictures are."""

from collections.abc import Iterator

from reproductions.runs import Run
from reproductions.tasks.task import of
from reproductions.training import tracking


def text(run: Run) -> str:
    """What is printed about a run."""
    if not run.scores:
        return f"{run.folder} has no scores: training ended before the first validation.\n"
    return "".join(f"{line}\n" for line in _lines(run))


def _lines(run: Run) -> Iterator[str]:
    summary, task = run.summary, of(run.paper)
    if summary:
        yield ""
        yield (
            f"{summary['title']}, {summary['parameters']:,} parameters, {summary['steps']:,} steps in "
            f"{summary['training_seconds'] / 60:.1f} minutes of training, seed {summary['seed']}"
        )
    width = max(len(split) for split in run.scores)
    yield "".join([" " * width, *(f"{heading:>14}" for heading, _ in task.columns.values())])
    for split, scores in run.scores.items():
        cells = [_cell(scores.get(name), *column) for name, column in task.columns.items()]
        yield "".join([f"{split:<{width}}", *cells])
    if averaged := summary.get("averaged"):
        used = "used for the scores above" if averaged["kept"] else "not used, the best single checkpoint scored higher"
        yield f"Averaging {len(averaged['snapshots'])} snapshots scored {averaged['score']:.2f} in validation; {used}."
    yield f"\nPictures and records: {run.folder / 'evaluation'}"
    if hint := tracking.sync_hint(run.folder):
        yield hint


def _cell(value: float | None, heading: str, digits: int) -> str:
    if value is None:
        return f"{'-':>14}"
    return f"{value * (100 if heading.endswith('%') else 1):14.{digits}f}"
