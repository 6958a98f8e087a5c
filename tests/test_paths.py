"""Paths and files that cannot be used are one sentence within seconds, before anything is read or written."""

import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import UserError
from data.sources import corpora, images, text
from data.sources.download import writable
from data.sources.image_files import read_image
from data.sources.paths import check_writable, check_writable_file, place
from data.sources.reading import lines
from reproductions.__main__ import run as command

ROOT = Path(__file__).parents[1]
LONG = "x" * 5000


def pipe(folder: Path, name: str) -> Path:
    os.mkfifo(folder / name)
    return folder / name


def listening(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("s.tsv")
    return folder / "s.tsv"


def edition(path: Path) -> str:
    return corpora.find_corpus(str(path)).edition(path.parent)


def first_pair(path: Path, split: str = "train") -> object:
    return next(corpora.load(str(path), split, "en", "fr"))


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe as a corpus": (lambda folder: first_pair(pipe(folder, "a.tsv")), "a.tsv cannot be read: it is a pipe"),
    "a pipe as a corpus, sized": (lambda folder: edition(pipe(folder, "a.tsv")), "it is a pipe"),
    "a device as a corpus": (lambda _: list(lines(Path("/dev/zero"))), "/dev/zero cannot be read: it is a device"),
    "a folder as a corpus": (lambda folder: list(lines(folder)), "it is a folder"),
    "a pipe as an image": (lambda folder: read_image(pipe(folder, "a.png")), "a.png cannot be read: it is a pipe"),
    "an image of 5,000 letters": (lambda _: read_image(Path(LONG)), r"^x+\.\.\.x+ \(5,000 characters\) cannot be read as an"),
    "a device as an image": (lambda _: read_image(Path("/dev/zero")), "it is a device"),
    "nobody's home as a corpus": (lambda _: corpora.find_corpus("~nobody-here/a.tsv"), "no user 'nobody-here'"),
    "nobody's home as images": (
        lambda folder: images.find_images("~nobody-here/a", None, folder), "no user 'nobody-here'"
    ),
    "nobody's home": (lambda _: place("~nobody-here"), "no user 'nobody-here'"),
    "a corpus of 5,000 letters": (
        lambda _: edition(Path(f"/{LONG}.tsv")), r"\.\.\.x+\.tsv \(5,005 characters\) cannot be read: File name too long"
    ),
    "a data directory of 5,000 letters": (lambda _: writable(Path(f"/{LONG}")), "DATA_DIR=/x+.* File name too long"),
    "a data directory in /proc": (lambda _: writable(Path("/proc/data")), "Nothing can be written to /proc/data"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_read_or_written_is_one_sentence(case: str, tmp_path: Path) -> None:
    act, sentence = CASES[case]
    with pytest.raises(UserError) as error:
        act(tmp_path)
    assert re.search(sentence, str(error.value)) and "\n" not in str(error.value) and len(str(error.value)) < 400


# --- Outputs ------------------------------------------------------------------------------------------------------------

# What is at the place "a" below a folder, the path that the user typed, and what the error says of it.
OUTPUTS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a file": (Path.touch, "a", "Not a directory"),
    "below a file": (Path.touch, "a/b", "Not a directory"),
    "a pipe": (os.mkfifo, "a", "Not a directory"),
    "a link to nothing": (lambda place: place.symlink_to("b"), "a", "Not a directory"),
    "in /proc": (Path.mkdir, "/proc/a", "No such file or directory"),
    "a full device": (Path.mkdir, "/dev/full", "Not a directory"),
    "below a device": (Path.mkdir, "/dev/full/a", "Not a directory"),
    "a name of 300 letters": (Path.mkdir, "a/" + "x" * 300, "File name too long"),
    "nobody's home": (Path.mkdir, "~nobody-here/a", "no user 'nobody-here'"),
}  # fmt: skip
OUTPUT_FILES = {
    "below a file": OUTPUTS["below a file"],
    "a folder": (Path.mkdir, "a", "it is a folder, not a file"),
    "a pipe": (os.mkfifo, "a", "it is a pipe, not a file"),
    "in /proc": OUTPUTS["in /proc"],
    "a full device": (Path.mkdir, "/dev/full", "it is a device, not a file"),
    "a name of 250 letters": (Path.mkdir, "a/" + "x" * 250, "File name too long"),
    "nobody's home": OUTPUTS["nobody's home"],
}  # fmt: skip
TRIED = [
    *((check_writable, *case) for case in OUTPUTS.values()), *((check_writable_file, *case) for case in OUTPUT_FILES.values())
]  # fmt: skip


@pytest.mark.parametrize(("check", "there", "typed", "sentence"), TRIED, ids=[*OUTPUTS, *OUTPUT_FILES])
def test_where_nothing_can_be_written_is_one_sentence(
    check: Callable[[Path], Path], there: Callable[[Path], object], typed: str, sentence: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    there(Path("a"))
    with pytest.raises(UserError) as error:
        check(Path(typed))
    assert sentence in str(error.value) and len(str(error.value)) < 400
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.skipif(not os.geteuid() and not shutil.which("setpriv"), reason="root writes everywhere")
@pytest.mark.parametrize("check", [check_writable, check_writable_file])
def test_a_place_without_permission_is_one_sentence(check: Callable[[Path], Path], tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    imports = f"from pathlib import Path; from data.sources.paths import {check.__name__} as check"
    obedient = [] if os.geteuid() else ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    call = [*obedient, sys.executable, "-c", f"{imports}; check(Path({str(tmp_path / 'a')!r}))"]
    said = subprocess.run(call, capture_output=True, text=True, cwd=ROOT)
    assert "UserError: Nothing can be written to" in said.stderr and ": Permission denied. Name another" in said.stderr


# A command whose output cannot be written, and the work that it must not begin.
BEFORE = {
    "translate Hello. --picture /dev/full": "reproductions.tasks.translation.collect.TrainedTranslator.translate",
    "translate Hello. --picture {there}": "reproductions.tasks.translation.collect.TrainedTranslator.translate",
    "look a.png --out /dev/full": "reproductions.tasks.task.restore",
    "look a.png --weights torchvision:vit_b_16 --out /dev/full": "reproductions.tasks.images.pretrained.pretrained",
    "explain Hello. --out /dev/full": "reproductions.tasks.task.restore",
    "figures --out /dev/full": "reproductions.commands.figures.import_module",
    "compare {runs} --out /dev/full": "reproductions.compare.translators.compare",
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of three kept runs."""
    folder = tmp_path_factory.mktemp("kept")
    for paper in ("bahdanau2014", "transformer2017", "vit2021"):
        with zipfile.ZipFile(Path(__file__).parent / "older_runs" / f"{paper}.zip") as packed:
            packed.extractall(folder)
    return folder


@pytest.mark.parametrize("line", BEFORE)
def test_a_command_tries_its_output_before_its_work(
    line: str, kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(*_: object) -> None:
        raise AssertionError("the work has begun")

    monkeypatch.setenv("RUNS_DIR", str(kept))
    monkeypatch.setattr(BEFORE[line], work)
    translators = " ".join(str(path.parent) for path in kept.glob("[bt]*/*/*/config.yaml"))
    assert command(line.format(there=kept, runs=translators).split()) == 2
    named = f"{kept} cannot be written: it is a folder" if "{there}" in line else "/dev/full"
    assert named in capsys.readouterr().err


def test_a_socket_is_no_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = listening(tmp_path, monkeypatch)
    with pytest.raises(UserError, match="it is a socket"):
        first_pair(path)


def test_an_endless_word_is_dropped_from_training_and_an_error_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("".join(f"word {i}\tmot {i}\n" for i in range(300)) + "a" * 1_000_000 + "\tmot\n", encoding="utf-8")
    splits = {split: 0 for split in ("train", "valid", "test")}
    refused = []
    for split in splits:
        try:
            splits[split] = sum(1 for _ in corpora.load(str(path), split, "en", "fr"))
        except UserError as error:
            refused.append(str(error))
    assert sum(splits.values()) == 300 and refused == []
    endless = text.Example("a" * 1_000_000, "mot", None)
    corpus = replace(corpora.find_corpus(str(path)), read=lambda _: [endless])
    with pytest.raises(UserError, match="has a word of 1,000,000 letters, more than 1,000; fix it"):
        list(text.chunks(corpus, corpus.request("valid", "en", "fr", tmp_path)))


def test_what_can_be_written_to_is_left_as_it_was(tmp_path: Path) -> None:
    assert check_writable(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert list((tmp_path / "a" / "b").iterdir()) == []
    kept = tmp_path / "kept.png"
    kept.write_text("kept")
    assert check_writable_file(kept) == kept and kept.read_text() == "kept"
