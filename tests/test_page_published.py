"""Published weights on the page: fetched beside the questions, waited for, lost and found again; and looked with in a browser."""

import json
import re

import pytest
from chromium import Browser, installed
from fake_hub import LAYERS, SIZE, FakeHub
from page_runs import serving, write_classifier
from test_page import alive, ask
from test_page_looks import BYTES, picture

from reproductions.page.published import SOURCE

QUESTION = {"run": SOURCE, "scene": "test 0"}


@pytest.fixture
def hub(monkeypatch):
    """Torch hub, closed as yet."""
    hub = FakeHub()
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", hub)
    yield hub
    hub.open.set()


@pytest.fixture
def page(hub, tmp_path, monkeypatch):
    """The address of a page without any run."""
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setattr("torch.hub._hub_dir", str(tmp_path / "hub"))
    with serving() as address:
        yield address


def patiently(address, body=QUESTION, path="/api/look", headers=None):
    """The first answer that is not "later", asked for as the page does."""
    for _ in range(600):
        status, told, answer = ask(address, path, body, headers)
        if status != 503:
            return status, answer
        assert float(told["retry-after"]) > 0
    raise AssertionError("it never came")


def test_the_overview_offers_what_is_published_beside_the_runs(page):
    (offer,) = ask(page, "/api/overview")[2]["published"]
    assert offer["name"] == SOURCE and offer["title"] == "ViT-B/16" and offer["mebibytes"] == 330
    assert offer["fetched"] is False and offer["parameters"] == 86_567_656


def test_nothing_is_fetched_before_it_is_asked_for(page, hub):
    assert alive(page) and hub.fetched == 0


def test_while_the_weights_come_the_page_says_later_and_answers_everything_else(page, hub, tmp_path):
    status, told, answer = ask(page, "/api/look", QUESTION)
    assert status == 503 and told["retry-after"] == "1"
    assert answer["error"] == "The published weights of ViT-B/16 are being fetched, this once: 0 of 330 MiB."
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / "vit_b_16-c867db91.pth.0a1b.partial").write_bytes(bytes(3 * 2**20))
    assert ask(page, "/api/look", QUESTION)[2]["error"].endswith(" 3 of 330 MiB.")
    assert alive(page), "the questions of others do not wait"
    hub.open.set()
    status, answer = patiently(page)
    assert status == 200 and answer["model"].endswith(f", {SOURCE}")
    assert len(answer["classes"]) == 1000 and answer["size"] == [SIZE, SIZE] and answer["layers"] == LAYERS
    assert answer["chosen"] == "gradient_rollout" and sum(answer["probabilities"]) == pytest.approx(1, abs=1e-3)
    status, answer = patiently(page, picture(), f"/api/look-at?run={SOURCE}&speaks=tench", BYTES)
    assert status == 200 and answer["asked"] == "tench"
    assert hub.fetched == 1, "once it is here it is kept"


def test_what_could_not_be_fetched_is_said_once_and_tried_again_when_asked_again(page, hub):
    hub.offline = True
    hub.open.set()
    status, answer = patiently(page)
    assert status == 422
    assert re.search(
        r"could not be downloaded \(.*Name or service not known.*\): fetch https://\S+ on", answer["error"]
    )
    assert alive(page)
    hub.offline = False
    assert patiently(page)[0] == 200 and hub.fetched == 2


def test_a_fault_while_they_are_opened_is_no_endless_wait(page, hub, monkeypatch):
    def fails(*_, **__):
        raise MemoryError

    hub.open.set()
    monkeypatch.setattr("reproductions.page.published.pretrained", fails)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    status, answer = patiently(page)
    assert status == 422 and "could not be opened" in answer["error"]


@pytest.mark.parametrize("name", ["torchvision:vit_b_15", "torchvision:vit_l_16", "/etc/passwd", "torchvision:", ""])
def test_no_other_weights_are_fetched_for_a_browser(page, hub, name):
    status, _, answer = ask(page, "/api/look", QUESTION | {"run": name})
    assert status == 422 and "There is no run" in answer["error"] and hub.fetched == 0


# --- In a real browser ------------------------------------------------------------------------------------------------

MAPS = "!!document.querySelector('.look .frame svg') && document.querySelector('.view').getAttribute('aria-busy') === 'false'"
WAITS = "document.querySelector('.waiting p')?.textContent"
FOCUS = "document.activeElement.dataset.key ?? document.activeElement.id"


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    if installed() is None:
        pytest.skip("no Chromium on this machine")
    window = Browser(str(installed()), tmp_path_factory.mktemp("published"))
    try:
        yield window
    finally:
        window.close()


