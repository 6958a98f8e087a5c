"""Adverbials that contain a phrase: place, circumstance, purpose; and ``fill``, which adds adverbials of all kinds."""

from data.accord import adverbials
from data.accord.draft import Draft, French, Phrase
from data.accord.entries import shift
from data.accord.function_words import CIRCUMSTANCES
from data.accord.noun_phrases import Role
from data.accord.phrases import nominal, noun_phrase, object_of
from data.accord.pools import PLACES
from data.accord.verb_groups import AVOIR_INFINITIVE, Tense, infinitive
from data.accord.verb_pools import MINISTER

ACTIONS = [verb for verb in MINISTER.verbs if verb.deliberate]  # deliberate acts


def place(draft: Draft, end: int, preposition: str = "in") -> French:
    """"in France" -> en France, "to Portugal" -> au Portugal, "at the hospital" -> à l'hôpital."""
    room = draft.room(end)
    if room < 3 or draft.random() < 0.6:
        return adverbials.named_place(draft, preposition, room)
    noun, english, french = draft.pick(PLACES)
    if preposition == "to":
        english, french = "to", "à" if french == "dans" else french
    elif preposition == "from":
        english, french = "from", "de"
    at = draft.say(english)
    phrase = noun_phrase(draft, noun, min(end, at + 5), Role.LOCATION, number=False)
    draft.mention(phrase)
    return [(french, (at,), ()), *phrase.french]


def circumstance(draft: Draft, end: int, group: str = "anywhere") -> French:
    """"during the conference" -> pendant la conférence, "because of the crisis" -> à cause de la crise."""
    words, tokens, pool = draft.pick(CIRCUMSTANCES[group])
    at = len(draft.english)
    draft.english.extend(words)
    phrase = nominal(draft, pool, end, Role.AFTER_PREPOSITION)
    draft.mention(phrase)
    return [*shift(tokens, at), *phrase.french]


def purpose(draft: Draft, end: int) -> French:
    """"to protect the environment" -> pour protéger l'environnement."""
    verb = draft.pick(ACTIONS)
    to = draft.say("to")
    return [("pour", (to,), ()), *infinitive(draft, verb), *object_of(draft, verb, end).french]


# English preposition, French preposition, French verb form
_GERUNDS = (("before", ("avant", "de"), "infinitive"), ("without", ("sans",), "infinitive"), ("by", ("en",), "gerund"),
            ("after", ("après",), "perfect"))


def gerund(draft: Draft, end: int, when: str) -> French:
    """"before signing it" -> avant de signer, "by signing" -> en signant, "after signing" -> après avoir signé."""
    verb = draft.pick(ACTIONS)
    english, words, form = draft.pick(_GERUNDS if when in ("past", "future") else _GERUNDS[1:3])
    at = draft.say(english)
    verb_at = draft.say(verb.ing)
    french: French = [(word, (at,), ()) for word in words]
    if form == "perfect":
        french += [(AVOIR_INFINITIVE, (), (verb_at,)), (verb.participle[0], (verb_at,), ())]
    else:
        french.append((verb.french.gerund if form == "gerund" else verb.french.infinitive, (verb_at,), ()))
    phrase = nominal(draft, verb.objects, end, Role.PRECISE)
    draft.mention(phrase)
    return french + phrase.french


def fill(draft: Draft, end: int, tense: Tense, doer: Phrase | None = None, placed: bool = False) -> French:
    """Adverbials of different kinds until the room is used up; a purpose only for a human ``doer``."""
    french: French = []
    room = draft.room(end)
    timed = draft.closed == len(draft.english) or draft.opened == "time" or (not tense.when)
    placed = placed or draft.opened == "place"
    free = doer is not None and doer.human
    while room > 0:
        chance = draft.random()
        if free and room >= 4 and chance < 0.6:
            free = False
            french += _deed(draft, end, tense.when, chance)
            timed = True
        elif not placed and room >= 2 and chance < 0.6:
            placed = True
            french += place(draft, end if room < 4 else end - 2)
        elif not timed and room >= 1:
            timed = placed = True
            french += adverbials.time(draft, tense.when, room)
        elif room >= 3 and draft.depth < 2:
            french += circumstance(draft, end)
            break
        else:
            break
        room = draft.room(end)
    return french


def _deed(draft: Draft, end: int, when: str, chance: float) -> French:
    """Purpose, manner or company of an act."""
    if chance < 0.25:
        return purpose(draft, end)
    if chance < 0.4:
        return gerund(draft, end, when)
    return circumstance(draft, end, "people")
