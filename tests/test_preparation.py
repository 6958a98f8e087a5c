"""Preparation by many processes, stopped and continued: whatever happens, the same bytes."""

import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from data.captions import CaptionData
from data.errors import Interrupted
from data.images import ImageData
from data.prepared import captions, spool, workers
from data.prepared import text as prepared
from data.sources import images as image_corpora
from data.sources import text as source_text
from data.translation import TranslationData

ROOT = Path(__file__).parents[1]
CHUNKS, CHUNK = 12, 100


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    """Corpora that are large: beyond what one process prepares alone, and in many chunks."""
    monkeypatch.setattr(source_text, "CHUNK", CHUNK)
    monkeypatch.setattr(workers, "ALONE", 1)
    monkeypatch.setattr(image_corpora, "SHAPES_SIZES", {"train": 100, "valid": 20, "test": 70, "two": 10})
    monkeypatch.setattr(captions, "SIZES", {"train": 100, "valid": 10, "test": 10})


@pytest.fixture
def corpus(tmp_path):
    lines = (
        f"Word {i} is a man's {'old ' * (i % 7)}dog.\tL'an {i} est {'vieux ' * (i % 9)}!\n"
        for i in range(CHUNKS * CHUNK)
    )
    (tmp_path / "own.tsv").write_text("".join(lines) + "\tempty\n" + "long " * 2000 + "\tlong\n", encoding="utf-8")
    return str(tmp_path / "own.tsv")


def cores(monkeypatch, count):
    monkeypatch.setattr(workers, "cores", lambda: count)


def content(data, folder, monkeypatch):
    """The bytes of everything that is prepared, in a data folder of its own."""
    monkeypatch.setenv("DATA_DIR", str(folder))
    return {path.name: path.read_bytes() for path in data().prepare().iterdir()}


def photos(root):
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(60):
            Image.new("RGB", (9, 6), (3 * i, 50, 200)).save(root / name / f"{i}.png")
    return str(root)


# Many processes


@pytest.mark.parametrize("data", [
    lambda corpus: TranslationData(corpus, max_words=12),
    lambda corpus: TranslationData(corpus, tokenizer="bpe", vocabulary=200, pairs=1030),
    lambda _: ImageData(size=16),
    lambda corpus: ImageData(photos(Path(corpus).parent / "photos"), size=16),
    lambda _: CaptionData(size=16),
], ids=["words", "pieces", "shapes", "photos", "captions"])  # fmt: skip
def test_two_processes_prepare_what_one_does(data, corpus, tmp_path, monkeypatch):
    cores(monkeypatch, 1)
    alone = content(lambda: data(corpus), tmp_path / "alone", monkeypatch)
    cores(monkeypatch, 2)
    asked = []
    ask = workers._Worker.ask
    monkeypatch.setattr(workers._Worker, "ask", lambda *arguments: asked.append(1) or ask(*arguments))
    assert content(lambda: data(corpus), tmp_path / "together", monkeypatch) == alone and len(asked) > 1


def test_what_the_processes_import_needs_no_torch():
    modules = "data.prepared.spool, data.prepared.images, data.prepared.captions, data.sources.images"
    program = f"import sys, {modules}; sys.exit('torch' in sys.modules or 'torchvision' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_little_is_in_memory_at_a_time_and_in_order(monkeypatch):
    cores(monkeypatch, 2)
    drawn, done = [], 0
    for number in workers.mapped(abs, (drawn.append(i) or -i for i in range(50))):
        assert number == done and len(drawn) - done <= 3
        done += 1
    assert done == 50


def test_what_goes_wrong_in_a_process_goes_wrong_here(monkeypatch):
    cores(monkeypatch, 2)
    with pytest.raises(ValueError, match="invalid literal"):
        list(workers.mapped(int, ["1", "2", "three", "4"]))
    monkeypatch.setattr(workers, "ALONE", 0)
    with pytest.raises(Interrupted, match="ended with status 7, perhaps for lack of memory: run the same again"):
        list(workers.mapped(os._exit, [7] * 9))


