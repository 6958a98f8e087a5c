"""Determiners, numbers, months, and adverbials of the tables."""

from data.accord import lexicon, names
from data.accord.elision import Token
from data.accord.entries import Name, Noun, aligned, rows
from data.accord.pools import pool

Adverbial = tuple[tuple[str, ...], tuple[Token, ...]]  # English words, French tokens linked to them
Circumstance = tuple[tuple[str, ...], tuple[Token, ...], list[Noun | Name]]  # the same, and what follows

_OWN = ("my", "your", "his", "her", "its", "our", "their")
_DEFINITE = ("the", "this", "these", *_OWN)


class Determiner:
    """``english`` before its noun and ``french`` by agreement; "" in both where the noun stands alone in English."""

    __slots__ = ("definite", "english", "french", "own")

    def __init__(self, english: str, french: list[str], definite: bool) -> None:
        self.english = english
        self.french = french
        self.definite = definite
        self.own = english in _OWN


DETERMINERS = {row[0]: Determiner(row[0], row[1].split(), row[0] in _DEFINITE) for _, row in rows(lexicon.DETERMINERS)}
DETERMINERS[""] = Determiner("", ["un", "une", "des", "des"], False)


def _listed(table: str) -> list[tuple[str, str]]:
    """English and French of a table with a word of each in a row."""
    return [(english, french) for english, french in map(str.split, table.strip().splitlines())]


NUMBERS, MONTHS, DAYS = _listed(names.NUMBERS), _listed(names.MONTHS), _listed(names.DAYS)
DETERMINERS.update({english: Determiner(english, [".", ".", french, french], False) for english, french in NUMBERS})

# By the groups of their tables.
MIDDLE_ADVERBS: dict[str, list[tuple[str, str]]] = {}
for _group, (_english, _french) in rows(names.MIDDLE_ADVERBS):
    MIDDLE_ADVERBS.setdefault(_group, []).append((_english, _french))
ADVERBIALS: dict[str, list[Adverbial]] = {}
for _group, (_english, _french) in rows(names.ADVERBIALS):
    ADVERBIALS.setdefault(_group, []).append((tuple(_english.split()), aligned(_french)))
CIRCUMSTANCES: dict[str, list[Circumstance]] = {}
for _group, (_english, _french, _classes) in rows(names.CIRCUMSTANCES):
    CIRCUMSTANCES.setdefault(_group, []).append((tuple(_english.split()), aligned(_french), pool(_classes)))
