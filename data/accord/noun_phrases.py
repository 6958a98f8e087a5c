"""Determiner, adjectives and noun, as far as the noun itself. One function per construction.

Every construction writes its English to the draft and returns its French. ``end`` is the English position before which
it should stop, which the smallest phrase may overrun.
"""

from collections.abc import Sequence
from enum import Enum
from itertools import product

from data.accord.draft import Draft, French, Phrase
from data.accord.elision import begins_with_vowel
from data.accord.english import takes_an
from data.accord.entries import Adjective, Name, Noun, shift
from data.accord.french import IL, ILS, MP, MS
from data.accord.function_words import DEFINITE, DETERMINERS, OWN, Determiner

_SIX_AND_MORE = "six seven eight nine ten eleven twelve fifteen twenty"


class Role(Enum):
    """What a phrase is in its sentence: its determiners in the singular, in the plural, and where its noun has no plural.

    Each is drawn as often as its number says; "0" is none, which has a form of its own in French for each role: "weapons" is
    "des armes" as an object, "d'armes" after "de" or a negation ("n'a pas d'armes"), and never a subject.
    """

    SUBJECT = "the*16 a*3 this*3 every each no", "the*18 these*4 several*2 some*2 two three four", "the*4 this"
    OBJECT = "the*10 a*9 this*3 each", "the*8 0*10 these*2 several*2 some two three five", "the*2 0*5 this"
    AFTER_PREPOSITION = "the*12 a*4 this*2", "the*12 these*3 several*2 two three", "the*4 this"
    AFTER_DE = "the*12 a*4 this*2", "the*8 0*8 these*2 several two three", "0"
    NEGATED = "the*10 a*6 this*3", "the*8 0*8 these*3", "the*2 0*4 this"
    PRECISE = "the*6 this", "the*6 these", "the"
    EXISTING = "a", f"0*6 several*3 two*3 three*3 four*2 {_SIX_AND_MORE}", "0"
    LOCATION = "the", "the", "the"

    __hash__ = object.__hash__  # quicker than that of the name


def _choices(words: str) -> tuple[Determiner, ...]:
    """Determiners, each as often as its number says: "the*8 a this*2"; "0" is none."""
    chosen: list[Determiner] = []
    for item in words.split():
        word, _, times = item.partition("*")
        chosen += [DETERMINERS[word.replace("0", "")]] * int(times or 1)
    return tuple(chosen)


_OWNERS = "my*2 your his*2 her*2 our*2 their"
_UNOWNED = (Role.EXISTING, Role.LOCATION)
_VERY = (Role.OBJECT, Role.EXISTING, Role.SUBJECT)  # where an adjective may have "very"
# By role, number, and whether people own the noun.
_COUNTED = {
    (role, plural, owned): _choices(f"{role.value[plural]} {_OWNERS if owned and role not in _UNOWNED else ''}")
    for role, plural, owned in product(Role, (False, True), (False, True))
}
_MASS = {role: _choices(role.value[2]) for role in Role}
_KIN = _choices(f"the*2 {_OWNERS}")
_SINGLE = _choices("the my*2 his*2 her*2")
_ABSTRACT = _choices("0*6 the*2 our")

# Adjectives that need a definite determiner: "the next meeting".
_WANT_DEFINITE = frozenset(["first", "second", "next", "last", "main", "previous", "current", "final"])
# Adjectives without degree: neither "very" nor "more".
_UNGRADED = """
    excellent essential magnificent delicious necessary annual provisional ill historic ancient
    official white black red grey green blue yellow recent common urgent
"""
_NOT_GRADED = frozenset(_UNGRADED.split())


def graded(adjective: Adjective) -> bool:
    """Whether "very", "more" and "most" go with it."""
    return adjective.predicative and adjective.english not in _NOT_GRADED

def choose_determiner(draft: Draft, noun: Noun, plural: bool, role: Role) -> Determiner:
    """A determiner that suits the noun's class, its number and its role."""
    if not noun.countable:
        return draft.pick(_MASS[role] if noun.partitive else _ABSTRACT if noun.abstract else _MASS[Role.PRECISE])
    if noun.kin and role != Role.EXISTING:
        return draft.pick(_SINGLE if noun.single else _KIN)
    return draft.pick(_COUNTED[role, plural, noun.owned])


