"""Determiners, numbers, months, and adverbials of the tables."""

from collections import defaultdict
from typing import NamedTuple

from data.accord import lexicon, names
from data.accord.elision import Token
from data.accord.entries import Name, Noun, aligned, pairs, rows
from data.accord.pools import pool

Adverbial = tuple[tuple[str, ...], tuple[Token, ...]]  # English words, French tokens linked to them
Circumstance = tuple[tuple[str, ...], tuple[Token, ...], list[Noun | Name]]  # the same, and what follows

OWN = frozenset(["my", "your", "his", "her", "its", "our", "their"])
DEFINITE = OWN | {"the", "this", "these"}


class Determiner(NamedTuple):
    """``english`` before its noun and ``french`` by agreement; "" in both where the noun stands alone in English."""

    english: str
    french: list[str]


NUMBERS, MONTHS, DAYS = pairs(names.NUMBERS), pairs(names.MONTHS), pairs(names.DAYS)
DETERMINERS = {
    "": Determiner("", ["un", "une", "des", "des"]),
    **{english: Determiner(english, french.split()) for english, french in rows(lexicon.DETERMINERS)},
    **{english: Determiner(english, [".", ".", french, french]) for english, french in NUMBERS},
}

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
