"""Image files of any kind as upright pictures in red, green and blue; folders of them, labelled by their names.

Unusual files are converted, not refused: EXIF rotation, CMYK, palettes, grey, 16 and 32 bits, transparency (on white), the
first frame of an animation. A file that cannot be read is refused in one sentence that names it.
"""

import hashlib
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from data.errors import UserError
from data.sources.paths import check_regular, shortened

# Both are checked before an image is decoded. The time and memory of decoding and resizing grow with the rows and columns as
# well as with the pixels; the longest side is that of a panorama of ten to one with the most pixels.
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 20_000
_ROWS = 64  # of a strip
EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", ".gif")
# Subfolder -> split; without a subfolder for a split, its images are taken from train by a hash of their names.
_SUBFOLDERS = {"train": "train", "valid": "valid", "val": "valid", "validation": "valid", "test": "test"}
_OTHER_SPLITS = {"training", "testing"}  # refused: neither a class nor a name of a split
_SHARE = 0.1  # of the images of a class, for each of valid and test
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)


class ImageFile(NamedTuple):
    """An image file and the number of its class."""

    path: Path
    label: int


def read_image(file: Path | IO[bytes], name: str = "", size: int = 0, most: int = MOST_PIXELS) -> Image.Image:
    """The image in a file, upright, in mode RGB.

    ``name``: what errors call it (default: its path). ``size``: the shortest side needed, so that a large JPEG need not be
    decoded in full; 0 for full size. Raises UserError if it is no image, damaged, or larger than ``most`` pixels.
    """
    name = name or (shortened(file) if isinstance(file, Path) else str(file))
    if isinstance(file, Path):
        check_regular(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about size and metadata: both are handled here
            with Image.open(file) as image:
                _check_size(image, name, most)
                if size:
                    image.draft("RGB", (2 * size, 2 * size))
                image.load()
                return upright(image, name)
    except UserError:
        raise
    except Image.DecompressionBombError:
        raise UserError(f"{name} is larger than {MOST_PIXELS:,} pixels: make it smaller.") from None
    except UnidentifiedImageError:
        raise UserError(f"{name} cannot be read as an image (its format is unknown): fix or remove it.") from None
    except _UNREADABLE as error:
        said = getattr(error, "strerror", None) or str(error).replace(repr(file), "it").replace(str(file), "it")
        reason = said or type(error).__name__
        raise UserError(f"{name} cannot be read as an image ({reason}): fix or remove it.") from None


def upright(image: Image.Image, name: str = "The image") -> Image.Image:
    """The image in mode RGB: turned as EXIF says, transparency on white, sixteen bits and floats brought to eight.

    One that is so already is returned as it is: a copy of a large image takes 160 MB. Raises UserError if it is too large;
    ``name`` is what the error calls it.
    """
    _check_size(image, name)
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode == "F" or image.mode.startswith("I"):
        return _eight_bits(image)
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    result = Image.new("RGB", image.size)
    for box in _strips(image):
        clear = image.crop(box).convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        result.paste(Image.alpha_composite(white, clear).convert("RGB"), box)
    return result


def _strips(image: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    """The boxes of strips of an image, so that what is computed on the way is never as large as the image."""
    for top in range(0, image.height, _ROWS):
        yield 0, top, image.width, min(top + _ROWS, image.height)


def _check_size(image: Image.Image, name: str, most: int = MOST_PIXELS) -> None:
    size = f"{image.width:,} x {image.height:,} pixels"
    if image.width * image.height > most:
        raise UserError(f"{name} has {size}, more than {most:,}: make it smaller.")
    if max(image.size) > LONGEST_SIDE:
        raise UserError(f"{name} has {size}, more than {LONGEST_SIDE:,} on one side: make it smaller.")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Integers range to 65,535, or to 255 if none is higher; floats to 1, or to 255 if any is higher."""
    highest = max((_finite(image.crop(box)).max(initial=0) for box in _strips(image)), default=0)
    result = Image.new("RGB", image.size)
    for box in _strips(image):
        values = _finite(image.crop(box))
        if values.dtype.kind == "f":
            values = values * 255 if highest <= 1 else values
        elif values.dtype.itemsize <= 2 or highest > 255:
            values = values / 257
        result.paste(Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8)).convert("RGB"), box)
    return result


def _finite(image: Image.Image) -> np.ndarray:
    values = np.asarray(image)
    if values.dtype.kind != "f":
        return values
    return np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def is_image_file(path: str) -> bool:
    """Whether a file's name says that it is an image; hidden files never are."""
    name = os.path.basename(path)
    return not name.startswith(".") and name.lower().endswith(EXTENSIONS)


def list_images(folder: Path) -> tuple[tuple[str, ...], dict[str, list[ImageFile]]]:
    """Classes, in alphabetical order, and the images of train, valid and test.

    ``folder`` holds one folder for each class, or train, valid (val) and test with one folder for each class in them.
    Images of a missing valid or test are set aside from train by a hash of their names, the same on every machine.
    Raises UserError for folders without images, with one class only, with an empty class, or with unclear splits.
    """
    roots = roots_of(folder)
    classes = _folders(roots["train"])
    if len(classes) < 2:
        content = f"only the class {classes[0]!r}" if classes else "no folder with images"
        raise UserError(
            f"{roots['train']} holds {content}: it needs one folder of images for each of two classes or more."
        )
    splits = {split: _listed(root, classes) for split, root in roots.items()}
    for split in ("test", "valid"):
        if split not in splits:
            splits["train"], splits[split] = set_aside(splits["train"], roots["train"], classes, split)
    return tuple(classes), splits


def roots_of(folder: Path) -> dict[str, Path]:
    """Split -> its folder; without folders named after splits, the whole folder is train.

    Raises UserError if it is no folder, or its splits are unclear.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: give one with a folder of images for each class.")
    subfolders = _folders(folder)
    given: dict[str, Path] = {}
    for name in subfolders:
        split = _SUBFOLDERS.get(name.lower())
        if split in given:
            raise UserError(f"{given[split]} and {folder / name} are both for {split}: keep one of them.")
        if split:
            given[split] = folder / name
    splits = [name for name in subfolders if name.lower() in _SUBFOLDERS.keys() | _OTHER_SPLITS]
    if splits and "train" not in given:
        raise UserError(
            f"{folder} has a folder {splits[0]} and none called train, so that {', '.join(subfolders)} would be classes: "
            "call the folders of its splits train, valid and test."
        )
    return given or {"train": folder}


def _visible(folder: Path) -> list[Path]:
    """What lies in a folder and is not hidden, by name; raises UserError for a name that is no text."""
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX")))
    for path in paths:
        if any("\ud800" <= letter <= "\udfff" for letter in path.name):  # what Python makes of other bytes
            raise UserError(f"The name of {str(path)!r} is not UTF-8: rename it.")
    return paths


def _folders(root: Path) -> list[str]:
    return [path.name for path in _visible(root) if path.is_dir()]


def _images(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """The images in a folder and in those below it; raises UserError for a link to one of the folders above."""
    real = folder.resolve()
    if real in above:
        raise UserError(f"{folder} is a link to a folder that it lies in: remove it.")
    for path in _visible(folder):
        if path.is_dir():
            yield from _images(path, (*above, real))
        elif is_image_file(path.name):
            yield path


def _listed(root: Path, classes: list[str]) -> list[ImageFile]:
    """The images in the folders of a split; raises UserError for an unknown class, an empty one, or none at all."""
    unknown = [name for name in _folders(root) if name not in classes]
    if unknown:
        raise UserError(
            f"{root / unknown[0]} is a class that the training images lack: they have {', '.join(classes)}."
        )
    numbers = {name: number for number, name in enumerate(classes) if (root / name).is_dir()}
    if not numbers:
        raise UserError(
            f"{root} holds no folder of a class: put some of {', '.join(classes)} there, or remove it to have images set "
            "aside for it."
        )
    files: list[ImageFile] = []
    for name, number in numbers.items():
        paths = sorted(_images(root / name), key=lambda path: (str(path.parent), path.name))
        if not paths:
            raise UserError(f"{root / name} holds no image: add some, or remove the folder.")
        files += (ImageFile(path, number) for path in paths)
    return files


def set_aside(
    files: list[ImageFile], root: Path, classes: list[str], split: str
) -> tuple[list[ImageFile], list[ImageFile]]:
    """The images that stay, and the images that go to ``split``: a tenth by their hashes, at least one of each class.

    The hash is that of the path below ``root``, so a folder that was moved is split in the same way. Raises UserError for a
    class with too few images.
    """
    stays, goes = [], []
    for number, name in enumerate(classes):
        hashed = sorted((_hash(file.path, root, split), file) for file in files if file.label == number)
        ranked = [file for _, file in hashed]
        count = max(1, sum(low < _SHARE for low, _ in hashed))
        if count >= len(ranked):
            raise UserError(
                f"{root / name} holds too few images to set some aside for {split}: add images, or make a folder {split}."
            )
        goes += ranked[:count]
        stays += ranked[count:]
    return sorted(stays), sorted(goes)


def _hash(path: Path, root: Path, split: str) -> float:
    text = f"{split} {path.relative_to(root).as_posix()}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big") / 256**7
