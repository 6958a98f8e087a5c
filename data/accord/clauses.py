"""Clauses: a subject, its verb, what the verb takes, and adverbials. One function a construction."""

from data.accord import adverbials
from data.accord.circumstances import ACTIONS, fill, place
from data.accord.draft import Draft, French, Phrase
from data.accord.entries import Adjective, Complement, Name, Noun, Verb
from data.accord.french import IL, MP, MS
from data.accord.noun_phrases import (
    AFTER_DE,
    AFTER_PREPOSITION,
    EXISTING,
    PRECISE,
    SUBJECT,
    adjective_tokens,
    compared,
    graded,
    name_phrase,
    noun_core,
    superlative_tokens,
)
from data.accord.phrases import (
    agent,
    choose_head,
    complement,
    nominal,
    noun_phrase,
    object_of,
    personal,
    same_form,
    shape_of,
    split_room,
)
from data.accord.pools import (
    BE,
    DITRANSITIVE,
    ENGLISH_FIRST,
    INFINITIVE,
    INTRANSITIVE,
    KINDS,
    MINISTER,
    MODALS,
    MOTION,
    NOUNS,
    PASSIVE,
    PREPOSITIONAL,
    TRANSITIVE,
    often,
    pool,
)
from data.accord.pronouns import DATIVE, HUMAN_OBJECTS, follow_clitic, follow_subject, object_clitic
from data.accord.verb_groups import (
    FUTURE,
    IMPERFECT,
    MODAL,
    NEGATIONS,
    NOT,
    PAST,
    PRESENT,
    Clitic,
    Shape,
    Tense,
    finite,
    fitting,
    infinitive,
    passive_infinitive,
)


def subject_of(draft: Draft, verb: Verb, tense: Tense, end: int) -> Phrase:
    """A subject for the verb, now and then a pronoun."""
    ambiguous = same_form(verb, tense)
    if MINISTER in verb.subjects and draft.random() < 0.12 and not verb.reflexive and not ambiguous:
        return personal(draft, gendered=verb.etre and tense.compound)
    return nominal(draft, verb.subjects, end, SUBJECT, False if ambiguous else None)


def close(draft: Draft, subject: Phrase, object_: Phrase | None = None) -> None:
    """Keep subject and object of a clause in mind: pronouns may mean them from now on."""
    draft.mention(subject)
    draft.subject, draft.object = subject, object_


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
        close(draft, subject)
        return french + fill(draft, end, shape.tense, subject)
    french = subject.french + finite(draft, verb, subject, shape)
    noun = object_of(draft, verb, end, shape.negation is not None or subject.negative)
    french += noun.french
    if draft.room(end) >= 3 and draft.random() < 0.3 and not shape.negation:
        french += and_clitic(draft, subject, shape.tense, noun)
    close(draft, subject, noun)
    return french + fill(draft, end, shape.tense, subject)


def _verb_for(draft: Draft, subject: Phrase | None, tense: Tense) -> Verb:
    """A transitive verb, one that the subject can do if that is known."""
    if subject is None:
        return draft.pick(TRANSITIVE)
    verbs = subject.head.verbs if isinstance(subject.head, Noun) else MINISTER.verbs
    verb = draft.pick(verbs)
    while same_form(verb, tense) and subject.english_person != IL:
        verb = draft.pick(verbs)
    return verb


def and_clitic(draft: Draft, subject: Phrase, tense: Tense, noun: Phrase) -> French:
    """"... and sent it" -> et l'a envoyée; only where what was mentioned fixes the gender of "it" or "them"."""
    clitic = object_clitic(draft, noun)
    if clitic is None or not isinstance(noun.head, Noun) or not isinstance(subject.head, Noun):
        return []
    tense = PAST if tense is IMPERFECT else tense
    verbs = [verb for verb in noun.head.doers
             if verb in subject.head.verbs and not verb.stative and not same_form(verb, tense)]
    if not verbs:
        return []
    conjunction = draft.say("and")
    return [("et", (conjunction,), ()),
            *finite(draft, draft.pick(verbs), subject, Shape(tense, clitic=clitic))]


