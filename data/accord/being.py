"""Clauses with "to be": what something is like, compared with what, and of what kind."""

from data.accord.circumstances import fill
from data.accord.draft import Draft, French, Phrase
from data.accord.entries import Adjective, Name, Noun, shift
from data.accord.french import MP
from data.accord.function_words import DETERMINERS
from data.accord.noun_phrases import (
    Role,
    adjective_tokens,
    compared,
    described,
    graded,
    name_phrase,
    superlative_tokens,
)
from data.accord.phrases import noun_phrase, shape_of, split_room
from data.accord.pools import KINDS, NOUNS, often, pool
from data.accord.verb_groups import Shape, Tense, finite, fitting
from data.accord.verb_pools import BE, MINISTER

_DESCRIBED = [noun for noun in often(NOUNS) if isinstance(noun, Noun) and noun.predicates]
_PERSON_PREDICATES = MINISTER.predicates


def copula(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The new laws are very important ." -> Les nouvelles lois sont très importantes."""
    tense = fitting(tense, BE)
    if subject is None:
        subject = noun_phrase(draft, draft.pick(_DESCRIBED), split_room(draft, end, 2, 0.9), Role.SUBJECT)
    noun = subject.head if isinstance(subject.head, Noun) else None
    shape = shape_of(draft, BE, tense, draft.room(end) - 2, subject)
    french = subject.french + finite(draft, BE, subject, shape)
    french += _predicate(draft, noun, subject.agreement, end)
    draft.close(subject)
    timed = shape.tense in (Tense.IMPERFECT, Tense.FUTURE)
    return french + fill(draft, end, shape.tense if timed else Tense.TIMELESS, placed=True)


def _predicate(draft: Draft, noun: Noun | None, agreement: int, end: int) -> French:
    """"important", "very important", "important and necessary", "more important than", "the most important of"."""
    predicates = noun.predicates if noun else _PERSON_PREDICATES
    adjective = draft.pick(predicates)
    chance = draft.random()
    room = draft.room(end)
    if graded(adjective) and room > 3 and chance < 0.35 and noun and noun.countable:
        if chance < 0.12 and agreement < MP and room > 4:
            return _most_of(draft, adjective, noun, agreement)
        return _comparison(draft, adjective, noun, agreement, end)
    if room > 1 and chance < 0.5 and graded(adjective):
        very = draft.say("very")
        return [("très", (very,), ()), *adjective_tokens(adjective, agreement, draft.say(adjective.english))]
    french = adjective_tokens(adjective, agreement, draft.say(adjective.english))
    other = draft.pick(predicates)
    if room > 2 and chance > 0.6 and other is not adjective:
        french.append(("et", (draft.say("and"),), ()))
        french += adjective_tokens(other, agreement, draft.say(other.english))
    return french


def _comparison(draft: Draft, adjective: Adjective, noun: Noun, agreement: int, end: int) -> French:
    """"larger than the garden" -> plus grande que le jardin, "as large as", "less important than"."""
    chance = draft.random()
    if chance < 0.5 and adjective.comparative:
        french = compared(adjective, agreement, draft.say(adjective.comparative))
        link = "than"
    else:
        english, word, link = draft.pick(
            (("less", "moins", "than"), ("as", "aussi", "as")) if adjective.comparative else _DEGREES)
        at = draft.say(english)
        french = [(word, (at,), ()), *adjective_tokens(adjective, agreement, draft.say(adjective.english))]
    french.append(("que", (draft.say(link),), ()))
    rivals = [rival for rival in COMPARABLE[adjective] if rival is not noun and rival.classes & noun.classes]
    other = noun_phrase(draft, draft.pick(rivals or [noun]), end, Role.AFTER_PREPOSITION)
    draft.mention(other)
    return french + other.french


_DEGREES = (("more", "plus", "than"), ("less", "moins", "than"), ("as", "aussi", "as"))
COMPARABLE = {adjective: [noun for noun in NOUNS if adjective in noun.predicates and noun.countable and not noun.title]
              for noun in NOUNS for adjective in noun.predicates}


def _most_of(draft: Draft, adjective: Adjective, noun: Noun, agreement: int) -> French:
    """"the least known of environments" -> le moins connu des environnements."""
    the = draft.say("the")
    most, tokens = superlative_tokens(draft, adjective, agreement, least=draft.random() < 0.3)
    of = draft.say("of")
    at = len(draft.english)
    draft.english.extend(noun.english[1])
    head = len(draft.english) - 1
    article = ("le", "la")[agreement & 1]
    return [(article, (the,), (most,)), *tokens, ("de", (of,), ()), ("les", (), (head,)), *shift(noun.french[1], at)]


def kind(draft: Draft, end: int, tense: Tense) -> French:  # noqa: ARG001 - one signature for all frames
    """"France is one of the largest countries in the world ." -> La France est l'un des plus grands pays du monde."""
    noun = KINDS["nation"]
    name = draft.pick(_NATIONS)
    subject = name_phrase(draft, name)
    french = subject.french + finite(draft, BE, subject, Shape(Tense.PRESENT))
    draft.close(subject)
    if draft.room(end) < 8:
        adjective = draft.pick([adjective for adjective in noun.predicates if not adjective.liaison])
        return french + described(draft, noun, (DETERMINERS["a"], Role.EXISTING), [adjective], plural=False)
    one, of, the = draft.say("one"), draft.say("of"), draft.say("the")
    adjective = draft.pick([adjective for adjective in noun.predicates if graded(adjective)])
    most, tokens = superlative_tokens(draft, adjective, MP)
    at = draft.say(noun.english[1][0])
    french += [("le", (), (one,)), ("un", (one,), ()), ("de", (of,), ()), ("les", (the,), (at,))]
    if adjective.before:
        french += [*tokens, (noun.french[1][0][0], (at,), ())]
    else:
        french += [(noun.french[1][0][0], (at,), ()), ("les", (), (the, most)), *tokens]
    inside, article, world = draft.say("in"), draft.say("the"), draft.say("world")
    return [*french, ("de", (inside,), ()), ("le", (article,), (world,)), ("monde", (world,), ())]


_NATIONS = [name for name in pool("nation") if isinstance(name, Name)]
