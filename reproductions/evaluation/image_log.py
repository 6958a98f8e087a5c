"""The evaluation step's other half for classifiers: gather, score, draw, log and write."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, Trainer

from data.images import ImageBatch, ImageData
from reproductions import tracking
from reproductions.classification import Classification
from reproductions.evaluation import files, plots, records
from reproductions.evaluation.image_collect import (
    CollectedImages,
    Naming,
    collect,
    default_view,
    places_of,
    record,
    views_of,
)
from reproductions.evaluation.image_records import AttendedImage
from reproductions.evaluation.image_scores import (
    Truth,
    answers,
    choose,
    details,
    every_view,
    figures,
    localisation,
    plain,
    scores,
)
from reproductions.evaluation.image_views import ImageView
from reproductions.evaluation.localisation import Beside

# Images of a split that are looked into, evenly spread; the others are classified alone, which costs a fourth.
LOOKED = {"validate": 400, "test": 1000}
KEPT = 128  # records of a test split that are written down beside those drawn: Figure 11 is a mean over so many
FOLLOWED_DPI = 110  # of the pictures through training, which are many


class ImageLog(Callback):
    """Score every split, draw where the model looked in chosen images, send it to the tracker, keep it as files.

    Each validation chooses the view that finds the object best, by the masks of the validation split; without masks it is the
    one that ``choose`` takes by default.

    Files, in ``folder``::

        validation.jsonl                    a line of scores for each validation
        views.json                          the latest choice of a view: how well each finds the object in validation
        pictures/<split>-<index>/step-*.png the chosen images through training
        evaluation/scores.json              scores of every test split
        evaluation/<split>/answers.jsonl    what the model says of every image
        evaluation/<split>/attended.jsonl   images with maps
        evaluation/<split>/views.json       every layer, head and rollout against the masks
        evaluation/<split>/*.png            the view beside its controls, confusion, images, and their heads

    Args:
        folder: of the run.
        pictures: indices of the images to draw, in every split.
    """

    def __init__(self, folder: Path, pictures: Sequence[int]) -> None:
        self.folder = folder
        self.pictures = tuple(pictures)
        self.results: dict[str, dict[str, Any]] = {}
        self._views: list[ImageView] = []
        self._collected: list[CollectedImages] = []
        self._untrained: list[CollectedImages] = []
        self._control: Classification | None = None
        self._beside: dict[str, Mapping[str, Beside]] = {}

    # --- both -------------------------------------------------------------------------------------------------

    def _start(self, trainer: Trainer, pl_module: Classification) -> None:
        names = _data(trainer).split_names(_stage(trainer))
        self._views = views_of(pl_module)
        self._collected = [CollectedImages() for _ in names]
        self._untrained = [CollectedImages() for _ in names]
        self._control = untrained(pl_module) if trainer.testing else None

    def _choose_images(
        self, trainer: Trainer, pl_module: Classification, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        data, stage = _data(trainer), _stage(trainer)
        count = len(data.examples(data.split_names(stage)[dataloader_idx]).labels)
        spread = np.linspace(0, count - 1, min(count, LOOKED[stage])).astype(int)
        pl_module.inspected = frozenset(spread.tolist()) | frozenset(self.pictures)

    def _add(
        self,
        trainer: Trainer,
        pl_module: Classification,
        outputs: dict[str, Any],
        batch: ImageBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        places, labels = places_of(pl_module), batch.label.tolist()
        collect(outputs, labels, self._views, places, self._collected[dataloader_idx])
        if self._control is not None:
            self._control.inspected = pl_module.inspected
            seen = self._control.evaluation_step(batch)._asdict()
            collect(seen, labels, self._views, places, self._untrained[dataloader_idx])

    on_validation_epoch_start = on_test_epoch_start = _start
    on_validation_batch_start = on_test_batch_start = _choose_images
    on_validation_batch_end = on_test_batch_end = _add

    # --- validation -------------------------------------------------------------------------------------------

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: Classification) -> None:
        splits = self._gathered(trainer, "validate", self._collected)
        if trainer.sanity_checking:
            return
        data = _data(trainer)
        truths = {split: self._truth(data, split, collected) for split, collected in splits.items()}
        first = next(iter(splits))
        choice = choose(splits[first], self._views, truths[first])
        pl_module.view = str(choice.view)
        line: dict[str, Any] = {"step": trainer.global_step}
        for split, collected in splits.items():
            values = scores(collected, self._views.index(choice.view), truths[split])
            named = {f"{split}/{name}": value for name, value in values.items()}
            pl_module.log_dict(named, rank_zero_only=False, add_dataloader_idx=False)
            line |= named
        if not trainer.is_global_zero:
            return
        with (self.folder / "validation.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        told = {"step": trainer.global_step, "chosen": str(choice.view), "by": choice.by, "views": choice.table}
        files.write_text(self.folder / "views.json", json.dumps(told, indent=1) + "\n")
        for split, collected in splits.items():
            for attended in self._records(trainer, pl_module, split, collected, self.pictures):
                path = self.folder / "pictures" / f"{split}-{attended.index}" / f"step-{trainer.global_step:07d}.png"
                files.save(plots.attended(attended), path, dpi=FOLLOWED_DPI)
                key = f"attention/{split}-{attended.index}"
                tracking.log_picture(tracking.of(trainer.loggers), key, path, _caption(attended), trainer.global_step)

    # --- test -------------------------------------------------------------------------------------------------

    def on_test_epoch_end(self, trainer: Trainer, pl_module: Classification) -> None:
        splits = self._gathered(trainer, "test", self._collected)
        controls = self._gathered(trainer, "test", self._untrained)
        data, place = _data(trainer), self._place(pl_module)
        for split, collected in splits.items():
            truth = self._truth(data, split, collected)
            values = scores(collected, place, truth)
            for logger in trainer.loggers:
                logger.log_metrics({f"{split}/{name}": v for name, v in values.items()}, step=pl_module.steps)
            known = details(collected, place, truth)
            known["view"] = self._views[place].describe(*pl_module.depth)
            if truth is not None:
                self._beside[split] = localisation(collected, controls[split], self._views, place, truth)
                known["localisation"] = plain(self._beside[split])
            self.results[split] = values | {"step": pl_module.steps} | known
        if not trainer.is_global_zero:
            return
        folder = self.folder / "evaluation"
        for split, collected in splits.items():
            self._write(trainer, pl_module, folder / split, split, collected)
        files.write_text(folder / "scores.json", json.dumps(self.results, indent=1, ensure_ascii=False) + "\n")

    def _write(
        self, trainer: Trainer, pl_module: Classification, folder: Path, split: str, collected: CollectedImages
    ) -> None:
        """Records, pictures and the tracker's table of one split."""
        classes, logger = _data(trainer).classes, tracking.of(trainer.loggers)
        names = _data(trainer).examples(split).names
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in answers(collected, names, classes))
        files.write_text(folder / "answers.jsonl", text)
        some = sorted({*collected.looked[:KEPT], *self.pictures})
        attended = self._records(trainer, pl_module, split, collected, some)
        records.save(attended, folder / "attended.jsonl")
        truth = self._truth(_data(trainer), split, collected)
        if truth is not None:
            table = json.dumps(every_view(collected, self._views, truth), indent=1)
            files.write_text(folder / "views.json", table + "\n")
        rows: list[list[Any]] = []
        for one in attended:
            if one.index in self.pictures:
                path = files.save(plots.attended(one), folder / f"{split}-{one.index}.png")
                sure = round(float(one.probabilities[one.predicted]), 3)
                drawn = self._draw_heads(pl_module, one, collected, folder / f"{split}-{one.index}-heads.png")
                rows.append([one.index, one.name, classes[one.label], classes[one.predicted], sure, path, drawn])
        columns = ["index", "name", "class", "predicted", "probability", "attention", "heads"]
        tracking.log_table(logger, f"{split}/images", columns, rows)
        title = f"{pl_module.title}, step {pl_module.steps:,} · {split}"
        for name, figure in figures(collected, self._beside.get(split, {}), classes, title):
            path = files.save(figure, folder / f"{name}.png")
            tracking.log_picture(logger, f"{split}/{name}", path, title)

    def _draw_heads(
        self, pl_module: Classification, one: AttendedImage, collected: CollectedImages, path: Path
    ) -> Path | None:
        """Every layer and head over one image; None for a model without."""
        L, H = pl_module.depth
        places = [i for i, view in enumerate(self._views) if isinstance(view.layer, int) and isinstance(view.head, int)]
        if len(places) < L * H or L * H == 1:
            return None
        maps = collected.maps[one.index][places].reshape(L, H, *pl_module.grid)
        return files.save(plots.heads(one.pixels, maps, one.model, f"{one.name} · attention of each head"), path)

    # --- both -------------------------------------------------------------------------------------------------

    def _gathered(self, trainer: Trainer, stage: str, mine: list[CollectedImages]) -> dict[str, CollectedImages]:
        """What all processes have collected, by split; every image once."""
        if trainer.world_size > 1:
            everyone: list[Any] = [None] * trainer.world_size
            torch.distributed.all_gather_object(everyone, mine)
            mine = everyone[0]
            for theirs in everyone[1:]:
                for first, other in zip(mine, theirs, strict=True):
                    first.merge(other)
        names = _data(trainer).split_names(stage)
        return {name: one.in_order() for name, one in zip(names, mine, strict=True) if one.answers}

    def _truth(self, data: ImageData, split: str, collected: CollectedImages) -> Truth | None:
        """The masks of the images of a split that were looked into, and the mean mask of training; None without masks."""
        masks = data.examples(split).masks
        if masks is None or not collected.maps:
            return None
        mean_mask, grid = data.mean_mask, next(iter(collected.maps.values())).shape[1:]
        assert mean_mask is not None
        return Truth.of(masks[collected.looked], mean_mask, grid)

    def _place(self, pl_module: Classification) -> int:
        """Which of the views the checkpoint shows: the one that validation chose, else the default."""
        view = default_view(self._views) if pl_module.view is None else ImageView.parse(pl_module.view)
        return self._views.index(view)

    def _records(
        self,
        trainer: Trainer,
        pl_module: Classification,
        split: str,
        collected: CollectedImages,
        indices: Sequence[int],
    ) -> list[AttendedImage]:
        """The images of certain indices with their maps, as the view of the model shows them."""
        data, place = _data(trainer), self._place(pl_module)
        said = {answer.index: answer for answer in collected.answers}
        steps = pl_module.steps if trainer.testing else trainer.global_step
        naming = Naming(f"{pl_module.title}, step {steps:,}", self._views[place].describe(*pl_module.depth), split)
        return [
            record(said[index], collected.maps[index][place], data.examples(split), data.classes, naming)
            for index in indices
            if index in collected.maps
        ]


def _data(trainer: Trainer) -> ImageData:
    """The run's data module."""
    data: ImageData = trainer.datamodule  # type: ignore[attr-defined]
    return data


def _stage(trainer: Trainer) -> str:
    return "test" if trainer.testing else "validate"


def _caption(attended: AttendedImage) -> str:
    label, predicted = attended.classes[attended.label], attended.classes[attended.predicted]
    return f"{attended.model} · {attended.view} · {attended.name}: {label}, predicted {predicted}"


def untrained(pl_module: Classification) -> Classification:
    """The same network before any training: what its maps find, no learning has put there.

    A matrix that the recipe starts at zero, as ViT's head, is drawn too, or every gradient would be zero.
    """
    network, recipe = pl_module.network, pl_module.recipe
    with torch.inference_mode(False), torch.random.fork_rng(devices=[]):  # its weights take part in gradients
        torch.manual_seed(0)
        fresh = type(pl_module)(pl_module.hparams["classes"], network, recipe)
        with torch.no_grad():
            for parameter in fresh.parameters():
                if parameter.dim() > 1 and not parameter.any():
                    parameter.normal_(0, 0.02)
    return fresh.to(pl_module.device).eval()
