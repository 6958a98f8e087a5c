"""Noun phrases: determiner, adjectives, noun, and what follows it. One function a construction.

Every function writes its English to the draft and returns its French. ``end`` is the English position before which the
construction should stop; it is a wish that the smallest phrase may overrun.
"""

from collections.abc import Callable, Sequence

from data.accord.draft import Draft, French, Phrase
from data.accord.elision import begins_with_vowel
from data.accord.entries import Adjective, Complement, Name, Noun, shift
from data.accord.english import takes_an
from data.accord.french import IL, ILS, MP, MS
from data.accord.pools import DETERMINERS, NUMBERS, Determiner

# Where the phrase stands decides what a noun without article becomes: "weapons" is "des armes" as an object, "d'armes"
# after "de" or a negation, and never stands as a subject or after other prepositions.
SUBJECT, OBJECT, DEFINITE, AFTER_DE = range(4)

_NUMBERS = tuple(DETERMINERS[english] for english, _ in NUMBERS)


def _choices(words: str) -> tuple[Determiner, ...]:
    """Determiners, each as often as its number says: "the*8 a this*2"; "0" is none."""
    chosen: list[Determiner] = []
    for item in words.split():
        word, _, times = item.partition("*")
        chosen += [DETERMINERS[word.replace("0", "")]] * int(times or 1)
    return tuple(chosen)


_OWN = "my*2 your his*2 her*2 our*2 their"
_SINGULAR = tuple(map(_choices, (
    f"the*16 a*3 this*3 every each {_OWN}", f"the*10 a*9 this*3 each {_OWN}", f"the*12 a*4 this*2 {_OWN}",
    f"the*12 a*4 this*2 {_OWN}")))
_PLURAL = tuple(tuple(_choices(words)) + _NUMBERS[:4] for words in (
    f"the*18 these*4 several*2 some*2 {_OWN}", f"the*8 0*10 these*2 several*2 some {_OWN}",
    f"the*12 these*3 several*2 {_OWN}", f"the*8 0*8 these*2 several {_OWN}"))
_KIN_SINGULAR = _choices(f"the*2 {_OWN}")
_KIN_PLURAL = _choices(f"the {_OWN}")
_INDEFINITE = (_choices("a"), _choices("0*2 several two three four"))
_ABSTRACT = _choices("0*6 the*2 our")
_PARTITIVE = tuple(map(_choices, ("the*4 this my our", "the*2 0*4 this", "the*4 this my", "0")))

# Adjectives that want a definite determiner: "the next meeting".
_WANT_DEFINITE = frozenset(("first", "second", "next", "last", "main", "previous", "current", "final"))
_NOT_GRADED = frozenset(("excellent", "essential", "magnificent", "delicious", "necessary", "annual", "provisional", "ill",
                         "historic", "ancient", "official", "white", "black", "red", "grey", "green", "blue", "yellow",
                         "recent", "known", "common", "urgent"))

Extension = Callable[[Draft, Noun, int, int], French]


def choose_determiner(draft: Draft, noun: Noun, plural: bool, role: int) -> Determiner:
    """A determiner that suits the noun's class, its number and its role."""
    if not noun.countable:
        return draft.pick(_PARTITIVE[role] if noun.partitive else _ABSTRACT)
    if "kin" in noun.classes:
        return draft.pick(_KIN_PLURAL if plural else _KIN_SINGULAR)
    return draft.pick(_PLURAL[role] if plural else _SINGULAR[role])


def graded(adjective: Adjective) -> bool:
    """Whether "very", "more" and "most" go with it."""
    return adjective.predicative and adjective.english not in _NOT_GRADED


def choose_adjective(draft: Draft, noun: Noun) -> Adjective | None:
    """An adjective for the noun, or None if it has none; a held-out one only in the compositional split."""
    if draft.novel and noun.held_out and draft.random() < 0.6:
        draft.held_out += 1
        return draft.pick(noun.held_out)
    return draft.pick(noun.adjectives) if noun.adjectives else None


