"""Translation: what is measured, printed and restored."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.tokenizers import load_tokenizer
from reproductions.tasks.task import Task
from reproductions.tasks.translation.collect import TrainedTranslator
from reproductions.tasks.translation.log import EvaluationLog
from reproductions.training import checkpoints


def _translator(folder: Path, checkpoint: Path) -> TrainedTranslator:
    kept = folder / TASK.kept
    source, target = load_tokenizer(kept, "source"), load_tokenizer(kept, "target")
    fingerprints = {"source": source.fingerprint(), "target": target.fingerprint()}
    return TrainedTranslator(checkpoints.restore(checkpoint, fingerprints), source, target)


def _signature(scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [f"BLEU: {next(iter(scores.values()))['bleu_signature']}"]


TASK = Task(
    monitor="valid/bleu",
    unit="tokens",
    counted="target_tokens",
    kept="tokenizers",
    artifact="tokenizer",
    log=EvaluationLog,
    columns={
        "bleu": ("BLEU", 2),
        "bleu_tokenised": ("BLEU tok. lc", 2),
        "chrf": ("chrF", 2),
        "perplexity": ("perplexity", 2),
        "aer": ("AER %", 1),
    },
    notes=_signature,
    restore=_translator,
)
