"""Several corpora as one: trained on their union, validated on a part of each, tested on each."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from data.errors import UserError
from data.sources.splits import Sides, add_sides, shares_a_side
from data.sources.text import Corpus, Example, Request, chunks

VALIDATED = 1500  # pairs of all corpora together

T = TypeVar("T")


def mixture(corpora: Sequence[Corpus]) -> Corpus:
    """The union of corpora, without training pairs that share a side with a held-out pair of any of them.

    Training and validation take a pair of each corpus in turn, so that the beginning of the stream is a sample of all. The
    split ``test`` of ``bible`` is called ``bible_test``. Raises UserError for a corpus that is named twice.
    """
    names = [re.sub(r"\W", "_", corpus.name) for corpus in corpora]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"A mixture has {name!r} twice: name each corpus once, as in DATA=bible,tatoeba.")
    named = dict(zip(names, corpora, strict=True))
    reader = _Reader(
        {f"{name}_{split}": (corpus, split) for name, corpus in named.items() for split in corpus.splits[1:]}
    )
    limited = [corpus.languages for corpus in corpora if corpus.languages]  # a user's own files are in any
    return Corpus(
        name=",".join(corpus.name for corpus in corpora),
        splits=("train", "valid", *reader.parts),
        languages=tuple(language for language in (*limited, ())[0] if all(language in each for each in limited)),
        tests=tuple(f"{name}_{split}" for name, corpus in named.items() for split in corpus.tests),
        read=reader.read,
        edition=lambda folder: "\n".join(corpus.edition(folder) for corpus in corpora),
        length=lambda _: None,
    )


@dataclass(frozen=True)
class _Reader:
    """Reads the splits of a mixture; ``parts`` are the held-out splits of its corpora, by their names in the mixture."""

    parts: dict[str, tuple[Corpus, str]]

    @property
    def corpora(self) -> list[Corpus]:
        return [corpus for corpus, split in self.parts.values() if split == "valid"]

    def read(self, request: Request) -> Iterable[Example | None]:
        """See data.sources.text.Reader."""
        if request.split == "train":
            return self._training(request)
        if request.split == "valid":
            valid = [_part(corpus, "valid", request) for corpus in self.corpora]
            return _in_turn([_spread(examples, VALIDATED // len(valid)) for examples in valid])
        return _part(*self.parts[request.split], request)

    def _training(self, request: Request) -> Iterator[Example | None]:
        taken: Sides = set(), set()
        for corpus, split in self.parts.values():
            add_sides((example[:2] for example in _part(corpus, split, request)), taken)
        streams = [corpus.read(request._replace(limit=None, start=0)) for corpus in self.corpora]
        for example in islice(_in_turn(streams), request.start, None):
            yield None if example is None or shares_a_side(example[:2], taken) else example


def _part(corpus: Corpus, split: str, request: Request) -> list[Example]:
    """A held-out split of one of the corpora."""
    whole = corpus.request(split, request.source, request.target, request.folder)
    return [example for chunk in chunks(corpus, whole) for example in chunk.examples]


def _in_turn(streams: Iterable[Iterable[T]]) -> Iterator[T]:
    """One item of each stream, again and again, until all have ended."""
    left = [iter(stream) for stream in streams]
    while left:
        for stream in [*left]:
            try:
                yield next(stream)
            except StopIteration:
                left.remove(stream)


def _spread(items: Sequence[T], count: int) -> list[T]:
    """So many of the items, evenly spread; all if there are fewer."""
    count = min(count, len(items))
    return [items[i * len(items) // count] for i in range(count)]
