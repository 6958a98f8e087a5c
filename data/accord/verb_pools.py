"""The verbs of the lexicon with their subjects and objects, and the nouns with their verbs."""

from data.accord import lexicon, verb_table
from data.accord.entries import Adjective, Noun, Verb, rows
from data.accord.pools import nouns, often, pool


def _verb(forms: str, french: str, subjects: str = "", objects: str = "") -> Verb:
    """A verb with its pools."""
    verb = Verb(forms, french)
    verb.subjects, verb.objects = often(pool(subjects)), often(pool(objects))
    return verb


def _transitive() -> list[Verb]:
    """Transitive verbs, the frequent ones three times; fills ``verbs`` and ``doers`` of the nouns."""
    verbs = [_verb(forms, french, subjects, objects)
             for forms, french, subjects, objects in rows(verb_table.TRANSITIVE)]
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
    """Verbs of a table with columns for prepositions: "-" in the table is none, -1 as argument is no such column."""
    verbs = []
    for row in rows(table):
        verb = _verb(*(column for at, column in enumerate(row) if at not in (english_column, french_column)))
        verb.preposition = row[english_column].replace("-", "") if english_column >= 0 else ""
        verb.french_preposition = row[french_column].replace("-", "") if french_column >= 0 else ""
        verbs.append(verb)
    return verbs


TRANSITIVE = _transitive()
PASSIVE = [verb for verb in TRANSITIVE if verb.passive]
PREPOSITIONAL = _with_preposition(verb_table.PREPOSITIONAL, 1, 3)
DITRANSITIVE = [_verb(*row) for row in rows(verb_table.DITRANSITIVE)]
INTRANSITIVE = [_verb(*row) for row in rows(verb_table.INTRANSITIVE)]
ENGLISH_FIRST = [verb for verb in DITRANSITIVE if verb.clitic_first]
SENTENTIAL = [_verb(*row) for row in rows(verb_table.SENTENTIAL)]
QUOTING = [_verb(*row) for row in rows(verb_table.QUOTING)]
MOTION = _with_preposition(verb_table.MOTION, 1, -1)
INFINITIVE = _with_preposition(verb_table.INFINITIVE, -1, 2)
BE, MEAN = Verb("be; was; been", "être"), Verb("mean; meant; meant", "signifier")


def _modal(word: str, infinitive: str) -> Verb:
    """An English auxiliary of one form and its French verb."""
    verb = Verb(word, infinitive)
    verb.english = ((((word, ""),) * 5,) * 2,) * 7
    return verb


MODALS = [(_modal(word, infinitive), tense) for word, infinitive, tense in rows(verb_table.MODALS)]
IMPERSONAL = [(Adjective(english, french, "quality"), mood) for english, french, mood in rows(verb_table.IMPERSONAL)]

MINISTER = nouns("minister")[0]  # who can do what a person can
BELONGINGS = {row[0]: [noun for noun in nouns(row[1]) if noun.verbs] for row in rows(lexicon.BELONGINGS)}
ACTION_NOUNS = [(noun, part) for noun in nouns("action") for part in noun.complements
                if len(noun.english[0]) == len(noun.french[0]) == 1]
