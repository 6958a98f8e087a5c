"""Clauses: a subject, its verb, what the verb takes, and adverbials. One function a construction."""

from collections.abc import Sequence

from data.accord import adverbials
from data.accord.draft import Draft, French, Phrase
from data.accord.entries import Name, Noun, Verb
from data.accord.french import FP, FS, ILS, JE, MP, MS, NOUS, VOUS, IL
from data.accord.noun_phrases import (
    AFTER_DE, DEFINITE, OBJECT, SUBJECT, adjective_tokens, choose_head, complement, graded, nominal, noun_phrase)
from data.accord.pools import (
    BE, BELONGINGS, DITRANSITIVE, ENGLISH_FIRST, INFINITIVE, INTRANSITIVE, MIDDLE_ADVERBS, MODALS, MOTION, NOUNS,
    PASSIVE, PREPOSITIONAL, TRANSITIVE, pool)
from data.accord.verb_groups import (
    FUTURE, IMPERFECT, MODAL, NEGATIONS, NONE, PAST, PERFECT, PLUPERFECT, PRESENT, PROGRESSIVE, SUBJUNCTIVE, Clitic,
    Shape, Tense, finite, fitting, infinitive, passive_infinitive)
from data.accord.entries import PRESENT as PRESENT_STYLE

HUMANS = pool("human")
PERSONS = pool("person")
HUMAN_VERBS = [verb for verb in TRANSITIVE if NOUNS[0] in verb.subjects]  # what a minister can do
_DESCRIBED = [noun for noun in NOUNS if noun.predicates]
ACTIONS = [verb for verb in HUMAN_VERBS if not verb.stative]

# "him" and the like: accusative with the agreement of a participle after it, dative without.
ACCUSATIVE = (Clitic("him", "le", MS), Clitic("her", "la", FS))
DATIVE = (Clitic("me", "me"), Clitic("him", "lui"), Clitic("her", "lui"), Clitic("us", "nous"), Clitic("you", "vous"),
          Clitic("them", "leur"))


# --- subjects ---

def pronoun(draft: Draft, english: str, french: str, agreement: int, person: int, human: bool = True) -> Phrase:
    """"he" -> il; English and French persons are the same."""
    return Phrase([(french, (draft.say(english),), ())], agreement, person, person, human, None)


_PERSONAL = (("he", "il", MS, IL), ("she", "elle", FS, IL), ("we", "nous", MP, NOUS), ("I", "je", MS, JE),
             ("you", "vous", MP, VOUS))


def personal(draft: Draft, gendered: bool) -> Phrase:
    """"he", "she", "we", "I", "you"; ``gendered`` where something agrees with it, which only he and she determine."""
    choice = draft.pick(_PERSONAL[:2] if gendered else _PERSONAL)
    return pronoun(draft, *choice)


def same_form(verb: Verb, tense: Tense) -> bool:
    """Whether English would not tell present from past but for the -s: "they read"."""
    return verb.same_past and tense.style == PRESENT_STYLE


def subject_of(draft: Draft, verb: Verb, tense: Tense, end: int) -> Phrase:
    """A subject for the verb, now and then a pronoun."""
    single = same_form(verb, tense)
    if NOUNS[0] in verb.subjects and draft.random() < 0.12 and not verb.reflexive and not single:
        return personal(draft, verb.etre and tense.compound)
    return nominal(draft, verb.subjects, end, SUBJECT, extend, single)


# --- verb phrases ---

def shape_of(draft: Draft, verb: Verb, tense: Tense, room: int) -> Shape:
    """Tense, and now and then a negation or an adverb, as the room allows."""
    tense = fitting(tense, verb)
    if room <= 0:
        return Shape(tense)
    chance = draft.random()
    if chance < 0.11 and tense in NEGATIONS:
        negation = draft.pick(NEGATIONS[tense])
        if len(negation.english) + (tense.style < 2) <= room:
            return Shape(tense, negation)
    elif chance < 0.24:
        if tense.when in ("perfect", "present"):
            return Shape(tense, None, draft.pick(MIDDLE_ADVERBS[tense.when]))
        if not verb.stative:
            return Shape(tense, None, draft.pick(MIDDLE_ADVERBS["action"]))
    return Shape(tense)


