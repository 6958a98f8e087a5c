"""The verb with its auxiliaries, negation, adverb and clitic, in both languages."""

from enum import Enum
from typing import NamedTuple

from data.accord.draft import Draft, French, Phrase
from data.accord.elision import Token
from data.accord.entries import Style, Verb
from data.accord.french import MS, Conjugation, conjugate

_AVOIR, _ETRE = conjugate("avoir"), conjugate("être")
AVOIR_INFINITIVE = _AVOIR.infinitive
_PRESENT, _IMPERFECT, _FUTURE, _CONDITIONAL, _SUBJUNCTIVE = (
    Conjugation._fields.index(name) for name in ("present", "imperfect", "future", "conditional", "subjunctive"))


class Tense(Enum):
    """English style, tense of the finite French verb, whether that is an auxiliary, and the adverbials of time it takes."""

    PRESENT = Style.PRESENT, _PRESENT, False, "present"  # signs: signe
    PAST = Style.PAST, _PRESENT, True, "past"  # signed: a signé
    IMPERFECT = Style.PAST, _IMPERFECT, False, "past"  # knew: connaissait
    PROGRESSIVE = Style.PROGRESSIVE, _PRESENT, False, "now"  # is signing: signe
    PERFECT = Style.PERFECT, _PRESENT, True, "perfect"  # has signed: a signé
    PLUPERFECT = Style.PLUPERFECT, _IMPERFECT, True, "before"  # had signed: avait signé
    FUTURE = Style.WILL, _FUTURE, False, "future"  # will sign: signera
    CONDITIONAL = Style.WOULD, _CONDITIONAL, False, "later"  # would sign: signerait
    WHEN_FUTURE = Style.PRESENT, _FUTURE, False, ""  # when he signs: quand il signera
    SUBJUNCTIVE = Style.PRESENT, _SUBJUNCTIVE, False, ""  # although he signs: bien qu'il signe
    PAST_SUBJUNCTIVE = Style.PAST, _SUBJUNCTIVE, True, "past"  # although he signed: bien qu'il ait signé
    MODAL = Style.PRESENT, _CONDITIONAL, False, ""  # should sign: devrait signer
    TIMELESS = Style.PRESENT, _PRESENT, False, ""  # is important: est important

    __hash__ = object.__hash__  # quicker than that of the name

    def __init__(self, style: int, french: int, compound: bool, when: str) -> None:
        self.style, self.french, self.compound, self.when = style, french, compound, when


MODAL = {"present": Tense.PRESENT, "conditional": Tense.MODAL}

# The tenses that a verb of state has instead.
_STATIVE = {Tense.PAST: Tense.IMPERFECT, Tense.PROGRESSIVE: Tense.PRESENT, Tense.PERFECT: Tense.PRESENT,
            Tense.PLUPERFECT: Tense.IMPERFECT}


class Negation(NamedTuple):
    english: tuple[str, ...]
    french: tuple[str, ...]  # without "ne"
    links: tuple[int, ...]  # the English word of each


NOT = Negation(("not",), ("pas",), (0,))
NEVER = Negation(("never",), ("jamais",), (0,))
NO_LONGER = Negation(("no", "longer"), ("plus",), (1,))
NOT_YET = Negation(("not", "yet"), ("pas", "encore"), (0, 1))

NEGATIONS: dict[Tense, tuple[Negation, ...]] = {
    Tense.PRESENT: (NOT, NOT, NEVER, NO_LONGER),
    Tense.PAST: (NOT, NOT, NOT, NEVER),
    Tense.IMPERFECT: (NOT, NO_LONGER),
    Tense.PROGRESSIVE: (NOT, NO_LONGER),
    Tense.PERFECT: (NOT, NEVER, NOT_YET),
    Tense.PLUPERFECT: (NOT, NOT_YET),
    Tense.FUTURE: (NOT, NEVER, NO_LONGER),
    Tense.CONDITIONAL: (NOT, NO_LONGER),
    Tense.WHEN_FUTURE: (NOT,),
    Tense.SUBJUNCTIVE: (NOT,),
    Tense.PAST_SUBJUNCTIVE: (NOT,),
}


