"""Sentences: one clause or several, joined, subordinate, reported, quoted or asked. One function per construction."""

from collections.abc import Callable

from data.accord import adverbials
from data.accord.circumstances import ACTIONS, circumstance, place
from data.accord.clauses import clause, follow, passive_on, subject_of
from data.accord.draft import Draft, French, Phrase, said
from data.accord.entries import Noun
from data.accord.french import IL, ILS, MS
from data.accord.function_words import ADVERBIALS
from data.accord.noun_phrases import Role, adjective_tokens
from data.accord.phrases import complement, nominal, noun_phrase, object_of
from data.accord.pools import pool
from data.accord.questions import asked, this_clause
from data.accord.verb_groups import Shape, Tense, finite, fitting, infinitive
from data.accord.verb_pools import ACTION_NOUNS, IMPERSONAL, MEAN, QUOTING, SENTENTIAL

_LENGTHS_OF_FIGURE_3A = range(11, 16)  # asked for; "The agreement on the European Economic Area ..." has 13
_TENSES = (Tense.PAST,) * 6 + (Tense.PRESENT,) * 3 + (Tense.FUTURE,) * 3 + (Tense.PERFECT, Tense.PROGRESSIVE)

# Tenses of what is reported, by the tense of the report.
_REPORTED = {
    Tense.PAST: (Tense.PLUPERFECT, Tense.PLUPERFECT, Tense.CONDITIONAL),
    Tense.PRESENT: (Tense.PRESENT, Tense.PRESENT, Tense.PAST, Tense.FUTURE, Tense.PERFECT),
    Tense.FUTURE: (Tense.FUTURE, Tense.PRESENT, Tense.PAST),
}
# The tense of a clause with "when" beside a clause in this tense.
_WHEN = {Tense.FUTURE: Tense.WHEN_FUTURE, Tense.PROGRESSIVE: Tense.PRESENT, Tense.PERFECT: Tense.PRESENT}


def sentence(draft: Draft, length: int) -> French:
    """A sentence of about ``length`` English words, its final mark included."""
    chance = draft.random()
    tense = draft.pick(_TENSES)
    if chance < 0.05 and length >= 11:
        return quotation(draft, length - 1, tense)
    if chance < 0.09 and length <= 20:
        return question(draft, length - 1, tense)
    if chance < 0.12 and length >= 10:
        french = noted(draft, length - 1, tense)
    elif chance < 0.29 and length >= 9:
        french = opening(draft, length - 1, tense)
    elif chance < 0.42 and length in _LENGTHS_OF_FIGURE_3A:
        french = passive_on(draft, 12, tense)
    else:
        french = body(draft, length - 1, tense)
    return [*french, said(draft, ".")]


def said_two(draft: Draft, english: str, first: str, second: str) -> French:
    """One English word for two French: "because" -> parce que."""
    at = (draft.say(english),)
    return [(first, at, ()), (second, at, ())]


def body(draft: Draft, end: int, tense: Tense) -> French:
    """One clause, or more where there is room for them; each construction but the plainest once in a sentence."""
    plans = _PLANS[max(0, min(draft.room(end), _MOST))]
    plan = draft.pick(plans)
    if plan in draft.plans:
        plan = draft.pick(plans)
    if plan in draft.plans:
        plan = joined if draft.room(end) > _LONG_CLAUSE else simple
    if plan not in (simple, joined):
        draft.plans.add(plan)
    return plan(draft, end, tense)


def simple(draft: Draft, end: int, tense: Tense) -> French:
    """One clause."""
    return clause(draft, end, tense, modals=(tense is Tense.PRESENT or tense is Tense.FUTURE) and not draft.plain)


def middle(draft: Draft, end: int, first: int, second: int) -> int:
    """Where the first of two clauses ends, which need at least ``first`` and ``second`` words."""
    spare = min(draft.room(end) - first - second, 24)
    return len(draft.english) + first + int(spare * (0.2 + 0.6 * draft.random()))


