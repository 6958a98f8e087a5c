"""Word links that people have judged: in any form they join the words that were meant, or the line at fault is named."""

import shutil

import numpy as np
import pytest
import torch

from data.errors import UserError
from data.links import GoldPair, Links
from data.prepared.ids import FlatIds
from data.sources import gold
from data.sources.gold import DEVELOPMENT, find_gold
from data.sources.text import Example
from data.translation import PairedIds, TranslationData
from reproductions.evaluation.measures.alignment import alignment_scores, gold_table
from reproductions.evaluation.views.alignment import naive_view
from reproductions.tasks.task import restore
from reproductions.tasks.translation.collect import CollectedTranslations
from reproductions.tasks.translation.links import BY_GOLD, links_of

ENGLISH, FRENCH = ["the old dog", "yes !"], ["le chien vieux , là", "oui !"]
# (target, source) from English to French.
SURE = [{(0, 0), (1, 2)}, {(0, 0), (1, 1)}]
POSSIBLE = [{(0, 0), (1, 2), (2, 1)}, {(0, 0), (1, 1)}]

FORMS = {
    "pharaoh, from 0, English first": ("0-0 2-1 1p2\n0-0 1-1\n", "base=0,first=en"),
    "pharaoh, from 1, French first": ("1-1 2-3 3?2\n1-1 2-2 2p2\n", "base=1,first=fr"),
    "pharaoh, numbered lines": ("0\t0-0 1-2 2p1 \n1\t0-0 1-1\n", "base=0,first=fr"),
    "naacl": ("0001 1 1 S\n0001 3 2\n0001 2 3 P\n0002 1 1 S 0.9\n0002 2 2 S\n", "base=1,first=en"),
}


def own(folder, links, stated, english=ENGLISH, french=FRENCH):
    """The text that names files with this content."""
    for name, content in (("a.en", english), ("a.fr", french)):
        (folder / name).write_text("".join(f"{line}\n" for line in content), encoding="utf-8")
    (folder / "a.gold").write_text(links, encoding="utf-8")
    return f"en={folder}/a.en,fr={folder}/a.fr,links={folder}/a.gold,{stated}"


@pytest.mark.parametrize(("links", "stated"), FORMS.values(), ids=FORMS)
def test_links_of_every_form_join_the_same_words(tmp_path, links, stated):
    pairs = find_gold(own(tmp_path, links, stated), "en", "fr").reported
    assert [(pair.links.sure, pair.links.possible) for pair in pairs] == [*zip(SURE, POSSIBLE, strict=True)]
    assert pairs[0].source == ("the", "old", "dog") and pairs[0].target == ("le", "chien", "vieux", ",", "là")
    back = find_gold(own(tmp_path, links, stated), "fr", "en").reported
    assert (
        back[0].links.possible == {(source, target) for target, source in POSSIBLE[0]}
        and back[0].target == pairs[0].source
    )


def test_sentences_may_be_numbered_or_stand_on_one_line(tmp_path):
    marked = [
        [f"<s snum={number:04}> {line} </s>" for number, line in enumerate(side, start=7)] for side in (ENGLISH, FRENCH)
    ]
    numbered = own(tmp_path, "0008 1 1 S\n0007 2 3 P\n", "base=1,first=en", *marked)
    assert [pair.links.possible for pair in find_gold(numbered, "en", "fr").reported] == [{(2, 1)}, {(0, 0)}]
    (tmp_path / "both").write_text("the old dog ||| le chien\n", encoding="utf-8")
    (tmp_path / "a.gold").write_text("0-0 2-1\n", encoding="utf-8")
    (pair,) = find_gold(f"en-fr={tmp_path}/both,links={tmp_path}/a.gold,base=0,first=en", "en", "fr").reported
    assert pair.links.sure == {(0, 0), (1, 2)} and pair.where.endswith("a.gold, line 1")


