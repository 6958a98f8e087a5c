"""The callback that turns validations and tests into scores, pictures, files and the tracker's rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer

from data.progress import doing, keep
from reproductions.evaluation import files, records
from reproductions.runs import SCORES, Run
from reproductions.tasks.gather import gather
from reproductions.tasks.report.page import keep as keep_report
from reproductions.tasks.task import Drawn, Split, Stage, Task
from reproductions.training import tracking


class EvaluationLog(Callback):
    """Score every split, draw chosen examples, write both into the run's folder and send them to the tracker.

    Files in ``folder``::

        validation.jsonl                one line of scores per validation
        views.json, views.png           scores of every view of the attention, if the task chooses one: those of the latest
                                        validation or, after its test, of the best checkpoint; of a translator,
                                        ``alignment_heads`` are the chosen view's, as CTranslate2 reads them
        pictures/<split>-<index>/       chosen examples through training: step-*.png, mean-*.png of averaged snapshots,
                                        and training.gif if the task films them
        report.html                     all of this on one page
        evaluation/scores.json          scores and details of every test split
        evaluation/<split>/             records and pictures of one: see the docstring of the task's split

    Args:
        folder: of the run.
        pictures: indices of the examples to draw in every split; a test draws all of "fixed".
    """

    def __init__(self, task: Task, folder: Path, pictures: Sequence[int]) -> None:
        self.task = task
        self.folder = folder
        self.pictures = tuple(pictures)
        self.results: dict[str, dict[str, Any]] = {}
        self._splits: list[Split[Any, Any, Any]] = []
        self._announced = False

    def on_fit_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Raise UserError for data that the model cannot read, before the training begins."""
        self.task.check(pl_module, trainer.datamodule)  # type: ignore[attr-defined]

    def _begin(self, trainer: Trainer, pl_module: Any) -> None:
        stage: Stage[Any, Any] = Stage.of(trainer, pl_module, self.pictures)
        self._splits = [self.task.begin(stage, name) for name in stage.data.split_names(stage.name)]

    def _add(
        self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._splits[dataloader_idx].add(outputs, batch)

    on_validation_epoch_start = on_test_epoch_start = _begin
    on_validation_batch_end = on_test_batch_end = _add

    def _gathered(self, trainer: Trainer) -> list[Split[Any, Any, Any]]:
        """The splits with what all processes have collected, without empty ones."""
        together = gather(trainer, [split.collected for split in self._splits])
        for split, collected in zip(self._splits, together, strict=True):
            split.collected = collected
        return [split for split in self._splits if len(split.collected)]

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: Any) -> None:
        splits = self._gathered(trainer)
        if trainer.sanity_checking:
            return
        self.task.choose(splits)
        line = {f"{split.name}/{name}": value for split in splits for name, value in split.scores().items()}
        pl_module.log_dict(line, rank_zero_only=False, add_dataloader_idx=False)
        if not trainer.is_global_zero:
            return
        origin, logger = splits[0].stage.origin, tracking.of(trainer.loggers)
        with (self.folder / "validation.jsonl").open("a", encoding="utf-8") as file:
            file.write(files.json_text(origin.as_json() | line))
        self._write_views(pl_module, logger)
        first: dict[str, Path] = {}  # picture of each split
        for split in splits:
            for drawn in split.followed():
                first.setdefault(split.name, self._draw(drawn, origin.step, logger))
        if first and not self._announced:
            self._announced = True
            picture = first.get("fixed") or next(iter(first.values()))
            keep(f"The first picture, after {origin.step:,} steps: {picture}")
        keep_report(Run(self.folder))

    def _write_views(self, module: Any, logger: tracking.RunLogger | None) -> None:
        """Write the scores of every view, as the checkpoint holds them, and draw them."""
        if not module.views:
            return
        files.write_json(self.folder / "views.json", module.views)
        if drawn := self.task.draw_views(module):
            self._draw(drawn, module.views["step"], logger)

    def _draw(self, drawn: Drawn, step: int, logger: tracking.RunLogger | None) -> Path:
        path = files.save(drawn.figure, self.folder / drawn.file, dpi=drawn.dpi, small=drawn.small)
        tracking.log_picture(logger, drawn.key, path, drawn.caption, step)
        return path

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Make a film of the pictures through training, if the task wants one: a continued training that had nothing left
        to train ends without ``on_train_end``.
        """
        if stage == "fit" and self.task.filmed and trainer.is_global_zero:
            for folder in (self.folder / "pictures").glob("*-*/"):
                if frames := sorted(folder.glob("step-*.png")):
                    files.film(frames, folder / "training.gif")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: Any) -> None:
        tracker = tracking.of(trainer.loggers)
        for split in self._gathered(trainer):
            with doing(f"scoring {split.name}"):
                scores = split.scores()
                for logger in trainer.loggers:
                    named = {f"{split.name}/{name}": value for name, value in scores.items()}
                    logger.log_metrics(named, step=pl_module.steps)
                self.results[split.name] = scores | {"step": pl_module.steps} | split.details()
            if trainer.is_global_zero:
                self._write(split, tracker)
        if trainer.is_global_zero:
            files.write_json(self.folder / SCORES, self.results)
            self._write_views(pl_module, tracker)
            keep_report(Run(self.folder))

    def _write(self, split: Split[Any, Any, Any], tracker: tracking.RunLogger | None) -> None:
        """Records, pictures and the tracker's table of one split."""
        folder = Run(self.folder).evaluation(split.name)
        for name, content in split.records().items():
            if name.endswith(".jsonl"):
                records.save(content, folder / name)
            else:
                files.write_json(folder / name, content)
        with doing(f"drawing {split.name}"):
            table = split.table(folder)
            tracking.log_table(tracker, f"{split.name}/{table.name}", table.columns, table.rows)
            for name, figure in split.figures():
                path = files.save(figure, folder / f"{name}.png")
                tracking.log_picture(tracker, f"{split.name}/{name}", path, split.title)
