import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import UserError
from data.links import Links
from data.words import LANGUAGES, join, printed, printed_words, split, tokens_of

# A sentence, and its words with spaces between them.
SENTENCES = [
    ("en", "A man's dog doesn't bark.", "A man 's dog does n't bark ."),
    ("en", "I CAN'T; they’ll go.", "I CA N'T ; they ’ll go ."),
    ("en", 'He says: "Stop!" (twice)', 'He says : " Stop ! " ( twice )'),
    ("en", "At 3.5 or 1,000 well-known U.S. firms", "At 3.5 or 1,000 well-known U.S. firms"),
    ("en", "At 10:30, $5 and 50%...", "At 10:30 , $ 5 and 50 % ..."),
    ("en", "The girls' team and/or O'Brien", "The girls ' team and / or O'Brien"),
    ("en", "A 'Grand Opening' sign", "A ' Grand Opening ' sign"),
    ("en", "A bull's-eye at five o'clock", "A bull's-eye at five o'clock"),
    ("fr", "L'accord sur la zone.", "L' accord sur la zone ."),
    ("fr", "Aujourd'hui, jusqu’à demain", "Aujourd'hui , jusqu’ à demain"),
    ("fr", "Qu'il n'y a qu'une fois ?", "Qu' il n' y a qu' une fois ?"),
    ("fr", "C'est-à-dire : quelqu'un a-t-il dit", "C' est-à-dire : quelqu'un a-t-il dit"),
    ("fr", 'Il dit « non », puis "oui" !', 'Il dit « non » , puis " oui " !'),
    ("fr", "L'« idée » d'\"un\" jour…", "L' « idée » d' \" un \" jour …"),
    ("de", "Rad- und Gehweg, geht's?", "Rad- und Gehweg , geht's ?"),
    ("de", "Er ruft: „Halt!“ Und »weiter«.", "Er ruft : „ Halt ! “ Und » weiter « ."),
]


@pytest.mark.parametrize(("language", "text", "spaced"), SENTENCES)
def test_a_sentence_splits_into_its_words_and_joins_back(language, text, spaced):
    words = spaced.split(" ")
    assert split(text, language) == words
    assert join(words, language) == text


def test_white_space_and_invisible_characters_are_no_words():
    assert split("\u00a0Oui\u202f!\u200b\ufeff\t\n", "fr") == ["Oui", "!"]
    assert split(" \u00ad\n", "en") == join([], "en").split() == []


def test_an_accent_of_its_own_stays_with_its_letter():
    assert split("cafe\u0301 noir", "fr") == ["cafe\u0301", "noir"]


PLAIN = st.text("abcdnst", min_size=1, max_size=6)
UPPER = PLAIN.map(str.capitalize)
NUMBER = st.from_regex(r"[1-9][0-9]{0,2}([.,][0-9]{1,3})?", fullmatch=True)
HYPHENATED = st.tuples(PLAIN, PLAIN).map("-".join)
WORD = st.one_of(PLAIN, UPPER, NUMBER, HYPHENATED)
CLITICS = {
    "en": st.sampled_from(["'s", "n't", "'ll", "’s", "'re", "N'T"]).map(lambda clitic: ("x", clitic)),
    "fr": st.sampled_from(["l'", "d’", "Qu'", "jusqu'", "C'", "n’"]).map(lambda elision: (elision, "accord")),
    "de": st.just(("Rad-", "und")),
}
QUOTES = {"en": ['""', "“”", "''"], "fr": ['""', "«»"], "de": ['""', "„“", "»«"]}
END = {"en": ".!?,;:%…", "fr": ".!?,;:%…", "de": ".!?,;:…"}


def phrases(language):
    """Word sequences as a sentence of the language may have them."""
    words = st.one_of(WORD.map(lambda word: (word,)), CLITICS[language])
    quoted = st.tuples(st.sampled_from(QUOTES[language]), st.lists(PLAIN, min_size=1, max_size=3)).map(
        lambda pair: (pair[0][0], *(word + "x" for word in pair[1]), pair[0][1])
    )
    bracketed = st.lists(PLAIN, min_size=1, max_size=3).map(lambda inner: ("(", *inner, ")"))
    marked = st.tuples(PLAIN, st.sampled_from(END[language]))
    slashed = st.tuples(PLAIN, PLAIN).map(lambda pair: (pair[0], "/", pair[1]))
    parts = st.lists(st.one_of(words, quoted, bracketed, marked, slashed), max_size=8)
    return parts.map(lambda groups: [word for group in groups for word in group])


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=80, deadline=None, derandomize=True)
@given(data=st.data())
def test_splitting_what_was_joined_gives_the_same_words(language, data):
    words = data.draw(phrases(language))
    assert split(join(words, language), language) == words


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=st.text("aSt n'’.-,!?\"()/&;0«»„“%$\u0301\u00a0", max_size=25))
def test_joining_never_changes_what_the_words_are(language, text):
    words = split(text, language)
    assert split(join(words, language), language) == words


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=st.text(max_size=40))
def test_splitting_loses_nothing_but_space(language, text):
    words, visible = split(text, language), re.compile(r"[\s\u200b\u00ad\ufeff]")
    assert "".join(words) == visible.sub("", text)
    tokens = [token for token in text.split() if visible.sub("", token)]
    parts = [""] * len(tokens)
    for word, place in zip(words, tokens_of(words, tokens), strict=True):
        parts[place] += word
    assert parts == [visible.sub("", token) for token in tokens]


def test_a_token_in_which_no_word_begins_is_named():
    assert tokens_of(["l'", "accord", "."], ["l'accord", "."]) == [0, 0, 1]
    for words, tokens in ((["aujourd'hui"], ["aujourd'", "hui"]), (["a", "b"], ["a", "\u200b", "b"])):
        with pytest.raises(UserError, match=f"Word 2, {tokens[1]!r}, has no visible".replace("\\", ".")):
            tokens_of(words, tokens)


def test_an_unknown_language_is_named():
    with pytest.raises(UserError, match="'xx'.*en, fr, de"):
        split("text", "xx")


def test_sure_links_must_be_possible_and_not_negative():
    Links(sure=frozenset({(0, 1)}), possible=frozenset({(0, 1), (1, 0)}))
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        Links(sure=frozenset({(2, 3)}), possible=frozenset())
    with pytest.raises(ValueError, match=r"\(-1, 0\)"):
        Links(sure=frozenset(), possible=frozenset({(-1, 0)}))


def test_french_is_printed_with_its_own_marks_and_other_languages_as_they_are():
    raw = "L'un dit : \"oui !\" ; n'est-ce pas ?"
    assert printed(raw, "fr") == "L’un dit\u202f: «\u202foui\u202f!\u202f»\u202f; n’est-ce pas\u202f?"
    assert printed(raw, "de") == printed(raw, None) == raw
    assert " ".join(printed_words(split(raw, "fr"), "fr")) == "L’ un dit : « oui ! » ; n’ est-ce pas ?"
