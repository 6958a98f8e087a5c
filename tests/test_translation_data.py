import json
import logging
import multiprocessing
import os

import pytest
import torch
import yaml

from data.errors import UserError
from data.prepared import text as prepared
from data.sources import corpora
from data.translation import TranslationBatch, TranslationData
from data.words import split

COUNT = 1200


def rows(count=COUNT):
    """Sentence pairs of 4 to 12 words whose sides differ in length."""
    return [
        (f"Word {i} is a man's {'old ' * (i % 7)}dog.", f"L'an {i} est {'vieux ' * (i % 9)}!") for i in range(count)
    ]


def as_tsv(path, pairs):
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(
        corpora, "ACCORD_SIZES", {"train": 100, **dict.fromkeys(("valid", "test", "long", "compositional"), 30)}
    )
    return tmp_path / "data"


@pytest.fixture
def corpus(tmp_path):
    return as_tsv(tmp_path / "own.tsv", rows())


def small(corpus, **settings):
    return TranslationData(corpus=corpus, **{"batch_tokens": 200, **settings})


def prepared_folders(data_folder):
    return sorted(path.name for path in (data_folder / "prepared").iterdir() if path.is_dir())


kinds = pytest.mark.parametrize("tokenizer", ["words", "bpe"])


@kinds
def test_a_batch_holds_its_sentences_ended_padded_and_masked(corpus, tokenizer):
    data = small(corpus, tokenizer=tokenizer, vocabulary=500)
    examples = data.examples("valid")
    seen = []
    for batch in data.val_dataloader()[0]:
        assert isinstance(batch, TranslationBatch)
        assert (batch.source.shape, batch.target.shape) == (batch.source_mask.shape, batch.target_mask.shape)
        for ids, mask, tokens, side in (
            (batch.source, batch.source_mask, data.source_tokenizer, 0),
            (batch.target, batch.target_mask, data.target_tokenizer, 1),
        ):
            assert ids.dtype == torch.int64 and mask.dtype == torch.bool
            assert torch.equal(mask, ids != tokens.pad)
            for row, keep, index in zip(ids, mask, batch.index.tolist(), strict=True):
                assert row[keep].tolist() == tokens.encode(examples[index][side])
        seen += batch.index.tolist()
    assert sorted(seen) == list(range(len(examples)))


def test_training_batches_hold_every_pair_of_the_split_once(corpus):
    data = small(corpus)
    index = torch.cat([batch.index for batch in data.train_dataloader()])
    assert sorted(index.tolist()) == list(range(len(index)))
    train = [(e.source, e.target) for e in corpora.load(corpus, "train", "en", "fr")]
    assert len(train) == len(index)
    pairs = data.pairs_of("train")
    for i in (0, 7, len(train) - 1):
        assert data.source_tokenizer.decode(pairs.source[i]) == train[i][0]
        assert data.target_tokenizer.decode(pairs.target[i]) == train[i][1]


@pytest.mark.parametrize(("side", "language"), [("source", "en"), ("target", "fr")])
def test_each_vocabulary_is_learned_from_its_side_of_training_alone(corpus, side, language):
    data = small(corpus)
    entries = set({"source": data.source_tokenizer, "target": data.target_tokenizer}[side].entries)
    train = {word for e in corpora.load(corpus, "train", "en", "fr") for word in split(getattr(e, side), language)}
    test = {word for e in data.examples("test") for word in split(getattr(e, side), language)}
    assert entries - {"<pad>", "<unk>", "</s>"} == train
    assert test - train and not (test - train) & entries


@kinds
def test_a_joint_vocabulary_is_one_for_both_languages(corpus, tokenizer):
    data = small(corpus, tokenizer=tokenizer, vocabulary=400, joint=True)
    assert data.source_tokenizer.entries == data.target_tokenizer.entries
    assert len(data.source_tokenizer) == len(data.target_tokenizer) <= 400
    assert (data.source_tokenizer.language, data.target_tokenizer.language) == ("en", "fr")
    apart = small(corpus, tokenizer=tokenizer, vocabulary=400)
    assert apart.source_tokenizer.entries != apart.target_tokenizer.entries


