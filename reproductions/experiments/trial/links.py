"""Links of gold sentences by every system of the trial: translators in two views, statistical aligners, the diagonal.

All links are (French position, English position), between the words of the gold.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from data.links import GoldPair
from data.prepared.aligner import Aligner as StatisticalAligner
from data.prepared.aligner import Pair, turned_pair
from data.progress import counted
from data.sources.corpora import load
from data.words import split, tokens_of
from reproductions.evaluation.measures.alignment import Link, diagonal, hard_links, relative
from reproductions.evaluation.measures.symmetrisation import turned
from reproductions.evaluation.views.alignment import Choice, choose_view, naive_view
from reproductions.runs import Run
from reproductions.tasks.task import restore
from reproductions.tasks.translation.collect import TranslationMaps
from reproductions.tasks.translation.forced import Aligner

log = logging.getLogger(__name__)
NO_EFLOMAL = (
    "eflomal is not installed, so the trial goes on without it: `make setup EXTRAS=trial` builds it, with a C compiler."
)
# Those of the naive view and of the chosen one, and of the chosen one each by the mean of its column.
WEIGHTS = ("naive", "chosen", "relative")

OfSentences = list[frozenset[Link]]
WordPair = tuple[list[str], list[str]]  # English, French


class Directions(NamedTuple):
    """Links of the same sentences in both directions: a link for each French word, and for each English word."""

    ahead: OfSentences
    back: OfSentences


class Looked(NamedTuple):
    """The links of one translator by the name of the weights, and the choice of a view."""

    links: dict[str, OfSentences]
    view: str  # the chosen one, in words
    choice: Choice


def of_translator(run: Run, development: Sequence[GoldPair], reported: Sequence[GoldPair]) -> Looked:
    """The links of the reported pairs; the view is chosen by the gold of the development pairs alone. Both have its languages."""
    aligner = Aligner(restore(run))

    def maps(pairs: Sequence[GoldPair]) -> list[TranslationMaps]:
        return aligner.maps([aligner.read(" ".join(pair.source), " ".join(pair.target)) for pair in pairs])

    looked = maps(development)
    choice = choose_view(
        maps=[each.maps for each in looked],
        norms=[each.norms for each in looked],
        golds=[pair.links for pair in development],
        pieces=[each.pieces for each in looked],
    )
    seen = maps(reported)
    size = seen[0].maps.shape[:2]
    naive, chosen = ([each.matrix(view) for each in seen] for view in (naive_view(*size), choice.view))
    weights = dict(zip(WEIGHTS, (naive, chosen, map(relative, chosen)), strict=True))
    links = {name: [*map(hard_links, of_sentences)] for name, of_sentences in weights.items()}
    if run.data["source_language"] == "fr":
        links = {name: [*map(turned, found)] for name, found in links.items()}
    return Looked(links, choice.view.describe(*size), choice)


def of_diagonal(reported: Sequence[GoldPair]) -> Directions:
    """The length-scaled diagonal, which sees no words."""
    lengths = [(len(pair.target), len(pair.source)) for pair in reported]
    return Directions([diagonal(T, S) for T, S in lengths], [turned(diagonal(S, T)) for T, S in lengths])


class Bitext:
    """The words of gold sentences and of the training pairs of a run, lower-cased."""

    def __init__(self, run: Run, reported: Sequence[GoldPair]) -> None:
        self.gold = [(_words(" ".join(pair.source), "en"), _words(" ".join(pair.target), "fr")) for pair in reported]
        self.places = [
            (tokens_of(english, pair.source), tokens_of(french, pair.target))
            for (english, french), pair in zip(self.gold, reported, strict=True)
        ]
        self.data = run.data

    def training(self) -> Iterator[WordPair]:
        longest, read = self.data["max_words"], load(self.data["corpus"], "train", "en", "fr", count=self.data["pairs"])
        split_up = ((_words(example.source, "en"), _words(example.target, "fr")) for example in read)
        return (pair for pair in split_up if max(map(len, pair)) <= longest)

    def pairs(self) -> Iterator[WordPair]:
        """The gold sentences, then the training pairs."""
        return chain(self.gold, self.training())

    def frequencies(self) -> list[list[int]]:
        """By sentence, how often the training pairs have each French word of the gold; of one that we split, its rarest part."""
        seen = Counter(word for _, french in self.training() for word in french)
        of_words = [[(place, seen[word]) for word, place in zip(french, places, strict=True)]
                    for (_, french), (_, places) in zip(self.gold, self.places, strict=True)]  # fmt: skip
        return [
            [min(times for place, times in words if place == token) for token in range(words[-1][0] + 1)]
            for words in of_words
        ]

    def between_tokens(self, links: Sequence[frozenset[Link]]) -> OfSentences:
        """Links between our words as links between the words of the gold."""
        return [
            frozenset((french[t], english[s]) for t, s in found)
            for found, (english, french) in zip(links, self.places, strict=True)
        ]


def _words(text: str, language: str) -> list[str]:
    return split(text.lower(), language)


def of_statistics(bitext: Bitext) -> Directions:
    """The project's own aligner."""
    numbers: tuple[dict[str, int], dict[str, int]] = ({}, {})

    def numbered(pair: WordPair) -> Pair:
        return Pair(*(np.array([known.setdefault(word, len(known)) for word in words], dtype=np.int64)
                      for words, known in zip(pair, numbers, strict=True)))  # fmt: skip

    pairs = map(numbered, counted(bitext.pairs(), "reading the pairs for the statistical aligner", None, "pairs"))
    gold = [next(pairs) for _ in bitext.gold]
    aligner = StatisticalAligner(chain(gold, pairs))
    ahead, back = aligner.ahead.links(gold), aligner.back.links([turned_pair(pair) for pair in gold])
    return Directions(bitext.between_tokens(ahead), bitext.between_tokens([turned(found) for found in back]))


def of_eflomal(bitext: Bitext) -> Directions | None:
    """eflomal (Östling and Tiedemann 2016), if it is installed."""
    try:
        import eflomal
    except ImportError:
        log.warning(NO_EFLOMAL)
        return None
    with TemporaryDirectory() as name:
        files = [Path(name) / file for file in ("en", "fr", "ahead", "back")]
        with files[0].open("w", encoding="utf-8") as english, files[1].open("w", encoding="utf-8") as french:
            for pair in bitext.pairs():
                for file, words in zip((english, french), pair, strict=True):
                    file.write(" ".join(words) + "\n")
        with files[0].open(encoding="utf-8") as english, files[1].open(encoding="utf-8") as french:
            eflomal.Aligner().align(english, french, links_filename_fwd=str(files[2]), links_filename_rev=str(files[3]))
        return Directions(*(bitext.between_tokens(_read(file, len(bitext.gold))) for file in files[2:]))


def _read(file: Path, count: int) -> OfSentences:
    """The links of the first lines of a file of "English-French" positions."""
    with file.open(encoding="utf-8") as lines:
        rows = [[link.split("-") for link in next(lines).split()] for _ in range(count)]
    return [frozenset((int(t), int(s)) for s, t in row) for row in rows]
