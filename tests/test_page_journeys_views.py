"""A reader's ways through the page, in a real browser: five steps, the timeline, and what holds for every view.

Narrow windows, night, the keyboard, and a page without any run.
"""

import json
import re
from pathlib import Path

import pytest
import torch
from page_runs import NOW, SEES, THEN, ask, write, write_classifier
from reader import KIND, PICTURES, STAGE, Reader
from torch.nn.functional import scaled_dot_product_attention

from data.accord import FIXED
from reproductions.explain.narration import narrate
from reproductions.explain.steps import Steps


def test_a_reader_walks_the_five_steps(reader: Reader) -> None:
    reader.open("five-steps", STAGE)
    for step in range(2, 6):
        reader.click("[data-key=next]")
        reader.until(f"document.querySelector('.stepper [aria-current]').textContent.startsWith('{step}')")
    output = ".matrix:last-child td"
    before = reader.texts(output)
    reader.choose("[data-key='V1.0']", "9", "input")
    reader.until(f"document.querySelector({json.dumps(output)}).textContent !== {json.dumps(before[0])}")
    after = reader.texts(output)
    changed = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert changed and all(i % 3 == 0 for i in changed), "of each output the first entry alone"
    assert reader.focus == "V1.0", "the number that is typed keeps the focus"
    reader.open(reader.link, STAGE)
    assert reader.texts(output) == after, "the link holds the number"

    for number in ("12", "2.5", "-3", "0.25"):
        before = reader.texts(output)
        reader.type_keys("[data-key='V0.0']", number)
        assert reader.values("[data-key='V0.0']") == [number] and reader.focus == "V0.0", "as it is read, key by key"
        assert f"V={number}%2C" in reader.link and reader.texts(output) != before, "the output follows"
    reader.open("five-steps?step=2", STAGE)
    before = reader.texts(output)
    reader.type_keys("[data-key='Q0.0']", "1e9")
    assert reader.attribute("[data-key='Q0.0']", "aria-invalid") == "true", "what is too large is marked"
    reader.type_keys("[data-key='Q0.0']", "4")
    assert reader.attribute("[data-key='Q0.0']", "aria-invalid") != "true" and reader.texts(output) != before

    torch.manual_seed(3)
    Q, K, V = torch.randn(3, 4, 3, dtype=torch.float64)
    for causal in (False, True):
        given = json.dumps({"Q": Q.tolist(), "K": K.tolist(), "V": V.tolist(), "scale": True, "causal": causal})
        computed = reader.run(f"(async () => (await import('/arithmetic.js')).attend({given}))()")
        expected = scaled_dot_product_attention(Q[None], K[None], V[None], is_causal=causal)[0]
        assert computed["output"] == pytest.approx(expected.numpy(), abs=1e-12), "it is scaled dot-product attention"
        hidden = [computed["weights"][i][j] for i in range(4) for j in range(i + 1, 4)]
        assert (hidden == [0] * 6) == causal, "what comes later weighs exactly 0 behind the mask"

    for causal in (0, 1):
        mask = torch.ones(3, 3).tril().bool() if causal else torch.ones(3, 3).bool()
        explained = narrate(Steps(("a", "b", "c"), ("a", "b", "c"), *torch.randn(3, 3, 3).numpy(), mask.numpy(), 2, ""))
        reader.open(f"five-steps?causal={causal}", STAGE)
        names = [f"{number} {step.title}" for number, step in enumerate(explained, 1)]
        assert reader.texts(".stepper button") == names, "the steps have the names that `make explain` has"

    for step in (1, 4, 5):
        reader.open(f"five-steps?step={step}&causal=1", STAGE)
        svg = reader.download("[data-key=svg]", ".svg")
        assert f">{step}. " in svg and "Vaswani" in svg and all(f">{word}<" in svg for word in ("cat", "milk"))
        assert reader.downloads_picture("[data-key=png]")
    numbers = json.loads(reader.download("[data-key=json]", ".json"))
    assert numbers["words"] == ["the", "cat", "drank", "its", "milk"] and numbers["causal"] and numbers["d_k"] == 3
    assert numbers["weights"][0] == [1, 0, 0, 0, 0] and len(numbers["output"]) == 5

    reader.type_keys("[data-key=sentence]", "The old dog .")
    link = reader.attribute("a.trained", "href")
    address = reader.run("location.origin + '/'")
    status, headers, own = ask(address, f"/{link}")
    assert status == 200 and "step 7 · encoder" in own and "unsafe-inline" in headers["content-security-policy"]
    assert re.findall(r'href="(explain[^"]*(?:layer|head)=2[^"]*)"', own), "every other layer and head is a link away"
    reader.browser.open(address + link)
    colours = reader.run("[...document.querySelectorAll('.array td')].map((e) => getComputedStyle(e).backgroundColor)")
    assert len(set(colours)) > 20, "its matrices have the colours of their numbers"
    for wrong in ("layer=3", "head=x", "place=above", "text=", f"run={THEN}"):
        assert ask(address, f"/{link}&{wrong}")[0] == 422
    assert ask(address, f"/{link}", headers={"Sec-Fetch-Site": "cross-site"})[0] == 403


