"""Gold word links: sentence pairs whose links people have judged, by name or in a user's own files.

========  ================================================  =================  ==============================
name      sentence pairs, English-French                    development        reported
========  ================================================  =================  ==============================
hansards  100 of parliament (WPT 2003; Och and Ney 2003)    the first 40       the other 60
alibi     226 of three stories (Xu and Yvon 2016)           52, Master Cat     174, Blue Beard and The Vision
========  ================================================  =================  ==============================

Own files are ``en=a.en,fr=a.fr,links=a.gold,base=1,first=en``, or ``en-fr=a.txt`` for sentences with ``|||`` between them.
``base`` is the number of the first word, ``first`` the language that comes first in a link: neither can be seen in a file.
With ``development=40`` views may be chosen on the first 40 pairs.

A line of links is ``3-4`` (sure), ``3p4`` or ``3?4`` (possible); or ``0001 3 4 S`` (NAACL 2003: sentence, words, S or P). Lines
may begin with their number and a tab, and sentences may be ``<s snum=0001> ... </s>``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from data.errors import UserError
from data.links import GoldPair, Links
from data.sources.download import data_dir
from data.sources.paths import place, states
from data.sources.reading import aligned_lines, lines
from data.sources.text import Corpus, Example, Request
from data.words import LANGUAGES, split, tokens_of

SEPARATOR = "|||"
DEVELOPMENT = "development"  # the split of the pairs on which views are chosen
_LINK = re.compile(r"(\d+)([-p?])(\d+)")
_NAACL = re.compile(r"(\d+) +(\d+) +(\d+)(?: +([SP]))?(?: +[\d.]+)?")
_NUMBERED = re.compile(r"(\d+)\t(.*)|<s snum=(\d+)>(.*)</s>")
_OWN = "en=a.en,fr=a.fr,links=a.gold,base=1,first=en"

Words = tuple[str, ...]


class GoldFiles(NamedTuple):
    """Where sentences and links lie, and how the links are written; see the module.

    sides: file by language; one file with both languages by "en-fr".
    """

    sides: dict[str, Path]
    links: Path
    base: int
    first: str
    development: int = 0


class Gold(NamedTuple):
    """A gold standard in two parts: views are chosen on the first alone, numbers are reported on the second alone."""

    name: str
    development: list[GoldPair]
    reported: list[GoldPair]


def _story(french: str, english: str, development: int = 0) -> GoldFiles:
    folder = Path("alibi", f"{french}_{english}")
    sides = {language: folder / f"{title}_sents.txt" for language, title in (("fr", french), ("en", english))}
    return GoldFiles(sides, folder / f"ali_w2w_{french}_{english}.txt", 0, "fr", development)


NAMED = {
    "hansards": [GoldFiles({"en-fr": Path("hansards/enfr.src-tgt")}, Path("hansards/enfr.gold"), 1, "en", 40)],
    "alibi": [_story("ChatBotte", "MasterCat", 52), _story("LaBarbeBleue", "BlueBeard"), _story("LaVision", "TheVision")],
}  # fmt: skip
_FROM = {
    "hansards": "neulab/awesome-align, examples",
    "alibi": "fyvo/AlibiWordAlignments, ali",
}  # repositories on GitHub


def find_gold(name: str, source: str, target: str, folder: Path | None = None) -> Gold:
    """The gold of that name, or that of a user's own files, from one language to another; ``folder`` as in ``load``.

    Raises UserError with file and line where files or links do not fit each other.
    """
    files = _files(name, folder or data_dir())
    development: list[GoldPair] = []
    reported: list[GoldPair] = []
    for each in files:
        pairs = list(_pairs(each, source, target))
        development += pairs[: each.development]
        reported += pairs[each.development :]
    for part, pairs in (("development", development), ("reported", reported)):
        if pairs and not any(pair.links.sure for pair in pairs):
            raise UserError(
                f"{files[0].links} has no sure links in its {part} part: mark those with '-' that are certain."
            )
    return Gold(_title(name), development, reported)


def with_gold(corpus: Corpus, names: Sequence[str]) -> Corpus:
    """The corpus with the reported pairs of each gold as a test split of its name, the others as the split ``development``.

    Raises UserError for files that are not stated as they must be, and for a split that would exist twice.
    """
    if not names:
        return corpus
    titles = [_title(name) for name in names]
    for title in titles:
        if title in (*corpus.splits, DEVELOPMENT) or titles.count(title) > 1:
            raise UserError(f"There are two splits {title!r}: name each gold once, and its file of links otherwise.")

    def read(request: Request) -> Iterable[Example | None]:
        if request.split not in (DEVELOPMENT, *titles):
            return corpus.read(request)
        golds = [find_gold(name, request.source, request.target, request.folder) for name in names]
        parts = {DEVELOPMENT: [pair for gold in golds for pair in gold.development]}
        pairs = (parts | {gold.name: gold.reported for gold in golds})[request.split]
        return [Example(" ".join(pair.source), " ".join(pair.target), pair.links, spaced=True) for pair in pairs]

    def edition(folder: Path) -> str:
        paths = [
            path for name in names for files in _files(name, folder) for path in (*files.sides.values(), files.links)
        ]
        return f"{corpus.edition(folder)}\n{states(paths)}"

    chosen_on = (DEVELOPMENT,) if any(files.development for name in names for files in _stated(name)) else ()
    added = (*chosen_on, *titles)
    return replace(corpus, splits=(*corpus.splits, *added), tests=(*corpus.tests, *titles), read=read, edition=edition)


def _title(name: str) -> str:
    return name if name in NAMED else _own(name).links.stem


def _stated(name: str) -> list[GoldFiles]:
    return NAMED[name] if name in NAMED else [_own(name)]


def _files(name: str, folder: Path) -> list[GoldFiles]:
    """Raises UserError that says where the files of a named gold come from if one is not below the data directory."""
    if name not in NAMED:
        return [_own(name)]
    below = [
        files._replace(sides={side: folder / path for side, path in files.sides.items()}, links=folder / files.links)
        for files in NAMED[name]
    ]
    for files in below:
        for path in (*files.sides.values(), files.links):
            if not path.is_file():
                raise UserError(f"There is no file {path}: put that of github.com/{_FROM[name]}, there.")
    return below


class _Mark(NamedTuple):
    """A link as it is written, and where."""

    one: int
    kind: str
    other: int
    where: str


class _Line(NamedTuple):
    """The words of a pair by language, or its links; the number that the line begins with, if any."""

    words: dict[str, Words]
    marks: list[_Mark]
    number: int | None
    where: str


def _pairs(files: GoldFiles, source: str, target: str) -> Iterator[GoldPair]:
    sentences = list(_sentences(files))
    naacl = any(_NAACL.fullmatch(line.strip()) for line in lines(files.links))
    marked = _by_sentence(files.links, sentences) if naacl else list(_by_line(files.links))
    if len(sentences) != len(marked):
        raise UserError(
            f"{files.links} has {len(marked):,} lines of links for {len(sentences):,} sentence pairs: line n must hold those "
            "of pair n."
        )
    for pair, links in zip(sentences, marked, strict=True):
        if None not in (pair.number, links.number) and pair.number != links.number:
            raise UserError(
                f"{links.where} has the number {links.number} and {pair.where} {pair.number}: they must agree."
            )
        if {source, target} != pair.words.keys():
            raise UserError(
                f"{files.links} links {' and '.join(pair.words)}, not {source} and {target}: choose the former."
            )
        linked = [(mark.kind, _positions(mark, pair.words, files)) for mark in links.marks]
        sure, possible = (
            frozenset((at[target], at[source]) for kind, at in linked if kind in kinds) for kinds in ("-", "-p?")
        )
        yield GoldPair(pair.words[source], pair.words[target], Links(sure, possible), links.where)


def _positions(mark: _Mark, words: dict[str, Words], files: GoldFiles) -> dict[str, int]:
    """The positions that a link joins, by language, from 0; raises UserError for one outside its sentence."""
    second = next(language for language in words if language != files.first)
    at = {files.first: mark.one - files.base, second: mark.other - files.base}
    for language, position in at.items():
        if not 0 <= position < len(words[language]):
            raise UserError(
                f"{mark.where}: the link {mark.one}{mark.kind}{mark.other} has {language} word {position + files.base} of "
                f"{len(words[language])}, counted from {files.base}: correct it, or state base and first as they are."
            )
    return at


def _sentences(files: GoldFiles) -> Iterator[_Line]:
    """The words of each pair. Raises UserError for an empty side, a missing separator, and files of different length."""
    paths, languages = [*files.sides.values()], [language for side in files.sides for language in side.split("-")]
    pairs = aligned_lines(*paths) if len(paths) == 2 else (tuple(line.split(SEPARATOR)) for line in lines(paths[0]))
    for row, texts in enumerate(pairs, start=1):
        where = f"{paths[0]}, line {row:,}"
        if len(texts) != 2:
            raise UserError(f"{where} has {len(texts) - 1} separators {SEPARATOR!r}, not one between two sentences.")
        (number, one), (beside, other) = map(_numbered, texts)
        if len(paths) == 2 and number != beside:
            raise UserError(f"{where} has the number {number} and that of {paths[1]} {beside}: they must agree.")
        words = {language: tuple(text.split()) for language, text in zip(languages, (one, other), strict=True)}
        if not all(words.values()):
            raise UserError(f"{where} has no words on one side: give both sentences.")
        for language in words.keys() & {*LANGUAGES}:
            try:
                tokens_of(split(" ".join(words[language]), language), words[language])
            except UserError as error:
                raise UserError(f"{where}, {language}: {error}") from None
        yield _Line(words, [], number, where)


def _by_line(path: Path) -> Iterator[_Line]:
    """The links of each line, for example ``0-0 1p2``."""
    for row, line in enumerate(lines(path), start=1):
        where, (number, text), marks = f"{path}, line {row:,}", _numbered(line), []
        for mark in text.split():
            match = _LINK.fullmatch(mark)
            if match is None:
                raise UserError(f"{where}: {mark[:60]!r} is no link such as 3-4 (sure), 3p4 or 3?4 (possible).")
            marks.append(_Mark(int(match[1]), match[2], int(match[3]), where))
        yield _Line({}, marks, number, where)


def _by_sentence(path: Path, sentences: list[_Line]) -> list[_Line]:
    """The links of each sentence from lines such as ``0001 3 4 S``; sentences without number count from 1."""
    marked = {
        row if pair.number is None else pair.number: _Line({}, [], pair.number, str(path))
        for row, pair in enumerate(sentences, start=1)
    }
    for row, line in enumerate(lines(path), start=1):
        where = f"{path}, line {row:,}"
        match = _NAACL.fullmatch(line.strip())
        if match is None:
            raise UserError(f"{where}: {line[:60]!r} is no link such as '0001 3 4 S': sentence, two words, S or P.")
        if (number := int(match[1])) not in marked:
            raise UserError(
                f"{where} links words of sentence {number}, which is not among the {len(sentences):,} sentences."
            )
        marked[number].marks.append(_Mark(int(match[2]), "p" if match[4] == "P" else "-", int(match[3]), where))
    return list(marked.values())


def _numbered(line: str) -> tuple[int | None, str]:
    """The number that a line begins with, if any, and what follows."""
    match = _NUMBERED.fullmatch(line.rstrip())
    return (None, line) if match is None else (int(match[1] or match[3]), match[2] or match[4] or "")


def _own(text: str) -> GoldFiles:
    """A user's own files; raises UserError for what is not stated."""
    parts = [part.strip().partition("=") for part in text.split(",")]
    fields = {key: value for key, equals, value in parts if equals}
    base, first, count = fields.pop("base", ""), fields.pop("first", ""), fields.pop("development", "0")
    links = fields.pop("links", "")
    languages = [language for side in fields for language in side.split("-")]
    stated = base in ("0", "1") and first in languages and count.isdecimal() and links and len({*languages}) == 2
    if not stated or len(languages) != 2 or len(fields) + 4 < len(parts):
        raise UserError(
            f"There is no gold {text!r}: choose {' or '.join(NAMED)}, or give files as {_OWN}, where base is 0 or 1, the number "
            "of the first word, and first is the language that comes first in a link."
        )
    return GoldFiles({side: place(path) for side, path in fields.items()}, place(links), int(base), first, int(count))
