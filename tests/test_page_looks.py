"""Where it looks: what the page's server answers about pictures, and which files it refuses."""

import base64
import io
import socket
import struct
import zlib
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

import numpy as np
import pytest
import torch
from page_runs import SEES, ask, is_alive
from PIL import Image

from data import shapes
from data.preprocessing import BARS, FITS
from reproductions.evaluation.measures.localisation import MEASURES, coverage, measure
from reproductions.evaluation.views.image import ImageView, Seen
from reproductions.page import images
from reproductions.page.images import GALLERY, IMAGE_BYTES, STEPS, look, scene, uploaded
from reproductions.runs import Run
from reproductions.tasks.task import restore

BYTES = {"Content-Type": "application/octet-stream"}


def drop(address, content, **query):
    return ask(address, f"/api/look-at?{urlencode({'run': SEES, **query})}", content, BYTES)


def picture(kind="PNG", mode="RGB", size=(31, 47), **options):
    image = Image.effect_noise(size, 90).convert(mode)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def maps_of(table, *shape):
    parts = np.frombuffer(base64.b64decode(table["values"]), "<u2").reshape(len(table["most"]), -1) / STEPS
    return (parts * np.array(table["most"])[:, None]).reshape(*shape)


# --- What it answers --------------------------------------------------------------------------------------------------


def test_every_view_of_a_scene_is_that_of_the_project_and_so_is_its_score(page):
    _, folder = page
    classifier = restore(Run(folder / SEES))
    answer = look(classifier, scene("test 3", 24), None)
    pixels = classifier.preprocessing.pixels(scene("test 3", 24).image)
    looked = classifier.module.look(classifier.preprocessing.tensor(pixels[None]))
    arrays = (looked.maps[0].numpy(), looked.gradients[0].numpy(), looked.input_gradient[0].numpy())
    seen = Seen(*arrays, answer["prefix"], (6, 6), class_token=True)
    covered = coverage(shapes.scene("test", 3, size=24).mask[None], (6, 6))
    assert answer["label"] == shapes.CLASSES[shapes.scene("test", 3).label] and answer["chosen"] == "cls L2 Hmean"
    assert answer["probabilities"] == pytest.approx(looked.logits[0].softmax(0).tolist(), abs=1e-5)
    maps = maps_of(answer["maps"], -1, 6, 6)
    for name, shown, numbers in zip(answer["views"], maps, answer["numbers"], strict=True):
        expected = seen.through(ImageView.parse(name))
        assert shown == pytest.approx(expected, abs=2e-5)
        truth = dict(zip(MEASURES, measure(expected[None], covered)[0], strict=True))
        assert numbers == pytest.approx(truth, abs=1e-4)
    rows = maps_of(answer["rows"], 2, 2, 37, 36)
    assert rows == pytest.approx(looked.maps[0, ..., 1:].numpy(), abs=2e-5)


@pytest.mark.parametrize("fit", FITS)
def test_a_map_is_drawn_over_the_very_pixels_that_the_model_read(page, monkeypatch, fit):
    """Of a picture that is cut to a square, too: laid over the whole picture, the map would shine beside the object."""
    restored = restore(Run(page[1] / SEES))
    classifier = replace(restored, preprocessing=replace(restored.preprocessing, fit=fit))
    given, read = [], type(restored.module).look

    def reading(module, image, asked=None):
        given.append(image)
        return read(module, image, asked)

    monkeypatch.setattr(type(restored.module), "look", reading)
    shown = uploaded(picture(size=(90, 40)), 24)
    answer, record = look(classifier, shown, None), classifier.look(shown.image, "wide")
    sent = np.array(Image.open(io.BytesIO(base64.b64decode(answer["pixels"].partition(",")[2]))))
    for image, pixels in zip(given, (sent, record.pixels), strict=True):
        assert torch.equal(image, classifier.preprocessing.tensor(pixels[None]))
        assert pixels.shape == (24, 24, 3) and (pixels[0] == BARS).all() == (fit == "letterbox")


def test_of_a_large_model_the_mean_of_heads_is_sent(page, monkeypatch):
    classifier = restore(Run(page[1] / SEES))
    every = maps_of(look(classifier, scene("test 3", 24), None)["rows"], 2, 2, 37, 36)
    monkeypatch.setattr(images, "MOST_ROWS", every.size - 1)
    sent = look(classifier, scene("test 3", 24), None)["rows"]
    assert (sent["layers"], sent["heads"], sent["tokens"]) == (2, 1, 37)
    assert maps_of(sent, 2, 1, 37, 36) == pytest.approx(every.mean(axis=1, keepdims=True), abs=4e-5)


def test_another_class_is_spoken_for_when_asked(page):
    address, _ = page
    answers = [
        ask(address, "/api/look", {"run": SEES, "scene": "two 1", "speaks": one})[2] for one in shapes.CLASSES[:2]
    ]
    assert [answer["asked"] for answer in answers] == list(shapes.CLASSES[:2])
    place = answers[0]["views"].index("gradient_rollout")
    first, second = (maps_of(answer["maps"], -1, 36)[place] for answer in answers)
    assert not np.allclose(first, second, atol=1e-4) and answers[0]["probabilities"] == answers[1]["probabilities"]
    differ = [
        not np.allclose(a, b, atol=1e-4)
        for a, b in zip(*(maps_of(one["maps"], -1, 36) for one in answers), strict=True)
    ]
    assert answers[0]["specific"] == differ, (
        "what is made of a class's gradient, and nothing else, changes with the class"
    )


