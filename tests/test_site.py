"""The page without a server, in a real browser that can ask nobody else: its models answer as they do in Python."""

import base64
import io
import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from chromium import Browser
from page_runs import NOW, PLAIN, SEES, SENTENCE, THEN
from PIL import Image
from reader import Reader

from data.accord import FIXED
from data.words import join, split
from reproductions.__main__ import run as command
from reproductions.page import alignments, images
from reproductions.page.site import write as write_page
from reproductions.runs import Run
from reproductions.tasks.task import restore

RUNS = (THEN, NOW, SEES)
NEAR = 1e-4  # how far logits and weights of the browser may be from those of Python
MODELS = {THEN: "rnnsearch.js", NOW: "transformer.js", SEES: "vit.js"}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def folder(page_runs_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs whose weights are the same in half precision; all of RNNsearch's are large."""
    folder = tmp_path_factory.mktemp("site")
    for name in RUNS:
        shutil.copytree(page_runs_folder / name, folder / name)
        path = Run(folder / name).best
        checkpoint = torch.load(path, weights_only=True)
        state = checkpoint["state_dict"]
        if name == THEN:  # its initial weights are so small that every gate is half open
            random = torch.Generator().manual_seed(1)
            state |= {
                key: 2 * torch.randn(old.shape, generator=random) / old.shape[-1] ** 0.5 for key, old in state.items()
            }
        checkpoint["state_dict"] = {
            key: value.half().float() if value.is_floating_point() else value for key, value in state.items()
        }
        torch.save(checkpoint, path)
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    """The address of a site that ``python -m reproductions site`` has written."""
    written = folder / "written"
    assert command(["site", "--runs", *(str(folder / name) for name in RUNS), "--out", str(written)]) == 0
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(written))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture
def visitor(browser: Browser, site: str) -> Iterator[Reader]:
    """A reader at the site, who must leave it without a fault and without any other request."""
    reader = Reader(browser, site)
    yield reader
    reader.finish()


@pytest.fixture(scope="module")
def trained(folder: Path) -> dict[str, Any]:
    """The same models in Python."""
    return {name: restore(Run(folder / name)) for name in RUNS}


def computed(visitor: Reader, script: str) -> Any:
    """What a function body returns in the browser, where ``plain`` makes arrays of typed arrays."""
    plain = "const plain = (x) => JSON.parse(JSON.stringify(x, (_, v) => (ArrayBuffer.isView(v) ? [...v] : v)));"
    return visitor.run(f"(async () => {{ {plain} {script} }})()")


def model(name: str) -> str:
    """Lines that open the model of a run."""
    return (
        f"const {{ Weights }} = await import('/local/weights.js'), code = await import('/local/{MODELS[name]}');"
        f" const files = '/runs/{name}/', {{ network }} = await (await fetch(files + 'run.json')).json();"
        " const weights = new Weights(await (await fetch(files + 'model.safetensors')).arrayBuffer());"
        " const model = new (Object.values(code)[0])(weights, network);"
    )


def test_translators_compute_in_the_browser_what_they_compute_in_python(
    visitor: Reader, trained: dict[str, Any]
) -> None:
    visitor.open()
    for name in (THEN, NOW):
        translator = trained[name]
        source, target = translator.source.encode(SENTENCE), translator.target.encode(join(FIXED[0].target, "fr"))
        logits, maps = computed(
            visitor,
            f"{model(name)} const source = {source}, target = {target}, logits = [], maps = [];"
            " let { memory, state } = model.encode(source);"
            " target.forEach((_, i) => { const step = model.step(memory, state, i ? target[i - 1] : null);"
            " state = step.state; logits.push(model.head(step.features)); maps.push(step.weights); });"
            " return plain([logits, maps]);",
        )
        ids = [torch.tensor([each]) for each in (source, target)]
        with torch.inference_mode():
            expected = translator.module.model(ids[0], torch.ones_like(ids[0], dtype=torch.bool), ids[1])
        np.testing.assert_allclose(logits, expected[0][0].numpy(), atol=NEAR, err_msg=name)
        np.testing.assert_allclose(np.moveaxis(maps, 0, 2), expected[1][0].numpy(), atol=NEAR, err_msg=name)


def test_a_classifier_computes_in_the_browser_what_it_computes_in_python(
    visitor: Reader, trained: dict[str, Any]
) -> None:
    visitor.open()
    image = torch.randn(1, 3, 24, 24)
    pixels = image[0].flatten(1).T.tolist()
    logits, maps = computed(
        visitor,
        f"{model(SEES)} const x = {json.dumps(pixels)}.map((p) => Float32Array.from(p));"
        " const seen = model.look({ x, height: 24, width: 24 }); return plain([seen.logits, seen.maps]);",
    )
    expected = trained[SEES].module.look(image)
    np.testing.assert_allclose(logits, expected.logits[0].numpy(), atol=NEAR)
    np.testing.assert_allclose(maps, expected.maps[0].numpy(), atol=NEAR)


