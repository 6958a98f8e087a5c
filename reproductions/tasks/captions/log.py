"""The evaluation step's other half for captioners: gather, score, draw, log and write."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from data.captions import CaptionBatch, CaptionData
from reproductions.evaluation import files, plots, records
from reproductions.evaluation.measures.captions import OF_OBJECTS
from reproductions.evaluation.measures.localisation import Beside, plain
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.tasks.captions.collect import Captions, CollectedCaptions, Naming, collect, squared
from reproductions.tasks.captions.scores import SHOWN, WordMaps, details, localisation, scores
from reproductions.tasks.gather import Origin, gathered, stage_of
from reproductions.tasks.untrained import untrained
from reproductions.training import tracking

KEPT = 100  # records of a test split that are written down, beside those drawn
DRAWN_MEASURES = ("pointing", "energy", "auroc")


class CaptionLog(Callback):
    """Score every split, draw where the model looked before each word, send it to the tracker, keep it as files.

    Files, in ``folder``::

        validation.jsonl                    a line of scores for each validation
        pictures/<split>-<index>/step-*.png the chosen images through training; mean-*.png where snapshots were averaged
        evaluation/scores.json              scores of every test split
        evaluation/<split>/captions.jsonl   what the model says of every image, and what of it is true
        evaluation/<split>/own.jsonl        images with its own captions and their maps
        evaluation/<split>/forced.jsonl     the same images with the captions to learn
        evaluation/<split>/*.png            the chosen images; each kind of word, and the maps beside controls

    Args:
        folder: of the run.
        pictures: indices of the images to draw, in every split.
    """

    def __init__(self, folder: Path, pictures: Sequence[int]) -> None:
        self.folder = folder
        self.pictures = tuple(pictures)
        self.results: dict[str, dict[str, Any]] = {}
        self._collected: list[CollectedCaptions] = []
        self._control: Captions | None = None

    # --- both -------------------------------------------------------------------------------------------------

    def _start(self, trainer: Trainer, pl_module: Captions) -> None:
        self._collected = [CollectedCaptions() for _ in _data(trainer).split_names(stage_of(trainer))]
        self._control = untrained(pl_module) if trainer.testing else None

    def _add(
        self,
        trainer: Trainer,
        pl_module: Captions,
        outputs: dict[str, Any],
        batch: CaptionBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        data = _data(trainer)
        split = data.split_names(stage_of(trainer))[dataloader_idx]
        naming = Naming(f"{pl_module.title}, {Origin.of(trainer, pl_module)}", split, pl_module.draws)
        into = self._collected[dataloader_idx]
        collect(outputs, data.examples(split), data.tokenizer, naming, into)
        if self._control is not None:
            own = [torch.tensor(one.ids) for one in outputs["hypotheses"]]
            target = torch.nn.utils.rnn.pad_sequence(own, batch_first=True).to(batch.image.device)
            for index, ids, maps in zip(outputs["index"], own, self._control.follow(batch.image, target), strict=True):
                into.untrained[index] = squared(maps[: len(ids)])

    on_validation_epoch_start = on_test_epoch_start = _start
    on_validation_batch_end = on_test_batch_end = _add

    # --- validation -------------------------------------------------------------------------------------------

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: Captions) -> None:
        splits = gathered(trainer, _data(trainer).split_names("validate"), self._collected)
        if trainer.sanity_checking:
            return
        origin = Origin.of(trainer, pl_module)
        line = origin.line
        for split, collected in splits.items():
            named = {f"{split}/{name}": value for name, value in _scores(collected).items()}
            pl_module.log_dict(named, rank_zero_only=False, add_dataloader_idx=False)
            line |= named
        if not trainer.is_global_zero:
            return
        with (self.folder / "validation.jsonl").open("a", encoding="utf-8") as file:
            file.write(files.json_text(line))
        for split, collected in splits.items():
            for record in self._drawn(collected.own):
                path = self.folder / "pictures" / f"{split}-{record.index}" / origin.picture
                files.save(plots.captioned([record]), path, dpi=files.FOLLOWED_DPI)
                key = f"attention/{split}-{record.index}"
                tracking.log_picture(tracking.of(trainer.loggers), key, path, _caption(record), origin.step)

    # --- test -------------------------------------------------------------------------------------------------

    def on_test_epoch_end(self, trainer: Trainer, pl_module: Captions) -> None:
        splits = gathered(trainer, _data(trainer).split_names("test"), self._collected)
        mean_mask = _data(trainer).mean_mask
        beside: dict[str, dict[str, Beside]] = {}
        for split, collected in splits.items():
            values = _scores(collected)
            for logger in trainer.loggers:
                logger.log_metrics({f"{split}/{name}": v for name, v in values.items()}, step=pl_module.steps)
            looked = WordMaps.of(collected.own, collected.untrained)
            self.results[split] = values | {"step": pl_module.steps} | details(collected.own, collected.judged)
            if len(looked.maps):
                beside[split] = localisation(looked, mean_mask)
                self.results[split] |= {"words": len(looked.maps), "localisation": plain(beside[split])}
        if not trainer.is_global_zero:
            return
        folder = self.folder / "evaluation"
        for split, collected in splits.items():
            self._write(trainer, pl_module, folder / split, split, collected, beside.get(split, {}))
        files.write_json(folder / "scores.json", self.results)

    def _write(
        self,
        trainer: Trainer,
        pl_module: Captions,
        folder: Path,
        split: str,
        collected: CollectedCaptions,
        beside: dict[str, Beside],
    ) -> None:
        """Records, pictures and the tracker's table of one split."""
        lines = (json.dumps(_told(one, collected), ensure_ascii=False) + "\n" for one in collected.own)
        files.write_text(folder / "captions.jsonl", "".join(lines))
        for name, those in (("own", collected.own), ("forced", collected.forced)):
            kept = [one for place, one in enumerate(those) if place < KEPT or one.index in self.pictures]
            records.save(kept, folder / f"{name}.jsonl")
        logger, rows = tracking.of(trainer.loggers), list[list[Any]]()
        forced = {one.index: one for one in collected.forced}
        for record in self._drawn(collected.own):
            paths = [
                files.save(plots.captioned([one]), folder / f"{split}-{record.index}-{name}.png")
                for name, one in (("own", record), ("forced", forced[record.index]))
            ]
            told = _told(record, collected)
            rows.append([record.index, record.text, told["true"], " / ".join(record.references), *paths])
        columns = ["index", "caption", "true", "true captions", "own words", "words to learn"]
        tracking.log_table(logger, f"{split}/captions", columns, rows)
        title = f"{pl_module.title}, step {pl_module.steps:,} · {split}"
        for name, figure in _figures(beside, title, self.results[split].get("words", 0)):
            path = files.save(figure, folder / f"{name}.png")
            tracking.log_picture(logger, f"{split}/{name}", path, title)

    # --- both -------------------------------------------------------------------------------------------------

    def _drawn(self, those: Sequence[CaptionedImage]) -> list[CaptionedImage]:
        return [record for record in those if record.index in self.pictures]


def _scores(collected: CollectedCaptions) -> dict[str, float]:
    return scores(collected.own, collected.forced, collected.judged, collected.nll, collected.words)


def _told(record: CaptionedImage, collected: CollectedCaptions) -> dict[str, Any]:
    judged = collected.judged[record.index]
    return {
        "index": record.index,
        "caption": record.text,
        "true": judged.true,
        "right": judged.right,
        "references": record.references,
        "log_probability": round(record.score or 0.0, 4),
    }


def _figures(beside: dict[str, Beside], title: str, words: int) -> Any:
    """Pictures of a whole split, by name: the maps beside controls over all words, and over each kind of word."""
    if not beside:
        return
    note = f"{words:,} words that tell something true of an object, in the model's own captions."
    everything = {name: {"all": row.measures["all"]} for name, row in beside.items()}
    yield "localisation", plots.beside_controls(everything, title, note)
    chosen = {name: beside[name].measures for name in (SHOWN, "mean over the caption's words", "best fixed map")}
    series = {name: {role: found[role] for role in OF_OBJECTS if found[role]} for name, found in chosen.items()}
    yield "words", plots.located_words(series, DRAWN_MEASURES, title, note)


def _data(trainer: Trainer) -> CaptionData:
    """The run's data module."""
    data: CaptionData = trainer.datamodule  # type: ignore[attr-defined]
    return data


def _caption(record: CaptionedImage) -> str:
    return f"{record.model} · {record.where}: {record.text}"
