from collections import Counter
from importlib import import_module
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import UserError
from data.tokenizers import KINDS, SPECIALS, BPETokenizer, WordTokenizer, learn_tokenizer, load_tokenizer
from data.words import split

TEXTS = [
    "L'accord sur la zone économique européenne a été signé en août 1992.",
    "La zone économique n'a pas d'accord, dit-il : « Signé ! »",
    "Aujourd'hui, l'accord européen est signé.",
]
SENTENCES = [split(text, "fr") for text in TEXTS]


def learned(kind, sentences=SENTENCES, vocabulary=200, min_frequency=1):
    """A tokeniser of that kind; skips where torchtext cannot be imported."""
    if kind == "torchtext":
        try:
            import torchtext  # noqa: F401
        except (ImportError, OSError):  # OSError: built for another torch
            pytest.skip("torchtext needs the frozen lane")
    return learn_tokenizer(kind, Counter(chain.from_iterable(sentences)), "fr", vocabulary, min_frequency)


every_kind = pytest.mark.parametrize("kind", KINDS)
word_kinds = pytest.mark.parametrize("kind", ["words", "torchtext"])


@every_kind
def test_the_specials_come_first_and_every_sentence_ends(kind):
    tokenizer = learned(kind)
    assert tokenizer.entries[:3] == SPECIALS and (tokenizer.pad, tokenizer.unk, tokenizer.eos) == (0, 1, 2)
    for ids in (*tokenizer.encode_batch(TEXTS), tokenizer.encode("")):
        assert ids[-1] == tokenizer.eos and ids.count(tokenizer.eos) == 1
        assert max(ids) < len(tokenizer)


def test_pieces_of_few_words_are_kept_and_the_ids_stay(monkeypatch):
    tokenizer = learned("bpe")
    monkeypatch.setattr("data.tokenizers._REMEMBERED", 2)
    bounded = learned("bpe")
    assert bounded.encode_batch(TEXTS) == tokenizer.encode_batch(TEXTS) and bounded._pieces.cache_info().currsize == 2


@every_kind
def test_decoding_undoes_encoding(kind):
    tokenizer = learned(kind)
    for text, words in zip(TEXTS, SENTENCES, strict=True):
        assert tokenizer.decode(tokenizer.encode(text)) == text
        assert tokenizer.words(tokenizer.encode(text)).words == (*words, "</s>")


@every_kind
def test_texts_and_split_sentences_encode_alike(kind):
    tokenizer = learned(kind)
    assert tokenizer.encode_batch(TEXTS) == tokenizer.encode_words(SENTENCES) == [*map(tokenizer.encode, TEXTS)]


@every_kind
@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=st.text("accordézneLp'’ .,-\"日▁</s>&", max_size=30))
def test_every_piece_belongs_to_the_word_it_was_cut_from(kind, text):
    tokenizer = learned(kind)
    ids = tokenizer.encode(text)
    seen, true = tokenizer.words(ids), tokenizer.surface(text)
    assert true.words == (*split(text, "fr"), "</s>")
    assert seen.word_of_piece == true.word_of_piece and len(ids) == len(true.word_of_piece)
    assert sorted(set(true.word_of_piece)) == list(range(len(true.words)))
    for word, surface in zip(seen.words, true.words, strict=True):
        assert word in (surface, "<unk>", surface.replace("▁", "_"))


@every_kind
def test_words_stop_after_the_first_end_and_decoding_leaves_it_out(kind):
    tokenizer = learned(kind)
    ids = tokenizer.encode("La zone")
    longer = [*ids, *tokenizer.encode("signé"), tokenizer.pad]
    assert tokenizer.words(longer) == tokenizer.words(ids)
    assert tokenizer.decode(longer) == tokenizer.decode(ids[:-1]) == "La zone"


@every_kind
def test_an_unknown_word_is_one_piece_that_reads_unk(kind):
    tokenizer = learned(kind)
    ids = tokenizer.encode("La zone 日本 est signé")
    assert ids.count(tokenizer.unk) == 1
    assert tokenizer.words(ids).words == ("La", "zone", "<unk>", "est", "signé", "</s>")
    assert tokenizer.surface("La zone 日本").words == ("La", "zone", "日本", "</s>")
    assert tokenizer.unknown("La zone 日本 est 日本 signé") == [2, 4] and tokenizer.unknown("La zone est signé") == []


def test_of_pieces_a_word_is_unknown_only_if_it_becomes_unk():
    assert learned("words").unknown("européens") == [0] and learned("bpe").unknown("européens") == []


@every_kind
def test_learning_is_the_same_every_time_and_keeps_to_its_size(kind):
    assert learned(kind).entries == learned(kind, list(SENTENCES)).entries
    smallest = 60 if kind == "bpe" else 12  # every character is a piece
    assert len(learned(kind, vocabulary=smallest)) == smallest < len(learned(kind))