HARD = [
    SENTENCE, "I don't think the U.S. signed \"it\" at 3,000.5 p.m.; the girls' team's rock'n'roll (100%)!",
    "« Où est-il ? » : l'accord d'aujourd'hui, jusqu'à ce qu'il n'ait rien -- dit-on...", "Rad- und Gehweg, „wie“ in 4' &quot;",
    "条約が署名された。 Договор подписан", "<img src=x> & \u200b x\u00ady a/b /c $5 €7 n°3 zone\u0301 ſ 1½",
]  # fmt: skip


def test_a_sentence_is_answered_as_by_the_server(visitor: Reader, trained: dict[str, Any]) -> None:
    visitor.open()
    words = computed(
        visitor,
        f"const {{ split, join }} = await import('/local/words.js'); return {json.dumps(HARD)}.map((text) =>"
        " ['en', 'fr', 'de'].map((l) => [split(text, l), join(split(text, l), l)]));",
    )
    expected = [[[split(t, lang), join(split(t, lang), lang)] for lang in ("en", "fr", "de")] for t in HARD]
    assert words == expected
    for name in (THEN, NOW):
        for text, target in ((SENTENCE, join(FIXED[0].target, "fr")), (HARD[1], None)):
            question = {"run": name, "text": text, "target": target}
            answer = computed(
                visitor,
                f"const {{ align }} = await import('/backend.js'); return plain(await align({json.dumps(question)}));",
            )
            served = alignments.align(trained[name], text, target)
            weights = np.frombuffer(base64.b64decode(served.pop("weights")), "<u2") / alignments.STEPS
            np.testing.assert_allclose(answer.pop("weights"), weights, atol=NEAR)
            for numbers, others in zip(answer.pop("numbers"), served.pop("numbers"), strict=True):
                kept = {key: others[key] for key in numbers}
                assert numbers == pytest.approx(kept, abs=1e-3, nan_ok=True)
            for key in ("score", "probabilities"):
                assert answer.pop(key) == pytest.approx(served.pop(key), abs=1e-3)
            assert answer == served


def pictures(folder: Path) -> dict[Path, int]:
    """Files of several kinds: wide, to be enlarged, transparent, turned; and by how much of 255 a byte may differ.

    White shines through as a canvas or Pillow blends it, and a JPEG is what its decoder makes of it.
    """
    turned = Image.Exif()
    turned[0x0112] = 6
    wide, small = (
        Image.merge("RGB", [Image.effect_noise(size, 90) for _ in range(3)]) for size in ((157, 61), (13, 19))
    )
    wide.save(folder / "wide.png")
    small.save(folder / "small.png")
    wide.save(folder / "turned.jpg", exif=turned, subsampling=0)
    Image.merge("RGBA", (*wide.split(), Image.effect_noise(wide.size, 90))).save(folder / "clear.png")
    return {folder / "wide.png": 0, folder / "small.png": 0, folder / "turned.jpg": 2, folder / "clear.png": 2}


def test_a_picture_is_prepared_as_in_python_and_looked_at_as_by_the_server(
    visitor: Reader, trained: dict[str, Any], tmp_path: Path
) -> None:
    classifier = trained[SEES]
    visitor.open("where-it-looks")
    looks = "const { look } = await import('/backend.js');"
    question = {"run": SEES, "scene": "test 3", "picture": None, "speaks": None}
    answer = computed(visitor, f"{looks} return plain(await look({json.dumps(question)}));")
    given = images.scene("test 3", classifier.preprocessing.size)
    check_looked(answer, classifier, given, 0)
    assert answer["label"] == given.label and answer["covered"] == images.look(classifier, given, None)["covered"]
    for path, near in pictures(tmp_path).items():
        visitor.browser.give("#file", path)
        question = {"run": SEES, "scene": None, "picture": path.name, "speaks": None}
        answer = computed(
            visitor,
            f"{looks} return plain(await look({json.dumps(question)}, document.querySelector('#file').files[0]));",
        )
        check_looked(answer, classifier, images.uploaded(path.read_bytes(), classifier.preprocessing.size), near)


