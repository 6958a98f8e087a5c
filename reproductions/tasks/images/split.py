"""A split of images under evaluation: scores, records, pictures, and the tracker's table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from reproductions.evaluation import files, plots
from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.measures.localisation import Beside, plain
from reproductions.evaluation.records.image import AttendedImage
from reproductions.evaluation.views.image import ImageView
from reproductions.tasks.images import scores
from reproductions.tasks.images.collect import spread
from reproductions.tasks.images.looked import LookedSplit
from reproductions.tasks.images.maps import layer_views
from reproductions.tasks.images.questions import further
from reproductions.tasks.images.trained import depth_strip
from reproductions.tasks.task import Drawn, Table

PREFIXES = {"removal": "attention", "asked": "asked", "grounds": "grounds"}  # question -> prefix of its scores
KEPT = 128  # records of a test split that are written, besides those drawn: Figure 11 is a mean over so many
COLUMNS = ["index", "name", "class", "predicted", "probability", "attention", "heads", "layers"]


@dataclass
class ImageSplit(LookedSplit):
    """Images as a model classified them.

    Files in ``evaluation/<split>``::

        answers.jsonl           the model's answer to every image
        attended.jsonl          images with maps
        views.json, .png        every layer, head and rollout against the masks
        <split>-*.png           the chosen images with maps; of the split that leads, their heads and layers, too
        confusion.png           confusion of classes
        localisation.png        the shown view beside its controls
        removal.png             deletion and insertion
    """

    @cached_property
    def further(self) -> Mapping[str, Mapping[str, Any]]:
        """In a test, the answer to every further question, in the precision of the test."""
        if self.control is None or not self.collected.maps:
            return {}
        first = self.stage.data.split_names("test")[0]
        with self.stage.precision():
            return further(self, first=self.name == first)

    @cached_property
    def located(self) -> dict[str, Beside]:
        """The shown view beside its controls; empty without masks."""
        return scores.localisation(self.collected, self.views, self.place, self.truth)

    @cached_property
    def against_masks(self) -> dict[str, Any]:
        """Every view against the masks; empty without masks."""
        return {} if self.truth is None else scores.every_view(self.collected, self.views, self.truth)

    @cached_property
    def heads(self) -> list[ImageView]:
        """The views of one layer and one head, if there are several."""
        single = [view for view in self.views if isinstance(view.layer, int) and isinstance(view.head, int)]
        return single if len(single) > 1 else []

    def scores(self) -> dict[str, float]:
        values = scores.scores(self.collected, self.place, self.truth)
        for question, answer in self.further.items():
            measures = next(iter(answer["maps"].values()))["all"]
            values |= {f"{PREFIXES[question]}/{name}": value for name, (value, *_) in measures.items()}
        return values

    def details(self) -> dict[str, Any]:
        heads = {str(view): self.against_masks[str(view)] for view in self.heads if self.against_masks}
        parts = {"localisation": plain(self.located), "heads": heads, **self.further}
        details = scores.details(self.collected, self.place, self.truth) | {"view": self.view}
        return details | {name: part for name, part in parts.items() if part}

    def followed(self) -> Iterator[Drawn]:
        figure = scores.confusion_figure(self.collected, self.stage.data.classes, self.title)
        yield Drawn("confusion.png", f"{self.name}/confusion", figure, str(self.stage.origin))
        for image in self.attended(self.stage.pictures):
            label, predicted = image.classes[image.label or 0], image.classes[image.predicted]
            caption = f"{image.model} · {image.view} · {image.name}: {label}, predicted {predicted}"
            yield self.through_training(image.index, plots.attended(image), caption)

    def records(self) -> dict[str, Any]:
        names, classes, looked = self.examples.names, self.stage.data.classes, [*self.collected.maps]
        kept = {looked[place] for place in spread(len(looked), KEPT)}
        return {
            "answers.jsonl": scores.answers(self.collected, names, classes, self.place, self.truth),
            "attended.jsonl": self.attended(sorted(kept | {*self.stage.pictures})),
        } | ({"views.json": self.against_masks} if self.against_masks else {})

    def attended(self, indices: Sequence[int]) -> list[AttendedImage]:
        """The records of images, in the shown view; without those that have no maps."""
        examples, maps = self.examples, self.collected.maps
        answers = {index: self.collected.answers[index] for index in indices if index in maps}
        masks = examples.masks_of(list(answers), [answer.label for answer in answers.values()])
        return [
            AttendedImage(
                pixels=examples.pixels[index],
                map=maps[index][self.place],
                model=str(self.stage.origin),
                view=self.view,
                split=self.name,
                index=index,
                label=answer.label,
                predicted=answer.predicted,
                probabilities=answer.probabilities,
                classes=tuple(self.stage.data.classes),
                mask=None if masks is None else masks[row],
                name=examples.names[index],
            )
            for row, (index, answer) in enumerate(answers.items())
        ]

    def table(self, folder: Path) -> Table:
        images = self.attended(sorted(set(self.stage.pictures)))
        return Table("images", COLUMNS, [self._row(image, folder / f"{self.name}-{image.index}") for image in images])

    def _row(self, image: AttendedImage, stem: Path) -> list[Any]:
        """Draw one image with its map, and with every layer and head; a row of the tracker's table."""
        path = files.save(plots.attended(image), stem.with_name(f"{stem.name}.png"))
        label, predicted = image.classes[image.label or 0], image.classes[image.predicted]
        probability = round(float(image.probabilities[image.predicted]), 3)
        heads, layers = self._every_head(image, stem), self._every_layer(image, stem)
        return [image.index, image.name, label, predicted, probability, path, heads, layers]

    def _every_head(self, image: AttendedImage, stem: Path) -> Path | None:
        """The picture of every layer and head over one image; None for a single one."""
        if not (self.heads and self.leads):
            return None
        maps = self._maps(image, self.heads).reshape(*self.stage.module.depth, *self.stage.module.grid)
        figure = plots.heads(image.pixels, maps, image.model, f"{image.name} · attention of each head")
        return files.save(figure, stem.with_name(f"{stem.name}-heads.png"))

    def _every_layer(self, image: AttendedImage, stem: Path) -> Path | None:
        """The mean of the heads of each layer, as a row of pictures; None for a single layer."""
        views = layer_views(self.stage.module)
        if len(views) < 2 or not self.leads:
            return None
        titles = (image.model, f"{image.name} · attention through the layers")
        return depth_strip(image.pixels, self._maps(image, views), titles, stem)

    def _maps(self, image: AttendedImage, views: Sequence[ImageView]) -> Floats:
        """(V, gh, gw) of one image."""
        return self.collected.maps[image.index][[self.views.index(view) for view in views]]

    def figures(self) -> Iterator[tuple[str, Figure]]:
        yield "confusion", scores.confusion_figure(self.collected, self.stage.data.classes, self.title)
        looked = f"{len(self.collected.maps):,} images"
        if self.located:
            measures = {name: row.measures for name, row in self.located.items()}
            yield "localisation", plots.beside_controls(measures, self.title, f"{looked}.")
        if self.heads and self.against_masks:
            table = {view: self.against_masks[str(view)]["all"] for view in self.views}
            note = f"{looked}, with 95 % bootstrap intervals."
            yield "views", plots.image_view_grid(table, self.shown, self.title, note)
        if removal := self.further.get("removal"):
            note = (
                f"Mean over {removal['images']} images. A removed patch is replaced by {removal['instead']}. Bands and numbers "
                "in parentheses are 95 % bootstrap intervals."
            )
            yield "removal", plots.removal(removal["changed"], removal["maps"], self.title, note)