def test_the_named_golds_lie_below_the_data_directory_in_two_parts(tmp_path):
    with pytest.raises(
        UserError, match=r"no file .*hansards/enfr.src-tgt: put that of github.com/neulab/awesome-align"
    ):
        find_gold("hansards", "en", "fr", tmp_path)
    (tmp_path / "hansards").mkdir()
    (tmp_path / "hansards/enfr.src-tgt").write_text(
        "".join(f"a b{i} ||| c{i} d e\n" for i in range(100)), encoding="utf-8"
    )
    (tmp_path / "hansards/enfr.gold").write_text("2-1 1p3\n" * 100, encoding="utf-8")
    found = find_gold("hansards", "en", "fr", tmp_path)
    assert [len(found.development), len(found.reported)] == [40, 60]
    assert found.reported[0][:3] == (
        ("a", "b40"),
        ("c40", "d", "e"),
        Links(frozenset({(0, 1)}), frozenset({(0, 1), (2, 0)})),
    )
    for number, files in enumerate(gold.NAMED["alibi"], start=52):
        for path, text in ((files.links, "0-1"), (files.sides["fr"], "un"), (files.sides["en"], "a one")):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text("".join(f"{row}\t{text}\n" for row in range(number)), encoding="utf-8")
    found = find_gold("alibi", "en", "fr", tmp_path)
    assert [len(found.development), len(found.reported)] == [52, 53 + 54] and found.reported[0].links.sure == {(0, 1)}
    shutil.copy(tmp_path / "alibi/LaVision_TheVision/LaVision_sents.txt", tmp_path / gold.NAMED["alibi"][0].sides["fr"])
    with pytest.raises(UserError, match="ChatBotte_sents.txt has 54 lines and .*MasterCat_sents.txt has 52:"):
        find_gold("alibi", "en", "fr", tmp_path)


FAULTY = [
    ("0-0\n0-0 2-1\n", "base=0,first=en", "a.gold, line 2: the link 2-1 has en word 2 of 2, counted from 0"),
    ("0-0\n1-1\n", "base=1,first=en", "a.gold, line 1: the link 0-0 has en word 0 of 3, counted from 1"),
    (
        "0-4\n1-1\n",
        "base=0,first=fr",
        "a.gold, line 1: the link 0-4 has en word 4 of 3, counted from 0.*base and first",
    ),
    ("0-0\n", "base=0,first=en", "a.gold has 1 lines of links for 2 sentence pairs"),
    ("0-0\n1:1\n", "base=0,first=en", "a.gold, line 2: '1:1' is no link such as 3-4"),
    ("0p0\n1?1\n", "base=0,first=en", "a.gold has no sure links in its reported part"),
    ("3\t0-0\n4\t1-1\n", "base=0,first=en", None),
    ("0001 1 1\n0003 1 1\n", "base=1,first=en", "a.gold, line 2 links words of sentence 3, which is not among the 2"),
    ("0001 1 1\n0002 3 1\n", "base=1,first=en", "a.gold, line 2: the link 3-1 has en word 3 of 2, counted from 1"),
    ("0001 1 1\n0-0\n", "base=1,first=en", "a.gold, line 2: '0-0' is no link such as '0001 3 4 S'"),
    ("0-0\n1-1\n", "first=en", "no gold .*choose hansards or alibi, or give files as en=a.en.*base is 0 or 1"),
    ("0-0\n1-1\n", "base=0,first=de", "no gold .*first is the language that comes first in a link"),
]


@pytest.mark.parametrize(("links", "stated", "fault"), FAULTY)
def test_gold_that_does_not_fit_is_named_with_its_line(tmp_path, links, stated, fault):
    named = own(tmp_path, links, stated)
    if fault is None:  # sentences without numbers take any
        assert len(find_gold(named, "en", "fr").reported) == 2
        named, fault = (
            own(tmp_path, links, stated, ["3\ta", "5\tb"], ["3\tc", "5\td"]),
            "line 2 has the number 4 and .*line 2 5",
        )
        (tmp_path / "a.gold").write_text("3\t0-0\n4\t0-0\n", encoding="utf-8")
    with pytest.raises(UserError, match=fault):
        find_gold(named, "en", "fr")


