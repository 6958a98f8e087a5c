"""A classifier's answer to one image, and where it looked in every view, as plain data.

L layers, H heads, T tokens: those before the patches, then P = gh * gw patches; V views; K classes.
"""

import base64
import io
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from data import shapes
from data.errors import UserError
from data.preprocessing import Preprocessing
from data.sources.image_files import MOST_PIXELS, read_image, upright
from reproductions.evaluation.arrays import Floats, Pixels
from reproductions.evaluation.measures.localisation import MEASURES, coverage, measure
from reproductions.evaluation.records.forms import mask_to_png, png
from reproductions.runs import Run
from reproductions.tasks.images.maps import every_map, shown_view, views_of
from reproductions.tasks.images.trained import TrainedClassifier

IMAGE_BYTES = 8 * 1024 * 1024
FORMATS = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"RIFF": "WebP", b"BM": "BMP"}
WEBP_PIXELS = 16_000_000  # a decoder of WebP holds four copies of its picture, of 4 bytes a pixel
STEPS = 65_535  # values are sent as 16-bit integers, in units of 1 / STEPS of the largest value of their map
MOST_ROWS = 1_500_000  # weights of tokens on patches; for more, the mean of heads is sent
GALLERY = {"test": 24, "two": 8}  # scenes of each split of the embedded images in the gallery
GALLERY_SIZE = 48  # side in pixels
KEPT = 24  # test images of a run in its gallery
SHARP = 900  # pixels of the longer side of a photo under its map, at most


class Given(NamedTuple):
    """An image to look at; one on offer has a label, an embedded scene also a mask (h, w), how much of each pixel it covers."""

    image: Image.Image
    name: str
    mask: Floats | None = None
    label: str | None = None


def uploaded(content: bytes, least: int) -> Given:
    """An uploaded image; raises UserError for other files, for one that is cut off, and for too many pixels.

    The format is checked by the first bytes, so that no decoder of a rare format ever runs.
    """
    if not any(content.startswith(start) for start in FORMATS):
        raise UserError(f"The file is no picture of a known format ({', '.join(FORMATS.values())}).")
    most = WEBP_PIXELS if content.startswith(b"RIFF") else MOST_PIXELS
    return Given(read_image(io.BytesIO(content), "The picture", least, most), "your picture")


def scene(name: str | None, size: int) -> Given:
    """A scene of the gallery by its name, such as "test 3"; raises UserError for any other name."""
    split, _, number = (name or "").partition(" ")
    if split not in GALLERY or not number.isdecimal() or len(number) > 4 or int(number) >= GALLERY[split]:
        raise UserError(f"There is no scene {str(name)[:50]!r} in the gallery.")
    drawn = shapes.scene(split, int(number), size=size)
    return Given(Image.fromarray(drawn.pixels), name or "", drawn.mask, shapes.CLASSES[drawn.label])


def kept(classifier: TrainedClassifier | None, run: Run | None) -> dict[str | None, Given] | None:
    """Test images that a run keeps, by name, or else the drawn pictures of a released one, each named after its class.

    None for published weights and for a run that knows the embedded scenes.
    """
    if classifier is None or run is None or classifier.preprocessing.classes == shapes.CLASSES:
        return None
    split = next(iter(run.scores), None)
    if split is None or not run.evaluation(split, "attended.jsonl").is_file():
        return {path.stem: Given(read_image(path), path.stem, None, path.stem) for path in run.gallery}
    named = {f"{split} {one.index}": one for one in run.attended(split)[:KEPT] if one.label is not None}
    return {
        name: Given(Image.fromarray(one.pixels), name, one.mask, one.classes[one.label or 0])
        for name, one in named.items()
    }


def offered(name: str | None, classifier: TrainedClassifier, own: Mapping[str | None, Given] | None) -> Given:
    """The picture of this name, among ``own``, from :func:`kept`, or else the scenes; raises UserError if there is none."""
    if own is None:
        return scene(name, classifier.preprocessing.size)
    if name not in own:
        raise UserError(f"There is no scene {str(name)[:50]!r} in the gallery.")
    return own[name]


def gallery(classifier: TrainedClassifier | None, run: Run | None) -> dict[str, Any]:
    """The pictures on offer, the embedded scenes or those that a run keeps: name, label, and the image as a data URL; and the one
    to begin with, the first that the classifier of a run answers correctly.
    """
    own = kept(classifier, run)
    scenes: list[dict[str, Any]]
    if own is None:
        names = [f"{split} {number}" for split, count in GALLERY.items() for number in range(count)]
        drawn = {name: shapes.scene(name.split()[0], int(name.split()[1]), size=GALLERY_SIZE) for name in names}
        scenes = [
            {"name": name, "label": shapes.caption(one), "image": _data_url(one.pixels)} for name, one in drawn.items()
        ]
    else:
        scenes = [
            {"name": name, "label": one.label, "image": _data_url(np.array(one.image))} for name, one in own.items()
        ]
    tried = [one["name"] for one in scenes if classifier is not None and not one["name"].startswith("two")]
    right = (name for name in tried if classifier is not None and _is_right(classifier, offered(name, classifier, own)))
    return {"scenes": scenes, "begins": next(right, scenes[0]["name"] if scenes else None)}