def test_a_reader_goes_through_the_timeline(reader: Reader, page: tuple[str, Path]) -> None:
    table = json.loads((page[1] / "timeline/timeline.json").read_text(encoding="utf-8"))
    reader.open("timeline", "document.querySelectorAll('.kinds > li').length === 3")
    assert [text.split(" · ")[1][:4] for text in reader.texts(".kind > b")] == ["addi", "loca", "intr"]
    assert len(reader.texts("button.kind")) == 2, "what reads no source cannot be opened"
    svg = reader.download("[data-key=svgall]", ".svg")
    for words in ("2014 · additive", "2015 · location", "2016 · intra", "Somebody", "BLEU 50.0", "Elsewhere."):
        assert words in svg, "the picture holds every kind"
    assert reader.downloads_picture("[data-key=pngall]")
    assert json.loads(reader.download("[data-key=jsonall]", ".json")) == table

    reader.click("[data-key=kind-location]")
    reader.until(KIND)
    assert reader.link == "timeline?kind=location" and reader.focus == "kind-location"
    assert table["rows"][1]["says"] in reader.texts(".timeline .panel p")
    assert json.loads(reader.download("[data-key=json]", ".json")) == table["rows"][1]["record"]
    source, target = FIXED[0].source, FIXED[0].target
    reader.focus_on(".timeline .frame")
    reader.press("ArrowDown")
    assert reader.text(".readout").startswith(f"L’ ← {source[0]}: 0.0 %")
    reader.press("ArrowRight")
    assert reader.text(".readout").startswith(f"L’ ← {source[1]}: 100 %")
    reader.press("Escape")
    assert reader.run("document.querySelector('.readout').classList.contains('idle')")
    reader.click(".timeline .panel summary")
    reader.until(f"document.querySelectorAll('.timeline .listed tbody tr').length === {len(target) + 1}")

    for width in (1280, 390):
        reader.browser.size(width)
        reader.open("timeline?kind=location", KIND)
        boxes = reader.run(
            "[...document.querySelector('.timeline .panel').children].map((e) => e.getBoundingClientRect())"
            ".map((b) => [b.top, b.bottom]).filter(([top, bottom]) => bottom > top)"
        )
        pairs = zip(boxes, boxes[1:], strict=False)
        assert len(boxes) > 6 and all(above[1] <= below[0] for above, below in pairs), "nothing lies over another"
        inside = "every((e) => e.scrollHeight <= e.clientHeight + 1 || !e.clientHeight)"
        assert reader.run(f"[...document.querySelectorAll('.timeline .panel > *')].{inside}"), "nothing is cut"
        assert reader.fits


