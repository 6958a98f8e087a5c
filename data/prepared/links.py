"""Word links of a prepared text without gold, made once by the statistical aligner.

Those of the validation split choose a view, and guided alignment learns those of the training pairs.
"""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np

from data.prepared.aligner import Aligner, Pair
from data.prepared.folder import prepared_folder
from data.prepared.ids import FlatIds, write_ids
from data.prepared.text import load_ids
from data.progress import counting
from data.sources.text import CHUNK

_VERSION = 2  # of the aligner


def load_links(folder: Path, split: str, data_dir: Path) -> list[FlatIds]:
    """The links of each pair of a split as numbers t, s, t, s, .., between words or pieces: the sure ones; and, but for the
    training split, the possible ones.

    They are made when they are first asked for, from the training pairs and those of the split.
    """
    kinds = ["sure"] if split == "train" else ["sure", "possible"]
    name = f"{folder.name}-links-{split}"
    made = prepared_folder(name, [_VERSION], data_dir, lambda work: _make(folder, split, kinds, work))
    return [FlatIds.load(made / kind) for kind in kinds]


def pairs_of(folder: Path, split: str) -> Iterator[Pair]:
    """The pairs of a split without ``</s>``."""
    source, target = load_ids(folder, split)
    for i in range(len(source)):
        yield Pair(np.asarray(source[i])[:-1], np.asarray(target[i])[:-1])


def _make(folder: Path, split: str, kinds: list[str], work: Path) -> None:
    count = len(load_ids(folder, split)[0])
    learned = dict.fromkeys([split, "train"])
    aligner = Aligner(chain.from_iterable(pairs_of(folder, each) for each in learned))

    def linked(kind: str) -> Iterator[FlatIds]:
        pairs = pairs_of(folder, split)
        with counting(f"linking {split}", count, "pairs") as progress:
            while chunk := list(islice(pairs, CHUNK)):
                links = [sorted(getattr(each, kind)) for each in aligner.links(chunk)]
                yield FlatIds.of([list(chain.from_iterable(of_pair)) for of_pair in links])
                progress.done += len(links)

    for kind in kinds:
        write_ids(work / kind, count, linked(kind))
