"""Sentences: one clause or several, joined, reported or quoted. One function a construction."""

from data.accord.clauses import HUMANS, clause
from data.accord.draft import Draft, French
from data.accord.noun_phrases import SUBJECT, nominal
from data.accord.verb_groups import FUTURE, PAST, PERFECT, PRESENT, PROGRESSIVE, Tense

_TENSES = (PAST,) * 6 + (PRESENT,) * 3 + (FUTURE,) * 3 + (PERFECT, PROGRESSIVE)

# What joins two clauses, in the room of one English word, and whether a comma comes before it.
_JOINED = (
    ("and", ("et",), False),
    ("and", ("et",), True),
    ("but", ("mais",), True),
    ("because", ("parce", "que"), False),
    ("while", ("pendant", "que"), False),
)


def sentence(draft: Draft, length: int) -> French:
    """A sentence of about ``length`` English words, its final point counted."""
    end = length - 1
    chance = draft.random()
    if length >= 12 and chance < 0.05:
        french = noted(draft, end)
    elif length >= 11 and chance < 0.12:
        return quoted(draft, end)
    elif length >= 10 and chance < 0.12 + min(0.6, length / 50):
        french = joined(draft, end)
    else:
        french = clause(draft, end, draft.pick(_TENSES))
    return [*french, (".", (draft.say("."),), ())]


def joined(draft: Draft, end: int) -> French:
    """"The king left because the war began ." -> Le roi est parti parce que la guerre a commencé."""
    tense = draft.pick(_TENSES)
    english, words, comma = draft.pick(_JOINED)
    middle = len(draft.english) + 3 + int((draft.room(end) - 8) * (0.3 + 0.4 * draft.random()))
    french = clause(draft, middle, tense)
    if comma:
        french.append((",", (draft.say(","),), ()))
    at = draft.say(english)
    french += [(word, (at,), ()) for word in words]
    return french + rest(draft, end, tense)


def rest(draft: Draft, end: int, tense: Tense) -> French:
    """The second clause; where there is much room, two more."""
    if draft.room(end) < 20 or draft.random() < 0.3:
        return clause(draft, end, tense)
    return joined(draft, end)


def noted(draft: Draft, end: int) -> French:
    """"It should be noted that the law was adopted ." -> Il convient de noter que la loi a été adoptée."""
    it, should, be, seen = (draft.say(word) for word in ("It", "should", "be", "noted"))
    that = draft.say("that")
    opening: French = [("Il", (it,), ()), ("convient", (should,), ()), ("de", (), (be,)), ("noter", (seen,), (be,))]
    return [*opening, ("que", (that,), ()), *clause(draft, end, draft.pick(_TENSES))]


def quoted(draft: Draft, end: int) -> French:
    """'" The law will change , " the man said .' -> " La loi changera " , a dit l' homme ."""
    opening = draft.say('"')
    first = len(draft.english)
    said = clause(draft, end - 5, draft.pick(_TENSES))
    draft.english[first] = _capital(draft.english[first])
    said[0] = (_capital(said[0][0]), *said[0][1:])
    comma, closing = draft.say(","), draft.say('"')
    speaker = nominal(draft, HUMANS, end - 1, SUBJECT, None, True)
    at = draft.say("said")
    after: French = [('"', (closing,), ()), (",", (comma,), ()), ("a", (), (at,)), ("dit", (at,), ())]
    return [('"', (opening,), ()), *said, *after, *speaker.french, (".", (draft.say("."),), ())]


def _capital(word: str) -> str:
    return word[0].upper() + word[1:]
