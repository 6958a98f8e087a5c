"""The evaluation step's other half: gather, score, draw, log and write, for every translator alike."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch import Callback, Trainer

from data.links import Links
from data.translation import PairedIds, TranslationData
from reproductions.evaluation import files, plots, records
from reproductions.evaluation.measures.aligner import Pair, align
from reproductions.evaluation.measures.alignment import AlignmentScores, alignment_error_rate, diagonal_baseline
from reproductions.evaluation.measures.text import sentence_chrf
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.evaluation.views.alignment import Choice, View
from reproductions.tasks.gather import Origin, gathered, stage_of
from reproductions.tasks.translation.collect import Collected, Sides, collect
from reproductions.tasks.translation.scores import details, scores
from reproductions.training import tracking
from reproductions.training.translation import Translation

ALIGNER_PAIRS = 50_000  # training pairs that the statistical aligner reads; more changes little and takes memory
BY_GOLD = "gold links"
BY_ALIGNER = "the links of a statistical aligner trained on the training pairs"


class EvaluationLog(Callback):
    """Score every split, draw the alignments of chosen sentences, send them to the tracker, keep them as files.

    Where a model has several layers or heads, each validation chooses the view that aligns best with the validation split's
    gold links, or with those of a statistical aligner where the corpus has none.

    Files, in ``folder``::

        validation.jsonl                    a line of scores for each validation
        views.json, views.png               alignment error rate of every view, and which was chosen: at the latest
                                            validation, and once the best checkpoint is tested, at that checkpoint's
        pictures/<split>-<index>/step-*.png the chosen sentences through training; mean-*.png where snapshots were averaged
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
        self._links: tuple[str, Mapping[int, Links]] | None = None

    def on_fit_start(self, trainer: Trainer, pl_module: Translation) -> None:
        """Refuse a sentence that is longer than the model can read before the training, not in the test behind it."""
        if pl_module.model.max_length is not None:
            _data(trainer).check_lengths(pl_module.model.max_length)

    # --- both -------------------------------------------------------------------------------------------------

    def _start(self, trainer: Trainer, pl_module: Translation) -> None:  # noqa: ARG002 (Lightning's signature)
        self._collected = [Collected() for _ in _data(trainer).split_names(stage_of(trainer))]

    def _add(
        self,
        trainer: Trainer,
        pl_module: Translation,
        outputs: dict[str, Any],
        batch: Any,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
        dataloader_idx: int = 0,
    ) -> None:
        data, stage = _data(trainer), stage_of(trainer)
        split = data.split_names(stage)[dataloader_idx]
        view = None if pl_module.view is None else View.parse(pl_module.view)
        model = f"{pl_module.title}, {Origin.of(trainer, pl_module)}"
        sides = Sides(data.source_tokenizer, data.target_tokenizer, model, view)
        L, H = outputs["forced_maps"][0].shape[:2]
        keep_maps = stage == "validate" and L * H > 1  # with one map there is nothing to choose
        collect(outputs, data.examples(split), split, sides, self._collected[dataloader_idx], keep_maps)

    on_validation_epoch_start = on_test_epoch_start = _start
    on_validation_batch_end = on_test_batch_end = _add

    def _links_of(self, data: TranslationData) -> tuple[str, Mapping[int, Links]]:
        """What the view is chosen by, in words, and the links of the validation sentences."""
        if self._links is None:
            split = data.split_names("validate")[0]
            gold = {i: example.links for i, example in enumerate(data.examples(split)) if example.links is not None}
            self._links = (BY_GOLD, gold) if gold else (BY_ALIGNER, _aligned(data, split))
        return self._links

    # --- validation -------------------------------------------------------------------------------------------

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: Translation) -> None:
        splits = gathered(trainer, _data(trainer).split_names("validate"), self._collected)
        if trainer.sanity_checking:
            return
        first, origin = next(iter(splits.values())), Origin.of(trainer, pl_module)
        if first.looked:
            by, links = self._links_of(_data(trainer))
            choice = first.choose_view(links)
            pl_module.view = str(choice.view)
            for collected in splits.values():
                collected.show(choice.view)
            pl_module.views = _told(origin, choice, by) | {"diagonal": _diagonal(first.forced, links)}
            self._tell_views(trainer, pl_module)
        line = origin.line
        for split, collected in splits.items():
            named = {f"{split}/{name}": value for name, value in self._scores(trainer, collected).items()}
            pl_module.log_dict(named, rank_zero_only=False, add_dataloader_idx=False)
            line |= named
        if not trainer.is_global_zero:
            return
        with (self.folder / "validation.jsonl").open("a", encoding="utf-8") as file:
            file.write(files.json_text(line))
        for split, collected in splits.items():
            for record in (record for record in collected.forced if record.index in self.pictures):
                path = self.folder / "pictures" / f"{split}-{record.index}" / origin.picture
                files.save(plots.alignment(record), path, dpi=files.FOLLOWED_DPI)
                key = f"alignment/{split}-{record.index}"
                tracking.log_picture(tracking.of(trainer.loggers), key, path, _caption(record), origin.step)

    def _tell_views(self, trainer: Trainer, pl_module: Translation) -> None:
        """Write down the alignment error rate of every view, as the checkpoint holds it, and draw it."""
        told = pl_module.views
        if not told or not trainer.is_global_zero:
            return
        files.write_json(self.folder / "views.json", told)
        table = {View.parse(view): AlignmentScores(**scores) for view, scores in told["views"].items()}
        model = f"{pl_module.title}, {Origin.told(told)}"
        diagonal = told.get("diagonal")  # older checkpoints have none
        figure = plots.view_grid(table, View.parse(told["chosen"]), model, told["by"], diagonal)
        path = files.save(figure, self.folder / "views.png")
        caption = f"Alignment error rate of every view against {told['by']}"
        tracking.log_picture(tracking.of(trainer.loggers), "alignment/views", path, caption, told["step"])

    # --- test -------------------------------------------------------------------------------------------------

    def on_test_epoch_end(self, trainer: Trainer, pl_module: Translation) -> None:
        splits = gathered(trainer, _data(trainer).split_names("test"), self._collected)
        language = _data(trainer).target_tokenizer.language
        for split, collected in splits.items():
            values = self._scores(trainer, collected)
            for logger in trainer.loggers:
                logger.log_metrics({f"{split}/{name}": v for name, v in values.items()}, step=pl_module.steps)
            known = details(collected.translated, collected.forced, language)
            speed = len(collected.translated) / max(collected.seconds, 1e-9)
            self.results[split] = values | {"step": pl_module.steps, "sentences_per_s": round(speed, 1)} | known
        self._tell_views(trainer, pl_module)
        if not trainer.is_global_zero:
            return
        folder = self.folder / "evaluation"
        for split, collected in splits.items():
            self._write(trainer, folder / split, split, collected)
        files.write_json(folder / "scores.json", self.results)

    def _write(self, trainer: Trainer, folder: Path, split: str, collected: Collected) -> None:
        """Records, pictures and the tracker's table of one split."""
        records.save(collected.translated, folder / "translations.jsonl")
        records.save(collected.forced, folder / "forced.jsonl")
        records.save(collected.own, folder / "own.jsonl")
        forced = {record.index: record for record in collected.forced}
        own = {record.index: record for record in collected.own}
        rows: list[list[Any]] = []
        for sentence in collected.translated:
            index = sentence.index
            chrf = sentence_chrf(hypothesis=sentence.hypothesis, reference=sentence.reference)
            row = [
                index,
                sentence.source,
                sentence.reference,
                sentence.hypothesis,
                round(chrf, 1),
                _aer(forced.get(index)),
            ]
            pictures: list[Path | None] = [None, None]
            if self._is_drawn(split, index):
                beside = {"forced": forced.get(index), "own": own.get(index)}
                pictures = [
                    record and files.save(plots.alignment(record), folder / f"{split}-{index}-{name}.png")
                    for name, record in beside.items()
                ]
            rows.append([*row, *pictures])
        columns = ["index", "source", "reference", "translation", "chrF", "AER", "forced alignment", "own alignment"]
        tracking.log_table(tracking.of(trainer.loggers), f"{split}/sentences", columns, rows)

    # --- both -------------------------------------------------------------------------------------------------

    def _scores(self, trainer: Trainer, collected: Collected) -> dict[str, float]:
        language = _data(trainer).target_tokenizer.language
        return scores(collected.translated, collected.forced, language, collected.nll, collected.words)

    def _is_drawn(self, split: str, index: int) -> bool:
        return split == "fixed" or index in self.pictures


