"""A reader's ways through the page, in a real browser: images, published weights, narrow windows, night, the keyboard."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from chromium import Browser
from fake_hub import FakeHub
from page_runs import SEES, serving, write_classifier
from PIL import Image
from reader import PICTURES, STAGE, Reader

from data import shapes
from reproductions import released
from reproductions.evaluation.records.image import AttendedImage
from reproductions.page.images import GALLERY
from reproductions.page.published import SOURCE
from reproductions.released.copies import FOLDER

FRAME, READOUT = ".look .frame", ".look .readout"
READS = f"document.querySelector('{READOUT}').textContent"
NAMED = f"document.querySelector('{FRAME}')?.getAttribute('aria-label')"
MINE = f"{NAMED}?.startsWith('your picture')"
WAITS = ".waiting p"
ANY_VIEW = "!!document.querySelector('main .view')"
VIEWS = ("then-and-now", "where-it-looks", "five-steps", "timeline")


def picture(path: Path) -> Path:
    Image.effect_noise((90, 60), 90).convert("RGB").save(path)
    return path


def test_a_reader_looks_at_a_scene(reader: Reader) -> None:
    reader.open("where-it-looks")
    said = reader.text(".verdict")
    assert "Right." in said and "10 classes and nothing else: disc, " in said, "it begins with a right answer"
    reader.until(f"document.querySelectorAll('.gallery img').length === {sum(GALLERY.values())}")
    reader.click("[data-scene='test 4']")
    reader.until(f"location.hash.includes('test+4') && {PICTURES}")
    reader.point_at(f"{FRAME} svg", beside=5)
    said = reader.until(f"{READS}.startsWith('row') && {READS}")
    assert said.startswith("row 4, column 4: ") and "times an even share" in said and "% object" in said
    reader.click(f"{FRAME} svg", 5)
    reader.until("location.hash.includes('patch=3+3')")
    reader.point_away()
    reader.until(f"{READS}.includes('from patch row 4, column 4')")
    reader.open(reader.link)
    assert "from patch row 4, column 4" in reader.text(READOUT), "a link brings the patch back that was followed"

    reader.open("where-it-looks?scene=two+0")
    record = AttendedImage.from_json(json.loads(reader.download("[data-key=json0]", ".json")))
    scene = shapes.scene("two", 0, size=24)
    assert np.array_equal(record.pixels, scene.pixels) and record.label is not None
    assert np.abs(record.mask - scene.mask).max() < 1 / 255
    before = reader.run(f"document.querySelector('{FRAME} svg').innerHTML")
    reader.click(".maps tbody tr:first-child td:nth-child(2) button")
    reader.until("location.hash.includes('L1+H1')")
    assert reader.run(f"document.querySelector('{FRAME} svg').innerHTML") != before, "a head is a click away"
    reader.click(".classes li:nth-child(2) button")
    reader.until(f"location.hash.includes('speaks=') && {PICTURES}")
    reader.click("[data-value=mask]")
    reader.until("location.hash.includes('style=mask')")

    reader.open("where-it-looks?views=gradient_rollout&speaks=star")
    assert " · for star" in reader.until(f"{READS}.includes('for ') && {READS}"), "a view of one class names that class"
    svg = reader.download("[data-key=svg0]", ".svg")
    assert "for star" in svg and "predicted: " in svg
    assert json.loads(reader.download("[data-key=json0]", ".json"))["view"].endswith("for star")

    reader.open("where-it-looks")
    reader.point_at(".look summary", "The highest patches as a table")
    cells = (
        "[...document.querySelectorAll('.look .listed tbody tr')].map((e) => [...e.children].map((c) => c.textContent))"
    )
    rows = reader.run(cells)
    values = [float(row[1].removesuffix(" %")) for row in rows]
    assert len(rows) == 10 and values == sorted(values, reverse=True) and values[0] > 100 / 36
    assert f"The highest is {rows[0][0]}, with {values[0]:.1f} %" in reader.run(NAMED), "for those who do not see it"


def test_a_reader_watches_depth_play(reader: Reader) -> None:
    reader.open("where-it-looks?views=rollout")
    reader.point_at(f"{FRAME} svg", beside=3)
    resting = reader.until(f"{READS}.startsWith('row') && {READS}")
    reader.run("document.querySelector('[data-key=play0]').click()")
    said = [reader.until(f"{READS}.startsWith('layer {layer} of 2 · row ') && {READS}") for layer in (1, 2)]
    reader.point_at(f"{FRAME} svg", beside=4)
    values = reader.run(
        "(async () => { const { mapOf } = await import('/seen.js'); const { look } = await import('/backend.js');"
        " const { scene } = document.querySelector('.gallery [aria-pressed=true]').dataset;"
        f" const answer = await look({{run: '{SEES}', scene, picture: null, speaks: null}});"
        " return [1, 2].map((layer) => mapOf(answer, `cls L${layer} Hmean`).values[21]); })()"
    )
    for value, text in zip(values, said, strict=True):
        assert f": {100 * value:.2f} % of the map" in text, "what is read is of the layer that is shown"
    assert resting.split(": ")[1] not in said[0]
    reader.until("document.querySelector('.play').textContent === 'Play depth'")


def test_a_reader_looks_at_a_picture_of_their_own(reader: Reader, tmp_path: Path) -> None:
    path = picture(tmp_path / "photo.png")
    for view in VIEWS:
        reader.open(view, ANY_VIEW)
        assert reader.drops(path, "footer"), "the page takes a file wherever it falls"
        assert reader.run("location.protocol") == "http:", "and stays"
    reader.open("where-it-looks")
    data = base64.b64encode(path.read_bytes()).decode()
    reader.run(
        f"(async () => {{ const bytes = Uint8Array.from(atob('{data}'), (c) => c.charCodeAt(0));"
        " const carried = new DataTransfer(); carried.items.add(new File([bytes], 'dropped.png', {type: 'image/png'}));"
        " document.querySelector('.drop').dispatchEvent(new DragEvent('drop', {dataTransfer: carried, bubbles: true})); })()"
    )
    reader.until(MINE)
    assert reader.texts(".gallery [aria-pressed=true]") == [], "no scene is chosen any more"
    for _ in range(2):
        reader.click("[data-scene='test 3']")
        reader.until(f"!({MINE})")
        reader.browser.give("#file", path)  # the second time the same file
        reader.until(f"{MINE} && {PICTURES}")
    record = AttendedImage.from_json(json.loads(reader.download("[data-key=json0]", ".json")))
    assert record.map.shape == (6, 6) and record.name == "your picture" and record.label is None and record.mask is None
    svg = reader.download("[data-key=svg0]", ".svg")
    assert "data:image/jpeg" in svg and "step 7" in svg
    width, height = reader.run(
        f"[...['width', 'height']].map((side) => document.querySelector('{FRAME} svg').getAttribute(side))"
    )
    assert float(width) == pytest.approx(1.5 * float(height), rel=0.01), "the photo is whole, and has no bars"
    said = reader.text(".verdict")
    assert "Right" not in said and "Wrong" not in said and "shows none of them" in said
    assert "photo.png" in reader.text(".drop.lit"), "the place to drop it says which picture is shown"
    reader.open("where-it-looks?picture=mine", ANY_VIEW)
    assert "drop it again" in reader.text(".look .problem"), "a link cannot hold the picture"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """Torch hub, closed as yet; and no run."""
    hub = FakeHub(monkeypatch, tmp_path / "hub")
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    yield hub
    hub.open.set()


def test_a_reader_looks_with_published_weights(browser: Browser, hub: FakeHub, tmp_path: Path) -> None:
    with serving() as address:
        reader = Reader(browser, address)
        reader.expected.append(r"status of (503|422)")
        with reader.hurried():
            looks_with_published_weights(reader, hub, tmp_path)
        reader.finish()


def looks_with_published_weights(reader: Reader, hub: FakeHub, folder: Path) -> None:
    reader.open("", "!!document.querySelector('nav a[href=\"#where-it-looks\"]')")
    reader.click("nav a[href='#where-it-looks']")
    said = reader.text(".looks .missing")
    assert "No classifier is trained yet" in said and "make train-vit" in said and "330 MiB" in said
    assert reader.run("document.querySelector('.drop').offsetParent") is None, "there is nothing to drop it on yet"
    assert hub.fetched == 0, "nothing is fetched before it is asked for"

    hub.offline = True
    hub.open.set()
    reader.focus_on("[data-key=published]")
    reader.press("Enter")
    assert "Could not download" in reader.text(".look .problem[role=alert]")
    hub.offline = False
    hub.open.clear()
    reader.focus_on("[data-key=wait0]")
    reader.press("Enter")  # tries again
    assert "being fetched" in reader.text(WAITS)
    assert reader.text(".status[aria-live]") == "Waiting for ViT-B/16."
    assert reader.attribute(".view", "aria-busy") == "false", "what changes in a busy part is not read out"
    reader.click("[data-key=wait0]")  # stops waiting
    reader.until("location.hash === '#where-it-looks' && !document.querySelector('.waiting')")
    assert reader.focus == "published"
    reader.press("Enter")
    assert "being fetched" in reader.text(WAITS) and reader.focus == "file", "what is needed next has the focus"
    reader.click("nav a[href='#five-steps']")
    reader.until(STAGE)
    reader.run("history.back()")
    reader.browser.give("#file", picture(folder / "photo.png"))
    hub.open.set()
    reader.until(f"{MINE} && {PICTURES}")
    assert hub.fetched == 2, "once in vain, once for good"
    assert reader.text(".look h2") == "ViT-B/16 2021" and len(reader.texts(".classes li")) == 5
    reader.browser.size(390)
    reader.until("document.documentElement.scrollWidth <= 390", 5)
    reader.browser.size(1280)


def test_each_classifier_brings_its_own_pictures(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    write_classifier(tmp_path, SEES.split("/")[2])
    other = Path(*released.take(FOLDER / "vit-cifar10").folder.parts[-3:]).as_posix()
    with serving() as address:
        reader = Reader(browser, address)
        reader.open(f"where-it-looks?runs={SEES}&scene=test+4")
        count = "document.querySelectorAll('.gallery img').length"
        reader.until(f"{count} === {sum(GALLERY.values())}")
        reader.choose("[data-key=run0]", other)
        reader.until(f"{count} < {sum(GALLERY.values())} && {PICTURES}")
        assert "Right." in reader.text(".verdict"), (
            "without a scene that it has not it shows the one that it begins with"
        )
        reader.click("[data-scene=ship]")
        reader.until(f"{NAMED}?.startsWith('ship')")
        reader.finish()


def test_a_folder_is_no_picture_and_the_reader_is_told_so(reader: Reader) -> None:
    reader.open("where-it-looks")
    reader.run("document.querySelector('#file').files.length")
    reader.run(
        "(() => { const gone = new File([], 'holiday'); gone.arrayBuffer = () => Promise.reject(new Error('gone'));"
        " const event = new Event('change'); const input = document.querySelector('#file');"
        " Object.defineProperty(input, 'files', { value: [gone], configurable: true }); input.dispatchEvent(event); })()"
    )
    reader.until("document.body.textContent.includes('holiday cannot be read')")


def test_published_weights_stand_beside_a_trained_run_which_does_not_wait_for_them(
    browser: Browser, hub: FakeHub, tmp_path: Path
) -> None:
    write_classifier(tmp_path / "runs", SEES.split("/")[2])
    with serving() as address:
        reader = Reader(browser, address)
        reader.expected.append("status of 503")
        reader.open("where-it-looks")
        reader.click(f"[data-key={json.dumps(f'add {SOURCE}')}]")
        reader.text(WAITS)
        assert reader.run(f"document.querySelectorAll('{FRAME} > svg').length") == 1
        hub.open.set()
        reader.until(f"document.querySelectorAll('{FRAME} > svg').length === 2")
        assert reader.values("[data-key=run0] option") == [SEES, SOURCE]
        reader.finish()