def passive(draft: Draft, end: int, tense: Tense) -> French:
    """"The agreement was signed by the ministers in May ." -> L'accord a été signé par les ministres en mai."""
    verb = draft.pick(PASSIVE)
    subject = nominal(draft, verb.objects, split_room(draft, end, 2, 0.9), SUBJECT)
    shape = shape_of(draft, verb, tense, draft.room(end) - 2, subject)
    french = subject.french + finite(draft, BE, subject, shape, verb)
    close(draft, subject)
    if draft.room(end) >= 3 and draft.random() < 0.5:
        french += agent(draft, verb, end)
    return french + fill(draft, end, shape.tense)


def passive_on(draft: Draft, end: int, tense: Tense) -> French:
    """"The treaty on the European Economic Area was signed ." -> Le traité sur la zone économique européenne a été signé."""
    noun, part = draft.pick(_ON_TITLE)
    stop = len(draft.english) + 2 + max(0, draft.room(end) - 12)
    subject = noun_core(draft, noun, stop, PRECISE, number=False)
    subject.french.extend(complement(draft, part, end))
    verb = draft.pick([verb for verb in noun.doers if verb.passive])
    dated = tense.when in adverbials.YEARS and not draft.opened and draft.random() < 0.6
    shape = Shape(tense) if dated else shape_of(draft, verb, tense, draft.room(end) - 2, subject)
    french = subject.french + finite(draft, BE, subject, shape, verb)
    close(draft, subject)
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
    verb = draft.pick(TRANSITIVE)
    helper, form = draft.pick(MODALS)
    subject = subject_of(draft, verb, FUTURE, split_room(draft, end, 4, 0.7))
    negation = None
    if draft.room(end) > 4 and draft.random() < 0.25 and not subject.negative:
        negation = draft.pick(NEGATIONS[PRESENT] if helper.base == "can" else (NOT,))
    french = subject.french + finite(draft, helper, subject, Shape(MODAL[form], negation)) + infinitive(draft, verb)
    noun = object_of(draft, verb, end, negation is not None or subject.negative)
    close(draft, subject, noun)
    return french + noun.french + fill(draft, end, FUTURE if form == "present" else MODAL[form], subject)


def modal_passive(draft: Draft, end: int, tense: Tense) -> French:  # noqa: ARG001 - one signature for all frames
    """"The treaty must be signed ." -> Le traité doit être signé."""
    verb = draft.pick(PASSIVE)
    helper, form = draft.pick(MODALS)
    subject = nominal(draft, verb.objects, split_room(draft, end, 3, 0.9), SUBJECT)
    french = subject.french + finite(draft, helper, subject, Shape(MODAL[form]))
    french += passive_infinitive(draft, verb, subject.agreement)
    close(draft, subject)
    if draft.room(end) >= 3 and draft.random() < 0.5:
        french += agent(draft, verb, end)
    return french + fill(draft, end, FUTURE if form == "present" else MODAL[form])


def intransitive(draft: Draft, end: int, tense: Tense) -> French:
    """"The ambassador arrived yesterday ." -> L'ambassadeur est arrivé hier."""
    verb = draft.pick(INTRANSITIVE)
    subject = subject_of(draft, verb, tense, split_room(draft, end, 1, 0.7))
    shape = shape_of(draft, verb, tense, draft.room(end) - 1, subject)
    french = subject.french + finite(draft, verb, subject, shape)
    close(draft, subject)
    return french + fill(draft, end, shape.tense, subject)


