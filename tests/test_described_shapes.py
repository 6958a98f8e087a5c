"""Scenes with captions: every caption is true of the masks, its words are English, and what it says can be read back."""

from itertools import product

import numpy as np
import pytest

from data import shapes
from data.shapes.colours import NAMES
from data.shapes.grammar import COUNTS, RELATIONS, Phrase, all_captions, describe, plural, read, true_relations
from data.shapes.layout import TEXTURES
from data.shapes.outlines import CLASSES

COUNT = 400
SCENES = [shapes.described("valid", index) for index in range(COUNT)]
CAPTIONED = [(scene, words) for scene in SCENES for words in scene.facts.captions]


def texts(words):
    return [word.text for word in words]


def box(scene, objects):
    """Rows and columns (first, last) that objects cover."""
    covered = np.max([scene.objects[i].mask for i in objects], axis=0) > 0
    rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
    return (rows[0], rows[-1]), (columns[0], columns[-1])


def lies(scene, first, second):
    """Which relation the masks show between two groups of objects: the axis along which they are apart, if there is just one."""
    (rows, columns), (other_rows, other_columns) = box(scene, first), box(scene, second)
    return [
        name
        for name, (a, b) in {
            "above": (rows[1], other_rows[0]), "below": (other_rows[1], rows[0]),
            "left of": (columns[1], other_columns[0]), "right of": (other_columns[1], columns[0]),
        }.items()
        if a <= b
    ]  # fmt: skip


# --- What is said is true ---------------------------------------------------------------------------------------------


def test_every_count_colour_texture_and_shape_that_is_said_is_that_of_the_objects_it_is_said_of():
    for scene, words in CAPTIONED:
        reading = read(texts(words))
        for phrase in reading.phrases:
            group = {word.phrase for word in words if word.text in (phrase.colour, phrase.shape, plural(phrase.shape))}
            (number,) = group
            members = [scene.objects[i] for i in scene.facts.members[number]]
            assert len(members) == phrase.count
            assert {(one.paint.name, one.texture, one.kind) for one, _ in members} == {phrase[1:]}
        assert len(reading.phrases) == len(scene.facts.groups)


def test_every_relation_that_is_said_is_the_only_one_that_the_masks_show():
    seen = set()
    for scene, words in CAPTIONED:
        if scene.facts.relation is not None:
            order = [next(w.phrase for w in words if w.phrase is not None), words[-1].phrase]
            relations = lies(scene, *(scene.facts.members[i] for i in order))
            assert len(relations) == 1
            assert read(texts(words)).relation in true_relations(relations[0])
            seen.add(read(texts(words)).relation)
    assert seen == set(RELATIONS)


def test_a_word_has_a_mask_exactly_if_it_tells_something_of_objects():
    nothing = {"a", "an", "of", *(relation.split()[0] for relation in RELATIONS)}
    for scene, words in CAPTIONED:
        for word in words:
            objects = scene.facts.objects_of(word)
            assert bool(objects) == (word.text not in nothing)
            if objects:
                masks = [scene.objects[i].mask for i in objects]
                assert np.array_equal(sum(masks), np.max(masks, axis=0)) and all(mask.max() == 1 for mask in masks)
                assert len(objects) == scene.facts.groups[word.phrase].count


def test_groups_differ_in_shape_and_colour_so_that_every_word_tells_which_one_it_speaks_of():
    for scene in SCENES:
        if len(scene.facts.groups) == 2:
            first, second = scene.facts.groups
            assert first.colour != second.colour and first.shape != second.shape


def test_no_two_objects_touch_and_none_covers_the_centre():
    for scene in SCENES:
        masks = np.stack([drawn.mask for drawn in scene.objects])
        assert (masks > 0).sum(0).max() <= 1
        assert masks[:, 23:25, 23:25].mean((1, 2)).max() < 0.5  # of the four pixels around it


def test_all_there_is_to_say_is_said_evenly():
    groups = [group for scene in SCENES for group in scene.facts.groups]
    assert {group.colour for group in groups} == set(NAMES) and {group.texture for group in groups} == set(TEXTURES)
    assert {group.shape for group in groups} == set(CLASSES) and {group.count for group in groups} == {1, 2, 3}
    assert [scene.facts.groups[0].shape for scene in SCENES[:20]] == 2 * list(CLASSES)
    assert 0.55 < np.mean([scene.facts.relation is not None for scene in SCENES]) < 0.78
    assert sum(texts(scene.facts.captions[0]) != texts(all_captions(scene.facts.groups, scene.facts.relation)[0])
               for scene in SCENES) > COUNT / 3  # fmt: skip


# --- English ----------------------------------------------------------------------------------------------------------


def test_a_caption_by_hand():
    ring, squares = Phrase(1, "red", "plain", "ring"), Phrase(2, "orange", "striped", "square")
    words = describe([ring, squares], "above")
    assert " ".join(texts(words)) == "a red ring above two orange striped squares"
    assert [word.role for word in words] == [
        None, "colour", "shape", "relation", "count", "colour", "texture", "shape"]  # fmt: skip
    assert [word.phrase for word in words] == [0, 0, 0, None, 1, 1, 1, 1]
    assert " ".join(texts(describe([squares._replace(count=1), ring], "left of"))) == (
        "an orange striped square left of a red ring"
    )
    assert [" ".join(texts(words)) for words in all_captions([ring, squares], "left of")] == [
        "a red ring left of two orange striped squares",
        "a red ring beside two orange striped squares",
        "two orange striped squares right of a red ring",
        "two orange striped squares beside a red ring",
    ]


def test_articles_and_plurals():
    assert [plural(name) for name in ("disc", "cross", "hourglass")] == ["discs", "crosses", "hourglasses"]
    for count, colour, texture, shape in product(COUNTS, NAMES, TEXTURES, CLASSES):
        first, second, *_, last = texts(describe([Phrase(count, colour, texture, shape)]))
        assert (last == shape) == (count == 1)
        if count == 1:
            assert first == ("an" if second[0] in "aeiou" else "a")


@pytest.mark.parametrize("relation", [None, *RELATIONS])
def test_what_is_described_is_read_back(relation):
    for number, (count, texture, shape) in enumerate(product(COUNTS, TEXTURES, CLASSES)):
        phrases = [Phrase(count, NAMES[number % 10], texture, shape), Phrase(1, "teal", "plain", "disc")]
        phrases = phrases[: 1 if relation is None else 2]
        words = describe(phrases, relation)
        reading = read(texts(words))
        assert (reading.words, list(reading.phrases), reading.relation) == (
            words,
            phrases,
            relation,
        ) and reading.grammatical


@pytest.mark.parametrize(("text", "phrases", "relation"), [
    ("", [Phrase(None, None, "plain", None)], None),
    ("red red ring", [Phrase(None, "red", "plain", "ring")], None),
    ("two red ring", [Phrase(2, "red", "plain", "ring")], None),
    ("a ring above", [Phrase(1, None, "plain", "ring"), Phrase(None, None, "plain", None)], "above"),
    ("a <unk> dotted discs left a star above", [Phrase(1, None, "dotted", "disc"), Phrase(1, None, "plain", "star")], "left of"),
])  # fmt: skip
def test_what_is_no_caption_is_read_as_far_as_it_goes(text, phrases, relation):
    reading = read(text.split())
    assert (list(reading.phrases), reading.relation, reading.grammatical) == (phrases, relation, False)
    assert [word.text for word in reading.words] == text.split()
