"""Which split a pair belongs to, by a stable hash, so that no sentence stands in two splits."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from data.sources.text import Request

_NO_LETTER_OR_DIGIT = re.compile(r"[\W_]+")
_PRECEDENCE = ("test", "long", "valid")

Pair = tuple[str, str]
HeldOut = dict[str, list[Pair]]  # by split; none of train
Sides = tuple[set[bytes], set[bytes]]


def split_of(text: str, shares: Mapping[str, float]) -> str:
    """The split of a text by its hash, ``train`` where no share takes it; case and punctuation do not count."""
    position = int.from_bytes(_digest(text), "big") / 2**64
    for split, share in shares.items():
        if (position := position - share) < 0:
            return split
    return "train"


def held_out(pairs: Iterable[tuple[str, Pair]]) -> HeldOut:
    """The pairs of each split but train, given with the split that each is chosen for.

    If two splits would share a sentence, test takes precedence over long, and long over valid.
    """
    chosen: HeldOut = {split: [] for split in _PRECEDENCE}
    for split, pair in pairs:
        if split in chosen:
            chosen[split].append(pair)
    taken: Sides = set(), set()
    for split in _PRECEDENCE:
        chosen[split] = [pair for pair in chosen[split] if not shares_a_side(pair, taken)]
        add_sides(chosen[split], taken)
    return chosen


def by_first_side(pairs: Iterable[Pair], share: float) -> HeldOut:
    """The pairs of valid and of test, chosen by a hash of the first side: ``share`` of all for each.

    Then "Go." and "Go!" go to the same split, and both directions have the same test set.
    """
    shares = {"test": share, "valid": share}
    return held_out((split_of(pair[0], shares), pair) for pair in pairs)


def read_split(pairs: Iterable[Pair | None], held: HeldOut, request: Request) -> Iterator[Pair | None]:
    """The pairs of a split; in training None for each that stands among them and belongs to, or shares a side with, another."""
    if request.split != "train":
        yield from held[request.split]
        return
    taken: Sides = set(), set()
    for split in held.values():
        add_sides(split, taken)
    for pair in islice(pairs, request.start, None):
        yield None if pair is None or shares_a_side(pair, taken) else pair


def add_sides(pairs: Iterable[Pair], taken: Sides) -> None:
    """Add the digests of both sides of all pairs."""
    for pair in pairs:
        for text, side in zip(pair, taken, strict=True):
            side.add(_digest(text))


def shares_a_side(pair: Pair, taken: Sides) -> bool:
    """Whether one of the sides is among those that are taken."""
    return _digest(pair[0]) in taken[0] or _digest(pair[1]) in taken[1]


def _digest(text: str) -> bytes:
    letters = _NO_LETTER_OR_DIGIT.sub("", text.casefold())
    return hashlib.blake2b((letters or text).encode(), digest_size=8).digest()
