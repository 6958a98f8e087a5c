"""Translation: how a translator is evaluated and restored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from data.links import Links
from data.tokenizers import load_tokenizer
from data.translation import TranslationBatch, TranslationData
from reproductions.evaluation import files, plots
from reproductions.evaluation.measures.alignment import AlignmentScores
from reproductions.evaluation.measures.text import TextScores, sentence_chrf, text_scores
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.evaluation.views.alignment import View
from reproductions.tasks.origin import Origin
from reproductions.tasks.task import Drawn, Split, Stage, Table, Task
from reproductions.tasks.translation import report, scores
from reproductions.tasks.translation.collect import CollectedTranslations, TrainedTranslator
from reproductions.tasks.translation.links import diagonal, links_of
from reproductions.training import checkpoints
from reproductions.training.translation import Translation

COLUMNS = ["index", "source", "reference", "translation", "chrF", "AER %", "forced alignment", "own alignment"]


@dataclass
class TranslationSplit(Split[Translation, TranslationData, CollectedTranslations]):
    """Sentences with their translations.

    Files in ``evaluation/<split>``::

        translations.jsonl              texts
        forced.jsonl                    alignments over the references; empty without attention
        own.jsonl                       alignments over the model's own translations; empty without attention
        <split>-*-forced.png, -own      both, of the chosen sentences of the split that leads; all of "fixed", and the chosen
                                        ones of other splits, over the references alone
    """

    def add(self, outputs: Mapping[str, Any], batch: TranslationBatch) -> None:
        """``outputs``: see :meth:`CollectedTranslations.add`."""
        data, view = self.stage.data, self.stage.module.view
        L, H = outputs["forced_maps"][0].shape[:2]
        self.collected.add(
            outputs,
            examples=data.examples(self.name),
            source=data.source_tokenizer,
            target=data.target_tokenizer,
            view=None if view is None else View.parse(view),
            keep_maps=L * H > 1 and not self.stage.testing,  # one map is shown unshifted, without norms
            model=str(self.stage.origin),
            split=self.name,
        )

    @property
    def language(self) -> str:
        return self.stage.data.target_tokenizer.language

    @cached_property
    def text(self) -> TextScores:
        return text_scores(list(self.collected.translated.values()), self.language)

    def scores(self) -> dict[str, float]:
        return scores.scores(self.collected, self.text, self.language)

    def details(self) -> dict[str, Any]:
        return scores.details(self.collected, self.text) | {"search": asdict(self.stage.module.search)}

    def followed(self) -> Iterator[Drawn]:
        for index, record in self.drawn(self.collected.forced):
            caption = f"{record.model} · {record.view} · over the reference · {' '.join(record.source)}"
            drawn = self.through_training(
                index, plots.alignment(record.printed(self.language)), caption, shows="alignment"
            )
            yield drawn._replace(small=True)

    def records(self) -> dict[str, Any]:
        return {
            "translations.jsonl": self.collected.translated.values(),
            "forced.jsonl": self.collected.forced.values(),
            "own.jsonl": self.collected.own.values(),
        }

    def table(self, folder: Path) -> Table:
        forced, own = self.collected.forced, self.collected.own
        pictures: dict[int, list[Path | None]] = {}
        for index, read in self.drawn(forced):
            place = folder / f"{self.name}-{index}"
            pictures[index] = [_draw(read.printed(self.language), place.with_name(f"{place.name}-forced.png")), None]
            if self.leads and index in self.stage.pictures:
                pictures[index][1] = _draw(own[index].printed(self.language), place.with_name(f"{place.name}-own.png"))
        rows: list[list[Any]] = []
        for index, sentence in self.collected.translated.items():
            chrf = sentence_chrf(hypothesis=sentence.hypothesis, reference=sentence.reference)
            texts = [sentence.source, sentence.reference, sentence.hypothesis]
            numbers = [round(chrf, 1), scores.sentence_aer(forced.get(index))]
            rows.append([index, *texts, *numbers, *pictures.get(index, [None, None])])
        return Table("sentences", COLUMNS, rows)


def _draw(record: AlignedTranslation, path: Path) -> Path:
    return files.save(plots.alignment(record), path, small=True)


class Translate(Task):
    """Translate a sentence.

    For a model with several layers or heads, each validation chooses the view that aligns best with the links of its split.
    """

    monitor = "valid/bleu"
    unit, counted = "tokens", "target_tokens"
    kept = "tokenizers"
    columns = report.COLUMNS
    headline = {"bleu": ("BLEU", 1), "aer": ("AER %", 1)}

    def __init__(self) -> None:
        self._links: tuple[str, str, Mapping[int, Links]] | None = None

    def check(self, module: Translation, data: TranslationData) -> None:
        if module.model.max_length is not None:
            data.check_lengths(module.model.max_length)

    def begin(self, stage: Stage[Translation, TranslationData], name: str) -> TranslationSplit:
        return TranslationSplit(stage, name, CollectedTranslations())

    def choose(self, splits: Sequence[TranslationSplit]) -> None:
        stage = splits[0].stage
        if not splits[0].collected.maps:
            return
        if self._links is None:
            self._links = links_of(stage.data)
        name, by, links = self._links
        seen = next(split.collected for split in splits if split.name == name)
        choice = seen.choose_view(links)
        for split in splits:
            split.collected.show(choice.view)
        stage.module.view = str(choice.view)
        stage.module.views = {
            **stage.origin.as_json(),
            "chosen": str(choice.view),
            "alignment_heads": choice.view.part.heads(*next(iter(seen.maps.values())).maps.shape[:2]),
            "by": by,
            "views": {str(view): asdict(rates) for view, rates in choice.table.items()},
            "diagonal": diagonal(seen.forced, links),
        }

    def draw_views(self, module: Translation) -> Drawn:
        views = module.views
        rates = {View.parse(view): AlignmentScores(**scores) for view, scores in views["views"].items()}
        model, baseline = str(Origin.parse(module.title, views)), views.get("diagonal")  # older checkpoints have none
        figure = plots.view_grid(rates, View.parse(views["chosen"]), model, views["by"], baseline)
        caption = f"Alignment error rate of every view against {views['by']}"
        return Drawn("views.png", "alignment/views", figure, caption, dpi=200)

    def restore(self, folder: Path, checkpoint: Path) -> TrainedTranslator:
        source, target = (load_tokenizer(folder / self.kept, side) for side in ("source", "target"))
        fingerprints = {"source": source.fingerprint(), "target": target.fingerprint()}
        return TrainedTranslator(checkpoints.restore(checkpoint, fingerprints), source, target)


TASK = Translate
