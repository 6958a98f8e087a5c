"""Word links between a target sentence and its source: the gold standard of an alignment."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Links:
    """Sure and possible links of one sentence pair, as in Och and Ney (2003), section 5.

    A link is (target position, source position), counted from 0, over words without the end symbol. Every sure link is also
    possible. Raises ValueError if one is not, and for a negative position.
    """

    sure: frozenset[tuple[int, int]]
    possible: frozenset[tuple[int, int]]

    def __post_init__(self) -> None:
        if not self.sure <= self.possible:
            stray = sorted(self.sure - self.possible)
            raise ValueError(f"Sure links must also be possible, but {stray} are sure only.")
        negative = sorted(link for link in self.possible if min(link) < 0)
        if negative:
            raise ValueError(f"Links are (target, source) positions counted from 0, but {negative} are negative.")


class GoldPair(NamedTuple):
    """A sentence pair with links that people have judged, over the words that they have marked: these decide positions."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    links: Links
    where: str  # file and line of the links


def pharaoh(links: Collection[tuple[int, int]]) -> str:
    """Links as aligners print them, ``source-target`` from 0 with spaces between: "0-0 1-2"."""
    return " ".join(f"{source}-{target}" for source, target in sorted((source, target) for target, source in links))
