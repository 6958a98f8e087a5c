"""The nouns, names and adjectives of the lexicon, and which of them go together."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from data.accord import lexicon, names
from data.accord.elision import Token, begins_with_vowel
from data.accord.entries import AGREEMENTS, RANKS, Adjective, Complement, Name, Noun, held_out, pairs, rows, shift
from data.accord.french import MS


def _placed(name: Name, preposition: str, tokens: Sequence[Token]) -> Name:
    """The name with "in" and "from" before these words of it."""
    name.location, name.origin = ((preposition, (0,), ()), *tokens), (("de", (0,), ()), *tokens)
    return name


def _nation(english: str, french: str, article: str) -> Name:
    """A country: en France, d'Iran, au Portugal, du Portugal, aux Pays-Bas, à Cuba."""
    if "~" not in french:
        french = {"m": f"le~0 {french}/0", "f": f"la~0 {french}/0"}.get(article, f"{french}/0")
    nation = Name(english, french, AGREEMENTS[article.removeprefix("-")], "nation")
    tokens = shift(nation.french, 1)
    if article == "f" or (article == "m" and begins_with_vowel(tokens[-1][0])) or english == "Israel":
        return _placed(nation, "en", tokens[-1:])
    return _placed(nation, "à", tokens)


def _city(english: str, french: str) -> Name:
    city = Name(english, french, MS, "city")
    return _placed(city, "à", shift(city.french, 1))


NOUNS = [Noun(*row) for row in rows(lexicon.NOUNS)]
NATIONS = [_nation(*row) for row in rows(names.NATIONS)]
CITIES = [_city(*pair) for pair in pairs(names.CITIES)]
PEOPLE = [Name(name, name, AGREEMENTS[gender], "name") for gender, all in names.PEOPLE.items() for name in all.split()]
INSTITUTIONS = [Name(english, french, AGREEMENTS[gender], "institution")
                for english, french, gender in rows(names.INSTITUTIONS)]

_BY_CLASS: dict[str, list[Noun | Name]] = {}
NAMES = [*NATIONS, *CITIES, *PEOPLE, *INSTITUTIONS]
_entries: list[Noun | Name] = [*NOUNS, *NAMES]
for _entry in _entries:
    for _class in _entry.classes:
        _BY_CLASS.setdefault(_class, []).append(_entry)


def pool(classes: str) -> list[Noun | Name]:
    """Everything in these classes, groups of classes or single lemmas ("prime_minister"), each once.

    Raises KeyError for a word that is none of them: a mistake in a table.
    """
    result: dict[int, Noun | Name] = {}
    for name in classes.split():
        members = pool(lexicon.CLASSES[name]) if name in lexicon.CLASSES else _BY_CLASS[name]
        result.update((id(member), member) for member in members)
    return list(result.values())


def nouns(classes: str) -> list[Noun]:
    """The nouns of a pool, without the names."""
    return [entry for entry in pool(classes) if isinstance(entry, Noun)]


_FREQUENT = frozenset(lexicon.FREQUENT.split())


def often(entries: Iterable[Noun | Name]) -> list[Noun | Name]:
    """The entries to draw from, the frequent ones four times."""
    return [entry for entry in entries for _ in range(4 if isinstance(entry, Noun) and entry.lemma in _FREQUENT else 1)]


# How often an adjective is drawn, by its rank: nationalities seldom, since there are many.
_WEIGHTS = {RANKS.index("origin"): 1, RANKS.index("material"): 2, RANKS.index("type"): 5}


def _by_classes(table: str) -> Iterator[tuple[Noun, str]]:
    """Each noun of the classes before a colon with each of the adjectives after it."""
    for line in table.strip().splitlines():
        classes, _, adjectives = line.partition(": ")
        yield from product(nouns(classes), adjectives.split())


ADJECTIVES = [Adjective(*row) for row in rows(lexicon.ADJECTIVES)]


def _give_adjectives() -> None:
    """Hand each adjective to the nouns that take it."""
    by_name = {adjective.english: adjective for adjective in ADJECTIVES}
    unlikely = set(_by_classes(lexicon.UNLIKELY))
    for noun, name in _by_classes(lexicon.PAIRINGS):
        adjective = by_name[name]
        if (noun, name) in unlikely or adjective in noun.adjectives + noun.held_out:
            continue
        (noun.held_out if held_out(name, noun.lemma) else noun.adjectives).append(adjective)
    for noun in NOUNS:
        noun.choices = [adjective for adjective in noun.adjectives
                        for _ in range(_WEIGHTS.get(adjective.rank, 3))]
        noun.predicates = [adjective for adjective in noun.adjectives if adjective.predicative]


_give_adjectives()


def _complements() -> None:
    for heads, preposition, french, classes in rows(lexicon.COMPLEMENTS):
        for head in nouns(heads):
            bare = french == "de" and "action" in head.classes
            head.complements.append(Complement(preposition, french, often(pool(classes)), bare))


_complements()
_prepositions = {noun: (row[0], row[1]) for row in rows(lexicon.PLACES) for noun in row[2].split()}
PLACES = [(noun, *_prepositions.get(noun.lemma, ("in", "dans")))
          for noun in nouns("place") if noun.lemma not in ("lake", "mountain")]
KINDS = {row[0]: nouns(row[1])[0] for row in rows(lexicon.KINDS)}
