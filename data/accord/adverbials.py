"""Adverbials: when, where, how, for what. ``fill`` adds what suits until the room is used up."""

from data.accord.draft import Draft, French
from data.accord.entries import Verb, shift
from data.accord.noun_phrases import DEFINITE, nominal, noun_phrase
from data.accord.pools import ADVERBIALS, CIRCUMSTANCES, CITIES, DAYS, MONTHS, NATIONS, PLACES
from data.accord.verb_groups import Tense

_PAST_YEARS = tuple(str(year) for year in range(1945, 2020))
_FUTURE_YEARS = tuple(str(year) for year in range(2026, 2051))
_YEARS = {"past": _PAST_YEARS, "before": _PAST_YEARS, "future": _FUTURE_YEARS, "later": _FUTURE_YEARS}
_LOCATED = (*CITIES, *NATIONS)


def fixed(draft: Draft, entry) -> French:  # noqa
    """An adverbial from the tables."""
    words, tokens = entry
    at = len(draft.english)
    draft.english.extend(words)
    return shift(tokens, at)


def date(draft: Draft, when: str, room: int) -> French:
    """"in 1992" -> en 1992, "in August 1992" -> en août 1992, "on 3 May 2004" -> le 3 mai 2004, "on Monday" -> lundi."""
    years = _YEARS[when]
    chance = draft.random()
    if room == 2:
        if chance < 0.5:
            return [("en", (draft.say("in"),), ()), _same(draft, draft.pick(years))]
        if chance < 0.75:
            return [("en", (draft.say("in"),), ()), _word(draft, draft.pick(MONTHS))]
        on = draft.say("on")
        english, french = draft.pick(DAYS)
        return [(french, (draft.say(english),), (on,))]
    if room == 3 or chance < 0.4:
        return [("en", (draft.say("in"),), ()), _word(draft, draft.pick(MONTHS)), _same(draft, draft.pick(years))]
    on = draft.say("on")
    day = 1 + int(draft.random() * 28)
    at = draft.say(str(day))
    return [("le", (), (on, at)), ("1er" if day == 1 else str(day), (at,), ()), _word(draft, draft.pick(MONTHS)),
            _same(draft, draft.pick(years))]


def _same(draft: Draft, word: str):
    return (word, (draft.say(word),), ())


def _word(draft: Draft, entry):
    return (entry[1], (draft.say(entry[0]),), ())


def time(draft: Draft, when: str, room: int) -> French:
    """An adverbial of time for the tense, at most ``room`` words; none for a tense that takes none."""
    if when in _YEARS and room >= 2 and draft.random() < 0.75:
        return date(draft, when, room)
    entries = _TIMES.get((when, min(room, 4)))
    return fixed(draft, draft.pick(entries)) if entries else []


_TIMES = {(when, room): [entry for entry in ADVERBIALS[when] if len(entry[0]) <= room]
          for when in ("past", "future", "present") for room in range(1, 5)}
_TIMES.update({("now", room): [entry for entry in ADVERBIALS["present"] if entry[0] == ("today",)] for room in range(1, 5)})
_MANNERS = {room: [entry for entry in ADVERBIALS["manner"] if len(entry[0]) <= room] for room in range(1, 5)}


def place(draft: Draft, end: int, preposition: str = "in") -> French:
    """"in France" -> en France, "to Portugal" -> au Portugal, "from Paris" -> de Paris, "at the hospital" -> à l'hôpital."""
    room = draft.room(end)
    if room < 3 or draft.random() < 0.6:
        name = draft.pick(_LOCATED)
        while len(name.english) > max(1, room - 1):
            name = draft.pick(_LOCATED)
        at = draft.say(preposition)
        draft.english.extend(name.english)
        return shift(name.from_ if preposition == "from" else name.located, at)
    noun, english, french = draft.pick(PLACES)
    if preposition == "to":
        english, french = "to", "à" if french != "sur" else "sur"
    elif preposition == "from":
        english, french = "from", "de"
    at = draft.say(english)
    phrase = noun_phrase(draft, noun, end, DEFINITE, singular=True)
    draft.mention(phrase)
    return [(french, (at,), ()), *phrase.french]


def circumstance(draft: Draft, end: int) -> French:
    """"during the conference" -> pendant la conférence, "because of the crisis" -> à cause de la crise."""
    words, tokens, pool = draft.pick(CIRCUMSTANCES)
    at = len(draft.english)
    draft.english.extend(words)
    phrase = nominal(draft, pool, end, DEFINITE)
    draft.mention(phrase)
    return [*shift(tokens, at), *phrase.french]


def fill(draft: Draft, end: int, tense: Tense, verb: Verb | None) -> French:
    """Adverbials of different kinds until the room is used up or nothing suits."""
    french: French = []
    room = draft.room(end)
    if room <= 0:
        return french
    used = set()
    placed = verb is None
    for _ in range(5):
        room = draft.room(end)
        if room <= 0:
            break
        chance = draft.random()
        if room >= 4 and chance < 0.35 and "circumstance" not in used:
            used.add("circumstance")
            french += circumstance(draft, end if room < 7 else end - 3)
        elif room >= 2 and chance < 0.7 and not placed:
            placed = True
            french += place(draft, end if room < 4 else end - 2)
        elif room >= 1 and "time" not in used:
            used.add("time")
            french += time(draft, tense.when, room)
            placed = True
    return french