def test_no_process_outlives_the_one_that_started_it():
    program = (
        "import sys, time; from data.prepared import workers; workers.ALONE = 0; workers.cores = lambda: 2\n"
        "start = workers._Worker.__init__\n"
        "workers._Worker.__init__ = lambda self: (start(self), print(self._process.pid, flush=True))[0]\n"
        "list(workers.mapped(time.sleep, [0.05] * 10_000))"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        started = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
    deadline = time.monotonic() + 20
    while any(running(process) for process in started):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def running(process):
    """Whether a process exists and is no zombie, which only its adopter can remove."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# Stopped, and gone on with


def killed_while_spooling(corpus, chunk):
    """Prepare, and be killed in the middle of writing a chunk."""
    whole, calls = spool.whole, []

    def stop(path):
        calls.append(1)
        if len(calls) == chunk:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(path)

    spool.whole = stop
    TranslationData(corpus, max_words=12).prepare()


@pytest.mark.parametrize("chunk", [1, 5, CHUNKS])
def test_a_killed_preparation_goes_on_with_the_chunk_that_it_was_at(chunk, corpus, tmp_path, monkeypatch):
    cores(monkeypatch, 1)
    expected = content(lambda: TranslationData(corpus, max_words=12), tmp_path / "undisturbed", monkeypatch)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "killed"))
    killed = multiprocessing.get_context("fork").Process(target=killed_while_spooling, args=(corpus, chunk))
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    read = []
    monkeypatch.setattr(prepared, "number", counting_pairs(read))
    assert content(lambda: TranslationData(corpus, max_words=12), tmp_path / "killed", monkeypatch) == expected
    assert len(read) == CHUNKS + 1 - (chunk - 1)
    assert [path.suffix for path in (tmp_path / "killed/prepared").iterdir()].count(".part") == 0


def counting_pairs(read):
    def number(texts, **settings):
        read.append(texts.counts["read"])
        return spool.number(texts, **settings)

    return number


class Rows:
    """A streamed dataset of the hub, whose connection breaks after so many rows."""

    def __init__(self, breaks=10**9, start=0):
        self.breaks, self.start = breaks, start

    def skip(self, count):
        return Rows(self.breaks, count)

    def __iter__(self):
        for i in range(self.start, CHUNKS * CHUNK):
            if i == self.breaks:
                raise ConnectionError("connection reset")
            yield {"translation": {"en": f"A word {i}.", "fr": f"Un mot {i}."}}


def test_a_broken_stream_of_the_hub_goes_on_where_it_broke(tmp_path, monkeypatch):
    cores(monkeypatch, 1)
    rows = {"train": Rows(), "validation": Rows(), "test": Rows()}
    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=lambda *_, split, **__: rows[split]))
    data = functools.partial(TranslationData, "wmt14")
    expected = content(data, tmp_path / "undisturbed", monkeypatch)
    rows["train"] = Rows(breaks=650)
    with pytest.raises(Interrupted, match="Could not stream wmt14 .*connection reset; check the network"):
        content(data, tmp_path / "broken", monkeypatch)
    rows["train"], read = Rows(), []
    monkeypatch.setattr(prepared, "number", counting_pairs(read))
    assert content(data, tmp_path / "broken", monkeypatch) == expected
    assert sum(read) == CHUNKS * CHUNK - 600


@pytest.fixture
def stopped(corpus, tmp_path, monkeypatch):
    """A preparation that was stopped while it learned: its settings, its data folder, and what it becomes."""
    cores(monkeypatch, 1)
    expected = content(lambda: TranslationData(corpus), tmp_path / "undisturbed", monkeypatch)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(prepared, "_learn", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        content(lambda: TranslationData(corpus), tmp_path / "stopped", patch)
    return lambda: TranslationData(corpus), tmp_path / "stopped", expected


def test_what_was_read_to_its_end_is_not_read_again(stopped, monkeypatch):
    data, folder, expected = stopped
    monkeypatch.setattr(prepared, "chunks", None)  # anything read now would fail
    assert content(data, folder, monkeypatch) == expected


def test_a_spool_that_lacks_bytes_is_made_anew(stopped, monkeypatch):
    data, folder, expected = stopped
    (chunk,) = folder.glob("prepared/*.part/unfinished/000000003.npz")
    chunk.write_bytes(chunk.read_bytes()[:-8])
    assert content(data, folder, monkeypatch) == expected


def test_the_words_of_a_chunk_are_numbered_as_they_come_and_stored_with_their_frequencies(tmp_path):
    first = spool.Spool(tmp_path)
    for texts in (("a b a", "x"), ("", ""), ("b c", "x")):
        chunk = source_text.Chunk([source_text.Example(*texts)], {"read": 1})
        first.append(spool.number(chunk, languages=("en", "fr"), max_words=9))
    again = spool.Spool(tmp_path)
    assert [chunk.words for chunk in again.sentences("source")] == [["", "a", "b"], [""], ["", "b", "c"]]
    assert [chunk.numbers.tolist() for chunk in again.sentences("source")] == [[1, 2, 1, 0], [], [1, 2, 0]]
    assert again.frequencies("source") == {"a": 2, "b": 2, "c": 1}
    assert again.counts == {"read": 3, "kept": 2, "dropped": 1} and not again.complete
