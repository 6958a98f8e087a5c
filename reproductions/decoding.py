"""Greedy and beam search over one step protocol; the attention maps survive both.

Shapes: B sentences, k hypotheses a sentence, L layers, H heads, S source positions, V words.
"""

from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

Memory = Any  # a NamedTuple of tensors, batch first: what a sentence keeps through all steps
State = Any  # a NamedTuple of tensors, batch first: what a step hands to the next


class Translator(Protocol):
    """What decoding asks of a model. ``features`` stepped word by word equals ``step``."""

    def encode(self, source: Tensor, mask: Tensor) -> tuple[Memory, State]: ...

    def step(self, memory: Memory, state: State, previous: Tensor | None) -> tuple[Tensor, Tensor, State]:
        """Logits (B, V), maps (B, L, H, 1..S) and state after the word ``previous`` (B), None at the start."""
        ...


class Hypothesis(NamedTuple):
    """One translation.

    Attributes:
        ids: words, the last one ``</s>`` unless the limit of length came first.
        log_probability: sum of log p(y_i | y_1 .. y_{i-1}, x) over ``ids``.
        maps: (L, H, T, S), the attention that produced each word, over the real source positions.
    """

    ids: list[int]
    log_probability: float
    maps: Tensor


class _Trace:
    """The words, weights and parents of every step; a hypothesis is read off it backwards.

    Nothing is reordered while searching: a row only remembers which row of the step before it continues.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[Tensor, Tensor, Tensor]] = []

    def add(self, words: Tensor, parents: Tensor, maps: Tensor) -> None:
        """Record the rows R of a step: words (R), the rows of the step before that they continue (R), maps (R, L, H, S)."""
        self.steps.append((words, parents, maps))

    def hypothesis(self, step: int, row: int, log_probability: float, length: int) -> Hypothesis:
        """Follow the parents back from ``row`` of ``step``; ``length`` is the number of real source positions."""
        ids, maps = [], []
        for words, parents, weights in reversed(self.steps[: step + 1]):
            ids.append(int(words[row]))
            maps.append(weights[row, :, :, :length])
            row = int(parents[row])
        return Hypothesis(ids[::-1], log_probability, torch.stack(maps[::-1], dim=2))


def _select(items: Any, rows: Tensor) -> Any:
    """The given rows of a NamedTuple of tensors."""
    return type(items)(*(item.index_select(0, rows) for item in items))


def default_limit(source_lengths: Tensor) -> Tensor:
    """Three times the source length (B), ``</s>`` included: the limit of the authors' code of Bahdanau et al. (2014)."""
    return 3 * source_lengths


@torch.inference_mode()
def greedy(model: Translator, source: Tensor, mask: Tensor, eos: int, limit: Tensor | None = None) -> list[Hypothesis]:
    """The most probable word at every step.

    Args:
        model: in evaluation mode.
        source: (B, S) word ids, padded.
        mask: (B, S), True = real.
        eos: id of ``</s>``.
        limit: (B) most words of each translation; three times the source length by default.
    """
    lengths = mask.sum(1)
    limit = default_limit(lengths) if limit is None else limit
    memory, state = model.encode(source, mask)
    trace, done = _Trace(), [(0, 0)] * len(source)
    alive = torch.arange(len(source), device=source.device)  # the sentence of each row
    scores = torch.zeros(len(source), device=source.device)
    parents, previous, step = alive, None, 0
    totals = torch.zeros(len(source), device=source.device)
    while len(alive):
        logits, maps, state = model.step(memory, state, previous)
        best, words = logits.float().max(dim=-1)
        scores = scores + best - logits.float().logsumexp(dim=-1)
        trace.add(words, parents, maps)
        ended = (words == eos) | (step + 1 >= limit[alive])
        parents = (~ended).nonzero()[:, 0]
        for row in ended.nonzero()[:, 0].tolist():
            done[int(alive[row])] = (step, row)
        totals[alive[ended]] = scores[ended]
        if len(parents) < len(alive):
            memory, state = _select(memory, parents), _select(state, parents)
        alive, scores, previous = alive[parents], scores[parents], words[parents]
        step += 1
    return [trace.hypothesis(*at, float(totals[b]), int(lengths[b])) for b, at in enumerate(done)]


