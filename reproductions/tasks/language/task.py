"""Language models: what is measured, printed and restored."""

from pathlib import Path

from data.tokenizers import load_tokenizer
from reproductions.tasks.language import scores
from reproductions.tasks.language.collect import TrainedLanguageModel
from reproductions.tasks.language.log import LanguageLog
from reproductions.tasks.task import Task
from reproductions.training import checkpoints


def _language_model(folder: Path, checkpoint: Path) -> TrainedLanguageModel:
    tokenizer = load_tokenizer(folder / TASK.kept, "language")
    return TrainedLanguageModel(checkpoints.restore(checkpoint, {"language": tokenizer.fingerprint()}), tokenizer)


TASK = Task(
    monitor="valid/log_likelihood",
    unit="tokens",
    counted="tokens",
    kept="tokenizers",
    artifact="tokenizer",
    log=LanguageLog,
    columns={
        "perplexity": ("perplexity", 3),
        "agreement": ("agreement", 4),
        "agreement_misled": ("  where misled", 4),
    },
    notes=scores.notes,
    restore=_language_model,
)
