"""Sentences as flat arrays of ids, in memory or mapped from disk."""

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.prepared.folder import begun_array, damaged

if TYPE_CHECKING:
    from torch import Tensor

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
        """Map what ``write_ids`` wrote under ``stem``; raises UserError if it is missing or damaged."""
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

    def joined(self, chosen: Ints) -> Ints:
        """The ids of the chosen sentences, one after the other."""
        starts, lengths = self.offsets[chosen], self.lengths[chosen]
        before = np.cumsum(lengths) - lengths
        return self.ids[np.arange(lengths.sum()) + np.repeat(starts - before, lengths)]

    def padded(self, chosen: Ints, pad: int) -> "tuple[Tensor, Tensor]":
        """Ids (B, T) int64 of the chosen sentences (B,), and mask (B, T) bool, True where a sentence has an id."""
        import torch  # here, since the processes that prepare text do without

        starts = self.offsets[chosen]
        lengths = self.offsets[chosen + 1] - starts
        positions = np.arange(lengths.max(initial=1))
        mask = positions < lengths[:, None]
        ids = np.full(mask.shape, pad, dtype=np.int64)
        ids[mask] = self.ids[(starts[:, None] + positions)[mask]]
        return torch.from_numpy(ids), torch.from_numpy(mask)


def write_ids(stem: Path, count: int, chunks: Iterable[FlatIds]) -> None:
    """Write the sentences of all chunks, ``count`` in all, to ``<stem>.ids`` and ``<stem>.offsets.npy`` as they come."""
    offsets = begun_array(stem.with_name(stem.name + ".offsets.npy"), np.int64, count + 1)
    with stem.with_name(stem.name + ".ids").open("wb") as ids, offsets:
        offsets.write(np.zeros(1, dtype=np.int64).tobytes())
        end = 0
        for sentences in chunks:
            ids.write(sentences.ids.tobytes())
            offsets.write((end + sentences.offsets[1:]).tobytes())
            end += len(sentences.ids)
