"""Which sentence belongs to which split, and the endless stream of each."""

from bisect import bisect
from collections.abc import Iterator
from hashlib import blake2b
from itertools import accumulate, islice
from random import Random

from data.accord.draft import Draft, Pair
from data.accord.fixed import FIXED
from data.accord.sentences import sentence
from data.errors import UserError

SPLITS = ("train", "valid", "test", "long", "compositional")
SHORTEST, LONGEST = 3, 60

_FIXED = frozenset(pair.source for pair in FIXED)
_LENGTHS = range(3, 51)
_WEIGHTS = list(accumulate(n**1.5 * 2.718281828 ** (-n / 7.3) for n in _LENGTHS))


def split_of(source: tuple[str, ...]) -> str:
    """The split an English sentence without held-out combination belongs to."""
    share = int.from_bytes(blake2b(" ".join(source).encode(), digest_size=4).digest(), "big") % 100
    if share < 8:
        return "valid"
    if share < 16:
        return "test"
    if share < 32 and len(source) >= 30:
        return "long"
    return "train"


def pairs(split: str, count: int | None = None, seed: int = 2014) -> Iterator[Pair]:
    """Stream ``count`` pairs of a split, without end if ``count`` is None; a longer stream begins as a shorter one.

    Raises UserError for an unknown split or a negative count.
    """
    if split not in SPLITS:
        raise UserError(f"Accord has no split {split!r}: choose one of {', '.join(SPLITS)}.")
    if count is not None and count < 0:
        raise UserError(f"The number of pairs must not be negative, but it is {count}.")
    return islice(_stream(split, seed), count)


def _stream(split: str, seed: int) -> Iterator[Pair]:
    random = Random(f"{split} {seed}")
    novel = split == "compositional"
    while True:
        if split == "long":
            length = 30 + int(random.random() * 31)
        else:
            length = _LENGTHS[bisect(_WEIGHTS, random.random() * _WEIGHTS[-1])]
        draft = Draft(random, novel)
        tokens = sentence(draft, length)
        if novel and not draft.held_out:
            continue
        pair = draft.finish(tokens)
        if not SHORTEST <= len(pair.source) <= LONGEST or pair.source in _FIXED:
            continue
        if novel or split_of(pair.source) == split:
            yield pair
