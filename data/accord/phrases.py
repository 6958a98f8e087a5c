"""Noun phrases with what follows the noun: complements and relative clauses, which contain noun phrases again."""

from collections.abc import Sequence

from data.accord import adverbials
from data.accord.draft import Draft, French, Phrase
from data.accord.elision import Token
from data.accord.entries import Complement, Name, Noun, Style, Verb
from data.accord.french import FS, IL, ILS, JE, MP, MS, NOUS, VOUS
from data.accord.function_words import MIDDLE_ADVERBS
from data.accord.noun_phrases import Role, name_phrase, noun_core
from data.accord.verb_groups import NEGATIONS, Shape, Tense, finite, fitting
from data.accord.verb_pools import BE, BELONGINGS, MINISTER

_MOST_RELATIVES = 2  # one within another


def choose_head(draft: Draft, pool: Sequence[Noun | Name], room: int) -> Noun | Name:
    """A noun or name that fits the room: a noun where there is much, since names do not grow."""
    head = draft.pick(pool)
    for _ in range(3):
        if head.size <= room <= head.size + head.growth:
            break
        head = draft.pick(pool)
    return head


def nominal(draft: Draft, pool: Sequence[Noun | Name], end: int, role: Role, number: bool | None = None) -> Phrase:
    """A phrase whose head is from the pool: "the president of the commission", "France"."""
    head = choose_head(draft, pool, draft.room(end))
    return name_phrase(draft, head) if isinstance(head, Name) else noun_phrase(draft, head, end, role, number)


def noun_phrase(draft: Draft, noun: Noun, end: int, role: Role, number: bool | None = None) -> Phrase:
    """"the policy that we changed" -> la politique que nous avons changée."""
    phrase = noun_core(draft, noun, end, role, number)
    if noun.incomplete:
        phrase.french.extend(complement(draft, draft.pick(noun.complements), max(end, len(draft.english) + 3)))
    elif draft.room(end) >= 3 and not noun.title:
        phrase.french.extend(_extension(draft, noun, phrase, end))
    return phrase


def split_room(draft: Draft, end: int, needed: int, share: float, smallest: int = 2) -> int:
    """Where a part of ``smallest`` words or more may end if ``needed`` must follow: it takes up to ``share`` of the rest."""
    spare = draft.room(end) - needed - smallest
    return len(draft.english) + smallest + (int(spare * share * draft.random()) if spare > 0 else 0)


# Complements.

def _extension(draft: Draft, noun: Noun, phrase: Phrase, end: int) -> French:
    """A complement or a relative clause after the noun, if room and noun allow."""
    if noun.complements and not phrase.owned and draft.random() < (0.9 if draft.room(end) < 5 else 0.6):
        return complement(draft, draft.pick(noun.complements), end)
    if draft.room(end) >= 4 and draft.depth < _MOST_RELATIVES and not phrase.complete:
        draft.depth += 1
        french = relative(draft, noun, phrase.agreement, end)
        draft.depth -= 1
        return french
    return []


def complement(draft: Draft, part: Complement, end: int) -> French:
    """"of the new treaty" -> du nouveau traité, "between France and Italy" -> entre la France et l'Italie."""
    at = draft.say(part.english)
    phrase = nominal(draft, part.pool, end, Role.AFTER_DE if part.bare else Role.AFTER_PREPOSITION)
    draft.mention(phrase)
    french = [(part.french, (at,), ()), *phrase.french]
    if part.english == "between":
        conjunction = draft.say("and")
        other = phrase
        while other.head is phrase.head:
            other = name_phrase(draft, draft.pick([name for name in part.pool if name is not phrase.head]))  # type: ignore[arg-type]
        draft.mention(other)
        french += [("et", (conjunction,), ()), *other.french]
    return french


# The verb in a clause: its shape, its object, its agent.

def same_form(verb: Verb, tense: Tense) -> bool:
    """Whether only the -s of the third person tells the present from the past: "they read"."""
    return verb.same_past and tense.style == Style.PRESENT


