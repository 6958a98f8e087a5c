"""What of a caption is true, where attention stood before each word, and the pictures of both."""

import math
import re

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from test_image_plots import drawn, said
from written import scored

from data import shapes
from data.shapes.described import Facts
from data.shapes.grammar import ROLES, Phrase, all_captions
from reproductions.evaluation import plots
from reproductions.evaluation.measures.captions import judge
from reproductions.evaluation.measures.localisation import coverage, plain
from reproductions.evaluation.measures.text import bleu_of_sums, bleu_statistics
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.tasks.captions.collect import CollectedCaptions
from reproductions.tasks.captions.report import sections
from reproductions.tasks.captions.scores import WordMaps, details, localisation, of_words, scores
from reproductions.tasks.untrained import UNTRAINED

RING, SQUARES = Phrase(1, "red", "plain", "ring"), Phrase(2, "blue", "striped", "square")
FACTS = Facts(((0,), (1, 2)), (RING, SQUARES), "left of", tuple(all_captions([RING, SQUARES], "left of")))
TRUE = "a red ring left of two blue striped squares"


def judged(text, facts=FACTS):
    found = judge(text.split(), facts)
    return found.true, {role: said for role, (said, _) in found.right.items() if role in ROLES}, found.spoken


def record(index=0, own=None, facts=None, maps=None, forced=False, **changes):
    """A scene of the test split with a caption and maps that lie where its words say."""
    scene = shapes.described("test", index)
    facts = facts or scene.facts
    words = own.split() if own is not None else [word.text for word in facts.captions[0]]
    spoken = judge(words, facts).spoken
    masks = np.stack([one.mask for one in scene.objects])
    if maps is None:
        covered = [coverage(masks[list(o)].sum(0)[None], (12, 12))[0] if o else np.ones((12, 12)) for o in spoken]
        maps = np.stack([*(one / one.sum() for one in covered), np.full((12, 12), 1 / 144)])
    fields = {
        "pixels": scene.pixels, "words": (*words, "</s>"), "maps": maps, "model": "Show, Attend and Tell, step 1,200",
        "forced": forced, "split": "test", "index": index, "masks": masks, "spoken": (*spoken, ()), "score": -1.5,
        "references": [" ".join(word.text for word in one) for one in facts.captions],
    }  # fmt: skip
    return CaptionedImage(**fields | changes)


def collected(records, nll=1.0, words=1):
    """What is collected of captions that are both the model's own and those to learn."""
    captions = {one.index: one for one in records}
    judgements = {
        index: judge(one.words[:-1], shapes.described("test", index).facts) for index, one in captions.items()
    }
    return CollectedCaptions(captions, captions, judgements, {}, nll, words)


# --- Truth ------------------------------------------------------------------------------------------------------------


def test_every_true_caption_is_true_and_each_of_its_words_speaks_of_its_objects():
    for index in range(60):
        facts = shapes.described("test", index).facts
        for words in facts.captions:
            found = judge([word.text for word in words], facts)
            assert found.true and all(said == known for said, known in found.right.values())
            assert found.spoken == tuple(facts.objects_of(word) for word in words)


def test_a_caption_that_begins_with_the_other_group_is_judged_by_what_it_says_of_each():
    true, right, spoken = judged("two blue squares right of a green ring")
    assert not true and right == {"count": 2, "colour": 1, "texture": 1, "shape": 2, "relation": 1}
    assert spoken == ((1, 2), (1, 2), (1, 2), (), (), (), (), (0,))


@pytest.mark.parametrize(("text", "wrong"), [
    ("a red ring right of two blue striped squares", {"relation": 0}),
    ("two blue striped squares left of a red ring", {"relation": 0}),
    ("a red ring above two blue striped squares", {"relation": 0}),
    ("two red rings left of two blue striped squares", {"count": 1}),
    ("a red dotted ring left of two blue striped squares", {"texture": 1}),
    ("a red ring left of two blue striped", {"shape": 1}),
    ("a red ring", {"count": 1, "colour": 1, "texture": 1, "shape": 1, "relation": 0}),
    ("", {"count": 0, "colour": 0, "texture": 1, "shape": 0, "relation": 0}),
])  # fmt: skip
def test_what_is_wrong_is_counted_as_wrong_and_nothing_else(text, wrong):
    true, right, _ = judged(text)
    assert not true and right == {"count": 2, "colour": 2, "texture": 2, "shape": 2, "relation": 1} | wrong


