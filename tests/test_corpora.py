import gzip
import hashlib
import logging
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from file_server import PAYLOAD, TOO_SLOW, Server, serving

from data.errors import UserError
from data.sources import download
from data.sources.corpora import CORPORA, load
from data.sources.download import Remote, data_dir, fetch
from data.sources.reading import aligned_lines, lines, tab_separated

SHA256 = hashlib.sha256(PAYLOAD).hexdigest()


def rows(count):
    return [(f"Sentence number {i}.", f"Phrase numéro {i}.") for i in range(count)]


def write_tsv(path, pairs):
    path.write_text("".join(f"{source}\t{target}\tby a translator\n" for source, target in pairs), encoding="utf-8")
    return str(path)


def read(path, split, **settings):
    return list(load(str(path), split, "en", "fr", **settings))


# A user's own files


def test_a_tsv_is_split_so_that_every_pair_is_in_one_split_and_stays_there(tmp_path):
    corpus = write_tsv(tmp_path / "own.tsv", rows(2000))
    splits = {split: read(corpus, split) for split in ("train", "valid", "test")}
    assert sorted((e.source, e.target) for some in splits.values() for e in some) == sorted(rows(2000))
    assert 5 < len(splits["valid"]) < 50 and 5 < len(splits["test"]) < 50
    longer = write_tsv(tmp_path / "longer.tsv", rows(3000))
    assert set(splits["test"]) <= set(read(longer, "test"))


def test_no_target_is_in_two_splits(tmp_path):
    pairs = [(f"source {i}", f"target {i % 300}") for i in range(3000)]
    corpus = write_tsv(tmp_path / "own.tsv", pairs)
    train, valid, test = ({e.target for e in read(corpus, split)} for split in ("train", "valid", "test"))
    assert valid and test and not (train & valid or train & test or valid & test)


def test_no_source_is_in_two_splits_under_another_spelling(tmp_path):
    pairs = [(f"{word} {i}{end}", f"{word} {i} {end}x") for i in range(2000) for word, end in (("s", "."), ("S", " !"))]
    corpus = write_tsv(tmp_path / "own.tsv", [(s, f"{t} {n}") for n, (s, t) in enumerate(pairs)])
    key = lambda e: e.source.lower().rstrip(" .!")  # noqa: E731
    train, valid, test = ({key(e) for e in read(corpus, split)} for split in ("train", "valid", "test"))
    assert valid and test and not (train & valid or train & test or valid & test)


def test_two_aligned_files_are_the_same_corpus_as_one_tsv(tmp_path):
    corpus = write_tsv(tmp_path / "own.tsv", rows(500))
    (tmp_path / "a.en").write_text("".join(f"{s}\n" for s, _ in rows(500)), encoding="utf-8")
    with gzip.open(tmp_path / "a.fr.gz", "wt", encoding="utf-8") as file:
        file.write("".join(f"{t}\n" for _, t in rows(500)))
    assert read(f"{tmp_path}/a.en,{tmp_path}/a.fr.gz", "train") == read(corpus, "train")


def test_a_count_limits_what_is_read(tmp_path):
    corpus = write_tsv(tmp_path / "own.tsv", rows(500))
    assert read(corpus, "train", count=7) == read(corpus, "train")[:7]


def test_training_pairs_with_an_empty_or_endless_side_are_dropped_and_counted(tmp_path, caplog):
    bad = [("a b", ""), (" \u00a0", "x"), ("word " * 100_000, "mot"), ("court", "mot " * 1001)]
    corpus = write_tsv(tmp_path / "own.tsv", rows(50) + bad)
    with caplog.at_level(logging.WARNING):
        kept = read(corpus, "train")
    assert {(e.source, e.target) for e in kept} <= set(rows(50)) and len(kept) > 40
    (message,) = [record.getMessage() for record in caplog.records]
    assert "dropped 2 pairs with an empty side and 2 with more than 1,000 words" in message


