"""Parallel corpora by name: Accord, Multi30k, Tatoeba, the Bible, WMT14, and a user's own files; all streamed.

========  =========================================  ==========  ====================================
corpus    training pairs                             languages   splits for testing
========  =========================================  ==========  ====================================
accord    any number, by default 20,000              en, fr      test, long, compositional, fixed
multi30k  29,000                                     en, fr, de  test_2016_flickr, test_2017_flickr
tatoeba   138,275 (edition of 2017)                  en, fr      test
bible     28,045 verses                              en, fr      test, long
wmt14     40.8 million (fr), 4.5 million (de)        en, fr, de  test
a file    98 of 100 lines, 1 for valid, 1 for test   en, fr, de  test
========  =========================================  ==========  ====================================

A file is a path/to/corpus.tsv, or two aligned files as path/a.en,path/a.fr. Several names, or names and .tsv files, with commas
between are a mixture. wmt14 validates on newstest2013, as Luong et al. (2015) and Vaswani et al. (2017) did; wmt14_2012 is the
same with newstest2012 before it, as in Bahdanau et al. (2014).
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
from data.sources import bible
from data.sources.download import data_dir, fetch
from data.sources.mixtures import mixture
from data.sources.paths import place, states
from data.sources.reading import aligned_lines, count_lines, tab_separated
from data.sources.splits import HeldOut, Pair, by_first_side, read_split
from data.sources.text import Corpus, Example, Request, chunks, warn

WMT14_SIZES = {"fr": 40_836_715, "de": 4_508_785}  # training pairs of each language with English
ACCORD_SIZES = {"train": 20_000, "valid": 500, "test": 500, "long": 500, "compositional": 500}


def find_corpus(name: str) -> Corpus:
    """The corpus of that name, or the one in the user's files; raises UserError listing the known names."""
    if name in CORPORA:
        return CORPORA[name]
    parts = [part.strip() for part in name.split(",")]
    tables = [part.endswith((".tsv", ".tsv.gz")) for part in parts]
    if len(parts) > 1 and (all(tables) or any(part in CORPORA for part in parts)):
        return mixture([find_corpus(part) for part in parts])
    paths = tuple(map(place, parts))
    if len(paths) == 2 or (len(paths) == 1 and paths[0].name.endswith((".tsv", ".txt", ".tsv.gz"))):
        return _own_files(paths)
    raise UserError(
        f"There is no corpus {name!r}: choose one of {', '.join(CORPORA)}, or give path/to/corpus.tsv "
        "(source TAB target), two aligned files as path/a.en,path/a.fr, or a mixture as bible,tatoeba."
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
        chosen: Iterable[accord.Pair] = accord.FIXED
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
    for pair in read_split(pairs, by_first_side(pairs, share=0.0145), request):
        yield pair and (Example(*pair) if request.source == "en" else Example(pair[1], pair[0]))


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


def _read_wmt14_2012(request: Request) -> Iterator[Example]:
    if request.split == "valid":
        from sacrebleu.utils import get_files  # downloads from statmt.org, checked, into ~/.sacrebleu

        try:
            source, target, *_ = map(Path, get_files("wmt12", f"{request.source}-{request.target}"))
        except (OSError, SystemExit) as error:  # it exits at a wrong checksum, which it has logged
            raise Interrupted(
                f"sacreBLEU could not download newstest2012: {error}; check the network, or choose the corpus wmt14, "
                "which is without it."
            ) from None
        yield from starmap(Example, aligned_lines(source, target))
    yield from _read_wmt14(request)


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
        return by_first_side(counted(stream(), "choosing valid and test", length(), "pairs"), share=0.01)

    def read(request: Request) -> Iterator[Example | None]:
        for pair in read_split(stream(), held_out(), request):
            yield pair and Example(*pair)

    def edition(_: Path) -> str:
        return states(paths)

    def place(example: Example, side: str) -> str:
        # Searched for only when needed, so that millions of pairs need not carry their line numbers.
        line = next(number for number, pair in enumerate(stream(), start=1) if pair == example[:2])
        return f"{paths[-1 if side == 'target' else 0]}, line {line:,}"

    name = re.sub(r"\.(tsv|txt|gz)\b", "", paths[0].name) if len(paths) == 1 else paths[0].stem
    return Corpus(name, ("train", "valid", "test"), (), ("test",), read, edition, lambda _: length(), place)


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
            _read_tatoeba, lambda folder: states([fetch("tatoeba/fra-eng.zip", folder)]), lambda _: None,
        ),
        Corpus(
            "bible", ("train", "valid", "test", "long"), ("en", "fr"), ("test", "long"),
            bible.read, lambda folder: states(bible.files(folder).values()), lambda _: None,
        ),
        *(
            Corpus(name, ("train", "valid", "test"), ("en", "fr", "de"), ("test",), read, lambda _: "", _wmt14_size)
            for name, read in (("wmt14", _read_wmt14), ("wmt14_2012", _read_wmt14_2012))
        ),
    )
}  # fmt: skip
