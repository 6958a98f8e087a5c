"""Which sentence belongs to which split, and the endless stream of each.

A hash of the English text decides between train, valid, test and long, so that no sentence is in two of them, for any
seeds. The compositional split needs no hash: each of its sentences has a combination that no other split may have.
"""

from bisect import bisect
from collections.abc import Iterator
from hashlib import blake2b
from itertools import accumulate, islice
from math import exp
from random import Random

from data.accord.draft import Draft, Pair
from data.accord.fixed import FIXED
from data.accord.sentences import sentence
from data.errors import UserError

SPLITS = ("train", "valid", "test", "long", "compositional")
SHORTEST, LONGEST = 3, 60
LONG = 30  # words of the shortest sentence of the long split

_FIXED = frozenset(pair.source for pair in FIXED)
# How many sentences in a hundred go to a split; those of the long split are taken from long sentences alone.
_SHARES = {"valid": 8, "test": 8, "long": 40}
_LENGTHS = range(SHORTEST, 51)


def _cumulative_weights(lost: float) -> list[float]:
    """How often each length is asked for: most often 11, one sentence in eight above 30.

    ``lost`` is the share of the long sentences that another split takes: that many more are asked for.
    """
    return list(accumulate(length**1.5 * exp(-length / 7.3) / (1 - lost * (length >= LONG)) for length in _LENGTHS))


_WEIGHTS = {split: _cumulative_weights(0) for split in SPLITS}
_WEIGHTS["train"] = _cumulative_weights(_SHARES["long"] / (100 - _SHARES["valid"] - _SHARES["test"]))


def split_of(source: tuple[str, ...]) -> str:
    """The split that an English sentence without held-out combination belongs to, by a hash of its text."""
    share = int.from_bytes(blake2b(" ".join(source).encode(), digest_size=4).digest(), "big") % 100
    for split, size in _SHARES.items():
        share -= size
        if share < 0:
            return split if split != "long" or len(source) >= LONG else "train"
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
    weights = _WEIGHTS[split]
    shortest = LONG if split == "long" else SHORTEST
    while True:
        if split == "long":
            length = LONG + int(random.random() * (LONGEST + 1 - LONG))
        else:
            length = _LENGTHS[bisect(weights, random.random() * weights[-1])]
        draft = Draft(random, novel)
        tokens = sentence(draft, length)
        source = draft.source()
        if not shortest <= len(source) <= LONGEST or source in _FIXED:
            continue
        if draft.held_out if novel else split_of(source) == split:
            yield draft.finish(source, tokens)
