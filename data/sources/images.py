"""Labelled images by name: Shapes, CIFAR-10, and a user's own folder; all streamed.

===============  ===============================================================  ================
corpus           training images                                                  tests
===============  ===============================================================  ================
shapes           any number, 20,000 unless told                                   test, two
shapes_conflict  likewise; here and in valid the ground betrays the class         test, two
cifar10          45,000 (5,000 set aside for valid)                               test
a folder         all, or eight of ten where it has no folders valid and test      test
===============  ===============================================================  ================

CIFAR-10 is read with torchvision, which downloads it. Where $DATA_DIR/cifar10 holds folders of images or
cifar10-jpeg.tar.gz instead, these are read, and called "CIFAR-10 (JPEG)": they are not the original pixels.
"""

import gzip
import hashlib
import io
import os
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torchvision.datasets import CIFAR10

from data import shapes
from data.errors import UserError
from data.sources.download import writable
from data.sources.image_files import Listed, is_image_file, list_images, read_image, set_aside

NAMES = ("shapes", "shapes_conflict", "cifar10")
SHAPES_SEED = 1  # the set is the same for every run
_SHAPES_SIZES = {"train": 20_000, "valid": 500, "test": 1_200, "two": 300}
_CONFLICT_VALID = 10_000_000  # first scene of the conflict split that is for validation
_ARCHIVE = "cifar-10-python.tar.gz"


class Labelled(NamedTuple):
    """One image: a picture of any size, or the very pixels where a mask (h, w) goes with them.

    known: what an evaluation needs besides, under the names of ``data.images.ImageExamples``.
    """

    image: Image.Image | NDArray[np.uint8]
    label: int
    name: str
    mask: NDArray[np.float32] | None = None
    known: Mapping[str, NDArray[Any]] = MappingProxyType({})


class Unreadable(NamedTuple):
    """In the place of an image that cannot be read: its name, and the sentence that says why."""

    name: str
    why: str


@dataclass(frozen=True)
class ImageCorpus:
    """What a corpus offers.

    title: what reports call it. classes: by number. counts: images of each split. tests: splits to test on.
    read: streams a split at a size. edition: tells one state of the corpus from another. masks: whether it has them.
    """

    title: str
    classes: tuple[str, ...]
    counts: dict[str, int]
    read: Callable[[str, int], Iterator[Labelled | Unreadable]]
    edition: str
    masks: bool = False

    @property
    def tests(self) -> tuple[str, ...]:
        return tuple(name for name in self.counts if name not in ("train", "valid"))


def find_images(corpus: str, images: int | None, data_dir: Path) -> ImageCorpus:
    """The corpus of that name, or in that folder, with at most ``images`` training images."""
    if corpus in ("shapes", "shapes_conflict"):
        return _shapes(images, conflict=corpus == "shapes_conflict")
    if corpus == "cifar10":
        return _cifar10(data_dir, images)
    folder = Path(corpus).expanduser()
    if not folder.exists() and os.sep not in corpus:
        raise UserError(
            f"There is no image set {corpus!r}: choose one of {', '.join(NAMES)}, or give a folder of images."
        )
    return _folder(folder, images, folder.resolve().name)


def _shapes(images: int | None, conflict: bool) -> ImageCorpus:
    counts = {**_SHAPES_SIZES, "train": images or _SHAPES_SIZES["train"]}

    def read(split: str, size: int) -> Iterator[Labelled]:
        betraying = conflict and split in ("train", "valid")
        source, first = ("conflict" if betraying else split), (_CONFLICT_VALID if betraying and split == "valid" else 0)
        for index in range(first, first + counts[split]):
            one = shapes.scene(source, index, SHAPES_SEED, size)
            known = {} if split == "train" else _known(one, source, index, size)
            yield Labelled(one.pixels, one.label, f"{source} {index}: {shapes.caption(one)}", one.mask, known)

    title = "Shapes whose ground betrays the class" if conflict else "Shapes"
    return ImageCorpus(title, shapes.CLASSES, counts, read, edition_of_shapes(), masks=True)


