"""Adverbials of fixed words: dates, times, names of places, and the entries of the tables."""

from data.accord.draft import Draft, French, said
from data.accord.entries import shift
from data.accord.function_words import ADVERBIALS, DAYS, MONTHS, Adverbial
from data.accord.pools import CITIES, NATIONS

_PAST_YEARS = tuple(str(year) for year in range(1945, 2020))
_FUTURE_YEARS = tuple(str(year) for year in range(2026, 2051))
YEARS = {"past": _PAST_YEARS, "before": _PAST_YEARS, "future": _FUTURE_YEARS}
_LOCATED = (*CITIES, *NATIONS)


def fixed(draft: Draft, entry: Adverbial) -> French:
    """An adverbial from the tables: "last year" -> l'année dernière."""
    words, tokens = entry
    at = len(draft.english)
    draft.english.extend(words)
    return shift(tokens, at)


def date(draft: Draft, when: str, room: int) -> French:
    """"in 1992" -> en 1992, "in August 1992" -> en août 1992, "on 3 May 2004" -> le 3 mai 2004, "on Monday" -> lundi.

    ``when`` is a key of ``YEARS``; ``room`` is 2 words or more.
    """
    year = draft.pick(YEARS[when])
    chance = draft.random()
    if room == 2:
        if chance < 0.5:
            return [said(draft, "in", "en"), said(draft, year, year)]
        if chance < 0.75:
            return [said(draft, "in", "en"), said(draft, *draft.pick(MONTHS))]
        on = draft.say("on")
        english, french = draft.pick(DAYS)
        return [(french, (draft.say(english),), (on,))]
    if room == 3 or chance < 0.5:
        return [said(draft, "in", "en"), said(draft, *draft.pick(MONTHS)), said(draft, year, year)]
    on = draft.say("on")
    day = str(1 + int(draft.random() * 28))
    at = draft.say(day)
    return [("le", (), (on, at)), ("1er" if day == "1" else day, (at,), ()), said(draft, *draft.pick(MONTHS)),
            said(draft, year, year)]


def _by_room(group: str) -> dict[int, list[Adverbial]]:
    """The entries of a group by the room there is, 1 to 4 words."""
    return {room: [entry for entry in ADVERBIALS[group] if len(entry[0]) <= room] for room in range(1, 5)}


_TIMES = {group: _by_room(group) for group in ("past", "future", "present", "now", "season")}


def time(draft: Draft, when: str, room: int) -> French:
    """An adverbial of time for the tense, of ``room`` words at most; none for a tense that takes none."""
    if when in YEARS and room >= 2 and draft.random() < 0.75:
        return date(draft, when, room)
    group = "season" if when in ("past", "future") and room >= 2 and draft.random() < 0.15 else when
    entries = _TIMES[group][min(room, 4)] if group in _TIMES else ()
    return fixed(draft, draft.pick(entries)) if entries else []


def named_place(draft: Draft, preposition: str, room: int) -> French:
    """"in France" -> en France, "to Portugal" -> au Portugal, "from the Netherlands" -> des Pays-Bas."""
    name = draft.pick(_LOCATED)
    while len(name.english) > 1 and len(name.english) >= room:
        name = draft.pick(_LOCATED)
    at = draft.say(preposition)
    draft.english.extend(name.english)
    return shift(name.origin if preposition == "from" else name.location, at)
