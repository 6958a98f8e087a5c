"""The words of the lexicon as objects, with all their forms computed once."""

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from data.accord import english, lexicon, verb_table
from data.accord.elision import Token
from data.accord.french import FP, FS, MP, MS, Conjugation, Forms, agreeing, conjugate, plural

AGREEMENTS = {"m": MS, "f": FS, "mp": MP, "fp": FP}

# About one combination of adjective and noun in twenty occurs in the compositional split alone, but none of these: the
# fixed evaluation sentences contain them.
HELD_OUT_SHARE = 0.05
ALWAYS_SEEN = frozenset({
    ("marine", "environment"), ("known", "environment"), ("new", "weapon"), ("chemical", "weapon"), ("old", "woman"),
    ("long", "letter"), ("important", "convention"), ("new", "report"), ("economic", "report"), ("old", "friend"),
    ("important", "treaty"), ("young", "minister"), ("economic", "condition"), ("new", "resolution"),
    ("European", "Area"), ("Economic", "Area"), ("large", "ship"), ("white", "house"), ("French", "minister"),
})


def rows(table: str) -> list[list[str]]:
    """The columns of each line of a table; two spaces or more separate them."""
    return [re.split("  +", line) for line in table.strip().splitlines()]


def pairs(table: str) -> list[tuple[str, str]]:
    """The pairs of words of a table, English and French."""
    return [(english, french) for row in rows(table) for english, french in map(str.split, row)]


def held_out(adjective: str, noun: str) -> bool:
    """Whether this combination of English lemmas occurs in the compositional split alone."""
    if (adjective, noun) in ALWAYS_SEEN:
        return False
    digest = blake2b(f"{adjective} {noun}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") < HELD_OUT_SHARE * 2**32


class Adjective:
    """``french`` is its words by agreement; ``liaison`` replaces the masculine before a vowel: "nouvel"."""

    def __init__(self, english: str, french: str, rank: str) -> None:
        self.english, self.comparative, self.superlative = (english.split("; ") + ["", ""])[:3]
        self.rank = RANKS.index(rank.removesuffix(" -"))
        self.predicative = rank in ("quality", "size", "age", "colour")
        masculine, _, other = french.removeprefix("<").partition("; ")
        self.before = french.startswith("<")
        self.liaison = {"nouveau": "nouvel", "beau": "bel", "vieux": "vieil"}.get(masculine, "")
        if "/" in masculine:  # "de paix": does not agree
            words = tuple(word.removesuffix("/0") for word in masculine.split())
            self.french = [words] * 4
        else:
            self.french = [(form,) for form in agreeing(masculine, other or None)]


RANKS = ("quality", "size", "age", "colour", "origin", "type", "material")


class Noun:
    """A noun in both numbers: ``english[plural]`` its words, ``french[plural]`` its tokens, linked to those words."""

    def __init__(self, english_forms: str, french_forms: str, gender: str, classes: str) -> None:
        singular, _, many = english_forms.partition("; ")
        self.lemma = singular = singular.rstrip(";")
        group, *more = classes.split()
        self.classes = frozenset([group, *more, singular.replace(" ", "_"), "=" + singular.replace(" ", "_")])
        self.countable = group not in lexicon.ABSTRACT + lexicon.PARTITIVE and not english_forms.endswith(";")
        self.abstract = group in lexicon.ABSTRACT
        self.partitive = group in lexicon.PARTITIVE
        self.incomplete = group == "action" or singular in lexicon.INCOMPLETE
        self.title = group == "title"
        self.kin = group == "kin"
        self.single = singular in lexicon.SINGLE
        self.human = group in ("person", "kin")
        self.owned = not _OWNED.isdisjoint((group, singular))
        self.belongings = "country" if singular == "country" else group
        self.feminine = gender == "f"
        # Words of the smallest phrase, and by how many it may grow.
        self.size, self.growth = (4, 2) if self.title else (5 if self.incomplete else 2, 99)
        first, last = singular.rsplit(" ", 1) if " " in singular else ("", singular)
        many = many or f"{first} {english.plural(last)}".strip()
        self.english: tuple[tuple[str, ...], tuple[str, ...]] = tuple(singular.split()), tuple(many.split())
        french, _, plurals = french_forms.partition("; ")
        plurals = plurals or " ".join(_plural_token(word) for word in french.split())
        self.french: tuple[tuple[Token, ...], tuple[Token, ...]] = aligned(french), aligned(plurals)
        # Filled in by ``pools``:
        self.adjectives: list[Adjective] = []  # of the ordinary splits
        self.held_out: list[Adjective] = []  # of the compositional split
        self.choices: list[Adjective] = []  # ``adjectives``, each as often as it should be drawn
        self.predicates: list[Adjective] = []  # the ``adjectives`` that stand after "to be"
        self.complements: list[Complement] = []
        # Filled in by ``verb_pools``:
        self.verbs: list[Verb] = []  # transitive verbs it can be the subject of
        self.doers: list[Verb] = []  # transitive verbs it can be the object of


