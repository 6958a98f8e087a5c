"""Parallel corpora by name: Accord, Multi30k, Tatoeba, WMT14, and a user's own files; all streamed.

========  =========================================  ==========  ====================================
corpus    training pairs                             languages   splits for testing
========  =========================================  ==========  ====================================
accord    any number, by default 20,000              en, fr      test, long, compositional, fixed
multi30k  29,000                                     en, fr, de  test_2016_flickr, test_2017_flickr
tatoeba   138,275 (edition of 2017)                  en, fr      test
wmt14     40.8 million (fr), 4.5 million (de)        en, fr, de  test
a file    98 of 100 lines, 1 for valid, 1 for test   en, fr, de  test
========  =========================================  ==========  ====================================

A file is a path/to/corpus.tsv, or two aligned files as path/a.en,path/a.fr.

Training pairs with an empty side or with more than ``LONGEST`` words are dropped and counted in one log line;
in any other split they are an error: a score on a changed test set would be comparable with no other.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from data.errors import UserError
from data.links import Links
from data.sources.download import data_dir, fetch
from data.sources.paths import check_regular, place, shortened
from data.sources.reading import aligned_lines, tab_separated

logger = logging.getLogger(__name__)

LONGEST = 1000  # words, as white space separates them
LONGEST_WORD = 1000  # letters
_LETTERS_AND_DIGITS = re.compile(r"[^\W_]+")
ACCORD_SIZES = {"train": 20_000, "valid": 500, "test": 500, "long": 500, "compositional": 500}


class Example(NamedTuple):
    """One sentence pair as raw text, with its gold word links if the corpus has them."""

    source: str
    target: str
    links: Links | None = None


class Request(NamedTuple):
    """Which examples to read, in which languages, from which data directory; ``limit``: how many at most, None for all."""

    split: str
    source: str
    target: str
    folder: Path
    limit: int | None = None


Reader = Callable[[Request], Iterable[Example]]


@dataclass(frozen=True)
class Corpus:
    """What a corpus offers.

    splits: their names, train first. languages: empty for a user's own files. tests: the splits it is tested on.
    read: streams the examples of a request. edition: differs between two states of the corpus in a data directory.
    place: file and line of one side of an example, for a user's own files.
    """

    name: str
    splits: tuple[str, ...]
    languages: tuple[str, ...]
    tests: tuple[str, ...]
    read: Reader
    edition: Callable[[Path], str]
    place: Callable[[Example, str], str] | None = None

    def tested_on(self, splits: list[str] | None) -> tuple[str, ...]:
        """The splits to test on, all if None is given; raises UserError for one that the corpus cannot be tested on."""
        for name in splits or ():
            if name not in self.splits or name == "train":
                raise UserError(f"{self.name} cannot be tested on {name!r}: choose from {', '.join(self.splits[1:])}.")
        return self.tests if splits is None else tuple(splits)

    def where(self, split: str, number: int, example: Example, side: str) -> str:
        """For an error: where the source or target of the ``number``-th example of a split stands, counted from 1."""
        if self.place is None:
            return f"{self.name}, split {split!r}: the {side} of pair {number:,}"
        return f"{self.place(example, side)} (split {split!r}): the {side}"


def find_corpus(name: str) -> Corpus:
    """The corpus of that name, or the one in the user's files; raises UserError listing the known names."""
    if name in CORPORA:
        return CORPORA[name]
    paths = tuple(place(part.strip()) for part in name.split(","))
    if len(paths) == 2 or (len(paths) == 1 and paths[0].name.endswith((".tsv", ".txt", ".tsv.gz"))):
        return _own_files(paths)
    raise UserError(
        f"There is no corpus {name!r}: choose one of {', '.join(CORPORA)}, or give path/to/corpus.tsv "
        "(source TAB target) or two aligned files as path/a.en,path/a.fr."
    )


