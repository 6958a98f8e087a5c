"""How fast the page answers: ``make bench``.

    python -m benchmarks.page
    python -m benchmarks.page --runs runs --questions 20 --photos 10 --clients 20

Serves a folder of runs as ``make page`` does, in a process of its own on a free port of the loopback address, and asks as
browsers do: all that a first view needs; sentences and photos that nobody asked for before; many people at once. Where a
Chromium is on the PATH it opens the page, too, and is timed until both models' attention is drawn. Ends with one line
``RESULT {json}``.
"""

import argparse
import io
import json
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from benchmarks import machine
from benchmarks.serving import Client, served
from data import shapes
from data.errors import UserError
from data.sources.text import load
from reproductions.runs import runs_dir
from tests.chromium import Browser, installed

PHOTO = (1200, 900)  # width and height in pixels
EACH = 3  # sentences that each of many clients asks, one after another
# What a file of the page loads besides itself.
NEEDED = re.compile(r'(?:src=|href=|from )"(?:\./)?([\w-]+\.(?:js|css))"')
DRAWN = "document.querySelector('.panels svg, .look svg, .missing') && !document.querySelector('[aria-busy=true]')"
TRAIN = {
    "bahdanau2014": "make train-bahdanau",
    "transformer2017": "make train-transformer",
    "vit2021": "make train-vit",
}  # paper -> what trains the run that is asked


def first_view(address: str) -> tuple[dict[str, Any], dict[str, float]]:
    """The overview, and what it took to get it and every file of the page, one after another: seconds, requests, KiB."""
    received: dict[str, bytes] = {}
    waiting, begun = [""], time.perf_counter()
    with Client(address) as client:
        while waiting:
            name = waiting.pop()
            if name not in received:
                received[name] = client.ask(f"/{name}")
                waiting += NEEDED.findall(received[name].decode())
        received["api/overview"] = client.ask("/api/overview")
    took = time.perf_counter() - begun
    size = sum(map(len, received.values())) / 2**10
    return json.loads(received["api/overview"]), {"s": took, "requests": len(received), "kib": size}


def browser_view(address: str) -> float | None:
    """Seconds until a browser that opens the page has drawn it, to within 0.03; None without a browser."""
    executable = installed()
    if executable is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(executable, Path(folder))
        try:
            browser.open(address)
            browser.until(DRAWN)
            return round(float(browser.run("performance.now()")) / 1000, 3)
        finally:
            browser.close()


def choose(overview: dict[str, Any]) -> dict[str, str]:
    """paper -> its newest run that can be asked; raises UserError if there is none of any paper."""
    ready = [run for run in overview["runs"] if run["ready"]]
    newest = {run["paper"]: run["name"] for run in reversed(ready) if run["name"].startswith(f"{run['paper']}/")}
    if not newest.keys() & TRAIN.keys():
        raise UserError(f"There is no trained run in {overview['folder']}: begin with {', '.join(TRAIN.values())}.")
    return {paper: newest[paper] for paper in TRAIN if paper in newest}


def sentences() -> Iterator[str]:
    """Sentences of the embedded corpus, each once."""
    given: set[str] = set()
    for one in load("accord", "train", "en", "fr"):
        if one.source not in given:
            given.add(one.source)
            yield one.source


def photo(number: int) -> bytes:
    """A JPEG as a camera's, but of a drawn scene; another for each number."""
    pixels = shapes.scene("test", number, size=PHOTO[0]).pixels[: PHOTO[1]]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return file.getvalue()


def translate(client: Client, runs: Sequence[str], text: str) -> None:
    """As the page does it: the first run translates, and the attention of all is over what it wrote."""
    target = None
    for run in runs:
        target = client.align(run, text, target)


def seconds_of(tasks: Iterator[Any]) -> dict[str, float]:
    """Median and largest seconds of tasks that are done one after another; the first, which loads models, is not counted."""
    next(tasks)
    took, last = [], time.perf_counter()
    for _ in tasks:
        now = time.perf_counter()
        took.append(now - last)
        last = now
    return {"median_s": round(statistics.median(took), 4), "max_s": round(max(took), 4), "questions": len(took)}