@word_kinds
def test_frequent_words_come_first_and_ties_in_their_own_order(kind):
    tokenizer = learned(kind, [["b", "a", "c", "c"], ["d", "c", "b"]])
    assert tokenizer.entries[3:] == ("c", "b", "a", "d")
    assert learned(kind, [["b", "a", "c", "c"], ["d", "c", "b"]], vocabulary=5).entries[3:] == ("c", "b")


@word_kinds
def test_rare_words_are_unknown(kind):
    tokenizer = learned(kind, [["a", "a", "b"]], min_frequency=2)
    assert tokenizer.encode_words([["a", "b"]]) == [[3, 1, 2]]


def test_pieces_are_shared_between_words():
    tokenizer = learned("bpe")
    ids = tokenizer.encode("européens zones")
    assert tokenizer.unk not in ids and len(ids) > 3
    assert tokenizer.words(ids).words == ("européens", "zones", "</s>")


def test_ids_that_no_text_gives_still_have_words():
    tokenizer = learned("bpe")
    zone = tokenizer.entries.index("▁zone")
    start, inner = tokenizer.entries.index("▁"), tokenizer.entries.index("n")
    assert tokenizer.words([inner, zone, 1, inner, 0, start, zone]).words == (
        "n", "zone", "<unk>", "n", "<pad>", "<unk>", "zone",
    )  # fmt: skip


@every_kind
def test_a_joint_vocabulary_means_the_same_ids_in_both_languages(kind):
    french = learned(kind, [*SENTENCES, split("The agreement isn't signed.", "en")])
    english = french.in_language("en")
    assert (english.language, french.language) == ("en", "fr")
    assert english.entries == french.entries and english.fingerprint() == french.fingerprint()
    assert english.words(english.encode("The agreement isn't signed.")).words[2:4] == ("is", "n't")


@every_kind
def test_saving_and_loading_keeps_ids_language_and_fingerprint(kind, tmp_path):
    tokenizer = learned(kind)
    tokenizer.save(tmp_path, "target")
    again = load_tokenizer(tmp_path, "target")
    assert type(again) is type(tokenizer) and again.language == "fr"
    assert again.encode_batch(TEXTS) == tokenizer.encode_batch(TEXTS)
    assert again.fingerprint() == tokenizer.fingerprint() != learned(kind, SENTENCES[:2]).fingerprint()


ENTRIES = '"version": 1, "language": "fr", "entries": ["<pad>", "<unk>", "</s>"]'


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not json",
        "[]",
        "{}",
        '{"model": {"type": "BPE"}}',
        '{"kind": "words", "version": 9, "language": "fr", "entries": ["<pad>", "<unk>", "</s>"]}',
        '{"kind": ["words"], "version": 1}',
        '{"kind": "words", "version": 1, "language": "fr", "entries": ["a", "b", "c"]}',
        '{"kind": "words", "version": 1, "language": "fr", "entries": ["<pad>", "<unk>", "</s>", "a", "a"]}',
        '{"kind": "words", "version": 1, "language": "fr", "entries": 7}',
        '{"kind": "words", "version": 1, "language": "fr", "words": []}',
        '{"kind": "words", "version": 1, "language": "fr", "entries": ["<pad>", "<unk>", "</s>", 7]}',
        '{"kind": "bpe", ' + ENTRIES + ', "merges": [1]}',
        '{"kind": "bpe", ' + ENTRIES + ', "merges": ["a"]}',
        '{"kind": "bpe", ' + ENTRIES + "}",
    ],
)
def test_a_file_that_is_no_tokeniser_is_named(tmp_path, content):
    (tmp_path / "source.json").write_text(content)
    with pytest.raises(UserError, match="source.json is (not|a damaged)"):
        load_tokenizer(tmp_path, "source")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="no tokeniser .*source.json"):
        load_tokenizer(tmp_path, "source")


def test_bad_sizes_and_kinds_are_named():
    with pytest.raises(UserError, match="'pieces'.*words, bpe, torchtext"):
        learn_tokenizer("pieces", {"zone": 1}, "fr", 100)
    with pytest.raises(UserError, match="vocabulary=3"):
        learn_tokenizer("words", {"zone": 1}, "fr", 3)
    with pytest.raises(UserError, match="min_frequency=0"):
        learn_tokenizer("words", {"zone": 1}, "fr", 100, 0)


def test_the_torchtext_backend_without_torchtext_says_what_it_needs():
    try:
        import torchtext  # noqa: F401
    except (ImportError, OSError):
        with pytest.raises(UserError, match="frozen lane.*make train-bahdanau TORCHTEXT=1"):
            import_module("data.torchtext_tokenizer")
    else:
        assert learned("torchtext").entries == learned("words").entries


def test_entries_without_the_specials_are_refused():
    with pytest.raises(ValueError, match="Entries must start with"):
        WordTokenizer(["a", "b"], "fr")
    with pytest.raises(ValueError, match="merge of 'a' and 'b'"):
        BPETokenizer([*SPECIALS, "a", "b"], [("a", "b")], "fr")