def _known(one: shapes.Scene, split: str, index: int, size: int) -> dict[str, NDArray[Any]]:
    """Mask and twins of a scene, and of a scene with two objects the class and the mask of the second."""
    known: dict[str, NDArray[Any]] = {
        "masks": one.mask.astype(np.float16),  # sixteenths are exact
        "without": shapes.without_object(split, index, SHAPES_SEED, size),
        "elsewhere": shapes.on_other_ground(split, index, SHAPES_SEED, size),
    }
    for other in one.objects[1:]:
        known["second_labels"] = np.array(shapes.CLASSES.index(other.kind))
        known["second_masks"] = other.mask.astype(np.float16)
    return known


@cache
def edition_of_shapes() -> str:
    """Tells one state of the code that draws Shapes from another."""
    source = Path(shapes.__file__).parent
    return _digest(path.read_text(encoding="utf-8") for path in sorted(source.glob("*.py")))


def _digest(texts: Iterator[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:12]


def _fewer(listed: list[Listed], images: int | None, root: Path, classes: tuple[str, ...]) -> list[Listed]:
    """``images`` of them: one of each class, the others in the proportion of the classes, each chosen by a hash of names.

    The names are those below ``root``, so that a folder that is named otherwise, or was moved, gives the same images; and
    fewer are some of those that more would be. Raises UserError for fewer images than classes.
    """
    if images is None or images >= len(listed):
        return listed
    if images < len(classes):
        raise UserError(
            f"images={images} is fewer than the {len(classes)} classes of {root}: give one for each or more."
        )

    def rank(one: Listed) -> bytes:
        return hashlib.blake2b(one.path.relative_to(root).as_posix().encode()).digest()

    sizes, behind = Counter(one.label for one in listed), Counter[int]()
    ranked: list[tuple[float, Listed]] = []
    for one in sorted(listed, key=rank):
        ranked.append((behind[one.label] / sizes[one.label], one))
        behind[one.label] += 1
    return sorted(one for _, one in sorted(ranked)[:images])


def _read(file: Path | IO[bytes], one: Listed, name: str, size: int, called: str = "") -> Labelled | Unreadable:
    """The image in a file. ``name``: of the image; ``called``: what errors call the file, its path if left out."""
    try:
        return Labelled(read_image(file, called, size), one.label, name)
    except UserError as error:
        return Unreadable(called or str(file), str(error))


def _folder(folder: Path, images: int | None, title: str) -> ImageCorpus:
    classes, splits = list_images(folder)
    edition = _digest(_state(one.path) for listed in splits.values() for one in listed)
    splits["train"] = _fewer(splits["train"], images, folder, classes)

    def read(split: str, size: int) -> Iterator[Labelled | Unreadable]:
        for one in splits[split]:
            yield _read(one.path, one, one.path.relative_to(folder).as_posix(), size)

    return ImageCorpus(title, classes, _counts(splits), read, edition)


def _state(path: Path) -> str:
    """Name, size and time of an image; raises UserError for one that is not there, as behind a link to nothing."""
    try:
        stat = path.stat()
    except OSError as error:
        raise UserError(f"{path} cannot be read as an image ({error.strerror}): mend or remove it.") from None
    return f"{path}{stat.st_size}{stat.st_mtime_ns}"


def _counts(splits: dict[str, list[Listed]]) -> dict[str, int]:
    return {split: len(splits[split]) for split in ("train", "valid", "test")}


def _cifar10(data_dir: Path, images: int | None) -> ImageCorpus:
    folder = data_dir / "cifar10"
    original = any((folder / name).exists() for name in (_ARCHIVE, CIFAR10.base_folder))
    if not original and (folder / "train").is_dir():
        return _folder(folder, images, "CIFAR-10 (JPEG)")
    if not original and (folder / "cifar10-jpeg.tar.gz").exists():
        return _tar(folder / "cifar10-jpeg.tar.gz", images)
    return _torchvision_cifar10(folder, writable(data_dir) / "cifar10", images)


def _tar(path: Path, images: int | None) -> ImageCorpus:
    """The same tree, in an archive that is held in memory."""
    try:
        archive = tarfile.open(fileobj=io.BytesIO(gzip.decompress(path.read_bytes())))  # noqa: SIM115 - read from later
        members = {one.name: one for one in archive.getmembers() if one.isfile() and is_image_file(one.name)}
    except (OSError, EOFError, tarfile.TarError) as error:
        raise UserError(f"{path} is damaged ({error}): put a whole one there, or remove it.") from None
    classes, splits = _listed(sorted(members), path)
    splits["train"], splits["valid"] = set_aside(splits["train"], Path("."), list(classes), "valid")
    splits["train"] = _fewer(splits["train"], images, Path("."), classes)

    def read(split: str, size: int) -> Iterator[Labelled | Unreadable]:
        for one in splits[split]:
            name = one.path.as_posix()
            file = archive.extractfile(members[name])
            assert file is not None
            yield _read(file, one, name, size, f"{name} in {path}")

    stat = path.stat()
    edition = f"{stat.st_size} {stat.st_mtime_ns}"
    return ImageCorpus("CIFAR-10 (JPEG)", classes, _counts(splits), read, edition)


def _listed(names: list[str], archive: Path) -> tuple[tuple[str, ...], dict[str, list[Listed]]]:
    """Classes and images of train and test, by the last three parts of their names: train/cat/1.jpg.

    Raises UserError where a name has no such parts, and where one of the two has no image of a class of the other.
    """
    shape = f"{archive} must hold train/CLASS/IMAGE and test/CLASS/IMAGE"
    parts = {name: PurePosixPath(name).parts[-3:] for name in names}
    found: dict[str, set[str]] = {"train": set(), "test": set()}
    for name, part in parts.items():
        if len(part) < 3 or part[0] not in found:
            raise UserError(f"{shape}, not {name}: pack its folders so, or remove it.")
        found[part[0]].add(part[1])
    if not found["train"] or found["train"] != found["test"]:
        there = "; ".join(f"{split} has {', '.join(sorted(kinds)) or 'no image'}" for split, kinds in found.items())
        raise UserError(f"{shape} for the same classes, but {there}: put a whole one there, or remove it.")
    classes = tuple(sorted(found["train"]))
    splits: dict[str, list[Listed]] = {"train": [], "test": []}
    for name, (split, kind, _) in parts.items():
        splits[split].append(Listed(Path(name), classes.index(kind)))
    return classes, splits


def _torchvision_cifar10(given: Path, folder: Path, images: int | None) -> ImageCorpus:
    there = (given / CIFAR10.base_folder).is_dir()
    try:
        if not there:
            folder.mkdir(parents=True, exist_ok=True)
            if given != folder and (given / _ARCHIVE).exists():
                shutil.copy(given / _ARCHIVE, folder)  # where it lies it cannot be unpacked
        parts = [CIFAR10(str(given if there else folder), train, download=not there) for train in (True, False)]
    except (OSError, RuntimeError, EOFError, tarfile.TarError) as error:
        reason = str(getattr(error, "reason", error)) or type(error).__name__
        raise UserError(
            f"CIFAR-10 cannot be had ({reason}): download {CIFAR10.url} and put it at {given / _ARCHIVE} by hand."
        ) from None
    classes = tuple(parts[0].classes)
    listed = [
        [Listed(Path(f"{name}/{i:05d}"), label) for i, label in enumerate(part.targets)]
        for name, part in zip(("train", "test"), parts, strict=True)
    ]
    train, valid = set_aside(listed[0], Path("."), list(classes), "valid")
    splits = {"train": _fewer(train, images, Path("."), classes), "valid": valid, "test": listed[1]}

    def read(split: str, size: int) -> Iterator[Labelled]:  # noqa: ARG001 - all are of 32 pixels
        for path, label in splits[split]:
            pixels = parts[path.parent.name == "test"].data[int(path.name)]
            yield Labelled(Image.fromarray(pixels), label, path.as_posix())

    return ImageCorpus("CIFAR-10", classes, _counts(splits), read, CIFAR10.tgz_md5)