def next_clause(draft: Draft, end: int, tense: Tense) -> French:
    """A clause after another; a pronoun may refer to that one's subject: "... and he signed it"."""
    draft.opened = ""
    if draft.random() < 0.4 and draft.room(end) < 16:
        french = follow(draft, end, tense)
        if french:
            return french
    return body(draft, end, tense)


def joined(draft: Draft, end: int, tense: Tense) -> French:
    """"The king arrived , but the queen left Paris ." -> Le roi est arrivé, mais la reine a quitté Paris."""
    french = simple(draft, middle(draft, end, 5, 7), tense)
    chance = draft.random()
    if chance < 0.15:
        draft.opened = ""
        return [*french, said(draft, ";"), *body(draft, end, tense)]
    french.append(said(draft, ","))
    if chance < 0.3:
        french += said_two(draft, "while", "tandis", "que")
    elif chance < 0.75:
        french.append(said(draft, "and", "et"))
    else:
        french.append(said(draft, "but", "mais"))
    return french + next_clause(draft, end, tense)


def because(draft: Draft, end: int, tense: Tense) -> French:
    """"The king resigned because he was tired ." -> Le roi a démissionné parce qu'il était fatigué."""
    french = simple(draft, middle(draft, end, 5, 5), tense)
    french += said_two(draft, "because", "parce", "que")
    draft.plans.update(_OPENING_PLANS)
    return french + next_clause(draft, end, tense)


def plain(draft: Draft, tense: Tense) -> None:
    """Make each main clause show its tense from now on: only beside "will" is "when he signs" in the future in French."""
    if tense is Tense.FUTURE:
        draft.plain = True
        draft.plans.update(_UNTENSED_PLANS)


def when_last(draft: Draft, end: int, tense: Tense) -> French:
    """"The king will sign it when the queen arrives ." -> Le roi le signera quand la reine arrivera."""
    plain(draft, tense)
    french = simple(draft, middle(draft, end, 5, 4), tense)
    french.append(said(draft, "when", "quand"))
    draft.opened = ""
    return french + clause(draft, end, _WHEN.get(tense, tense), modals=False)


def when_first(draft: Draft, end: int, tense: Tense) -> French:
    """"When the king arrived , ..." -> Quand le roi est arrivé, ...; in the future "arrives", arrivera."""
    tense = tense if tense in (Tense.PAST, Tense.FUTURE) else Tense.PRESENT
    plain(draft, tense)
    french: French = [said(draft, "when", "quand")]
    french += clause(draft, middle(draft, end, 4, 6), _WHEN.get(tense, tense), modals=False)
    french.append(said(draft, ","))
    return french + next_clause(draft, end, tense)


def if_first(draft: Draft, end: int, tense: Tense) -> French:  # noqa: ARG001 - one signature for all plans
    """"If the country signs the treaty , ... will" -> Si le pays signe le traité, ..."""
    french: French = [said(draft, "if", "si")]
    french += clause(draft, middle(draft, end, 5, 6), Tense.PRESENT, modals=False)
    french.append(said(draft, ","))
    return french + next_clause(draft, end, Tense.FUTURE)


def although_first(draft: Draft, end: int, tense: Tense) -> French:
    """"Although the treaty is important , ..." -> Bien que le traité soit important, ..."""
    french = said_two(draft, "although", "bien", "que")
    mood = Tense.PAST_SUBJUNCTIVE if tense is Tense.PAST else Tense.SUBJUNCTIVE
    french += clause(draft, middle(draft, end, 5, 6), mood, modals=False)
    french.append(said(draft, ","))
    return french + next_clause(draft, end, tense)