def motion(draft: Draft, end: int, tense: Tense) -> French:
    """"The queen went to Portugal ." -> La reine est allée au Portugal."""
    verb = draft.pick(MOTION)
    subject = subject_of(draft, verb, tense, split_room(draft, end, 3, 0.5))
    shape = shape_of(draft, verb, tense, draft.room(end) - 3, subject)
    french = subject.french + finite(draft, verb, subject, shape)
    french += place(draft, end, verb.preposition)
    close(draft, subject)
    return french + fill(draft, end, shape.tense, subject, placed=True)


def prepositional(draft: Draft, end: int, tense: Tense) -> French:
    """"The price depends on the market ." -> Le prix dépend du marché; "looks for" -> cherche."""
    verb = draft.pick(PREPOSITIONAL)
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
    role = AFTER_DE if verb.french_preposition == "de" and not shape.negation else AFTER_PREPOSITION
    noun = nominal(draft, verb.objects, split_room(draft, end, 0, 1.2), role)
    draft.mention(noun)
    close(draft, subject)
    return french + noun.french + fill(draft, end, shape.tense, subject)


def ditransitive(draft: Draft, end: int, tense: Tense) -> French:
    """"She gave him a book ." -> Elle lui a donné un livre; "She gave a book to the king ." -> ... un livre au roi."""
    style = draft.random()
    verb = draft.pick(ENGLISH_FIRST if style < 0.4 else DITRANSITIVE)
    subject = subject_of(draft, verb, tense, split_room(draft, end, 5, 0.4))
    clitic = draft.pick(DATIVE)
    if style < 0.4:
        french = subject.french + finite(draft, verb, subject, Shape(tense, clitic=clitic))
        noun = nominal(draft, verb.objects, split_room(draft, end, 0, 1.2), AFTER_PREPOSITION)
        french += noun.french
    elif style < 0.6:
        later = Clitic("", clitic.french)  # said after the object: "explained the law to him"
        french = subject.french + finite(draft, verb, subject, Shape(tense, clitic=later))
        noun = nominal(draft, verb.objects, split_room(draft, end, 2, 0.5), AFTER_PREPOSITION)
        to = draft.say("to")
        at = draft.say(clitic.english)
        french = [(word, (at,), (to,)) if word == clitic.french and sure == (-1,) else (word, sure, possible)
                  for word, sure, possible in french] + noun.french
    else:
        french = subject.french + finite(draft, verb, subject, Shape(tense))
        noun = nominal(draft, verb.objects, split_room(draft, end, 3, 0.8), AFTER_PREPOSITION)
        to = draft.say("to")
        person = nominal(draft, _RECIPIENTS, split_room(draft, end, 0, 1.0), AFTER_PREPOSITION)
        french += [*noun.french, ("à", (to,), ()), *person.french]
        draft.mention(person)
    draft.mention(noun)
    close(draft, subject)
    return french + fill(draft, end, tense, subject)


_RECIPIENTS = pool("person kin body")