def length_penalty(length: int | Tensor, alpha: float) -> float | Tensor:
    """((5 + length) / 6) ** alpha, Wu et al. (2016), equation (14), as Vaswani et al. (2017) use it; 1 for alpha = 0."""
    return ((5 + length) / 6) ** alpha


@torch.inference_mode()
def beam(
    model: Translator, source: Tensor, mask: Tensor, eos: int, width: int, alpha: float = 0.0, limit: Tensor | None = None
) -> list[Hypothesis]:
    """The best of the translations that a beam of ``width`` hypotheses finds, by log-probability / length penalty.

    A sentence is done when ``width`` hypotheses have ended or no open one can still win, whatever else is in the batch.

    Args:
        model, source, mask, eos, limit: as in :func:`greedy`.
        width: k, hypotheses kept open a sentence.
        alpha: exponent of the length penalty; 0 compares plain log-probabilities, as Bahdanau et al. (2014) do.
    """
    lengths = mask.sum(1)
    limit = default_limit(lengths) if limit is None else limit
    memory, state = model.encode(source, mask)
    first = torch.arange(len(source), device=source.device).repeat_interleave(width)
    memory, state = _select(memory, first), _select(state, first)
    alive = torch.arange(len(source), device=source.device)  # the sentence of each group of rows
    scores = torch.full((len(source), width), -torch.inf, device=source.device)
    scores[:, 0] = 0.0  # at the start all hypotheses of a sentence are the same
    rows, previous, step, trace = first, None, 0, _Trace()
    ended: list[list[tuple[float, float, int, int]]] = [[] for _ in range(len(source))]
    while len(alive):
        logits, maps, state = model.step(memory, state, previous)
        total = scores.flatten()[:, None] + logits.float().log_softmax(-1)
        # Twice the width: even if every hypothesis could end here, as many stay open.
        best, index = total.view(len(alive), -1).topk(min(2 * width, width * logits.shape[1]))
        words = index % logits.shape[1]
        origin = index // logits.shape[1] + torch.arange(len(alive), device=index.device)[:, None] * width
        trace.add(words.flatten(), rows[origin.flatten()], maps[origin.flatten()])

        stop = words == eos
        last = step + 1 >= limit[alive]
        closes = (stop | last[:, None]) & best.isfinite()
        closes[:, width:] = False  # only what would have stayed in the beam may end
        for i, j in closes.nonzero().tolist():
            score = float(best[i, j])
            ended[int(alive[i])].append((score / length_penalty(step + 1, alpha), score, step, i * words.shape[1] + j))
        order = stop.int().argsort(dim=1, stable=True)[:, :width]  # the best that go on, best first
        scores = best.gather(1, order).masked_fill(stop.gather(1, order), -torch.inf)
        bound = scores[:, 0] / length_penalty(limit[alive], alpha)
        finished = torch.tensor([len(e) >= width or bool(e) and max(e)[0] >= b for e, b in
                                 zip((ended[b] for b in alive.tolist()), bound.tolist(), strict=True)])
        keep = (~(finished.to(last.device) | last)).nonzero()[:, 0]

        flat = (order + torch.arange(len(alive), device=order.device)[:, None] * words.shape[1])[keep].flatten()
        survivors = origin.flatten()[flat]
        memory, state = _select(memory, survivors), _select(state, survivors)
        rows, previous = flat, words.flatten()[flat]
        alive, scores = alive[keep], scores[keep]
        step += 1
    best_of = [max(e) for e in ended]
    return [trace.hypothesis(at, row, score, int(lengths[b])) for b, (_, score, at, row) in enumerate(best_of)]