def reported(draft: Draft, end: int, tense: Tense) -> French:
    """"The minister said that ... would ..." -> Le ministre a dit que ... -ait ..."""
    verb = draft.pick(SENTENTIAL)
    tense = tense if tense in _REPORTED else Tense.PRESENT
    subject = subject_of(draft, verb, tense, min(end - 7, len(draft.english) + 2 + int(draft.random() ** 2 * 6)))
    french = subject.french + finite(draft, verb, subject, Shape(fitting(tense, verb)))
    draft.close(subject)
    french.append(said(draft, "that", "que"))
    draft.opened = ""
    if verb.base == "hope":
        return french + inner(draft, end, Tense.CONDITIONAL if tense is Tense.PAST else Tense.FUTURE)
    return french + inner(draft, end, draft.pick(_REPORTED[tense]))


def inner(draft: Draft, end: int, tense: Tense) -> French:
    """What follows "that": nothing that opens with a subordinate clause."""
    draft.plans.update(_OPENING_PLANS)
    if tense in (Tense.PLUPERFECT, Tense.CONDITIONAL):
        draft.plans.add(when_last)
    return body(draft, end, tense)


def noted(draft: Draft, end: int, tense: Tense) -> French:
    """"It should be noted that ..." -> Il convient de noter que ..."""
    it, should, be, verb, that = [draft.say(word) for word in ("it", "should", "be", "noted", "that")]
    french: French = [("il", (it,), ()), ("convient", (should,), ()), ("de", (), (be,)), ("noter", (verb,), (be,)),
                      ("que", (that,), ())]
    return french + inner(draft, end, tense)


def impersonal(draft: Draft, end: int, tense: Tense) -> French:
    """"It is necessary to sign the treaty ." -> Il est nécessaire de signer le traité; "that it is" -> qu'il soit."""
    french: French = [said(draft, "it", "il"), said(draft, "is", "est")]
    adjective, mood = draft.pick(IMPERSONAL)
    french += adjective_tokens(adjective, MS, draft.say(adjective.english))
    if mood == "subjunctive" and (draft.random() < 0.5 or draft.room(end) < 6):
        verb = draft.pick(ACTIONS)
        french.append(said(draft, "to", "de"))
        return french + infinitive(draft, verb) + object_of(draft, verb, end).french
    french.append(said(draft, "that", "que"))
    if mood == "subjunctive":
        return french + clause(draft, end, Tense.SUBJUNCTIVE, modals=False)
    return french + inner(draft, end, tense)


def existential(draft: Draft, end: int, tense: Tense) -> French:
    """"There were two new schools in the city ." -> Il y avait deux nouvelles écoles dans la ville."""
    there = (draft.say("there"),)
    be = draft.say("is")
    stop = end - 2 - int(draft.random() * 3) if draft.room(end) > 5 else end
    phrase = noun_phrase(draft, draft.pick(_EXISTING), stop, Role.EXISTING)
    draft.close(phrase)
    present, past = ("are", "were") if phrase.english_person == ILS else ("is", "was")
    draft.english[be] = past if tense is Tense.PAST else present
    french: French = [("il", (), there), ("y", (), there), ("avait" if tense is Tense.PAST else "a", (be,), there)]
    french += phrase.french
    return french + place(draft, end) if draft.room(end) >= 2 else french


def meaning(draft: Draft, end: int, tense: Tense) -> French:  # noqa: ARG001 - one signature for all plans
    """"Destruction of the equipment means that ..." -> La destruction de l'équipement signifie que ..."""
    noun, part = draft.pick(ACTION_NOUNS)
    at = draft.say(noun.english[0][0])
    french: French = [("la" if noun.feminine else "le", (), (at,)), (noun.french[0][0][0], (at,), ())]
    french += complement(draft, part, len(draft.english) + 3 + int(draft.random() * min(8, draft.room(end) - 10)))
    subject = Phrase(french, int(noun.feminine), IL, IL, False, noun)
    french += finite(draft, MEAN, subject, Shape(Tense.PRESENT))
    draft.close(subject)
    french.append(said(draft, "that", "que"))
    return french + inner(draft, end, draft.pick((Tense.PRESENT, Tense.FUTURE)))


