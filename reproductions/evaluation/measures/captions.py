"""What of a caption is true of the scene, and which objects each of its words speaks of.

Several captions are true of a scene, so words are not compared with one of them: the caption is read by the grammar, its phrases
are matched with the groups of the scene, and each statement is looked up.
"""

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import NamedTuple

from data.shapes.described import Facts
from data.shapes.grammar import Reading, Role, meaning, read, true_relations

OF_OBJECTS: tuple[Role, ...] = ("count", "colour", "texture", "shape")


class Judgement(NamedTuple):
    """What of a caption is true.

    Attributes:
        true: the whole caption is one of those that are.
        right: of each role, how many of the scene's facts are said rightly, and how many there are. That a texture is plain is
            said by saying nothing.
        spoken: for each word, the objects that it truly speaks of; none for the words that tell nothing of an object, or
            something wrong.
    """

    true: bool
    right: Mapping[Role, tuple[int, int]]
    spoken: tuple[tuple[int, ...], ...]


def judge(words: Sequence[str], facts: Facts) -> Judgement:
    """Hold a caption, without ``</s>``, against a scene.

    A phrase is about the group with which it agrees in most of count, colour, texture and shape, each group for one phrase.
    """
    reading = read(words)
    groups = _matched(reading, facts)  # of each phrase, its group or None
    phrase_of = {group: phrase for phrase, group in enumerate(groups) if group is not None}
    right: dict[Role, tuple[int, int]] = {}
    for role in OF_OBJECTS:
        said = [
            group in phrase_of and getattr(reading.phrases[phrase_of[group]], role) == getattr(true, role)
            for group, true in enumerate(facts.groups)
        ]
        right[role] = (sum(said), len(said))
    if facts.relation is not None:
        both = len(phrase_of) == 2
        known = true_relations(facts.relation, turned=groups[:1] == [1])
        right["relation"] = (int(both and reading.relation in known), 1)
    spoken = []
    for word in reading.words:
        group = None if word.phrase is None or word.role not in OF_OBJECTS else groups[word.phrase]
        holds = group is not None and meaning(word.text)[1] == getattr(facts.groups[group], str(word.role))
        spoken.append(facts.members[group] if group is not None and holds else ())
    true = list(words) in [[word.text for word in caption] for caption in facts.captions]
    return Judgement(true, right, tuple(spoken))


def _matched(reading: Reading, facts: Facts) -> list[int | None]:
    """The group of each phrase; of matches that agree alike, the one in the order of the scene."""
    numbers: list[int | None] = [*range(len(facts.groups)), *[None] * (len(reading.phrases) - 1)]
    orders = sorted(set(permutations(numbers, len(reading.phrases))), key=str)

    def agreement(order: tuple[int | None, ...]) -> int:
        return sum(
            getattr(phrase, role) == getattr(facts.groups[group], role)
            for phrase, group in zip(reading.phrases, order, strict=True)
            if group is not None
            for role in OF_OBJECTS
        )

    best = max(orders, key=agreement)
    return list(best)
