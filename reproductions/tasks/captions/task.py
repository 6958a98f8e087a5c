"""Captions of images: how a captioner is evaluated and restored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from data.captions import CaptionBatch, CaptionData
from data.preprocessing import Preprocessing
from data.tokenizers import load_tokenizer
from reproductions.evaluation import files, plots
from reproductions.evaluation.measures.localisation import Beside, plain
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.tasks.captions import report, scores
from reproductions.tasks.captions.collect import Captioner, CollectedCaptions, TrainedCaptioner
from reproductions.tasks.captions.scores import WordMaps
from reproductions.tasks.task import Drawn, Split, Stage, Table, Task
from reproductions.training import checkpoints

KEPT = 100  # records of a test split that are written, besides those drawn


@dataclass
class CaptionSplit(Split[Captioner, CaptionData, CollectedCaptions]):
    """Images with the captions that a model wrote and read.

    Files in ``evaluation/<split>``::

        captions.jsonl                the model's caption of every image, and what in it is true
        own.jsonl                     images with the model's captions and their maps
        forced.jsonl                  the same images with the captions to learn
        <split>-*-own.png, -forced    the chosen images
        localisation.png, words.png   the maps beside controls, and before each kind of word
    """

    def add(self, outputs: Mapping[str, Any], batch: CaptionBatch) -> None:
        """``outputs``: see :meth:`CollectedCaptions.add`."""
        data, module = self.stage.data, self.stage.module
        origin = {"model": str(self.stage.origin), "split": self.name, "draws": module.draws}
        self.collected.add(outputs, data.examples(self.name), data.tokenizer, **origin)
        if self.control is not None:
            self.collected.add_untrained(self.control, outputs, batch.image)

    def scores(self) -> dict[str, float]:
        return scores.scores(self.collected)

    @cached_property
    def looked(self) -> WordMaps:
        return WordMaps.of(self.collected.own, self.collected.untrained)

    @cached_property
    def located(self) -> dict[str, Beside]:
        """The maps beside controls; empty where no word of a caption was true."""
        mean_mask = self.stage.data.mean_mask
        assert mean_mask is not None
        return scores.localisation(self.looked, mean_mask) if len(self.looked.maps) else {}

    def details(self) -> dict[str, Any]:
        located = {"words": len(self.looked.maps), "localisation": plain(self.located)} if self.located else {}
        return scores.details(self.collected) | located

    def followed(self) -> Iterator[Drawn]:
        for index, record in self.drawn(self.collected.own):
            caption = f"{record.model} · {record.where}: {record.text}"
            yield self.through_training(index, plots.captioned([record]), caption)

    def records(self) -> dict[str, Any]:
        own, forced = self.collected.own, self.collected.forced
        kept = sorted({*list(own)[:KEPT], *(index for index, _ in self.drawn(own))})
        return {
            "captions.jsonl": map(self._judged, own.values()),
            "own.jsonl": [own[index] for index in kept],
            "forced.jsonl": [forced[index] for index in kept],
        }

    def _judged(self, record: CaptionedImage) -> dict[str, Any]:
        judgement = self.collected.judged[record.index]
        return {
            "index": record.index,
            "caption": record.text,
            "true": judgement.true,
            "right": judgement.right,
            "references": record.references,
            "log_probability": round(record.score or 0.0, 4),
        }

    def table(self, folder: Path) -> Table:
        rows: list[list[Any]] = []
        for index, own in self.drawn(self.collected.own):
            paths = [
                files.save(plots.captioned([record]), folder / f"{self.name}-{index}-{name}.png")
                for name, record in (("own", own), ("forced", self.collected.forced[index]))
            ]
            true = self.collected.judged[index].true
            rows.append([index, own.text, true, " / ".join(own.references), *paths])
        return Table("captions", ["index", "caption", "true", "true captions", "own words", "words to learn"], rows)

    def figures(self) -> Iterator[tuple[str, Figure]]:
        if self.located:
            yield from scores.figures(self.located, self.title, len(self.looked.maps))


class Captions(Task):
    """Describe an image in a sentence."""

    monitor = "valid/bleu"
    unit = counted = "images"
    kept = "prepared"
    columns = report.COLUMNS
    headline = {"bleu": ("BLEU", 1), "true": ("wholly true %", 1)}

    def begin(self, stage: Stage[Captioner, CaptionData], name: str) -> CaptionSplit:
        return CaptionSplit(stage, name, CollectedCaptions())

    def restore(self, folder: Path, checkpoint: Path) -> TrainedCaptioner:
        kept = folder / self.kept
        preprocessing, tokenizer = Preprocessing.load(kept / "preprocessing.json"), load_tokenizer(kept, "caption")
        fingerprints = {"preprocessing": preprocessing.fingerprint(), "caption": tokenizer.fingerprint()}
        return TrainedCaptioner(checkpoints.restore(checkpoint, fingerprints), preprocessing, tokenizer)


TASK = Captions
