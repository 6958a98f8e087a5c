"""Captions of a scene, written and read: "a red ring above two blue striped squares".

A caption is one phrase, or two with a relation between them; a phrase is count, colour, texture unless plain, and shape. Each
group of objects that look alike is one phrase. ``read`` takes any words that a model may write.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

from data.shapes.colours import NAMES
from data.shapes.layout import TEXTURES
from data.shapes.outlines import CLASSES

Role = Literal["count", "colour", "texture", "shape", "relation"]
ROLES: tuple[Role, ...] = get_args(Role)
COUNTS = {1: "a", 2: "two", 3: "three"}
# Relation -> the same relation seen from the second group.
RELATIONS = {"above": "below", "below": "above", "left of": "right of", "right of": "left of", "beside": "beside"}
# Relation -> another one that it implies.
_IMPLIED = {"left of": "beside", "right of": "beside"}


class Phrase(NamedTuple):
    """What a caption says of a group of objects; None where it says nothing, and for the texture "plain"."""

    count: int | None  # type: ignore[assignment]
    colour: str | None
    texture: str
    shape: str | None


class Word(NamedTuple):
    """A word, what it names (None for "a" and "of"), and which phrase it belongs to (None for the words of a relation)."""

    text: str
    role: Role | None
    phrase: int | None


class Reading(NamedTuple):
    """The meaning of some words; ``grammatical`` if they are exactly the caption with this meaning."""

    words: tuple[Word, ...]
    phrases: tuple[Phrase, ...]
    relation: str | None
    grammatical: bool


def plural(noun: str) -> str:
    """As in rings, crosses and hourglasses."""
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


# Word -> what it names, and the value.
_LEXICON: dict[str, tuple[Role, Any]] = {
    **{text: ("count", count) for count, text in COUNTS.items() if count > 1},
    **{name: ("colour", name) for name in NAMES},
    **{name: ("texture", name) for name in TEXTURES if name != "plain"},
    **{form: ("shape", name) for name in CLASSES for form in (name, plural(name))},
    **{relation.split()[0]: ("relation", relation) for relation in RELATIONS},
}
_ARTICLES = ("a", "an")


def meaning(text: str) -> tuple[Role | None, Any]:
    """What a word names, and the value; (None, None) for a word that names nothing."""
    return _LEXICON.get(text, (None, None))


def describe(phrases: Sequence[Phrase], relation: str | None = None) -> tuple[Word, ...]:
    """The caption of one phrase, or of two phrases and their relation; each has count, colour and shape."""
    words = _phrase_words(phrases[0], 0)
    if relation is not None:
        first, *rest = relation.split()
        words += [Word(first, "relation", None), *(Word(text, None, None) for text in rest)]
        words += _phrase_words(phrases[1], 1)
    return tuple(words)


def _phrase_words(phrase: Phrase, number: int) -> list[Word]:
    count, colour, texture, shape = phrase
    assert count is not None and colour is not None and shape is not None
    article = "an" if colour[0] in "aeiou" else "a"
    words = [Word(COUNTS[count], "count", number) if count > 1 else Word(article, None, number)]
    words.append(Word(colour, "colour", number))
    if texture != "plain":
        words.append(Word(texture, "texture", number))
    return [*words, Word(shape if count == 1 else plural(shape), "shape", number)]


def true_relations(relation: str, turned: bool = False) -> tuple[str, ...]:
    """All relations that hold if this one does: "left of" implies "beside"; ``turned``: of the second group to the first."""
    true = (relation, _IMPLIED[relation]) if relation in _IMPLIED else (relation,)
    return tuple(RELATIONS[name] for name in true) if turned else true


def all_captions(groups: Sequence[Phrase], relation: str | None = None) -> list[tuple[Word, ...]]:
    """Every true caption; each word has the number in ``groups`` of the group that it describes."""
    if relation is None:
        return [describe(groups)]
    captions = []
    for order in ((0, 1), (1, 0)):
        for name in true_relations(relation, turned=order == (1, 0)):
            words = describe([groups[i] for i in order], name)
            captions.append(tuple(w if w.phrase is None else w._replace(phrase=order[w.phrase]) for w in words))
    return captions


def read(texts: Sequence[str]) -> Reading:
    """The meaning of words: in each phrase the first word of a kind counts; a relation separates two phrases."""
    words: list[Word] = []
    values: list[dict[str, Any]] = [{}]  # of each phrase
    relation: str | None = None
    for text in texts:
        role, value = meaning(text)
        if role == "relation" and relation is None:
            relation = value
            values.append({})
        elif role in ROLES[:-1]:
            values[-1].setdefault(role, value)
        elif text in _ARTICLES:
            values[-1].setdefault("count", 1)
        of_relation = role == "relation" or text == "of"
        words.append(Word(text, role, None if of_relation else len(values) - 1))
    phrases = tuple(
        Phrase(of.get("count"), of.get("colour"), of.get("texture", "plain"), of.get("shape")) for of in values
    )
    whole = all(None not in phrase for phrase in phrases)
    grammatical = whole and [word.text for word in describe(phrases, relation)] == list(texts)
    return Reading(tuple(words), phrases, relation, grammatical)
