"""What the page's server refuses, each in one sentence, and stays alive: requests, checkpoints, folders, links, timelines."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from page_runs import NOW, SEES, SENTENCE, THEN, ask, is_alive

from reproductions.page import turns
from reproductions.page.request import TEXT_LETTERS, TEXT_WORDS

GOOD, BAD = "bahdanau2014/accord/good", "transformer2017/accord/bad"
BYTES = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True)
class Refused:
    """A request, the status of its answer, and words of the sentence in it."""

    path: str
    body: dict[str, Any] | bytes | None
    status: int | tuple[int, ...]
    says: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    method: str | None = None


def sentence(text: Any, says: str, status: int = 422, run: str | None = NOW, **more: Any) -> Refused:
    return Refused("/api/align", {"run": run, "text": text, **more}, status, says)


def no_json(content: bytes, status: int, kind: str = "application/json") -> Refused:
    return Refused("/api/align", content, status, headers=(("Content-Type", kind),))


def scene(name: str | None) -> Refused:
    return Refused("/api/look", {"run": SEES, "scene": name}, 422, "no scene")


def missing(path: str) -> Refused:
    return Refused(path, None, tuple(range(400, 500)))


REFUSED = {
    "empty": sentence("", "empty"),
    "white": sentence(" \n\t ", "empty"),
    "body too large": sentence("word " * 100_000, f"{TEXT_LETTERS:,} characters", 413),
    "too long": sentence("a" * (TEXT_LETTERS + 1), f"{TEXT_LETTERS + 1:,} characters"),
    "too many words": sentence("a " * (TEXT_WORDS + 1), f"at most {TEXT_WORDS}"),
    "null character": sentence("a \x00 b", "U+0000"),
    "bell": sentence("bell \x07", "U+0007, at position 6"),
    "surrogate": sentence("\ud800", "U+D800"),
    "escape in the target": sentence(SENTENCE, "target holds", target="b \x1b[2J"),
    "number": sentence(7, "must be of the type str"),
    "unknown field": sentence(SENTENCE, "fields run, text, target", targets=""),
    "no run": sentence(SENTENCE, "no run", run=None),
    "unknown run": sentence(SENTENCE, "no run", run="nobody/knows/this"),
    "run above": sentence(SENTENCE, "no run", run=f"../{NOW}"),
    "file": sentence(SENTENCE, "no run", run="/etc/passwd"),
    "run and above": sentence(SENTENCE, "no run", run=f"{NOW}/../../../../../etc"),
    "run and null": sentence(SENTENCE, "no run", run=f"{NOW}\x00"),
    "a run of images": sentence(SENTENCE, "vit2021, which classifies images: choose one that translates", run=SEES),
    "cut JSON": no_json(b"{", 400),
    "deep JSON": no_json(b"[" * 60_000, 400),
    "no UTF-8": no_json(b"\xff\xfe", 400),
    "a list": no_json(b"[]", 422),
    "JSON as text": no_json(b'{"run": "a", "text": "b"}', 415, "text/plain"),
    "a form": no_json(b"run=a&text=b", 415, "application/x-www-form-urlencoded"),
    "a translator": Refused("/api/look", {"run": THEN, "scene": "test 0"}, 422, "choose one that classifies images"),
    "unknown class": Refused("/api/look", {"run": SEES, "scene": "two 1", "speaks": "zebra"}, 422, "zebra"),
    "scene -1": scene("test -1"),
    "scene 99": scene("test 99"),
    "scene of the training": scene("train 0"),
    "scene above": scene("../x"),
    "scene and null": scene("test 0\x00"),
    "scene squared": scene("test ²"),
    "no scene": scene(None),
    "run above, picture": Refused(f"/api/look-at?run={quote('../../etc')}", b"GIF8", 422, "no run", tuple(BYTES.items())),
    "picture as a picture": Refused(f"/api/look-at?run={SEES}", b"GIF8", 415, headers=(("Content-Type", "image/png"),)),
    **{f"path {path}": missing(path) for path in (
        "/../server.py", "/%2e%2e/server.py", "/..%2fserver.py", "/static/../../server.py", "//etc/passwd", "/nothing", "/%00",
        "/....//server.py", "/api/nothing")},
    "GET": Refused("/api/align", None, (404, 405)),
    "DELETE": Refused("/api/overview", None, 405, method="DELETE"),
    "another host": Refused("/api/overview", None, 400, headers=(("Host", "rebound.example"),)),
}  # fmt: skip


@pytest.mark.parametrize("asked", REFUSED.values(), ids=REFUSED)
def test_a_request_is_refused_in_one_sentence(page: tuple[str, Path], asked: Refused) -> None:
    status, _, answer = ask(page[0], asked.path, asked.body, dict(asked.headers), asked.method)
    statuses = (asked.status,) if isinstance(asked.status, int) else asked.status
    sentence = answer["error"] if isinstance(answer, dict) else answer
    assert status in statuses and sentence and asked.says in sentence, (status, answer)
    assert "import" not in sentence and "Traceback" not in sentence
    assert is_alive(page[0])


def test_another_name_of_this_machine_is_answered(page: tuple[str, Path]) -> None:
    assert ask(page[0], "/api/overview", headers={"Host": "localhost:1"})[0] == 200


def test_more_than_may_wait_are_sent_away(page: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PLACES", 0)
    status, headers, answer = ask(page[0], "/api/overview")
    assert status == 429 and headers["retry-after"] and "busy" in answer["error"]


# --- Bodies that announce what they are not -----------------------------------------------------------------------------

HEAD = b"POST /api/align HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def connection(address: str) -> socket.socket:
    host = urlsplit(address)
    assert host.hostname and host.port
    return socket.create_connection((host.hostname, host.port), timeout=20)


@pytest.mark.parametrize(("length", "piece"), [
    (b"Content-Length: 104857600\r\n\r\n", b""),
    (b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 0x10000 + b"\r\n"),
], ids=["announced", "in pieces"])  # fmt: skip
def test_a_body_is_counted_not_believed(page: tuple[str, Path], length: bytes, piece: bytes) -> None:
    """100 MB announced, or sent in pieces without saying how many, end early with 413."""
    with connection(page[0]) as raw:
        raw.sendall(HEAD + length)
        try:
            for _ in range(100):
                raw.sendall(piece)
        except OSError:
            pass  # the server has closed the connection in the middle, as it should
        try:
            assert raw.recv(4096).startswith(b"HTTP/1.1 413 ")
        except ConnectionResetError:
            assert piece, "an announced length needs no reset"
    assert is_alive(page[0])


def test_an_upload_that_breaks_off_leaves_the_server_alive(page: tuple[str, Path]) -> None:
    for _ in range(5):
        with connection(page[0]) as raw:
            raw.sendall(HEAD + b"Content-Length: 500\r\n\r\n{")
    assert is_alive(page[0])