def test_a_reader_has_a_narrow_window_or_a_wide_one(reader: Reader) -> None:
    views = {
        "then-and-now": PICTURES, "then-and-now?show=links": PICTURES, "where-it-looks": PICTURES,
        "five-steps?step=1": STAGE, "five-steps?step=5": STAGE, "timeline": "!!document.querySelector('.timeline h2')",
    }  # fmt: skip
    cut = "[...document.querySelectorAll('.panels .frame')].filter((e) => e.scrollWidth > e.clientWidth).length"
    for view, ready in views.items():
        for width in (1280, 1000, 768, 390, 360):
            reader.browser.size(width)
            if width in (1280, 360):
                reader.open(view, ready)  # the others come as a window is dragged
            reader.until(f"innerWidth === {width} && document.documentElement.scrollWidth <= innerWidth", 10)
            if view == "then-and-now":
                reader.until(f"{cut} === 0", 10)
            tabs = reader.run("[...document.querySelectorAll('nav a')].map((e) => [e.offsetTop, e.offsetHeight])")
            if width in (390, 1280):
                assert len(tabs) == 4 and len({top for top, _ in tabs}) == 1, f"{view}: the tabs stand in one line"
                assert max(height for _, height in tabs) < 45
            if width == 390:
                every = "[...document.querySelectorAll('button, select, summary')]"
                low = reader.run(
                    f"{every}.filter((e) => e.offsetHeight && e.offsetHeight < 44).map((e) => e.textContent)"
                )
                assert low == [], f"{view}: large enough for a finger"

    reader.browser.size(390)
    reader.open(f"then-and-now?runs={THEN},{NOW}")
    shown = "[...document.querySelectorAll('.panel')].filter((e) => e.offsetHeight).map((e) => e.dataset.run)"
    assert reader.run(shown) == [THEN], "a phone shows one model"
    top = reader.run("document.querySelector('.frame').getBoundingClientRect().top")
    reader.click(".switch [data-value='1']")
    assert reader.run(shown) == [NOW] and reader.run(
        "document.querySelector('.panel:last-child svg').clientWidth > 200"
    )
    moved = reader.run("document.querySelector('.panel:last-child .frame').getBoundingClientRect().top + scrollY")
    assert moved == pytest.approx(top, abs=40), "a tap away, in the same place"
    reader.enter("#sentence", "The new treaty was signed by the old minister of the European countries . " * 3)
    reader.until("!!document.querySelector('.panel:last-child .frame.more')")  # its edge fades: it goes on
    reader.run("document.querySelector('.panel:last-child .frame').scrollLeft = 9999")
    reader.until("!document.querySelector('.panel:last-child .frame.more')")
    reader.browser.size(1280)

    reader.open("where-it-looks")
    boxes = "[...document.querySelectorAll('.look .sides > div')].map((e) => e.getBoundingClientRect())"
    left, right = reader.run(f"[Math.min(...{boxes}.map((b) => b.left)), Math.max(...{boxes}.map((b) => b.right))]")
    assert right - left > 0.75 * reader.run("document.querySelector('.panel').clientWidth"), "the width is used"
    reader.open(f"where-it-looks?runs={SEES},{SEES}")
    title, remove, panel = reader.run(
        "['.panel h2', '[data-key=remove0]', '.panel'].map((e) => document.querySelector(e).getBoundingClientRect())"
        ".map((b) => [b.left, b.right])"
    )
    assert remove[0] - title[1] > 50 and panel[1] - remove[1] < 30, "a panel is closed at its edge"


def test_a_reader_comes_by_night(reader: Reader) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    paper = "document.querySelector('.frame svg rect').getAttribute('fill')"
    reader.open()
    assert reader.run(f"[{ground}, {paper}]") == ["rgb(255, 255, 255)", "#ffffff"]
    reader.browser.size(1280, dark=True)
    reader.until(f"{paper} === '#14181d'")
    reader.click("#theme")
    reader.until(f"{paper} === '#ffffff' && {ground} === 'rgb(255, 255, 255)'")  # the button changes it
    reader.open("timeline?kind=location", KIND)
    svg = reader.download("[data-key=svg]", ".svg")
    assert 'fill="#ffffff"' in svg and "#14181d" not in svg, "a picture is taken along on white"
    for words in ("location (2015)", "Somebody", "s + h", "AER", "solid box"):
        assert words in svg