def object_role(verb: Verb, negated: bool, singular_indefinite: bool = True) -> int:
    """How an indefinite object is said: "des armes", "pas d'armes", or not at all."""
    return DEFINITE if verb.generic or negated else OBJECT


def split_room(draft: Draft, end: int, needed: int, smallest: int, share: float) -> int:
    """Where a part should end that needs ``smallest`` words when ``needed`` more must follow it: it may take some spare."""
    spare = draft.room(end) - needed - smallest
    return len(draft.english) + smallest + (int(spare * share * draft.random()) if spare > 0 else 0)


def transitive(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The minister signed the treaty in May ." -> Le ministre a signé le traité en mai."""
    verb = verb_for(draft, subject, tense)
    given = subject is not None
    if subject is None:
        subject = subject_of(draft, verb, tense, split_room(draft, end, 3, 2, 0.7))
    shape = shape_of(draft, verb, tense, draft.room(end) - 3)
    french = subject.french + finite(draft, verb, subject, shape)
    noun = object_of(draft, verb, shape, end)
    french += noun.french
    draft.mention(noun)
    if draft.room(end) >= 3 and not given and draft.random() < 0.25:
        french += and_clitic(draft, end, subject, shape, noun)
    french += adverbials.fill(draft, end, shape.tense, verb)
    draft.subject = subject
    draft.mention(subject)
    return french


def verb_for(draft: Draft, subject: Phrase | None, tense: Tense) -> Verb:
    """A transitive verb, one that the subject can do if that is known."""
    if subject is None:
        return draft.pick(TRANSITIVE)
    verbs: Sequence[Verb] = subject.head.verbs if isinstance(subject.head, Noun) else HUMAN_VERBS
    verb = draft.pick(verbs)
    while same_form(verb, tense) and subject.english_person != IL:
        verb = draft.pick(verbs)
    return verb


def object_of(draft: Draft, verb: Verb, shape: Shape, end: int) -> Phrase:
    """The object; it takes most of the room, or leaves some to adverbials."""
    share = 1.0 if draft.room(end) < 5 else (0.3 + 0.9 * draft.random())
    stop = min(end, len(draft.english) + 2 + int((draft.room(end) - 2) * share))
    role = DEFINITE if verb.generic or shape.negation else OBJECT
    return nominal(draft, verb.objects, stop, role, extend)


def and_clitic(draft: Draft, end: int, subject: Phrase, shape: Shape, noun: Phrase) -> French:
    """"... and sent it" -> et l'a envoyée; only where what was mentioned fixes the gender of "it" or "them"."""
    clitic = object_clitic(draft, noun)
    if clitic is None or shape.negation or not isinstance(noun.head, Noun) or not subject.french:
        return []
    verbs = [verb for verb in noun.head.doers if NOUNS[0] in verb.subjects and not verb.stative]
    if not verbs or subject.person != subject.english_person or not can_act(subject):
        return []
    verb = draft.pick(verbs)
    tense = shape.tense if not shape.tense == IMPERFECT else PAST
    if same_form(verb, tense):
        return []
    conjunction = draft.say("and")
    bare = Shape(fitting(tense, verb), None, None, clitic)
    return [("et", (conjunction,), ()), *finite_second(draft, verb, subject, bare)]


def can_act(subject: Phrase) -> bool:
    """Whether the subject is a person or a body of persons."""
    return subject.human or (subject.head is not None and not subject.head.classes.isdisjoint(("body", "nation", "title", "institution")))


def finite_second(draft: Draft, verb: Verb, subject: Phrase, shape: Shape) -> French:
    """The second verb of one subject, with its auxiliary again: both languages repeat it."""
    return finite(draft, verb, subject, shape)


def object_clitic(draft: Draft, noun: Phrase) -> Clitic | None:
    """"him", "her", "it" or "them" for the noun; None where English would not tell the gender."""
    if noun.agreement & 2:
        return Clitic("them", "les", noun.agreement) if draft.plurals in (1, 2) else None
    if noun.human:
        return ACCUSATIVE[noun.agreement & 1]
    return Clitic("it", ("le", "la")[noun.agreement & 1], noun.agreement) if draft.things in (1, 2) else None


def passive(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The agreement was signed by the ministers in May ." -> L'accord a été signé par les ministres en mai."""
    verb = draft.pick(PASSIVE)
    subject = nominal(draft, verb.objects, split_room(draft, end, 2, 2, 0.9), SUBJECT, extend)
    shape = shape_of(draft, verb, tense, draft.room(end) - 2)
    french = subject.french + finite(draft, BE, subject, shape, verb)
    draft.subject = subject
    draft.mention(subject)
    if draft.room(end) >= 3 and draft.random() < 0.5:
        french += agent(draft, verb, end)
    return french + adverbials.fill(draft, end, shape.tense, verb)


def agent(draft: Draft, verb: Verb, end: int) -> French:
    """"by the ministers" -> par les ministres."""
    by = draft.say("by")
    phrase = nominal(draft, verb.subjects, split_room(draft, end, 0, 2, 1.2), DEFINITE, extend)
    draft.mention(phrase)
    return [("par", (by,), ()), *phrase.french]


def modal(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"Syria can no longer produce chemical weapons ." -> La Syrie ne peut plus produire d'armes chimiques."""
    verb = draft.pick(HUMAN_VERBS)
    helper, form = draft.pick(MODALS)
    if subject is None:
        subject = subject_of(draft, verb, FUTURE, split_room(draft, end, 4, 2, 0.7))
    shape = Shape(MODAL[form])
    if draft.room(end) > 4 and draft.random() < 0.25:
        shape = Shape(MODAL[form], draft.pick(NEGATIONS[PRESENT if helper.base == "can" else IMPERFECT][:1]
                                              if helper.base != "can" else NEGATIONS[PRESENT][1:]))
    french = subject.french + finite(draft, helper, subject, shape) + infinitive(draft, verb)
    noun = object_of(draft, verb, shape, end)
    draft.mention(noun)
    draft.subject = subject
    draft.mention(subject)
    return french + noun.french + adverbials.fill(draft, end, FUTURE if form == "present" else MODAL[form], verb)


def modal_passive(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The treaty must be signed ." -> Le traité doit être signé."""
    verb = draft.pick(PASSIVE)
    helper, form = draft.pick(MODALS)
    subject = nominal(draft, verb.objects, split_room(draft, end, 3, 2, 0.9), SUBJECT, extend)
    shape = Shape(MODAL[form])
    french = subject.french + finite(draft, helper, subject, shape) + passive_infinitive(draft, verb, subject.agreement)
    draft.subject = subject
    draft.mention(subject)
    if draft.room(end) >= 3 and draft.random() < 0.5:
        french += agent(draft, verb, end)
    return french + adverbials.fill(draft, end, FUTURE if form == "present" else MODAL[form], verb)


def intransitive(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The ambassador arrived yesterday ." -> L'ambassadeur est arrivé hier."""
    verb = draft.pick(INTRANSITIVE)
    subject = subject_of(draft, verb, tense, split_room(draft, end, 1, 2, 0.7))
    shape = shape_of(draft, verb, tense, draft.room(end) - 1)
    french = subject.french + finite(draft, verb, subject, shape)
    draft.subject = subject
    draft.mention(subject)
    return french + adverbials.fill(draft, end, shape.tense, verb)


def motion(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The queen went to Portugal ." -> La reine est allée au Portugal."""
    verb = draft.pick(MOTION)
    subject = subject_of(draft, verb, tense, split_room(draft, end, 3, 2, 0.5))
    shape = shape_of(draft, verb, tense, draft.room(end) - 3)
    french = subject.french + finite(draft, verb, subject, shape)
    french += adverbials.place(draft, end, verb.preposition)
    draft.subject = subject
    draft.mention(subject)
    return french + adverbials.fill(draft, end, shape.tense, None)


def prepositional(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The price depends on the market ." -> Le prix dépend du marché."""
    verb = draft.pick(PREPOSITIONAL)
    subject = subject_of(draft, verb, tense, split_room(draft, end, 4, 2, 0.6))
    shape = shape_of(draft, verb, tense, draft.room(end) - 4)
    french = subject.french + finite(draft, verb, subject, shape)
    at = draft.say(verb.preposition) if verb.preposition else -1
    if verb.french_preposition:
        french.append((verb.french_preposition, (at,) if at >= 0 else (), () if at >= 0 else (len(draft.english) - 1,)))
    elif at >= 0:  # "look for" -> chercher: the preposition belongs to the verb
        word, sure, possible = french[-1]
        french[-1] = (word, sure, (*possible, at))
    role = DEFINITE if shape.negation else AFTER_DE if verb.french_preposition == "de" else DEFINITE
    noun = nominal(draft, verb.objects, split_room(draft, end, 0, 2, 1.2), role, extend)
    draft.mention(noun)
    draft.subject = subject
    draft.mention(subject)
    return french + noun.french + adverbials.fill(draft, end, shape.tense, verb)


def ditransitive(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"She gave him a book ." -> Elle lui a donné un livre; "She gave a book to the king ." -> ... un livre au roi."""
    style = draft.random()
    verb = draft.pick(ENGLISH_FIRST if style < 0.4 else DITRANSITIVE)
    subject = subject_of(draft, verb, tense, split_room(draft, end, 5, 2, 0.4))
    tense = fitting(tense, verb)
    clitic = draft.pick(DATIVE)
    if style < 0.4:
        french = subject.french + finite(draft, verb, subject, Shape(tense, None, None, clitic))
        noun = nominal(draft, verb.objects, split_room(draft, end, 0, 2, 1.2), SUBJECT, extend)
        french += noun.french
    else:
        shape = Shape(tense)
        french = subject.french + finite(draft, verb, subject, shape)
        noun = nominal(draft, verb.objects, split_room(draft, end, 3, 2, 0.8), DEFINITE, extend)
        to = draft.say("to")
        person = nominal(draft, _RECIPIENTS, split_room(draft, end, 0, 2, 1.0), DEFINITE, extend)
        french += [*noun.french, ("à", (to,), ()), *person.french]
        draft.mention(person)
    draft.mention(noun)
    draft.subject = subject
    draft.mention(subject)
    return french + adverbials.fill(draft, end, tense, verb)


_RECIPIENTS = pool("person kin body")


def copula(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The new laws are very important ." -> Les nouvelles lois sont très importantes."""
    tense = fitting(tense, BE)
    noun = None
    if subject is None:
        noun = draft.pick(_DESCRIBED)
        subject = noun_phrase(draft, noun, split_room(draft, end, 2, 2, 1.1), SUBJECT, extend)
    elif isinstance(subject.head, Noun):
        noun = subject.head
    predicates = noun.predicates if noun else _PERSON_PREDICATES
    if not predicates:
        predicates = _PERSON_PREDICATES
    shape = shape_of(draft, BE, tense, draft.room(end) - 2)
    french = subject.french + finite(draft, BE, subject, shape)
    french += predicate(draft, draft.pick(predicates), predicates, subject.agreement, end)
    draft.subject = subject
    draft.mention(subject)
    return french + adverbials.fill(draft, end, shape.tense, BE)


_PERSON_PREDICATES = NOUNS[0].predicates


def predicate(draft: Draft, adjective, predicates, agreement: int, end: int) -> French:
    """"very important", "important and necessary" -> important et nécessaire."""
    chance = draft.random()
    room = draft.room(end)
    if room > 1 and chance < 0.3 and graded(adjective):
        very = draft.say("very")
        return [("très", (very,), ()), *adjective_tokens(adjective, agreement, draft.say(adjective.english))]
    french = adjective_tokens(adjective, agreement, draft.say(adjective.english))
    if room > 2 and chance > 0.6:
        other = draft.pick(predicates)
        if other.english != adjective.english:
            french.append(("et", (draft.say("and"),), ()))
            french += adjective_tokens(other, agreement, draft.say(other.english))
    return french


def wish(draft: Draft, end: int, tense: Tense, subject: Phrase | None = None) -> French:
    """"The country refused to sign the treaty ." -> Le pays a refusé de signer le traité."""
    verb = draft.pick(INFINITIVE)
    action = draft.pick(ACTIONS)
    if subject is None:
        subject = subject_of(draft, verb, tense, split_room(draft, end, 5, 2, 0.6))
    shape = shape_of(draft, verb, tense, draft.room(end) - 5)
    french = subject.french + finite(draft, verb, subject, shape)
    to = draft.say("to")
    if verb.french_preposition:
        french.append((verb.french_preposition, (to,), ()))
        french += infinitive(draft, action)
    else:
        french += infinitive(draft, action, to=to)
    noun = object_of(draft, action, Shape(tense), end)
    draft.mention(noun)
    draft.subject = subject
    draft.mention(subject)
    return french + noun.french + adverbials.fill(draft, end, shape.tense, action)


# Frames by the smallest room they need, each as often as it stands here.
_FRAMES = (
    (3, intransitive, 3), (4, passive, 7), (4, copula, 3), (5, transitive, 9), (5, motion, 3), (5, modal_passive, 2),
    (6, modal, 4), (6, prepositional, 4), (7, wish, 4), (8, ditransitive, 4),
)
_BY_ROOM = tuple(tuple(frame for smallest, frame, times in _FRAMES if smallest <= room for _ in range(times))
                 for room in range(9))


def clause(draft: Draft, end: int, tense: Tense, modals: bool = True) -> French:
    """A clause that stops before ``end``; without ``modals`` its verb is in this very tense."""
    frames = _BY_ROOM[min(8, max(3, draft.room(end)))]
    frame = draft.pick(frames)
    while not modals and frame in (modal, modal_passive):
        frame = draft.pick(frames)
    return frame(draft, end, tense)


def follow(draft: Draft, end: int, tense: Tense) -> French:
    """A clause whose subject is a pronoun for the last one; none where English would not tell its French gender."""
    before = draft.subject
    if before is None or before.head is None or before.person != before.english_person:
        return []
    feminine = before.agreement & 1
    if before.agreement & 2:
        if draft.plurals != 1 + feminine:
            return []
        pronouns = ("they", "elles" if feminine else "ils")
    elif before.human:
        pronouns = (("he", "il"), ("she", "elle"))[feminine]
    elif draft.things == 1 + feminine:
        pronouns = ("it", "elle" if feminine else "il")
    else:
        return []
    frames = []
    if isinstance(before.head, Noun):
        if before.head.predicates:
            frames += [copula]
        if before.head.verbs:
            frames += [transitive] * 2
    if can_act(before):
        frames += [wish]
    if not frames:
        return []
    subject = Phrase([(pronouns[1], (draft.say(pronouns[0]),), ())], before.agreement, before.person, before.english_person,
                     before.human, before.head)
    return draft.pick(frames)(draft, end, tense, subject)


def this_clause(draft: Draft, end: int, tense: Tense) -> French:
    """"This will change my future ." -> Cela va changer mon avenir; "This changed ..." -> Cela a changé ..."""
    at = draft.say("this")
    subject = Phrase([("cela", (at,), ())], MS, IL, IL, False, None)
    verb = draft.pick(THIS_VERBS)
    if tense is FUTURE:
        will = draft.say("will")
        french: French = [*subject.french, ("va", (will,), ()), *infinitive(draft, verb)]
    else:
        french = subject.french + finite(draft, verb, subject, Shape(tense))
    phrase = object_of(draft, verb, Shape(tense), end)
    draft.mention(phrase)
    return french + phrase.french + adverbials.fill(draft, end, tense, verb)


_CONCRETE = pool("reform")[0]
THIS_VERBS = [verb for verb in TRANSITIVE if _CONCRETE in verb.subjects or verb.french.infinitive in ("transformer", "menacer")]


def asked(draft: Draft, end: int, tense: Tense) -> French:
    """"Did the minister sign the treaty" -> Est-ce que le ministre a signé le traité; "why did" -> Pourquoi est-ce que."""
    french: French = []
    chance = draft.random()
    if chance < 0.35:
        english, word = (("why", "pourquoi"), ("when", "quand"))[chance < 0.12]
        french.append((word, (draft.say(english),), ()))
    verb = draft.pick(HUMAN_VERBS)
    tense = fitting(tense, verb)
    subject_is_plural = draft.random() < 0.3
    helper = "will" if tense is FUTURE else "did" if tense.style == 1 else "do" if subject_is_plural else "does"
    at = draft.say(helper)
    french += [("est-ce", (), (at,)), ("que", (), (at,))]
    subject = asked_subject(draft, verb, end, subject_is_plural)
    french += subject.french
    french += finite(draft, verb, subject, Shape(tense, asked=at))
    phrase = object_of(draft, verb, Shape(tense), end)
    draft.mention(phrase)
    return french + phrase.french + (adverbials.fill(draft, end, tense, verb) if chance >= 0.35 else [])


def asked_subject(draft: Draft, verb: Verb, end: int, plural: bool) -> Phrase:
    """The subject of a question, in the number its auxiliary has."""
    stop = split_room(draft, end, 3, 2, 0.5)
    head = choose_head(draft, verb.subjects, draft.room(stop))
    if isinstance(head, Name) or head.title:
        if plural:
            return pronoun(draft, "you", "vous", MP, VOUS)
        return nominal(draft, [head], stop, SUBJECT, None, True)
    return noun_phrase(draft, head, stop, SUBJECT, None, number=plural)


# --- what follows a noun ---

def extend(draft: Draft, noun: Noun, agreement: int, end: int) -> French:
    """A complement or a relative clause after the noun, if the room and the noun allow."""
    room = draft.room(end)
    chance = draft.random()
    if noun.complements and room >= 3 and chance < (0.9 if room < 5 else 0.65):
        return complement(draft, draft.pick(noun.complements), end, extend)
    if room >= 4 and draft.depth < 2:
        draft.depth += 1
        french = relative(draft, noun, agreement, end)
        draft.depth -= 1
        return french
    return []


_RELATIVE_TENSES = (PAST, PAST, PAST, PRESENT, PERFECT, FUTURE)


def relative(draft: Draft, noun: Noun, agreement: int, end: int) -> French:
    """A relative clause that suits the noun."""
    chance = draft.random()
    if "event" in noun.classes and chance < 0.4 and draft.room(end) >= 6:
        return during_which(draft, agreement, end)
    belongings = next((BELONGINGS[name] for name in ("person", "body", "country") if name in noun.classes), None)
    if belongings and chance < 0.2 and draft.room(end) >= 6:
        return whose(draft, belongings, end)
    if noun.verbs and (chance < 0.55 or not noun.doers):
        return who(draft, noun, agreement, end)
    if noun.doers:
        return that(draft, noun, agreement, end) if chance < 0.85 else that_was(draft, noun, agreement, end)
    return []


def _antecedent(noun: Noun, agreement: int) -> Phrase:
    person = ILS if agreement & 2 else IL
    return Phrase([], agreement, person, person, "person" in noun.classes or "kin" in noun.classes, noun)


def who(draft: Draft, noun: Noun, agreement: int, end: int) -> French:
    """"the ministers who signed the treaty" -> les ministres qui ont signé le traité."""
    antecedent = _antecedent(noun, agreement)
    tense = draft.pick(_RELATIVE_TENSES)
    verb = draft.pick(noun.verbs)
    if same_form(verb, tense) and agreement & 2:
        tense = FUTURE
    at = draft.say("who" if antecedent.human else "that")
    shape = shape_of(draft, verb, tense, draft.room(end) - 3)
    french: French = [("qui", (at,), ()), *finite(draft, verb, antecedent, shape)]
    phrase = object_of(draft, verb, shape, end)
    draft.mention(phrase)
    return french + phrase.french


def that(draft: Draft, noun: Noun, agreement: int, end: int) -> French:
    """"the conventions that the ministers signed" -> les conventions que les ministres ont signées."""
    verb = draft.pick(noun.doers)
    tense = draft.pick(_RELATIVE_TENSES)
    human = "person" in noun.classes or "kin" in noun.classes
    at = draft.say("whom" if human else "that")
    if draft.random() < 0.25 and NOUNS[0] in verb.subjects and not same_form(verb, tense):
        subject = personal(draft, False)
    else:
        subject = nominal(draft, verb.subjects, split_room(draft, end, 1, 2, 0.8), SUBJECT, None, same_form(verb, tense))
        draft.subject = subject
    draft.mention(subject)
    shape = shape_of(draft, verb, tense, draft.room(end) - 2)._replace(agreement=agreement)
    return [("que", (at,), ()), *subject.french, *finite(draft, verb, subject, shape)]


def that_was(draft: Draft, noun: Noun, agreement: int, end: int) -> French:
    """"the letters that were written by the king" -> les lettres qui ont été écrites par le roi."""
    verb = draft.pick(noun.doers)
    antecedent = _antecedent(noun, agreement)
    if verb.stative:
        return who(draft, noun, agreement, end) if noun.verbs else []
    at = draft.say("who" if antecedent.human else "that")
    shape = shape_of(draft, verb, draft.pick(_RELATIVE_TENSES), draft.room(end) - 3)
    french: French = [("qui", (at,), ()), *finite(draft, BE, antecedent, shape, verb)]
    return french + (agent(draft, verb, end) if draft.room(end) >= 3 else [])


def whose(draft: Draft, belongings: Sequence[Noun | Name], end: int) -> French:
    """"the country whose president resigned" -> le pays dont le président a démissionné."""
    at = draft.say("whose")
    thing = draft.pick([noun for noun in belongings if isinstance(noun, Noun) and noun.verbs])
    noun_at = draft.say(thing.english[0][0])
    article = ("la" if thing.feminine else "le", (), (at, noun_at))
    subject = Phrase([article, (thing.french[0][0][0], (noun_at,), ())], int(thing.feminine), IL, IL,
                     "person" in thing.classes, thing)
    draft.subject = subject
    draft.mention(subject)
    verb = draft.pick(thing.verbs)
    shape = shape_of(draft, verb, draft.pick(_RELATIVE_TENSES), draft.room(end) - 3)
    french: French = [("dont", (at,), ()), *subject.french, *finite(draft, verb, subject, shape)]
    phrase = object_of(draft, verb, shape, end)
    draft.mention(phrase)
    return french + phrase.french


def during_which(draft: Draft, agreement: int, end: int) -> French:
    """"the conference during which the law was adopted" -> la conférence pendant laquelle la loi a été adoptée."""
    at = draft.say("during")
    word = ("lequel", "laquelle", "lesquels", "lesquelles")[agreement]
    return [("pendant", (at,), ()), (word, (draft.say("which"),), ()), *clause(draft, end, PAST, modals=False)]