def test_the_gallery_is_the_embedded_set(page):
    address, _ = page
    _, _, answer = ask(address, "/api/gallery", {"run": SEES})
    assert len(answer["scenes"]) == sum(GALLERY.values())
    tried = [
        ask(address, "/api/look", {"run": SEES, "scene": f"test {number}"})[2] for number in range(GALLERY["test"])
    ]
    right = [one["name"] for one in tried if one["classes"][int(np.argmax(one["probabilities"]))] == one["label"]]
    assert right and answer["begins"] == right[0] != "test 0", "the page begins with a right answer"
    first = answer["scenes"][0]
    pixels = np.array(Image.open(io.BytesIO(base64.b64decode(first["image"].split(",")[1]))))
    assert first["name"] == "test 0" and (pixels == shapes.scene("test", 0).pixels).all()


@pytest.mark.parametrize(("fit", "size", "part", "seen"), [
    ("letterbox", (90, 45), [0, 0.25, 1, 0.5], (90, 45)),
    ("letterbox", (45, 90), [0.25, 0, 0.5, 1], (45, 90)),
    ("crop", (90, 45), [0, 0, 1, 1], (90, 90)),
    ("letterbox", (2000, 1000), [0, 0.25, 1, 0.5], (900, 450)),
])  # fmt: skip
def test_a_photo_is_drawn_as_sharp_as_it_is_without_the_bars_that_made_it_square(page, fit, size, part, seen):
    preprocessing = replace(restore(Run(page[1] / SEES)).preprocessing, fit=fit)
    sent = images.sharp(Image.new("RGB", size, "#c02020"), preprocessing)
    photo = Image.open(io.BytesIO(base64.b64decode(sent["image"].partition(",")[2])))
    assert sent["part"] == pytest.approx(part, abs=0.01) and photo.size == seen
    assert np.abs(np.array(photo).astype(int) - (192, 32, 32)).max() < 8, "no bar"


@pytest.mark.parametrize(("kind", "mode", "options"), [
    ("PNG", "I;16", {}), ("JPEG", "CMYK", {}), ("GIF", "P", {}), ("PNG", "RGB", {"size": (2000, 1)}),
])  # fmt: skip
def test_pictures_of_many_kinds_are_looked_at(page, kind, mode, options):
    address, _ = page
    status, _, answer = drop(address, picture(kind, mode, **options))
    assert status == 200 and answer["grid"] == [6, 6] and answer["label"] is None and answer["covered"] is None
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)


def test_the_same_picture_is_looked_at_once(page, monkeypatch):
    address, _ = page
    looked = []
    monkeypatch.setattr("reproductions.page.images.look", lambda *given: looked.append(given[2]) or look(*given))
    content = picture(size=(40, 40))
    first, again, other, dropped = (
        drop(address, sent, **query)[2]
        for sent, query in ((content, {}), (content, {}), (content, {"speaks": "star"}), (picture(size=(40, 41)), {}))
    )
    assert looked == [None, "star", None], "the second question is answered from memory, the others are other questions"
    assert first == again and (other["asked"], dropped["size"]) == ("star", [24, 24])


# --- What it refuses --------------------------------------------------------------------------------------------------


def bomb(side=30_000):
    """A PNG of 900 million pixels in less than a megabyte."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    rows = zlib.compress(b"\0" * (side // 8 + 1) * side, 9)
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("content", "says"), [
    (b"", "no picture"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no picture"),
    (picture()[:700], "cannot be read"),
    (bomb(), "40,000,000 pixels"),
], ids=["empty", "svg", "cut", "bomb"])  # fmt: skip
def test_files_that_are_no_pictures_are_refused_in_one_sentence(page, content, says):
    address, _ = page
    status, _, answer = drop(address, content)
    assert (status, says in answer["error"]) == (422, True), answer
    assert is_alive(address)


def test_a_picture_that_is_too_large_is_not_received_to_its_end(page):
    address, _ = page
    host = urlsplit(address)
    head = f"POST /api/look-at?run={SEES} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\n"
    for length in (f"Content-Length: {100 * 2**20}\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"):
        sent = 0
        with socket.create_connection((host.hostname, host.port), timeout=20) as raw:
            raw.sendall((head + length).encode())
            try:
                for _ in range(100):
                    raw.sendall(b"100000\r\n" + b"x" * 2**20 + b"\r\n")
                    sent += 2**20
                raise AssertionError("all of it was received")
            except OSError:
                assert sent < 100 * 2**20, "it must stop before the end"
    assert is_alive(address)
    assert drop(address, b"\x89PNG" + b"\0" * IMAGE_BYTES)[0] == 413, (
        "of one that is a little too large the answer is read"
    )