def test_a_reader_uses_the_keyboard_alone_or_does_not_see(reader: Reader) -> None:
    roles = {"button", "textbox", "combobox", "checkbox", "link", "spinbutton", "application"}
    views = {f"then-and-now?heads=1&runs={THEN},{NOW}": PICTURES, "five-steps?step=3": STAGE, "where-it-looks": PICTURES,
             "timeline?kind=location": KIND}  # fmt: skip
    for view, ready in views.items():
        reader.open(view, ready)
        nodes = reader.browser.send("Accessibility.getFullAXTree")["nodes"]
        named = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored")]
        controls = [(role, name) for role, name in named if role in roles]
        assert len(controls) > 12 and all(name for _, name in controls), f"{view}: every control has a name: {controls}"
        assert sum(role == "heading" for role, _ in named) >= 2
        other = 'document.querySelectorAll(\'[tabindex]:not([tabindex="0"]):not([tabindex="-1"])\').length'
        assert reader.run(other) == 0, "the order of the tab key is that of the page"
        if ready != STAGE:
            reader.focus_on("main")
            reached = False
            for _ in range(80):
                reader.press("Tab")
                if reached := reader.run("document.activeElement.classList.contains('frame')"):
                    break
            assert reached, f"{view}: the picture is reached with the tab key"

    reader.open("where-it-looks")
    reader.focus_on(".look .frame")
    reader.press("ArrowDown", "ArrowDown", "ArrowRight", "Enter")
    reader.until(f"location.hash.includes('patch=1+1') && {PICTURES}")
    focused = "document.activeElement.classList.contains('frame')"
    assert reader.run(focused), "a patch is followed, and the picture keeps the focus"
    assert "from patch row 2, column 2" in reader.attribute(".look .frame", "aria-label")
    reader.press("ArrowRight")
    assert reader.text(".readout").startswith("row 2, column 3: ")
    reader.press("Escape")
    reader.until(f"!location.hash.includes('patch') && {PICTURES}")
    assert reader.run(focused), "and left"


def test_a_reader_comes_before_anything_is_trained(
    reader: Reader, page: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    views = {"then-and-now": "make train-bahdanau", "where-it-looks": "make train-vit", "timeline": "make timeline"}
    for view, command in views.items():
        reader.open(view, "!!document.querySelector('main h2')")
        assert command in reader.run("document.querySelector('main').innerText"), "each view names its command"
        assert reader.texts("nav a") == ["Then and now", "Where it looks", "Five steps", "Timeline"]
        assert reader.run("document.querySelector('nav [aria-current]').dataset.view") == view
    drawn = (
        "[...document.querySelectorAll('.kinds img')].filter((e) => { e.loading = 'eager'; return e.naturalWidth; })"
    )
    reader.until(f"{drawn}.length === 12")  # the shipped figures
    with reader.hurried():
        reader.open("", "!!document.querySelector('.missing')")
        write(tmp_path, *THEN.split("/")[::2])
        reader.until("!!document.querySelector('.panel svg')")  # the first run shows itself

        write_classifier(tmp_path, SEES.split("/")[2])
        reader.open("where-it-looks")
        picture = reader.run("document.querySelector('.look .frame svg').outerHTML")
        newer = write_classifier(tmp_path, "20260107-000000-000000").relative_to(tmp_path).as_posix()
        reader.until("document.querySelector('.notice').textContent.startsWith('There are new runs')")
        assert {newer, SEES} <= set(reader.values("[data-key=run0] option")), "it can be chosen"
        assert reader.values("select[data-key=run0]") == [SEES], "and is not by itself"
        assert reader.run("document.querySelector('.look .frame svg').outerHTML") == picture
