"""The Bible, whose chapters keep together, and mixtures of corpora."""

import gzip
import logging

import pytest

from data.errors import UserError
from data.prepared.text import load_examples
from data.sources import bible
from data.sources.corpora import find_corpus, load
from data.translation import TranslationData
from reproductions import runs
from reproductions.commands.configs import config_path

CHAPTERS, VERSES = 300, 4
SPLITS = ("train", "valid", "test", "long")


def words(name, chapter, verse):
    """Of 33 words where the verse is the first of its chapter, else of three."""
    return f"{name}{chapter}v{verse} stands here" + " and here" * (15 if verse == 1 else 0)


def xml(name, left_out=(), chapters=CHAPTERS):
    """A file as bible-corpus writes them; a verse stands on one of three lines."""
    body = [
        f'<seg id="b.GEN.{chapter}.{verse}" type="verse">\n{words(name, chapter, verse)}\n</seg>'
        for chapter in range(1, chapters + 1) for verse in range(1, VERSES + 1) if (chapter, verse) not in left_out
    ]  # fmt: skip
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', "<cesDoc><text>", *body, "</text></cesDoc>", ""])


@pytest.fixture
def placed(tmp_path):
    """A data directory with a small Bible, one side packed."""
    (tmp_path / "bible").mkdir()
    (tmp_path / "bible" / "English.xml").write_text(xml("e"), encoding="utf-8")
    (tmp_path / "bible" / "French.xml.gz").write_bytes(gzip.compress(xml("f").encode()))
    return tmp_path


def chapter_of(example):
    return example.source[1:].split("v")[0]


def test_verses_are_paired_by_id_and_no_chapter_is_in_two_splits(placed):
    splits = {split: list(load("bible", split, "en", "fr", placed)) for split in SPLITS}
    assert all(target == source.replace("e", "f", 1) for some in splits.values() for source, target, *_ in some)
    chapters = {split: {chapter_of(example) for example in some} for split, some in splits.items()}
    assert all(chapters.values()) and sum(map(len, chapters.values())) == len(set.union(*chapters.values())) == CHAPTERS
    assert all(len(splits[split]) == VERSES * len(chapters[split]) for split in ("train", "valid", "test"))
    assert {len(source.split()) for source, *_ in splits["long"]} == {33}
    back = [(target, source) for source, target, *_ in load("bible", "test", "fr", "en", placed)]
    assert back == [example[:2] for example in splits["test"]]


def test_verses_without_translation_are_left_out_and_counted(placed, caplog):
    (placed / "bible" / "English.xml").write_text(xml("e", left_out={(2, 3), (2, 4)}), encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        pairs = [*load("bible", "train", "en", "fr", placed)]
    assert all(target == source.replace("e", "f", 1) for source, target, *_ in pairs)
    (message,) = [record.getMessage() for record in caplog.records]
    assert "French.xml.gz has 2 verses that the other side lacks, the first of them b.GEN.2.3 on line 21" in message


TEXT = xml("e", chapters=2)
FAULTY = [
    (TEXT.replace("GEN.2.3", "GEN.1.2"), r"x.xml, line 21: the verse b.GEN.1.2 already stands on line 6; delete one"),
    (TEXT.replace("b.GEN.2.3", "GEN 2:3"), r"x.xml, line 21: the verse has the id 'GEN 2:3', not one such as"),
    (TEXT[: TEXT.index("e2v3")], r"x.xml is cut off after line 21"),
    (
        TEXT.replace("e2v3", "<e2v3"),
        r"x.xml, line 22 is not XML \(not well-formed.*: put the file of bible-corpus there",
    ),
    ("version https://git-lfs.github.com/spec/v1\n", r"x.xml, line 1 is not XML \(syntax error\).*without Git LFS"),
    ("<cesDoc>\n</cesDoc>", r'x.xml has no verses, as <seg id="b.GEN.1.1">'),
]


@pytest.mark.parametrize(("text", "fault"), FAULTY)
def test_what_is_wrong_in_a_bible_is_named_with_its_line(tmp_path, text, fault):
    (tmp_path / "x.xml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=fault):
        bible.verses(tmp_path / "x.xml")


# Mixtures


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("".join(f"Sentence number {i}.\tPhrase numéro {i}.\n" for i in range(600)), encoding="utf-8")
    return path


def test_a_mixture_takes_from_each_in_turn_and_is_tested_on_each(placed, own):
    mixed = find_corpus(f"bible, {own}")
    assert mixed.name == "bible,own" and mixed.languages == ("en", "fr")
    assert mixed.tests == ("bible_test", "bible_long", "own_test")
    for part in mixed.tests:
        name, split = part.split("_")
        alone = load({"bible": "bible", "own": str(own)}[name], split, "en", "fr", placed)
        assert [*load(f"bible,{own}", part, "en", "fr", placed)] == [*alone]
    train, valid = ([*load(f"bible,{own}", split, "en", "fr", placed)] for split in ("train", "valid"))
    assert [example.source.startswith("Sentence") for example in valid[:6]] == [False, True] * 3
    assert 40 < sum(example.source.startswith("Sentence") for example in train[:100]) < 60
    assert [*load(f"bible,{own}", "train", "en", "fr", placed, count=50)] == train[:50]
    request = mixed.request("train", "en", "fr", placed)
    assert [*mixed.read(request._replace(start=100))] == [*mixed.read(request)][100:]


def test_no_corpus_of_a_mixture_trains_on_what_another_is_tested_on(placed, own):
    tested = next(load("bible", "test", "en", "fr", placed))
    with own.open("a", encoding="utf-8") as file:
        file.write(f"{tested.source.upper()}!\tautre chose\nsomething else\t{tested.target}\nsomething new\tneuf\n")
    train = {example.source for example in load(f"bible,{own}", "train", "en", "fr", placed)}
    assert "something new" in train and not {"something else", f"{tested.source.upper()}!"} & train
    assert "something else" in {example.source for example in load(str(own), "train", "en", "fr", placed)}


def test_a_mixture_is_prepared_like_any_corpus_and_its_settings_say_so(placed, own, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(placed))
    data = TranslationData(f"bible,{own}", pairs=400)
    assert data.hparams["corpus"] == f"bible,{own}" and data.tested_splits() == ["bible_test", "bible_long", "own_test"]
    assert {data.source_tokenizer.encode(word)[0] > 2 for word in ("Sentence", "stands")} == {True}  # words of both
    assert load_examples(data.folder, "own_test") == [*load(str(own), "test", "en", "fr", placed)]


@pytest.mark.parametrize(("name", "fault"), [
    ("bible,bible", "twice: name each corpus once"),
    ("bible,bibel", "no corpus 'bibel'.*or a mixture as bible,tatoeba"),
])  # fmt: skip
def test_a_mixture_that_cannot_be_is_named(name, fault):
    with pytest.raises(UserError, match=fault):
        find_corpus(name)


def test_mixtures_and_corpora_without_a_configuration_take_that_of_own_files():
    named = {
        ("luong2015", "bible"): "own", ("bahdanau2014", "bible,tatoeba"): "own", ("transformer2017", "tatoeba"): "tatoeba",
        ("transformer2017", "wmt14"): "wmt14", ("vit2021", "bible"): "bible",
    }  # fmt: skip
    assert {given: config_path(*given, "").stem for given in named} == named
    assert runs.corpus_name("bible,tatoeba,my/own.tsv") == "bible+tatoeba+own"
