"""One sentence pair in the making: English word by word, French with its links, and who was mentioned.

The grammar writes the English sentence from left to right, so a word's position is fixed once it is written. A construction
returns its French: a list of tokens in French order, each with the English positions that it translates. So links are
correct by construction, and no position ever moves.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, TypeVar

from data.accord.elision import Token, run_together
from data.accord.entries import Name, Noun
from data.links import Links
from data.words import join

French = list[Token]
Item = TypeVar("Item")


class Pair(NamedTuple):
    """An English sentence, its French translation, the gold links between their words, and what its pronouns stand for.

    ``references``: positions of an English pronoun and of the noun it stands for, where that was said before.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    links: Links
    references: tuple[tuple[int, int], ...] = ()

    @property
    def source_text(self) -> str:
        """The English sentence as text; ``data.words.split`` gives back its words."""
        return join(self.source, "en")

    @property
    def target_text(self) -> str:
        """The French sentence as text; ``data.words.split`` gives back its words."""
        return join(self.target, "fr")


class Phrase(NamedTuple):
    """A subject or object: its French, the agreement it asks for (``french.MS`` to ``FP``), its person in both languages."""

    french: French
    agreement: int
    person: int
    english_person: int
    human: bool
    head: Noun | Name | None
    negative: bool = False  # "no minister": its verb takes "ne"
    every: bool = False  # "each minister", "no minister": its verb is not negated again
    complete: bool = False  # a superlative or "no": French would want a subjunctive in a relative clause
    owned: bool = False  # "my windows": no "of" after it


class Draft:
    """A sentence pair in the making."""

    def __init__(self, random: Random, novel: bool) -> None:
        self.random = random.random
        self.novel = novel  # whether held-out combinations of adjective and noun may be used
        self.held_out = 0  # how many were
        self.english: list[str] = []
        self.subject: Phrase | None = None  # of the last clause
        self.object: Phrase | None = None
        self.depth = 0  # relative clauses open
        self.closed = -1  # position after the last relative clause
        self.opened = ""  # kind of the adverbial the sentence opened with, so that it has no second one
        self.plain = False  # whether every verb must be in the tense of the sentence: no modals
        self.plans: set[object] = set()  # constructions used so far that a sentence has only once
        # Genders mentioned, 1 masculine and 2 feminine: of plurals, and of single things. "they" and "it" are used
        # only where one gender alone was mentioned, so that the English sentence fixes the French pronoun.
        self.plurals = 0
        self.things = 0
        self.references: dict[int, int] = {}  # position of a pronoun -> that of the noun it stands for

    def say(self, word: str) -> int:
        """Write an English word; returns its position."""
        self.english.append(word)
        return len(self.english) - 1

    def pick(self, items: Sequence[Item]) -> Item:
        """One of ``items``, all equally likely."""
        return items[int(self.random() * len(items))]

    def room(self, end: int) -> int:
        """How many English words may be said before position ``end``."""
        return end - len(self.english)

    def mention(self, phrase: Phrase) -> None:
        """Remember the gender of what a pronoun might refer to."""
        if phrase.head is None:
            return
        gender = 1 + (phrase.agreement & 1)
        if phrase.agreement & 2:
            self.plurals |= gender
        elif not phrase.human:
            self.things |= gender

    def refer(self, antecedent: Phrase | None) -> None:
        """Note that the last word is a pronoun for the noun of this phrase."""
        if antecedent is None or antecedent.head is None:
            return
        head = antecedent.head
        noun = {form[-1] for form in (head.english if isinstance(head, Noun) else (head.english,))}
        said = sorted(place for _, sure, _ in antecedent.french for place in sure)
        self.references[len(self.english) - 1] = next((at for at in said if self.english[at] in noun), said[0])

    def close(self, subject: Phrase, noun: Phrase | None = None) -> None:
        """Remember subject and object of a clause: pronouns may refer to them from now on."""
        self.mention(subject)
        self.subject, self.object = subject, noun

    def source(self) -> tuple[str, ...]:
        """The English sentence, its first word capitalised."""
        words = self.english
        words[0] = words[0][0].upper() + words[0][1:]
        return tuple(words)

    def finish(self, source: tuple[str, ...], tokens: French) -> Pair:
        """The sentence pair: ``tokens`` capitalised, elided, contracted, and their links."""
        first = tokens[0]
        tokens[0] = (first[0][0].upper() + first[0][1:], first[1], first[2])
        return linked(source, run_together(tokens))._replace(references=tuple(self.references.items()))


def said(draft: Draft, english: str, french: str = "") -> Token:
    """A word and its translation, surely linked; the same word if ``french`` is not given."""
    return french or english, (draft.say(english),), ()


def linked(source: tuple[str, ...], tokens: Sequence[Token]) -> Pair:
    """The pair of an English sentence and French words that bring their links."""
    sure = frozenset([(t, s) for t, (_, certain, _) in enumerate(tokens) for s in certain])
    possible = sure.union([(t, s) for t, (_, _, likely) in enumerate(tokens) for s in likely])
    return Pair(source, tuple([word for word, _, _ in tokens]), Links(sure, possible))
