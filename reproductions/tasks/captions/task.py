"""Captions of images: what is measured, printed and restored."""

from pathlib import Path

from data.preprocessing import Preprocessing
from data.tokenizers import load_tokenizer
from reproductions.tasks.captions import report
from reproductions.tasks.captions.collect import TrainedCaptioner
from reproductions.tasks.captions.log import CaptionLog
from reproductions.tasks.task import Task
from reproductions.training import checkpoints


def _captioner(folder: Path, checkpoint: Path) -> TrainedCaptioner:
    kept = folder / TASK.kept
    preprocessing, tokenizer = Preprocessing.load(kept / "preprocessing.json"), load_tokenizer(kept, "caption")
    fingerprints = {"preprocessing": preprocessing.fingerprint(), "caption": tokenizer.fingerprint()}
    return TrainedCaptioner(checkpoints.restore(checkpoint, fingerprints), preprocessing, tokenizer)


TASK = Task(
    monitor="valid/bleu",
    unit="images",
    counted="images",
    kept="prepared",
    artifact="preprocessing",
    log=CaptionLog,
    columns={
        "bleu": ("BLEU", 2),
        "true": ("wholly true", 3),
        "shape": ("shapes", 3),
        "colour": ("colours", 3),
        "texture": ("textures", 3),
        "count": ("counts", 3),
        "relation": ("relations", 3),
        "perplexity": ("perplexity", 2),
    },
    notes=report.notes,
    restore=_captioner,
)