def _is_right(classifier: TrainedClassifier, given: Given) -> bool:
    preprocessing = classifier.preprocessing
    looked = classifier.module.look(preprocessing.tensor(preprocessing.pixels(given.image)[None]))
    return preprocessing.classes[int(looked.logits[0].argmax())] == given.label


def known(classifier: TrainedClassifier, run: Run) -> dict[str, Any]:
    """The gallery of a run, each picture as its classifier sees it, with the answer, its mask, and its part of each patch."""
    offers, own = gallery(classifier, run), kept(classifier, run)
    for one in offers["scenes"]:
        given = offered(one["name"], classifier, own)
        one |= {"image": _data_url(np.array(given.image)), "answer": given.label, "mask": None, "covered": None}
        if given.mask is not None:
            one |= {
                "mask": mask_to_png(given.mask),
                "covered": _shares(coverage(given.mask[None], classifier.module.grid)),
            }
    return offers


def _shares(covered: Floats) -> list[float]:
    return [round(value, 3) for value in covered.ravel().tolist()]


def sharp(image: Image.Image, preprocessing: Preprocessing) -> dict[str, Any]:
    """What a classifier sees of a photo, in the photo's own pixels, and ``part``, where it lies in the square that it sees.

    part: left, top, width, height, as parts of the square; what is beside it are bars.
    """
    upright_image = upright(image)
    whole = replace(preprocessing, size=max(preprocessing.size, min(SHARP, max(upright_image.size))))
    left, top, width, height = whole.frame(*upright_image.size)
    x, y = max(0, left), max(0, top)
    seen = (min(width, whole.size), min(height, whole.size))
    visible = Image.fromarray(whole.pixels(upright_image)).crop((x, y, x + seen[0], y + seen[1]))
    file = io.BytesIO()
    visible.save(file, "JPEG", quality=88)
    part = [round(value / whole.size, 5) for value in (x, y, *seen)]
    return {"image": "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode(), "part": part}


def _data_url(pixels: Pixels) -> str:
    return "data:image/png;base64," + png(pixels)


def look(classifier: TrainedClassifier, given: Given, asked: str | None) -> dict[str, Any]:
    """Probabilities, and maps of every view; ``asked``: the class of class-specific views, by default the predicted one.

    Raises UserError for an unknown class.
    """
    module, preprocessing = classifier.module, classifier.preprocessing
    classes, wanted = preprocessing.classes, classifier.number(asked)
    pixels = preprocessing.pixels(given.image)
    looked = module.look(preprocessing.tensor(pixels[None]), wanted)
    probabilities = looked.logits[0].softmax(0).tolist()
    views = views_of(module)
    maps = every_map(module, looked, 0, views)
    return {
        "model": classifier.caption,
        "name": given.name,
        "label": given.label,
        "pixels": _data_url(pixels),
        "photo": sharp(given.image, preprocessing) if max(given.image.size) > preprocessing.size else None,
        "size": list(pixels.shape[:2]),
        "grid": list(module.grid),
        "prefix": module.prefix,
        "classes": list(classes),
        "probabilities": [round(p, 6) for p in probabilities],
        "asked": classes[int(np.argmax(probabilities))] if asked is None else asked,
        "layers": module.depth[0],
        "heads": module.depth[1],
        "chosen": str(shown_view(module)),
        "views": [str(view) for view in views],
        "described": [view.describe(*module.depth) for view in views],
        "specific": [view.class_specific for view in views],
        "maps": packed(maps.reshape(len(views), -1)),
        "rows": _rows(looked.maps[0].numpy(), module.prefix) if module.kind == "attention" else None,
        **_truth(given.mask, pixels, maps, module.grid),
    }


def packed(rows: Floats) -> dict[str, Any]:
    """(N, M) as 16-bit integers, each row in units of its largest value."""
    most = rows.max(axis=1)
    parts = rows / np.where(most > 0, most, 1)[:, None]
    integers = np.rint(parts * STEPS).astype("<u2")
    return {"most": [float(f"{value:.6g}") for value in most], "values": base64.b64encode(integers.tobytes()).decode()}


def _rows(weights: Floats, prefix: int) -> dict[str, Any]:
    """Each token's attention to the patches (L, H, T, P), or (L, 1, T, P), the mean of heads, for a large model."""
    patches = weights[..., prefix:]
    if patches.size > MOST_ROWS:
        patches = patches.mean(axis=1, keepdims=True)
    layers, heads, tokens, count = patches.shape
    return {"layers": layers, "heads": heads, "tokens": tokens, **packed(patches.reshape(-1, count))}


def _truth(mask: Floats | None, pixels: Pixels, maps: Floats, grid: tuple[int, int]) -> dict[str, Any]:
    """With a mask: how much of each patch the object covers, and how well each view finds it."""
    if mask is None or mask.shape != pixels.shape[:2]:
        return {"covered": None, "numbers": None, "mask": None}
    covered = coverage(mask[None], grid)
    table = measure(maps, np.repeat(covered, len(maps), axis=0))
    numbers = [
        {name: None if math.isnan(value) else round(value, 4) for name, value in zip(MEASURES, row, strict=True)}
        for row in table.tolist()
    ]
    return {"covered": _shares(covered), "numbers": numbers, "mask": mask_to_png(mask)}