def _data(trainer: Trainer) -> TranslationData:
    """The run's data module."""
    data: TranslationData = trainer.datamodule  # type: ignore[attr-defined]
    return data


def _told(origin: Origin, choice: Choice, by: str) -> dict[str, Any]:
    """A choice as plain values, for a checkpoint and for JSON."""
    rates = {str(view): asdict(scores) for view, scores in choice.table.items()}
    return {**origin.line, "chosen": str(choice.view), "by": by, "views": rates}


def _diagonal(forced: Sequence[AlignedTranslation], links: Mapping[int, Links]) -> float:
    """The alignment error rate of the diagonal, which looks at nothing, over the sentences that have links."""
    linked = [record for record in forced if record.index in links]
    lengths = [(len(record.target_words), len(record.source_words)) for record in linked]
    return diagonal_baseline([links[record.index] for record in linked], lengths).aer


def _aer(record: AlignedTranslation | None) -> float | None:
    """Of one sentence; None without a map, without gold, or where neither has a link."""
    aer = math.nan if record is None or record.gold is None else alignment_error_rate([record]).aer
    return None if math.isnan(aer) else round(aer, 3)


def _caption(record: AlignedTranslation) -> str:
    target = "the reference" if record.forced else "the model's own translation"
    return f"{record.model} · {record.view} · over {target} · {' '.join(record.source)}"


def _aligned(data: TranslationData, split: str) -> dict[int, Links]:
    """Links of a split's sentences by the statistical aligner, by index."""
    training, wanted = data.pairs_of("train"), data.pairs_of(split)
    read = [_pair(training, i) for i in range(min(len(training), ALIGNER_PAIRS))]
    found = align(read, [_pair(wanted, i) for i in range(len(wanted))])
    links = {}
    for index, (example, between) in enumerate(zip(data.examples(split), found, strict=True)):
        target = data.target_tokenizer.surface(example.target).word_of_piece
        source = data.source_tokenizer.surface(example.source).word_of_piece
        sure, possible = (
            frozenset((target[t], source[s]) for t, s in pieces) for pieces in (between.sure, between.possible)
        )
        links[index] = Links(sure, possible)
    return links


def _pair(pairs: PairedIds, index: int) -> Pair:
    """Ids without the ``</s>`` at the end."""
    return Pair(np.asarray(pairs.source[index])[:-1], np.asarray(pairs.target[index])[:-1])
