"""Text to words and back, for English, French and German: one compiled pattern per language.

The words are those of the Moses tokeniser in spirit: punctuation stands alone, a French elision keeps its
apostrophe and leans on the next word, an English clitic leans on the previous word. Unlike Moses it escapes
nothing, and keeps hyphenated words, decimal numbers and abbreviations with inner points whole.

``join`` needs no marks in the words: each word determines on which side it takes no space. Two words are glued
only if ``split`` separates them again, so ``split(join(words)) == words`` for everything that ``split`` returns.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, cycle

from data.errors import UserError

LANGUAGES = ("en", "fr", "de")
NARROW = "\u202f"  # the narrow no-break space

_LETTER = r"[\w\u0300-\u036f]"  # a combining accent belongs to its letter
# Inside a word: hyphen, point, ampersand, at sign, apostrophe; comma and colon between digits only.
_INNER = rf"(?:[-.&@]{_LETTER}+|(?<=\d)[,:](?=\d){_LETTER}+|['’]{_LETTER}+)*"
_HANGING = rf"(?:-(?!{_LETTER}|-))?"  # German "Rad- und Gehweg", English "two- and three-year"
_CLITIC = rf"['’](?:s|re|ve|ll|d|m)(?!{_LETTER}|['’-]{_LETTER})"
_NOT = rf"n['’]t(?!{_LETTER}|['’-]{_LETTER})"
_INNER_ENGLISH = _INNER.replace("|['’]", rf"|(?!{_CLITIC})['’]")
_ACRONYM = rf"(?<!{_LETTER})(?:[^\W\d_]\.){{2,}}"  # U.S., p.m.
_ELISION = r"(?:jusqu|lorsqu|puisqu|quoiqu|qu|[ldnscjmt])['’]"
# Any other visible character stands alone; zero-width space, soft hyphen and byte order mark count as space.
_INVISIBLE = r"\s\u200b\u00ad\ufeff"
_OTHER = rf"&\w+;|\.{{2,}}|-{{2,}}|[^{_INVISIBLE}]"

_PATTERNS = {
    "en": re.compile(
        rf"{_ACRONYM}|{_LETTER}+?(?={_NOT})|{_NOT}|{_LETTER}+{_INNER_ENGLISH}{_HANGING}|{_CLITIC}|{_OTHER}",
        re.I,
    ),
    "fr": re.compile(rf"{_ACRONYM}|{_ELISION}|{_LETTER}+{_INNER}{_HANGING}|{_OTHER}", re.I),
    "de": re.compile(rf"{_ACRONYM}|{_LETTER}+{_INNER}{_HANGING}|{_OTHER}", re.I),
}

# Words without a space before them, and words without a space after them.
_LEANS_LEFT = {
    "en": frozenset(".,;:?!%)]}…/”’°"),
    "fr": frozenset(".,)]}…/”’°"),  # French sets a space before ; : ? ! % and inside « »
    "de": frozenset(".,;:?!)]}…/”’°"),
}
_LEANS_RIGHT = {
    "en": frozenset("([{/$€£#“‘"),
    "fr": frozenset("([{/#“‘"),
    "de": frozenset("([{/#„‚"),
}
# Marks that may open or close, and the pair that each belongs to: the first opens it, the next closes it.
_PAIR = {
    "en": {'"': '"', "'": "'"},
    "fr": {'"': '"', "'": "'"},
    "de": {'"': '"', "'": "'", "“": "„", "‘": "‚", "»": "»", "«": "»"},
}
_LEFT_WORD = {"en": re.compile(rf"(?:{_CLITIC}|{_NOT})\Z|\.\.", re.I)}
_DOTS = re.compile(r"\.\.")
_RIGHT_WORD = {"fr": re.compile(rf"{_ELISION}\Z", re.I)}


def split(text: str, language: str) -> list[str]:
    """The words of ``text``: ``"L'accord sur la zone."`` -> ``["L'", "accord", "sur", "la", "zone", "."]``.

    Raises UserError for a language other than ``LANGUAGES``.
    """
    return _pattern(language).findall(text)


def tokens_of(words: Sequence[str], tokens: Sequence[str]) -> list[int]:
    """The place of the token that each word begins in, counted by characters; both divide the same text.

    Raises UserError for a token in which no word begins.
    """
    ends = list(accumulate(len(re.sub(f"[{_INVISIBLE}]", "", token)) for token in tokens))
    places = [bisect_right(ends, start) for start in accumulate(map(len, words[:-1]), initial=0)] if words else []
    if alone := set(range(len(tokens))).difference(places):
        raise UserError(
            f"Word {min(alone) + 1:,}, {tokens[min(alone)]!r:.60}, has no visible character or is the end of the word before: "
            "remove it, or join the two."
        )
    return places


def join(words: Sequence[str], language: str) -> str:
    """The text of ``words``, spaced as in the language: the inverse of :func:`split`.

    Straight quotation marks pair up from left to right; straight and curly apostrophes are kept.
    Raises UserError for a language other than ``LANGUAGES``.
    """
    pattern = _pattern(language)
    leans_left, leans_right = _LEANS_LEFT[language], _LEANS_RIGHT[language]
    pairs = _PAIR[language]
    left_word, right_word = _LEFT_WORD.get(language, _DOTS), _RIGHT_WORD.get(language)
    pieces: list[str] = []
    before = ""
    open_pairs: set[str] = set()
    glue_next = True  # nothing before the first word
    for word in words:
        glue, glue_after = glue_next, False
        pair = pairs.get(word)
        if pair is not None:
            if pair in open_pairs or (word == "'" and _is_possessive(before)):
                open_pairs.discard(pair)
                glue = True
            else:
                open_pairs.add(pair)
                glue_after = True
        elif word in leans_left or left_word.match(word):
            glue, glue_after = True, word == "/"
        elif word in leans_right or (right_word and right_word.match(word)):
            open_pairs.add(word)
            glue_after = True
        if before and not (glue and pattern.findall(before + word) == [before, word]):
            pieces.append(" ")
        pieces.append(word)
        before, glue_next = word, glue_after
    return "".join(pieces)


def _is_possessive(word: str) -> bool:
    """Whether an apostrophe after ``word`` is not a quotation mark: "the girls' team", 4' for feet."""
    return (word[-1:] in ("s", "S") and word[-2:-1].isalpha()) or word[-1:].isdigit()


def _pattern(language: str) -> re.Pattern[str]:
    try:
        return _PATTERNS[language]
    except KeyError:
        raise UserError(
            f"There are no rules for words of {language!r}: choose one of {', '.join(LANGUAGES)}."
        ) from None


def printed(text: str, language: str | None) -> str:
    """The text as it is printed, for showing alone: French with ’, « » and narrow no-break spaces; others as they are."""
    if language != "fr":
        return text
    quotes = cycle(("«" + NARROW, NARROW + "»"))
    spaced = re.sub(" (?=[;:!?])", NARROW, text.replace("'", "’"))
    return re.sub('"', lambda _: next(quotes), spaced)


def printed_words(words: Sequence[str], language: str | None) -> tuple[str, ...]:
    """The words as they are printed, which need no spaces between them."""
    return tuple(printed("\n".join(words), language).replace(NARROW, "").split("\n"))