def crowd(address: str, runs: Sequence[str], texts: Sequence[Sequence[str]]) -> dict[str, float]:
    """A client for each list of sentences, all at once: answers a second, and how many questions failed."""
    answered: list[str] = []
    failed: list[str] = []

    def one(mine: Sequence[str]) -> None:
        with Client(address) as client:
            for text in mine:
                try:
                    translate(client, runs, text)
                    answered.append(text)
                except (OSError, HTTPException) as error:
                    failed.append(str(error))

    people = [threading.Thread(target=one, args=(mine,)) for mine in texts]
    begun = time.perf_counter()
    for person in people:
        person.start()
    for person in people:
        person.join()
    took = time.perf_counter() - begun
    return {"clients": len(texts), "answers_per_s": round(len(answered) / took, 2), "failures": len(failed)}


def translations(address: str, runs: Sequence[str], options: argparse.Namespace) -> dict[str, Any]:
    """What sentences take one after another, and what they take from many clients at once."""
    fresh = sentences()
    with Client(address) as client:
        alone = seconds_of(translate(client, runs, text) for text in islice(fresh, options.questions + 1))
    together = crowd(address, runs, [list(islice(fresh, EACH)) for _ in range(options.clients)])
    return {"translation": alone, "crowd": together}


def looks(address: str, run: str, count: int) -> dict[str, Any]:
    """What photos take until all maps of each have come back."""
    photos = [photo(number) for number in range(count + 1)]
    with Client(address) as client:
        path = f"/api/look-at?run={quote(run)}"
        return seconds_of(client.ask(path, one, "application/octet-stream") for one in photos)


def measure(runs: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Everything, of one server."""
    with served(runs) as page:
        rest = page.resident_mib()
        overview, view = first_view(page.address)
        chosen = choose(overview)
        result: dict[str, Any] = {
            "runs": chosen,
            "ready_s": round(page.ready, 2),
            "first_view": {name: round(value, 3) for name, value in view.items()},
            "browser_s": browser_view(page.address),
        }
        if translators := [run for paper, run in chosen.items() if paper != "vit2021"]:
            result |= translations(page.address, translators, options)
        if "vit2021" in chosen:
            result["photo"] = looks(page.address, chosen["vit2021"], options.photos)
        result["resident_mib"] = {"at_rest": rest, "afterwards": page.resident_mib()}
    return result


def table(found: dict[str, Any]) -> str:
    """A line for each figure; of what could not be asked, what is to be trained."""
    view, browser, memory = found["first_view"], found["browser_s"], found["resident_mib"]
    rows = [
        ("server, from its start to its first answer", f"{found['ready_s']:.2f} s"),
        ("first view over HTTP", f"{view['s']:.3f} s, {view['requests']} requests, {view['kib']:.0f} KiB"),
        ("first view in a browser, all drawn",
         "no Chromium on the PATH: HTTP alone" if browser is None else f"{browser:.2f} s, models loaded meanwhile"),
    ]  # fmt: skip
    asked = {
        "translation": "translation and attention over it",
        "photo": f"photo of {PHOTO[0]} x {PHOTO[1]} to its maps",
    }
    for key, name in asked.items():
        if one := found.get(key):
            rows.append((name, f"{one['median_s']:.3f} s, at most {one['max_s']:.3f}, of {one['questions']}"))
    if many := found.get("crowd"):
        told = f"{many['answers_per_s']:.1f} answers a second, {many['failures']} failures"
        rows.append((f"translations of {many['clients']} clients at once", told))
    if memory["at_rest"] is not None:
        held = f"{memory['at_rest']} MiB at rest, {memory['afterwards']} afterwards"
        rows.append(("resident memory of the server", held))
    absent = [paper for paper in TRAIN if paper not in found["runs"]]
    missing = [f"There is no run of {paper}, so it was not asked: {TRAIN[paper]}." for paper in absent]
    return "\n".join([*(f"{name:<46}{value}" for name, value in rows), *missing])


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m benchmarks.page",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--runs", type=Path, default=runs_dir(), help="folder whose newest runs are asked (default runs)")
    top.add_argument("--questions", type=int, default=20, help="sentences that are translated (default 20)")
    top.add_argument("--photos", type=int, default=10, help="photos that are looked at (default 10)")
    top.add_argument("--clients", type=int, default=20, help="people who ask at once (default 20)")
    return top


def main(arguments: Sequence[str]) -> None:
    options = parser().parse_args(arguments)
    for name in ("questions", "photos", "clients"):
        if getattr(options, name) < 1:
            raise UserError(f"--{name} {getattr(options, name)} must be at least 1.")
    meter = machine.Meter()
    found = measure(options.runs, options)
    print(f"The page over {', '.join(found['runs'].values())}:\n\n{table(found)}")
    machine.report({"benchmark": "page", **found, "other_cpu": meter.other_cpu()})


if __name__ == "__main__":
    sys.exit(machine.run(main))
