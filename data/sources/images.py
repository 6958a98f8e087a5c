"""Labelled images by name: Shapes, CIFAR-10, and a user's own folder; all streamed.

===============  ===============================================================  ================
corpus           training images                                                  tests
===============  ===============================================================  ================
shapes           any number, by default 20,000                                    test, two
shapes_conflict  the same; in train and valid the ground betrays the class        test, two
cifar10          45,000 (5,000 set aside for valid)                               test
a folder         all, or eight of ten where it has no folders valid and test      test
===============  ===============================================================  ================

CIFAR-10 is torchvision's, which downloads its archive and checks it. If $DATA_DIR/cifar10 has a folder train instead, it is
read like any other folder, and called "CIFAR-10 (JPEG)": its images are not the original pixels, and other images are set
aside for valid.
"""

import hashlib
import os
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data import shapes
from data.errors import UserError
from data.sources.download import writable
from data.sources.image_files import ImageFile, list_images, read_image, set_aside
from data.sources.paths import place

if TYPE_CHECKING:
    from torchvision.datasets import CIFAR10

NAMES = ("shapes", "shapes_conflict", "cifar10")
SHAPES_SEED = 1  # the set is the same for every run
SHAPES_SIZES = {"train": 20_000, "valid": 500, "test": 1_200, "two": 300}
_CONFLICT_VALID = 10_000_000  # first scene of the conflict split that is for validation
_CIFAR10 = "cifar-10-"  # what the published archives of CIFAR-10 begin with


class LabelledImage(NamedTuple):
    """An image of any size, or the final pixels (h, w, 3) if a mask (h, w) belongs to them; its class and its name.

    extra: what an evaluation needs besides, under the names of ``data.images.ImageExamples``.
    """

    image: Image.Image | NDArray[np.uint8]
    label: int
    name: str
    mask: NDArray[np.float32] | None = None
    extra: Mapping[str, NDArray[Any]] | None = None


class UnreadableImage(NamedTuple):
    """Stands for an image that cannot be read: its name, and the sentence that says why."""

    name: str
    why: str


Read = LabelledImage | UnreadableImage


@dataclass(frozen=True)
class ImageCorpus:
    """What a corpus offers.

    title: what reports call it. classes: their names, by number. counts: images of each split.
    sources: streams what the images of a split are made from. read: makes images of a size from some of these, in any process.
    edition: differs between two states of the corpus. masks: whether it has them.
    """

    title: str
    classes: tuple[str, ...]
    counts: dict[str, int]
    sources: Callable[[str], Iterable[Any]]
    read: Callable[[int, Sequence[Any]], Sequence[Read]]
    edition: str
    masks: bool = False


def find_images(corpus: str, images: int | None, data_dir: Path) -> ImageCorpus:
    """The corpus of that name, or in that folder, with at most ``images`` training images.

    Raises UserError for an unknown name, an archive, and folders that cannot be learned from.
    """
    if corpus in ("shapes", "shapes_conflict"):
        return _shapes(images, conflict=corpus == "shapes_conflict")
    if corpus == "cifar10":
        return _cifar10(data_dir, images)
    folder = place(corpus)
    if not folder.exists() and os.sep not in corpus:
        raise UserError(
            f"There is no image set {corpus!r}: choose one of {', '.join(NAMES)}, or give a folder of images."
        )
    if folder.name.endswith((".tar", ".tar.gz", ".tgz")):
        raise _packed(folder, "give the folder that has a folder of images for each class")
    return _folder(folder, images, folder.resolve().name)


def _packed(archive: Path, then: str) -> UserError:
    return UserError(f"{archive} is an archive: unpack it with `tar -xf {archive} -C FOLDER` and {then}.")


def _shapes(images: int | None, conflict: bool) -> ImageCorpus:
    counts = {**SHAPES_SIZES, "train": images or SHAPES_SIZES["train"]}

    def scenes(split: str) -> list[_SceneOf]:
        betraying = conflict and split in ("train", "valid")
        source, first = ("conflict" if betraying else split), (_CONFLICT_VALID if betraying and split == "valid" else 0)
        return [_SceneOf(source, index, split != "train") for index in range(first, first + counts[split])]

    title = "Shapes whose ground betrays the class" if conflict else "Shapes"
    return ImageCorpus(title, shapes.CLASSES, counts, scenes, _draw_shapes, edition_of_shapes(), masks=True)


class _SceneOf(NamedTuple):
    split: str
    index: int  # type: ignore[assignment]
    evaluated: bool


def _draw_shapes(size: int, scenes: Sequence[_SceneOf]) -> list[Read]:
    images: list[Read] = []
    for split, index, evaluated in scenes:
        scene = shapes.scene(split, index, SHAPES_SEED, size)
        extra = _extra(scene, split, index, size) if evaluated else None
        name = f"{split} {index}: {shapes.caption(scene)}"
        images.append(LabelledImage(scene.pixels, scene.label, name, scene.mask, extra))
    return images


def _extra(scene: shapes.Scene, split: str, index: int, size: int) -> dict[str, NDArray[Any]]:
    """Mask and twins of a scene; for a scene with two objects also the class and mask of the second."""
    extra: dict[str, NDArray[Any]] = {
        "masks": scene.mask.astype(np.float16),  # sixteenths are exact
        "without": shapes.without_object(split, index, SHAPES_SEED, size),
        "elsewhere": shapes.on_other_ground(split, index, SHAPES_SEED, size),
    }
    for other in scene.objects[1:]:
        extra["second_labels"] = np.array(shapes.CLASSES.index(other.placed.kind))
        extra["second_masks"] = other.mask.astype(np.float16)
    return extra