def shape_of(draft: Draft, verb: Verb, tense: Tense, room: int, subject: Phrase) -> Shape:
    """Tense, and sometimes a negation or an adverb, as the room allows."""
    tense = fitting(tense, verb)
    chance = draft.random()
    if room <= 0 or chance > 0.24 or subject.negative:
        return Shape(tense)
    if chance < 0.11 and tense in NEGATIONS and not subject.every:
        negation = draft.pick(NEGATIONS[tense])
        if len(negation.english) + (tense.style < 2) <= room:
            return Shape(tense, negation)
    elif chance > 0.11 and tense.when in ("perfect", "present"):
        return Shape(tense, None, draft.pick(MIDDLE_ADVERBS[tense.when]))
    elif chance > 0.11 and verb.deliberate:
        return Shape(tense, None, draft.pick(MIDDLE_ADVERBS["action"]))
    return Shape(tense)


def object_of(draft: Draft, verb: Verb, end: int, negated: bool = False) -> Phrase:
    """The direct object; it takes most of the room, or leaves some to adverbials."""
    room = draft.room(end)
    share = 1.0 if room < 5 else 0.3 + 0.9 * draft.random()
    stop = min(end, len(draft.english) + 2 + int((room - 2) * share))
    roles = (Role.AFTER_PREPOSITION, Role.PRECISE) if verb.generic else (Role.OBJECT, Role.NEGATED)
    phrase = nominal(draft, verb.objects, stop, roles[negated])
    draft.mention(phrase)
    return phrase


def agent(draft: Draft, verb: Verb, end: int) -> French:
    """"by the ministers" -> par les ministres."""
    by = draft.say("by")
    phrase = nominal(draft, verb.subjects, split_room(draft, end, 0, 1.2), Role.AFTER_PREPOSITION)
    draft.mention(phrase)
    return [("par", (by,), ()), *phrase.french]


_PERSONAL = (("he", "il", MS, IL), ("she", "elle", FS, IL), ("we", "nous", MP, NOUS), ("I", "je", MS, JE),
             ("you", "vous", MP, VOUS))


def personal(draft: Draft, gendered: bool) -> Phrase:
    """"he", "she", "we", "I", "you"; ``gendered`` where something agrees with it, which only he and she determine."""
    english, french, agreement, person = draft.pick(_PERSONAL[:2] if gendered else _PERSONAL)
    return Phrase([(french, (draft.say(english),), ())], agreement, person, person, True, None)


# Relative clauses.

_TENSES = (Tense.PAST, Tense.PAST, Tense.PAST, Tense.PRESENT, Tense.PERFECT, Tense.FUTURE)


def relative(draft: Draft, noun: Noun, agreement: int, end: int) -> French:
    """A relative clause that suits the noun."""
    chance = draft.random()
    antecedent = Phrase([], agreement, ILS if agreement & 2 else IL, ILS if agreement & 2 else IL, noun.human, noun)
    room = draft.room(end)
    if "event" in noun.classes and chance < 0.4 and room >= 6:
        return during_which(draft, agreement, end)
    if noun.belongings in BELONGINGS and chance < 0.2 and room >= 6:
        return whose(draft, BELONGINGS[noun.belongings], end)
    if noun.verbs and (chance < 0.55 or not noun.doers):
        return who(draft, antecedent, noun, end)
    if not noun.doers:
        return []
    return that(draft, antecedent, noun, end) if chance < 0.85 else that_was(draft, antecedent, noun, end)


def who(draft: Draft, antecedent: Phrase, noun: Noun, end: int) -> French:
    """"the ministers who signed the treaty" -> les ministres qui ont signé le traité."""
    tense = draft.pick(_TENSES)
    verb = draft.pick(noun.verbs)
    if same_form(verb, tense) and antecedent.agreement & 2:
        tense = Tense.FUTURE
    at = draft.say("who" if antecedent.human else "that")
    shape = shape_of(draft, verb, tense, draft.room(end) - 3, antecedent)
    french: French = [("qui", (at,), ()), *finite(draft, verb, antecedent, shape)]
    french += object_of(draft, verb, end, shape.negation is not None).french
    return french + _when(draft, shape.tense, end)


