"""The page under hostile use: what it refuses, whom it disconnects, and that an honest client is answered meanwhile.

A stub stands for the models: what is claimed here is claimed of the server.
"""

import asyncio
import http.client
import io
import json
import resource
import socket
import struct
import threading
import time
import zlib
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest
from page_runs import serving, write_classifier
from PIL import Image
from starlette.exceptions import HTTPException

from data.errors import UserError
from data.sources.image_files import LONGEST_SIDE, read_image
from reproductions.__main__ import run as command
from reproductions.page import connections, guard, server, turns
from reproductions.page.images import uploaded

WORK = 0.02  # seconds that the stub takes for a question
POLICY = guard.HEADERS[b"content-security-policy"].decode()


@pytest.fixture
def address(monkeypatch):
    """The address of a page whose models are a stub that sleeps."""

    def slow(*_):
        time.sleep(WORK)
        return b'{"answered": true}'

    monkeypatch.setattr(server.Desk, "align", slow)
    monkeypatch.setattr(connections, "CHECK", 0.05)
    with serving() as address:
        yield address


def ask(address, text="The house.", headers=()):
    """(status, headers, answer, seconds) of one question to the stub."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    try:
        body = json.dumps({"run": "any", "text": text})
        connection.request("POST", "/api/align", body, {"Content-Type": "application/json", **dict(headers)})
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read()), time.monotonic() - began
    finally:
        connection.close()


def connect(address):
    place = urlsplit(address)
    return socket.create_connection((place.hostname, place.port), timeout=10)


def send(address, content):
    """(status, headers in lower case, body) of what the page answers to these bytes; it must close the connection."""
    with connect(address) as raw:
        raw.sendall(content)
        answer = http.client.HTTPResponse(raw)
        answer.begin()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()


def png(width, height, rows=1):
    """A PNG of 1 bit per pixel that claims this size, and holds the first of ``rows`` equal parts of its rows."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    pixels = zlib.compress(b"\0" * ((width // 8 + 1) * max(1, height // rows)), 9)
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


# --- Pictures ---------------------------------------------------------------------------------------------------------

LONG = {"1 x 40,000,000": (1, 40_000_000), "39,999,999 x 1": (39_999_999, 1)}


@pytest.mark.parametrize("size", LONG.values(), ids=LONG)
def test_a_long_thin_picture_is_refused_before_it_is_decoded(size):
    content = png(*size, rows=40)
    peak, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(UserError, match=f"The picture has .* pixels, more than {LONGEST_SIDE:,} on one side: make it"):
        read_image(io.BytesIO(content), "The picture", 224)
    assert time.monotonic() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 50 * 1024, "KiB"


@pytest.mark.parametrize("size", [(LONGEST_SIDE, 1), (1, LONGEST_SIDE), (LONGEST_SIDE, 2_000)])
def test_a_picture_with_the_longest_side_is_read_within_a_second(size):
    began = time.process_time()
    assert read_image(io.BytesIO(png(*size)), "The picture").size == size
    assert time.process_time() - began < 1


def test_the_page_takes_fewer_pixels_of_webp_whose_decoder_holds_four_copies():
    file = io.BytesIO()
    Image.new("RGB", (4001, 4000)).save(file, "WEBP", method=0, quality=1)
    with pytest.raises(UserError, match="The picture has 4,001 x 4,000 pixels, more than 16,000,000: make it smaller."):
        uploaded(file.getvalue(), 24)


def test_the_page_and_the_commands_refuse_it_in_the_same_sentence(address, tmp_path, monkeypatch, capsys):
    write_classifier(tmp_path / "runs", "seen")
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    status, _, answer = upload(address, png(LONGEST_SIDE + 1, 1))
    assert status == 422
    path = tmp_path / "long.png"
    path.write_bytes(png(LONGEST_SIDE + 1, 1))
    with pytest.raises(UserError) as refused:
        read_image(path)
    assert json.loads(answer)["error"].removeprefix("The picture") == str(refused.value).removeprefix(str(path))
    assert command(["look", str(path)]) == 2
    assert f"more than {LONGEST_SIDE:,} on one side" in capsys.readouterr().err


def upload(address, content):
    head = (
        f"POST /api/look-at?run=vit2021/shapes/seen HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n"
    )
    return send(address, f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content)


@pytest.mark.parametrize("bound", ["BODY_BYTES", "BODY_BYTES_EACH"])
def test_the_bodies_in_memory_are_bounded(address, monkeypatch, bound):
    monkeypatch.setattr(guard, bound, 150_000)
    head = b"POST /api/look-at HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
    with connect(address) as held:
        held.sendall(head + b"Content-Length: 110000\r\n\r\n" + b"x" * 100_000)
        time.sleep(0.2)
        status, headers, answer = upload(address, b"x" * 60_000)
        assert status == 429 and headers["retry-after"] and "too much" in json.loads(answer)["error"]
    time.sleep(0.2)
    assert upload(address, b"x" * 60_000)[0] == 422, "there is room again once the other one has left"


# --- Requests ---------------------------------------------------------------------------------------------------------

