"""Parallel text as a corpus offers it: which pairs to read, streamed in chunks, without those that cannot be used.

Training pairs with an empty side or with more than ``LONGEST`` words are dropped and counted in one log line;
in any other split they are an error: a score on a changed test set would be comparable with no other.
"""

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from data.errors import UserError
from data.links import Links

logger = logging.getLogger(__name__)

CHUNK = 4096  # pairs
LONGEST = 1000  # words, as white space separates them
LONGEST_WORD = 1000  # letters


class Example(NamedTuple):
    """One sentence pair as raw text, with its gold word links if the corpus has them.

    spaced: whether the links join what white space separates, as somebody marked it, and not the words of data.words.
    """

    source: str
    target: str
    links: Links | None = None
    spaced: bool = False


class Request(NamedTuple):
    """Which examples to read, in which languages, from which data directory.

    start: training examples of the stream, those of other splits included, to begin after. limit: how many to read at most,
    None for all.
    """

    split: str
    source: str
    target: str
    folder: Path
    limit: int | None = None
    start: int = 0


class Chunk(NamedTuple):
    """Pairs that stand together in a stream, without those that cannot be used, and ``counts`` of all that were read."""

    examples: list[Example]
    counts: dict[str, int]


# None stands for an example of another split.
Reader = Callable[[Request], Iterable[Example | None]]


@dataclass(frozen=True)
class Corpus:
    """What a corpus offers.

    splits: their names, train first. languages: empty for a user's own files. tests: the splits it is tested on.
    read: streams the examples of a request. edition: differs between two states of the corpus in a data directory.
    length: of the stream of training examples, as far as it can be foreseen. place: file and line of one side of an example, for
    a user's own files.
    """

    name: str
    splits: tuple[str, ...]
    languages: tuple[str, ...]
    tests: tuple[str, ...]
    read: Reader
    edition: Callable[[Path], str]
    length: Callable[[Request], int | None]
    place: Callable[[Example, str], str] | None = None

    def tested_on(self, splits: list[str] | None) -> tuple[str, ...]:
        """The splits to test on, all if None is given; raises UserError for one that the corpus cannot be tested on."""
        for name in splits or ():
            if name not in self.splits or name == "train":
                raise UserError(f"{self.name} cannot be tested on {name!r}: choose from {', '.join(self.splits[1:])}.")
        return self.tests if splits is None else tuple(splits)

    def request(self, split: str, source: str, target: str, folder: Path) -> Request:
        """The request of all examples of a split; raises UserError for a split or languages that the corpus lacks."""
        if split not in self.splits:
            raise UserError(f"{self.name} has no split {split!r}: choose one of {', '.join(self.splits)}.")
        for language in (source, target):
            if self.languages and language not in self.languages:
                raise UserError(f"{self.name} has no {language!r}: choose from {', '.join(self.languages)}.")
        if source == target:
            raise UserError(f"Source and target language are both {source!r}: choose two.")
        return Request(split, source, target, folder)

    def where(self, split: str, number: int, example: Example, side: str) -> str:
        """For an error: where the source or target of the ``number``-th example of a split stands, counted from 1."""
        if self.place is None:
            return f"{self.name}, split {split!r}: the {side} of pair {number:,}"
        return f"{self.place(example, side)} (split {split!r}): the {side}"


def chunks(corpus: Corpus, request: Request) -> Iterator[Chunk]:
    """The examples of a request in chunks, without an empty or overlong side, which is an error outside training."""
    numbered = enumerate(corpus.read(request), start=1)
    left = math.inf if request.limit is None else request.limit
    while left > 0:
        chunk = Chunk([], Counter())
        for number, example in islice(numbered, CHUNK):
            chunk.counts["read"] += 1
            if example is None:
                continue
            if fault := _fault(example):
                if request.split != "train":
                    raise UserError(f"{corpus.where(request.split, number, example, fault.side)} {fault.text}; fix it.")
                chunk.counts[fault.kind] += 1
                continue
            chunk.examples.append(example)
            if len(chunk.examples) == left:
                break
        if not chunk.counts["read"]:
            return
        left -= len(chunk.examples)
        yield chunk


class _Fault(NamedTuple):
    kind: str  # "empty" or "overlong"
    side: str
    text: str


def warn(corpus: Corpus, counts: Mapping[str, int]) -> None:
    """Say how many training pairs cannot be used, by the counts of all chunks."""
    empty, overlong = counts.get("empty", 0), counts.get("overlong", 0)
    if empty or overlong:
        logger.warning(
            "%s, split 'train': dropped %s pairs with an empty side and %s with more than %s words or a word of more than %s "
            "letters.", corpus.name, f"{empty:,}", f"{overlong:,}", f"{LONGEST:,}", f"{LONGEST_WORD:,}",
        )  # fmt: skip


def _fault(example: Example) -> _Fault | None:
    """What is wrong with a pair; None for nearly all."""
    sides = (("source", example.source), ("target", example.target))
    for side, text in sides:
        if not text.strip():
            return _Fault("empty", side, "is empty")
    for side, text in sides:
        if len(text) > LONGEST_WORD:  # a shorter one has neither so many words nor so long a word
            words = text.split()
            if len(words) > LONGEST:
                return _Fault("overlong", side, f"has {len(words):,} words, more than {LONGEST:,}")
            if (letters := max(map(len, words))) > LONGEST_WORD:
                return _Fault("overlong", side, f"has a word of {letters:,} letters, more than {LONGEST_WORD:,}")
    return None
