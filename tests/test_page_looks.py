"""Where it looks: what the page's server answers about pictures, which files it refuses, and the view in a real browser."""

import base64
import io
import json
import shutil
import socket
import struct
import zlib
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

import numpy as np
import pytest
import torch
from chromium import Browser, installed
from page_runs import serving, write, write_classifier
from PIL import Image
from test_page import SENTENCE, THEN, alive, ask

from data import shapes
from data.errors import UserError
from data.preprocessing import BARS, FITS
from reproductions.evaluation.measures.localisation import MEASURES, coverage, measure
from reproductions.evaluation.records.image import AttendedImage
from reproductions.evaluation.views.image import ImageView, Seen
from reproductions.page.images import GALLERY, IMAGE_BYTES, MOST_ROWS, STEPS, _rows, look, scene, uploaded
from reproductions.runs import Run
from reproductions.tasks.task import restore

SEES = "vit2021/shapes/20260105-000000-000000"
BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The address of a page with a run that looks at pictures and one that translates, and the folder of its runs."""
    folder = tmp_path_factory.mktemp("looks") / "runs"
    write_classifier(folder, SEES.split("/")[2])
    write(folder, *THEN.split("/")[::2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNS_DIR", str(folder))
        with serving() as address:
            yield address, folder


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


def test_of_a_large_model_the_mean_of_heads_is_sent():
    heads = 1 + MOST_ROWS // 37**2
    weights = np.random.default_rng(0).dirichlet(np.ones(40), size=(1, heads, 37)).astype(np.float32)
    table = _rows(weights, 3)
    assert (table["layers"], table["heads"], table["tokens"]) == (1, 1, 37)
    assert maps_of(table, 1, 1, 37, 37) == pytest.approx(weights[..., 3:].mean(axis=1, keepdims=True), abs=1e-6)


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
    status, _, told = ask(address, "/api/look", {"run": SEES, "scene": "two 1", "speaks": "zebra"})
    assert status == 422 and "zebra" in told["error"]


def test_the_gallery_is_the_embedded_set(page):
    address, _ = page
    _, _, told = ask(address, "/api/gallery")
    assert len(told["scenes"]) == sum(GALLERY.values())
    first = told["scenes"][0]
    pixels = np.array(Image.open(io.BytesIO(base64.b64decode(first["image"].split(",")[1]))))
    assert first["name"] == "test 0" and (pixels == shapes.scene("test", 0).pixels).all()


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [("PNG", "RGB", {}), ("PNG", "RGBA", {}), ("PNG", "P", {}), ("PNG", "I;16", {}), ("PNG", "1", {}), ("JPEG", "CMYK", {}),
     ("JPEG", "L", {}), ("WEBP", "RGB", {}), ("GIF", "P", {}), ("BMP", "RGB", {}), ("PNG", "RGB", {"size": (1, 1)}),
     ("PNG", "RGB", {"size": (2000, 1)})],
)  # fmt: skip
def test_pictures_of_many_kinds_are_looked_at(page, kind, mode, options):
    address, _ = page
    status, _, answer = drop(address, picture(kind, mode, **options))
    assert status == 200 and answer["grid"] == [6, 6] and answer["label"] is None and answer["covered"] is None
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)


# --- What it refuses --------------------------------------------------------------------------------------------------


def bomb(side=30_000):
    """A PNG of 900 million pixels in less than a megabyte."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    rows = zlib.compress(b"\0" * (side // 8 + 1) * side, 9)
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no picture"),
        (b"not a picture", "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no picture"),
        (b"SIMPLE  =                    T" + b" " * 3000, "no picture"),
        (b"II*\0" + b"\0" * 400, "no picture"),
        (b"\x89PNG\r\n\x1a\n", "cannot be read"),
        (b"\xff\xd8\xff" + b"\0" * 100, "cannot be read"),
        (picture()[:700], "cannot be read"),
        (picture("JPEG", size=(300, 300))[:900], "cannot be read"),
        (picture("GIF", "P")[:100], "cannot be read"),
        (bomb(), "40,000,000 pixels"),
    ],
    ids=["empty", "text", "svg", "fits", "tiff", "png head", "jpeg head", "png cut", "jpeg cut", "gif cut", "bomb"],
)  # fmt: skip
def test_files_that_are_no_pictures_are_refused_in_one_sentence(page, content, says):
    address, _ = page
    status, _, told = drop(address, content)
    assert (status, says in told["error"]) == (422, True), told
    assert alive(address)


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
    assert alive(address)
    assert drop(address, b"\x89PNG" + b"\0" * IMAGE_BYTES)[0] == 413, "a little too large is told so"


@pytest.mark.parametrize(
    ("name", "says"),
    [("test -1", "no scene"), ("test 99", "no scene"), ("train 0", "no scene"), ("../x", "no scene"), ("test 0\x00", "no scene"),
     ("test ²", "no scene"), (None, "no scene")],
)  # fmt: skip
def test_only_scenes_of_the_gallery_are_drawn(page, name, says):
    address, _ = page
    status, _, told = ask(address, "/api/look", {"run": SEES, "scene": name})
    assert status == 422 and says in told["error"]


def test_runs_are_asked_for_what_they_can_do(page):
    address, _ = page
    look = ask(address, "/api/look", {"run": THEN, "scene": "test 0"})[2]["error"]
    assert "of bahdanau2014, which translates: choose one that classifies images" in look
    align = ask(address, "/api/align", {"run": SEES, "text": SENTENCE})[2]["error"]
    assert "of vit2021, which classifies images: choose one that translates" in align
    assert drop(address, picture(), run="../../etc")[0] == 422
    assert ask(address, f"/api/look-at?run={SEES}", picture(), {"Content-Type": "image/png"})[0] == 415
    with pytest.raises(UserError):
        uploaded(b"GIF9", 24)


