"""Clauses: a subject, its verb, what the verb takes, and adverbials. One function per construction."""

from data.accord import adverbials, verb_pools
from data.accord.being import copula, kind
from data.accord.circumstances import ACTIONS, fill, place
from data.accord.draft import Draft, French, Phrase
from data.accord.entries import Complement, Name, Noun, Verb
from data.accord.french import IL
from data.accord.noun_phrases import Role, noun_core
from data.accord.phrases import agent, complement, nominal, object_of, personal, same_form, shape_of, split_room
from data.accord.pools import NOUNS, pool
from data.accord.pronouns import DATIVE, HUMAN_OBJECTS, follow_clitic, follow_subject, object_clitic
from data.accord.verb_groups import MODAL, NEGATIONS, NOT, Shape, Tense, finite, infinitive, passive_infinitive


def subject_of(draft: Draft, verb: Verb, tense: Tense, end: int) -> Phrase:
    """A subject for the verb, sometimes a pronoun."""
    ambiguous = same_form(verb, tense)
    if verb_pools.MINISTER in verb.subjects and draft.random() < 0.12 and not verb.reflexive and not ambiguous:
        return personal(draft, gendered=verb.etre and tense.compound)
    return nominal(draft, verb.subjects, end, Role.SUBJECT, False if ambiguous else None)


