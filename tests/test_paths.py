"""Paths and files that cannot be used are one sentence within seconds, before anything is read or written."""

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from data.errors import UserError
from data.sources import images, text
from data.sources.download import writable
from data.sources.image_files import read_image
from data.sources.paths import check_writable, place
from data.sources.reading import lines

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
    return text.find_corpus(str(path)).edition(path.parent)


def first_pair(path: Path, split: str = "train") -> object:
    return next(text.load(str(path), split, "en", "fr"))


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe as a corpus": (lambda folder: first_pair(pipe(folder, "a.tsv")), "a.tsv cannot be read: it is a pipe"),
    "a pipe as a corpus, sized": (lambda folder: edition(pipe(folder, "a.tsv")), "it is a pipe"),
    "a device as a corpus": (lambda _: list(lines(Path("/dev/zero"))), "/dev/zero cannot be read: it is a device"),
    "a folder as a corpus": (lambda folder: list(lines(folder)), "it is a folder"),
    "a pipe as an image": (lambda folder: read_image(pipe(folder, "a.png")), "a.png cannot be read: it is a pipe"),
    "a device as an image": (lambda _: read_image(Path("/dev/zero")), "it is a device"),
    "nobody's home as a corpus": (lambda _: text.find_corpus("~nobody-here/a.tsv"), "no user 'nobody-here'"),
    "nobody's home as images": (
        lambda folder: images.find_images("~nobody-here/a", None, folder), "no user 'nobody-here'"
    ),
    "nobody's home": (lambda _: place("~nobody-here"), "no user 'nobody-here'"),
    "a corpus of 5,000 letters": (
        lambda _: edition(Path(f"/{LONG}.tsv")), r"\.\.\.x+\.tsv \(5,005 characters\) cannot be read: File name too long"
    ),
    "a data directory of 5,000 letters": (lambda _: writable(Path(f"/{LONG}")), "DATA_DIR=/x+.* File name too long"),
    "a data directory in /proc": (lambda _: writable(Path("/proc/data")), "Nothing can be written to /proc/data"),
    "a file as a folder to write to": (
        lambda _: check_writable(Path(__file__)), "Nothing can be written to .*test_paths.py: File exists"
    ),
    "a folder below a file": (lambda _: check_writable(Path(__file__) / "a"), "Not a directory"),
    "a link to nothing as a folder": (
        lambda folder: (folder / "a").symlink_to(folder / "b") or check_writable(folder / "a"), "File exists"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_read_or_written_is_one_sentence(case: str, tmp_path: Path) -> None:
    act, sentence = CASES[case]
    with pytest.raises(UserError) as error:
        act(tmp_path)
    assert re.search(sentence, str(error.value)) and "\n" not in str(error.value) and len(str(error.value)) < 400


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
            splits[split] = sum(1 for _ in text.load(str(path), split, "en", "fr"))
        except UserError as error:
            refused.append(str(error))
    assert sum(splits.values()) == 300 and refused == []
    endless = text.Example("a" * 1_000_000, "mot", None)
    corpus = text.find_corpus(str(path))
    with pytest.raises(UserError, match="has a word of 1,000,000 letters, more than 1,000; fix it"):
        list(text._sound([endless], corpus, "valid"))


def test_what_can_be_written_to_is_left_as_it_was(tmp_path: Path) -> None:
    assert check_writable(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert list((tmp_path / "a" / "b").iterdir()) == []