def _plural_token(word: str) -> str:
    """Plural of an annotated word: "ministre/1" -> "ministres/1"."""
    for at, letter in enumerate(word):
        if letter in "/~":
            return plural(word[:at]) + word[at:]
    return plural(word)


def aligned(text: str) -> tuple[Token, ...]:
    """Tokens of annotated French: "Conseil/2 de~1 sécurité/1"; a word without annotation translates word 0."""
    tokens = []
    for item in text.split():
        word, *marks = item.replace("/", " /").replace("~", " ~").split()
        sure = tuple(int(mark[1:]) for mark in marks if mark[0] == "/")
        possible = tuple(int(mark[1:]) for mark in marks if mark[0] == "~")
        tokens.append((word, sure if marks else (0,), possible))
    return tuple(tokens)


def shift(tokens: tuple[Token, ...], by: int) -> list[Token]:
    """The tokens with every English position moved by ``by``."""
    if len(tokens) == 1 and not tokens[0][2] and len(tokens[0][1]) == 1:
        return [(tokens[0][0], (by,), ())]
    return [(word, tuple([at + by for at in sure]), tuple([at + by for at in possible]))
            for word, sure, possible in tokens]


class Name:
    """A name with its article: a country, a city, a person, an institution."""

    def __init__(self, words: str, french: str, agreement: int, group: str) -> None:
        self.english = tuple(words.split())
        self.french = aligned(french)
        self.agreement = agreement
        self.classes = frozenset((group,))
        self.human = group == "name"
        self.size, self.growth = len(self.english), 3
        # Of a place, "in" or "to" it and "from" it; English position 0 is the preposition.
        self.location: tuple[Token, ...] = ()
        self.origin: tuple[Token, ...] = ()


_OWNED = frozenset(lexicon.OWNED.split())
STATIVE = frozenset(verb_table.STATIVE.split())
GENERIC = frozenset(verb_table.GENERIC_OBJECT.split())
NO_PASSIVE = frozenset(verb_table.NO_PASSIVE.split())
NOT_DELIBERATE = frozenset(verb_table.NOT_DELIBERATE.split())


class Verb:
    """A verb in both languages. ``english[style][asked]`` gives (auxiliary, main word) by English person."""

    def __init__(self, forms: str, french: str) -> None:
        base, past, participle = _english_forms(forms)
        self.base, self.past_participle = base, participle
        self.same_past = base == past
        self.ing = english.present_participle(base)
        self.clitic_first = french.startswith("*")
        self.reflexive = french.startswith("se~")
        self.etre = french.startswith("+") or self.reflexive
        infinitive = french.lstrip("*+").removeprefix("se~")
        self.french: Conjugation = conjugate(infinitive)
        self.participle: Forms = self.french.participle
        self.stative = infinitive in STATIVE
        self.generic = infinitive in GENERIC
        self.passive = not self.stative and infinitive not in NO_PASSIVE
        self.deliberate = not self.stative and infinitive not in NOT_DELIBERATE
        self.english = _paradigm(base, past, participle, self.ing)
        self.subjects: list[Noun | Name] = []
        self.objects: list[Noun | Name] = []
        self.preposition = self.french_preposition = ""


def _english_forms(forms: str) -> tuple[str, str, str]:
    base, _, rest = forms.partition("; ")
    past, _, participle = rest.partition("; ")
    past = past or english.past(base)
    return base, past, participle or past


class Style:
    """Styles of the English verb group."""

    PRESENT, PAST, PROGRESSIVE, PERFECT, PLUPERFECT, WILL, WOULD = range(7)

Paradigm = tuple[tuple[tuple[tuple[str, str], ...], ...], ...]


def _paradigm(base: str, past: str, participle: str, ing: str) -> Paradigm:
    """(auxiliary, main) by style, by whether "do" is needed, by English person I, he, we, you, they."""
    have = ("have", "has", "have", "have", "have")
    am = ("am", "is", "are", "are", "are")

    def both(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[tuple[str, str], ...], ...]:
        return (tuple(pairs),) * 2

    if base == "be":
        simple = both((form, "") for form in am), both((form, "") for form in ("was", "was", "were", "were", "were"))
    else:
        persons = (base, english.third_person(base), base, base, base)
        does = ("do", "does", "do", "do", "do")
        simple = ((tuple(("", form) for form in persons), tuple((form, base) for form in does)),
                  ((("", past),) * 5, (("did", base),) * 5))
    return (
        *simple,
        both((form, ing) for form in am),
        both((form, participle) for form in have),
        both([("had", participle)] * 5),
        both([("will", base)] * 5),
        both([("would", base)] * 5),
    )


class Complement(NamedTuple):
    """What may follow a noun: "agreement on ...", with the pool of nouns to come.

    ``bare``: it may be a plural without article, which after "de" has none in French either ("production d'armes").
    """

    english: str
    french: str
    pool: list[Noun | Name]
    bare: bool
