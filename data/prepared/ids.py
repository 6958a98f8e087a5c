"""Sentences as flat arrays of ids, in memory or mapped from disk."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.prepared.folder import damaged

Ints = NDArray[Any]


class FlatIds:
    """Sentence i is ``ids[offsets[i]:offsets[i + 1]]``: two arrays for any number of sentences.

    ``ids`` (N,) int32, ``offsets`` (sentences + 1,) int64. Either may be mapped from disk.
    """

    def __init__(self, ids: Ints, offsets: Ints) -> None:
        self.ids = ids
        self.offsets = offsets

    @classmethod
    def of(cls, sentences: Sequence[Sequence[int]]) -> "FlatIds":
        lengths = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        ids = np.fromiter(chain.from_iterable(sentences), dtype=np.int32, count=int(offsets[-1]))
        return cls(ids, offsets)

    @classmethod
    def load(cls, stem: Path) -> "FlatIds":
        """Map what FlatIdsWriter wrote under ``stem``; raises UserError if it is missing or damaged."""
        try:
            offsets = np.load(stem.with_name(stem.name + ".offsets.npy"), allow_pickle=False)
            path = stem.with_name(stem.name + ".ids")
            size = path.stat().st_size // np.dtype(np.int32).itemsize
            ids = np.memmap(path, dtype=np.int32, mode="r") if size else np.zeros(0, dtype=np.int32)
        except (OSError, ValueError) as error:
            raise damaged(stem.parent, error) from None
        if size != offsets[-1]:
            raise damaged(stem.parent, f"{path.name} holds {size} ids instead of {offsets[-1]}")
        return cls(ids, offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> Ints:
        return self.ids[self.offsets[i] : self.offsets[i + 1]]

    @property
    def lengths(self) -> Ints:
        """(sentences,) int64."""
        return np.diff(self.offsets)

    def padded(self, chosen: Ints, pad: int) -> tuple[Tensor, Tensor]:
        """Ids (B, T) int64 of the chosen sentences (B,), and mask (B, T) bool, True where a sentence has an id."""
        starts = self.offsets[chosen]
        lengths = self.offsets[chosen + 1] - starts
        positions = np.arange(lengths.max(initial=1))
        mask = positions < lengths[:, None]
        ids = np.full(mask.shape, pad, dtype=np.int64)
        ids[mask] = self.ids[(starts[:, None] + positions)[mask]]
        return torch.from_numpy(ids), torch.from_numpy(mask)


class FlatIdsWriter:
    """Appends sentences to ``<stem>.ids`` as they come; ``close`` writes ``<stem>.offsets.npy``."""

    def __init__(self, stem: Path) -> None:
        self._stem = stem
        self._file = stem.with_name(stem.name + ".ids").open("wb")
        self._lengths: list[Ints] = [np.zeros(1, dtype=np.int64)]

    def append(self, sentences: Sequence[Sequence[int]]) -> None:
        flat = FlatIds.of(sentences)
        self._file.write(flat.ids.tobytes())
        self._lengths.append(flat.lengths)

    def close(self) -> None:
        self._file.close()
        offsets = np.cumsum(np.concatenate(self._lengths))
        np.save(self._stem.with_name(self._stem.name + ".offsets.npy"), offsets)
