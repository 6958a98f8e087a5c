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
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice, starmap
from pathlib import Path

from data.errors import Interrupted, UserError
from data.links import Links
from data.progress import counted
from data.sources.download import data_dir, fetch
from data.sources.paths import check_regular, place, shortened
from data.sources.reading import aligned_lines, count_lines, tab_separated
from data.sources.text import Corpus, Example, Request, chunks, warn

_NO_LETTER_OR_DIGIT = re.compile(r"[\W_]+")
WMT14_SIZES = {"fr": 40_836_715, "de": 4_508_785}  # training pairs of each language with English
ACCORD_SIZES = {"train": 20_000, "valid": 500, "test": 500, "long": 500, "compositional": 500}

Pair = tuple[str, str]
HeldOut = dict[str, list[Pair]]  # by split; none of train


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


def load(
    name: str, split: str, source: str, target: str, folder: Path | None = None, count: int | None = None
) -> Iterator[Example]:
    """Stream the examples of a split of a named corpus, the first ``count`` if it is given.

    ``folder`` is the data directory, ``$DATA_DIR`` if None. Raises UserError for an unknown corpus, split or language, for faults
    of the files (see data.sources.reading), and for an empty or overlong side outside training.
    """
    corpus = find_corpus(name)
    request = corpus.request(split, source, target, folder or data_dir())._replace(limit=count)
    counts = Counter[str]()
    for chunk in chunks(corpus, request):
        yield from chunk.examples
        counts.update(chunk.counts)
    warn(corpus, counts)


def _read_accord(request: Request) -> Iterator[Example]:
    from data import accord  # imported only if it is asked for

    if request.split == "fixed":
        chosen = accord.FIXED
    else:
        chosen = islice(accord.pairs(request.split, _accord_size(request)), request.start, None)
    for pair in chosen:
        if request.source == "en":
            yield Example(pair.source_text, pair.target_text, pair.links)
        else:
            yield Example(pair.target_text, pair.source_text, _turned(pair.links))


def _accord_size(request: Request) -> int | None:
    return request.start + request.limit if request.limit else ACCORD_SIZES.get(request.split)


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
    lines = aligned_lines(fetch(source, request.folder), fetch(target, request.folder))
    yield from starmap(Example, islice(lines, request.start, None))


def _read_tatoeba(request: Request) -> Iterator[Example | None]:
    path = fetch("tatoeba/fra-eng.zip", request.folder)
    pairs = [*dict.fromkeys(tab_separated(path, "fra.txt"))]  # none twice
    # The English side alone decides the split, so that both directions have the same test set.
    for pair in _hashed(pairs, _held_out(pairs, share=0.0145), request):
        yield pair and (Example(*pair) if request.source == "en" else Example(*reversed(pair)))


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
        rows = datasets.load_dataset("wmt/wmt14", f"{other}-en", split=name, streaming=True)
        for row in rows.skip(request.start) if request.start else rows:
            yield Example(row["translation"][source], row["translation"][target])
    except OSError as error:
        raise Interrupted(
            f"Could not stream wmt14 from the Hugging Face hub: {error}; check the network, or give files of "
            "your own as path/a.en,path/a.fr."
        ) from None


def _wmt14_size(request: Request) -> int:
    return WMT14_SIZES[request.target if request.source == "en" else request.source]


def _own_files(paths: tuple[Path, ...]) -> Corpus:
    def stream() -> Iterator[Pair]:
        return tab_separated(paths[0]) if len(paths) == 1 else aligned_lines(*paths)

    @cache  # as long as the corpus
    def length() -> int:
        return count_lines(paths[0])

    @cache
    def held_out() -> HeldOut:
        return _held_out(counted(stream(), "choosing valid and test", length(), "pairs"), share=0.01)

    def read(request: Request) -> Iterator[Example | None]:
        for pair in _hashed(stream(), held_out(), request):
            yield pair and Example(*pair)

    def edition(_: Path) -> str:
        return _states(paths)

    def place(example: Example, side: str) -> str:
        # Searched for only when needed, so that millions of pairs need not carry their line numbers.
        line = next(number for number, pair in enumerate(stream(), start=1) if pair == example[:2])
        return f"{paths[-1 if side == 'target' else 0]}, line {line:,}"

    name = re.sub(r"\.(tsv|txt|gz)\b", "", paths[0].name) if len(paths) == 1 else paths[0].stem
    return Corpus(name, ("train", "valid", "test"), (), ("test",), read, edition, lambda _: length(), place)


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


def _held_out(pairs: Iterable[Pair], share: float) -> HeldOut:
    """The pairs of valid and of test, chosen by a stable hash of the first side: ``share`` of all for each.

    Case and punctuation do not count, so "Go." and "Go!" go to the same split, and no first side is in two splits.
    Nor is a second side: if two splits would share it, test takes precedence over valid, and valid over train.
    """
    chosen: HeldOut = {"train": [], "valid": [], "test": []}
    for pair in pairs:
        if (split := _share(pair[0], share)) != "train":
            chosen[split].append(pair)
    tested = {_digest(second) for _, second in chosen["test"]}
    return {**chosen, "valid": [pair for pair in chosen["valid"] if _digest(pair[1]) not in tested]}


def _hashed(pairs: Iterable[Pair], held_out: HeldOut, request: Request) -> Iterator[Pair | None]:
    """The pairs of a split; in training None for each that stands among them and belongs to, or shares a side with, another."""
    if request.split != "train":
        yield from held_out[request.split]
        return
    firsts, seconds = ({_digest(pair[side]) for held in held_out.values() for pair in held} for side in (0, 1))
    for first, second in islice(pairs, request.start, None):
        yield None if _digest(first) in firsts or _digest(second) in seconds else (first, second)


def _share(text: str, share: float) -> str:
    position = int.from_bytes(_digest(text), "big") / 2**64
    return "test" if position < share else "valid" if position < 2 * share else "train"


def _digest(text: str) -> bytes:
    letters = _NO_LETTER_OR_DIGIT.sub("", text.casefold())
    return hashlib.blake2b((letters or text).encode(), digest_size=8).digest()


CORPORA: dict[str, Corpus] = {
    corpus.name: corpus
    for corpus in (
        Corpus(
            "accord", ("train", "valid", "test", "long", "compositional", "fixed"), ("en", "fr"),
            ("test", "long", "compositional", "fixed"), _read_accord, _accord_edition, _accord_size,
        ),
        Corpus(
            "multi30k", ("train", "valid", "test_2016_flickr", "test_2017_flickr"), ("en", "fr", "de"),
            ("test_2016_flickr", "test_2017_flickr"), _read_multi30k, lambda _: "", lambda _: 29_000,
        ),
        Corpus(
            "tatoeba", ("train", "valid", "test"), ("en", "fr"), ("test",),
            _read_tatoeba, lambda folder: _states([fetch("tatoeba/fra-eng.zip", folder)]), lambda _: None,
        ),
        Corpus(
            "wmt14", ("train", "valid", "test"), ("en", "fr", "de"), ("test",), _read_wmt14, lambda _: "", _wmt14_size,
        ),
    )
}  # fmt: skip