@pytest.mark.parametrize(("english", "french", "fault"), [
    (ENGLISH, ["le"], "a.en has 2 lines and .*a.fr has 1:"),
    (["", "a"], FRENCH, "a.en, line 1 has no words on one side"),
    (["1\ta", "2\tb"], ["1\tc", "3\td"], "a.en, line 2 has the number 2 and that of .*a.fr 3"),
])  # fmt: skip
def test_sentences_that_are_no_pairs_are_named_with_their_line(tmp_path, english, french, fault):
    with pytest.raises(UserError, match=fault):
        find_gold(own(tmp_path, "0-0\n0-0\n", "base=0,first=en", english, french), "en", "fr")


def test_any_links_over_the_words_of_the_gold_are_scored():
    pairs = [
        GoldPair(("a", "b"), ("c",), Links(frozenset({(0, 0)}), frozenset({(0, 0), (0, 1)})), "a.gold, line 1")
    ] * 2
    scores = alignment_scores(gold_table(pairs, [{(0, 0), (0, 1)}, set()]))
    assert (scores.precision, scores.recall, scores.aer) == (1, 0.5, 1 - 3 / 4)
    with pytest.raises(UserError, match="links of 1 sentence pairs for a gold of 2"):
        gold_table(pairs, [set()])
    with pytest.raises(
        UserError, match="a.gold, line 1: the link of target word 1 with source word 0 lies outside the 1 and 2"
    ):
        gold_table(pairs, [{(0, 0)}, {(1, 0)}])


def test_gold_is_read_with_a_corpus_its_development_pairs_choose_the_view(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    links = own(tmp_path, *FORMS["pharaoh, numbered lines"])
    data = TranslationData(str(trained.numbers), links=f"{links},development=1")
    assert data.split_names("validate") == ["valid", DEVELOPMENT] and data.split_names("test") == ["test", "a"]
    assert data.examples("a") == [
        Example("yes !", "oui !", Links(frozenset(SURE[1]), frozenset(POSSIBLE[1])), spaced=True)
    ]
    split, by, chosen_by = links_of(data)
    assert (split, by) == (DEVELOPMENT, BY_GOLD) and chosen_by[0].sure == SURE[0]
    assert TranslationData(str(trained.numbers), links=links).split_names("validate") == ["valid"]
    with pytest.raises(UserError, match="two splits 'a': name each gold once"):
        TranslationData(str(trained.numbers), links=[links, links])


def test_weights_of_our_words_add_up_over_the_words_of_the_gold(trained):
    translator = restore(trained("transformer2017"))
    texts, gold = ("The man's dog, sleeps", "Le chien dort."), Links(frozenset({(1, 2)}), frozenset({(1, 2)}))
    sides = (translator.source, texts[0]), (translator.target, texts[1])
    ids = PairedIds(*(FlatIds.of([tokenizer.encode(text)]) for tokenizer, text in sides))
    with torch.no_grad():
        outputs = translator.module.eval().evaluation_step(ids.__getitems__(np.array([0])))
    records = []
    for example in (Example(*texts), Example(*texts, gold, spaced=True)):
        collected = CollectedTranslations()
        given = {"source": translator.source, "target": translator.target, "view": naive_view(2, 2), "keep_maps": False}
        collected.add(outputs, [example], **given, model="m", split="a")
        records.append(collected.forced[0])
    ours, theirs = records
    assert ours.source == ("The", "man", "'s", "dog", ",", "sleeps", "</s>")
    assert theirs.source == ("The", "man's", "dog,", "sleeps", "</s>") and theirs.target == (
        "Le",
        "chien",
        "dort.",
        "</s>",
    )
    joined = np.add.reduceat(ours.weights, [0, 1, 3, 5, 6], axis=1)
    np.testing.assert_allclose(theirs.weights[2], joined[2:4].mean(0), atol=1e-6)
    np.testing.assert_allclose(theirs.weights[[0, 1, 3]], joined[[0, 1, 4]], atol=1e-6)


def test_a_word_of_the_gold_that_no_word_of_ours_stands_for_is_named_with_its_line(tmp_path):
    named = own(tmp_path, "0-0\n0-0\n", "base=0,first=en", ["the \u200b dog", "yes"])
    with pytest.raises(UserError, match=r"a.en, line 1, en: Word 2, .* has no visible character"):
        find_gold(named, "en", "fr")
