"""What one step of a mechanism costs: its products counted, its time measured."""

import statistics
import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from reproductions.attention import Attention, build, over_source

POSITIONS = 64  # rows of location-based attention
ROUNDS, CALLS = 15, 20


@dataclass(frozen=True)
class Sizes:
    """Of what is measured.

    Attributes:
        query, key: widths of the decoder's state and of an annotation.
        hidden: of the hidden layer, where there is one.
        window: D of local attention.
        sentences, source: B and S; one query a sentence.
    """

    query: int
    key: int
    hidden: int
    window: int = 10
    sentences: int = 64
    source: int = 20


@dataclass(frozen=True)
class Cost:
    """Of one query over one source sentence, keys projected beforehand.

    Attributes:
        parameters: of the mechanism, its projection of the keys included.
        products: multiplications of matrix products; tanh, softmax and sums are not counted.
        microseconds: median over batches of :class:`Sizes`, a sentence; forward alone.
    """

    parameters: int
    products: int
    microseconds: float


def cost(name: str, sizes: Sizes) -> Cost:
    """Count and measure one mechanism over a source, on as many threads as torch uses.

    Where the mechanism asks for queries as wide as keys, both have the width of the query.
    """
    return _measured({name: sizes})[name]


def costs(sizes: Sizes) -> dict[str, Cost]:
    """Of every mechanism over a source, measured in turn, round by round, so that a busy moment hits all alike."""
    return _measured(dict.fromkeys(over_source(), sizes))


@torch.no_grad()
def _measured(wanted: dict[str, Sizes]) -> dict[str, Cost]:
    steps = {name: _Step(name, sizes) for name, sizes in wanted.items()}
    times: dict[str, list[float]] = {name: [] for name in wanted}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            start = time.perf_counter()
            for _ in range(CALLS):
                step()
            times[name].append((time.perf_counter() - start) / CALLS / wanted[name].sentences)
    return {
        name: Cost(step.parameters, step.products(), 1e6 * statistics.median(times[name]))
        for name, step in steps.items()
    }


class _Step:
    """One query a sentence, ready to be asked again and again."""

    def __init__(self, name: str, sizes: Sizes) -> None:
        kind = over_source()[name]
        key = sizes.query if kind.equal_widths else sizes.key
        self.attention: Attention = build(name, sizes.query, key, sizes.hidden, sizes.window, POSITIONS).eval()
        random = torch.Generator().manual_seed(1)
        B, S = sizes.sentences, sizes.source
        self.query = torch.randn(B, 1, sizes.query, generator=random)
        self.values = torch.randn(B, S, key, generator=random)
        self.keys = self.attention.project(self.values)
        self.mask = torch.ones(B, 1, S, dtype=torch.bool)
        self.at = torch.full((B, 1), S // 2)
        self.parameters = sum(parameter.numel() for parameter in self.attention.parameters())
        self.sentences = B
        for _ in range(CALLS):
            self()

    def __call__(self) -> None:
        self.attention(self.query, self.keys, self.values, self.mask, self.at)

    def products(self) -> int:
        """Multiplications for one sentence: half of the floating-point operations that torch counts."""
        with FlopCounterMode(display=False, custom_mapping={torch.ops.aten.mv: _matrix_times_vector}) as counter:
            self()
        return counter.get_total_flops() // 2 // self.sentences


def _matrix_times_vector(matrix: list[int], *_: object, **__: object) -> int:
    """Operations of a product that torch's counter leaves out."""
    return 2 * matrix[0] * matrix[1]