def transitive(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The minister signed the treaty in May ." -> Le ministre a signé le traité en mai."""
    verb = _verb_for(draft, subject, tense)
    clitic = None
    if subject is None:
        subject = subject_of(draft, verb, tense, split_room(draft, end, 3, 0.7))
        if verb in HUMAN_OBJECTS and draft.random() < 0.15:
            clitic = draft.pick(HUMAN_OBJECTS[verb])
        elif draft.subject is not None and draft.random() < 0.25 and subject.head is not None:
            clitic, verb = follow_clitic(draft, draft.subject, subject, verb)
    elif draft.object is not None and draft.random() < 0.5:
        clitic, verb = follow_clitic(draft, draft.object, subject, verb)
    shape = shape_of(draft, verb, tense, draft.room(end) - 3, subject)
    if clitic:
        french = subject.french + finite(draft, verb, subject, shape._replace(clitic=clitic))
        draft.close(subject)
        return french + fill(draft, end, shape.tense, doer(subject, verb, shape))
    french = subject.french + finite(draft, verb, subject, shape)
    noun = object_of(draft, verb, end, shape.negation is not None or subject.negative)
    french += noun.french
    if draft.room(end) >= 3 and draft.random() < 0.3 and not shape.negation:
        french += and_clitic(draft, subject, shape.tense, noun)
    draft.close(subject, noun)
    return french + fill(draft, end, shape.tense, doer(subject, verb, shape), placed=is_place(noun))


def doer(subject: Phrase, verb: Verb, shape: Shape) -> Phrase | None:
    """The subject, if it acts deliberately."""
    return None if verb.stative or shape.negation or subject.negative else subject


def is_place(phrase: Phrase) -> bool:
    """Whether it names a country or a city, which needs no other place."""
    return isinstance(phrase.head, Name) and bool(phrase.head.location)


def _verb_for(draft: Draft, subject: Phrase | None, tense: Tense) -> Verb:
    """A transitive verb; with a subject, one that the subject can do."""
    if subject is None:
        return draft.pick(verb_pools.TRANSITIVE)
    verbs = subject.head.verbs if isinstance(subject.head, Noun) else verb_pools.MINISTER.verbs
    verb = draft.pick(verbs)
    while same_form(verb, tense) and subject.english_person != IL:
        verb = draft.pick(verbs)
    return verb


def and_clitic(draft: Draft, subject: Phrase, tense: Tense, noun: Phrase) -> French:
    """"... and sent it" -> et l'a envoyée; only where what was mentioned fixes the gender of "it" or "them"."""
    clitic = object_clitic(draft, noun)
    if clitic is None or not isinstance(noun.head, Noun) or not isinstance(subject.head, Noun):
        return []
    tense = Tense.PAST if tense is Tense.IMPERFECT else tense
    verbs = [verb for verb in noun.head.doers
             if verb in subject.head.verbs and not verb.stative and not same_form(verb, tense)]
    if not verbs:
        return []
    conjunction = draft.say("and")
    return [("et", (conjunction,), ()),
            *finite(draft, draft.pick(verbs), subject, Shape(tense, clitic=clitic))]


def passive(draft: Draft, end: int, tense: Tense) -> French:
    """"The agreement was signed by the ministers in May ." -> L'accord a été signé par les ministres en mai."""
    verb = draft.pick(verb_pools.PASSIVE)
    subject = nominal(draft, verb.objects, split_room(draft, end, 2, 0.9), Role.SUBJECT)
    shape = shape_of(draft, verb, tense, draft.room(end) - 2, subject)
    french = subject.french + finite(draft, verb_pools.BE, subject, shape, verb)
    draft.close(subject)
    if draft.room(end) >= 3 and draft.random() < 0.5:
        french += agent(draft, verb, end)
    return french + fill(draft, end, shape.tense, placed=is_place(subject))


def passive_on(draft: Draft, end: int, tense: Tense) -> French:
    """"The treaty on the European Economic Area was signed in August 1992 ." -> Le traité sur la zone ... en août 1992."""
    noun, part = draft.pick(_ON_TITLE)
    stop = len(draft.english) + 2 + max(0, draft.room(end) - 12)
    subject = noun_core(draft, noun, stop, Role.PRECISE, number=False)
    subject.french.extend(complement(draft, part, end))
    verb = draft.pick([verb for verb in noun.doers if verb.passive])
    dated = tense.when in adverbials.YEARS and not draft.opened and draft.random() < 0.6
    shape = Shape(tense) if dated else shape_of(draft, verb, tense, draft.room(end) - 2, subject)
    french = subject.french + finite(draft, verb_pools.BE, subject, shape, verb)
    draft.close(subject)
    if dated:
        return french + adverbials.date(draft, tense.when, max(3, draft.room(end)))
    if draft.room(end) >= 6 and draft.random() < 0.5:
        french += agent(draft, verb, end - 3)
    return french + fill(draft, end, shape.tense, placed=draft.random() < 0.7)


_TITLES = pool("title")
_ON_TITLE = [(noun, Complement(part.english, part.french, _TITLES, bare=False))
             for noun in NOUNS for part in noun.complements if part.french == "sur" and _TITLES[0] in part.pool]


def modal(draft: Draft, end: int, tense: Tense) -> French:  # noqa: ARG001 - one signature for all frames
    """"Syria can no longer produce weapons ." -> La Syrie ne peut plus produire d'armes."""
    verb = draft.pick(verb_pools.TRANSITIVE)
    helper, form = draft.pick(verb_pools.MODALS)
    subject = subject_of(draft, verb, Tense.FUTURE, split_room(draft, end, 4, 0.7))
    negation = None
    if draft.room(end) > 4 and draft.random() < 0.25 and not subject.every:
        negation = draft.pick(NEGATIONS[Tense.PRESENT] if helper.base == "can" else (NOT,))
    french = subject.french + finite(draft, helper, subject, Shape(MODAL[form], negation)) + infinitive(draft, verb)
    noun = object_of(draft, verb, end, negation is not None or subject.negative)
    draft.close(subject, noun)
    return french + noun.french + fill(draft, end, Tense.FUTURE if form == "present" else MODAL[form], subject)


def modal_passive(draft: Draft, end: int, tense: Tense) -> French:  # noqa: ARG001 - one signature for all frames
    """"The treaty must be signed ." -> Le traité doit être signé."""
    verb = draft.pick(verb_pools.PASSIVE)
    helper, form = draft.pick(verb_pools.MODALS)
    subject = nominal(draft, verb.objects, split_room(draft, end, 3, 0.9), Role.SUBJECT)
    french = subject.french + finite(draft, helper, subject, Shape(MODAL[form]))
    french += passive_infinitive(draft, verb, subject.agreement)
    draft.close(subject)
    if draft.room(end) >= 3 and draft.random() < 0.5:
        french += agent(draft, verb, end)
    return french + fill(draft, end, Tense.FUTURE if form == "present" else MODAL[form])


def intransitive(draft: Draft, end: int, tense: Tense) -> French:
    """"The ambassador arrived yesterday ." -> L'ambassadeur est arrivé hier."""
    verb = draft.pick(verb_pools.INTRANSITIVE)
    subject = subject_of(draft, verb, tense, split_room(draft, end, 1, 0.7))
    shape = shape_of(draft, verb, tense, draft.room(end) - 1, subject)
    french = subject.french + finite(draft, verb, subject, shape)
    draft.close(subject)
    return french + fill(draft, end, shape.tense)


def motion(draft: Draft, end: int, tense: Tense) -> French:
    """"The queen went to Portugal ." -> La reine est allée au Portugal."""
    verb = draft.pick(verb_pools.MOTION)
    subject = subject_of(draft, verb, tense, split_room(draft, end, 3, 0.5))
    shape = shape_of(draft, verb, tense, draft.room(end) - 3, subject)
    french = subject.french + finite(draft, verb, subject, shape)
    french += place(draft, end, verb.preposition)
    draft.close(subject)
    return french + fill(draft, end, shape.tense, doer(subject, verb, shape), placed=True)


def prepositional(draft: Draft, end: int, tense: Tense) -> French:
    """"The price depends on the market ." -> Le prix dépend du marché; "looks for" -> cherche."""
    verb = draft.pick(verb_pools.PREPOSITIONAL)
    subject = subject_of(draft, verb, tense, split_room(draft, end, 4, 0.6))
    shape = shape_of(draft, verb, tense, draft.room(end) - 4, subject)
    french = subject.french + finite(draft, verb, subject, shape)
    verb_at = len(draft.english) - 1
    at = draft.say(verb.preposition) if verb.preposition else -1
    if verb.french_preposition:
        french.append((verb.french_preposition, (at,) if at >= 0 else (), () if at >= 0 else (verb_at,)))
    elif at >= 0:  # the preposition belongs to the English verb
        word, sure, possible = french[-1]
        french[-1] = (word, sure, (*possible, at))
    role = Role.AFTER_DE if verb.french_preposition == "de" and not shape.negation else Role.AFTER_PREPOSITION
    noun = nominal(draft, verb.objects, split_room(draft, end, 0, 1.2), role)
    draft.mention(noun)
    draft.close(subject)
    return french + noun.french + fill(draft, end, shape.tense, doer(subject, verb, shape), placed=is_place(noun))


def ditransitive(draft: Draft, end: int, tense: Tense) -> French:
    """Someone gives something to someone, who is a pronoun or a noun."""
    style = draft.random()
    give = give_him if style < 0.4 else explain_to_him if style < 0.6 else give_to
    verb = draft.pick(verb_pools.ENGLISH_FIRST if give is give_him else verb_pools.DITRANSITIVE)
    subject = subject_of(draft, verb, tense, split_room(draft, end, 5, 0.4))
    french = give(draft, verb, subject, tense, end)
    draft.close(subject)
    return french + fill(draft, end, tense, doer(subject, verb, Shape(tense)))


def give_him(draft: Draft, verb: Verb, subject: Phrase, tense: Tense, end: int) -> French:
    """"She gave him the book ." -> Elle lui a donné le livre."""
    french = subject.french + finite(draft, verb, subject, Shape(tense, clitic=draft.pick(DATIVE)))
    # Not Role.OBJECT: "gave her books" might be her books.
    noun = nominal(draft, verb.objects, split_room(draft, end, 0, 1.2), Role.AFTER_PREPOSITION)
    draft.mention(noun)
    return french + noun.french


def explain_to_him(draft: Draft, verb: Verb, subject: Phrase, tense: Tense, end: int) -> French:
    """"She explained the law to him ." -> Elle lui a expliqué la loi."""
    group = finite(draft, verb, subject, Shape(tense))
    noun = nominal(draft, verb.objects, split_room(draft, end, 2, 0.5), Role.AFTER_PREPOSITION)
    draft.mention(noun)
    to, clitic = draft.say("to"), draft.pick(DATIVE)
    group.insert(1 if subject.negative else 0, (clitic.french, (draft.say(clitic.english),), (to,)))  # after "ne"
    return subject.french + group + noun.french


def give_to(draft: Draft, verb: Verb, subject: Phrase, tense: Tense, end: int) -> French:
    """"She gave the book to the king ." -> Elle a donné le livre au roi."""
    french = subject.french + finite(draft, verb, subject, Shape(tense))
    noun = nominal(draft, verb.objects, split_room(draft, end, 3, 0.8), Role.AFTER_PREPOSITION)
    to = draft.say("to")
    person = nominal(draft, _RECIPIENTS, split_room(draft, end, 0, 1.0), Role.AFTER_PREPOSITION)
    draft.mention(noun)
    draft.mention(person)
    return [*french, *noun.french, ("à", (to,), ()), *person.french]


_RECIPIENTS = pool("person kin body")


def wish(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The country refused to sign the treaty ." -> Le pays a refusé de signer le traité."""
    verb = draft.pick(verb_pools.INFINITIVE)
    action = draft.pick(ACTIONS)
    if subject is None:
        subject = subject_of(draft, verb, tense, split_room(draft, end, 5, 0.6))
    shape = shape_of(draft, verb, tense, draft.room(end) - 5, subject)
    if shape.adverb and verb.stative:
        shape = shape._replace(adverb=None)
    french = subject.french + finite(draft, verb, subject, shape)
    to = draft.say("to")
    if verb.french_preposition:
        french += [(verb.french_preposition, (to,), ()), *infinitive(draft, action)]
    else:
        french += infinitive(draft, action, to=to)
    noun = object_of(draft, action, end)
    draft.close(subject, noun)
    return french + noun.french + fill(draft, end, shape.tense, subject)


_ROOMS = 11  # what fits in ten words fits in more
# Frames by the smallest room they need, each as often as its number says.
_FRAMES = (
    (3, intransitive, 3), (4, passive, 8), (4, copula, 4), (5, transitive, 11), (5, motion, 3), (5, modal_passive, 2),
    (6, modal, 4), (6, prepositional, 4), (7, wish, 4), (8, ditransitive, 4), (5, kind, 1),
    (10, passive_on, 6),
)
_BY_ROOM = tuple(tuple(frame for smallest, frame, times in _FRAMES if smallest <= room for _ in range(times))
                 for room in range(_ROOMS))
_TENSED = tuple(tuple(frame for frame in frames if frame not in (modal, modal_passive, kind)) for frames in _BY_ROOM)


def clause(draft: Draft, end: int, tense: Tense, modals: bool = True) -> French:
    """A clause that stops before ``end``; without ``modals`` its verb is in this very tense."""
    frames = (_BY_ROOM if modals else _TENSED)[min(_ROOMS - 1, max(3, draft.room(end)))]
    return draft.pick(frames)(draft, end, tense)


# A clause that takes up the subject of the last one.

def follow(draft: Draft, end: int, tense: Tense) -> French:
    """A clause whose subject is a pronoun for the last one; none where English would not tell its French gender."""
    before = draft.subject
    words = follow_subject(draft)
    if before is None or words is None:
        return []
    frames = []
    if isinstance(before.head, Noun):
        frames += [copula] * bool(before.head.predicates) + [transitive] * (2 * bool(before.head.verbs))
    if before.human or can_act(before):
        frames += [wish]
    if not frames:
        return []
    english, french = words
    subject = before._replace(french=[(french, (draft.say(english),), ())], negative=False)
    draft.refer(before)
    return draft.pick(frames)(draft, end, tense, subject)


def can_act(subject: Phrase) -> bool:
    """Whether the subject is a person or a body of persons."""
    return subject.head is not None and not subject.head.classes.isdisjoint(
        ("person", "kin", "name", "body", "nation", "title", "institution"))
