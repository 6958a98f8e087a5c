"""Classification of images: how a classifier is evaluated and restored."""

from collections.abc import Sequence
from pathlib import Path

from data.images import ImageData
from data.preprocessing import Preprocessing
from reproductions.evaluation import plots
from reproductions.evaluation.views.image import ImageView
from reproductions.tasks.images import report
from reproductions.tasks.images.collect import CollectedImages
from reproductions.tasks.images.scores import choose
from reproductions.tasks.images.split import ImageSplit
from reproductions.tasks.images.trained import TrainedClassifier
from reproductions.tasks.origin import Origin
from reproductions.tasks.task import Drawn, Stage, Task
from reproductions.training import checkpoints
from reproductions.training.classification import Classification


class Images(Task):
    """Classify images. Each validation chooses the view that finds the object best by the masks; without masks the default."""

    monitor = "valid/accuracy"
    unit = counted = "images"
    kept = "preprocessing.json"
    columns = report.COLUMNS
    headline = {"accuracy": ("accuracy %", 1), "attention/auroc": ("AUROC of the map", 2)}
    filmed = True

    def begin(self, stage: Stage[Classification, ImageData], name: str) -> ImageSplit:
        return ImageSplit(stage, name, CollectedImages())

    def choose(self, splits: Sequence[ImageSplit]) -> None:
        split = splits[0]
        module, chosen = split.stage.module, choose(split.collected, split.views, split.truth)
        module.view = chosen["chosen"]
        measured = {"split": split.name, "images": len(split.collected.maps)}
        module.views = split.stage.origin.as_json() | measured | chosen

    def draw_views(self, module: Classification) -> Drawn | None:
        views = module.views
        if len(views["views"]) <= 2:  # one view, and gradient times input
            return None
        table = {
            ImageView.parse(view): {name: [value] for name, value in measures.items()}
            for view, measures in views["views"].items()
        }
        model, split = str(Origin.parse(module.title, views)), views["split"]
        note = f"{views['images']:,} images, by whose masks the view is chosen."
        figure = plots.image_view_grid(table, ImageView.parse(views["chosen"]), f"{model} · {split}", note)
        return Drawn("views.png", f"{split}/views", figure, model)

    def restore(self, folder: Path, checkpoint: Path) -> TrainedClassifier:
        preprocessing = Preprocessing.load(folder / self.kept)
        module = checkpoints.restore(checkpoint, {"preprocessing": preprocessing.fingerprint()})
        return TrainedClassifier(module, preprocessing)


TASK = Images
