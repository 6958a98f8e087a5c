"""The figures of Xu et al. (2015), drawn from trained runs: soft beside hard attention over the same words, as their Figure 2."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from data import stored
from reproductions import runs
from reproductions.commands.figures import printed, run_of
from reproductions.evaluation import plots
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.evaluation.views.image import BEST_FIXED
from reproductions.runs import Run
from reproductions.tasks.captions.collect import TrainedCaptioner
from reproductions.tasks.captions.scores import MEAN, SHOWN, of_words
from reproductions.tasks.task import restore

SPLIT = "test"
DRAWN = 8  # images, the first of the split
BLIND = (MEAN, BEST_FIXED)  # the controls drawn beside the models


def soft_and_hard(data: str | None, folder: Path) -> Iterator[Path]:
    """The newest runs with soft and with hard attention side by side."""
    config = data or "captions"
    soft = runs.find("xu2015", config, having=runs.SCORES)
    hard = run_of(
        "xu2015",
        config,
        "hard",
        f"Soft attention is drawn beside hard attention, which has no scored run on {config}: train it with "
        "`make train-xu VARIANT=hard`.",
    )
    for number, (of_soft, of_hard) in enumerate(_same_words(soft, hard)):
        figure = plots.captioned([of_soft, of_hard], ["soft attention", "hard attention"])
        yield from printed(figure, folder, f"figure-2-soft-and-hard-{number}")
    figure = plots.located_words(
        _series(soft, hard),
        "Soft and hard attention before each kind of word",
        f"Each model over the true words of its own captions of the {SPLIT} split; the controls over those of "
        f"{soft.title}.",
        asked=2,
    )
    yield from printed(figure, folder, "soft-and-hard-words")


def _same_words(soft: Run, hard: Run) -> Iterator[tuple[CaptionedImage, CaptionedImage]]:
    """The first images of the test split with the words that soft attention wrote, as it and as hard attention read them."""
    reader: TrainedCaptioner = restore(hard)
    for written in soft.records(SPLIT, "own.jsonl", CaptionedImage)[:DRAWN]:
        maps = reader.follow(written.pixels, written.words)
        yield (
            written,
            replace(written, maps=maps, model=reader.name, forced=True, draws=reader.module.draws, score=None),
        )


def _series(soft: Run, hard: Run) -> dict[str, Any]:
    """Name -> kind of word -> measure -> value and interval, each model over its own captions."""
    located = {run.title: _located(run) for run in (soft, hard)}
    models = {title: by_map.get(SHOWN, {}) for title, by_map in located.items()}
    controls = {f"control: {name}": located[soft.title].get(name, {}) for name in BLIND}
    return {title: of_words(groups) for title, groups in (models | controls).items()}


def _located(run: Run) -> dict[str, Any]:
    """Its scores of where it looked: map -> kind of word -> measure -> value and interval; raises UserError for others."""
    scores: dict[str, Any] = run.scores.get(SPLIT, {})
    stored.check(scores, {"localisation?": {"*": {"*": {"*": [stored.MEASURE]}}}}, run.folder / runs.SCORES)
    return scores.get("localisation", {})


FIGURES = (soft_and_hard,)