def choose_adjectives(draft: Draft, noun: Noun, definite: bool, room: int) -> list[Adjective]:
    """At most two adjectives in English order, at most one of them before the noun in French."""
    if room <= 0:
        return []
    chance = draft.random()
    if (chance > 0.75 and room > 1) or chance > 0.92:
        return []
    first = choose_adjective(draft, noun)
    if first is None or (first.english in _WANT_DEFINITE and not definite):
        return []
    if room == 1 or chance > (0.6 if room == 2 else 0.25):
        return [first]
    second = choose_adjective(draft, noun)
    if (second is None or second.rank == first.rank or (first.before and second.before)
            or (second.english in _WANT_DEFINITE and not definite)):
        return [first]
    return [first, second] if first.rank < second.rank else [second, first]


def adjective_tokens(adjective: Adjective, agreement: int, position: int, following: str = "") -> French:
    """French of an adjective said at ``position``; ``following`` is the French word before which it will stand."""
    if agreement == MS and adjective.liaison and following and begins_with_vowel(following):
        return [(adjective.liaison, (position,), ())]
    return [(word, (position,), ()) for word in adjective.french[agreement]]


def determiner_tokens(determiner: Determiner, agreement: int, at: int, noun_at: int) -> French:
    """"the" -> le, "my" -> mon, sure; the noun, which French agreement looks at, is a possible link."""
    word = determiner.french[agreement]
    return [(word, (at,), (noun_at,))]


def zero_determiner(noun: Noun, agreement: int, role: int, before: bool, noun_at: int) -> French:
    """What French says where English says nothing: la paix; du pain, des armes, de nouvelles armes; after "de" nothing."""
    link = (noun_at,)
    if not noun.countable and not noun.partitive:
        return [("la" if noun.feminine else "le", (), link)]
    if role == AFTER_DE:
        return []
    if agreement >= MP:
        return [("de" if before else "des", (), link)]
    return [("de", (), link), ("la" if noun.feminine else "le", (), link)]


def noun_phrase(draft: Draft, noun: Noun, end: int, role: int, extend: Extension | None = None,
                singular: bool = False, indefinite: bool = False, number: bool | None = None) -> Phrase:
    """"the new economic policy of the government" -> la nouvelle politique économique du gouvernement."""
    if noun.title:
        return title(draft, noun)
    plural = noun.countable and not singular and draft.random() < 0.36 if number is None else number
    determiner = choose_determiner(draft, noun, plural, role) if not indefinite else draft.pick(_INDEFINITE[plural])
    words = noun.english[plural]
    room = draft.room(end) - len(words) - (1 if determiner.english else 0)
    adjectives = choose_adjectives(draft, noun, determiner.definite or not noun.countable, room)
    if (determiner.english == "the" and len(adjectives) == 1 and room > 1 and noun.countable and graded(adjectives[0])
            and draft.random() < 0.25):
        french, agreement, at = superlative(draft, noun, adjectives[0], plural)
    else:
        french, agreement, at = _plain(draft, noun, determiner, adjectives, plural, role)
    if extend and draft.room(end) >= 2:
        french += extend(draft, noun, agreement, end)
    person = ILS if plural else IL
    return Phrase(french, agreement, person, person, "person" in noun.classes or "kin" in noun.classes, noun)


def _plain(draft: Draft, noun: Noun, determiner: Determiner, adjectives: Sequence[Adjective], plural: bool,
           role: int) -> tuple[French, int, int]:
    """Determiner, adjectives and noun; also the agreement and the English position of the noun."""
    english = draft.english
    agreement = noun.feminine + 2 * plural
    determiner_at = len(english)
    if determiner.english:
        english.append(determiner.english)
    very = bool(adjectives) and draft.random() < 0.12 and graded(adjectives[0]) and determiner.english != "each"
    if very:
        english.append("very")
    first = len(english)
    english.extend([adjective.english for adjective in adjectives])
    noun_at = len(english)
    english.extend(noun.english[plural])
    if determiner.english == "a" and takes_an(english[determiner_at + 1]):
        english[determiner_at] = "an"

    nouns = shift(noun.french[plural], noun_at)
    head = noun_at + len(noun.english[plural]) - 1
    before: French = []
    after: French = []
    for at in range(len(adjectives) - 1, -1, -1):
        adjective = adjectives[at]
        tokens = adjective_tokens(adjective, agreement, first + at, nouns[0][0])
        if very and at == 0:
            tokens = [("très", (first - 1,), ()), *tokens]
        if adjective.before:
            before = tokens
        else:
            after += tokens
    if determiner.english:
        start = determiner_tokens(determiner, agreement, determiner_at, head)
    else:
        start = zero_determiner(noun, agreement, role, bool(before), head)
    return start + before + nouns + after, agreement, head


