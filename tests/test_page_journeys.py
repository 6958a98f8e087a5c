"""A reader's ways through the page, in a real browser: sentences, five steps, the timeline, and what goes wrong.

Each test is one way from its beginning to its end; it fails where the reader would stop. None may leave a fault on the
console or ask another machine for anything.
"""

import json

import pytest
from page_runs import LUONG, NOW, RUNG, SEES, SENTENCE, THEN, ask, weights_of
from reader import PICTURES, STAGE, Reader

from data.accord import FIXED
from data.words import printed
from reproductions.evaluation.measures.alignment import alignment_error_rate
from reproductions.evaluation.records.translation import AlignedTranslation

PAIR = f"then-and-now?runs={THEN},{NOW}"
SHOWN = "[...document.querySelectorAll('.panel')].map((e) => e.dataset.run)"
LEFT, RIGHT = ".panel:first-child", ".panel:last-child"
LOST = ".lost:not([hidden])"
BOLD = "text[font-weight='700']"
UNKNOWN = ".unknown:not([hidden])"
WORDS = "document.querySelector('.frame').getAttribute('aria-label')"


def test_a_reader_translates_a_sentence(reader: Reader) -> None:
    reader.open()
    assert reader.run(SHOWN) == [THEN, NOW], "the pair: trained to the end, with attention, in its paper's own folder"
    assert reader.texts(".panel h2") == ["RNNsearch 2014", "Transformer 2017"]
    tops = reader.run("[...document.querySelectorAll('.frame')].map((e) => e.getBoundingClientRect().top)")
    assert tops[0] == pytest.approx(tops[1], abs=1), "both pictures begin at one height"
    assert reader.values("#sentence") == [SENTENCE], "the first of the fixed sentences"
    loaded = reader.run("performance.getEntriesByType('resource').map((e) => [e.name, e.decodedBodySize])")
    asked = [name for name, _ in loaded if not name.endswith(".js")]
    assert len(asked) <= 7, f"the style, the overview, of each model its translation and the shared target: {asked}"
    assert len(loaded) <= 33 and sum(size for _, size in loaded) < 400_000, "the first view is few and small requests"

    reader.enter("#sentence", "The new treaty was signed.")
    reader.until(f"{WORDS}.includes('by 7 source words')")
    assert "s=The+new+treaty" in reader.link, "the link names the sentence"
    assert reader.texts(UNKNOWN) == [], "all of its words are known"
    assert reader.attribute("[data-value=own]", "aria-pressed") == "true", (
        "of a sentence without a reference each writes its own"
    )
    reader.click("[data-value=typed]")
    reader.enter("#target", "Le nouveau traité")
    reader.until(f"{WORDS}.includes(': 4 target words')")
    assert "over=typed" in reader.link, "the link says that the target was typed"

    there = reader.link
    reader.click("[data-view=five-steps]")
    reader.until(STAGE)
    reader.focus_on("[data-view=then-and-now]")
    reader.press("Enter")
    reader.until(PICTURES)
    assert reader.link == there and reader.values("#sentence") == ["The new treaty was signed."], "the tab leads back"
    assert reader.run("document.activeElement.dataset.view") == "then-and-now", "the tab keeps the focus"

    reader.enter("#sentence", "<img src=x onerror=window.hit=1> <b>bold</b> <script>window.hit=1</script> treaty")
    reader.until("[...document.querySelectorAll('.frame text')].some((t) => t.textContent === 'onerror')")
    reader.until(f"document.querySelector('{UNKNOWN}')?.textContent.includes('The model does not know: <, img, src')")
    made = "[window.hit ?? null, document.querySelectorAll('main img, main b, main script').length]"
    assert reader.run(made) == [None, 0], "markup is text"


def test_what_is_being_typed_is_taken_before_anything_else_happens(reader: Reader) -> None:
    reader.open(PAIR)
    reader.type_keys("#sentence", "The dog sleeps.")
    reader.click("[data-value='links']")
    reader.until("location.hash.includes('s=The+dog+sleeps.') && location.hash.includes('show=links')")
    assert reader.values("#sentence") == ["The dog sleeps."]
    reader.type_keys("#sentence", "The man sleeps.")
    reader.click("[data-view=five-steps]")
    reader.until("location.hash.startsWith('#five-steps')")
    reader.run("new Promise((wake) => setTimeout(wake, 900))")
    assert "sleeps" not in reader.link
    reader.click("[data-view=then-and-now]")
    reader.until("document.querySelector('#sentence')?.value === 'The man sleeps.'")


