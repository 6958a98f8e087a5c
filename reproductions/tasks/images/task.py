"""Classification of images: what is measured, printed and restored."""

from pathlib import Path

from data.preprocessing import Preprocessing
from reproductions.tasks.images import report
from reproductions.tasks.images.collect import TrainedClassifier
from reproductions.tasks.images.log import ImageLog
from reproductions.tasks.task import Task
from reproductions.training import checkpoints


def _classifier(folder: Path, checkpoint: Path) -> TrainedClassifier:
    preprocessing = Preprocessing.load(folder / TASK.kept)
    module = checkpoints.restore(checkpoint, {"preprocessing": preprocessing.fingerprint()})
    return TrainedClassifier(module, preprocessing)


TASK = Task(
    monitor="valid/accuracy",
    unit="images",
    counted="images",
    kept="preprocessing.json",
    artifact="preprocessing",
    log=ImageLog,
    columns={
        "accuracy": ("accuracy", 4),
        "loss": ("cross-entropy", 3),
        "calibration_error": ("calib. error", 3),
    },
    notes=report.notes,
    restore=_classifier,
)
