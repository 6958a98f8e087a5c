"""The evaluation step's other half for classifiers: gather, score, draw, log and write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch import Callback, Trainer
from torch import Tensor

from data.images import ImageBatch, ImageData
from reproductions.evaluation import files, plots
from reproductions.evaluation.records.image import AttendedImage
from reproductions.evaluation.views.image import ImageView
from reproductions.tasks.gather import Origin, gathered, stage_of
from reproductions.tasks.images.asked import ask
from reproductions.tasks.images.collect import CollectedImages, default_view, look_through, views_of
from reproductions.tasks.images.grounds import swap_grounds
from reproductions.tasks.images.removal import remove
from reproductions.tasks.images.scores import Subject, Truth, choose, figures, localisation
from reproductions.tasks.images.tested import Tested, write
from reproductions.tasks.untrained import untrained
from reproductions.training import tracking
from reproductions.training.classification import Classification

# Images of a split that are looked into, evenly spread; the others are classified alone, which costs a fourth.
LOOKED = {"validate": 400, "test": 1200}


class ImageLog(Callback):
    """Score every split, draw where the model looked in chosen images, send it to the tracker, keep it as files.

    Each validation chooses the view that finds the object best, by the masks of the validation split; without masks it is the
    one that ``choose`` takes by default.

    Files, in ``folder``::

        validation.jsonl                    a line of scores for each validation
        views.json, views.png               how well each view finds the object, and which was chosen: at the latest
                                            validation, and once the best checkpoint is tested, at that checkpoint's
        confusion.png                       the latest confusion of classes in validation
        pictures/<split>-<index>/step-*.png the chosen images through training, and training.gif, the film of them;
                                            mean-*.png where snapshots were averaged
        evaluation/scores.json              scores of every test split
        evaluation/<split>/answers.jsonl    what the model says of every image
        evaluation/<split>/attended.jsonl   images with maps
        evaluation/<split>/views.json, .png every layer, head and rollout against the masks
        evaluation/<split>/*.png, *.gif     the view beside its controls, deletion and insertion, confusion, images, and their
                                            heads and layers

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
        self._chosen: list[frozenset[int]] = []

    # --- both -------------------------------------------------------------------------------------------------

    def _start(self, trainer: Trainer, pl_module: Classification) -> None:
        data, stage = _data(trainer), stage_of(trainer)
        names = data.split_names(stage)
        self._views = views_of(pl_module)
        self._collected = [CollectedImages() for _ in names]
        self._untrained = [CollectedImages() for _ in names]
        self._control = untrained(pl_module) if trainer.testing else None
        counts = [len(data.examples(name).labels) for name in names]
        spread = [np.linspace(0, count - 1, min(count, LOOKED[stage])).astype(int).tolist() for count in counts]
        self._chosen = [frozenset(chosen) | frozenset(self.pictures) for chosen in spread]

    def _add(
        self,
        trainer: Trainer,
        pl_module: Classification,
        outputs: Tensor,
        batch: ImageBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        index, collected = batch.index.tolist(), self._collected[dataloader_idx]
        collected.add(index, batch.label.tolist(), outputs)
        chosen = [i for i, place in enumerate(index) if place in self._chosen[dataloader_idx]]
        if not chosen:
            return
        looked, image = [index[i] for i in chosen], batch.image[chosen]
        with trainer.precision_plugin.forward_context():
            maps = look_through(pl_module, image, self._views, outputs[chosen].argmax(1))
            collected.maps |= zip(looked, maps, strict=True)
            if self._control is not None:
                fresh = look_through(self._control, image, self._views)
                self._untrained[dataloader_idx].maps |= zip(looked, fresh, strict=True)

    on_validation_epoch_start = on_test_epoch_start = _start
    on_validation_batch_end = on_test_batch_end = _add

    # --- validation -------------------------------------------------------------------------------------------

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: Classification) -> None:
        splits = gathered(trainer, _data(trainer).split_names("validate"), self._collected)
        if trainer.sanity_checking:
            return
        data = _data(trainer)
        truths = {split: self._truth(data, split, collected) for split, collected in splits.items()}
        first = next(iter(splits))
        choice = choose(splits[first], self._views, truths[first])
        place, origin = self._views.index(choice.view), Origin.of(trainer, pl_module)
        pl_module.view = str(choice.view)
        pl_module.views = {
            **origin.line,
            "split": first,
            "images": len(splits[first].maps),
            "chosen": pl_module.view,
            "by": choice.by,
            "views": {view: dict(row) for view, row in choice.table.items()},
        }
        validated = [
            Tested(pl_module, data, split, collected, self._views, place, origin, truths[split])
            for split, collected in splits.items()
        ]
        line = {f"{one.split}/{name}": value for one in validated for name, value in one.values().items()}
        pl_module.log_dict(line, rank_zero_only=False, add_dataloader_idx=False)
        if not trainer.is_global_zero:
            return
        with (self.folder / "validation.jsonl").open("a", encoding="utf-8") as file:
            file.write(files.json_text(origin.line | line))
        self._tell_views(trainer, pl_module)
        for one in validated:
            self._draw(one, tracking.of(trainer.loggers))

    def _tell_views(self, trainer: Trainer, pl_module: Classification) -> None:
        """Write down how well every view finds the object in validation, as the checkpoint holds it, and draw it."""
        told = pl_module.views
        if not told or not trainer.is_global_zero:
            return
        files.write_json(self.folder / "views.json", told)
        if len(told["views"]) <= 2:  # one view, and gradient times input
            return
        table = {
            ImageView.parse(view): {name: [one] for name, one in row.items()} for view, row in told["views"].items()
        }
        model = f"{pl_module.title}, {Origin.told(told)}"
        counted = f"{told['images']:,} images, by whose masks the view is chosen."
        grid = plots.image_view_grid(table, ImageView.parse(told["chosen"]), f"{model} · {told['split']}", counted)
        path = files.save(grid, self.folder / "views.png", dpi=files.FOLLOWED_DPI)
        tracking.log_picture(tracking.of(trainer.loggers), f"{told['split']}/views", path, model, told["step"])

    def _draw(self, validated: Tested, logger: tracking.RunLogger | None) -> None:
        """Confusion of classes, and the chosen images, at this step."""
        split, step = validated.split, validated.origin.step
        for name, figure in figures(validated.collected, {}, validated.data.classes, f"{validated.model} · {split}"):
            path = files.save(figure, self.folder / f"{name}.png", dpi=files.FOLLOWED_DPI)
            tracking.log_picture(logger, f"{split}/{name}", path, validated.model, step)
        for attended in validated.attended(self.pictures):
            path = self.folder / "pictures" / f"{split}-{attended.index}" / validated.origin.picture
            files.save(plots.attended(attended), path, dpi=files.FOLLOWED_DPI)
            tracking.log_picture(logger, f"attention/{split}-{attended.index}", path, _caption(attended), step)

    def on_train_end(self, trainer: Trainer, pl_module: Classification) -> None:  # noqa: ARG002
        """The pictures through training, as films."""
        if trainer.is_global_zero:
            for folder in (self.folder / "pictures").glob("*-*/"):
                if frames := sorted(folder.glob("step-*.png")):
                    files.film(frames, folder / "training.gif")

    # --- test -------------------------------------------------------------------------------------------------

    def on_test_epoch_end(self, trainer: Trainer, pl_module: Classification) -> None:
        names = _data(trainer).split_names("test")
        splits, controls = gathered(trainer, names, self._collected), gathered(trainer, names, self._untrained)
        data, place, first = _data(trainer), self._place(pl_module), next(iter(splits), None)
        for split, collected in splits.items():
            examples = data.examples(split)
            if examples.second_labels is not None:
                collected.label_likelier(examples.second_labels)
            assert self._control is not None
            fresh, truth = controls.get(split, CollectedImages()), self._truth(data, split, collected)
            subject = Subject(
                pl_module, self._control, data.preprocessing, examples, collected, fresh, self._views, place, truth
            )
            with trainer.precision_plugin.forward_context():  # as the answers were given that these are held against
                further = _questions(subject, split == first) if collected.maps else {}
            beside, origin = localisation(subject), Origin.of(trainer, pl_module)
            tested = Tested(pl_module, data, split, collected, self._views, place, origin, truth, beside, further)
            for logger in trainer.loggers:
                logger.log_metrics({f"{split}/{name}": v for name, v in tested.values().items()}, step=pl_module.steps)
            self.results[split] = tested.known()
            if trainer.is_global_zero:
                write(tested, self.folder / "evaluation" / split, self.pictures, tracking.of(trainer.loggers))
        if trainer.is_global_zero:
            files.write_json(self.folder / "evaluation" / "scores.json", self.results)
        self._tell_views(trainer, pl_module)

    # --- both -------------------------------------------------------------------------------------------------

    def _truth(self, data: ImageData, split: str, collected: CollectedImages) -> Truth | None:
        """The masks of the images of a split that were looked into, and the mean mask of training; None without masks."""
        masks = data.examples(split).masks_of(collected.looked, collected.looked_labels)
        if masks is None or not collected.maps:
            return None
        mean_mask, grid = data.mean_mask, next(iter(collected.maps.values())).shape[1:]
        assert mean_mask is not None
        return Truth.of(masks, mean_mask, grid)

    def _place(self, pl_module: Classification) -> int:
        """Which of the views the checkpoint shows: the one that validation chose, else the default."""
        view = default_view(self._views) if pl_module.view is None else ImageView.parse(pl_module.view)
        return self._views.index(view)


def _questions(subject: Subject, first: bool) -> dict[str, dict[str, Any]]:
    """What is asked of a model besides, by name: of the first split alone what takes some hundred answers an image."""
    found = {}
    if first:
        found["removal"] = remove(subject)
    if subject.examples.second_labels is not None:
        found["asked"] = ask(subject)
    elif subject.examples.elsewhere is not None:
        found["grounds"] = swap_grounds(subject)
    return found


def _data(trainer: Trainer) -> ImageData:
    """The run's data module."""
    data: ImageData = trainer.datamodule  # type: ignore[attr-defined]
    return data


def _caption(attended: AttendedImage) -> str:
    label, predicted = attended.classes[attended.label], attended.classes[attended.predicted]
    return f"{attended.model} · {attended.view} · {attended.name}: {label}, predicted {predicted}"
