"""The page under fire: a hundred clients, three hundred half-open connections and hostile pictures, all at once.

::

    PYTHONPATH=.:tests python -m page_under_fire

prints how long twenty clients wait who ask at once, how much memory the page took under fire, and how long an honest client
waited; ``make torture`` tries it too.
"""

import http.client
import io
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from page_runs import write, write_classifier
from PIL import Image

SECONDS = 30
AT_ONCE = 20  # honest clients without anybody else
CLIENTS, PAINTERS, HALF_OPEN = 100, 10, 300  # painters are those of the clients that send hostile pictures
MOST_MEMORY = 900  # MB of the page
# An honest client waits for the question of the moment and for one of each other client, at most so many of the slowest
# pictures; where nothing else runs, at most so many seconds.
MOST_PICTURES, MOST_SECONDS = 4, 5.0
SIDES, WEBP_SIDES = (8000, 5000), (4000, 4000)  # of a hostile picture: the most pixels that the page takes
NAME = "20260101-000000-000000"
TRANSLATOR, CLASSIFIER = f"bahdanau2014/accord/{NAME}", f"vit2021/shapes/{NAME}"
HALF = b"POST /api/align HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"


class Held(NamedTuple):
    """What the page did: the seconds that ``AT_ONCE`` sentences take one after another, those that the slowest takes when all are
    asked at once, its highest memory in MB, the seconds that the slowest picture takes alone, those that an honest client waited,
    and the answers of the others by their status.
    """

    in_turn: float
    at_once: float
    memory: float
    alone: float
    waits: list[float]
    answers: Counter[int]


def pictures() -> list[bytes]:
    """Small files that are large pictures, of every kind that is converted."""
    turned = Image.Exif()
    turned[0x0112] = 6
    files = []
    for mode, kind, options in (
        ("RGB", "PNG", {}), ("RGBA", "PNG", {}), ("I;16", "PNG", {}), ("P", "PNG", {"transparency": 0}),
        ("RGB", "PNG", {"exif": turned}), ("CMYK", "JPEG", {"exif": turned}), ("L", "GIF", {}), ("RGBA", "WEBP", {}),
    ):  # fmt: skip
        file = io.BytesIO()
        Image.new(mode, WEBP_SIDES if kind == "WEBP" else SIDES).save(file, kind, **options)
        files.append(file.getvalue())
    return files


def fire(work: Path, seconds: float = SECONDS) -> Held:
    """Serve two runs below ``work``, with everybody at the page for so many seconds."""
    write(work, "bahdanau2014", NAME)
    write_classifier(work, NAME)
    places = {**os.environ, "RUNS_DIR": str(work), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "reproductions", "page", "--port", "0"], stdout=subprocess.PIPE, env=places, text=True
    ) as page:
        try:
            assert page.stdout is not None
            return _besieged(page.pid, page.stdout.readline().split()[2], seconds)
        finally:
            page.kill()