# --- In a real browser ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(page, tmp_path_factory):
    if installed() is None:
        pytest.skip("no Chromium on this machine")
    browser = Browser(str(installed()), tmp_path_factory.mktemp("sees"))
    browser.size(1280)
    try:
        yield browser
    finally:
        browser.close()
    assert browser.faults == []
    assert [url for url in browser.requests if not url.startswith((page[0], "data:", "blob:", "about:", "file:"))] == []


READY = "!!document.querySelector('.look .frame svg') && document.querySelector('.view').getAttribute('aria-busy') === 'false'"
READS = "document.querySelector('.look .readout').textContent"


def test_a_scene_is_chosen_pointed_at_followed_and_linked(page, browser):
    browser.open(page[0] + "#where-it-looks")
    browser.until(READY)
    assert browser.run("document.querySelectorAll('.gallery img').length") == sum(GALLERY.values())
    browser.click("[data-scene='test 4']")
    browser.until("location.hash.includes('test+4')")
    browser.until(READY)
    x, y = browser.place(".look .frame svg")
    browser.move(x + 5, y + 5)
    said = browser.until(f"{READS}.startsWith('row') && {READS}")
    assert said.startswith("row 4, column 4: ") and "times an even share" in said and "% object" in said
    browser.click(".look .frame svg", 5)
    browser.until("location.hash.includes('patch=3+3')")
    browser.move(2, 2)
    browser.until(f"{READS}.includes('from patch row 4, column 4')")
    link = browser.run("location.href")
    browser.open(link)
    browser.until(READY)
    assert "from patch row 4, column 4" in browser.run(READS)


def test_a_picture_that_is_dropped_is_looked_at(page, browser, tmp_path):
    browser.open(page[0] + "#where-it-looks")
    browser.until(READY)
    data = base64.b64encode(picture(size=(90, 60))).decode()
    browser.run(
        f"(async () => {{ const bytes = Uint8Array.from(atob('{data}'), (c) => c.charCodeAt(0));"
        " const carried = new DataTransfer(); carried.items.add(new File([bytes], 'dropped.png', {type: 'image/png'}));"
        " document.querySelector('.drop').dispatchEvent(new DragEvent('drop', {dataTransfer: carried, bubbles: true})); })()"
    )
    browser.until("document.querySelector('.look .frame').getAttribute('aria-label').startsWith('your picture')")
    path = tmp_path / "chosen.webp"
    path.write_bytes(picture("WEBP"))
    browser.give("#file", path)
    browser.until("document.querySelectorAll('.gallery [aria-pressed=true]').length === 0")
    browser.until(READY)
    record = AttendedImage.from_json(json.loads(browser.taken("[data-key=json0]", ".json").read_text()))
    assert record.map.shape == (6, 6) and record.name == "your picture" and record.label is None and record.mask is None
    svg = browser.taken("[data-key=svg0]", ".svg").read_text()
    assert "data:image/png" in svg and "step 7" in svg
    browser.open(page[0] + "#where-it-looks?picture=mine")
    assert "drop it again" in browser.until("document.querySelector('.look .problem')?.textContent")


def test_views_heads_classes_and_depth_are_a_click_away(page, browser):
    browser.open(page[0] + "#where-it-looks?scene=two+0")
    browser.until(READY)
    kept = browser.taken("[data-key=json0]", ".json").read_text()
    record, one = AttendedImage.from_json(json.loads(kept)), shapes.scene("two", 0, size=24)
    assert np.array_equal(record.pixels, one.pixels) and record.label is not None
    assert np.abs(record.mask - one.mask).max() < 1 / 255
    before = browser.run("document.querySelector('.look .frame svg').innerHTML")
    browser.click(".maps tbody tr:first-child td:nth-child(2) button")
    browser.until("location.hash.includes('L1+H1')")
    assert browser.run("document.querySelector('.look .frame svg').innerHTML") != before
    browser.click(".classes li:nth-child(2) button")
    browser.until("location.hash.includes('speaks=')")
    browser.until(READY)
    browser.click("[data-value=mask]")
    browser.until("location.hash.includes('style=mask')")
    browser.click("[data-key=play0]")
    assert "layer 1 of 2" in browser.run(READS)
    browser.until(f"{READS}.includes('layer 2 of 2') || document.querySelector('.play').textContent === 'Play depth'")
    browser.until("document.querySelector('.play').textContent === 'Play depth'")


def test_a_classifier_that_is_trained_meanwhile_can_be_chosen_in_the_panels(page, browser):
    address, folder = page
    browser.open(address + "#where-it-looks")
    browser.until(READY)
    listed = "[...document.querySelectorAll('[data-key=run0] option')].map((option) => option.value)"
    picture, before = browser.run("document.querySelector('.look .frame svg').outerHTML"), browser.run(listed)
    new = write_classifier(folder, "20260106-000000-000000")
    try:
        name = "/".join(new.parts[-3:])
        browser.until("document.querySelector('.notice').textContent.startsWith('There are new runs')")
        assert sorted(browser.run(listed)) == sorted([*before, name])
        chosen = browser.run("document.querySelector('[data-key=run0] select, select[data-key=run0]').value")
        assert chosen == SEES and browser.run("document.querySelector('.look .frame svg').outerHTML") == picture
    finally:
        shutil.rmtree(new)


@pytest.mark.parametrize("width", [360, 390, 768])
def test_the_view_fits_a_narrow_window(page, browser, width):
    browser.size(width)
    browser.open(page[0] + "#where-it-looks")
    browser.until(READY)
    assert browser.run("document.documentElement.scrollWidth") <= width


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
