"""What in a caption is true of the scene, and which objects each of its words describes.

Several captions are true of a scene, so words are not compared with any one of them: the grammar reads the caption, its phrases
are matched with the groups of the scene, and each statement is checked.
"""

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import NamedTuple

from data.shapes.described import Facts
from data.shapes.grammar import Reading, Role, meaning, read, true_relations

OF_OBJECTS: tuple[Role, ...] = ("count", "colour", "texture", "shape")
# Relations are scored by direction as well: "beside" holds for every horizontal one, so a caption that knows only this word is
# right half of the time.
VERTICAL, HORIZONTAL = "relation_vertical", "relation_horizontal"


class Judgement(NamedTuple):
    """What in a caption is true. A plain texture is stated by saying nothing."""

    true: bool  # the whole caption
    # How many of the scene's facts it states correctly, and how many there are: by role, and of relations by direction, too.
    right: Mapping[str, tuple[int, int]]
    spoken: tuple[tuple[int, ...], ...]  # for each word, the objects that it correctly describes


def judge(words: Sequence[str], facts: Facts) -> Judgement:
    """Check a caption, without ``</s>``, against a scene.

    Each phrase is matched with another group: the one with which it shares most of count, colour, texture and shape.
    """
    reading = read(words)
    groups = _matched(reading, facts)  # of each phrase, its group or None
    phrase_of = {group: phrase for phrase, group in enumerate(groups) if group is not None}
    right: dict[str, tuple[int, int]] = {}
    for role in OF_OBJECTS:
        said = [
            group in phrase_of and getattr(reading.phrases[phrase_of[group]], role) == getattr(true, role)
            for group, true in enumerate(facts.groups)
        ]
        right[role] = (sum(said), len(said))
    if facts.relation is not None:
        both = len(phrase_of) == 2
        relations = true_relations(facts.relation, turned=groups[:1] == [1])
        direction = HORIZONTAL if "beside" in relations else VERTICAL
        right["relation"] = right[direction] = (int(both and reading.relation in relations), 1)
    spoken = []
    for word in reading.words:
        group = None if word.phrase is None or word.role not in OF_OBJECTS else groups[word.phrase]
        holds = group is not None and meaning(word.text)[1] == getattr(facts.groups[group], str(word.role))
        spoken.append(facts.members[group] if group is not None and holds else ())
    true = list(words) in [[word.text for word in caption] for caption in facts.captions]
    return Judgement(true, right, tuple(spoken))


def _matched(reading: Reading, facts: Facts) -> list[int | None]:
    """The group of each phrase; of equally good matches, the one in the order of the scene."""
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
