"""Batches of similar length, and a loader that resumes where it stopped."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Sampler

from data.errors import UserError

Ints = NDArray[Any]


def rank_and_world() -> tuple[int, int]:
    """Rank of this process and number of processes; called late, because samplers are built before processes are joined."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


def check_sizes(batch_sentences: int | None, batch_tokens: int | None, sort_batches: int) -> None:
    """Raise UserError unless exactly one of the first two is given and all are positive."""
    if (batch_sentences is None) == (batch_tokens is None):
        given = f"{batch_sentences} and {batch_tokens}"
        raise UserError(f"Give exactly one of batch_sentences and batch_tokens, not {given}.")
    for size in (batch_sentences, batch_tokens, sort_batches):
        if size is not None and size < 1:
            raise UserError(f"The size of a batch and sort_batches must be at least 1, not {size}.")


class TokenBatches(Sampler[Ints]):
    """Batches of sentence numbers, (B,) int64 each, of similar length; the same in every run with the same seed.

    Exactly one of two sizes is given:

    ``batch_sentences``: windows of ``sort_batches`` batches are drawn at random, sorted by length and cut
    (Bahdanau et al. 2015, appendix B.2.2: 80 sentences, 20 batches).
    ``batch_tokens``: all sentences are sorted by length, ties at random, and cut so that a batch has at most
    this many cells on either side, padding included: sentences times the longest of source and target
    (Vaswani et al. 2017, section 5.1). The cuts depend on lengths alone, so every epoch has the same number
    of batches. A sentence longer than the budget is a batch of its own.

    ``lengths`` (sentences,) are those of the longer side of each pair. With ``shuffle``, batches are redrawn
    every epoch and all ranks have the same number of them, of similar length at each step; the longest may
    occur on two ranks. Without it, every sentence occurs exactly once over all ranks, and ranks may differ by
    one sentence. Raises UserError for sizes that make no batches.
    """

    def __init__(  # noqa: PLR0913 - two ways to size a batch
        self,
        lengths: Ints,
        batch_sentences: int | None = None,
        batch_tokens: int | None = None,
        sort_batches: int = 20,
        shuffle: bool = True,
        seed: int = 1,
    ) -> None:
        check_sizes(batch_sentences, batch_tokens, sort_batches)
        self.lengths = np.asarray(lengths)
        self.batch_sentences, self.batch_tokens = batch_sentences, batch_tokens
        self.sort_batches = sort_batches
        self.shuffle, self.seed = shuffle, seed
        self.epoch = 0
        self.start = 0
        # Lightning calls set_epoch on loader.sampler and loader.batch_sampler.sampler only: here on the latter.
        self.sampler = self

    def set_epoch(self, epoch: int) -> None:
        """Draw epoch ``epoch`` from now on, from its first batch unless it is the epoch that was resumed."""
        if epoch != self.epoch:
            self.epoch, self.start = epoch, 0

    def __len__(self) -> int:
        """Batches of this rank in a whole epoch."""
        rank, world = rank_and_world()
        if self.shuffle:
            return -(-len(self._ends(self._sorted(self._rng(), 0, 1))) // world)
        return len(self._ends(self._sorted(None, rank, world)))

    def __iter__(self) -> Iterator[Ints]:
        start, self.start = self.start, 0
        yield from self._batches()[start:]

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng((self.seed, self.epoch))

    def _batches(self) -> list[Ints]:
        rank, world = rank_and_world()
        if not self.shuffle:
            return self._cut(self._sorted(None, rank, world))
        rng = self._rng()
        batches = self._cut(self._sorted(rng, 0, 1))
        steps = -(-len(batches) // world)
        # Batches of similar length make one step of all ranks, so that no rank waits long for another.
        mine = [batches[min(step * world + rank, len(batches) - 1)] for step in range(steps)]
        return [mine[step] for step in rng.permutation(steps)]

    def _sorted(self, rng: np.random.Generator | None, rank: int, world: int) -> Ints:
        """The sentence numbers of this rank in the order in which they are cut into batches."""
        count = len(self.lengths)
        order = np.arange(count) if rng is None else rng.permutation(count)
        window = count
        if rng is not None and self.batch_sentences is not None:
            window = self.batch_sentences * self.sort_batches
        windows = np.arange(count) // max(window, 1)
        return order[np.lexsort((self.lengths[order], windows))][rank::world]

    def _cut(self, order: Ints) -> list[Ints]:
        return np.split(order, self._ends(order)[:-1]) if len(order) else []

    def _ends(self, order: Ints) -> list[int]:
        """The positions in ``order`` where batches end."""
        count = len(order)
        if self.batch_sentences is not None:
            return [*range(self.batch_sentences, count, self.batch_sentences), *([count] if count else [])]
        budget = self.batch_tokens
        assert budget is not None
        longest = self.lengths[order]  # ascending, so the last of a batch is its longest
        sizes = np.arange(1, min(budget, count) + 1)
        ends = []
        start = 0
        while start < count:
            cells = sizes[: count - start] * longest[start : start + budget]
            start += max(1, int(np.searchsorted(cells, budget, side="right")))
            ends.append(start)
        return ends


class Batched(Protocol):
    """A data set that returns a whole batch at once."""

    def __len__(self) -> int: ...

    def __getitems__(self, indices: Any) -> Any: ...


def _as_is(batch: Any) -> Any:
    return batch


class ResumableLoader(DataLoader[Any]):
    """A loader whose state is its position: the epoch, and how many of its batches are done.

    ``done``: number of batches trained on in this epoch, if the caller can tell. A batch that was loaded but not trained on
    before an interruption is then loaded again. Without it, a batch counts as done when it is loaded.

    Lightning stores the state in its checkpoints and restores it before the first batch. The sampler then starts after the
    batches that were trained on, so no worker reads them again.
    """

    def __init__(
        self, data: Batched, batches: TokenBatches, num_workers: int = 0, done: Callable[[], int] | None = None
    ) -> None:
        self.batches = batches
        self.done = done
        self.position = 0
        super().__init__(
            data,  # type: ignore[arg-type]
            batch_sampler=batches,  # type: ignore[arg-type]
            collate_fn=_as_is,
            num_workers=num_workers,
            # Its own generator: each pass draws a seed, which must not advance the global generator.
            generator=torch.Generator().manual_seed(batches.seed),
        )

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        # Runs at the first next(), after Lightning has set the epoch; iterators are made earlier.
        self.position = self.batches.start
        for batch in super().__iter__():
            self.position += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self.batches.epoch, "position": self.position if self.done is None else self.done()}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.batches.epoch, self.batches.start = state["epoch"], state["position"]
        self.position = state["position"]
