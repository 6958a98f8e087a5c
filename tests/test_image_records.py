import base64
import json

import numpy as np
import pytest

from data.errors import UserError
from reproductions.evaluation import records
from reproductions.evaluation.records.image import AttendedImage

CLASSES = ("disc", "star", "heart")


def attended(**changes):
    """6 x 10 pixels under 2 x 5 patches: no side equals another."""
    generator = np.random.default_rng(0)
    mask = np.zeros((6, 10), dtype=np.float32)
    mask[1:3, 6:9] = [[1, 0.5, 0.25], [1, 1, 0]]
    fields = {
        "pixels": generator.integers(256, size=(6, 10, 3)).astype(np.uint8),
        "map": np.arange(10).reshape(2, 5) / 45,
        "model": "ViT, step 1,200",
        "view": "attention rollout · 6 layers",
        "split": "valid",
        "index": 12,
        "label": 0,
        "predicted": 2,
        "probabilities": np.array([0.25, 0.25, 0.5]),
        "classes": CLASSES,
        "mask": mask,
        "name": "shapes/12",
    }
    return AttendedImage(**(fields | changes))


def same(first, second):
    for name in ("pixels", "map", "probabilities", "mask"):
        np.testing.assert_allclose(
            getattr(first, name), getattr(second, name), rtol=5e-5, atol=1 / 255 if name == "mask" else 0
        )
    names = ("model", "view", "split", "index", "label", "predicted", "classes", "name")
    assert [getattr(first, name) for name in names] == [getattr(second, name) for name in names]


def test_a_record_survives_json_with_every_pixel(tmp_path):
    made = attended()
    records.save([made, attended(index=13)], tmp_path / "attended.jsonl")
    loaded = records.load(tmp_path / "attended.jsonl", AttendedImage)
    assert [one.index for one in loaded] == [12, 13]
    same(loaded[0], made)
    assert (loaded[0].pixels == made.pixels).all()


def test_json_is_stable_after_one_round():
    once = AttendedImage.from_json(attended().to_json())
    assert json.dumps(once.to_json()) == json.dumps(AttendedImage.from_json(once.to_json()).to_json())


def test_an_image_that_somebody_gave_has_neither_label_nor_mask():
    made = AttendedImage.from_json(attended(label=None, mask=None).to_json())
    assert (made.label, made.mask, made.right) == (None, None, None)
    assert (attended().right, attended(label=2).right) == (False, True)


def test_arrays_cannot_be_changed_afterwards_nor_through_the_caller():
    pixels = np.zeros((6, 10, 3), dtype=np.uint8)
    made = attended(pixels=pixels)
    pixels[:] = 9
    assert not made.pixels.any()
    for array in (made.pixels, made.map, made.probabilities, made.mask):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pixels": np.zeros((6, 10), dtype=np.uint8)}, r"\(6, 10\)"),
        ({"pixels": np.zeros((6, 10, 3))}, "float64"),
        ({"map": np.full((2, 5), 0.05)}, "sums to 0.50000, not 1"),
        ({"map": np.full((2, 5), np.nan)}, "no numbers"),
        ({"map": np.array([[1.5, -0.5]])}, "negative"),
        ({"map": np.full((7, 1), 1 / 7)}, r"\(7, 1\) does not fit the pixels"),
        ({"map": np.full(10, 0.1)}, r"\(10,\)"),
        ({"probabilities": np.array([0.5, 0.5])}, "3 classes"),
        ({"probabilities": np.array([0.5, 0.5, 0.5])}, "not to 1.5"),
        ({"predicted": 3}, "predicted 3"),
        ({"label": -1}, "label -1"),
        ({"mask": np.zeros((10, 6))}, r"\(10, 6\)"),
        ({"mask": np.full((6, 10), 255.0)}, "between 0 and 1"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_numbers(changes, message):
    with pytest.raises(ValueError, match=message):
        attended(**changes)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("pixels", "no base64", "(?i)base64|padding|readable"),
        ("pixels", base64.b64encode(b"no picture").decode(), "no readable PNG"),
        ("mask", attended().to_json()["pixels"], "must be L, not RGB"),
        ("index", True, "index"),
        ("map", [[0.5], [0.25, 0.25]], "one length"),
    ],
)
def test_a_broken_line_is_named(tmp_path, field, value, message):
    path = tmp_path / "attended.jsonl"
    path.write_text(json.dumps(attended().to_json() | {field: value}) + "\n")
    with pytest.raises(UserError, match=r"attended\.jsonl, line 1") as raised:
        records.load(path, AttendedImage)
    with pytest.raises(ValueError, match=message):
        raise raised.value.__cause__