def _besieged(process: int, address: str, seconds: float) -> Held:
    attackers = multiprocessing.get_context("spawn")  # the honest client has a process of its own
    ended, answers, waits, sent = attackers.Event(), attackers.SimpleQueue(), [], pictures()
    in_turn, at_once = _queue(address)
    alone = max(_timed(address, *_picture(content))[1] for content in sent)
    attack = attackers.Process(target=_attack, args=(address, sent, ended, answers))
    attack.start()
    assert answers.get() == "begun"
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        waits.append(_wait(address, f"The house {time.monotonic()}."))
        time.sleep(0.3)
    ended.set()
    counted = answers.get()
    attack.join()
    said = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    memory = int(said.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    return Held(in_turn, at_once, memory, alone, waits, counted)


def _queue(address: str) -> tuple[float, float]:
    """The seconds that sentences take one after another, and those that the slowest takes when all are asked at once."""
    _wait(address, "The first reads the model.")
    in_turn = sum(_wait(address, f"In turn {number}.") for number in range(AT_ONCE))
    with ThreadPoolExecutor(AT_ONCE) as clients:
        return in_turn, max(clients.map(lambda number: _wait(address, f"At once {number}."), range(AT_ONCE)))


def _wait(address: str, text: str) -> float:
    """The seconds that an honest client waits for a sentence; endless unless it is answered."""
    status, seconds = _timed(address, *_sentence(text))
    return seconds if status == 200 else float("inf")


def _timed(address: str, *question: Any) -> tuple[int, float]:
    """The status of an honest client's answer, and the seconds that it took."""
    began = time.monotonic()
    return _ask(address, "127.0.0.1", *question), time.monotonic() - began


def _picture(content: bytes) -> tuple[str, bytes, str]:
    return f"/api/look-at?run={CLASSIFIER}", content, "application/octet-stream"


def _sentence(text: str) -> tuple[str, bytes, str]:
    return "/api/align", json.dumps({"run": TRANSLATOR, "text": text}).encode(), "application/json"


def _attack(address: str, sent: list[bytes], ended: Any, said: Any) -> None:
    """Everybody but the honest client: says "begun", and at the end what was answered."""
    answers: Counter[int] = Counter()
    threads = [threading.Thread(target=_half_open, args=(address, ended))]
    for number in range(CLIENTS):
        arguments = (address, ended, answers, number, sent if number < PAINTERS else [])
        threads.append(threading.Thread(target=_client, args=arguments))
    for thread in threads:
        thread.start()
    said.put("begun")
    for thread in threads:
        thread.join()
    said.put(answers)


def _client(address: str, ended: Any, answers: Counter[int], number: int, sent: list[bytes]) -> None:
    """Ask again and again; those that send pictures have another address than those that send sentences."""
    asked = 0
    while not ended.is_set():
        asked += 1
        question = _sentence(f"The house {number} {asked}.")
        if sent:
            picture = sent[(number + asked) % len(sent)] + f"{number} {asked}".encode()  # never the same one again
            question = _picture(picture)
        with suppress(OSError, http.client.HTTPException):
            answers[_ask(address, "127.0.0.3" if sent else "127.0.0.2", *question)] += 1
        ended.wait(0.1)


def _ask(address: str, source: str, path: str, body: bytes, kind: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60, source_address=(source, 0))
    try:
        connection.request("POST", path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def _half_open(address: str, ended: Any) -> None:
    """Hold so many connections whose requests never end; open a new one for each that the page closes."""
    place = urlsplit(address)
    opened: list[socket.socket] = []
    while not ended.is_set():
        while len(opened) < HALF_OPEN:
            with suppress(OSError):
                opened.append(socket.create_connection((place.hostname or "", place.port or 0), 5, ("127.0.0.4", 0)))
                opened[-1].sendall(HALF)
                opened[-1].setblocking(False)
        ended.wait(0.2)
        for one in [one for one in opened if _closed(one)]:
            opened.remove(one)
            one.close()
    for one in opened:
        one.close()


def _closed(one: socket.socket) -> bool:
    try:
        return one.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def faults(held: Held) -> list[str]:
    """What is wrong with it, in sentences."""
    slower = held.at_once / held.in_turn
    wrong = [f"one of {AT_ONCE} clients waited {slower:.1f} times as long as all of them take in turn"] * (slower > 2)
    wrong += [f"the page took {held.memory:.0f} MB, more than {MOST_MEMORY}"] * (held.memory > MOST_MEMORY)
    most = max(MOST_SECONDS, MOST_PICTURES * held.alone)
    wrong += [f"an honest client waited {max(held.waits):.1f} s, more than {most:.1f}"] * (max(held.waits) > most)
    return wrong + [f"{held.answers[500]} answers were faults of the page"] * (held.answers[500] > 0)


def main() -> int:
    with tempfile.TemporaryDirectory() as work:
        held = fire(Path(work))
    waits = sorted(held.waits)
    sys.stdout.write(
        f"{AT_ONCE} sentences take {held.in_turn:.2f} s in turn, and the slowest {held.at_once:.2f} s when asked at once; under "
        f"fire: {held.memory:.0f} MB; the slowest picture alone takes {held.alone:.2f} s; an honest client waited "
        f"{waits[len(waits) // 2]:.2f} s, at most {waits[-1]:.2f} s, in {len(waits)} questions; all others: "
        f"{dict(held.answers)}\n"
    )
    wrong = faults(held)
    sys.stdout.write("".join(f"FAILED: {line}\n" for line in wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
