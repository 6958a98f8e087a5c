"""Where a verb must agree with a subject that may stand far off: "the report on the crises *was*".

Each form of "be" in the third person or the past comes with its other form, "were" for "was", and with whether the last noun
or pronoun before it has the other number, which misleads a reader who goes by that word alone.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from data.accord import verb_pools
from data.accord.pools import NAMES, NOUNS

SINGULAR, PLURAL = 0, 1
FORMS = ("was", "were"), ("is", "are")
PRONOUNS = {
    **dict.fromkeys(("i", "he", "she", "it", "me", "him"), SINGULAR),
    **dict.fromkeys(("we", "you", "they", "us", "them"), PLURAL),
}
VERBS = (
    *verb_pools.TRANSITIVE, *verb_pools.PREPOSITIONAL, *verb_pools.DITRANSITIVE, *verb_pools.INTRANSITIVE,
    *verb_pools.SENTENTIAL, *verb_pools.QUOTING, *verb_pools.MOTION, *verb_pools.INFINITIVE,
)  # fmt: skip


class Agreement(NamedTuple):
    """A form of "be" at a position of a sentence, the ``other`` form, and whether the last noun before it misleads."""

    position: int
    other: str
    misled: bool


def agreements(words: Sequence[str]) -> list[Agreement]:
    """The agreements in an English sentence of Accord, split into words.

    Questions are left out, because their verb comes first, and so is a form with no noun or pronoun before it.
    """
    result: list[Agreement] = []
    if words and words[-1] == "?":
        return result
    last = None
    for position, word in enumerate(words):
        for pair in FORMS:
            if word in pair and last is not None:
                number = pair.index(word)
                result.append(Agreement(position, pair[1 - number], last != number))
        last = _numbers().get(word.lower(), last)
    return result


@lru_cache(maxsize=1)
def _numbers() -> dict[str, int]:
    """Number of the last word of every noun and name, and of pronouns; without words of both numbers, and verbs."""
    possible: dict[str, set[int]] = {}
    for noun in NOUNS:
        for number, form in enumerate(noun.english):
            possible.setdefault(form[-1].lower(), set()).add(number)
    for name in NAMES:
        numbers = {SINGULAR, PLURAL} if name.agreement & 2 else {SINGULAR}
        possible.setdefault(name.english[-1].lower(), set()).update(numbers)
    verbs = {word for verb in VERBS for style in verb.english for asked in style for _, word in asked}
    clear = {word: numbers.pop() for word, numbers in possible.items() if len(numbers) == 1 and word not in verbs}
    return clear | PRONOUNS