def superlative(draft: Draft, noun: Noun, adjective: Adjective, plural: bool) -> tuple[French, int, int]:
    """"the largest country" -> le plus grand pays; "the most important treaties" -> les traités les plus importants."""
    agreement = noun.feminine + 2 * plural
    the = draft.say("the")
    if adjective.superlative:
        most = at = draft.say(adjective.superlative)
    else:
        most = draft.say("most")
        at = draft.say(adjective.english)
    noun_at = len(draft.english)
    draft.english.extend(noun.english[plural])
    head = noun_at + len(noun.english[plural]) - 1
    nouns = shift(noun.french[plural], noun_at)
    tokens = adjective_tokens(adjective, agreement, at, nouns[0][0] if adjective.before else "")
    plus: French = [("plus", (most,) if most != at else (), (at,) if most == at else ())]
    if adjective.english == "good":
        tokens, plus = [(word.replace("bon", "meilleur").replace("nne", "e").replace("meilleure", "meilleure"), *links)
                        for word, *links in tokens], []
    article = determiner_tokens(DETERMINERS["the"], agreement, the, head)
    if adjective.before:
        return article + plus + tokens + nouns, agreement, head
    again: French = [(article[0][0], (), (the, most))]
    return article + nouns + again + plus + tokens, agreement, head


def title(draft: Draft, noun: Noun) -> Phrase:
    """"the European Economic Area" -> la zone économique européenne."""
    the = draft.say("the")
    adjectives = sorted({draft.pick(noun.adjectives), draft.pick(noun.adjectives)}, key=lambda adjective: adjective.rank)
    if len(adjectives) == 2 and adjectives[0].rank == adjectives[1].rank:
        adjectives.pop()
    first = len(draft.english)
    draft.english.extend([adjective.english for adjective in adjectives])
    at = draft.say(noun.english[0][0])
    agreement = int(noun.feminine)
    french = determiner_tokens(DETERMINERS["the"], agreement, the, at)
    french += shift(noun.french[0], at)
    for position in range(len(adjectives) - 1, -1, -1):
        french += adjective_tokens(adjectives[position], agreement, first + position)
    return Phrase(french, agreement, IL, IL, False, noun)


def name_phrase(draft: Draft, name: Name) -> Phrase:
    """"France" -> la France, "the European Union" -> l'Union européenne."""
    at = len(draft.english)
    draft.english.extend(name.english)
    person = ILS if name.agreement >= MP else IL
    return Phrase(shift(name.french, at), name.agreement, person, IL, name.pronoun in ("he", "she"), name)


def choose_head(draft: Draft, pool: Sequence[Noun | Name], room: int) -> Noun | Name:
    """A noun or name from the pool that fits the room, a noun that can grow where there is much."""
    head = draft.pick(pool)
    for _ in range(3):
        if isinstance(head, Noun):
            size = 4 if head.title else 2
        else:
            size = len(head.english)
        if size <= room and not (room > 5 and size == room - 5):
            break
        head = draft.pick(pool)
    return head


def nominal(draft: Draft, pool: Sequence[Noun | Name], end: int, role: int, extend: Extension | None = None,
            singular: bool = False) -> Phrase:
    """A phrase whose head is from the pool."""
    head = choose_head(draft, pool, draft.room(end))
    if isinstance(head, Name):
        return name_phrase(draft, head)
    return noun_phrase(draft, head, end, role, extend, singular)


def complement(draft: Draft, part: Complement, end: int, extend: Extension | None) -> French:
    """"of the new treaty" -> du nouveau traité, "on the European Union" -> sur l'Union européenne."""
    at = draft.say(part.english)
    role = AFTER_DE if part.french == "de" else DEFINITE
    phrase = nominal(draft, part.pool, end, role, extend)
    draft.mention(phrase)
    french = [(part.french, (at,), ()), *phrase.french]
    if part.english == "between":
        conjunction = draft.say("and")
        other = nominal(draft, part.pool, end, role)
        draft.mention(other)
        french += [("et", (conjunction,), ()), *other.french]
    return french
