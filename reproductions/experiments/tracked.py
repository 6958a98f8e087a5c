"""The table of an experiment in Weights & Biases."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reproductions import runs
from reproductions.training import tracking


def track_table(  # noqa: PLR0913 - the fields of a W&B run, all by name
    folder: Path,
    kind: str,
    *,
    tags: Sequence[str],
    config: dict[str, Any],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    pictures: Mapping[str, tuple[Path, str]],
    inputs: Sequence[Path] = (),
) -> None:
    """Track the table of an experiment, whose kind names all of it, and its pictures: by name a path and a caption."""
    logger = tracking.experiment_logger(
        folder, name=f"{kind}-{runs.stamp()}", group=kind, tags=[kind, *tags], job_type=kind, config=config
    )
    tracking.declare_inputs(logger, inputs)
    tracking.log_table(logger, kind, [*columns], [[*row] for row in rows])
    for name, (path, caption) in pictures.items():
        tracking.log_picture(logger, f"{kind}/{name}", path, caption)
    tracking.finish(logger)