def this_plan(draft: Draft, end: int, tense: Tense) -> French:
    """"This will change my future ." -> Cela va changer mon avenir."""
    return this_clause(draft, end, tense if tense in (Tense.PAST, Tense.PRESENT) else Tense.FUTURE)


def opening(draft: Draft, end: int, tense: Tense) -> French:
    """"In August 1992 , ..." -> En août 1992, ...; "However , ..." -> Cependant, ..."""
    chance = draft.random()
    if chance < 0.3:
        now = tense is Tense.PRESENT or tense is Tense.PROGRESSIVE
        group = "present opening" if now and chance < 0.2 else "opening"
        french = adverbials.fixed(draft, draft.pick(ADVERBIALS[group]))
        draft.opened = "time" if now else ""
    elif chance < 0.6 and tense in (Tense.PAST, Tense.FUTURE):
        french = adverbials.date(draft, tense.when, 2 + int(draft.random() * 3))
        draft.opened = "time"
    elif chance < 0.85 and draft.room(end) >= 10:
        stop = len(draft.english) + 3 + int(draft.random() * min(6, draft.room(end) - 9))
        french = circumstance(draft, stop, "first" if draft.random() < 0.3 else "anywhere")
    else:
        french = place(draft, len(draft.english) + 2)
        draft.opened = "place"
    french.append(said(draft, ","))
    return french + body(draft, end, tense)


def quotation(draft: Draft, end: int, tense: Tense) -> French:
    """'" This will change my future , " the man said .' -> '" Cela va changer mon avenir " , a dit l'homme .'"""
    mark = said(draft, '"')
    begin = len(draft.english)
    stop = end - 5
    words = this_plan(draft, stop, Tense.FUTURE) if draft.random() < 0.25 else body(draft, stop, tense)
    draft.english[begin] = draft.english[begin][0].upper() + draft.english[begin][1:]
    word, sure, possible = words[0]
    words[0] = (word[0].upper() + word[1:], sure, possible)
    comma, closing = said(draft, ","), said(draft, '"')
    subject = nominal(draft, _SPEAKERS, end - 1, Role.AFTER_PREPOSITION, number=False)
    speech = finite(draft, draft.pick(QUOTING), subject, Shape(Tense.PAST))
    return [mark, *words, closing, comma, *speech, *subject.french, said(draft, ".")]


def question(draft: Draft, end: int, tense: Tense) -> French:
    """"Did the minister sign the treaty ?" -> Est-ce que le ministre a signé le traité ?"""
    french = asked(draft, end, tense if tense in (Tense.PAST, Tense.PRESENT, Tense.FUTURE) else Tense.PAST)
    return [*french, said(draft, "?")]


_SPEAKERS = pool("person name")
_EXISTING = [noun for noun in pool("building person animal thing law weapon")
             if isinstance(noun, Noun) and noun.countable and not noun.incomplete]
_OPENING_PLANS = (when_first, if_first, although_first)
_UNTENSED_PLANS = (impersonal, existential, meaning, reported)

Plan = Callable[[Draft, int, Tense], French]

_LONG_CLAUSE = 20
_MOST = 60
# Plans by the smallest and the largest room that they suit, each as often as its number says.
_ALL: tuple[tuple[int, int, Plan, int], ...] = (
    (0, 13, simple, 24), (14, 19, simple, 12), (20, 24, simple, 2),
    (12, _MOST, joined, 4), (11, _MOST, because, 2), (11, _MOST, when_last, 1), (11, _MOST, when_first, 2),
    (12, _MOST, if_first, 1), (12, _MOST, although_first, 1), (10, _MOST, reported, 4),
    (7, 22, impersonal, 1), (5, 12, existential, 1), (12, _MOST, meaning, 1), (5, 12, this_plan, 1),
)
_PLANS = tuple(tuple(plan for least, most, plan, times in _ALL if least <= room <= most for _ in range(times))
               for room in range(_MOST + 1))