LINE, HOST = b"GET /api/overview HTTP/1.1\r\n", b"Host: localhost\r\n"
HOSTILE = {
    "no HTTP": (b"\x16\x03\x01\x02\0\r\n\r\n", 400, "not valid HTTP"),
    "no version": (b"GET /\r\n\r\n", 400, "not valid HTTP"),
    "no host": (LINE + b"\r\n", 400, "not valid HTTP"),
    "two hosts": (LINE + HOST + HOST + b"\r\n", 400, "not valid HTTP"),
    "header without a name": (LINE + HOST + b": a\r\n\r\n", 400, "not valid HTTP"),
    "folded line": (LINE + b" Host: localhost\r\n\r\n", 400, "not valid HTTP"),
    "NUL in a header": (LINE + HOST + b"A: \0\r\n\r\n", 400, "not valid HTTP"),
    "two lengths": (LINE + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "not valid HTTP"),
    "negative length": (LINE + HOST + b"Content-Length: -1\r\n\r\n", 400, "not valid HTTP"),
    "unknown coding": (LINE + HOST + b"Transfer-Encoding: rot13\r\n\r\n", 400, "not valid HTTP"),
    "endless header": (LINE + HOST + b"A: " + b"a" * 100_000, 400, "not valid HTTP"),
    "long header": (LINE + HOST + b"A: " + b"a" * 17_000 + b"\r\n\r\n", 431, "at most 100, of 16 KiB"),
    "many headers": (LINE + HOST + b"A: b\r\n" * 101 + b"\r\n", 431, "at most 100, of 16 KiB"),
    "foreign host": (LINE + b"Host: rebound.example\r\n\r\n", 400, "Invalid host"),
    "upgrade": (b"POST" + LINE[3:] + HOST + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", 405, "Method Not"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "status", "says"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_request_is_refused_in_a_sentence_with_the_headers_of_every_answer(address, content, status, says):
    answered, headers, body = send(address, content)
    assert answered == status and says in body
    for name, value in guard.HEADERS.items():
        assert headers[name.decode()] == value.decode()
    assert ask(address)[0] == 200


def test_a_fault_of_the_page_is_answered_with_these_headers_too(address, monkeypatch, caplog):
    monkeypatch.setattr(server.Desk, "align", lambda *_: 1 / 0)
    status, headers, answer, _ = ask(address)
    assert status == 500 and headers["content-security-policy"] == POLICY and "Traceback" not in str(answer)


# --- Connections ------------------------------------------------------------------------------------------------------

POST = b"POST /api/align HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
SLOW = {
    "says nothing": (b"", b""),
    "half of its headers": (LINE + b"Host: loc", b"HTTP/1.1 408"),
    "half of its body": (POST + b'{"run"', b"HTTP/1.1 408"),
    "idle after an answer": (LINE.replace(b"overview", b"nothing") + HOST + b"\r\n", b"HTTP/1.1 404"),
    "a body that nobody reads": (POST.replace(b"align", b"nothing") + b"{", b"HTTP/1.1 405"),
    "a second request, half": (POST.replace(b"100", b"1") + b"{" + LINE, b"HTTP/1.1 400"),
}


def read_to_the_end(raw):
    received = b""
    try:
        while piece := raw.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize(("content", "answer"), SLOW.values(), ids=SLOW)
@pytest.mark.parametrize("trickles", [False, True])
def test_a_slow_connection_is_closed_at_its_limit(address, monkeypatch, content, answer, trickles):
    monkeypatch.setattr(connections, "SECONDS", {"headers": 0.4, "body": 0.5, "answer": 0.5})
    if trickles and not content:
        content = b"G"
    with connect(address) as raw:
        raw.sendall(content)
        began, ended = time.monotonic(), threading.Event()

        def trickle():
            while not ended.wait(0.1):
                try:
                    raw.send(b"a")
                except OSError:
                    return

        if trickles:
            threading.Thread(target=trickle).start()
        try:
            received = read_to_the_end(raw)
        finally:
            ended.set()
        assert time.monotonic() - began < 2
    assert received.startswith(answer) or trickles


def test_a_client_that_does_not_read_its_answer_is_disconnected(address, monkeypatch):
    monkeypatch.setattr(connections, "SECONDS", {"headers": 5, "body": 5, "answer": 0.3})
    monkeypatch.setattr(server.Desk, "align", lambda *_: b"x" * 30_000_000)
    with connect(address) as raw:
        raw.sendall(POST.replace(b"100", b"30") + b'{"run": "any", "text": "word"}')
        time.sleep(1)
        assert len(read_to_the_end(raw)) < 30_000_000


def test_a_question_that_waits_for_the_models_has_no_limit(address, monkeypatch):
    monkeypatch.setattr(connections, "SECONDS", {"headers": 0.1, "body": 0.1, "answer": 0.1})
    monkeypatch.setattr(server.Desk, "align", lambda *_: time.sleep(0.6) or b"{}")
    assert ask(address)[0] == 200


@pytest.mark.parametrize("content", [b"", LINE + b"Host: loc", POST + b'{"run"'], ids=["silent", "headers", "body"])
def test_half_open_connections_keep_nobody_out(address, monkeypatch, content):
    """More than the page holds: it keeps as many as its limit, and every honest question is answered."""
    monkeypatch.setattr(connections, "CONNECTIONS", 20)
    with ExitStack() as opened:
        half_open = []
        for _ in range(3):
            for _ in range(30):
                half_open.append(opened.enter_context(connect(address)))
                half_open[-1].sendall(content)
            status, _, _, seconds = ask(address)
            assert status == 200 and seconds < 1
        assert sum(map(is_open, half_open)) <= 20


def is_open(raw):
    raw.setblocking(False)
    try:
        return raw.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


# --- The queue --------------------------------------------------------------------------------------------------------


def test_none_of_twenty_clients_waits_twice_as_long_as_one_after_another(address):
    one = sorted(ask(address, f"Question {number}.")[3] for number in range(5))[2]
    found = []
    people = [threading.Thread(target=lambda n=n: found.append(ask(address, f"Text {n}."))) for n in range(20)]
    for person in people:
        person.start()
    for person in people:
        person.join(20)
    assert [status for status, *_ in found] == [200] * 20
    assert max(seconds for *_, seconds in found) < 2 * 20 * one


def queue(*questions, cancel=()):
    """The order in which questions (client, number) that come at the same time are answered, and which are refused."""
    answered, refused = [], []

    async def question(places, client, number):
        try:
            async with places.turn(client):
                await asyncio.sleep(0)
                answered.append(f"{client}{number}")
        except HTTPException as error:
            assert error.status_code == 429 and int(error.headers["Retry-After"]) > 0
            refused.append(f"{client}{number}")

    async def everybody():
        places = turns.Turns()
        tasks = [asyncio.ensure_future(question(places, *asked)) for asked in questions]
        await asyncio.sleep(0)
        for place in cancel:
            tasks[place].cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert places._answering is None and not places._waiting

    asyncio.run(everybody())
    return answered, refused


def test_clients_take_turns_and_each_is_answered_in_its_order():
    flood = [("a", number) for number in range(4)]
    assert queue(*flood, ("b", 0), ("c", 0), ("b", 1))[0] == ["a0", "a1", "b0", "c0", "a2", "b1", "a3"]


def test_one_client_cannot_take_all_places():
    flood = [("a", number) for number in range(100)]
    answered, refused = queue(*flood, ("b", 0))
    assert "b0" in answered[:3] and len(refused) == 100 - turns.PLACES_EACH and "b0" not in refused
    answered, refused = queue(*[(str(number), "") for number in range(100)])
    assert answered == [str(number) for number in range(turns.PLACES)] and len(refused) == 100 - turns.PLACES


@pytest.mark.parametrize("place", range(4))
def test_a_question_that_is_cancelled_holds_up_nobody(place):
    answered, _ = queue(("a", 0), ("a", 1), ("b", 0), ("c", 0), cancel=[place])
    assert len(answered) == 3


@contextmanager
def flooding(address, count, source):
    """So many clients of one address, each asking again and again; gives the list of the statuses they got."""
    ended, found = threading.Event(), []

    def one():
        while not ended.is_set():
            place = urlsplit(address)
            connection = http.client.HTTPConnection(place.netloc, timeout=20, source_address=(source, 0))
            try:
                body = json.dumps({"run": "any", "text": "flood"})
                connection.request("POST", "/api/align", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                found.append((answer.status, answer.headers.get("Retry-After")))
            finally:
                connection.close()
            ended.wait(0.05)

    clients = [threading.Thread(target=one) for _ in range(count)]
    for client in clients:
        client.start()
    try:
        yield found
    finally:
        ended.set()
        for client in clients:
            client.join(20)


def test_a_client_that_floods_gets_429_and_another_one_its_answer(address, monkeypatch):
    monkeypatch.setattr(turns, "PLACES_EACH", 8)
    monkeypatch.setattr(turns, "PLACES", 12)
    with flooding(address, 16, "127.0.0.2") as found:
        time.sleep(0.3)
        for _ in range(5):
            status, _, _, seconds = ask(address)
            assert status == 200 and seconds < 10 * WORK, "it waits for two questions, not for eight"
    assert {status for status, _ in found} == {200, 429}
    assert all(after for status, after in found if status == 429)


def test_a_question_whose_client_has_left_is_not_put_to_the_models(address, monkeypatch):
    asked = []
    monkeypatch.setattr(server.Desk, "align", lambda _, __, text, ___: asked.append(text) or time.sleep(0.4) or b"{}")
    first = threading.Thread(target=ask, args=(address, "first"))
    first.start()
    time.sleep(0.1)
    for _ in range(3):
        with connect(address) as raw:
            raw.sendall(POST.replace(b"100", b"30") + b'{"run": "any", "text": "gone"}')
            time.sleep(0.02)
    assert ask(address, "last")[0] == 200
    first.join(5)
    assert asked == ["first", "last"]
