"""The page in a process of its own, and a client that asks it."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from data.errors import UserError

ROOT = Path(__file__).parents[1]


class Page(NamedTuple):
    """A page that is served: where, by which process, and the seconds from its start to its first answer."""

    address: str
    process: int
    ready: float

    def resident_mib(self) -> int | None:
        """Memory that the server holds now; None where the system has no /proc."""
        status = Path(f"/proc/{self.process}/status")
        found = re.search(r"^VmRSS:\s+(\d+) kB", status.read_text(encoding="ascii"), re.M) if status.is_file() else None
        return None if found is None else round(int(found[1]) / 2**10)


class Client(HTTPConnection):
    """One connection to the page, kept open as a browser does; for ``with``."""

    def __init__(self, address: str) -> None:
        super().__init__(urlsplit(address).netloc, timeout=120)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        """The content of an answer; raises HTTPException for any status but 200, with what the page said."""
        self.request("GET" if body is None else "POST", path, body, {"Content-Type": kind})
        answer = self.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise HTTPException(f"{path} was answered with {answer.status}: {content[:200].decode(errors='replace')}")
        return content

    def align(self, run: str, text: str, target: str | None = None) -> str:
        """Ask for a translation, or for the attention over a target; returns the target."""
        asked = json.dumps({"run": run, "text": text, "target": target}).encode()
        return str(json.loads(self.ask("/api/align", asked))["text"])


@contextmanager
def served(runs: Path) -> Iterator[Page]:
    """The page over a folder of runs; raises UserError if it does not start."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "reproductions", "page", "--port", "0"]
    given = {**os.environ, "RUNS_DIR": str(runs.resolve()), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=given, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            if found is None:
                raise UserError(f"The page of {runs} did not start: `make page` says why.")
            wait_for(found[0])
            yield Page(found[0], process.pid, time.perf_counter() - begun)
        finally:
            process.terminate()


def wait_for(address: str, seconds: float = 60) -> None:
    """Until the page takes a connection: it says its address a moment before."""
    end = time.perf_counter() + seconds
    while True:
        try:
            with socket.create_connection((urlsplit(address).hostname, urlsplit(address).port), timeout=seconds):
                return
        except ConnectionRefusedError:
            if time.perf_counter() > end:
                raise
            time.sleep(0.01)
