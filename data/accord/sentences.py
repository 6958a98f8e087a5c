"""Sentences: one clause or several, joined or put into someone's mouth."""

from data.accord.clauses import clause
from data.accord.draft import Draft, French
from data.accord.verb_groups import FUTURE, PAST, PERFECT, PRESENT, PROGRESSIVE

_TENSES = (PAST,) * 6 + (PRESENT,) * 3 + (FUTURE,) * 3 + (PERFECT, PROGRESSIVE)


def sentence(draft: Draft, length: int) -> French:
    end = length - 1
    tense = draft.pick(_TENSES)
    french = clause(draft, end, tense)
    french.append((".", (draft.say("."),), ()))
    return french
