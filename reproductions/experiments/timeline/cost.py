"""The cost of one step of a mechanism: its products counted, its time measured."""

import statistics
import time
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from reproductions.attention import Attention, build, over_source

POSITIONS = 64  # rows of location-based attention
ROUNDS, CALLS = 15, 20
READING = "S K"  # products of the weighted sum of the values


@dataclass(frozen=True)
class Sizes:
    query: int  # width of the decoder's state
    key: int  # width of an annotation
    hidden: int  # width of the hidden layer, if any
    window: int = 10  # D of local attention
    sentences: int = 64  # B, with one query each
    source: int = 20  # S


@dataclass(frozen=True)
class Cost:
    """The cost of one query over one source sentence, with keys that are already projected."""

    parameters: int  # of the mechanism, including its projection of the keys
    products: int  # multiplications in matrix products; tanh, softmax and sums are not counted
    microseconds: float  # processor time per sentence, median over batches of :class:`Sizes`; forward alone


def formula(name: str) -> str:
    """The products of a mechanism over a source, in the widths D of a query, K of a key and n of a hidden layer."""
    return f"{over_source()[name].products} + {READING}"


def costs(sizes: Sizes) -> dict[str, Cost]:
    """Count and measure every mechanism over a source, on one thread.

    As in RNNsearch, keys are as wide as queries where a mechanism needs that, and values as wide as annotations.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    took = times(sizes)
    torch.set_num_threads(threads)
    steps = {name: _Step(name, sizes) for name in over_source()}
    return {name: Cost(step.parameters, step.products(), took[name]) for name, step in steps.items()}


def times(sizes: Sizes, learning: bool = False) -> dict[str, float]:
    """Microseconds of every mechanism over a source, as in :class:`Cost`; ``learning`` adds the backward pass.

    The mechanisms take turns, so that a busy machine slows all alike.
    """
    steps = {name: _Step(name, sizes) for name in over_source()}
    calls = {name: step.learn if learning else step.look for name, step in steps.items()}
    took: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(CALLS):
            call()
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.process_time()
            for _ in range(CALLS):
                call()
            took[name].append((time.process_time() - start) / CALLS / sizes.sentences)
    return {name: 1e6 * statistics.median(rounds) for name, rounds in took.items()}


class _Step:
    """One query per sentence, to be repeated."""

    def __init__(self, name: str, sizes: Sizes) -> None:
        key = sizes.query if over_source()[name].equal_widths else sizes.key
        self.attention: Attention = build(name, sizes.query, key, sizes.hidden, sizes.window, POSITIONS)
        random = torch.Generator().manual_seed(1)
        B, S = sizes.sentences, sizes.source
        self.query = torch.randn(B, 1, sizes.query, generator=random)
        self.values = torch.randn(B, S, sizes.key, generator=random)
        with torch.no_grad():
            self.keys = self.attention.project(torch.randn(B, S, key, generator=random))
        self.mask = torch.ones(B, 1, S, dtype=torch.bool)
        self.at = torch.full((B, 1), S // 2)
        self.parameters = sum(parameter.numel() for parameter in self.attention.parameters())
        self.sentences = B

    @torch.no_grad()
    def look(self) -> None:
        self.attention.eval()
        self._context(self.query, self.keys, self.values)

    def learn(self) -> None:
        """Forward and backward, to query, keys, values and the mechanism's own parameters."""
        self.attention.train().zero_grad()
        given = (x.detach().requires_grad_() for x in (self.query, self.keys, self.values))
        torch.autograd.backward(self._context(*given).sum())

    def products(self) -> int:
        """Multiplications for one sentence: half of the floating-point operations that torch counts."""
        # The counter does not know products of a matrix and a vector.
        more = {torch.ops.aten.mv: lambda matrix, *_, **__: 2 * matrix[0] * matrix[1]}
        with FlopCounterMode(display=False, custom_mapping=more) as counter:
            self.look()
        operations: int = counter.get_total_flops()
        return operations // 2 // self.sentences

    def _context(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        return self.attention(query, keys, values, self.mask, self.at).context