@pytest.mark.parametrize(("bad", "fault"), [("", "target is empty"), ("mot " * 2000, "target has 2,000 words")])
def test_an_unusable_pair_outside_training_is_an_error(tmp_path, bad, fault):
    pairs = rows(500)
    third = [(example.source, example.target) for example in read(write_tsv(tmp_path / "own.tsv", pairs), "test")][2]
    number = pairs.index(third)
    pairs[number] = (third[0], bad)
    corpus = write_tsv(tmp_path / "own.tsv", pairs)
    with pytest.raises(UserError, match=rf"own.tsv, line {number + 1} \(split 'test'\): the {fault}"):
        read(corpus, "test")
    for side, ending in enumerate(("en", "fr")):
        (tmp_path / f"a.{ending}").write_text("".join(f"{pair[side]}\n" for pair in pairs), encoding="utf-8")
    with pytest.raises(UserError, match=rf"a.fr, line {number + 1} \(split 'test'\): the {fault}"):
        read(f"{tmp_path}/a.en,{tmp_path}/a.fr", "test")


# Faults of files, each with its file and line

WHOLE = gzip.compress(PAYLOAD)
FLIPPED = WHOLE[: len(WHOLE) // 2] + bytes([WHOLE[len(WHOLE) // 2] ^ 0xFF]) + WHOLE[len(WHOLE) // 2 + 1 :]


FAULTY = [
    (lines, {"cut.gz": WHOLE[: len(WHOLE) // 2]}, r"cut.gz is cut short after line [\d,]+.*fetch it again"),
    (lines, {"cut.gz": WHOLE[:-4]}, "cut.gz is cut short after line 20,000"),
    (lines, {"flipped.gz": FLIPPED}, "flipped.gz is (damaged|cut short) after line"),
    (lines, {"text.gz": b"not gzip at all"}, "text.gz is damaged after line"),
    (partial(lines, member="fra.txt"), {"a.zip": b"PK but no archive"}, "a.zip is damaged"),
    (lines, {"latin.txt": "un\ncafé\n".encode("latin-1")}, r"latin.txt, line 2 is not UTF-8 \(byte 0xe9 at 4\)"),
    (lines, {"nul.txt": b"a\nb\nc\0d\n"}, "nul.txt, line 3 holds a NUL byte"),
    (lines, {"gone.tsv": None}, "There is no file .*gone.tsv"),
    (lines, {"a.tsv": ...}, "a.tsv cannot be read"),
    (tab_separated, {"a.tsv": b"a\tb\nno tab here\n"}, "a.tsv, line 2 has no tab.*'no tab here'"),
    (aligned_lines, {"a.en": b"x\n" * 3, "a.fr": b"y\n" * 5}, "a.en has 3 lines and .*a.fr has 5:"),
    (aligned_lines, {"a.en": b"x\n" * 5, "a.fr": b"y\n" * 3}, "a.en has 5 lines and .*a.fr has 3:"),
]


@pytest.mark.parametrize(("read_all", "files", "fault"), FAULTY)
def test_what_is_wrong_in_a_file_is_named_with_the_file_and_the_line(tmp_path, read_all, files, fault):
    """Files by their content: None for none, ... for a folder."""
    for name, content in files.items():
        if content is ...:
            (tmp_path / name).mkdir()
        elif content is not None:
            (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=fault):
        list(read_all(*(tmp_path / name for name in files)))


def test_only_a_line_feed_ends_a_line_and_a_byte_order_mark_is_no_text(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffa\r\nb\u2028b\x0cb\x85b\nc".encode())
    assert list(lines(tmp_path / "a.txt")) == ["a", "b\u2028b\x0cb\x85b", "c"]
    (tmp_path / "whole.gz").write_bytes(WHOLE)
    assert list(lines(tmp_path / "whole.gz"))[-1] == "line 19999"


# Named corpora


@pytest.mark.parametrize(("asked", "fault"), [
    (("multi31k", "test", "en", "fr"), "'multi31k'.*accord, multi30k, tatoeba, bible, wmt14"),
    (("multi30k", "dev", "en", "fr"), "multi30k has no split 'dev'.*valid"),
    (("tatoeba", "test", "en", "de"), "tatoeba has no 'de'.*en, fr"),
    (("multi30k", "test_2016_flickr", "en", "en"), "both 'en'"),
])  # fmt: skip
def test_what_a_corpus_lacks_is_named_with_what_it_has(tmp_path, asked, fault):
    with pytest.raises(UserError, match=fault):
        list(load(*asked, tmp_path))


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=CORPORA)
def test_every_corpus_can_be_trained_validated_and_tested(corpus):
    assert {"train", "valid", *corpus.tests} <= set(corpus.splits)
    assert corpus.tests and "train" not in corpus.tests and "valid" not in corpus.tests


def put_tatoeba(folder, pairs):
    (folder / "tatoeba").mkdir()
    with zipfile.ZipFile(folder / "tatoeba" / "fra-eng.zip", "w") as archive:
        archive.writestr("_about.txt", "about")
        archive.writestr("fra.txt", "".join(f"{english}\t{french}\n" for english, french in pairs))


def test_tatoeba_has_the_same_sentences_in_both_directions_and_none_twice(tmp_path):
    put_tatoeba(tmp_path, rows(3000) + rows(100))
    there = list(load("tatoeba", "test", "en", "fr", tmp_path))
    back = list(load("tatoeba", "test", "fr", "en", tmp_path))
    assert there and [(e.source, e.target) for e in there] == [(e.target, e.source) for e in back]
    train = list(load("tatoeba", "train", "en", "fr", tmp_path))
    assert len(set(train)) == len(train) > 2700


def test_multi30k_reads_the_sides_that_are_asked_for(tmp_path, monkeypatch):
    (tmp_path / "multi30k").mkdir()
    for language in ("en", "fr", "de"):
        path = tmp_path / "multi30k" / f"val.{language}.gz"
        path.write_bytes(gzip.compress(f"one {language}\ntwo {language}\n".encode()))
        remote = Remote("", hashlib.sha256(path.read_bytes()).hexdigest())
        monkeypatch.setitem(download.REMOTES, f"multi30k/val.{language}.gz", remote)
    assert [e[:2] for e in load("multi30k", "valid", "de", "fr", tmp_path)] == [
        ("one de", "one fr"),
        ("two de", "two fr"),
    ]


def test_wmt14_without_its_library_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match="make setup EXTRAS=wmt"):
        list(load("wmt14", "test", "en", "fr", tmp_path))


def test_wmt14_is_streamed_in_either_direction(tmp_path, monkeypatch):
    def load_dataset(name, config, split, streaming):
        assert (name, config, split, streaming) == ("wmt/wmt14", "fr-en", "validation", True)
        return ({"translation": {"en": f"e{i}", "fr": f"f{i}"}} for i in range(10**9))

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    assert [e[:2] for e in load("wmt14", "valid", "fr", "en", tmp_path, count=2)] == [
        ("f0", "e0"),
        ("f1", "e1"),
    ]


def test_bahdanaus_validation_set_has_newstest2012_before_newstest2013(tmp_path, monkeypatch):
    def get_files(name, languages):
        assert (name, languages) == ("wmt12", "en-fr")
        for language in ("en", "fr"):
            (tmp_path / language).write_text(f"2012 {language}\n", encoding="utf-8")
        return [str(tmp_path / name) for name in ("en", "fr", "docid", "genre", "origlang")]

    rows = [{"translation": {"en": "2013 en", "fr": "2013 fr"}}]
    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=lambda *_, **__: rows))
    monkeypatch.setattr("sacrebleu.utils.get_files", get_files)
    pairs = [example[:2] for example in load("wmt14_2012", "valid", "en", "fr", tmp_path)]
    assert pairs == [("2012 en", "2012 fr"), ("2013 en", "2013 fr")]
    assert [example[:2] for example in load("wmt14_2012", "test", "en", "fr", tmp_path)] == pairs[1:]
    for error in (SystemExit(1), ConnectionError("no route to host")):
        monkeypatch.setattr("sacrebleu.utils.get_files", Mock(side_effect=error))
        with pytest.raises(UserError, match=f"download newstest2012: {error}; check the network, or choose .* wmt14"):
            list(load("wmt14_2012", "valid", "en", "fr", tmp_path))


def test_wmt14_without_network_is_one_sentence(tmp_path, monkeypatch):
    def load_dataset(*_, **__):
        raise ConnectionError("no route to host")

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    with pytest.raises(UserError, match="no route to host.*check the network"):
        list(load("wmt14", "test", "en", "de", tmp_path))


# Downloads, from a server on this machine


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as address:
        yield address


def get(url, folder, sha256=SHA256, advisory=False):
    return fetch("some/file.txt", folder, {"some/file.txt": Remote(url, sha256, advisory)})


def test_a_download_is_checked_and_kept(server, tmp_path):
    path = get(f"{server}/file", tmp_path)
    assert path == tmp_path / "some" / "file.txt" and path.read_bytes() == PAYLOAD
    get(f"{server}/file", tmp_path)
    assert len(Server.requests) == 1
    assert {left.name for left in path.parent.iterdir()} == {"file.txt", "file.txt.lock"}


def test_of_two_that_want_a_file_at_once_one_downloads_it(server, tmp_path):
    with ThreadPoolExecutor(2) as both:
        paths = list(both.map(lambda _: get(f"{server}/file", tmp_path), range(2)))
    assert len(Server.requests) == 1 and paths[0].read_bytes() == PAYLOAD


def test_a_cut_download_goes_on_where_it_stopped(server, tmp_path):
    with pytest.raises(UserError, match=r"ended after 50,000 of [\d,]+ bytes.*by hand"):
        get(f"{server}/cut", tmp_path)
    assert (tmp_path / "some" / "file.txt.part").stat().st_size == 50_000
    assert get(f"{server}/file", tmp_path).read_bytes() == PAYLOAD
    assert Server.requests[-1] == ("/file", "bytes=50000-")


@pytest.mark.parametrize("path", TOO_SLOW)
def test_a_server_that_is_silent_or_too_slow_is_given_up_and_what_came_is_kept(server, tmp_path, monkeypatch, path):
    monkeypatch.setattr(download, "_PATIENCE", 0.4)
    began = time.monotonic()
    with pytest.raises(
        UserError, match="fewer than 1,000 bytes a second arrived for .*: try again, or put the file at"
    ):
        get(f"{server}{path}", tmp_path)
    assert time.monotonic() - began < 1
    assert get(f"{server}/file", tmp_path).read_bytes() == PAYLOAD
    assert (Server.requests[-1][1] is not None) == (path == "/slow")


def test_a_server_without_ranges_starts_again(server, tmp_path):
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file.txt.part").write_bytes(PAYLOAD[:1000])
    assert get(f"{server}/norange", tmp_path).read_bytes() == PAYLOAD


@pytest.mark.parametrize("left", [PAYLOAD, PAYLOAD + b"more than there is"])
def test_a_part_that_is_whole_or_too_long_still_ends_well(server, tmp_path, left):
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file.txt.part").write_bytes(left)
    assert get(f"{server}/file", tmp_path).read_bytes() == PAYLOAD


def test_a_wrong_checksum_is_refused_and_leaves_nothing(server, tmp_path):
    with pytest.raises(UserError, match="SHA-256 .* instead of 0000.*by hand"):
        get(f"{server}/file", tmp_path, sha256="0" * 64)
    assert [left.name for left in (tmp_path / "some").iterdir()] == ["file.txt.lock"]


def test_a_file_that_was_there_is_checked_too(tmp_path):
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file.txt").write_bytes(b"half of i")
    with pytest.raises(UserError, match="file.txt has SHA-256 .*delete it to download it again from http://x/y"):
        get("http://x/y", tmp_path)


def test_an_advisory_checksum_is_reported_and_not_refused(server, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        assert get(f"{server}/file", tmp_path, sha256="0" * 64, advisory=True).exists()
    assert "renews it from time to time" in caplog.text


def test_a_file_that_the_server_lacks_is_one_sentence(server, tmp_path):
    with pytest.raises(UserError, match=r"/gone .the server answered 404.*put the file at .*some/file.txt by hand"):
        get(f"{server}/gone", tmp_path)


def test_a_dead_server_is_one_sentence(server, tmp_path):
    dead = server.rsplit(":", 1)[0] + ":1"
    with pytest.raises(UserError, match="Could not download .*refused.*by hand"):
        get(f"{dead}/file", tmp_path)


def test_the_data_directory_is_the_one_that_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert data_dir() == tmp_path
    monkeypatch.delenv("DATA_DIR")
    assert data_dir().name == "attention-then-and-now"