def wish(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The country refused to sign the treaty ." -> Le pays a refusé de signer le traité."""
    verb = draft.pick(INFINITIVE)
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
    close(draft, subject, noun)
    return french + noun.french + fill(draft, end, shape.tense, subject)


# "to be"

_DESCRIBED = often([noun for noun in NOUNS if noun.predicates])
_PERSON_PREDICATES = MINISTER.predicates


def copula(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The new laws are very important ." -> Les nouvelles lois sont très importantes."""
    tense = fitting(tense, BE)
    if subject is None:
        subject = noun_phrase(draft, draft.pick(_DESCRIBED), split_room(draft, end, 2, 0.9), SUBJECT)
    noun = subject.head if isinstance(subject.head, Noun) else None
    shape = shape_of(draft, BE, tense, draft.room(end) - 2, subject)
    french = subject.french + finite(draft, BE, subject, shape)
    french += _predicate(draft, noun, subject.agreement, end)
    close(draft, subject)
    return french + fill(draft, end, shape.tense)


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
    other = noun_phrase(draft, draft.pick(rivals or [noun]), end, AFTER_PREPOSITION)
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
    nouns = [(word, tuple(position + at for position in sure), tuple(position + at for position in possible))
             for word, sure, possible in noun.french[1]]
    article = ("le", "la")[agreement & 1]
    return [(article, (the,), (most,)), *tokens, ("de", (of,), ()), ("les", (), (head,)), *nouns]


def kind(draft: Draft, end: int, tense: Tense) -> French:  # noqa: ARG001 - one signature for all frames
    """"France is one of the largest countries in the world ." -> La France est l'un des plus grands pays du monde."""
    noun = KINDS["nation"]
    name = draft.pick(_NATIONS)
    subject = name_phrase(draft, name)
    french = subject.french + finite(draft, BE, subject, Shape(PRESENT))
    close(draft, subject)
    if draft.room(end) < 8:
        phrase = noun_phrase(draft, noun, end, EXISTING, number=False)
        return french + phrase.french
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

_ROOMS = 11
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


# Clauses that begin in their own way.

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
    return draft.pick(frames)(draft, end, tense, subject)


def can_act(subject: Phrase) -> bool:
    """Whether the subject is a person or a body of persons."""
    return subject.head is not None and not subject.head.classes.isdisjoint(
        ("person", "kin", "name", "body", "nation", "title", "institution"))


def this_clause(draft: Draft, end: int, tense: Tense) -> French:
    """"This will change my future ." -> Cela va changer mon avenir; "This changed ..." -> Cela a changé ..."""
    at = draft.say("this")
    subject = Phrase([("cela", (at,), ())], MS, IL, IL, False, None)
    verb = draft.pick(_THIS_VERBS)
    if tense is FUTURE:
        will = draft.say("will")
        french: French = [*subject.french, ("va", (will,), ()), *infinitive(draft, verb)]
    else:
        french = subject.french + finite(draft, verb, subject, Shape(tense))
    phrase = object_of(draft, verb, end)
    draft.subject = None
    return french + phrase.french + fill(draft, end, tense)


_REFORM = pool("reform")[0]
_THIS_VERBS = [verb for verb in TRANSITIVE if _REFORM in verb.subjects or verb.french.infinitive in ("transformer", "menacer")]


def asked(draft: Draft, end: int, tense: Tense) -> French:
    """"Did the minister sign the treaty" -> Est-ce que le ministre a signé le traité; "why did" -> Pourquoi est-ce que."""
    french: French = []
    chance = draft.random()
    if chance < 0.35:
        english, word = (("why", "pourquoi"), ("when", "quand"))[chance < 0.12]
        french.append((word, (draft.say(english),), ()))
    verb = draft.pick(MINISTER.verbs)
    tense = fitting(tense, verb)
    plural = draft.random() < 0.3
    helper = "will" if tense is FUTURE else "did" if tense.when == "past" else "do" if plural else "does"
    at = draft.say(helper)
    french += [("est-ce", (), (at,)), ("que", (), (at,))]
    subject = _asked_subject(draft, verb, end, plural)
    french += subject.french + finite(draft, verb, subject, Shape(tense, asked=at))
    phrase = object_of(draft, verb, end)
    return french + phrase.french + (fill(draft, end, tense, subject) if chance >= 0.35 else [])


def _asked_subject(draft: Draft, verb: Verb, end: int, plural: bool) -> Phrase:
    """The subject of a question, in the number its auxiliary has."""
    stop = split_room(draft, end, 3, 0.5)
    head = choose_head(draft, verb.subjects, draft.room(stop))
    if isinstance(head, Noun) and not head.title:
        phrase = noun_phrase(draft, head, stop, AFTER_PREPOSITION, plural)
    elif plural:
        phrase = Phrase([("vous", (draft.say("you"),), ())], MP, 3, 3, True, None)
    else:
        phrase = nominal(draft, [head], stop, SUBJECT, False)
    draft.mention(phrase)
    return phrase
