"""Word links of the training pairs of a prepared text, made once by the statistical aligner; guided alignment learns them."""

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


def load_links(folder: Path, data_dir: Path) -> FlatIds:
    """The links of each training pair of a prepared directory as numbers t, s, t, s, .., between words or pieces.

    They are made when they are first asked for.
    """
    made = prepared_folder(f"{folder.name}-links", [_VERSION], data_dir, lambda work: _make(folder, work))
    return FlatIds.load(made / "train")


def pairs_of(source: FlatIds, target: FlatIds) -> Iterator[Pair]:
    """The pairs of a split without ``</s>``."""
    for i in range(len(source)):
        yield Pair(np.asarray(source[i])[:-1], np.asarray(target[i])[:-1])


def _make(folder: Path, work: Path) -> None:
    ids = load_ids(folder, "train")
    count = len(ids[0])

    def linked() -> Iterator[FlatIds]:
        aligner, pairs = Aligner(pairs_of(*ids)), pairs_of(*ids)
        with counting("linking train", count, "pairs") as progress:
            while chunk := list(islice(pairs, CHUNK)):
                links = [sorted(each.sure) for each in aligner.links(chunk)]
                yield FlatIds.of([list(chain.from_iterable(of_pair)) for of_pair in links])
                progress.done += len(links)

    write_ids(work / "train", count, linked())