def that(draft: Draft, antecedent: Phrase, noun: Noun, end: int) -> French:
    """"the conventions that the ministers signed" -> les conventions que les ministres ont signées."""
    verb = draft.pick(noun.doers)
    tense = draft.pick(_TENSES)
    at = draft.say("whom" if antecedent.human else "that")
    ambiguous = same_form(verb, tense)
    if draft.random() < 0.25 and MINISTER in verb.subjects and not ambiguous:
        subject = personal(draft, gendered=False)
    else:
        subject = nominal(draft, verb.subjects, split_room(draft, end, 1, 0.8), Role.SUBJECT, False if ambiguous else None)
        draft.mention(subject)
    shape = shape_of(draft, verb, tense, draft.room(end) - 2, subject)._replace(agreement=antecedent.agreement)
    return [("que", (at,), ()), *subject.french, *finite(draft, verb, subject, shape), *_when(draft, shape.tense, end)]


def that_was(draft: Draft, antecedent: Phrase, noun: Noun, end: int) -> French:
    """"the letters that were written by the king" -> les lettres qui ont été écrites par le roi."""
    verbs = [verb for verb in noun.doers if verb.passive]
    if not verbs:
        return []
    verb = draft.pick(verbs)
    at = draft.say("who" if antecedent.human else "that")
    shape = shape_of(draft, verb, draft.pick(_TENSES), draft.room(end) - 3, antecedent)
    french: French = [("qui", (at,), ()), *finite(draft, BE, antecedent, shape, verb)]
    if draft.room(end) >= 3 and draft.random() < 0.6:
        french += agent(draft, verb, end)
    return french + _when(draft, shape.tense, end)


def whose(draft: Draft, belongings: Sequence[Noun], end: int) -> French:
    """"the country whose president won the election" -> le pays dont le président a gagné l'élection."""
    at = draft.say("whose")
    thing = draft.pick(belongings)
    noun_at = draft.say(thing.english[0][0])
    article: Token = ("la" if thing.feminine else "le", (), (at, noun_at))
    name: Token = (thing.french[0][0][0], (noun_at,), ())
    subject = Phrase([article, name], int(thing.feminine), IL, IL, thing.human, thing)
    draft.mention(subject)
    verb = draft.pick(thing.verbs)
    shape = shape_of(draft, verb, draft.pick(_TENSES), draft.room(end) - 3, subject)
    french: French = [("dont", (at,), ()), *subject.french, *finite(draft, verb, subject, shape)]
    french += object_of(draft, verb, end, shape.negation is not None).french
    return french + _when(draft, shape.tense, end)


def during_which(draft: Draft, agreement: int, end: int) -> French:
    """"the session during which the law was adopted" -> la session pendant laquelle la loi a été adoptée."""
    at = draft.say("during")
    word = ("lequel", "laquelle", "lesquels", "lesquelles")[agreement]
    french: French = [("pendant", (at,), ()), (word, (draft.say("which"),), ())]
    verb = draft.pick(MINISTER.verbs)
    while not verb.passive:
        verb = draft.pick(MINISTER.verbs)
    subject = nominal(draft, verb.objects, split_room(draft, end, 2, 1.0), Role.SUBJECT)
    draft.mention(subject)
    french += subject.french + finite(draft, BE, subject, Shape(draft.pick((Tense.PAST, Tense.PAST, Tense.FUTURE))), verb)
    return french + (agent(draft, verb, end) if draft.room(end) >= 3 else [])


def _when(draft: Draft, tense: Tense, end: int) -> French:
    """A date in the relative clause, where there is room."""
    french: French = []
    if draft.room(end) >= 2 and tense.when in adverbials.YEARS:
        french = adverbials.date(draft, tense.when, draft.room(end))
    draft.closed = len(draft.english)
    return french
