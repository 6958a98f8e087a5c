"""From an image of any size to the square that a model sees, and from its bytes to normalised numbers.

Shapes: N images, h = w = size.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data import stored
from data.errors import UserError
from data.sources.image_files import upright

if TYPE_CHECKING:
    from torch import Tensor

Pixels = NDArray[np.uint8]
FITS = ("letterbox", "crop")
BARS = (124, 116, 104)  # the mean colour of ImageNet's images
_CHUNK = 1024  # images measured at a time


@dataclass(frozen=True)
class Preprocessing:
    """How images become a model's input, and the names of its classes.

    size: side of the square, in pixels.
    mean, std: of red, green and blue of the training images, in [0, 1].
    classes: their names, by number.
    fit: how an image that is not square becomes square. "letterbox": whole, between bars of one colour; "crop": its shorter
        side fills the square, and the ends of the longer side are cut off (as for ImageNet's models).
    """

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    classes: tuple[str, ...]
    fit: str = "letterbox"

    @classmethod
    def of(cls, pixels: Pixels, classes: tuple[str, ...] = (), fit: str = "letterbox") -> "Preprocessing":
        """That of square training images (N, h, w, 3), whose mean and deviation are measured, to four decimals."""
        total, squares = np.zeros(3), np.zeros(3)
        for start in range(0, len(pixels), _CHUNK):
            chunk = pixels[start : start + _CHUNK] / 255
            total += chunk.sum((0, 1, 2))
            squares += (chunk * chunk).sum((0, 1, 2))
        count = pixels[..., 0].size
        mean = total / count
        std = np.sqrt(np.maximum(squares / count - mean**2, 0))
        r, g, b = (round(float(value), 4) for value in mean)
        # Images of one colour have no deviation: they are shifted, not scaled.
        x, y, z = (round(float(value), 4) if value > 1e-3 else 1.0 for value in std)
        return cls(pixels.shape[1], (r, g, b), (x, y, z), classes, fit)

    @property
    def mean_colour(self) -> tuple[int, int, int]:
        """The mean of red, green and blue as bytes, which normalisation makes 0."""
        r, g, b = (round(255 * part) for part in self.mean)
        return r, g, b

    def save(self, folder: Path, name: str = "preprocessing") -> None:
        """Write ``<folder>/<name>.json``."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Preprocessing":
        """What ``save`` wrote; raises UserError if the file is missing or damaged."""
        try:
            fields: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in stored.read(path).items()
            }
            return cls(**fields)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise UserError(f"{path} does not say how images were prepared ({error}): train the model anew.") from None

    def fingerprint(self) -> str:
        """Digest of every field."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

    def frame(self, width: int, height: int) -> tuple[int, int, int, int]:
        """(left, top, width, height) of a whole image on the square, in the square's pixels; negative where it is cut off."""
        side = min(width, height) if self.fit == "crop" else max(width, height)
        new = (max(1, round(width * self.size / side)), max(1, round(height * self.size / side)))
        return (self.size - new[0]) // 2, (self.size - new[1]) // 2, *new

    def window(self, width: int, height: int) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of the square on a whole image, in the image's pixels: the inverse of ``frame``.

        It reaches beyond the image where there are bars.
        """
        left, top, across, down = self.frame(width, height)
        x, y = width / across, height / down
        return -left * x, -top * y, (self.size - left) * x, (self.size - top) * y

    def pixels(self, image: Image.Image) -> Pixels:
        """(h, w, 3) uint8 of an image in any mode, turned as EXIF says."""
        image = upright(image)
        if image.size == (self.size, self.size):
            return np.array(image)
        left, top, width, height = self.frame(*image.size)
        # Only the visible part is resized: a long image enlarged whole would be huge.
        x, y = max(0, -left) * image.width / width, max(0, -top) * image.height / height
        across, down = min(width, self.size), min(height, self.size)
        # Columns first: Pillow 13 would begin with the rows of a high image, and give other pixels than every earlier version.
        columns = image.resize(
            (across, image.height), Image.Resampling.BICUBIC, box=(x, 0, image.width - x, image.height)
        )
        resized = columns.resize((across, down), Image.Resampling.BICUBIC, box=(0, y, across, image.height - y))
        square = Image.new("RGB", (self.size, self.size), BARS)
        square.paste(resized, (max(0, left), max(0, top)))
        return np.array(square)

    def tensor(self, pixels: Pixels) -> "Tensor":
        """(N, h, w, 3) uint8 -> (N, 3, h, w) float32, of mean 0 and deviation 1 over the training images."""
        import torch  # here, since the processes that prepare images do without

        source = torch.from_numpy(np.require(pixels, requirements=["C", "W"]))  # a record's pixels are read-only
        image = torch.empty(len(source), 3, *source.shape[1:3])
        for channel, (mean, std) in enumerate(zip(self.mean, self.std, strict=True)):
            image[:, channel] = source[..., channel]
            image[:, channel].mul_(1 / (255 * std)).sub_(mean / std)
        return image
