"""Parallel corpora by name: Accord, Multi30k, Tatoeba, WMT14, and a user's own files; all streamed.

========  =========================================  ==========  ====================================
corpus    training pairs                             languages   splits for testing
========  =========================================  ==========  ====================================
accord    any number, 20,000 unless told             en, fr      test, long, compositional, fixed
multi30k  29,000                                     en, fr, de  test_2016_flickr, test_2017_flickr
tatoeba   138,275 (edition of 2017)                  en, fr      test
wmt14     40.8 million (fr), 4.5 million (de)        en, fr, de  test
a file    98 of 100 lines, 1 for valid, 1 for test   en, fr, de  test
========  =========================================  ==========  ====================================

A file is a path/to/corpus.tsv, or two aligned files as path/a.en,path/a.fr.

Training pairs with an empty side or with more than ``LONGEST`` words are dropped and counted in one log line;
in any other split they are an error, for a score on a changed test set is not comparable with anybody's.
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
from data.sources.reading import aligned_lines, tab_separated

logger = logging.getLogger(__name__)

LONGEST = 1000  # words, as white space separates them
ACCORD_SIZES = {"train": 20_000, "valid": 500, "test": 500, "long": 500, "compositional": 500}


class Example(NamedTuple):
    """One sentence pair as raw text, with its gold word links where the corpus knows them."""

    source: str
    target: str
    links: Links | None = None


class Wanted(NamedTuple):
    """Which examples to read; ``limit`` is how many are needed at most, None for all."""

    split: str
    source: str
    target: str
    folder: Path
    limit: int | None = None


Reader = Callable[[Wanted], Iterable[Example]]


@dataclass(frozen=True)
class Corpus:
    """What a corpus offers: split names, languages, the splits it is tested on, and how to read it.

    ``edition`` tells one state of the corpus from another: changed files, a changed grammar. ``place`` says in which
    file and line an example's side stands, where that is a user's own.
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
        """In words, for an error: where the source or target of an example stands, the ``number``-th of a split, from 1."""
        if self.place is None:
            return f"{self.name}, split {split!r}: the {side} of pair {number:,}"
        return f"{self.place(example, side)} (split {split!r}): the {side}"


def find_corpus(corpus: str) -> Corpus:
    """The corpus of that name, or the one in the user's files; raises UserError listing the known names."""
    if corpus in CORPORA:
        return CORPORA[corpus]
    paths = tuple(Path(part.strip()).expanduser() for part in corpus.split(","))
    if len(paths) == 2 or (len(paths) == 1 and paths[0].name.endswith((".tsv", ".txt", ".tsv.gz"))):
        return _own_files(paths)
    known = ", ".join(CORPORA)
    raise UserError(
        f"There is no corpus {corpus!r}: choose one of {known}, or give path/to/corpus.tsv "
        "(source TAB target) or two aligned files as path/a.en,path/a.fr."
    )


def load(  # noqa: PLR0913 - which examples, and where they lie
    corpus: str,
    split: str,
    source_language: str,
    target_language: str,
    folder: Path | None = None,
    count: int | None = None,
) -> Iterator[Example]:
    """Stream the examples of a split, the first ``count`` of them if given.

    ``folder`` is the data directory, ``$DATA_DIR`` if None. Raises UserError for an unknown corpus, split or
    language, for faults of the files (see data.sources.reading), and for an empty or overlong side outside training.
    """
    found = find_corpus(corpus)
    if split not in found.splits:
        raise UserError(f"{found.name} has no split {split!r}: choose one of {', '.join(found.splits)}.")
    for language in (source_language, target_language):
        if found.languages and language not in found.languages:
            raise UserError(f"{found.name} has no {language!r}: choose from {', '.join(found.languages)}.")
    if source_language == target_language:
        raise UserError(f"Source and target language are both {source_language!r}: choose two.")
    folder = data_dir() if folder is None else folder
    examples = found.read(Wanted(split, source_language, target_language, folder, count))
    return islice(_sound(examples, found, split), count)


def _sound(examples: Iterable[Example], corpus: Corpus, split: str) -> Iterator[Example]:
    """Drop and count training pairs that nothing can be learned from; refuse them anywhere else."""
    empty = overlong = 0
    for number, example in enumerate(examples, start=1):
        if not (example.source.strip() and example.target.strip()):
            side, fault = ("source" if not example.source.strip() else "target"), "is empty"
            empty += 1
        elif (words := max(_words(example.source), _words(example.target))) > LONGEST:
            side = "source" if _words(example.source) == words else "target"
            fault = f"has {words:,} words, more than {LONGEST:,}"
            overlong += 1
        else:
            yield example
            continue
        if split != "train":
            raise UserError(f"{corpus.where(split, number, example, side)} {fault}; mend it.")
    if empty or overlong:
        logger.warning(
            "%s, split %r: dropped %s pairs with an empty side and %s with more than %s words.",
            corpus.name, split, f"{empty:,}", f"{overlong:,}", f"{LONGEST:,}",
        )  # fmt: skip


