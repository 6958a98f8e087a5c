"""The nouns, names and adjectives of the lexicon, and which of them go together."""

from collections.abc import Iterable

from data.accord import lexicon, names
from data.accord.elision import begins_with_vowel
from data.accord.entries import AGREEMENTS, RANKS, Adjective, Complement, Name, Noun, held_out, rows, shift
from data.accord.french import MS


def _name(row: list[str], group: str) -> Name:
    """A name of a table row: English, French, agreement."""
    french = row[1]
    if group == "nation":
        if "~" not in french:
            french = {"m": f"le~0 {french}/0", "f": f"la~0 {french}/0"}.get(row[2], f"{french}/0")
        name = Name(row[0], french, AGREEMENTS[row[2].removeprefix("-")], group)
        _locate(name, row[2])
        return name
    if "/" not in french:
        french += "/0"
    name = Name(row[0], french, AGREEMENTS[row[2]] if len(row) > 2 else MS, group)
    if group == "city":
        shifted = shift(name.french, 1)
        name.location = (("à", (0,), ()), *shifted)
        name.origin = (("de", (0,), ()), *shifted)
    return name


def _locate(name: Name, article: str) -> None:
    """"in" and "from" a country: en France, d'Iran, au Portugal, du Portugal, aux Pays-Bas, à Cuba."""
    tokens = shift(name.french, 1)
    bare = tokens[-1:]
    if article == "f" or (article == "m" and begins_with_vowel(bare[0][0])) or name.english == ("Israel",):
        name.location, name.origin = (("en", (0,), ()), *bare), (("de", (0,), ()), *bare)
    else:
        name.location, name.origin = (("à", (0,), ()), *tokens), (("de", (0,), ()), *tokens)


NOUNS = [Noun(row, group) for group, row in rows(lexicon.NOUNS)]
NATIONS = [_name(row, "nation") for _, row in rows(names.NATIONS)]
CITIES = [_name(row.split(), "city") for row in names.CITIES.strip().splitlines()]
PEOPLE = [_name([row.split()[0], *row.split()], "name") for row in names.PEOPLE.strip().splitlines()]
INSTITUTIONS = [_name(row, "institution") for _, row in rows(names.INSTITUTIONS)]

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


def _adjectives() -> list[Adjective]:
    """Read the adjectives and hand each to the nouns of its classes."""
    read: dict[tuple[str, str], Adjective] = {}
    tables = (*rows(lexicon.ADJECTIVES), *rows(lexicon.TITLE_ADJECTIVES),
              *((f"{row[1]}: {row[0]}", row[2:]) for _, row in rows(lexicon.OWN_ADJECTIVES)))
    unlikely = {(noun, adjective) for classes, adjectives in
                (line.split(": ") for line in lexicon.UNLIKELY.strip().splitlines())
                for noun in nouns(classes) for adjective in adjectives.split()}
    for header, row in tables:
        rank, _, classes = header.partition(": ")
        adjective = read.setdefault((row[0].split(";")[0], row[1].split(";")[0]), Adjective(rank, row))
        for noun in nouns(classes):
            if (noun, adjective.english) in unlikely or adjective in noun.adjectives + noun.held_out:
                continue
            kept = noun.held_out if held_out(adjective.english, noun.lemma) else noun.adjectives
            kept.append(adjective)
    for noun in NOUNS:
        noun.choices = [adjective for adjective in noun.adjectives
                        for _ in range(_WEIGHTS.get(adjective.rank, 3))]
        noun.predicates = [adjective for adjective in noun.adjectives if adjective.predicative]
    return list(read.values())


ADJECTIVES = _adjectives()


def _complements() -> None:
    for _, (heads, preposition, french, classes) in rows(lexicon.COMPLEMENTS):
        for head in nouns(heads):
            bare = french == "de" and "action" in head.classes
            head.complements.append(Complement(preposition, french, often(pool(classes)), bare))


_complements()
_prepositions = {noun: (row[0], row[1]) for _, row in rows(lexicon.PLACES) for noun in row[2].split()}
PLACES = [(noun, *_prepositions.get(noun.lemma, ("in", "dans")))
          for noun in nouns("place") if noun.lemma not in ("lake", "mountain")]
KINDS = {row[0]: nouns(row[1])[0] for _, row in rows(lexicon.KINDS)}