def test_both_relations_that_hold_are_right_and_grammar_is_part_of_the_truth():
    assert judged("a red ring beside two blue striped squares")[0]
    assert not judged("a red ring left of two blue striped square")[0]
    alone = Facts(((0,),), (RING,), None, tuple(all_captions([RING])))
    true, right, spoken = judged("a red ring above a red ring", alone)
    assert not true and "relation" not in right and spoken[:3] == ((), (0,), (0,)) and not any(spoken[3:])


# --- Scores -----------------------------------------------------------------------------------------------------------


def test_bleu_against_several_references_is_sacrebleu_s():
    hypotheses = ["a red ring above a blue disc", "two teal stars", "a red ring"]
    references = [["a blue disc below a red ring", "a red ring above a blue disc"], ["two teal discs"], ["a blue ring"]]
    padded = [[one[i] if i < len(one) else None for one in references] for i in range(2)]
    expected = BLEU(tokenize="13a", force=True).corpus_score(hypotheses, padded).score
    table = bleu_statistics(hypotheses=hypotheses, references=references)
    assert bleu_of_sums(table.sum(axis=0)) == pytest.approx(expected)


def test_captions_that_are_true_and_maps_that_lie_on_their_objects_score_full_marks():
    found = scores(collected([record(index) for index in range(30)], nll=30 * math.log(2), words=30))
    assert all(found[name] == pytest.approx(100) for name in ("bleu", "bleu_1", "bleu_4"))
    assert found["perplexity"] == pytest.approx(2)
    assert {found[name] for name in ("true", "count", "colour", "texture", "shape", "relation")} == {1.0}
    assert found["attention/pointing"] == 1 and found["attention/auroc"] > 0.99
    assert found["attention/energy"] > 8 * found["attention/chance"]
    assert found["attention_forced/pointing_shape"] == 1


def test_relations_are_scored_by_direction_and_beside_a_caption_that_says_the_same_of_all(tmp_path):
    """Always "beside": every horizontal relation is right, no vertical one, and together this is the constant."""
    relations = {index: shapes.described("test", index).facts.relation for index in range(60)}
    beside = [
        record(index, own=re.sub("above|below|left of|right of", "beside", record(index).text))
        for index, relation in relations.items()
        if relation is not None
    ]
    found = scores(collected(beside))
    horizontal = sum(relation in ("left of", "right of") for relation in relations.values()) / len(beside)
    assert (found["relation_vertical"], found["relation_horizontal"]) == (0, 1) and 0.3 < horizontal < 0.7
    assert found["relation"] == found["relation_beside"] == pytest.approx(horizontal)
    (section,) = (each for each in sections(scored(tmp_path, {"test": found})) if each.title == "Relations")
    assert f"would have {100 * horizontal:.1f} %" in section.text[0]


def test_a_word_is_measured_against_what_it_speaks_of_and_not_against_other_objects():
    """Maps that lie on the objects of the caption's other phrase are worth nothing."""
    pairs = [i for i in range(60) if shapes.described("test", i).facts.relation is not None]
    good = [record(index) for index in pairs]
    bad = []
    for one in good:
        covered = coverage(one.masks.sum(0)[None], (12, 12))[0]
        maps = [np.maximum(covered - 144 * m, 0) + 1e-9 for m in one.maps[:-1]] + [np.ones((12, 12))]
        bad.append(record(one.index, maps=np.stack([m / m.sum() for m in maps])))
    good, bad = (WordMaps.of(collected(records).own) for records in (good, bad))
    found = localisation(good, np.ones((48, 48), dtype=np.float32))["attention"].measures["all"]["pointing"].value
    assert found == 1 and good.covered.mean() == pytest.approx(bad.covered.mean())
    assert localisation(bad, np.ones((48, 48), dtype=np.float32))["attention"].measures["all"]["pointing"].value < 0.1


