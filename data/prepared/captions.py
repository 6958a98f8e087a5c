"""From described scenes to arrays on disk: drawn once, the vocabulary learned from the training captions, all mapped into memory.

Shapes: N images, O objects of an image at most, h = w = size.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from data.errors import UserError
from data.prepared.folder import prepared_folder, save_facts, writing_rows
from data.prepared.ids import FlatIds, write_ids
from data.prepared.workers import in_chunks, mapped
from data.preprocessing import Preprocessing
from data.progress import counted
from data.shapes import Described, described
from data.sources.images import SHAPES_SEED, edition_of_shapes
from data.tokenizers import learn_tokenizer

logger = logging.getLogger(__name__)

_VERSION = 1  # of the directory's layout
_CHUNK = 32  # images that a process draws at a time
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


def prepare_captions(settings: CaptionSettings, data_dir: Path) -> Path:
    """Directory of the prepared images and captions, made unless it exists; another edition of Shapes is another directory.

    Raises UserError for an unknown corpus.
    """
    if settings.corpus != "shapes":
        raise UserError(f"There are no captions of {settings.corpus!r}: the corpus with captions is shapes.")
    name = f"captions-{settings.corpus}-{settings.size}"
    decisive = [_VERSION, asdict(settings), edition_of_shapes()]
    return prepared_folder(name, decisive, data_dir, lambda work: _make(settings, work))


def _make(settings: CaptionSettings, work: Path) -> None:
    captions = {split: list(_draw(settings, split, work)) for split in settings.counts}
    frequencies = Counter(chain.from_iterable(captions["train"]))
    tokenizer = learn_tokenizer("words", frequencies, LANGUAGE, settings.vocabulary, settings.min_frequency)
    tokenizer.save(work, "caption")
    for split, sentences in captions.items():
        write_ids(work / f"{split}.captions", len(sentences), [FlatIds.of(tokenizer.encode_words(sentences))])
    preprocessing = Preprocessing.of(np.load(work / "train.pixels.npy", mmap_mode="r"))
    preprocessing.save(work)
    save_facts(work, title=TITLE, settings=asdict(settings), images=settings.counts, version=_VERSION)
    logger.info(
        "Prepared %s at %d x %d pixels: %s images, a vocabulary of %d entries.", TITLE, settings.size, settings.size,
        ", ".join(f"{name} {count:,}" for name, count in settings.counts.items()), len(tokenizer),
    )  # fmt: skip


def _scenes(split: str, size: int, numbers: Sequence[int]) -> list[Described]:
    return [described(split, index, SHAPES_SEED, size) for index in numbers]


def _draw(settings: CaptionSettings, split: str, work: Path) -> Iterator[list[str]]:
    """Write the pixels of a split, masks and facts if it is for evaluation, the mean mask if it is for training.

    Yields the words of each image's caption.
    """
    count, size = settings.counts[split], settings.size
    lines, mean_mask = [], np.zeros((size, size))
    with writing_rows(work, split, count) as rows:
        write_pixels = rows("pixels", np.uint8, size, size, 3)
        # Sixteenths are exact in half precision.
        write_masks = None if split == "train" else rows("masks", np.float16, MOST_OBJECTS, size, size)
        scenes = chain.from_iterable(mapped(partial(_scenes, split, size), in_chunks(range(count), _CHUNK)))
        for scene in counted(scenes, f"drawing {split}", count, "images"):
            write_pixels(scene.pixels)
            masks = np.zeros((MOST_OBJECTS, size, size))
            masks[: len(scene.objects)] = [drawn.mask for drawn in scene.objects]
            if write_masks is None:
                mean_mask += masks.sum(0)
            else:
                write_masks(masks)
            lines.append(json.dumps(scene.facts) + "\n")
            yield [word.text for word in scene.facts.captions[0]]
    if split == "train":
        np.save(work / "mean_mask.npy", (mean_mask / count).astype(np.float32))
    else:
        (work / f"{split}.facts.jsonl").write_text("".join(lines), encoding="utf-8")
