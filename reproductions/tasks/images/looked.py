"""The images of a split as a model looked at them: what is collected, and what its maps are measured against."""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor, from_numpy

from data.images import ImageBatch, ImageData, ImageExamples
from reproductions.evaluation.views.image import ImageView
from reproductions.tasks.images.collect import CollectedImages, spread
from reproductions.tasks.images.maps import look_through, shown_view, views_of
from reproductions.tasks.images.scores import Truth
from reproductions.tasks.task import Split
from reproductions.training.classification import Classification

# Images of a split with maps, evenly spread; the others are only classified, at a fourth of the cost.
LOOKED = {"validate": 400, "test": 1200}
UNMASKED = {"validate": 0, "test": 128}  # without masks nothing is measured but removal


@dataclass
class LookedSplit(Split[Classification, ImageData, CollectedImages]):
    """Images as a model classified them, with the maps of some; ``ImageSplit`` says what is written of them."""

    @cached_property
    def chosen(self) -> frozenset[int]:
        """Indices of the images with maps."""
        most = (UNMASKED if self.examples.masks is None else LOOKED)[self.stage.name]
        return frozenset((*spread(len(self.examples.labels), most), *self.stage.pictures))

    @cached_property
    def examples(self) -> ImageExamples:
        return self.stage.data.examples(self.name)

    def add(self, outputs: Tensor, batch: ImageBatch) -> None:
        """``outputs``: logits (B, K), on the CPU."""
        second = self.examples.second_labels
        index, collected = batch.index.tolist(), self.collected
        collected.add(index, batch.label, outputs, None if second is None else from_numpy(second[index]))
        rows = [row for row, place in enumerate(index) if place in self.chosen]
        if not rows:
            return
        looked, image = [index[row] for row in rows], batch.image[rows]
        with self.stage.precision():
            maps = look_through(self.stage.module, image, self.views, outputs[rows].argmax(1))
            collected.maps |= zip(looked, maps, strict=True)
            if self.control is not None:
                collected.untrained |= zip(looked, look_through(self.control, image, [self.shown])[:, 0], strict=True)

    @cached_property
    def views(self) -> list[ImageView]:
        return views_of(self.stage.module)

    @property
    def place(self) -> int:
        """That of the shown view among all views."""
        return self.views.index(shown_view(self.stage.module))

    @property
    def shown(self) -> ImageView:
        return self.views[self.place]

    @property
    def view(self) -> str:
        """The shown view, in words."""
        return self.shown.describe(*self.stage.module.depth)

    @cached_property
    def truth(self) -> Truth | None:
        """The masks of the images with maps, and the mean mask of training; None without masks."""
        answers, looked = self.collected.answers, list(self.collected.maps)
        masks = self.examples.masks_of(looked, [answers[index].label for index in looked])
        if masks is None or not looked:
            return None
        mean_mask = self.stage.data.mean_mask
        assert mean_mask is not None
        return Truth.of(masks, mean_mask, self.stage.module.grid)