@pytest.fixture
def browser(window, page):
    """A wide and light window; what its page asks for lies on this machine, and its console complains of "later" alone."""
    window.size(1280)
    window.faults.clear()
    window.requests.clear()
    yield window
    window.send("Page.navigate", url="about:blank")
    assert [fault for fault in window.faults if not re.search(r"status of (503|422)", fault)] == []
    assert [url for url in window.requests if not url.startswith((page, "data:", "blob:", "about:"))] == []


def chosen(browser, page):
    """The view without a classifier, where the button for published weights was pressed."""
    browser.open(page + "#where-it-looks")
    browser.until("!!document.querySelector('[data-key=published]')")
    browser.run("document.querySelector('[data-key=published]').focus()")
    browser.press("Enter")


def test_without_a_classifier_the_view_offers_a_command_and_weights_and_the_weights_end_in_maps(
    browser, page, hub, tmp_path
):
    browser.open(page)
    browser.until("!!document.querySelector('nav a[href=\"#where-it-looks\"]')")
    browser.click("nav a[href='#where-it-looks']")
    said = browser.until("document.querySelector('.looks .missing')?.textContent")
    assert "No classifier is trained yet" in said and "make train-vit" in said and "330 MiB" in said
    assert browser.run("document.querySelector('.drop').offsetParent === null"), "there is nothing to drop it on yet"
    assert hub.fetched == 0
    chosen(browser, page)
    assert "being fetched" in browser.until(WAITS)
    assert browser.run(FOCUS) == "file", "what is needed next has the focus"
    assert browser.run("document.querySelector('.status[aria-live]').textContent") == "Waiting for ViT-B/16."
    assert browser.run("document.querySelector('.view').getAttribute('aria-busy')") == "false"
    path = tmp_path / "photo.png"
    path.write_bytes(picture(size=(90, 60)))
    browser.give("#file", path)
    hub.open.set()
    browser.until(MAPS)
    assert browser.run("document.querySelector('.look h2').textContent") == "ViT-B/16 2021"
    assert browser.run("document.querySelector('.look .frame').getAttribute('aria-label')").startswith("your picture")
    assert len(browser.run("[...document.querySelectorAll('.classes li')].map((e) => e.textContent)")) == 5
    browser.size(390)
    browser.until("document.documentElement.scrollWidth <= 390", 5)


def test_waiting_can_be_left_and_taken_up_again(browser, page, hub):
    chosen(browser, page)
    browser.until(WAITS)
    browser.click("[data-key=wait0]")
    browser.until("location.hash === '#where-it-looks' && !document.querySelector('.waiting')")
    assert browser.run(FOCUS) == "published"
    browser.press("Enter")
    browser.until(WAITS)
    browser.click("nav a[href='#five-steps']")
    browser.until("!!document.querySelector('.stage table')")
    hub.open.set()
    browser.run("history.back()")
    browser.until(MAPS)
    assert hub.fetched == 1


def test_a_failed_download_is_told_and_tried_again_from_the_page(browser, page, hub):
    hub.offline = True
    hub.open.set()
    chosen(browser, page)
    assert "could not be downloaded" in browser.until(
        "document.querySelector('.look .problem[role=alert]')?.textContent"
    )
    hub.offline = False
    browser.run("document.querySelector('[data-key=wait0]').focus()")
    browser.press("Enter")
    browser.until(MAPS)


def test_published_weights_stand_beside_a_trained_run_which_does_not_wait_for_them(browser, page, hub, tmp_path):
    chosen(browser, page)
    browser.until(WAITS)
    browser.click("[data-key=wait0]")
    write_classifier(tmp_path / "runs", "20260105-000000-000000")
    browser.until(MAPS, 30)  # by itself
    browser.click(f"[data-key={json.dumps(f'add {SOURCE}')}]")
    browser.until(WAITS)
    assert browser.run("document.querySelectorAll('.look .frame svg').length") == 1
    hub.open.set()
    browser.until("document.querySelectorAll('.look .frame svg').length === 2")
    options = browser.run("[...document.querySelectorAll('[data-key=run0] option')].map((e) => e.value)")
    assert options[-1] == SOURCE and len(options) == 2
