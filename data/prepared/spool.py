"""The words of training pairs on disk, each as its number: written chunk by chunk, gone on with after an interruption.

Number n is that of the n-th different word of a side, and stands in line n of ``words``; 0 ends a sentence. ``numbers`` has those
of all sentences, ``lengths`` how many each sentence has with its 0. So a tokeniser works on each word only once.
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data import stored
from data.whole import JOURNAL, whole
from data.words import split as split_words

Numbers = NDArray[np.int32]
SIDES = ("source", "target")
FILES = tuple(f"train.{side}.{kind}" for side in SIDES for kind in ("words", "numbers", "lengths"))
_VERSION = 1
_BLOCK = 1 << 14  # sentences that are read back at a time


class NumberedSentences(NamedTuple):
    """Sentences of one side: each word once, "" first; the place of each word there, 0 after each sentence; the lengths."""

    words: list[str]
    numbers: Numbers
    lengths: Numbers

    @classmethod
    def of(cls, sentences: Sequence[Sequence[str]]) -> "NumberedSentences":
        places = _numbering()
        lengths = np.fromiter((len(words) + 1 for words in sentences), np.int32, len(sentences))
        words = chain.from_iterable((*words, "") for words in sentences)
        numbers = np.fromiter(map(places.__getitem__, words), np.int32, lengths.sum())
        return cls([*places], numbers, lengths)


class Texts(NamedTuple):
    """Pairs of texts that stand together in a corpus, and counts of all pairs that were read for them."""

    pairs: list[tuple[str, str]]
    counts: Mapping[str, int]


class NumberedPairs(NamedTuple):
    """The pairs of a chunk that are short enough, side by side; what became of all that were read."""

    sides: tuple[NumberedSentences, ...]
    counts: dict[str, int]


def number(chunk: Texts, languages: tuple[str, str], max_words: int) -> NumberedPairs:
    """The words of a chunk, without the pairs that have an endless side or one without words."""
    kept: list[tuple[list[str], list[str]]] = []
    for texts in chunk.pairs:
        source, target = (split_words(text, language) for text, language in zip(texts, languages, strict=True))
        # A side of white space and invisible characters has no word.
        if source and target and max(len(source), len(target)) <= max_words:
            kept.append((source, target))
    counts = {**chunk.counts, "kept": len(kept), "dropped": len(chunk.pairs) - len(kept)}
    return NumberedPairs(tuple(NumberedSentences.of([pair[side] for pair in kept]) for side in (0, 1)), counts)


def _numbering() -> defaultdict[str, int]:
    """A dictionary that numbers words as they come; "" is 0."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    numbers[""] = 0
    return numbers


class Spool:
    """The spool in a folder. It begins where that folder's journal says that an interrupted one ended.

    counts: of pairs of the corpus: ``read``, and what became of them. complete: whether there are no more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        journal = self._journal()
        self.counts = Counter[str](journal["counts"])
        self.complete = bool(journal["complete"])
        self._files: dict[str, BinaryIO] = {}
        for name in FILES:
            self._files[name] = (folder / name).open("ab")
            self._files[name].truncate(journal["bytes"].get(name, 0))
            self._files[name].seek(0, os.SEEK_END)
        self._numbers = [_numbering() for _ in SIDES]
        for side, numbers in zip(SIDES, self._numbers, strict=True):
            numbers.update((word, place) for place, word in enumerate(self.words(side), start=1))

    def _journal(self) -> dict[str, Any]:
        """That of a spool that can be gone on with, or a new one."""
        with suppress(OSError, ValueError, LookupError):  # there is none, or it is damaged
            journal: dict[str, Any] = stored.read(self._folder / JOURNAL)
            sizes = {name: (self._folder / name).stat().st_size for name in FILES}
            if journal["version"] == _VERSION and all(sizes[name] >= size for name, size in journal["bytes"].items()):
                return journal
        return {"counts": {}, "complete": False, "bytes": {}}

    @property
    def usable(self) -> int:
        """Training pairs that were read, and are not empty or overlong."""
        return self.counts["kept"] + self.counts["dropped"]

    def append(self, pairs: NumberedPairs) -> None:
        """Write a chunk; then it is in the journal."""
        for side, numbers, new in zip(SIDES, self._numbers, pairs.sides, strict=True):
            before = len(numbers)
            places = np.fromiter(map(numbers.__getitem__, new.words), np.int32, len(new.words))
            lines = "".join(f"{new.words[i]}\n" for i in np.flatnonzero(places >= before))
            content = {
                "words": lines.encode(),
                "numbers": places[new.numbers].tobytes(),
                "lengths": new.lengths.tobytes(),
            }
            for kind, written in content.items():
                self._files[f"train.{side}.{kind}"].write(written)
        self.counts.update(pairs.counts)
        self._write_journal()

    def _write_journal(self) -> None:
        for file in self._files.values():
            file.flush()
        sizes = {name: file.tell() for name, file in self._files.items()}
        journal = {"version": _VERSION, "counts": self.counts, "complete": self.complete, "bytes": sizes}
        with whole(self._folder / JOURNAL) as path:
            path.write_text(json.dumps(journal), encoding="utf-8")

    def end(self) -> None:
        """Say that it is complete."""
        self.complete = True
        self._write_journal()

    def close(self) -> None:
        """End writing; now it can be read."""
        for file in self._files.values():
            file.close()
        self._numbers.clear()

    def words(self, side: str) -> list[str]:
        """Each word of a side once, by number, from 1 on."""
        return self._path(side, "words").read_text(encoding="utf-8").split("\n")[:-1]

    def sentences(self, side: str) -> Iterator[tuple[Numbers, Numbers]]:
        """The numbers of so many sentences of a side, and the lengths of these, until all were read."""
        with self._path(side, "numbers").open("rb") as numbers, self._path(side, "lengths").open("rb") as lengths:
            while len(block := np.fromfile(lengths, np.int32, _BLOCK)):
                yield np.fromfile(numbers, np.int32, block.sum()), block

    def frequencies(self, side: str) -> dict[str, int]:
        """How often each word of a side occurs."""
        words = self.words(side)
        counts = sum(
            (np.bincount(numbers, minlength=len(words) + 1) for numbers, _ in self.sentences(side)), np.int64(0)
        )
        return dict(zip(words, counts[1:].tolist(), strict=True))

    def remove(self) -> None:
        """Delete its files and its journal."""
        for name in (JOURNAL, *FILES):
            (self._folder / name).unlink()

    def _path(self, side: str, kind: str) -> Path:
        return self._folder / f"train.{side}.{kind}"
