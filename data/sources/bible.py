"""The Bible in the XML of bible-corpus (Christodouloupoulos and Steedman 2015): verses of two languages, paired by their ids.

A hash of its name decides which split a chapter belongs to, so that none is in two; nor is a verse that several chapters share.
``long`` keeps of its chapters the verses of 30 to 60 English words, the lengths of Accord's.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from data.errors import UserError
from data.sources.download import fetch
from data.sources.reading import lines
from data.sources.splits import held_out, read_split, split_of
from data.sources.text import Example, Request
from data.words import split as split_words

logger = logging.getLogger(__name__)

NAMES = {"en": "English", "fr": "French"}
_SHARES = {"test": 0.03, "long": 0.04, "valid": 0.02}  # of the chapters
_LONG = range(30, 61)  # English words
_ID = re.compile(r"b\.\w+\.\d+\.\d+")  # b.BOOK.CHAPTER.VERSE


class Verse(NamedTuple):
    """The text of a verse, and the line on which it begins."""

    text: str
    line: int


def files(folder: Path) -> dict[str, Path]:
    """The file of each language below the data directory, plain or ``.gz``; downloaded and checked unless there is one.

    What was put there by hand may be another edition: only its structure is checked, by :func:`verses`.
    """
    paths = {}
    for language, name in NAMES.items():
        placed = [folder / f"bible/{name}.xml{packed}" for packed in ("", ".gz")]
        paths[language] = next((path for path in placed if path.exists()), None) or fetch(f"bible/{name}.xml", folder)
    return paths


def read(request: Request) -> Iterator[Example | None]:
    """The pairs of a split, in the order of the English file; verses without a translation are counted in one log line."""
    paths = files(request.folder)
    english, french = (verses(paths[language]) for language in ("en", "fr"))
    if request.split == "train":
        _warn(paths["en"], english, french)
        _warn(paths["fr"], french, english)
    paired = {id: (verse.text, french[id].text) for id, verse in english.items() if id in french}
    if not paired:
        raise UserError(
            f"{paths['en']} and {paths['fr']} have no verse in common: put two files of bible-corpus there."
        )
    splits = [(_split(id, pair[0]), pair) for id, pair in paired.items()]
    trained = (pair if split == "train" else None for split, pair in splits)
    for pair in read_split(trained, held_out(splits), request):
        yield pair and (Example(*pair) if request.source == "en" else Example(pair[1], pair[0]))


def _split(id: str, english: str) -> str:
    """The split of a verse by its chapter; "none" for other verses than the long ones of a chapter of ``long``."""
    split = split_of(id.rpartition(".")[0], _SHARES)
    return "none" if split == "long" and len(split_words(english, "en")) not in _LONG else split


def _warn(path: Path, found: Mapping[str, Verse], other: Mapping[str, Verse]) -> None:
    """Say how many verses of a file the other one lacks."""
    if untranslated := [id for id in found if id not in other]:
        logger.warning(
            "%s has %s verses that the other side lacks, the first of them %s on line %s: they are left out.", path,
            f"{len(untranslated):,}", untranslated[0], f"{found[untranslated[0]].line:,}",
        )  # fmt: skip


def verses(path: Path) -> dict[str, Verse]:
    """The verses of a file by id, in order, without those that have no text.

    Raises UserError with file and line for an id twice or of another form, and for what is not XML or cut off.
    """
    parser = _Parser(path)
    try:
        for line in lines(path):
            parser.expat.Parse(line + "\n")
    except expat.ExpatError as error:
        raise UserError(
            f"{path}, line {error.lineno:,} is not XML ({expat.ErrorString(error.code)}): put the file of bible-corpus there; "
            "a clone without Git LFS holds only its address."
        ) from None
    try:
        parser.expat.Parse("", True)
    except expat.ExpatError as error:
        raise UserError(f"{path} is cut off after line {error.lineno - 1:,}: put the whole file there.") from None
    if not parser.verses:
        raise UserError(f'{path} has no verses, as <seg id="b.GEN.1.1">: put the file of bible-corpus there.')
    return {id: verse for id, verse in parser.verses.items() if verse.text}


class _Parser:
    """Collects the verses of a file that is given to ``expat`` line by line."""

    def __init__(self, path: Path) -> None:
        self.verses: dict[str, Verse] = {}
        self.expat = expat.ParserCreate()
        self.expat.StartElementHandler = self._start
        self.expat.EndElementHandler = self._end
        self.expat.CharacterDataHandler = self._append
        self._path = path
        self._id = ""  # of the verse that is being read
        self._text: list[str] = []

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag != "seg":
            return
        id, line = attributes.get("id", ""), self.expat.CurrentLineNumber
        if not _ID.fullmatch(id):
            raise UserError(
                f"{self._path}, line {line:,}: the verse has the id {id!r}, not one such as 'b.GEN.1.1'; fix it."
            )
        if id in self.verses:
            earlier = self.verses[id].line
            raise UserError(
                f"{self._path}, line {line:,}: the verse {id} already stands on line {earlier:,}; delete one."
            )
        self._id, self._text = id, []
        self.verses[id] = Verse("", line)

    def _append(self, text: str) -> None:
        self._text.append(text)

    def _end(self, tag: str) -> None:
        if tag == "seg":
            self.verses[self._id] = Verse(" ".join("".join(self._text).split()), self.verses[self._id].line)