def test_long_training_pairs_are_dropped_and_counted_but_no_others(corpus, caplog):
    with caplog.at_level(logging.INFO):
        data = small(corpus, max_words=10)
    sides = [
        (len(split(e.source, "en")), len(split(e.target, "fr"))) for e in corpora.load(corpus, "train", "en", "fr")
    ]
    with caplog.at_level(logging.INFO):
        kept = data.pairs_of("train")
    short = sum(max(pair) <= 10 for pair in sides)
    assert 0 < short < len(sides) and len(kept) == short
    assert kept.lengths.max() == 11  # ten words and the end
    assert f"({len(sides) - short:,} longer than 10 words dropped)" in caplog.text
    assert max(len(split(e.source, "en")) for e in data.examples("test")) > 10


def test_only_so_many_training_pairs_are_read(corpus):
    data = small(corpus, pairs=100)
    assert len(data.pairs_of("train")) == 100
    assert len(data.pairs_of("valid")) == len(small(corpus).pairs_of("valid"))


def test_what_is_prepared_is_used_again(corpus, data_folder, monkeypatch):
    first = small(corpus)
    entries = first.source_tokenizer.entries
    monkeypatch.setattr(prepared, "_make", None)  # anything prepared now would fail
    again = small(corpus, batch_tokens=None, batch_sentences=5, seed=9, num_workers=0)
    assert again.folder == first.folder and again.source_tokenizer.entries == entries
    assert len(prepared_folders(data_folder)) == 1


def test_other_settings_or_a_changed_file_are_prepared_anew(corpus, data_folder, tmp_path):
    small(corpus).prepare()
    small(corpus, max_words=9).prepare()
    small(corpus, vocabulary=50).prepare()
    assert len(prepared_folders(data_folder)) == 3
    as_tsv(tmp_path / "own.tsv", rows(COUNT - 50))
    small(corpus).prepare()
    assert len(prepared_folders(data_folder)) == 4


def test_a_failed_preparation_leaves_nothing_behind(tmp_path, data_folder):
    corpus = as_tsv(tmp_path / "own.tsv", [*rows(), ("no target", "")])
    (tmp_path / "own.tsv").write_bytes((tmp_path / "own.tsv").read_bytes() + b"caf\xe9\tx\n")
    with pytest.raises(UserError, match=f"own.tsv, line {COUNT + 2:,} is not UTF-8"):
        small(corpus).prepare()
    assert prepared_folders(data_folder) == []
    as_tsv(tmp_path / "own.tsv", rows())
    small(corpus).prepare()
    assert len(prepared_folders(data_folder)) == 1


def test_what_a_killed_run_left_is_cleared(corpus, data_folder):
    folder = small(corpus).prepare()
    part = folder.rename(folder.parent / (folder.name + ".part"))
    (part / "train.source.words").write_text("half a li")
    assert small(corpus).prepare() == folder
    assert prepared_folders(data_folder) == [folder.name] and not (folder / "train.source.words").exists()


def _prepare_in_a_process(corpus, results):
    made = []
    make = prepared._make
    prepared._make = lambda *arguments: made.append(1) or make(*arguments)
    fingerprint = small(corpus).source_tokenizer.fingerprint()
    results.put((len(made), fingerprint))


def test_of_many_processes_one_prepares_and_all_read_the_same(corpus):
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [context.Process(target=_prepare_in_a_process, args=(corpus, results)) for _ in range(4)]
    for process in processes:
        process.start()
    outcomes = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert sum(made for made, _ in outcomes) == 1
    assert len({fingerprint for _, fingerprint in outcomes}) == 1


def test_a_read_only_data_directory_is_read_and_the_cache_written(corpus, data_folder, tmp_path, monkeypatch):
    data_folder.mkdir()
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: allowed(path, mode) and path != data_folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert small(corpus).prepare().is_relative_to(tmp_path / "cache") and not any(data_folder.iterdir())


def test_loaders_come_in_the_order_of_their_names(corpus):
    data = small(corpus)
    assert data.split_names("test") == ["test"] and data.split_names("fit") == ["train"]
    for stage, loaders in (("validate", data.val_dataloader()), ("test", data.test_dataloader())):
        for name, loader in zip(data.split_names(stage), loaders, strict=True):
            assert len(loader.dataset) == len(data.examples(name))


def test_accord_is_prepared_with_its_gold_links():
    data = TranslationData(pairs=50)
    assert data.split_names("test") == ["test", "long", "compositional", "fixed"]
    for name in data.split_names("test"):
        examples = data.examples(name)
        assert examples == list(corpora.load("accord", name, "en", "fr"))
        assert all(example.links.sure for example in examples)


