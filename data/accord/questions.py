"""Questions, and clauses about "this"."""

from data.accord.circumstances import fill
from data.accord.clauses import doer, is_place
from data.accord.draft import Draft, French, Phrase
from data.accord.entries import Noun, Verb
from data.accord.french import IL, MP, MS, VOUS
from data.accord.noun_phrases import Role
from data.accord.phrases import choose_head, nominal, noun_phrase, object_of, split_room
from data.accord.pools import pool
from data.accord.verb_groups import Shape, Tense, finite, fitting, infinitive
from data.accord.verb_pools import MINISTER, TRANSITIVE


def this_clause(draft: Draft, end: int, tense: Tense) -> French:
    """"This will change my future ." -> Cela va changer mon avenir; "This changed ..." -> Cela a changé ..."""
    at = draft.say("this")
    subject = Phrase([("cela", (at,), ())], MS, IL, IL, False, None)
    verb = draft.pick(_THIS_VERBS)
    if tense is Tense.FUTURE:
        will = draft.say("will")
        french: French = [*subject.french, ("va", (will,), ()), *infinitive(draft, verb)]
    else:
        french = subject.french + finite(draft, verb, subject, Shape(tense))
    phrase = object_of(draft, verb, end)
    draft.subject = None
    return french + phrase.french + fill(draft, end, tense, placed=is_place(phrase))


_REFORM = pool("reform")[0]
_THIS_VERBS = [verb for verb in TRANSITIVE
               if _REFORM in verb.subjects or verb.french.infinitive in ("changer", "transformer", "menacer")]


def asked(draft: Draft, end: int, tense: Tense) -> French:
    """"Did the minister sign it ?" -> Est-ce que le ministre l'a signé ?; "why did ..." -> Pourquoi est-ce que ..."""
    french: French = []
    chance = draft.random()
    if chance < 0.35:
        english, word = (("why", "pourquoi"), ("when", "quand"))[chance < 0.12]
        french.append((word, (draft.say(english),), ()))
    verb = draft.pick(MINISTER.verbs)
    tense = fitting(tense, verb)
    plural = draft.random() < 0.3
    helper = "will" if tense is Tense.FUTURE else "did" if tense.when == "past" else "do" if plural else "does"
    at = draft.say(helper)
    french += [("est-ce", (), (at,)), ("que", (), (at,))]
    subject = _asked_subject(draft, verb, end, plural)
    french += subject.french + finite(draft, verb, subject, Shape(tense, asked=at))
    phrase = object_of(draft, verb, end)
    french += phrase.french
    return french if chance < 0.35 else french + fill(draft, end, tense, doer(subject, verb, Shape(tense)))


def _asked_subject(draft: Draft, verb: Verb, end: int, plural: bool) -> Phrase:
    """The subject of a question, in the number its auxiliary has."""
    stop = split_room(draft, end, 3, 0.5)
    head = choose_head(draft, verb.subjects, draft.room(stop))
    if isinstance(head, Noun) and not head.title:
        phrase = noun_phrase(draft, head, stop, Role.AFTER_PREPOSITION, plural)
    elif plural:
        phrase = Phrase([("vous", (draft.say("you"),), ())], MP, VOUS, VOUS, True, None)
    else:
        phrase = nominal(draft, [head], stop, Role.SUBJECT, False)
    draft.mention(phrase)
    return phrase
