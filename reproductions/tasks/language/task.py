"""Language models: how one is evaluated and restored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.language import Contrast, LanguageBatch, LanguageData
from data.tokenizers import load_tokenizer
from reproductions.evaluation import files, plots
from reproductions.evaluation.measures.text import perplexity
from reproductions.tasks.language import report, scores
from reproductions.tasks.language.collect import CollectedSentences, LanguageModel, TrainedLanguageModel, read
from reproductions.tasks.task import Drawn, Split, Stage, Table, Task
from reproductions.training import checkpoints


@dataclass
class LanguageSplit(Split[LanguageModel, LanguageData, CollectedSentences]):
    """Sentences as a language model read them.

    Files in ``evaluation/<split>``::

        read.jsonl          every word with its surprisal
        attended.jsonl      intra-attention of every sentence
        <split>-*.png       intra-attention of the chosen sentences

    ``contrasts``: where a form must agree, by index.
    """

    contrasts: Mapping[int, Sequence[Contrast]]

    def add(self, outputs: Mapping[str, Any], batch: LanguageBatch) -> None:
        """``outputs``: index, log_p (T, V) and maps (L, H, T, T) of each sentence."""
        data, model = self.stage.data, str(self.stage.origin)
        examples = data.examples(self.name)
        sentences = (outputs[name] for name in ("index", "log_p", "maps"))
        for index, log_p, maps, ids in zip(*sentences, batch.words.cpu(), strict=True):
            words = data.tokenizer.surface(examples[index].source)
            sentence = read(log_p, ids[: len(log_p)], words, index, self.contrasts.get(index, ()))
            weights = maps[0, 0].numpy() if len(maps) else None
            self.collected.add(sentence, weights, words, model, self.name)

    def scores(self) -> dict[str, float]:
        return scores.scores(self.collected.read.values(), self.collected.reach.values())

    def details(self) -> dict[str, Any]:
        return scores.details(self.collected.read.values())

    def followed(self) -> Iterator[Drawn]:
        for index, record in self.drawn(self.collected.attended):
            caption = f"{record.model} · {record.view} · {' '.join(record.source)}"
            yield self.through_training(index, plots.alignment(record), caption)._replace(small=True)

    def records(self) -> dict[str, Any]:
        return {"read.jsonl": self.collected.read.values(), "attended.jsonl": self.collected.attended.values()}

    def table(self, folder: Path) -> Table:
        pictures = {
            index: files.save(plots.alignment(record), folder / f"{self.name}-{index}.png", small=True)
            for index, record in self.drawn(self.collected.attended)
        }
        rows: list[list[Any]] = []
        for index, sentence in self.collected.read.items():
            per_token = perplexity(sum(sentence.surprisal), sentence.tokens)
            rows.append([index, " ".join(sentence.words[:-1]), round(per_token, 2), pictures.get(index)])
        return Table("sentences", ["index", "sentence", "perplexity", "intra-attention"], rows)


class Language(Task):
    """Predict each word of a sentence from those before it."""

    monitor = "valid/log_likelihood"
    unit = counted = "tokens"
    kept = "tokenizers"
    columns = report.COLUMNS
    headline = {"perplexity": ("perplexity", 2), "agreement": ("agreement %", 1)}

    def __init__(self) -> None:
        self._contrasts: dict[str, dict[int, list[Contrast]]] = {}

    def begin(self, stage: Stage[LanguageModel, LanguageData], name: str) -> LanguageSplit:
        if name not in self._contrasts:
            self._contrasts[name] = stage.data.contrasts(name)
        return LanguageSplit(stage, name, CollectedSentences(), self._contrasts[name])

    def restore(self, folder: Path, checkpoint: Path) -> TrainedLanguageModel:
        tokenizer = load_tokenizer(folder / self.kept, "language")
        return TrainedLanguageModel(checkpoints.restore(checkpoint, {"language": tokenizer.fingerprint()}), tokenizer)


TASK = Language
