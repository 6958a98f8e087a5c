"""The page under a reader's hands: keys that are pressed, a pointer that moves, files that fall, links to what is gone."""

import json
from types import SimpleNamespace

import pytest
from chromium import count_tests, installed
from page_runs import browsing, serving, write, write_classifier, write_timeline
from PIL import Image

from data.accord import FIXED

THEN, NOW = "bahdanau2014/accord/20260101-000000-000000", "transformer2017/accord/20260102-000000-000000"
PLAIN, LUONG = "bahdanau2014/accord/20260103-000000-000000", "bahdanau2014/accord/20260104-000000-000000"
SEES = "vit2021/shapes/20260105-000000-000000"
SHOWN = (
    "!!document.querySelector('.panels svg') && document.querySelector('.view').getAttribute('aria-busy') === 'false'"
)
READS = "document.querySelector('.readout').textContent"
LOST = "document.querySelector('.lost:not([hidden])')?.textContent"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A browser, and the address of a page with five runs and a timeline."""
    if installed() is None:
        pytest.skip("no Chromium on this machine")
    folder = tmp_path_factory.mktemp("hands")
    runs = folder / "runs"
    write(runs, *THEN.split("/")[::2])
    write(runs, *NOW.split("/")[::2])
    write(runs, *PLAIN.split("/")[::2], attention="none")
    write(runs, *LUONG.split("/")[::2], attention="location")
    (runs / LUONG / "summary.json").unlink()  # still training, so that it does not stand for its paper
    write_classifier(runs, SEES.split("/")[2])
    write_timeline(runs)
    with browsing(folder, runs) as both:
        yield both


@pytest.fixture
def browser(page):
    """A wide and light window; what happens in it leaves no fault on the console."""
    browser, _ = page
    browser.size(1280)
    browser.faults.clear()
    yield browser
    assert browser.faults == []


def opened(browser, page, view, ready=SHOWN):
    browser.open(page[1] + view)
    browser.until(ready)
    return browser


def texts(browser, selector):
    return browser.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")


def middle(browser, selector, text):
    """Where the element with this text lies, once it is in sight."""
    x, y = browser.run(
        f"(() => {{ const all = [...document.querySelectorAll({json.dumps(selector)})];"
        f" const e = all.find((e) => e.textContent === {json.dumps(text)}); e.scrollIntoView({{block: 'center'}});"
        " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    return x, y


# --- Five steps -------------------------------------------------------------------------------------------------------

STAGE = "!!document.querySelector('.stage table')"


@pytest.mark.parametrize("number", ["12", "2.5", "-3", "0.25"])
def test_a_number_is_typed_key_by_key_as_it_is_read(browser, page, number):
    opened(browser, page, f"?{number}#five-steps?step=5", STAGE)
    before = texts(browser, ".matrix:last-child td")
    browser.click("[data-key='V0.0']")
    browser.run("document.activeElement.select()")
    browser.write(number)
    assert browser.run("document.querySelector('[data-key=\"V0.0\"]').value") == number
    assert browser.run("document.activeElement.dataset.key") == "V0.0"
    assert f"V={number}%2C" in browser.run("location.hash")
    assert texts(browser, ".matrix:last-child td") != before, "the output follows"


def test_a_number_that_is_none_is_marked_and_changes_nothing(browser, page):
    opened(browser, page, "#five-steps?step=2", STAGE)
    before = texts(browser, ".matrix:last-child td")
    browser.run("(() => { const e = document.querySelector('[data-key=\"Q0.0\"]'); e.focus(); e.select(); })()")
    browser.write("1e9")
    assert browser.run("document.activeElement.getAttribute('aria-invalid')") == "true"
    browser.run("document.activeElement.select()")
    browser.write("4")
    assert browser.run("document.activeElement.getAttribute('aria-invalid')") != "true"
    assert texts(browser, ".matrix:last-child td") != before


@pytest.mark.parametrize("step", [1, 4, 5])
def test_a_step_is_taken_along_as_a_picture_and_as_numbers(browser, page, step):
    opened(browser, page, f"?{step}#five-steps?step={step}&causal=1", STAGE)
    svg = browser.taken("[data-key=svg]", ".svg").read_text(encoding="utf-8")
    assert f">{step}. " in svg and "Vaswani" in svg and all(f">{word}<" in svg for word in ("cat", "milk"))
    assert browser.taken("[data-key=png]", ".png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    told = json.loads(browser.taken("[data-key=json]", ".json").read_text(encoding="utf-8"))
    assert told["words"] == ["the", "cat", "drank", "its", "milk"] and told["causal"] and told["d_k"] == 3
    assert told["weights"][0] == [1, 0, 0, 0, 0] and len(told["output"]) == 5


# --- Then and now -----------------------------------------------------------------------------------------------------

PAIR = f"#then-and-now?runs={THEN},{NOW}"


def test_a_pointer_on_a_slanted_word_lights_that_word(browser, page):
    opened(browser, page, PAIR)
    for column, word in enumerate(FIXED[0].source[:-1]):
        if FIXED[0].source.count(word) > 1 or word in FIXED[0].target:
            continue  # it would be another that the pointer finds
        x, y = middle(browser, ".panel:last-child .frame svg text", word)
        browser.move(x, y)
        said = texts(browser, ".panel:last-child .readout")[0]
        assert said.startswith(f"{word} → "), (column, said)


def test_in_links_a_word_gives_its_lines_and_a_line_both_its_words(browser, page):
    opened(browser, page, PAIR + "&show=links")
    browser.move(*middle(browser, ".panel:last-child .frame svg text", "European"))
    assert texts(browser, ".panel:last-child .readout")[0].startswith("European → ")
    browser.move(*middle(browser, ".panel:last-child .frame svg text", "zone"))
    assert texts(browser, ".panel:last-child .readout")[0].startswith("zone ← ")
    x, y = browser.run(
        "(() => { const all = [...document.querySelectorAll('.panel:last-child .frame path[stroke-opacity]')];"
        " const thick = (path) => Number(path.getAttribute('stroke-width'));"
        " const path = all.reduce((a, b) => (thick(a) >= thick(b) ? a : b));"
        " path.scrollIntoView({block: 'center'}); const at = path.getPointAtLength(path.getTotalLength() / 2);"
        " const box = path.ownerSVGElement.getBoundingClientRect(); return [box.x + at.x, box.y + at.y]; })()"
    )
    browser.move(x, y)
    said = browser.until("document.querySelector('.panel:last-child .readout:not(.idle)')?.textContent")
    assert "←" in said and "%" in said and ": " in said, "a target word, a source word and the weight between them"
    assert len(texts(browser, ".panel:last-child text[font-weight='700']")) == 2


@pytest.mark.parametrize("kind", ["map", "links"])
def test_the_legend_is_of_what_is_drawn_on_the_page_and_on_paper(browser, page, kind):
    opened(browser, page, f"?{kind}{PAIR}&show={kind}")
    shown = " ".join(texts(browser, ".legend .entry"))
    svg = browser.taken("[data-key=svg1]", ".svg").read_text(encoding="utf-8")
    for words in ("cross", "solid box", "dot"):
        assert (words in svg) == (kind == "map")
    assert ("thicker" in svg) == ("thicker" in shown) == (kind == "links")
    assert ("elsewhere" in shown) == (kind == "map")


def test_a_run_with_attention_stands_for_its_paper(browser, page):
    opened(browser, page, "?pair#then-and-now")
    assert browser.run("[...document.querySelectorAll('.panel')].map((e) => e.dataset.run)") == [THEN, NOW]


def test_attention_of_another_paper_is_named_with_its_paper(browser, page):
    opened(browser, page, f"#then-and-now?runs={LUONG}")
    assert texts(browser, ".panel h2") == ["RNNsearch 2014 · attention: Luong, Pham and Manning 2015"]
    groups = browser.run("[...document.querySelectorAll('[data-key=run0] optgroup')].map((e) => e.label)")
    assert any(label.endswith("attention: Luong, Pham and Manning 2015") for label in groups)
    assert "RNNsearch (2014) · Bahdanau, Cho and Bengio" in groups


def test_a_link_to_a_run_or_view_that_is_gone_says_so(browser, page):
    opened(browser, page, f"?gone#then-and-now?runs=no/such/run,{NOW}&views=L1+H1+shift0,L9+H9+shift0")
    said = browser.until(LOST)
    assert "no/such/run" in said and "L9 H9 shift0" in said
    assert browser.run("[...document.querySelectorAll('.panel')].map((e) => e.dataset.run)") == [NOW]
    opened(browser, page, f"?kept{PAIR}&views=,L2+H1+shift0")
    assert browser.run(LOST) is None
    opened(browser, page, f"?looks#where-it-looks?runs=no/such/run,{SEES}&views=,cls+L7+H1")
    said = browser.run("[...document.querySelectorAll('.lost:not([hidden])')].map((e) => e.textContent).join(' ')")
    assert "no/such/run" in said and "cls L7 H1" in said
    opened(browser, page, "?kind#timeline?kind=telepathy", "!!document.querySelector('.kinds')")
    assert "telepathy" in browser.run(LOST)
    opened(browser, page, "?view#crystal-ball")
    assert "crystal-ball" in texts(browser, ".notice")[0]


def test_a_tab_leads_back_to_the_sentence_that_was_typed(browser, page):
    opened(browser, page, f"?tabs{PAIR}")
    browser.type("#sentence", "The new treaty was signed.")
    browser.press("Enter")
    browser.until("document.querySelector('.frame').getAttribute('aria-label').includes('by 7 source words')")
    there = browser.run("location.hash")
    browser.click("[data-view=five-steps]")
    browser.until(STAGE)
    browser.run("document.querySelector('[data-view=then-and-now]').focus()")
    browser.press("Enter")
    browser.until(SHOWN)
    assert browser.run("location.hash") == there and "The+new+treaty" in there
    assert browser.run("document.querySelector('#sentence').value") == "The new treaty was signed."
    assert browser.run("document.activeElement.dataset.view") == "then-and-now", "the tab keeps the focus"


def test_a_sentence_that_is_refused_leaves_no_picture_that_looks_like_its_answer(browser, page):
    opened(browser, page, f"?refused{PAIR}")
    browser.type("#sentence", "word " * 101)
    browser.press("Enter")
    browser.until("!!document.querySelector('#trouble:not([hidden])')")
    assert browser.run("document.querySelector('.panels').offsetParent") is None
    assert texts(browser, ".status") == [""]
    browser.type("#sentence", "The treaty was signed.")
    browser.press("Enter")
    browser.until(SHOWN + " && document.querySelector('.panels').offsetParent !== null")


def test_the_link_can_be_copied_where_there_is_no_clipboard(browser, page):
    opened(browser, page, f"?copy{PAIR}")
    browser.run("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    browser.click("#copy")
    assert browser.until("document.activeElement.value") == browser.run("location.href")
    assert browser.run("getSelection().toString() || document.activeElement.selectionEnd > 20")


@pytest.mark.parametrize("width", [360, 390, 1000, 1280])
def test_heat_maps_fit_their_panels(browser, page, width):
    browser.size(width)
    opened(browser, page, f"?fits{width}{PAIR}")
    room = browser.run("[...document.querySelectorAll('.frame')].map((e) => [e.clientWidth, e.scrollWidth])")
    assert len(room) == 2 and all(inside <= outside for outside, inside in room), room


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("view", ["then-and-now", "where-it-looks", "five-steps", "timeline"])
def test_the_names_of_the_views_stand_in_one_line(browser, page, view, width):
    browser.size(width)
    opened(browser, page, f"?line#{view}", "!!document.querySelector('nav [aria-current]')")
    lines = browser.run("[...document.querySelectorAll('nav a')].map((e) => [e.offsetTop, e.offsetHeight])")
    assert len(lines) == 4 and len({top for top, _ in lines}) == 1 and max(height for _, height in lines) < 45


# --- Where it looks ---------------------------------------------------------------------------------------------------


def test_a_patch_is_followed_and_left_by_keyboard_and_the_picture_keeps_the_focus(browser, page):
    opened(browser, page, "#where-it-looks")
    browser.run("document.querySelector('.look .frame').focus()")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "Enter"):
        browser.press(key)
    browser.until("location.hash.includes('patch=1+1')")
    browser.until(SHOWN)
    focused = "document.activeElement.classList.contains('frame')"
    assert browser.run(focused)
    assert "from patch row 2, column 2" in browser.run("document.activeElement.getAttribute('aria-label')")
    browser.press("ArrowRight")
    assert browser.run(READS).startswith("row 2, column 3: ")
    browser.press("Escape")
    browser.until("!location.hash.includes('patch')")
    browser.until(SHOWN)
    assert browser.run(focused)


def test_the_highest_patches_are_listed_and_told(browser, page):
    opened(browser, page, "?listed#where-it-looks")
    summary = middle(browser, ".look summary", "The highest patches as a table")
    assert summary
    rows = browser.run(
        "[...document.querySelectorAll('.look .listed tbody tr')].map((e) => [...e.children].map((c) => c.textContent))"
    )
    values = [float(row[1].removesuffix(" %")) for row in rows]
    assert len(rows) == 10 and values == sorted(values, reverse=True) and values[0] > 100 / 36
    told = browser.run("document.querySelector('.look .frame').getAttribute('aria-label')")
    assert f"The highest is {rows[0][0]}, with {values[0]:.1f} %" in told


def test_a_view_of_one_class_says_of_which_on_the_page_and_on_paper(browser, page):
    opened(browser, page, "?speaks#where-it-looks?views=gradient_rollout&speaks=star")
    browser.move(2, 2)
    assert " · for star" in browser.until(f"{READS}.includes('for ') && {READS}")
    svg = browser.taken("[data-key=svg0]", ".svg").read_text(encoding="utf-8")
    assert "for star" in svg and "predicted: " in svg
    record = json.loads(browser.taken("[data-key=json0]", ".json").read_text(encoding="utf-8"))
    assert record["view"].endswith("for star")


def test_while_depth_plays_the_readout_is_of_the_layer_that_is_shown(browser, page):
    opened(browser, page, "?play#where-it-looks?views=rollout")
    x, y = browser.place(".look .frame svg")
    browser.move(x + 3, y + 3)
    resting = browser.until(f"{READS}.startsWith('row') && {READS}")
    browser.run("document.querySelector('[data-key=play0]').click()")
    said = []
    for layer in (1, 2):
        said.append(browser.until(f"{READS}.startsWith('layer {layer} of 2 · row ') && {READS}"))
    browser.move(x + 4, y + 3)
    value = browser.run(
        "(async () => { const { mapOf } = await import('/seen.js'); const { ask } = await import('/ask.js');"
        f" const answer = await ask('api/look', {{run: '{SEES}', scene: 'test 0', speaks: null}});"
        " return [1, 2].map((layer) => mapOf(answer, `cls L${layer} Hmean`).values[21]); })()"
    )
    for number, text in zip(value, said, strict=True):
        assert f": {100 * number:.2f} % of the map" in text
    assert resting.split(": ")[1] not in said[0]
    browser.until("document.querySelector('.play').textContent === 'Play depth'")


@pytest.mark.parametrize("view", ["where-it-looks", "then-and-now", "five-steps", "timeline"])
def test_a_file_that_falls_beside_the_box_does_not_take_the_place_of_the_page(browser, page, tmp_path, view):
    path = tmp_path / "photo.png"
    Image.effect_noise((60, 40), 90).save(path)
    opened(browser, page, f"?fall#{view}", "!!document.querySelector('main .view')")
    assert browser.drop(path, "footer")
    assert browser.run("location.protocol") == "http:"
    if view == "where-it-looks":
        browser.until("document.querySelector('.look .frame')?.getAttribute('aria-label')?.startsWith('your picture')")


def test_the_same_file_can_be_chosen_again_after_a_scene(browser, page, tmp_path):
    path = tmp_path / "photo.png"
    Image.effect_noise((60, 40), 90).save(path)
    opened(browser, page, "?again#where-it-looks")
    mine = "document.querySelector('.look .frame')?.getAttribute('aria-label')?.startsWith('your picture')"
    for _ in range(2):
        browser.give("#file", path)
        browser.until(mine)
        browser.click("[data-scene='test 3']")
        browser.until(f"!({mine})")


def test_the_view_uses_the_width_of_the_window(browser, page):
    opened(browser, page, "?wide#where-it-looks")
    boxes = "[...document.querySelectorAll('.look .sides > div')].map((e) => e.getBoundingClientRect())"
    left, right = browser.run(f"[Math.min(...{boxes}.map((b) => b.left)), Math.max(...{boxes}.map((b) => b.right))]")
    assert right - left > 0.75 * browser.run("document.querySelector('.panel').clientWidth")
    opened(browser, page, f"?two#where-it-looks?runs={SEES},{SEES}")
    title, remove, panel = browser.run(
        "['.panel h2', '[data-key=remove0]', '.panel'].map((one) => document.querySelector(one).getBoundingClientRect())"
        ".map((b) => [b.left, b.right])"
    )
    assert remove[0] - title[1] > 50 and panel[1] - remove[1] < 30, "at the edge of its panel"


# --- Timeline ---------------------------------------------------------------------------------------------------------

OPENED = "!!document.querySelector('.timeline .panel svg')"


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_lies_over_anything_in_a_kind_that_is_opened(browser, page, width):
    browser.size(width)
    opened(browser, page, f"?{width}#timeline?kind=location", OPENED)
    boxes = browser.run(
        "[...document.querySelector('.timeline .panel').children].map((e) => e.getBoundingClientRect())"
        ".map((b) => [b.top, b.bottom]).filter(([top, bottom]) => bottom > top)"
    )
    inside = browser.run(
        "[...document.querySelectorAll('.timeline .panel > *')]"
        ".every((e) => e.scrollHeight <= e.clientHeight + 1 || !e.clientHeight)"
    )
    assert len(boxes) > 6 and all(above[1] <= below[0] for above, below in zip(boxes, boxes[1:], strict=False))
    assert inside and browser.run("document.documentElement.scrollWidth") <= width


def test_a_kind_is_read_with_the_arrow_keys_and_as_a_table(browser, page):
    opened(browser, page, "?arrows#timeline?kind=location", OPENED)
    browser.run("document.querySelector('.timeline .frame').focus()")
    browser.press("ArrowDown")
    source, target = FIXED[0].source, FIXED[0].target
    assert browser.run(READS).startswith(f"{target[0]} ← {source[0]}: 0.0 %")
    browser.press("ArrowRight")
    assert browser.run(READS).startswith(f"{target[0]} ← {source[1]}: 100 %")
    browser.press("Escape")
    assert browser.run("document.querySelector('.readout').classList.contains('idle')")
    browser.click(".timeline .panel summary")
    rows = browser.until("document.querySelectorAll('.timeline .listed tbody tr').length")
    assert rows == len(target) + 1


def test_a_kind_is_taken_along_on_white_with_its_names_whatever_the_hour(browser, page):
    browser.size(1280, dark=True)
    opened(browser, page, "?night#timeline?kind=location", OPENED)
    svg = browser.taken("[data-key=svg]", ".svg").read_text(encoding="utf-8")
    assert 'fill="#ffffff"' in svg and "#14181d" not in svg
    for words in ("location (2015)", "Somebody", "s + h", "AER", "solid box"):
        assert words in svg


def test_the_whole_timeline_is_taken_along(browser, page):
    opened(browser, page, "?whole#timeline", "!!document.querySelector('.kinds')")
    svg = browser.taken("[data-key=svgall]", ".svg").read_text(encoding="utf-8")
    for words in ("2014 · additive", "2015 · location", "2016 · intra", "Somebody", "BLEU 50.0", "Elsewhere."):
        assert words in svg
    assert browser.taken("[data-key=pngall]", ".png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    table = json.loads(browser.taken("[data-key=jsonall]", ".json").read_text(encoding="utf-8"))
    assert [row["name"] for row in table["rows"]] == ["additive", "location", "intra"]


# --- All views --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", ["where-it-looks", "timeline?kind=location"])
def test_every_control_of_a_picture_has_a_name_and_is_reached_with_the_tab_key(browser, page, view):
    opened(browser, page, f"?named#{view}", "!!document.querySelector('.panel svg')")
    nodes = browser.send("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "combobox", "link", "application"}
    named = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored")]
    controls = [(role, name) for role, name in named if role in roles]
    assert len(controls) > 12 and all(name for _, name in controls), controls
    browser.run("document.querySelector('main').focus()")
    for _ in range(80):
        browser.press("Tab")
        if browser.run("document.activeElement.classList.contains('frame')"):
            return
    raise AssertionError("the picture is not reached")


def test_without_any_run_every_view_is_there_and_names_its_command(browser, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "none"))
    with serving() as address:
        for view, command in (
            ("then-and-now", "make train-bahdanau"),
            ("where-it-looks", "make train-vit"),
            ("timeline", "make timeline"),
        ):
            browser.open(f"{address}?{view}#{view}")
            assert command in browser.until(
                "document.querySelector('main h2') && document.querySelector('main').innerText"
            )
            assert texts(browser, "nav a") == ["Then and now", "Where it looks", "Five steps", "Timeline"]
            assert browser.run("document.querySelector('nav [aria-current]').dataset.view") == view
        browser.send("Page.navigate", url="about:blank")


# --- How many there are -----------------------------------------------------------------------------------------------


def test_skipped_tests_of_a_browser_are_not_overlooked():
    ours, other = SimpleNamespace(keywords={"browser": 1}), SimpleNamespace(keywords={"slow": 1})
    assert count_tests({"passed": [ours, other, ours], "warnings": [object()]}) == (
        "2 tests drove a real browser.",
        True,
    )
    said, complete = count_tests({"passed": [ours], "skipped": [ours, ours, other]})
    assert "NOT TESTED: 2 tests" in said and "1 ran" in said and not complete
    assert count_tests({"passed": [other], "skipped": [other]}) == ("", True)