def load(  # noqa: PLR0913 - which examples, and where they lie
    name: str,
    split: str,
    source_language: str,
    target_language: str,
    folder: Path | None = None,
    count: int | None = None,
) -> Iterator[Example]:
    """Stream the examples of a split of a named corpus, the first ``count`` if it is given.

    ``folder`` is the data directory, ``$DATA_DIR`` if None. Raises UserError for an unknown corpus, split or
    language, for faults of the files (see data.sources.reading), and for an empty or overlong side outside training.
    """
    corpus = find_corpus(name)
    if split not in corpus.splits:
        raise UserError(f"{corpus.name} has no split {split!r}: choose one of {', '.join(corpus.splits)}.")
    for language in (source_language, target_language):
        if corpus.languages and language not in corpus.languages:
            raise UserError(f"{corpus.name} has no {language!r}: choose from {', '.join(corpus.languages)}.")
    if source_language == target_language:
        raise UserError(f"Source and target language are both {source_language!r}: choose two.")
    folder = data_dir() if folder is None else folder
    examples = corpus.read(Request(split, source_language, target_language, folder, count))
    return islice(_sound(examples, corpus, split), count)


def _sound(examples: Iterable[Example], corpus: Corpus, split: str) -> Iterator[Example]:
    """The examples without an empty or overlong side, which is an error outside training."""
    empty = overlong = 0
    for number, example in enumerate(examples, start=1):
        if not (example.source.strip() and example.target.strip()):
            side, fault = ("source" if not example.source.strip() else "target"), "is empty"
            empty += 1
        elif (words := max(_words(example.source), _words(example.target))) > LONGEST:
            side = "source" if _words(example.source) == words else "target"
            fault = f"has {words:,} words, more than {LONGEST:,}"
            overlong += 1
        elif (letters := max(_letters(example.source), _letters(example.target))) > LONGEST_WORD:
            side = "source" if _letters(example.source) == letters else "target"
            fault = f"has a word of {letters:,} letters, more than {LONGEST_WORD:,}"
            overlong += 1
        else:
            yield example
            continue
        if split != "train":
            raise UserError(f"{corpus.where(split, number, example, side)} {fault}; fix it.")
    if empty or overlong:
        logger.warning(
            "%s, split %r: dropped %s pairs with an empty side and %s with more than %s words or a word of more than %s letters.",
            corpus.name, split, f"{empty:,}", f"{overlong:,}", f"{LONGEST:,}", f"{LONGEST_WORD:,}",
        )  # fmt: skip


def _words(text: str) -> int:
    # Splitting millions of texts is slow; a text has at most half as many words as characters.
    return len(text.split()) if len(text) > 2 * LONGEST else 0


def _letters(text: str) -> int:
    """Of the longest word, 0 where none can be too long."""
    return max(map(len, text.split()), default=0) if len(text) > LONGEST_WORD else 0


def _read_accord(request: Request) -> Iterator[Example]:
    from data import accord  # imported only if it is asked for

    fixed = request.split == "fixed"
    count = request.limit or ACCORD_SIZES.get(request.split)
    for pair in accord.FIXED if fixed else accord.pairs(request.split, count):
        if request.source == "en":
            yield Example(pair.source_text, pair.target_text, pair.links)
        else:
            yield Example(pair.target_text, pair.source_text, _turned(pair.links))


def _turned(links: Links) -> Links:
    """The same links with source and target exchanged."""
    sure, possible = (frozenset((s, t) for t, s in pairs) for pairs in (links.sure, links.possible))
    return Links(sure=sure, possible=possible)


def _accord_edition(_: Path) -> str:
    """A digest of a few sentences of the grammar, so that a changed grammar is prepared anew."""
    splits = CORPORA["accord"].splits
    examples = [list(_read_accord(Request(split, "en", "fr", Path(), 20))) for split in splits]
    return hashlib.sha256(repr(examples).encode()).hexdigest()


def _read_multi30k(request: Request) -> Iterator[Example]:
    stem = {"valid": "val"}.get(request.split, request.split)
    source, target = (f"multi30k/{stem}.{language}.gz" for language in (request.source, request.target))
    for left, right in aligned_lines(fetch(source, request.folder), fetch(target, request.folder)):
        yield Example(left, right)


def _read_tatoeba(request: Request) -> Iterator[Example]:
    path = fetch("tatoeba/fra-eng.zip", request.folder)
    seen: set[tuple[str, str]] = set()
    # The English side alone decides the split, so that both directions have the same test set.
    for english, french in _hashed(lambda: tab_separated(path, "fra.txt"), request.split, share=0.0145):
        if (english, french) not in seen:
            seen.add((english, french))
            yield Example(english, french) if request.source == "en" else Example(french, english)