def _words(text: str) -> int:
    # Splitting is dear for millions of pairs, and a text has at most every second character as a word.
    return len(text.split()) if len(text) > 2 * LONGEST else 0


def _read_accord(wanted: Wanted) -> Iterator[Example]:
    from data import accord  # a corpus that is not asked for costs nothing

    fixed = wanted.split == "fixed"
    count = wanted.limit or ACCORD_SIZES.get(wanted.split)
    for pair in accord.FIXED if fixed else accord.pairs(wanted.split, count):
        if wanted.source == "en":
            yield Example(pair.source_text, pair.target_text, pair.links)
        else:
            yield Example(pair.target_text, pair.source_text, _turned(pair.links))


def _turned(links: Links) -> Links:
    """The same links seen from the other side."""
    sure, possible = (frozenset((s, t) for t, s in some) for some in (links.sure, links.possible))
    return Links(sure=sure, possible=possible)


def _accord_edition(_: Path) -> str:
    """A digest of what the grammar says today, so that a changed grammar is read anew."""
    splits = CORPORA["accord"].splits
    examples = [list(_read_accord(Wanted(split, "en", "fr", Path(), 20))) for split in splits]
    return hashlib.sha256(repr(examples).encode()).hexdigest()


def _read_multi30k(wanted: Wanted) -> Iterator[Example]:
    stem = {"valid": "val"}.get(wanted.split, wanted.split)
    source, target = (f"multi30k/{stem}.{language}.gz" for language in (wanted.source, wanted.target))
    for left, right in aligned_lines(fetch(source, wanted.folder), fetch(target, wanted.folder)):
        yield Example(left, right)


def _read_tatoeba(wanted: Wanted) -> Iterator[Example]:
    path = fetch("tatoeba/fra-eng.zip", wanted.folder)
    seen: set[tuple[str, str]] = set()
    # The English side alone decides the split, so that both directions have the same test set.
    for english, french in _hashed(lambda: tab_separated(path, "fra.txt"), wanted.split, share=0.0145):
        if (english, french) not in seen:
            seen.add((english, french))
            yield Example(english, french) if wanted.source == "en" else Example(french, english)


def _read_wmt14(wanted: Wanted) -> Iterator[Example]:
    try:
        import datasets
    except ImportError:
        raise UserError('The corpus wmt14 needs the library "datasets": `make setup EXTRAS=wmt` installs it.') from None
    source, target = wanted.source, wanted.target
    if "en" not in (source, target):
        raise UserError(f"wmt14 has pairs with English only, not {source}-{target}.")
    other = target if source == "en" else source
    name = {"valid": "validation"}.get(wanted.split, wanted.split)
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

    def read(wanted: Wanted) -> Iterator[Example]:
        for left, right in _hashed(stream, wanted.split, share=0.01):
            yield Example(left, right)

    def edition(_: Path) -> str:
        return _states(paths)

    def place(example: Example, side: str) -> str:
        # Found again where it is asked for, so that millions of pairs need not carry their lines.
        line = next(number for number, pair in enumerate(stream(), start=1) if pair == example[:2])
        return f"{paths[-1 if side == 'target' else 0]}, line {line:,}"

    name = re.sub(r"\.(tsv|txt|gz)\b", "", paths[0].name) if len(paths) == 1 else paths[0].stem
    return Corpus(name, ("train", "valid", "test"), (), ("test",), read, edition, place)


def _states(paths: Iterable[Path]) -> str:
    """Which files these are and whether they have changed; raises UserError for a missing one."""
    states = []
    for path in paths:
        if not path.is_file():
            raise UserError(f"There is no file {path}.")
        state = path.stat()
        states.append(f"{path.resolve()} {state.st_size} {state.st_mtime_ns}")
    return "\n".join(states)


def _hashed(stream: Callable[[], Iterator[tuple[str, str]]], split: str, share: float) -> Iterator[tuple[str, str]]:
    """The pairs of a split, by a stable hash of the first side: ``share`` go to valid, as many to test.

    Case and punctuation do not count, so "Go." and "Go!" fall together, and no first side is in two splits.
    Nor is a second side: where two splits would share one, test keeps it before valid, and valid before
    train.
    """
    taken: set[bytes] = set()
    stronger = {"train": ("valid", "test"), "valid": ("test",), "test": ()}[split]
    if stronger:
        taken = {_digest(second) for first, second in stream() if _share(first, share) in stronger}
    for first, second in stream():
        if _share(first, share) == split and _digest(second) not in taken:
            yield first, second


def _share(text: str, share: float) -> str:
    position = int.from_bytes(_digest(text), "big") / 2**64
    return "test" if position < share else "valid" if position < 2 * share else "train"


def _digest(text: str) -> bytes:
    letters = "".join(filter(str.isalnum, text.casefold()))
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