def test_accord_turned_round_has_its_links_turned_round():
    there, back = (
        TranslationData(pairs=50, source_language=s, target_language=t) for s, t in (("en", "fr"), ("fr", "en"))
    )
    english, french = there.examples("test")[3], back.examples("test")[3]
    assert (english.source, english.target) == (french.target, french.source)
    assert english.links.sure == {(t, s) for s, t in french.links.sure} != french.links.sure
    assert english.links.possible == {(t, s) for s, t in french.links.possible}


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"corpus": "accrod"}, "no corpus 'accrod'"),
        ({"test_splits": ["dev"]}, "cannot be tested on 'dev'"),
        ({"test_splits": ["train"]}, "cannot be tested on 'train'"),
        ({"batch_sentences": 80}, "exactly one"),
        ({"batch_tokens": None}, "exactly one"),
        ({"pairs": 0}, "pairs=0"),
        ({"max_words": -1}, "max_words=-1"),
        ({"sort_batches": 0}, "at least 1, not 0"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_once(settings, fault, data_folder):
    with pytest.raises(UserError, match=fault):
        TranslationData(**settings)
    assert not data_folder.exists()


def test_a_corpus_without_a_short_pair_or_without_a_test_split_is_an_error(tmp_path):
    with pytest.raises(UserError, match="no training pair of at most 2 words: raise max_words"):
        small(as_tsv(tmp_path / "long.tsv", rows()), max_words=2).prepare()
    with pytest.raises(UserError, match="split 'valid' of .* is empty"):
        small(as_tsv(tmp_path / "tiny.tsv", rows(3))).prepare()


@pytest.mark.parametrize(
    ("name", "spoil", "fault"),
    [
        ("train.target.ids", lambda _: "", "train.target.ids"),
        ("test.jsonl", lambda text: text[:-20], r"test.jsonl, line [\d,]+"),
        (
            "test.jsonl",
            lambda text: text[: text.index("\n", 300) + 1],
            r"test has [\d,]+ texts and [\d,]+ tokenised pairs",
        ),
        ("test.jsonl", lambda _: "null\n", "test.jsonl, line 1"),
    ],
)
def test_half_a_prepared_file_is_named_with_its_cure(corpus, name, spoil, fault):
    data = small(corpus)
    path = data.prepare() / name
    path.write_text(spoil(path.read_text(encoding="latin-1")), encoding="latin-1")
    with pytest.raises(UserError, match=f"is damaged .*{fault}.*: delete it to have it made anew"):
        data.train_dataloader()
        data.examples("test")


def test_a_sentence_that_is_too_long_for_a_model_is_named_with_its_file_line_and_words(corpus, tmp_path):
    data = small(corpus, test_splits=["test"])
    longest = max(int(ids.lengths.max()) for pair in map(data.pairs_of, ("train", "valid", "test")) for ids in (
        pair.source, pair.target))  # fmt: skip
    data.check_lengths(longest)
    with pytest.raises(
        UserError, match="own.tsv, split .train.: the (source|target) of pair .* words or pieces .*max_length"
    ):
        data.check_lengths(longest - 1)
    example = data.examples("test")[1]
    pairs = [(s, t + " long" * 40 if s == example.source else t) for s, t in rows()]
    longer = small(as_tsv(tmp_path / "longer.tsv", pairs), test_splits=["test"])
    (line,) = [number for number, pair in enumerate(pairs, start=1) if pair[0] == example.source]
    with pytest.raises(
        UserError, match=rf"longer.tsv, line {line:,} \(split 'test'\): the target has .*\({example.target[:9]}"
    ):
        longer.check_lengths(30)


def test_the_settings_are_plain_json_types_and_load_without_pickle(corpus, tmp_path):
    data = small(corpus, test_splits=["test"])
    assert json.loads(json.dumps(dict(data.hparams))) == yaml.safe_load(yaml.safe_dump(dict(data.hparams)))
    torch.save(dict(data.hparams), tmp_path / "settings.pt")
    assert torch.load(tmp_path / "settings.pt", weights_only=True) == dict(data.hparams)


def test_workers_give_the_same_batches(corpus):
    alone, helped = small(corpus).train_dataloader(), small(corpus, num_workers=1).train_dataloader()
    for batch, same in zip(alone, helped, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(batch[:-1], same[:-1], strict=True))
        assert batch.links is same.links is None