def choose_adjective(draft: Draft, noun: Noun, definite: bool) -> Adjective | None:
    """An adjective for the noun, or None if none suits; a held-out one in the compositional split alone."""
    choices = noun.held_out if draft.novel and noun.held_out and draft.random() < 0.6 else noun.choices
    if not choices:
        return None
    adjective = draft.pick(choices)
    return adjective if definite or adjective.english not in _WANT_DEFINITE else None


def choose_adjectives(draft: Draft, noun: Noun, definite: bool, room: int) -> list[Adjective]:
    """At most two adjectives in English order, at most one of them before the noun in French."""
    if room <= 0:
        return []
    chance = draft.random()
    if (chance > 0.75 and room > 1) or chance > 0.92:
        return []
    first = choose_adjective(draft, noun, definite)
    if first is None:
        return []
    second = None
    if room > 1 and chance < (0.6 if room == 2 else 0.25):
        second = choose_adjective(draft, noun, definite)
    if second is None or second.rank == first.rank or (first.before and second.before):
        return [first]
    return [first, second] if first.rank < second.rank else [second, first]


def adjective_tokens(adjective: Adjective, agreement: int, position: int, following: str = "") -> French:
    """French of an adjective said at ``position``; ``following`` is the French word before which it will stand."""
    if following and agreement == MS and adjective.liaison and begins_with_vowel(following):
        return [(adjective.liaison, (position,), ())]
    return [(word, (position,), ()) for word in adjective.french[agreement]]


def indefinite(noun: Noun, agreement: int, role: Role, at: tuple[int, ...], before: bool) -> French | None:
    """French of "a" (``at`` its position) or of no determiner; None where "a" is "un".

    La paix; du pain, des armes; de nouvelles armes (``before``: an adjective stands before the noun); n'a pas de pain,
    de traité, d'armes; nothing after "de".
    """
    words, noun_at = at[:-1], at[-1:]
    if not words and not noun.countable and not noun.partitive:
        return [("la" if noun.feminine else "le", (), noun_at)]
    if role == Role.NEGATED:
        return [("de", words, noun_at)]
    if words:
        return None
    if role == Role.AFTER_DE:
        return []
    if agreement >= MP:
        return [("de" if before else "des", (), noun_at)]
    return [("de", (), noun_at), ("la" if noun.feminine else "le", (), noun_at)]


def noun_core(draft: Draft, noun: Noun, end: int, role: Role, number: bool | None = None) -> Phrase:
    """"the new economic policy" -> la nouvelle politique économique; ``number`` True is plural, None either."""
    if noun.title:
        return title(draft, noun)
    plural = noun.countable and not noun.single and (draft.random() < 0.36 if number is None else number)
    determiner = choose_determiner(draft, noun, plural, role)
    room = draft.room(end) - len(noun.english[plural]) - (1 if determiner.english else 0)
    adjectives = choose_adjectives(draft, noun, determiner.english in DEFINITE and not plural or not noun.countable, room)
    most = (len(adjectives) == 1 and determiner.english == "the" and room > 1 and noun.countable
            and graded(adjectives[0]) and draft.random() < 0.25)
    if most:
        french = superlative(draft, noun, adjectives[0], plural)
    else:
        french = described(draft, noun, (determiner, role), adjectives, plural)
    if draft.novel:
        draft.held_out += sum(adjective in noun.held_out for adjective in adjectives)
    person = ILS if plural else IL
    no = determiner.english == "no"
    every = no or determiner.english in ("each", "every")
    agreement = noun.feminine + 2 * plural
    return Phrase(french, agreement, person, person, noun.human, noun, no, every, most or no,
                  determiner.english in OWN)


