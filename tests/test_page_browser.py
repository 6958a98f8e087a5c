"""The page in a real browser: type, point, click, link, export; on this machine alone, without one fault on the console."""

import json
import shutil
from pathlib import Path

import pytest
from chromium import installed
from page_runs import browsing, serving, write, write_timeline
from test_page import weights_of

from data.accord import FIXED
from data.words import join
from reproductions.evaluation.measures.alignment import alignment_error_rate
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.runs import runs_dir

pytestmark = pytest.mark.skipif(installed() is None, reason="no Chromium on this machine")

SENTENCE = join(FIXED[0].source, "en")
READY = "document.querySelector('.panels svg') && document.querySelector('.view').getAttribute('aria-busy') === 'false'"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A browser, and the address of a page with a run of each paper."""
    folder = tmp_path_factory.mktemp("browser")
    write(folder / "runs", "bahdanau2014", "20260101-000000-000000")
    write(folder / "runs", "transformer2017", "20260102-000000-000000")
    with browsing(folder, folder / "runs") as both:
        yield both


@pytest.fixture
def browser(pages):
    """The browser on a fresh page, wide and light; it must leave no fault and no request to elsewhere behind."""
    browser, address = pages
    browser.size(1280)
    browser.faults.clear()
    browser.requests.clear()
    yield browser
    assert browser.faults == []
    mine = (address, "blob:", "data:", "about:", "file:")
    assert [url for url in browser.requests if not url.startswith(mine)] == []


def texts(browser, selector):
    return browser.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")


def test_both_models_are_shown_side_by_side_over_the_same_target(browser, pages):
    browser.open(pages[1])
    browser.until(READY)
    assert texts(browser, ".panel h2") == ["RNNsearch 2014", "Transformer 2017"]
    tops = browser.run("[...document.querySelectorAll('.frame')].map((e) => e.getBoundingClientRect().top)")
    assert tops[0] == pytest.approx(tops[1], abs=1), "pictures begin at one height"
    assert browser.run("document.querySelector('#sentence').value") == SENTENCE
    assert all("AER" in text for text in texts(browser, ".numbers"))
    boxes = browser.run("document.querySelectorAll('.panel rect[rx]').length")
    assert boxes == 2 * 2 * len(FIXED[0].links.possible), "gold: a box and its edge for each link, in both"


def test_pointing_at_a_cell_lights_its_row_and_column_in_both(browser, pages):
    browser.open(pages[1])
    browser.until(READY)
    x, y = browser.place(".panel .frame svg")
    browser.move(x, y)
    said = texts(browser, ".readout")
    assert said[0].split(":")[0] == said[1].split(":")[0] and "←" in said[0] and "%" in said[0]
    bold = [
        browser.run(f"[...document.querySelectorAll('{panel} text[font-weight=\"700\"]')].map((e) => e.textContent)")
        for panel in (".panel:first-child", ".panel:last-child")
    ]
    assert len(bold[0]) == 2 and bold[0] == bold[1]
    edges = browser.run(
        "[...document.querySelectorAll('.frame svg')].flatMap((s) => [...s.querySelectorAll('text[font-weight=\"700\"]')]"
        ".map((e) => e.getBoundingClientRect().left - s.getBoundingClientRect().left))"
    )
    assert min(edges) >= 0, "a word that is lit fits"
    browser.move(*browser.place(".panel rect[rx][stroke-dasharray]"))
    assert browser.until("document.querySelector('.readout').textContent").endswith(" · possible link"), (
        "the box under it"
    )
    browser.move(2, 2)
    browser.until("document.querySelectorAll('.readout.idle').length === 2")


def test_the_picture_says_what_the_server_says(browser, pages):
    """The word under the pointer, and its weight, are those of the answer."""
    browser.open(pages[1] + "#then-and-now")
    browser.until(READY)
    told = browser.run(
        "(async () => { const { aligned } = await import('/aligned.js'); const { ask } = await import('/ask.js');"
        " const run = document.querySelectorAll('.panel')[1].dataset.run, target = document.querySelector('#target').value;"
        f" const answer = await ask('api/align', {{run, text: {json.dumps(SENTENCE)}, target}});"
        " const record = aligned(answer, '');"
        " return [answer, record.weights.map((row) => [...row])]; })()"
    )
    answer, weights = told
    source, target = answer["source"], answer["target"]
    assert weights == pytest.approx(weights_of(answer)[answer["views"].index(answer["chosen"])], abs=1e-6)
    browser.run("document.querySelectorAll('.frame')[1].focus()")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):
        browser.press(key)
    said = texts(browser, ".readout")[1]
    weight = weights[2][2]
    assert said.startswith(f"{target[2]} ← {source[2]}: {100 * weight:.{0 if weight >= 0.0995 else 1}f} %")
    assert all(sum(row) == pytest.approx(1, abs=2e-3) for row in weights)


def test_typing_a_sentence_and_a_target_asks_again(browser, pages):
    browser.open(pages[1])
    browser.until(READY)
    browser.type("#sentence", "The new treaty was signed.")
    browser.press("Enter")
    browser.until("document.querySelector('.frame').getAttribute('aria-label').includes('by 7 source words')")
    assert "s=The+new+treaty" in browser.run("location.hash")
    browser.type("#target", "Le nouveau traité")
    browser.press("Enter")
    browser.until("document.querySelector('.frame').getAttribute('aria-label').includes(': 4 target words')")
    assert "over=typed" in browser.run("location.hash")


def test_markup_that_is_typed_is_shown_as_text(browser, pages):
    browser.open(pages[1])
    browser.until(READY)
    browser.type("#sentence", "<img src=x onerror=window.hit=1> <b>bold</b> <script>window.hit=1</script>")
    browser.press("Enter")
    browser.until("[...document.querySelectorAll('.frame text')].some((t) => t.textContent === 'onerror')")
    assert browser.run("[window.hit ?? null, document.querySelectorAll('main img, main b, main script').length]") == [
        None,
        0,
    ]


def test_a_sentence_that_is_too_long_is_refused_in_words(browser, pages):
    browser.open(pages[1])
    browser.until(READY)
    browser.run(
        "(() => { const e = document.querySelector('#sentence'); e.removeAttribute('maxlength'); e.focus(); e.select(); })()"
    )
    browser.send("Input.insertText", text="word " * 101)
    browser.press("Enter")
    assert "at most 100" in browser.until("document.querySelector('#trouble:not([hidden])')?.textContent")


def test_a_link_brings_back_what_was_shown(browser, pages):
    browser.open(pages[1])
    browser.until(READY)
    browser.run(
        "(() => { const s = document.querySelectorAll('.panel')[1].querySelector('select[data-key^=layer]');"
        " s.value = '2'; s.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )
    browser.click("[data-value='links']")
    browser.until("document.querySelectorAll('.frame path').length > 20 && location.hash.includes('L2')")
    link, shown = browser.run("location.href"), texts(browser, ".numbers")
    assert "show=links" in link and "views=%2CL2" in link
    browser.open(link)
    browser.until(READY)
    assert texts(browser, ".numbers") == shown
    assert browser.run("document.querySelectorAll('.panel')[1].querySelector('select[data-key^=layer]').value") == "2"


def test_a_click_on_the_table_of_heads_chooses_the_view(browser, pages):
    browser.open(pages[1] + "#then-and-now?heads=1")
    browser.until(READY)
    browser.click(".heads tbody tr:nth-child(2) td:nth-child(2) button")
    browser.until("location.hash.includes('L2+H1')")
    aer = browser.run("document.querySelector('.heads button[aria-pressed=true]').textContent")
    shown = browser.run("document.querySelectorAll('.panel')[1].querySelector('[data-number=aer] dd').textContent")
    assert "in %" in texts(browser, ".heads summary")[0] and aer.isdecimal() and shown.endswith(" %")
    assert float(aer) == pytest.approx(float(shown.removesuffix(" %")), abs=0.6)
    named = browser.run("document.querySelector('.heads button[aria-pressed=true]').getAttribute('aria-label')")
    assert named == f"layer 2, head 1: AER {aer} %"


def test_the_alignment_error_rate_is_in_per_cent_on_the_page_and_in_a_picture_taken_along(browser, pages):
    browser.open(pages[1])
    browser.until(READY)
    record = AlignedTranslation.from_json(json.loads(browser.taken("[data-key=json0]", ".json").read_text()))
    expected = f"{100 * alignment_error_rate([record]).aer:.1f} %"
    assert texts(browser, "[data-number=aer] dd")[0] == expected
    svg = browser.taken("[data-key=svg0]", ".svg").read_text()
    assert f">AER {expected} · entropy" in svg


def test_a_record_and_a_picture_can_be_taken_along(browser, pages):
    browser.open(pages[1])
    browser.until(READY)
    record = AlignedTranslation.from_json(json.loads(browser.taken("[data-key=json1]", ".json").read_text()))
    assert record.source == (*FIXED[0].source, "</s>") and record.gold == FIXED[0].links and record.forced
    svg = browser.taken("[data-key=svg0]", ".svg").read_text()
    assert svg.startswith("<svg") and "RNNsearch" in svg and "step 7" in svg and "href" not in svg
    assert browser.taken("[data-key=png0]", ".png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_page_works_on_when_the_network_is_gone(browser, pages):
    browser.open(pages[1])
    browser.until(READY)
    browser.offline(True)
    try:
        browser.click("[data-value='links']")
        browser.until("document.querySelectorAll('.frame path').length > 20")
        browser.type("#sentence", "Nobody answers.")
        browser.press("Enter")
        assert "server does not answer" in browser.until("document.querySelector('.panel .problem')?.textContent")
    finally:
        browser.offline(False)
    browser.faults[:] = [fault for fault in browser.faults if "ERR_INTERNET_DISCONNECTED" not in fault]


# --- Five steps -------------------------------------------------------------------------------------------------------


def test_the_five_steps_are_walked_and_a_number_that_changes_changes_the_rest(browser, pages):
    browser.open(pages[1] + "#five-steps")
    browser.until("!!document.querySelector('.stage table')")
    for step in range(2, 6):
        browser.click("[data-key=next]")
        browser.until(f"document.querySelector('.stepper [aria-current]').textContent.startsWith('{step}')")
    before = texts(browser, ".matrix:last-child td")
    browser.run(
        "(() => { const e = document.querySelector('[data-key=\"V1.0\"]'); e.focus(); e.value = '9';"
        " e.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    after = browser.until(
        f"(() => {{ const t = [...document.querySelectorAll('.matrix:last-child td')].map((e) => e.textContent);"
        f" return t.join() !== {json.dumps(','.join(before))} && t; }})()"
    )
    changed = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert changed and all(i % 3 == 0 for i in changed), "only the first entry of each output"
    assert browser.run("document.activeElement.dataset.key") == "V1.0", "the number that is typed keeps the focus"
    link = browser.run("location.href")
    browser.open(link)
    browser.until("!!document.querySelector('.stage table')")
    assert texts(browser, ".matrix:last-child td") == after


def test_attention_by_hand_is_scaled_dot_product_attention(browser, pages):
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    browser.open(pages[1] + "#five-steps")
    torch.manual_seed(3)
    Q, K, V = torch.randn(3, 4, 3, dtype=torch.float64)
    for causal in (False, True):
        given = json.dumps({"Q": Q.tolist(), "K": K.tolist(), "V": V.tolist(), "scale": True, "causal": causal})
        told = browser.run(f"(async () => (await import('/arithmetic.js')).attend({given}))()")
        expected = scaled_dot_product_attention(Q[None], K[None], V[None], is_causal=causal)[0]
        assert torch.tensor(told["output"], dtype=torch.float64).numpy() == pytest.approx(expected.numpy(), abs=1e-12)
        if causal:
            assert all(told["weights"][i][j] == 0 for i in range(4) for j in range(i + 1, 4))


# --- All views --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "view", ["then-and-now", "then-and-now?show=links", "five-steps?step=1", "five-steps?step=5", "timeline"]
)
@pytest.mark.parametrize("width", [360, 390, 768])
def test_nothing_runs_over_the_edge_of_a_narrow_window(browser, pages, view, width):
    browser.size(width)
    browser.open(f"{pages[1]}#{view}")
    browser.until("!!document.querySelector('.panels svg, .stage table, .timeline h2')")
    assert browser.run("document.documentElement.scrollWidth") <= width


def test_day_and_night_differ_and_the_button_changes_them(browser, pages):
    colour = "getComputedStyle(document.body).backgroundColor"
    paper = "document.querySelector('.frame svg rect').getAttribute('fill')"
    browser.open(pages[1])
    browser.until(READY)
    assert (browser.run(colour), browser.run(paper)) == ("rgb(255, 255, 255)", "#ffffff")
    browser.size(1280, dark=True)
    browser.until(f"{paper} === '#14181d'")
    browser.click("#theme")
    browser.until(f"{paper} === '#ffffff' && {colour} === 'rgb(255, 255, 255)'")


def test_every_control_has_a_name_and_can_be_reached_by_keyboard(browser, pages):
    for view in ("then-and-now?heads=1", "five-steps?step=3"):
        browser.open(f"{pages[1]}#{view}")
        browser.until("!!document.querySelector('.panels svg, .stage table')")
        nodes = browser.send("Accessibility.getFullAXTree")["nodes"]
        roles = {"button", "textbox", "combobox", "checkbox", "link", "spinbutton", "application"}
        named = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored")]
        controls = [(role, name) for role, name in named if role in roles]
        assert len(controls) > 12 and all(name for _, name in controls), controls
        assert (
            browser.run('document.querySelectorAll(\'[tabindex]:not([tabindex="0"]):not([tabindex="-1"])\').length')
            == 0
        )
        assert len([name for role, name in named if role == "heading"]) >= 2


def test_without_runs_the_page_says_what_to_do_and_shows_the_first_run_by_itself(pages, browser, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "none"))
    with serving() as address:
        browser.requests.clear()
        browser.open(address)
        assert "make train-bahdanau" in browser.until("document.querySelector('.missing')?.textContent")
        write(tmp_path / "none", "bahdanau2014", "20260101-000000-000000")
        browser.until("!!document.querySelector('.panel svg')", 30)
        assert browser.requests and all(url.startswith((address, "data:", "about:")) for url in browser.requests)
        browser.requests.clear()
        browser.send("Page.navigate", url="about:blank")


def test_the_first_view_takes_few_and_small_requests(browser, pages):
    browser.open(pages[1])
    browser.until(READY)
    modules = browser.run("performance.getEntriesByType('resource').map((e) => e.name)")
    asked = [name for name in modules if not name.endswith(".js")]
    assert len(asked) <= 7, (
        asked
    )  # the style, the overview, and of each model its own translation and the shared target
    assert len(modules) <= 32, modules
    assert (
        browser.run("performance.getEntriesByType('resource').reduce((sum, e) => sum + e.decodedBodySize, 0)") < 400_000
    )


def test_the_driver_finds_a_fault(pages, tmp_path: Path):
    """Otherwise an empty list of faults would say nothing."""
    browser, address = pages
    browser.open(address)
    browser.run("setTimeout(() => nobodyKnowsThis(), 0)")
    browser.settle(lambda: browser.run("1") and any("nobodyKnowsThis" in fault for fault in browser.faults))
    browser.run("fetch('http://127.0.0.1:9/').catch(() => 0)")
    browser.settle(lambda: browser.run("1") and any("Content Security Policy" in fault for fault in browser.faults))


def test_a_rung_of_the_ladder_is_offered_but_does_not_stand_for_its_paper(browser, pages):
    rung = runs_dir() / "ladder" / "2-rnnsearch" / "20260103-000000-000000"
    rung.parent.mkdir(parents=True)
    write(runs_dir().parent / "elsewhere", "bahdanau2014", rung.name).rename(rung)
    try:
        browser.open(pages[1] + "?rung")
        browser.until(READY)
        assert browser.run("document.querySelector('.panel').dataset.run").startswith("bahdanau2014/accord/")
        names = browser.run("[...document.querySelectorAll('[data-key=run0] option')].map((e) => e.value)")
        assert f"ladder/2-rnnsearch/{rung.name}" in names
    finally:
        shutil.rmtree(rung.parents[1])


def test_the_timeline_says_what_is_missing_then_shows_every_kind_and_opens_one(browser, pages):
    browser.open(pages[1] + "#timeline")
    browser.until("document.querySelector('.timeline')?.textContent.includes('make timeline')")
    table = write_timeline(runs_dir())
    try:
        browser.open(pages[1] + "?new#timeline")
        browser.until("document.querySelectorAll('.kinds > li').length === 3")
        assert [text.split(" · ")[1][:4] for text in texts(browser, ".kind > b")] == ["addi", "loca", "intr"]
        assert len(texts(browser, "button.kind")) == 2, "what reads no source cannot be opened"
        browser.click("[data-key=kind-location]")
        browser.until("!!document.querySelector('.timeline .panel svg')")
        assert browser.run("location.hash") == "#timeline?kind=location"
        assert table["rows"][1]["says"] in texts(browser, ".timeline .panel p")
        assert browser.run("document.activeElement.dataset.key") == "kind-location"
        browser.size(390)
        browser.until("!!document.querySelector('.timeline .panel svg')")
        assert browser.run("document.documentElement.scrollWidth <= 390")
        browser.size(1280)
        record = browser.taken("[data-key=json]", ".json")
        assert json.loads(record.read_text(encoding="utf-8")) == table["rows"][1]["record"]
    finally:
        shutil.rmtree(runs_dir() / "timeline")
