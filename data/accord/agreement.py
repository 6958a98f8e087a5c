"""Where an English sentence must agree with a subject that may stand far off: "the report on the crises *was*".

Of every form of "be" in the third person and the past it is known what else could stand there, "were" for "was", and whether
the last noun or pronoun before it has the other number: whoever goes by that word alone is misled.
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
    """Those of an English sentence of Accord, split into words.

    A question is left out, where the verb comes first, and so is a form with no noun or pronoun before it.
    """
    found: list[Agreement] = []
    if words and words[-1] == "?":
        return found
    last = None
    for position, word in enumerate(words):
        for pair in FORMS:
            if word in pair and last is not None:
                number = pair.index(word)
                found.append(Agreement(position, pair[1 - number], last != number))
        last = _numbers().get(word.lower(), last)
    return found


@lru_cache(maxsize=1)
def _numbers() -> dict[str, int]:
    """Number of the last word of every noun and name, and of pronouns; no word that may be either number, or a verb."""
    known: dict[str, set[int]] = {}
    for noun in NOUNS:
        for number, form in enumerate(noun.english):
            known.setdefault(form[-1].lower(), set()).add(number)
    for name in NAMES:
        known.setdefault(name.english[-1].lower(), set()).update({SINGULAR, PLURAL} if name.agreement & 2 else {SINGULAR})
    verbs = {word for verb in VERBS for style in verb.english for asked in style for _, word in asked}
    clear = {word: numbers.pop() for word, numbers in known.items() if len(numbers) == 1 and word not in verbs}
    return clear | PRONOUNS
