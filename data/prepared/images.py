"""From images to arrays on disk: read once, brought to one size, stored as bytes that are mapped into memory."""

import errno
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from data.errors import UserError
from data.prepared.folder import damaged, made_once, prepared_folder
from data.preprocessing import Preprocessing
from data.sources.images import ImageCorpus, Labelled, Unreadable, find_images

logger = logging.getLogger(__name__)

_VERSION = 3  # of the directory's layout, and of what is chosen for it
_CHUNK = 1024  # images at a time
_NAMED = 10  # unreadable images that an error names
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
Array = NDArray[Any]
Row = Callable[[Array], int]  # takes the next row of an array


@dataclass(frozen=True)
class ImageSettings:
    """What decides the content of a prepared directory; the fields are those of ImageData."""

    corpus: str
    size: int
    images: int | None
    fit: str

    def folder(self, corpus: ImageCorpus, data_dir: Path) -> Path:
        """Where these settings are prepared: another edition of the corpus is another directory."""
        name = f"images-{Path(self.corpus).name}-{self.size}"
        return prepared_folder(name, [_VERSION, asdict(self), corpus.edition], data_dir)


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
        raise damaged(folder, error) from None


def load_facts(folder: Path) -> dict[str, Any]:
    """Title and numbers of images of a prepared directory; raises UserError if it is damaged."""
    facts: dict[str, Any] = _json(folder, "settings.json")
    return facts


def load_names(folder: Path, split: str) -> list[str]:
    """Of every image of a split: its file, or what is drawn on it; raises UserError if the directory is damaged."""
    names: list[str] = _json(folder, f"{split}.names.json")
    return names


def _json(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(folder, error) from None


def _make(settings: ImageSettings, corpus: ImageCorpus, work: Path) -> None:
    shape = (settings.size, settings.size)
    bare = Preprocessing(settings.size, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), corpus.classes, settings.fit)
    needed = sum(_array_bytes(corpus, split, settings.size) for split in corpus.counts)
    _check_space(needed, work)
    try:
        unreadable = [one for split in corpus.counts for one in _store(corpus, split, bare, work)]
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _no_space(needed, work) from error
    _check_read(unreadable)
    mean, std = statistics(np.load(work / "train.pixels.npy", mmap_mode="r"))
    Preprocessing(settings.size, mean, std, corpus.classes, settings.fit).save(work / "preprocessing.json")
    stored = {"title": corpus.title, "settings": asdict(settings), "images": corpus.counts, "version": _VERSION}
    (work / "settings.json").write_text(json.dumps(stored, indent=2), encoding="utf-8")
    logger.info(
        "Prepared %s at %d x %d pixels: %s images of %d classes.", corpus.title, *shape,
        ", ".join(f"{name} {count:,}" for name, count in corpus.counts.items()), len(corpus.classes),
    )  # fmt: skip


def _array_bytes(corpus: ImageCorpus, split: str, size: int) -> int:
    """What the arrays of a split take on disk: three bytes a pixel; of drawn ones pictures besides and masks, too."""
    known = corpus.masks and split != "train"
    return corpus.counts[split] * size * size * (13 if known else 3)


def _check_space(needed: int, work: Path) -> None:
    if needed > shutil.disk_usage(work).free:
        raise _no_space(needed, work)


def _no_space(needed: int, work: Path) -> UserError:
    free = shutil.disk_usage(work).free
    return UserError(
        f"The images take {needed:,} bytes, and {work.parent} has {free:,} free: make room, set DATA_DIR to a larger disk, "
        "or take fewer or smaller images."
    )


def _check_read(unreadable: list[Unreadable]) -> None:
    """Raise UserError that names what could not be read."""
    if len(unreadable) == 1:
        raise UserError(unreadable[0].why)
    if unreadable:
        names = ", ".join(one.name for one in unreadable[:_NAMED])
        more = f" and {len(unreadable) - _NAMED:,} more" if len(unreadable) > _NAMED else ""
        raise UserError(
            f"{len(unreadable):,} images cannot be read: mend or remove {names}{more}. Of the first: {unreadable[0].why}"
        )


def _store(corpus: ImageCorpus, split: str, preprocessing: Preprocessing, work: Path) -> list[Unreadable]:
    """Write pixels, labels and names, and what is known of the images besides; of training the mean mask.

    Returns what could not be read; with it, what was written is of no use.
    """
    count, size = corpus.counts[split], preprocessing.size
    labels, names, mean_mask = [], [], np.zeros((size, size))
    unreadable: list[Unreadable] = []
    with ExitStack() as files:

        def rows(name: str, dtype: Any, *shape: int) -> Row:
            return files.enter_context(_written(work / f"{split}.{name}.npy", dtype, (count, *shape)))

        pixels = rows("pixels", np.uint8, size, size, 3)
        known: dict[str, Row] = {}
        for one in tqdm(corpus.read(split, size), f"reading {split}", count, unit=" images", leave=False):
            if isinstance(one, Unreadable):
                unreadable.append(one)
                continue
            pixels(_square(one, preprocessing))
            labels.append(one.label)
            names.append(one.name)
            if one.mask is not None:
                mean_mask += one.mask
            for name, value in one.known.items():
                known[name] = known.get(name) or rows(name, value.dtype, *value.shape)
                known[name](value)
    np.save(work / f"{split}.labels.npy", np.array(labels, dtype=np.int64))
    (work / f"{split}.names.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    if corpus.masks and split == "train":
        np.save(work / "mean_mask.npy", (mean_mask / count).astype(np.float32))
    return unreadable


@contextmanager
def _written(path: Path, dtype: type, shape: tuple[int, ...]) -> Iterator[Row]:
    """Takes the rows of an array one after the other into a .npy file.

    Not a mapped file: its pages are found wanting when they are touched, and a full disk ends the process without a word.
    """
    with path.open("wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        yield lambda row: file.write(np.ascontiguousarray(row, dtype).tobytes())


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