def check_looked(answer: dict[str, Any], classifier: Any, given: images.Given, near: int) -> None:
    """An answer of the browser is that of the server, but for the views that it leaves out."""
    served = images.look(classifier, given, None)
    seen, expected = (
        np.array(Image.open(io.BytesIO(base64.b64decode(one["pixels"].split(",")[1]))).convert("RGB")).astype(int)
        for one in (answer, served)
    )
    assert np.abs(seen - expected).max() <= near
    assert (answer["photo"] is None) == (served["photo"] is None) == (max(given.image.size) <= served["size"][0])
    if served["photo"] is not None:
        assert answer["photo"]["part"] == pytest.approx(served["photo"]["part"], abs=1e-5)
    if near:
        return
    assert answer["probabilities"] == pytest.approx(served["probabilities"], abs=NEAR)
    kept = [served["views"].index(view) for view in answer["views"]]
    assert [served["described"][i] for i in kept] == answer["described"] and len(kept) == len(served["views"]) - 3
    np.testing.assert_allclose(answer["maps"], np.ravel(unpacked(served["maps"])[kept]), atol=NEAR)
    np.testing.assert_allclose(answer["rows"]["values"], np.ravel(unpacked(served["rows"])), atol=NEAR)


def unpacked(table: dict[str, Any]) -> np.ndarray:
    parts = np.frombuffer(base64.b64decode(table["values"]), "<u2").reshape(len(table["most"]), -1) / images.STEPS
    return parts * np.array(table["most"])[:, None]


def test_a_reader_without_a_server_types_drops_and_is_told_what_went_wrong(visitor: Reader, tmp_path: Path) -> None:
    visitor.open()
    assert visitor.run("[...document.querySelectorAll('.panel')].map((e) => e.dataset.run)") == [THEN, NOW]
    assert "sent nowhere" in visitor.text("footer") and "make page" in visitor.text("footer")
    visitor.enter("#sentence", "The new treaty was signed.")
    visitor.until("document.querySelector('.frame').getAttribute('aria-label').includes('by 7 source words')")
    visitor.choose(".panel:last-child select[data-key^=layer]", "1")
    visitor.until("location.hash.includes('L1')")
    visitor.run("document.querySelector('#sentence').removeAttribute('maxlength')")
    for text, said in (("word " * 5000, "at most"), ("treaty \x07", "no text: U+0007")):
        visitor.enter("#sentence", text)
        visitor.until(f"document.querySelector('main').textContent.includes({json.dumps(said)})")
    visitor.enter("#sentence", "Договор подписан.")
    assert "knows no word of this sentence" in visitor.text(".unknown:not([hidden])")

    visitor.click("[data-view=where-it-looks]")
    visitor.until("document.querySelector('.verdict')?.textContent.includes('Right.')")
    assert "gradients" in visitor.text(".controls .note"), "what is left out is said where the views are chosen"
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.png").write_bytes(next(iter(pictures(tmp_path))).read_bytes()[:60])
    Image.new("1", (10_000, 10_000)).save(tmp_path / "huge.png")
    for name, said in (
        ("text.png", "no picture of a known format"),
        ("cut.png", "damaged"),
        ("huge.png", "10,000 x 10,000"),
    ):
        visitor.browser.give("#file", tmp_path / name)
        visitor.until(f"[...document.querySelectorAll('.problem')].some((e) => e.textContent.includes('{said}'))")
    assert visitor.drops(tmp_path / "wide.png", "footer")
    visitor.until("document.querySelector('.look .frame')?.getAttribute('aria-label')?.startsWith('your picture')")
    assert visitor.downloads_picture("[data-key=png0]")
    visitor.click("[data-view=five-steps]")
    assert "make page" in visitor.text(".steptop .note")
    visitor.click("[data-view=timeline]")
    visitor.until(
        "document.querySelectorAll('.kinds img').length > 5 && document.querySelector('.kinds img').naturalWidth"
    )


def test_a_run_that_the_browser_cannot_compute_is_refused(page_runs_folder: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    for run, out, said in ((PLAIN, "site", "network.attention: none"), (THEN, "mine", "no empty folder")):
        assert command(["site", "--runs", str(page_runs_folder / run), "--out", str(tmp_path / out)]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "site").exists() and (tmp_path / "mine" / "letter.txt").exists()


def test_a_page_that_was_cut_off_is_written_anew_and_a_run_that_is_named_twice_once(
    page_runs_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, seen = tmp_path / "elsewhere", Run(page_runs_folder / SEES)
    out.mkdir()
    (tmp_path / "link").symlink_to(out)
    monkeypatch.setattr("reproductions.page.site.portable.write", stop)
    with pytest.raises(KeyboardInterrupt):
        write_page(tmp_path / "link", [seen])
    monkeypatch.undo()
    write_page(tmp_path / "link", [seen, seen])
    assert len(json.loads((out / "overview.json").read_text())["runs"]) == 1 and (out / "timeline.json").is_file()


def stop(*_: object) -> None:
    raise KeyboardInterrupt
