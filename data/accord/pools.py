"""The lexicon read: the words of every table, and which of them go together."""

from collections.abc import Iterator

from data.accord import lexicon, names, verb_table
from data.accord.elision import Token, begins_with_vowel
from data.accord.entries import AGREEMENTS, RANKS, Adjective, Complement, Name, Noun, Verb, aligned, held_out, shift
from data.accord.french import MS


def _rows(table: str) -> Iterator[tuple[str, list[str]]]:
    """Rows of a table with the group they stand in; columns are parted by two spaces or more."""
    group = ""
    for line in table.strip().splitlines():
        if line.startswith("["):
            group = line.strip("[]")
        elif line.strip():
            yield group, [column.strip() for column in line.split("  ") if column.strip()]


def _name(row: list[str], group: str) -> Name:
    french = row[1]
    if group == "nation":
        if "~" not in french:
            french = {"m": f"le~0 {french}/0", "f": f"la~0 {french}/0", "-": f"{french}/0"}[row[2]]
        name = Name(row[0], french, AGREEMENTS[row[2]], group)
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


NOUNS = [Noun(row, group) for group, row in _rows(lexicon.NOUNS)]
NATIONS = [_name(row, "nation") for _, row in _rows(names.NATIONS)]
CITIES = [_name(row.split(), "city") for row in names.CITIES.strip().splitlines()]
PEOPLE = [_name([row.split()[0], row.split()[0], row.split()[1]], "name") for row in names.PEOPLE.strip().splitlines()]
INSTITUTIONS = [_name(row, "institution") for _, row in _rows(names.INSTITUTIONS)]

_BY_CLASS: dict[str, list[Noun | Name]] = {}
for _entry in (*NOUNS, *NATIONS, *CITIES, *PEOPLE, *INSTITUTIONS):
    for _class in _entry.classes:
        _BY_CLASS.setdefault(_class, []).append(_entry)


def pool(classes: str) -> list[Noun | Name]:
    """Everything in these classes, groups of classes or single lemmas ("prime_minister"), each once.

    Raises KeyError for a word that is none of them: a slip in a table.
    """
    found: dict[int, Noun | Name] = {}
    for name in classes.split():
        if name in lexicon.CLASSES:
            members = pool(lexicon.CLASSES[name])
        else:
            members = _BY_CLASS[name]
        found.update((id(member), member) for member in members)
    return list(found.values())


_WEIGHTS = {RANKS.index("origin"): 1, RANKS.index("material"): 2}  # by rank: there are many nationalities


def _adjectives() -> list[Adjective]:
    """Read the adjectives and hand each to the nouns of its classes."""
    read: dict[tuple[str, str], Adjective] = {}
    tables = (*_rows(lexicon.ADJECTIVES), *_rows(lexicon.TITLE_ADJECTIVES),
              *((f"{row[1]}: {row[0]}", row[2:]) for _, row in _rows(lexicon.OWN_ADJECTIVES)))
    unlikely = {(noun, adjective) for noun, adjectives in
                (line.split(": ") for line in lexicon.UNLIKELY.strip().splitlines()) for adjective in adjectives.split()}
    for header, row in tables:
        rank, _, classes = header.partition(": ")
        adjective = read.setdefault((row[0].split(";")[0], row[1].split(";")[0]), Adjective(rank, row))
        for noun in pool(classes):
            if (noun.lemma, adjective.english) in unlikely or adjective in noun.adjectives + noun.held_out:
                continue
            kept = noun.held_out if held_out(adjective.english, noun.lemma) else noun.adjectives
            kept.append(adjective)
    for noun in NOUNS:
        noun.choices = [adjective for adjective in noun.adjectives 
                        for _ in range(_WEIGHTS.get(adjective.rank, 3))]
        noun.predicates = [adjective for adjective in noun.adjectives if adjective.predicative]
    return list(read.values())


ADJECTIVES = _adjectives()


def often(entries: list[Noun | Name]) -> list[Noun | Name]:
    """The entries with the frequent ones four times, for drawing from."""
    return entries + [entry for entry in entries if isinstance(entry, Noun) and entry.lemma in lexicon.FREQUENT
                      for _ in range(3)]


def _verb(forms: str, french: str, subjects: str = "", objects: str = "") -> Verb:
    verb = Verb(forms, french)
    verb.subjects, verb.objects = often(pool(subjects)), often(pool(objects))
    return verb


def _transitive() -> list[Verb]:
    verbs = [_verb(forms, french, doers, objects) for _, (forms, french, doers, objects) in _rows(verb_table.TRANSITIVE)]
    for verb in verbs:
        for noun in dict.fromkeys(verb.subjects):
            if isinstance(noun, Noun):
                noun.verbs.append(verb)
        for noun in dict.fromkeys(verb.objects):
            if isinstance(noun, Noun):
                noun.doers.append(verb)
    frequent = frozenset(verb_table.FREQUENT.split())
    return verbs + [verb for verb in verbs if verb.french.infinitive in frequent for _ in range(2)]