def test_a_reader_compares_views(reader: Reader) -> None:
    reader.open(f"{PAIR}&heads=1")
    reader.point_at(".panel .frame svg")
    then, now = reader.texts(".readout")
    assert then.split(":")[0] == now.split(":")[0] and "←" in then and "%" in then, "one cell is read in both"
    reader.click("[data-number=aer] .term")
    assert "Och and Ney" in reader.text(".meaning"), "a number is explained on a tap"
    reader.click("[data-number=entropy] .term")
    assert ["0 is one word" in text for text in reader.texts(".meaning")] == [True], "one at a time"
    reader.click("[data-number=entropy] .term")
    assert reader.texts(".meaning") == []
    reader.point_at(".panel .frame svg")
    bold = [reader.texts(f"{panel} {BOLD}") for panel in (LEFT, RIGHT)]
    assert len(bold[0]) == 2 and bold[0] == bold[1], "its row and its column are set off in both"
    edges = reader.run(
        f"[...document.querySelectorAll('.frame svg')].flatMap((s) => [...s.querySelectorAll(\"{BOLD}\")]"
        ".map((e) => e.getBoundingClientRect().left - s.getBoundingClientRect().left))"
    )
    assert min(edges) >= 0, "a word that is set off is not cut"
    reader.point_away()
    reader.until("document.querySelectorAll('.readout.idle').length === 2")

    source, target = FIXED[0].source, FIXED[0].target
    once = [word for word in source[:-1] if source.count(word) == 1 and word not in target]
    for word in once:
        reader.point_at(f"{RIGHT} .frame svg text", word)
        assert reader.text(f"{RIGHT} .readout").startswith(f"{word} → "), "a slanted word is under the pointer"
    assert len(once) > 5

    question = {"run": NOW, "text": SENTENCE, "target": reader.values("#target")[0]}
    weights = reader.run(
        "(async () => { const { aligned } = await import('/aligned.js'); const { align } = await import('/backend.js');"
        f" return aligned(await align({json.dumps(question)}), '').weights.map((row) => [...row]); }})()"
    )
    answer = ask(reader.address, "/api/align", question)[2]
    sent = weights_of(answer)[answer["views"].index(answer["chosen"])]
    assert weights == pytest.approx(sent, abs=1e-6), "what is drawn is what the server sent"
    assert all(sum(row) == pytest.approx(1, abs=2e-3) for row in weights)
    reader.focus_on(f"{RIGHT} .frame")
    reader.press("Escape", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight")
    weight = weights[2][2]
    percent = f"{100 * weight:.{0 if weight >= 0.0995 else 1}f} %"
    assert reader.text(f"{RIGHT} .readout").startswith(f"{target[2]} ← {source[2]}: {percent}"), (
        "by the arrow keys, too"
    )

    reader.click(".heads tbody tr:nth-child(2) td:nth-child(2) button")
    reader.until("location.hash.includes('L2+H1')")
    aer = reader.text(".heads button[aria-pressed=true]")
    named = reader.attribute(".heads button[aria-pressed=true]", "aria-label")
    assert aer.isdecimal() and named == f"layer 2, head 1: AER {aer} %" and "in %" in reader.text(".heads summary")
    shown = reader.text(f"{RIGHT} [data-number=aer] dd")
    assert float(shown.removesuffix(" %")) == pytest.approx(float(aer), abs=0.6), "the table of heads chooses the view"

    reader.open(f"then-and-now?runs={LUONG}")
    assert reader.texts(".panel h2") == ["RNNsearch 2014 · attention: Luong, Pham and Manning 2015"]
    groups = reader.run("[...document.querySelectorAll('[data-key=run0] optgroup')].map((e) => e.label)")
    assert any(label.endswith("attention: Luong, Pham and Manning 2015") for label in groups), (
        "by the mechanism's paper"
    )
    assert "RNNsearch (2014) · Bahdanau, Cho and Bengio" in groups
    assert RUNG in reader.values("[data-key=run0] option"), "a rung of the ladder can be chosen"


def test_a_reader_follows_links_and_gold(reader: Reader) -> None:
    for kind in ("map", "links"):
        reader.open(f"{PAIR}&show={kind}")
        legend = " ".join(reader.texts(".legend .entry"))
        svg = reader.download("[data-key=svg1]", ".svg")
        for words in ("cross", "solid box", "dot"):
            assert (words in svg) == (kind == "map"), f"the legend on paper is of the {kind}: {words}"
        assert ("thicker" in svg) == ("thicker" in legend) == (kind == "links")
        assert ("elsewhere" in legend) == (kind == "map")

    reader.point_at(f"{RIGHT} .frame svg text", "European")
    assert reader.text(f"{RIGHT} .readout").startswith("European → "), "a source word gives its lines"
    reader.point_at(f"{RIGHT} .frame svg text", "zone")
    assert reader.text(f"{RIGHT} .readout").startswith("zone ← "), "a target word gives its lines"
    reader.browser.move(*reader.run(
        "(() => { const all = [...document.querySelectorAll('.panel:last-child .frame [stroke-linecap] path')];"
        " const thick = (path) => Number(path.getAttribute('stroke-width'));"
        " const path = all.reduce((a, b) => (thick(a) >= thick(b) ? a : b));"
        " path.scrollIntoView({block: 'center'}); const at = path.getPointAtLength(path.getTotalLength() / 2);"
        " const box = path.ownerSVGElement.getBoundingClientRect(); return [box.x + at.x, box.y + at.y]; })()"
    ))  # fmt: skip
    said = reader.text(f"{RIGHT} .readout:not(.idle)")
    assert "←" in said and "%" in said and ": " in said, (
        "a line gives a target word, a source word and the weight between"
    )
    assert len(reader.texts(f"{RIGHT} {BOLD}")) == 2

    reader.open()
    assert all("AER" in text for text in reader.texts(".numbers"))
    boxes = reader.run("document.querySelectorAll('.panel rect[rx]').length")
    assert boxes == 2 * 2 * len(FIXED[0].links.possible), "gold: a box and its edge for each link, in both pictures"
    reader.point_at(".panel rect[rx][stroke-dasharray]")
    reader.until("document.querySelector('.readout').textContent.endsWith(' · possible link')")

    reader.choose(f"{RIGHT} select[data-key^=layer]", "2")
    reader.click("[data-value='links']")
    reader.until("document.querySelectorAll('.frame path').length > 20 && location.hash.includes('L2')")
    link, numbers = reader.link, reader.texts(".numbers")
    assert "show=links" in link and "views=%2CL2" in link
    reader.open(link)
    assert reader.texts(".numbers") == numbers, "a link brings back what was shown"
    assert reader.values(f"{RIGHT} select[data-key^=layer]") == ["2"]


def test_a_reader_takes_records_and_pictures_along(reader: Reader) -> None:
    reader.open()
    then, now = (
        AlignedTranslation.from_json(json.loads(reader.download(f"[data-key=json{i}]", ".json"))) for i in (0, 1)
    )
    assert now.source == (*FIXED[0].source, "</s>") and now.gold == FIXED[0].links and now.forced
    aer = f"{100 * alignment_error_rate([then]).aer:.1f} %"
    assert reader.text("[data-number=aer] dd") == aer, "the page says what the record measures"
    svg = reader.download("[data-key=svg0]", ".svg")
    assert svg.startswith("<svg") and "RNNsearch" in svg and "step 7" in svg and "href" not in svg
    assert f">wrong links (AER) {aer} · spread" in svg, "so does the picture"
    assert now.target[0] == "L'" and ">L’<" in svg, "a picture is printed as French is, a record keeps the corpus"
    raw = "L'un dit : \"oui !\" ; n'est-ce pas ?"
    shown, copied = reader.run(
        f"(async () => {{ const {{ printed, copyRaw }} = await import('/french.js'); const raw = {json.dumps(raw)};"
        " const here = document.querySelector('.answer q'); here.textContent = printed(raw, 'fr');"
        " here.addEventListener('copy', (event) => { event.stopPropagation(); copyRaw(event, raw, 'fr'); });"
        " const copies = [here, here.firstChild].map((node, i) => { getSelection().setBaseAndExtent(node, 0, node, i ? 9 : 1);"
        " const event = new ClipboardEvent('copy', { clipboardData: new DataTransfer(), cancelable: true });"
        " here.dispatchEvent(event); return event.clipboardData.getData('text/plain'); });"
        " return [here.textContent, copies]; })()"
    )
    assert shown == printed(raw, "fr"), "as the project prints it elsewhere"
    assert copied == [raw, raw[:9]], "what is copied is what the model wrote"
    assert reader.downloads_picture("[data-key=png0]")
    reader.run("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    reader.click("#copy")
    assert reader.until("document.activeElement.value") == reader.run("location.href"), "without a clipboard, in a box"
    assert reader.run("document.activeElement.selectionEnd > 20"), "it is selected, to be copied"


def test_a_reader_is_told_what_went_wrong(reader: Reader) -> None:
    reader.open(PAIR)
    reader.run("document.querySelector('#sentence').removeAttribute('maxlength')")
    reader.enter("#sentence", "word " * 101)
    assert "at most 100" in reader.text("#trouble:not([hidden])")
    assert reader.run("document.querySelector('.panels').offsetParent") is None, "no picture looks like its answer"
    assert reader.texts(".status") == [""]
    reader.enter("#sentence", "The treaty was signed.")
    reader.until(f"{PICTURES} && document.querySelector('.panels').offsetParent !== null")

    reader.browser.offline(True)
    reader.expected.append("ERR_INTERNET_DISCONNECTED")
    reader.click("[data-value='links']")
    reader.until("document.querySelectorAll('.frame path').length > 20")
    reader.enter("#sentence", "Nobody answers.")
    assert "server does not answer" in reader.text(".panel .problem"), "what was asked before still works offline"
    reader.browser.offline(False)

    reader.open(f"then-and-now?runs=no/such/run,{NOW}&views=L1+H1+shift0,L9+H9+shift0")
    said = reader.text(LOST)
    assert "no/such/run" in said and "L9 H9 shift0" in said and reader.run(SHOWN) == [NOW], "a link to what is gone"
    reader.open(f"{PAIR}&views=,L2+H1+shift0")
    assert reader.texts(LOST) == []
    reader.open(f"where-it-looks?runs=no/such/run,{SEES}&views=,cls+L7+H1")
    said = " ".join(reader.texts(LOST))
    assert "no/such/run" in said and "cls L7 H1" in said
    reader.open("timeline?kind=telepathy", "!!document.querySelector('.kinds')")
    assert "telepathy" in reader.text(LOST)
    reader.open("crystal-ball")
    assert "crystal-ball" in reader.text(".notice")