def _read_wmt14(request: Request) -> Iterator[Example]:
    try:
        import datasets
    except ImportError:
        raise UserError('The corpus wmt14 needs the library "datasets": `make setup EXTRAS=wmt` installs it.') from None
    source, target = request.source, request.target
    if "en" not in (source, target):
        raise UserError(f"wmt14 has pairs with English only, not {source}-{target}.")
    other = target if source == "en" else source
    name = {"valid": "validation"}.get(request.split, request.split)
    try:
        for row in datasets.load_dataset("wmt/wmt14", f"{other}-en", split=name, streaming=True):
            yield Example(row["translation"][source], row["translation"][target])
    except OSError as error:
        raise UserError(
            f"Could not stream wmt14 from the Hugging Face hub: {error}; check the network, or give files of "
            "your own as path/a.en,path/a.fr."
        ) from None


def _own_files(paths: tuple[Path, ...]) -> Corpus:
    def stream() -> Iterator[tuple[str, str]]:
        return tab_separated(paths[0]) if len(paths) == 1 else aligned_lines(*paths)

    def read(request: Request) -> Iterator[Example]:
        for left, right in _hashed(stream, request.split, share=0.01):
            yield Example(left, right)

    def edition(_: Path) -> str:
        return _states(paths)

    def place(example: Example, side: str) -> str:
        # Searched for only when needed, so that millions of pairs need not carry their line numbers.
        line = next(number for number, pair in enumerate(stream(), start=1) if pair == example[:2])
        return f"{paths[-1 if side == 'target' else 0]}, line {line:,}"

    name = re.sub(r"\.(tsv|txt|gz)\b", "", paths[0].name) if len(paths) == 1 else paths[0].stem
    return Corpus(name, ("train", "valid", "test"), (), ("test",), read, edition, place)


def _states(paths: Iterable[Path]) -> str:
    """Path, size and time of each file; raises UserError for a missing one."""
    states = []
    for path in paths:
        check_regular(path)
        try:
            state = path.stat()
        except OSError as error:
            raise UserError(f"{shortened(path)} cannot be read: {error.strerror}.") from None
        states.append(f"{path.resolve()} {state.st_size} {state.st_mtime_ns}")
    return "\n".join(states)


def _hashed(stream: Callable[[], Iterator[tuple[str, str]]], split: str, share: float) -> Iterator[tuple[str, str]]:
    """The pairs of a split, chosen by a stable hash of the first side: ``share`` go to valid, as many to test.

    Case and punctuation do not count, so "Go." and "Go!" go to the same split, and no first side is in two splits.
    Nor is a second side: if two splits would share it, test takes precedence over valid, and valid over train.
    """
    taken: set[bytes] = set()
    preceding = {"train": ("valid", "test"), "valid": ("test",), "test": ()}[split]
    if preceding:
        taken = {_digest(second) for first, second in stream() if _share(first, share) in preceding}
    for first, second in stream():
        if _share(first, share) == split and _digest(second) not in taken:
            yield first, second


def _share(text: str, share: float) -> str:
    position = int.from_bytes(_digest(text), "big") / 2**64
    return "test" if position < share else "valid" if position < 2 * share else "train"


def _digest(text: str) -> bytes:
    letters = "".join(_LETTERS_AND_DIGITS.findall(text.casefold()))
    return hashlib.blake2b((letters or text).encode(), digest_size=8).digest()


CORPORA: dict[str, Corpus] = {
    corpus.name: corpus
    for corpus in (
        Corpus(
            "accord", ("train", "valid", "test", "long", "compositional", "fixed"), ("en", "fr"),
            ("test", "long", "compositional", "fixed"), _read_accord, _accord_edition,
        ),
        Corpus(
            "multi30k", ("train", "valid", "test_2016_flickr", "test_2017_flickr"), ("en", "fr", "de"),
            ("test_2016_flickr", "test_2017_flickr"), _read_multi30k, lambda _: "",
        ),
        Corpus(
            "tatoeba", ("train", "valid", "test"), ("en", "fr"), ("test",),
            _read_tatoeba, lambda folder: _states([fetch("tatoeba/fra-eng.zip", folder)]),
        ),
        Corpus("wmt14", ("train", "valid", "test"), ("en", "fr", "de"), ("test",), _read_wmt14, lambda _: ""),
    )
}  # fmt: skip
