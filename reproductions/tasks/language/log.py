"""The evaluation step's other half for language models: gather, score, draw, log and write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from data.language import Contrast, LanguageBatch, LanguageData
from reproductions.evaluation import files, plots, records
from reproductions.evaluation.records.sentence import ReadSentence
from reproductions.tasks.gather import Origin, gathered, stage_of
from reproductions.tasks.language.collect import CollectedSentences, Naming, collect
from reproductions.tasks.language.scores import details, scores
from reproductions.training import tracking


class LanguageLog(Callback):
    """Score every split, draw where chosen sentences look at themselves, send it to the tracker, keep it as files.

    Files, in ``folder``::

        validation.jsonl                    a line of scores for each validation
        pictures/<split>-<index>/step-*.png the chosen sentences through training; mean-*.png where snapshots were averaged
        evaluation/scores.json              scores of every test split
        evaluation/<split>/read.jsonl       every word with its surprisal
        evaluation/<split>/attended.jsonl   intra-attention of every sentence
        evaluation/<split>/*.png            that of the chosen ones

    Args:
        folder: of the run.
        pictures: indices of the sentences to draw, in every split but "fixed", which is drawn whole.
    """

    def __init__(self, folder: Path, pictures: Sequence[int]) -> None:
        self.folder = folder
        self.pictures = tuple(pictures)
        self.results: dict[str, dict[str, Any]] = {}
        self._collected: list[CollectedSentences] = []
        self._contrasts: dict[str, dict[int, list[Contrast]]] = {}

    def _start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        names = _data(trainer).split_names(stage_of(trainer))
        self._collected = [CollectedSentences() for _ in names]
        self._contrasts |= {name: _data(trainer).contrasts(name) for name in names if name not in self._contrasts}

    def _add(
        self,
        trainer: Trainer,
        pl_module: Any,
        outputs: dict[str, Any],
        batch: LanguageBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        data = _data(trainer)
        split = data.split_names(stage_of(trainer))[dataloader_idx]
        naming = Naming(f"{pl_module.title}, {Origin.of(trainer, pl_module)}", split)
        into = self._collected[dataloader_idx]
        collect(outputs, batch.words, data.examples(split), data.tokenizer, self._contrasts[split], naming, into)

    on_validation_epoch_start = on_test_epoch_start = _start
    on_validation_batch_end = on_test_batch_end = _add

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        splits = gathered(trainer, _data(trainer).split_names("validate"), self._collected)
        if trainer.sanity_checking:
            return
        line = {
            f"{split}/{name}": value
            for split, collected in splits.items()
            for name, value in scores(collected.read, list(collected.reach.values())).items()
        }
        pl_module.log_dict(line, rank_zero_only=False, add_dataloader_idx=False)
        if not trainer.is_global_zero:
            return
        origin, logger = Origin.of(trainer, pl_module), tracking.of(trainer.loggers)
        with (self.folder / "validation.jsonl").open("a", encoding="utf-8") as file:
            file.write(files.json_text(origin.line | line))
        for split, collected in splits.items():
            for record in (record for record in collected.attended if record.index in self.pictures):
                path = self.folder / "pictures" / f"{split}-{record.index}" / origin.picture
                files.save(plots.alignment(record), path, dpi=files.FOLLOWED_DPI)
                caption = f"{record.model} · {record.view} · {' '.join(record.source)}"
                tracking.log_picture(logger, f"attention/{split}-{record.index}", path, caption, origin.step)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: Any) -> None:
        splits = gathered(trainer, _data(trainer).split_names("test"), self._collected)
        for split, collected in splits.items():
            values = scores(collected.read, list(collected.reach.values()))
            for logger in trainer.loggers:
                logger.log_metrics({f"{split}/{name}": v for name, v in values.items()}, step=pl_module.steps)
            self.results[split] = values | {"step": pl_module.steps} | details(collected.read)
        if not trainer.is_global_zero:
            return
        folder = self.folder / "evaluation"
        for split, collected in splits.items():
            self._write(trainer, folder / split, split, collected)
        files.write_json(folder / "scores.json", self.results)

    def _write(self, trainer: Trainer, folder: Path, split: str, collected: CollectedSentences) -> None:
        """Records, pictures and the tracker's table of one split."""
        records.save(collected.read, folder / "read.jsonl")
        records.save(collected.attended, folder / "attended.jsonl")
        attended = {record.index: record for record in collected.attended}
        rows: list[list[Any]] = []
        for sentence in collected.read:
            picture = None
            if sentence.index in attended and (split == "fixed" or sentence.index in self.pictures):
                picture = files.save(
                    plots.alignment(attended[sentence.index]), folder / f"{split}-{sentence.index}.png"
                )
            rows.append([sentence.index, " ".join(sentence.words[:-1]), round(_perplexity(sentence), 2), picture])
        columns = ["index", "sentence", "perplexity", "intra-attention"]
        tracking.log_table(tracking.of(trainer.loggers), f"{split}/sentences", columns, rows)


def _perplexity(sentence: ReadSentence) -> float:
    return scores([sentence], [])["perplexity"]


def _data(trainer: Trainer) -> LanguageData:
    """The run's data module."""
    data: LanguageData = trainer.datamodule  # type: ignore[attr-defined]
    return data
