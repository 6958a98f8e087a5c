"""From labelled images to arrays on disk: read once, brought to one size, stored as bytes that are mapped into memory."""

import errno
import json
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data.errors import UserError
from data.prepared.folder import WriteRow, prepared_folder, save_facts, writing_rows
from data.prepared.workers import in_chunks, mapped
from data.preprocessing import Preprocessing
from data.progress import counted
from data.sources.images import ImageCorpus, LabelledImage, Read, UnreadableImage, find_images

logger = logging.getLogger(__name__)

_VERSION = 3  # of the directory's layout, and of what is chosen for it
_CHUNK = 32  # images that a process prepares at a time
_NAMED = 10  # unreadable images that an error names
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class ImageSettings:
    """What decides the content of a prepared directory; the fields are those of ImageData."""

    corpus: str
    size: int
    images: int | None
    fit: str


def prepare_images(settings: ImageSettings, data_dir: Path) -> Path:
    """Directory of the prepared images, made unless it exists; another edition of the corpus is another directory.

    Raises UserError for faults of the corpus and a full disk.
    """
    corpus = find_images(settings.corpus, settings.images, data_dir)
    name = f"images-{Path(settings.corpus).name}-{settings.size}"
    decisive = [_VERSION, asdict(settings), corpus.edition]
    return prepared_folder(name, decisive, data_dir, lambda work: _make(settings, corpus, work))


def _make(settings: ImageSettings, corpus: ImageCorpus, work: Path) -> None:
    needed = sum(_array_bytes(corpus, split, settings.size) for split in corpus.counts)
    if needed > shutil.disk_usage(work).free:
        raise _no_space(needed, work)
    try:
        unreadable = [image for split in corpus.counts for image in _store(settings, corpus, split, work)]
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _no_space(needed, work) from error
    _check_read(unreadable)
    preprocessing = Preprocessing.of(np.load(work / "train.pixels.npy", mmap_mode="r"), corpus.classes, settings.fit)
    preprocessing.save(work)
    save_facts(work, title=corpus.title, settings=asdict(settings), images=corpus.counts, version=_VERSION)
    logger.info(
        "Prepared %s at %d x %d pixels: %s images of %d classes.", corpus.title, settings.size, settings.size,
        ", ".join(f"{name} {count:,}" for name, count in corpus.counts.items()), len(corpus.classes),
    )  # fmt: skip


def _array_bytes(corpus: ImageCorpus, split: str, size: int) -> int:
    """Disk space of a split: three bytes per pixel; drawn images of evaluation splits have two twins and masks as well."""
    with_twins = corpus.masks and split != "train"
    return corpus.counts[split] * size * size * (13 if with_twins else 3)


def _no_space(needed: int, work: Path) -> UserError:
    free = shutil.disk_usage(work).free
    return UserError(
        f"The images take {needed:,} bytes, and {work.parent} has {free:,} free: make room, set DATA_DIR to a larger disk, "
        "or take fewer or smaller images."
    )


def _check_read(unreadable: list[UnreadableImage]) -> None:
    """Raise UserError naming the images that could not be read, if any."""
    if len(unreadable) == 1:
        raise UserError(unreadable[0].why)
    if unreadable:
        names = ", ".join(image.name for image in unreadable[:_NAMED])
        more = f" and {len(unreadable) - _NAMED:,} more" if len(unreadable) > _NAMED else ""
        raise UserError(
            f"{len(unreadable):,} images cannot be read: fix or remove {names}{more}. The first: {unreadable[0].why}"
        )


def _squares(
    read: Callable[[int, Sequence[Any]], Sequence[Read]], square: Preprocessing, sources: Sequence[Any]
) -> list[Read]:
    """Images whose pixels are final."""
    return [
        image._replace(image=square.pixels(image.image))
        if isinstance(image, LabelledImage) and isinstance(image.image, Image.Image)
        else image
        for image in read(square.size, sources)
    ]


def _store(settings: ImageSettings, corpus: ImageCorpus, split: str, work: Path) -> list[UnreadableImage]:
    """Write pixels, labels, names and extra arrays of a split, and of training images the mean mask.

    Returns the images that could not be read; if there are any, what was written is incomplete.
    """
    count, size = corpus.counts[split], settings.size
    square = Preprocessing(size, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), corpus.classes, settings.fit)
    labels, names, mean_mask = [], [], np.zeros((size, size))
    unreadable: list[UnreadableImage] = []
    images = mapped(partial(_squares, corpus.read, square), in_chunks(corpus.sources(split), _CHUNK))
    with writing_rows(work, split, count) as rows:
        write_pixels = rows("pixels", np.uint8, size, size, 3)
        write_extra: dict[str, WriteRow] = {}
        for example in counted(chain.from_iterable(images), f"reading {split}", count, "images"):
            if isinstance(example, UnreadableImage):
                unreadable.append(example)
                continue
            write_pixels(np.asarray(example.image))
            labels.append(example.label)
            names.append(example.name)
            if example.mask is not None:
                mean_mask += example.mask
            for name, array in (example.extra or {}).items():
                write_extra[name] = write_extra.get(name) or rows(name, array.dtype, *array.shape)
                write_extra[name](array)
    np.save(work / f"{split}.labels.npy", np.array(labels, dtype=np.int64))
    (work / f"{split}.names.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    if corpus.masks and split == "train":
        np.save(work / "mean_mask.npy", (mean_mask / count).astype(np.float32))
    return unreadable
