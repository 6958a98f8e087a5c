"""The words of training pairs on disk, each as its number: one file per chunk, continued after an interruption.

Number n is that of the n-th different word of a chunk; 0 ends a sentence.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from data.sources.text import Chunk
from data.whole import UNFINISHED, whole
from data.words import split as split_words

Numbers = NDArray[np.int32]
SIDES = ("source", "target")


class NumberedSentences(NamedTuple):
    """Sentences of one side: each word once, "" first; the place of each word there, 0 after each sentence; the lengths."""

    words: list[str]
    numbers: Numbers
    lengths: Numbers

    @classmethod
    def of(cls, sentences: Sequence[Sequence[str]]) -> "NumberedSentences":
        words = [*chain.from_iterable((*words, "") for words in sentences)]
        places = {word: place for place, word in enumerate(dict.fromkeys(["", *words]))}
        lengths = np.fromiter((len(words) + 1 for words in sentences), np.int32, len(sentences))
        return cls([*places], np.fromiter(map(places.__getitem__, words), np.int32, len(words)), lengths)


class NumberedPairs(NamedTuple):
    """The pairs of a chunk that are short enough, side by side; what became of all that were read."""

    sides: tuple[NumberedSentences, ...]
    counts: dict[str, int]


def number(chunk: Chunk, languages: tuple[str, str], max_words: int) -> NumberedPairs:
    """The words of a chunk, without the pairs that have an endless side or one without words."""
    kept: list[tuple[list[str], list[str]]] = []
    for example in chunk.examples:
        source, target = split_words(example.source, languages[0]), split_words(example.target, languages[1])
        # A side of white space and invisible characters has no word.
        if source and target and max(len(source), len(target)) <= max_words:
            kept.append((source, target))
    counts = {**chunk.counts, "kept": len(kept), "dropped": len(chunk.examples) - len(kept)}
    return NumberedPairs(tuple(NumberedSentences.of([pair[side] for pair in kept]) for side in (0, 1)), counts)


class Spool:
    """The chunks in a folder; those that an interrupted preparation left are kept, unless one is damaged.

    counts: of pairs of the corpus: ``read``, and what became of them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / UNFINISHED
        self._end = self._folder / "complete"
        self.counts = Counter[str]()
        try:
            for path in self._paths():
                with np.load(path, allow_pickle=False) as chunk:
                    self.counts.update(json.loads(str(chunk["counts"])))
        except (OSError, ValueError, LookupError, EOFError, BadZipFile):
            self.remove()
            self.counts.clear()
        self._chunks = len(self._paths())

    @property
    def complete(self) -> bool:
        """Whether there are no more chunks."""
        return self._end.exists()

    def append(self, pairs: NumberedPairs) -> None:
        """Write a chunk, whole or not at all."""
        arrays = {"counts": np.array(json.dumps(pairs.counts))}
        for side, (words, numbers, lengths) in zip(SIDES, pairs.sides, strict=True):
            lines = "".join(f"{word}\n" for word in words)
            arrays |= {f"{side}.words": np.array(lines), f"{side}.numbers": numbers, f"{side}.lengths": lengths}
        with whole(self._folder / f"{self._chunks:09}.npz") as path, path.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        self.counts.update(pairs.counts)
        self._chunks += 1

    def end(self) -> None:
        """Say that it is complete."""
        self._folder.mkdir(exist_ok=True)
        self._end.touch()

    def sentences(self, side: str) -> Iterator[NumberedSentences]:
        """The sentences of a side, chunk by chunk."""
        for path in self._paths():
            with np.load(path, allow_pickle=False) as chunk:
                words = str(chunk[f"{side}.words"]).split("\n")[:-1]
                yield NumberedSentences(words, chunk[f"{side}.numbers"], chunk[f"{side}.lengths"])

    def frequencies(self, side: str) -> Counter[str]:
        """How often each word of a side occurs."""
        frequencies = Counter[str]()
        for words, numbers, _ in self.sentences(side):
            counts = np.bincount(numbers, minlength=len(words)).tolist()
            frequencies.update(dict(zip(words[1:], counts[1:], strict=True)))
        return frequencies

    def remove(self) -> None:
        """Delete its files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.npz"))
