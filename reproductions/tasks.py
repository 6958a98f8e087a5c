"""Translation, classification, captioning, language models: what a run, its report and its restoration ask of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback

from data.errors import UserError
from data.preprocessing import Preprocessing
from data.tokenizers import load_tokenizer
from reproductions import checkpoints
from reproductions.evaluation import caption_report, image_report, language_scores
from reproductions.evaluation.caption_collect import TrainedCaptioner
from reproductions.evaluation.caption_log import CaptionLog
from reproductions.evaluation.collect import TrainedTranslator
from reproductions.evaluation.image_collect import TrainedClassifier
from reproductions.evaluation.image_log import ImageLog
from reproductions.evaluation.language_collect import TrainedLanguageModel
from reproductions.evaluation.language_log import LanguageLog
from reproductions.evaluation.log import EvaluationLog


@dataclass(frozen=True)
class Task:
    """What the models of some papers do.

    Attributes:
        does: what its models do, in words.
        train: the make target that trains one.
        papers: folders of its reproductions.
        monitor: the score that chooses the best checkpoint where the configuration names none.
        unit, counted: what throughput counts, in the log and in summary.json.
        kept: file or folder of a run that holds what its data decided; and its type as an artifact.
        log: the callback that measures, from the folder of the run and the indices of what is drawn.
        columns: of the printed report: score -> heading and digits; under a heading that ends in % stand fractions times 100.
        notes: lines below the table, from the scores of all splits.
        restore: the trained model behind one interface, from the folder of a run and a checkpoint.
    """

    does: str
    train: str
    papers: tuple[str, ...]
    monitor: str
    unit: str
    counted: str
    kept: str
    artifact: str
    log: Callable[[Path, Sequence[int]], Callback]
    columns: Mapping[str, tuple[str, int]]
    notes: Callable[[Mapping[str, Mapping[str, Any]]], list[str]]
    restore: Callable[[Path, Path], Any]


def _translator(folder: Path, checkpoint: Path) -> TrainedTranslator:
    kept = folder / TRANSLATION.kept
    source, target = load_tokenizer(kept, "source"), load_tokenizer(kept, "target")
    fingerprints = {"source": source.fingerprint(), "target": target.fingerprint()}
    return TrainedTranslator(checkpoints.restore(checkpoint, fingerprints), source, target)


def _signature(scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [f"BLEU: {next(iter(scores.values()))['bleu_signature']}"]


TRANSLATION = Task(
    does="translates",
    train="train-bahdanau",
    papers=("bahdanau2014", "transformer2017", "luong2015"),
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


def _classifier(folder: Path, checkpoint: Path) -> TrainedClassifier:
    preprocessing = Preprocessing.load(folder / CLASSIFICATION.kept)
    module = checkpoints.restore(checkpoint, {"preprocessing": preprocessing.fingerprint()})
    return TrainedClassifier(module, preprocessing)


CLASSIFICATION = Task(
    does="classifies images",
    train="train-vit",
    papers=("vit2021", "resnet2016"),
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
    notes=image_report.notes,
    restore=_classifier,
)


def _captioner(folder: Path, checkpoint: Path) -> TrainedCaptioner:
    kept = folder / CAPTIONING.kept
    preprocessing, tokenizer = Preprocessing.load(kept / "preprocessing.json"), load_tokenizer(kept, "caption")
    fingerprints = {"preprocessing": preprocessing.fingerprint(), "caption": tokenizer.fingerprint()}
    return TrainedCaptioner(checkpoints.restore(checkpoint, fingerprints), preprocessing, tokenizer)


CAPTIONING = Task(
    does="writes captions",
    train="train-xu",
    papers=("xu2015",),
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
    notes=caption_report.notes,
    restore=_captioner,
)


def _language_model(folder: Path, checkpoint: Path) -> TrainedLanguageModel:
    tokenizer = load_tokenizer(folder / LANGUAGE.kept, "language")
    return TrainedLanguageModel(checkpoints.restore(checkpoint, {"language": tokenizer.fingerprint()}), tokenizer)


LANGUAGE = Task(
    does="models a language",
    train="train-cheng",
    papers=("cheng2016",),
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
    notes=language_scores.notes,
    restore=_language_model,
)

TASKS = (TRANSLATION, CLASSIFICATION, CAPTIONING, LANGUAGE)


def of(paper: str) -> Task:
    """The task of a paper; raises UserError for a paper of another version or project."""
    for task in TASKS:
        if paper in task.papers:
            return task
    known = ", ".join(name for task in TASKS for name in task.papers)
    raise UserError(f"This version knows no paper {paper!r}; it knows {known}.")
