"""Where an aligner errs: the links it finds by how often the training pairs have their French word, and AER by length."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from data.links import GoldPair
from reproductions.evaluation.arrays import Doubles
from reproductions.evaluation.measures.alignment import Link, aer_of_sums

# Name -> the fewest times; each ends where the next begins. Articles, prepositions and punctuation marks are among the last.
FREQUENCIES = {"unseen": 0, "rare": 1, "common": 10, "frequent": 1000}
LENGTHS = {"short": 1, "long": 21}  # name -> the fewest French words


class Places(NamedTuple):
    """What divides the reported sentences and their links."""

    sure: list[
        list[tuple[Link, int]]
    ]  # of each sentence its sure links, with the number of the frequency of the French word
    length: list[int]  # of each sentence, the number of its length

    @classmethod
    def of(cls, reported: Sequence[GoldPair], frequencies: Sequence[Sequence[int]]) -> "Places":
        """frequencies: of each French word, in each sentence."""
        sure = [
            [(link, _number(FREQUENCIES.values(), times[link[0]])) for link in pair.links.sure]
            for pair, times in zip(reported, frequencies, strict=True)
        ]
        return cls(sure, [_number(LENGTHS.values(), len(pair.target)) for pair in reported])

    def sizes(self) -> dict[str, int]:
        """Sure links of each frequency, sentences of each length."""
        links = np.bincount([place for of_pair in self.sure for _, place in of_pair], minlength=len(FREQUENCIES))
        sentences = np.bincount(self.length, minlength=len(LENGTHS))
        return dict(zip([*FREQUENCIES, *LENGTHS], [*links.tolist(), *sentences.tolist()], strict=True))

    def scores(self, found: Sequence[frozenset[Link]], counts: Doubles) -> dict[str, float | None]:
        """Recall of the sure links of each frequency and AER of the sentences of each length; None where there are none.

        counts (N, 4) of the same links, see :func:`gold_table`.
        """
        hits: list[list[bool]] = [[] for _ in FREQUENCIES]
        for links, of_pair in zip(found, self.sure, strict=True):
            for link, place in of_pair:
                hits[place].append(link in links)
        recall = {
            f"recall_{name}": float(np.mean(each)) if each else None
            for name, each in zip(FREQUENCIES, hits, strict=True)
        }
        aer = {
            f"aer_{name}": float(aer_of_sums(counts[inside].sum(axis=0))) if inside.any() else None
            for name, inside in zip(
                LENGTHS, (np.array(self.length) == place for place in range(len(LENGTHS))), strict=True
            )
        }
        return recall | aer


def _number(fewest: Collection[int], value: int) -> int:
    return sum(value >= least for least in fewest) - 1
