"""Published weights on the page: fetched beside the questions, waited for, lost and found again."""

import io

import pytest
from fake_hub import LAYERS, SIZE, FakeHub
from page_runs import ask, is_alive, serving
from PIL import Image

from reproductions.page.published import SOURCE

BYTES = {"Content-Type": "application/octet-stream"}
QUESTION = {"run": SOURCE, "scene": "test 0"}


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """Torch hub, closed as yet."""
    hub = FakeHub(monkeypatch, tmp_path / "hub")
    yield hub
    hub.open.set()


@pytest.fixture
def server(hub, tmp_path, monkeypatch):
    """The address of a page without any run."""
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    with serving() as address:
        yield address


def patiently(address, body=QUESTION, path="/api/look", headers=None):
    """The first answer that is not "later", asked for as the page does."""
    for _ in range(600):
        status, headed, answer = ask(address, path, body, headers)
        if status != 503:
            return status, answer
        assert float(headed["retry-after"]) > 0
    raise AssertionError("it never came")


def test_the_overview_offers_what_is_published_beside_the_runs(server):
    (offer,) = ask(server, "/api/overview")[2]["published"]
    assert offer["name"] == SOURCE and offer["title"] == "ViT-B/16" and offer["mebibytes"] == 330
    assert offer["fetched"] is False and offer["parameters"] == 86_567_656


def test_nothing_is_fetched_before_it_is_asked_for(server, hub):
    assert is_alive(server) and hub.fetched == 0


def test_while_the_weights_come_the_page_says_later_and_answers_everything_else(server, hub, tmp_path):
    status, headed, answer = ask(server, "/api/look", QUESTION)
    assert status == 503 and headed["retry-after"] == "1"
    assert answer["error"] == "The published weights of ViT-B/16 are being fetched, this once: 0 of 330 MiB."
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / "vit_b_16-c867db91.pth.part").write_bytes(bytes(3 * 2**20))
    assert ask(server, "/api/look", QUESTION)[2]["error"].endswith(" 3 of 330 MiB.")
    assert is_alive(server), "the questions of others do not wait"
    hub.open.set()
    status, answer = patiently(server)
    assert status == 200 and answer["model"].endswith(f", {SOURCE}")
    assert len(answer["classes"]) == 1000 and answer["size"] == [SIZE, SIZE] and answer["layers"] == LAYERS
    assert answer["chosen"] == "gradient_rollout" and sum(answer["probabilities"]) == pytest.approx(1, abs=1e-3)
    photo = io.BytesIO()
    Image.effect_noise((31, 47), 90).save(photo, "PNG")
    status, answer = patiently(server, photo.getvalue(), f"/api/look-at?run={SOURCE}&speaks=tench", BYTES)
    assert status == 200 and answer["asked"] == "tench"
    assert hub.fetched == 1, "once it is here it is kept"


def test_what_could_not_be_fetched_is_said_once_and_tried_again_when_asked_again(server, hub):
    hub.offline = True
    hub.open.set()
    status, answer = patiently(server)
    assert status == 422
    assert answer["error"].startswith("Could not download the weights (Name or service not known)")
    assert is_alive(server)
    hub.offline = False
    assert patiently(server)[0] == 200 and hub.fetched == 2


def test_a_fault_while_they_are_opened_is_no_endless_wait(server, hub, monkeypatch):
    def fails(*_, **__):
        raise MemoryError

    hub.open.set()
    monkeypatch.setattr("reproductions.page.published.pretrained", fails)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    status, answer = patiently(server)
    assert status == 422 and "could not be opened" in answer["error"]


@pytest.mark.parametrize("name", ["torchvision:vit_b_15", "torchvision:vit_l_16", "/etc/passwd", "torchvision:", ""])
def test_no_other_weights_are_fetched_for_a_browser(server, hub, name):
    status, _, answer = ask(server, "/api/look", QUESTION | {"run": name})
    assert status == 422 and "There is no run" in answer["error"] and hub.fetched == 0