@cache
def edition_of_shapes() -> str:
    """A digest of the code that draws Shapes."""
    source = Path(shapes.__file__).parent
    return _digest(path.read_text(encoding="utf-8") for path in sorted(source.glob("*.py")))


def _digest(texts: Iterator[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:12]


def _fewer(files: list[ImageFile], images: int | None, root: Path, classes: tuple[str, ...]) -> list[ImageFile]:
    """``images`` of them: one of each class, the others in the proportion of the classes, each chosen by a hash of names.

    The names are those below ``root``, so a folder that was renamed or moved gives the same images; a smaller choice is part
    of every larger one. Raises UserError for fewer images than classes.
    """
    if images is None or images >= len(files):
        return files
    if images < len(classes):
        raise UserError(
            f"images={images} is fewer than the {len(classes)} classes of {root}: give one for each or more."
        )

    def rank(file: ImageFile) -> bytes:
        return hashlib.blake2b(file.path.relative_to(root).as_posix().encode()).digest()

    sizes, ahead = Counter(file.label for file in files), Counter[int]()
    ranked: list[tuple[float, ImageFile]] = []
    for file in sorted(files, key=rank):
        ranked.append((ahead[file.label] / sizes[file.label], file))
        ahead[file.label] += 1
    return sorted(file for _, file in sorted(ranked)[:images])


def _folder(folder: Path, images: int | None, title: str) -> ImageCorpus:
    classes, splits = list_images(folder)
    edition = _digest(_state(file.path) for files in splits.values() for file in files)
    splits["train"] = _fewer(splits["train"], images, folder, classes)

    return ImageCorpus(title, classes, _counts(splits), splits.__getitem__, partial(_read_files, folder), edition)


def _read_files(folder: Path, size: int, files: Sequence[ImageFile]) -> list[Read]:
    images: list[Read] = []
    for path, label in files:
        try:
            images.append(LabelledImage(read_image(path, size=size), label, path.relative_to(folder).as_posix()))
        except UserError as error:
            images.append(UnreadableImage(str(path), str(error)))
    return images


def _state(path: Path) -> str:
    """Name, size and time of an image; raises UserError for a file that does not exist, such as behind a broken link."""
    try:
        stat = path.stat()
    except OSError as error:
        raise UserError(f"{path} cannot be read as an image ({error.strerror}): fix or remove it.") from None
    return f"{path}{stat.st_size}{stat.st_mtime_ns}"


def _counts(splits: dict[str, list[ImageFile]]) -> dict[str, int]:
    return {split: len(splits[split]) for split in ("train", "valid", "test")}


def _cifar10(data_dir: Path, images: int | None) -> ImageCorpus:
    from torchvision.datasets import CIFAR10  # here, since the processes that prepare images do without

    folder = data_dir / "cifar10"
    archive = folder / CIFAR10.filename
    if not archive.exists() and not (folder / CIFAR10.base_folder).exists():
        if (folder / "train").is_dir():
            return _folder(folder, images, "CIFAR-10 (JPEG)")
        for other in sorted(folder.glob("*.tar.gz")):
            if not other.name.startswith(_CIFAR10):
                raise _packed(
                    other, "give the folder that holds train and test, or set DATA_DIR so that it is $DATA_DIR/cifar10"
                )
    classes, train, test = _published_cifar10(folder, writable(data_dir) / "cifar10")
    listed = [
        [ImageFile(Path(f"{name}/{i:05d}"), label) for i, label in enumerate(part.targets)]
        for name, part in (("train", train), ("test", test))
    ]
    stays, valid = set_aside(listed[0], Path("."), list(classes), "valid")
    splits = {"train": _fewer(stays, images, Path("."), classes), "valid": valid, "test": listed[1]}

    def labelled(split: str) -> Iterator[LabelledImage]:
        pixels = (test if split == "test" else train).data
        for path, label in splits[split]:
            yield LabelledImage(Image.fromarray(pixels[int(path.name)]), label, path.as_posix())

    return ImageCorpus("CIFAR-10", classes, _counts(splits), labelled, _as_they_are, CIFAR10.tgz_md5)


def _as_they_are(size: int, images: Sequence[Read]) -> Sequence[Read]:  # noqa: ARG001 - all are of 32 pixels
    return images


def _published_cifar10(given: Path, folder: Path) -> "tuple[tuple[str, ...], CIFAR10, CIFAR10]":
    """Classes, training and test images of the published archive, in ``given`` or else downloaded to ``folder``.

    Raises UserError if it is not available; the text names where to put it by hand.
    """
    from torchvision.datasets import CIFAR10

    unpacked = (given / CIFAR10.base_folder).is_dir()
    archive = given / CIFAR10.filename
    try:
        if not unpacked:
            folder.mkdir(parents=True, exist_ok=True)
            if given != folder and archive.exists():
                shutil.copy(archive, folder)  # its own folder is read-only: it cannot be unpacked there
        root = str(given if unpacked else folder)
        again = not unpacked or archive.is_file()  # which does nothing where all is whole
        train, test = (CIFAR10(root, is_train, download=again) for is_train in (True, False))
    except (OSError, RuntimeError, EOFError, tarfile.TarError) as error:
        reason = str(getattr(error, "reason", error)) or type(error).__name__
        raise UserError(
            f"CIFAR-10 is not available ({reason}): download {CIFAR10.url}, put it at {archive} by hand, and remove "
            f"{given / CIFAR10.base_folder} if it is there."
        ) from None
    return tuple(train.classes), train, test
