"""From described scenes to arrays on disk: drawn once, the vocabulary learned from the training captions, all mapped into memory.

Shapes: N images, O objects of an image at most, h = w = size.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from data.batching import FlatIdsWriter
from data.errors import UserError
from data.prepared.folder import damaged, made_once, prepared_folder
from data.prepared.images import statistics
from data.preprocessing import Preprocessing
from data.shapes import Described, Facts, described
from data.sources.images import SHAPES_SEED, edition_of_shapes
from data.tokenizers import Tokenizer, learn_tokenizer

logger = logging.getLogger(__name__)

_VERSION = 1  # of the directory's layout
MOST_OBJECTS = 3  # O
SIZES = {"train": 20_000, "valid": 500, "test": 1_000}
TITLE = "Shapes with captions"
LANGUAGE = "en"


@dataclass(frozen=True)
class CaptionSettings:
    """What decides the content of a prepared directory; the fields are those of CaptionData."""

    corpus: str
    size: int
    images: int | None
    vocabulary: int
    min_frequency: int

    @property
    def counts(self) -> dict[str, int]:
        """Images of each split."""
        return {**SIZES, "train": self.images or SIZES["train"]}

    def folder(self, data_dir: Path) -> Path:
        """Where these settings are prepared: another edition of the corpus is another directory."""
        name = f"captions-{self.corpus}-{self.size}"
        return prepared_folder(name, [_VERSION, asdict(self), edition_of_shapes()], data_dir)


def prepare_captions(settings: CaptionSettings, data_dir: Path) -> Path:
    """Directory of the prepared images and captions, made unless it is there. Raises UserError for another corpus."""
    if settings.corpus != "shapes":
        raise UserError(f"There are no captions of {settings.corpus!r}: the corpus with captions is shapes.")
    return made_once(settings.folder(data_dir), lambda work: _make(settings, work))


def load_facts_of(folder: Path, split: str) -> list[Facts]:
    """What is true of each image of a split; raises UserError if the directory is damaged."""
    try:
        with (folder / f"{split}.facts.jsonl").open(encoding="utf-8") as file:
            return [Facts.of(json.loads(line)) for line in file]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise damaged(folder, error) from None


def _make(settings: CaptionSettings, work: Path) -> None:
    texts = {split: list(_store(settings, split, count, work)) for split, count in settings.counts.items()}
    tokenizer = learn_tokenizer("words", texts["train"], LANGUAGE, settings.vocabulary, settings.min_frequency)
    tokenizer.save(work, "caption")
    for split, captions in texts.items():
        _encode(tokenizer, captions, work / f"{split}.captions")
    mean, std = statistics(np.load(work / "train.pixels.npy", mmap_mode="r"))
    Preprocessing(settings.size, mean, std, ()).save(work / "preprocessing.json")
    stored = {"title": TITLE, "settings": asdict(settings), "images": settings.counts, "version": _VERSION}
    (work / "settings.json").write_text(json.dumps(stored, indent=2), encoding="utf-8")
    logger.info(
        "Prepared %s at %d x %d pixels: %s images, a vocabulary of %d entries.", TITLE, settings.size, settings.size,
        ", ".join(f"{name} {count:,}" for name, count in settings.counts.items()), len(tokenizer),
    )  # fmt: skip


def _store(settings: CaptionSettings, split: str, count: int, work: Path) -> Iterator[list[str]]:
    """Write pixels, and of evaluation splits masks and facts, of training the mean mask; gives the captions to learn."""
    size, train = settings.size, split == "train"

    def array(name: str, dtype: type, *shape: int) -> NDArray[Any]:
        mapped: NDArray[Any] = np.lib.format.open_memmap(work / f"{split}.{name}.npy", "w+", dtype, (count, *shape))
        return mapped

    pixels = array("pixels", np.uint8, size, size, 3)
    masks = None if train else array("masks", np.float16, MOST_OBJECTS, size, size)  # sixteenths are exact
    mean_mask, lines = np.zeros((size, size)), []
    for i in tqdm(range(count), desc=f"drawing {split}", unit=" images", leave=False):
        one: Described = described(split, i, SHAPES_SEED, size)
        pixels[i] = one.pixels
        for place, thing in enumerate(one.objects):
            mean_mask += thing.mask
            if masks is not None:
                masks[i, place] = thing.mask
        lines.append(json.dumps(one.facts) + "\n")
        yield [word.text for word in one.facts.captions[0]]
    if train:
        np.save(work / "mean_mask.npy", (mean_mask / count).astype(np.float32))
    else:
        (work / f"{split}.facts.jsonl").write_text("".join(lines), encoding="utf-8")


def _encode(tokenizer: Tokenizer, captions: list[list[str]], stem: Path) -> None:
    writer = FlatIdsWriter(stem)
    writer.append(tokenizer.encode_words(captions))
    writer.close()
