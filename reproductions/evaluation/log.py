"""The evaluation step's other half: gather, score, draw, log and write, for every translator alike."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from data.translation import TranslationData
from reproductions import tracking
from reproductions.evaluation import files, plots, records
from reproductions.evaluation.alignment_metrics import alignment_error_rate
from reproductions.evaluation.collect import Collected, Sides, collect
from reproductions.evaluation.records import AlignedTranslation
from reproductions.evaluation.scores import details, scores
from reproductions.evaluation.text_metrics import sentence_chrf
from reproductions.evaluation.views import View, choose_view
from reproductions.translation import Translation


class EvaluationLog(Callback):
    """Score every split, draw the alignments of chosen sentences, send them to the tracker, keep them as files.

    Files, in ``folder``::

        validation.jsonl                    a line of scores for each validation
        pictures/<split>-<index>/step-*.png the chosen sentences through training
        evaluation/scores.json              scores of every test split
        evaluation/<split>/*.jsonl, *.png   translations, alignments and pictures

    Args:
        folder: of the run.
        pictures: indices of the sentences to draw, in every split but "fixed", which is drawn whole.
    """

    def __init__(self, folder: Path, pictures: Sequence[int]) -> None:
        self.folder = folder
        self.pictures = tuple(pictures)
        self.results: dict[str, dict[str, Any]] = {}
        self._collected: list[Collected] = []

    # --- validation -------------------------------------------------------------------------------------------

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: Translation) -> None:
        self._start(trainer, "validate")

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: Translation,
        outputs: dict[str, Any],
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self._add(trainer, "validate", pl_module, outputs, dataloader_idx, steps=trainer.global_step)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: Translation) -> None:
        splits = self._gathered(trainer, "validate")
        if trainer.sanity_checking:
            return
        first = next(iter(splits.values()))
        if first.golds and first.maps[0].shape[:2] != (1, 1):  # with one map there is nothing to choose
            choice = choose_view(first.maps, first.golds, first.pieces)
            pl_module.view = str(choice.view)
        line: dict[str, Any] = {"step": trainer.global_step}
        for split, collected in splits.items():
            named = {f"{split}/{name}": value for name, value in self._scores(trainer, collected).items()}
            pl_module.log_dict(named, rank_zero_only=False, add_dataloader_idx=False)
            line |= named
        if trainer.is_global_zero:
            with (self.folder / "validation.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            for split, collected in splits.items():
                for record in self._drawn(split, collected.forced):
                    path = self.folder / "pictures" / f"{split}-{record.index}" / f"step-{trainer.global_step:07d}.png"
                    files.save(plots.alignment(record), path)
                    key = f"alignment/{split}-{record.index}"
                    tracking.log_picture(tracking.of(trainer.loggers), key, path, _caption(record), trainer.global_step)

    # --- test -------------------------------------------------------------------------------------------------

    def on_test_epoch_start(self, trainer: Trainer, pl_module: Translation) -> None:
        self._start(trainer, "test")

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: Translation,
        outputs: dict[str, Any],
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self._add(trainer, "test", pl_module, outputs, dataloader_idx, steps=pl_module.steps)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: Translation) -> None:
        splits = self._gathered(trainer, "test")
        language = _data(trainer).target_tokenizer.language
        for split, collected in splits.items():
            values = self._scores(trainer, collected)
            for logger in trainer.loggers:
                logger.log_metrics({f"{split}/{name}": v for name, v in values.items()}, step=pl_module.steps)
            known = details(collected.translated, collected.forced, language)
            self.results[split] = values | {"step": pl_module.steps} | known
        if not trainer.is_global_zero:
            return
        folder = self.folder / "evaluation"
        for split, collected in splits.items():
            self._write(trainer, folder / split, split, collected)
        files.write_text(folder / "scores.json", json.dumps(self.results, indent=1, ensure_ascii=False) + "\n")

    def _write(self, trainer: Trainer, folder: Path, split: str, collected: Collected) -> None:
        """Records, pictures and the tracker's table of one split."""
        records.save(collected.translated, folder / "translations.jsonl")
        records.save(collected.forced, folder / "forced.jsonl")
        records.save(collected.own, folder / "own.jsonl")
        rows: list[list[Any]] = []
        forced = {record.index: record for record in collected.forced}
        own = {record.index: record for record in collected.own}
        for sentence in collected.translated:
            if not self._is_drawn(split, sentence.index):
                continue
            chrf = sentence_chrf(hypothesis=sentence.hypothesis, reference=sentence.reference)
            row = [sentence.index, sentence.source, sentence.reference, sentence.hypothesis, round(chrf, 1)]
            aer, pictures = None, []
            for name, record in (("forced", forced.get(sentence.index)), ("own", own.get(sentence.index))):
                if record is None:
                    continue
                if record.gold is not None:
                    aer = round(alignment_error_rate([record]).aer, 3)
                path = folder / f"{split}-{sentence.index}-{name}.png"
                files.save(plots.alignment(record), path)
                pictures.append(path)
            rows.append([*row, aer, *pictures, *[None] * (2 - len(pictures))])
        columns = ["index", "source", "reference", "translation", "chrF", "AER", "forced alignment", "own alignment"]
        tracking.log_table(tracking.of(trainer.loggers), f"{split}/sentences", columns, rows)

    # --- both -------------------------------------------------------------------------------------------------

    def _start(self, trainer: Trainer, stage: str) -> None:
        self._collected = [Collected() for _ in _data(trainer).split_names(stage)]

    def _add(
        self, trainer: Trainer, stage: str, module: Translation, outputs: dict[str, Any], loader: int, steps: int
    ) -> None:
        data = _data(trainer)
        split = data.split_names(stage)[loader]
        view = None if module.view is None else View.parse(module.view)
        sides = Sides(data.source_tokenizer, data.target_tokenizer, f"{module.title}, step {steps:,}", view)
        keep = stage == "validate" and loader == 0
        collect(outputs, data.examples(split), split, sides, self._collected[loader], keep_maps=keep)

    def _gathered(self, trainer: Trainer, stage: str) -> dict[str, Collected]:
        """What all processes have collected, by split; every sentence once."""
        if trainer.world_size > 1:
            everyone: list[Any] = [None] * trainer.world_size
            torch.distributed.all_gather_object(everyone, self._collected)
            self._collected = everyone[0]
            for theirs in everyone[1:]:
                for mine, other in zip(self._collected, theirs, strict=True):
                    mine.merge(other)
        names = _data(trainer).split_names(stage)
        return {name: c.in_order() for name, c in zip(names, self._collected, strict=True) if c.translated}

    def _scores(self, trainer: Trainer, collected: Collected) -> dict[str, float]:
        language = _data(trainer).target_tokenizer.language
        return scores(collected.translated, collected.forced, language, collected.nll, collected.words)

    def _is_drawn(self, split: str, index: int) -> bool:
        return split == "fixed" or index in self.pictures

    def _drawn(self, split: str, found: Sequence[AlignedTranslation]) -> list[AlignedTranslation]:
        return [record for record in found if self._is_drawn(split, record.index)]


def _data(trainer: Trainer) -> TranslationData:
    """The run's data module."""
    data: TranslationData = trainer.datamodule  # type: ignore[attr-defined]
    return data


def _caption(record: AlignedTranslation) -> str:
    target = "the reference" if record.forced else "the model's own translation"
    return f"{record.model} · {record.view} · over {target} · {' '.join(record.source)}"


