"""Accord: correct links and French by properties of many sentences, disjoint splits, determinism, the paper's sentence."""

import re
from functools import cache
from itertools import islice

import pytest

from data.accord import FIXED, SPLITS, Pair, pairs
from data.accord.__main__ import shown
from data.errors import UserError
from data.words import split

COUNT = {"train": 6000, "valid": 1500, "test": 1500, "long": 800, "compositional": 1500}


@cache
def sample(name: str) -> tuple[Pair, ...]:
    return tuple(pairs(name, COUNT[name]))


def everything() -> list[Pair]:
    return [*FIXED, *(pair for name in SPLITS for pair in sample(name))]


def found(pattern: str) -> list[str]:
    expression = re.compile(pattern)
    return [pair.target_text for pair in everything() if expression.search(f" {' '.join(pair.target).lower()} ")]


def test_links_lie_in_the_sentence_and_sure_ones_are_possible():
    for pair in everything():
        assert pair.links.sure <= pair.links.possible
        assert all(0 <= t < len(pair.target) and 0 <= s < len(pair.source) for t, s in pair.links.possible), pair


def test_nearly_every_french_word_has_a_link_and_every_sentence_sure_ones():
    words = linked = 0
    for pair in everything():
        words += len(pair.target)
        linked += len({t for t, _ in pair.links.possible})
        assert len(pair.links.sure) >= len(pair.source) / 2, pair
    assert linked / words > 0.99


def test_french_contracts_and_elides():
    assert not found(r" (de le|de les|à le|à les|si il|si ils) ")
    # h, and the y and o of onze, oui, yaourt, may bar elision; before other vowels it is due.
    assert not found(r" (le|la|de|que|ne|je|se|me|te) [aeéèêàîôâi]")


def test_english_says_an_before_a_vowel():
    wrong = [p.source_text for p in everything() if re.search(r"\b[Aa] [aei]\w|\b[Aa]n [bcdfgjklmnpqrstvwz]", p.source_text)]
    assert not [text for text in wrong if not re.search(r"\b[Aa] eu", text)]


def test_the_same_english_has_the_same_french():
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    for pair in everything():
        assert known.setdefault(pair.source, pair.target) == pair.target


def test_words_and_text_are_the_same_thing():
    for pair in everything():
        assert tuple(split(pair.source_text, "en")) == pair.source
        assert tuple(split(pair.target_text, "fr")) == pair.target


def test_splits_share_no_sentence_and_none_has_a_fixed_one():
    sets = [{pair.source for pair in FIXED}, *({pair.source for pair in sample(name)} for name in SPLITS)]
    for i, one in enumerate(sets):
        for other in sets[i + 1 :]:
            assert not one & other


def test_a_stream_repeats_itself_and_a_longer_one_begins_the_same():
    assert list(pairs("train", 50)) == list(sample("train")[:50]) == list(islice(pairs("train"), 50))
    assert list(pairs("train", 20, seed=1)) != list(pairs("train", 20, seed=2))


def test_lengths_are_under_control():
    lengths = [len(pair.source) for pair in sample("train")]
    assert min(lengths) >= 3 and max(lengths) <= 60
    assert 0.05 < sum(length > 30 for length in lengths) / len(lengths) < 0.3
    assert all(30 <= len(pair.source) <= 60 for pair in sample("long"))


def test_figure_3_a_is_there_to_the_word_and_its_links_reverse():
    pair = FIXED[0]
    assert pair.source_text == "The agreement on the European Economic Area was signed in August 1992."
    assert pair.target_text == "L'accord sur la zone économique européenne a été signé en août 1992."
    position = {word: t for t, word in enumerate(pair.target)}
    reversed_words = [position[word] for word in ("zone", "économique", "européenne")]
    assert [[s for t, s in sorted(pair.links.sure) if t == row] for row in reversed_words] == [[6], [5], [4]]


def test_a_pair_is_shown_with_its_links():
    assert "zone[6]" in shown(FIXED[0]) and "L'[0,(1)]" in shown(FIXED[0])


@pytest.mark.parametrize(("name", "count"), [("dev", 1), ("train", -1)])
def test_a_wrong_split_or_count_is_named(name, count):
    with pytest.raises(UserError, match=name if count > 0 else "-1"):
        list(pairs(name, count))