class Clitic(NamedTuple):
    """A pronoun before the French verb and after the English one."""

    english: str
    french: str
    agreement: int = MS  # of the participle after "avoir"
    antecedent: Phrase | None = None  # what it stands for, if that was said


class Shape(NamedTuple):
    """How a verb is used."""

    tense: Tense
    negation: Negation | None = None
    adverb: tuple[str, str] | None = None
    clitic: Clitic | None = None
    agreement: int = MS  # of the participle with an object that went before (que, les)
    asked: int = -1  # position of an auxiliary already said, in a question


def fitting(tense: Tense, verb: Verb) -> Tense:
    """The tense as this verb has it: a verb of state has the imperfect for the past."""
    return _STATIVE.get(tense, tense) if verb.stative else tense


def finite(draft: Draft, verb: Verb, subject: Phrase, shape: Shape, passive: Verb | None = None) -> French:
    """"has not yet signed it" -> ne l'a pas encore signé; passive: "was signed" -> a été signé."""
    negation, adverb, clitic = shape.negation, shape.adverb, shape.clitic
    helped = shape.asked >= 0 or (negation is not None and negation.english[:1] == ("not",))
    auxiliary, main = verb.english[shape.tense.style][helped][subject.english_person]
    say = draft.say
    auxiliary_at = shape.asked
    if auxiliary and auxiliary_at < 0:
        auxiliary_at = say("cannot" if auxiliary == "can" and negation is NOT else auxiliary)
    if auxiliary == "can" and negation is NOT:
        negated: tuple[int, ...] = (auxiliary_at,)
    else:
        negated = tuple([say(word) for word in negation.english]) if negation else ()
    adverb_at = say(adverb[0]) if adverb else -1
    main_at = say(main) if main else auxiliary_at
    passive_at = say(passive.past_participle) if passive else main_at
    middle: French = []
    if negation:
        middle = [(word, (negated[link],) if word != "plus" else negated, ())
                  for word, link in zip(negation.french, negation.links, strict=True)]
    if adverb:
        middle.append((adverb[1], (adverb_at,), ()))
    french: French = []
    if negation or subject.negative:
        french.append(("ne", (), (*negated, passive_at)))
    if clitic:
        french.append((clitic.french, (say(clitic.english),), ()))
        draft.refer(clitic.antecedent)
    if verb.reflexive:
        french.append(("se", (), (main_at,)))
    french += _french_finite(verb, subject, shape, (auxiliary_at, main_at), middle)
    if passive:
        french.append((passive.participle[subject.agreement], (passive_at,), ()))
    return french


def _french_finite(verb: Verb, subject: Phrase, shape: Shape, at: tuple[int, int], middle: French) -> French:
    """The finite verb, negation and adverb in the middle, and the participle: a | pas encore | signé."""
    auxiliary_at, main_at = at
    tense = shape.tense
    if not tense.compound:
        word = verb.french[tense.french][subject.person]
        helper = (auxiliary_at,) if auxiliary_at not in (-1, main_at) else ()
        return [(word, (main_at,), helper), *middle]
    word = (_ETRE if verb.etre else _AVOIR)[tense.french][subject.person]
    if tense.style in (Style.PERFECT, Style.PLUPERFECT):
        helper_token: Token = (word, (auxiliary_at,), ())
    else:
        helper_token = (word, (), (main_at,) if auxiliary_at in (-1, main_at) else (auxiliary_at, main_at))
    if verb.etre:
        agreement = subject.agreement
    elif shape.clitic:
        agreement = shape.clitic.agreement
    else:
        agreement = shape.agreement
    return [helper_token, *middle, (verb.participle[agreement], (main_at,), ())]


def infinitive(draft: Draft, verb: Verb, to: int = -1) -> French:
    """"sign" -> signer; ``to`` is the position of an English "to" that French leaves out."""
    at = draft.say(verb.base)
    french: French = [("se", (), (at,))] if verb.reflexive else []
    return [*french, (verb.french.infinitive, (at,), (to,) if to >= 0 else ())]


def passive_infinitive(draft: Draft, verb: Verb, agreement: int) -> French:
    """"be signed" -> être signé."""
    be = draft.say("be")
    return [("être", (be,), ()), (verb.participle[agreement], (draft.say(verb.past_participle),), ())]
