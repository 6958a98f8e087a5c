"""Determiners, numbers, months, and adverbials of the tables."""

from collections import defaultdict

from data.accord import lexicon, names
from data.accord.elision import Token
from data.accord.entries import Name, Noun, aligned, pairs, rows
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


DETERMINERS = {row[0]: Determiner(row[0], row[1].split(), row[0] in _DEFINITE) for row in rows(lexicon.DETERMINERS)}
DETERMINERS[""] = Determiner("", ["un", "une", "des", "des"], False)


NUMBERS, MONTHS, DAYS = pairs(names.NUMBERS), pairs(names.MONTHS), pairs(names.DAYS)
DETERMINERS.update({english: Determiner(english, [".", ".", french, french], False) for english, french in NUMBERS})

# By the last column of their tables.
MIDDLE_ADVERBS = defaultdict[str, list[tuple[str, str]]](list)
for _english, _french, _group in rows(names.MIDDLE_ADVERBS):
    MIDDLE_ADVERBS[_group].append((_english, _french))
ADVERBIALS = defaultdict[str, list[Adverbial]](list)
for _english, _french, _group in rows(names.ADVERBIALS):
    ADVERBIALS[_group].append((tuple(_english.split()), aligned(_french)))
CIRCUMSTANCES = defaultdict[str, list[Circumstance]](list)
for _english, _french, _classes, _group in rows(names.CIRCUMSTANCES):
    CIRCUMSTANCES[_group].append((tuple(_english.split()), aligned(_french), pool(_classes)))