def described(draft: Draft, noun: Noun, determined: tuple[Determiner, Role], adjectives: Sequence[Adjective],
               plural: bool) -> French:
    """Determiner, adjectives, noun; in French the adjectives after the noun in reverse order."""
    determiner, role = determined
    english = draft.english
    agreement = noun.feminine + 2 * plural
    start = len(english)
    if determiner.english:
        english.append(determiner.english)
    very = bool(adjectives) and draft.random() < 0.12 and graded(adjectives[0]) and role in _VERY
    if very:
        english.append("very")
    first = len(english)
    english.extend([adjective.english for adjective in adjectives])
    noun_at = len(english)
    english.extend(noun.english[plural])
    if determiner.english == "a" and takes_an(english[start + 1]):
        english[start] = "an"

    nouns = shift(noun.french[plural], noun_at)
    head = len(english) - 1
    before: French = []
    for at in range(len(adjectives) - 1, -1, -1):
        adjective = adjectives[at]
        tokens = adjective_tokens(adjective, agreement, first + at, nouns[0][0])
        if very and at == 0:
            tokens = [("très", (first - 1,), ()), *tokens]
        if adjective.before:
            before = tokens
        else:
            nouns += tokens
    opening = None
    if determiner.english in ("", "a"):
        opening = indefinite(noun, agreement, role, (start, head) if determiner.english else (head,), bool(before))
    if opening is None:
        opening = [(determiner.french[agreement], (start,), (head,))]
    return opening + before + nouns


def superlative(draft: Draft, noun: Noun, adjective: Adjective, plural: bool) -> French:
    """"the largest country" -> le plus grand pays; "the most important laws" -> les lois les plus importantes."""
    agreement = noun.feminine + 2 * plural
    the = draft.say("the")
    most, tokens = superlative_tokens(draft, adjective, agreement)
    noun_at = len(draft.english)
    draft.english.extend(noun.english[plural])
    nouns = shift(noun.french[plural], noun_at)
    article = ("le", "la", "les", "les")[agreement]
    start: French = [(article, (the,), (len(draft.english) - 1,))]
    if adjective.before:
        return start + _liaison(tokens, adjective, agreement, nouns[0][0]) + nouns
    return [*start, *nouns, (article, (), (the, most)), *tokens]


def superlative_tokens(draft: Draft, adjective: Adjective, agreement: int, least: bool = False) -> tuple[int, French]:
    """"most important" -> plus importante, "largest" -> plus grande, "best" -> meilleure; and where that began."""
    if adjective.superlative and not least:
        at = draft.say(adjective.superlative)
        return at, compared(adjective, agreement, at)
    most = draft.say("least" if least else "most")
    at = draft.say(adjective.english)
    return most, [("moins" if least else "plus", (most,), ()), *adjective_tokens(adjective, agreement, at)]


def compared(adjective: Adjective, agreement: int, at: int) -> French:
    """"larger" -> plus grande, "better" -> meilleure: one English word at ``at``."""
    if adjective.english == "good":
        return [(("meilleur", "meilleure", "meilleurs", "meilleures")[agreement], (at,), ())]
    return [("plus", (), (at,)), *adjective_tokens(adjective, agreement, at)]


def _liaison(tokens: French, adjective: Adjective, agreement: int, following: str) -> French:
    """"le plus vieil ami": the form before a vowel, in a superlative too."""
    word, sure, possible = tokens[-1]
    if adjective.liaison and agreement == MS and begins_with_vowel(following):
        word = adjective.liaison
    return [*tokens[:-1], (word, sure, possible)]


def title(draft: Draft, noun: Noun) -> Phrase:
    """"the European Economic Area" -> la zone économique européenne."""
    the = draft.say("the")
    adjectives: list[Adjective] = []
    while not adjectives or (len(adjectives) < 2 and draft.random() < 0.8):
        adjective = choose_adjective(draft, noun, definite=True)
        if adjective and all(other.rank != adjective.rank for other in adjectives):
            adjectives.append(adjective)
    adjectives.sort(key=lambda adjective: adjective.rank)
    if draft.novel:
        draft.held_out += sum(adjective in noun.held_out for adjective in adjectives)
    first = len(draft.english)
    draft.english.extend([adjective.english for adjective in adjectives])
    at = draft.say(noun.english[0][0])
    agreement = int(noun.feminine)
    french: French = [("la" if noun.feminine else "le", (the,), (at,)), *shift(noun.french[0], at)]
    for position in range(len(adjectives) - 1, -1, -1):
        french += adjective_tokens(adjectives[position], agreement, first + position)
    return Phrase(french, agreement, IL, IL, False, noun)


def name_phrase(draft: Draft, name: Name) -> Phrase:
    """"France" -> la France, "the European Union" -> l'Union européenne."""
    at = len(draft.english)
    draft.english.extend(name.english)
    person = ILS if name.agreement >= MP else IL
    return Phrase(shift(name.french, at), name.agreement, person, IL, name.human, name)
