import json

import pytest
from matplotlib.figure import Figure
from PIL import Image

from data.errors import UserError
from reproductions.evaluation.files import json_text, save


def figure(title="a"):
    made = Figure(figsize=(1, 1))
    made.add_subplot(title=title)
    return made


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")])
def test_the_suffix_chooses_the_format_and_the_same_figure_gives_the_same_bytes(tmp_path, suffix, magic):
    first, second = save(figure(), tmp_path / "new" / f"a{suffix}"), save(figure(), tmp_path / f"b{suffix}")
    assert first.read_bytes().startswith(magic)
    assert first.read_bytes() == second.read_bytes()


def test_a_small_picture_has_the_same_size_in_two_thirds_of_the_bytes(tmp_path):
    whole, small = save(figure(), tmp_path / "a.png"), save(figure(), tmp_path / "b.png", small=True)
    assert 3 * small.stat().st_size < 2 * whole.stat().st_size
    with Image.open(whole) as first, Image.open(small) as second:
        assert first.size == second.size and second.mode == "P"


def test_an_unknown_suffix_is_refused_with_those_that_exist(tmp_path):
    with pytest.raises(UserError, match="one of .pdf, .png, .svg, not '.jpg'"):
        save(figure(), tmp_path / "a.jpg")


def test_a_figure_that_fails_to_draw_leaves_the_old_file_alone(tmp_path):
    path = save(figure(), tmp_path / "a.png")
    before = path.read_bytes()
    with pytest.raises(ValueError):
        save(figure(title=r"$\broken$"), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_number_is_null_in_json():
    value = {
        "aer": float("nan"),
        "interval": [float("inf"), 0.5],
        "view": "é",
        "inner": {"low": (float("-inf"), 1, None)},
    }
    text = json_text(value)
    assert "NaN" not in text and "Infinity" not in text and "é" in text and text.endswith("\n")
    assert json.loads(text) == {"aer": None, "interval": [None, 0.5], "view": "é", "inner": {"low": [None, 1, None]}}