def _with_preposition(table: str, english_column: int, french_column: int) -> list[Verb]:
    """Verbs of a table with a column for the English preposition, the French one, or both; "-" is none, -1 no column."""
    verbs = []
    for _, row in _rows(table):
        verb = _verb(*(column for at, column in enumerate(row) if at not in (english_column, french_column)))
        verb.preposition = row[english_column].replace("-", "") if english_column >= 0 else ""
        verb.french_preposition = row[french_column].replace("-", "") if french_column >= 0 else ""
        verbs.append(verb)
    return verbs


TRANSITIVE = _transitive()
PASSIVE = [verb for verb in TRANSITIVE if verb.passive]
PREPOSITIONAL = _with_preposition(verb_table.PREPOSITIONAL, 1, 3)
DITRANSITIVE = [_verb(row[0], row[1], row[2], row[3]) for _, row in _rows(verb_table.DITRANSITIVE)]
INTRANSITIVE = [_verb(*row) for _, row in _rows(verb_table.INTRANSITIVE)]
SENTENTIAL = [_verb(*row) for _, row in _rows(verb_table.SENTENTIAL)]
QUOTING = [_verb(*row) for _, row in _rows(verb_table.QUOTING)]
MOTION = _with_preposition(verb_table.MOTION, 1, -1)
INFINITIVE = _with_preposition(verb_table.INFINITIVE, -1, 2)
BE = Verb("be; was; been", "être")
MODALS = []
for _, (_word, _infinitive, _tense) in _rows(verb_table.MODALS):
    _modal = Verb("be; was; been", _infinitive)
    _modal.base = _word
    _modal.english = ((((_word, ""),) * 5,) * 2,) * 7
    MODALS.append((_modal, _tense))


def _complements() -> None:
    for _, (heads, preposition, french, classes) in _rows(lexicon.COMPLEMENTS):
        for head in pool(heads):
            head.complements.append(Complement(preposition, french, often(pool(classes)), french == "de" and "action" in head.classes))


_complements()
ENGLISH_FIRST = [verb for verb in DITRANSITIVE if verb.clitic_first]
_prepositions = {noun: (row[0], row[1]) for _, row in _rows(lexicon.PLACES) for noun in row[2].split()}
PLACES = [(noun, *_prepositions.get(noun.lemma, ("in", "dans"))) for noun in pool("place")]
BELONGINGS = {row[0]: [noun for noun in pool(row[1]) if noun.verbs] for _, row in _rows(lexicon.BELONGINGS)}
KINDS = {row[0]: pool(row[1])[0] for _, row in _rows(lexicon.KINDS)}
MINISTER = pool("minister")[0]  # who can do what a person can
Adverbial = tuple[tuple[str, ...], tuple[Token, ...]]


_OWN = ("my", "your", "his", "her", "its", "our", "their")
_DEFINITE = ("the", "this", "these", *_OWN)


class Determiner:
    """``english`` before its noun and ``french`` by agreement; "" in both where the noun stands alone in English."""

    __slots__ = ("definite", "english", "french", "own")

    def __init__(self, english: str, french: list[str], definite: bool) -> None:
        self.english = english
        self.french = french
        self.definite = definite
        self.own = english in _OWN


DETERMINERS = {row[0]: Determiner(row[0], row[1].split(), row[0] in _DEFINITE) for _, row in _rows(lexicon.DETERMINERS)}
DETERMINERS[""] = Determiner("", ["un", "une", "des", "des"], False)
NUMBERS = [tuple(line.split()) for line in names.NUMBERS.strip().splitlines()]
for _english, _french in NUMBERS:
    DETERMINERS[_english] = Determiner(_english, [".", ".", _french, _french], False)
MONTHS = [tuple(line.split()) for line in names.MONTHS.strip().splitlines()]
DAYS = [tuple(line.split()) for line in names.DAYS.strip().splitlines()]
MIDDLE_ADVERBS = {}
for _group, _row in _rows(names.MIDDLE_ADVERBS):
    MIDDLE_ADVERBS.setdefault(_group, []).append((_row[0], _row[1]))
ADVERBIALS: dict[str, list[Adverbial]] = {}
for _group, _row in _rows(names.ADVERBIALS):
    ADVERBIALS.setdefault(_group, []).append((tuple(_row[0].split()), aligned(_row[1])))
CIRCUMSTANCES: dict[str, list[tuple[tuple[str, ...], tuple[Token, ...], list[Noun | Name]]]] = {}
for _group, _row in _rows(names.CIRCUMSTANCES):
    CIRCUMSTANCES.setdefault(_group, []).append((tuple(_row[0].split()), aligned(_row[1]), pool(_row[2])))
IMPERSONAL = [(Adjective("quality", row[:2] + [""]), row[2]) for _, row in _rows(verb_table.IMPERSONAL)]
MEAN = Verb("mean; meant; meant", "signifier")
ACTION_NOUNS = [(noun, part) for noun in pool("action") for part in noun.complements if len(noun.english[0]) == 1
                and len(noun.french[0]) == 1]