def test_the_maps_stand_beside_controls_for_each_kind_of_word_and_intervals_are_over_images():
    own = collected([record(index) for index in range(20)]).own
    blind = {index: np.full_like(one.maps, 1 / 144) for index, one in own.items()}
    looked = WordMaps.of(own, blind)
    assert set(looked.roles) == {"count", "colour", "texture", "shape"} and len(set(looked.owners)) == 20
    rows = localisation(looked, np.ones((48, 48), dtype=np.float32))
    assert list(rows) == [
        "attention",
        "mean over the caption's words",
        "uniform",
        "centre",
        "best fixed map",
        UNTRAINED,
    ]
    assert rows["uniform"].measures["all"] == rows[UNTRAINED].measures["all"]
    assert rows["uniform"].measures["all"]["energy"].value == pytest.approx(looked.covered.mean(), rel=1e-5)
    assert rows["mean over the caption's words"].differences["shape"]["energy"].low > 0
    assert set(rows["attention"].measures) == {"all", "count", "colour", "texture", "shape"}


def test_captions_without_a_true_word_have_no_looks_and_no_failure():
    wrong = collected([record(0, own="of of", maps=np.full((3, 12, 12), 1 / 144))])
    found = scores(wrong)
    assert found["true"] == 0 and not any(name.startswith("attention/") for name in found)
    assert len(WordMaps.of(wrong.own).maps) == 0


def test_the_report_says_words_measures_and_controls(tmp_path):
    captions = collected([record(index) for index in range(6)])
    looked = WordMaps.of(captions.own)
    located = plain(localisation(looked, np.ones((48, 48), dtype=np.float32)))
    result = details(captions) | {"words": len(looked.maps), "localisation": located}
    (section,) = sections(scored(tmp_path, {"test": result}))
    rows = {name: cells for name, *cells in section.rows}
    assert rows["all words"][0] == "1.000 (1.000 to 1.000)" and "uniform" in rows
    assert f"{len(looked.maps):,} words" in section.text[0]


# --- Pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2])
def test_a_picture_has_a_tile_for_the_image_and_each_word_with_the_word_above_it(count):
    index = next(i for i in range(60) if len(shapes.described("test", i).facts.captions[0]) == 9)
    one = record(index)
    names = ["soft attention", "hard attention"] if count == 2 else []
    figure = plots.captioned([one, record(index, draws=True)][:count], names)
    assert len(figure.axes) == count * (1 + len(one.words))
    texts = [text for text, _ in drawn(figure)]
    words = [*one.words[:-1], "(end)"]
    assert [text for text in texts if text in words] == words
    describing = sum(bool(objects) for objects in one.spoken)
    assert sum(text.endswith(" %") for text in texts) == count * describing
    assert ("White square" in said(figure)) == (count == 2)
    boxes = [box for _, box in drawn(figure)]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_each_kind_of_word_has_a_row_for_each_series():
    rows = localisation(WordMaps.of({i: record(i) for i in range(20)}), np.ones((48, 48), dtype=np.float32))
    series = {name: of_words(rows[name].measures) for name in ("attention", "uniform")}
    figure = plots.located_words(series, "Words", "A note.")
    auroc, energy, pointing = (
        {line.get_gid(): line.get_xdata()[0] for line in axes.lines if line.get_gid()} for axes in figure.axes
    )
    names = [f"{kind} · {name}/all" for kind in ("count", "colour", "texture", "shape") for name in series]
    assert list(auroc) == list(energy) == list(pointing) == names
    assert energy["shape · attention/all"] == pytest.approx(rows["attention"].measures["shape"]["energy"].value)
    assert auroc["count · uniform/all"] == pytest.approx(0.5)
    boxes = [box for _, box in drawn(figure)]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
