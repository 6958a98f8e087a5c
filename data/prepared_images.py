"""From images to arrays on disk: read once, brought to one size, stored as bytes that are mapped into memory."""

import hashlib
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from data.download import writable
from data.errors import UserError
from data.image_corpora import ImageCorpus, Labelled, find_images
from data.once import made_once
from data.preprocessing import Preprocessing

logger = logging.getLogger(__name__)

_VERSION = 2  # of the directory's layout
_CHUNK = 1024  # images at a time
Array = NDArray[Any]


@dataclass(frozen=True)
class ImageSettings:
    """What decides the content of a prepared directory; the fields are those of ImageData."""

    corpus: str
    size: int
    images: int | None
    fit: str

    def folder(self, corpus: ImageCorpus, data_dir: Path) -> Path:
        """Where these settings are prepared: another edition of the corpus is another directory."""
        decisive = json.dumps([_VERSION, asdict(self), corpus.edition], sort_keys=True)
        digest = hashlib.sha256(decisive.encode()).hexdigest()[:12]
        name = f"images-{Path(self.corpus).name}-{self.size}-{digest}"
        ready = data_dir / "prepared" / name
        return ready if ready.exists() else writable(data_dir) / "prepared" / name


def prepare_images(settings: ImageSettings, data_dir: Path) -> Path:
    """Directory of the prepared images, made unless it is there; many processes may call at once.

    It appears whole or not at all. Raises UserError for faults of the corpus.
    """
    corpus = find_images(settings.corpus, settings.images, data_dir)
    folder = settings.folder(corpus, data_dir)
    return made_once(folder, lambda work: _make(settings, corpus, work))


def load_array(folder: Path, name: str) -> Array:
    """An array of a prepared directory, mapped; raises UserError if it is missing or damaged."""
    try:
        return np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{folder} is damaged ({error}): delete it to have it made anew.") from None


def load_facts(folder: Path) -> dict[str, Any]:
    """Title and numbers of images of a prepared directory."""
    try:
        facts: dict[str, Any] = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{folder} is damaged ({error}): delete it to have it made anew.") from None
    return facts


def load_names(folder: Path, split: str) -> list[str]:
    names: list[str] = json.loads((folder / f"{split}.names.json").read_text(encoding="utf-8"))
    return names


def _make(settings: ImageSettings, corpus: ImageCorpus, work: Path) -> None:
    shape = (settings.size, settings.size)
    bare = Preprocessing(settings.size, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), corpus.classes, settings.fit)
    for split in corpus.counts:
        _store(corpus, split, bare, work)
    mean, std = statistics(np.load(work / "train.pixels.npy", mmap_mode="r"))
    Preprocessing(settings.size, mean, std, corpus.classes, settings.fit).save(work / "preprocessing.json")
    stored = {"title": corpus.title, "settings": asdict(settings), "images": corpus.counts, "version": _VERSION}
    (work / "settings.json").write_text(json.dumps(stored, indent=2), encoding="utf-8")
    logger.info(
        "Prepared %s at %d x %d pixels: %s images of %d classes.", corpus.title, *shape,
        ", ".join(f"{name} {count:,}" for name, count in corpus.counts.items()), len(corpus.classes),
    )  # fmt: skip


def _store(corpus: ImageCorpus, split: str, preprocessing: Preprocessing, work: Path) -> None:
    """Write pixels, labels and names, and what is known of the images besides; of training the mean mask."""
    count, size = corpus.counts[split], preprocessing.size

    def array(name: str, dtype: Any, *shape: int) -> Array:
        mapped: Array = np.lib.format.open_memmap(work / f"{split}.{name}.npy", "w+", dtype, (count, *shape))
        return mapped

    pixels = array("pixels", np.uint8, size, size, 3)
    known: dict[str, Array] = {}
    labels, names, mean_mask = np.zeros(count, dtype=np.int64), [], np.zeros((size, size))
    read = tqdm(corpus.read(split, size), total=count, desc=f"reading {split}", unit=" images", leave=False)
    for i, one in enumerate(read):
        pixels[i] = _square(one, preprocessing)
        labels[i] = one.label
        names.append(one.name)
        if one.mask is not None:
            mean_mask += one.mask
        for name, value in one.known.items():
            if name not in known:
                known[name] = array(name, value.dtype, *value.shape)
            known[name][i] = value
    np.save(work / f"{split}.labels.npy", labels)
    (work / f"{split}.names.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    if corpus.masks and split == "train":
        np.save(work / "mean_mask.npy", (mean_mask / count).astype(np.float32))


def _square(one: Labelled, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    return one.image if isinstance(one.image, np.ndarray) else preprocessing.pixels(one.image)


def statistics(pixels: Array) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Mean and standard deviation of red, green and blue, in [0, 1]."""
    total, square = np.zeros(3), np.zeros(3)
    for start in range(0, len(pixels), _CHUNK):
        part = pixels[start : start + _CHUNK] / 255
        total += part.sum((0, 1, 2))
        square += (part * part).sum((0, 1, 2))
    count = pixels[..., 0].size
    mean = total / count
    std = np.sqrt(np.maximum(square / count - mean**2, 0))
    r, g, b = (round(float(one), 4) for one in mean)
    # Images of one colour have no deviation: then they are only shifted.
    x, y, z = (round(float(one), 4) if one > 1e-3 else 1.0 for one in std)
    return (r, g, b), (x, y, z)
