"""Greedy and beam search over one step protocol; both return the attention maps.

Shapes: B sentences, k hypotheses per sentence, L layers, H heads, S source positions, V words. The k hypotheses of a
sentence are adjacent among the R = B k rows and share what the model keeps of their source.
"""

from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

Memory = Any  # tensors of B sentences in (named) tuples: what stays the same through all steps
State = Any  # tensors of R rows in (named) tuples: what each step hands to the next


class Translator(Protocol):
    """What decoding asks of a model. Stepping word by word gives the same features as one teacher-forced pass."""

    head: nn.Linear  # features -> logits (V)

    def limit(self, source_lengths: Tensor) -> Tensor:
        """Maximum number of words (B) of each translation from the number of source words; both count ``</s>``."""

    def encode(self, source: Tensor, mask: Tensor) -> tuple[Memory, State]:
        """Read source sentences (B, S); the state has one hypothesis per sentence."""

    def step(self, memory: Memory, state: State, previous: Tensor | None) -> tuple[Tensor, Tensor, State]:
        """Features (R, D), maps (B, L, H, k, S) and state after the word ``previous`` (R), None at the start."""


class Hypothesis(NamedTuple):
    ids: list[int]  # the words; the last is ``</s>`` unless the length limit came first
    log_probability: float  # sum of log p(y_i | y_1 .. y_{i-1}, x) over ``ids``
    maps: Tensor  # (L, H, T, S), the attention that produced each word, over the real source positions


class _Trace:
    """The words, parents and weights of every step; at the end, translations are read backwards.

    Nothing is reordered during the search: each word keeps its parent, the word of the previous step that it continues. Ids
    stay tensors until the end: converting them one by one costs as much as the search.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[Tensor, Tensor, Tensor]] = []
        self.maps: list[Tensor] = []

    def add(self, words: Tensor, parents: Tensor, rows: Tensor, maps: Tensor) -> None:
        """Record a step: words (N), their parents (N) in the step before, and the rows (N) of the model that they come from,
        with the maps (B, L, H, k, S) of all rows.
        """
        self.steps.append((words, parents, rows))
        self.maps.append(maps)

    def hypotheses(self, ends: list[tuple[int, int, float]], lengths: list[int]) -> list[Hypothesis]:
        """One hypothesis per sentence: ``ends`` gives its last step, the word in that step and the log-probability,
        ``lengths`` the number of real source positions.
        """
        steps = [tuple(column.tolist() for column in step) for step in self.steps]
        hypotheses = []
        for (step, word, log_probability), length in zip(ends, lengths, strict=True):
            ids, backwards = [], []
            for (words, parents, rows), maps in zip(steps[step::-1], self.maps[step::-1], strict=True):
                ids.append(words[word])
                sentence, hypothesis = divmod(rows[word], maps.shape[3])
                backwards.append(maps[sentence, :, :, hypothesis])
                word = parents[word]
            maps = torch.stack(backwards[::-1], dim=2)[..., :length]
            hypotheses.append(Hypothesis(ids[::-1], log_probability, maps))
        return hypotheses


class _Vocabulary:
    """The most probable words for a model's features. The output matrix is prepared once per search."""

    block = 64

    def __init__(self, head: nn.Linear, forbidden: int | None = None) -> None:
        self.forbidden = forbidden
        self.size = len(head.weight) - (forbidden is not None)  # V, the words that may be chosen
        # Pad the vocabulary to a multiple of 64 with entries that can never be chosen (bias -inf). Rows of logits then start
        # at multiples of 64 numbers too; otherwise the product takes up to twice as long on a CPU.
        fill = -len(head.weight) % self.block
        bias = head.weight.new_zeros(len(head.weight)) if head.bias is None else head.bias
        self.W = nn.functional.pad(head.weight, (0, 0, 0, fill))
        self.b = nn.functional.pad(bias, (0, fill), value=-torch.inf)

    def best(self, features: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """The n <= V most probable words of each row, best first: log p and ids, (R, n) each, from features (R, D)."""
        logits = nn.functional.linear(features, self.W, self.b).float()
        if self.forbidden is None:
            best, words = self._topk(logits, n)
            most = best[:, :1]
        else:  # never chosen, but its probability is not given to others
            kept = logits[:, [self.forbidden]]
            logits[:, self.forbidden] = -torch.inf
            best, words = self._topk(logits, n)
            logits[:, [self.forbidden]] = kept
            most = torch.maximum(best[:, :1], kept)
        # In place: a second tensor of this size costs more than the rest.
        log_z = logits.sub_(most).exp_().sum(1, keepdim=True).log()
        return best - most - log_z, words

    def _topk(self, logits: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """``logits.topk(n)`` in half the time: the n best words are in the n blocks with the best maxima."""
        blocks = logits.unflatten(1, (-1, self.block))
        chosen = blocks.amax(2).topk(min(n, blocks.shape[1])).indices
        row = torch.arange(len(logits), device=logits.device)[:, None]
        best, place = blocks[row, chosen].flatten(1).topk(n)
        return best, chosen.gather(1, place // self.block) * self.block + place % self.block


def select(items: Any, rows: Tensor) -> Any:
    """The given rows of every tensor in (named) tuples."""
    if isinstance(items, Tensor):
        return items.index_select(0, rows)
    selected = (select(item, rows) for item in items)
    return type(items)(*selected) if hasattr(items, "_fields") else tuple(selected)


@torch.inference_mode()
def greedy(model: Translator, source: Tensor, mask: Tensor, eos: int, forbidden: int | None = None) -> list[Hypothesis]:
    """The most probable word at every step.

    Args:
        model: in evaluation mode.
        source: (B, S) word ids, padded.
        mask: (B, S), True = real.
        eos: id of ``</s>``.
        forbidden: id of a word that is never written.
    """
    lengths = mask.sum(1)
    limit = model.limit(lengths)
    memory, state = model.encode(source, mask)
    vocabulary = _Vocabulary(model.head, forbidden)
    alive = torch.arange(len(source), device=source.device)  # the sentence of each row
    scores = torch.zeros(len(source), device=source.device)
    parents, previous, step = alive, None, 0
    trace, ends = _Trace(), [(0, 0, 0.0)] * len(source)
    while len(alive):
        features, maps, state = model.step(memory, state, previous)
        log_p, words = (column[:, 0] for column in vocabulary.best(features, 1))
        scores = scores + log_p
        trace.add(words, parents, torch.arange(len(words)), maps)
        ended = (words == eos) | (step + 1 >= limit[alive])
        parents = (~ended).nonzero()[:, 0]
        if len(parents) < len(alive):
            rows = ended.nonzero()[:, 0]
            for b, row, score in zip(alive[rows].tolist(), rows.tolist(), scores[rows].tolist(), strict=True):
                ends[b] = (step, row, score)
            memory, state = select(memory, parents), select(state, parents)
        alive, scores, previous = alive[parents], scores[parents], words[parents]
        step += 1
    return trace.hypotheses(ends, lengths.tolist())


def length_penalty(length: int | Tensor, alpha: float) -> float | Tensor:
    """((5 + length) / 6) ** alpha, Wu et al. (2016), equation (14), as Vaswani et al. (2017) use it; 1 for alpha = 0."""
    return ((5 + length) / 6) ** alpha


@torch.inference_mode()
def beam(
    model: Translator,
    source: Tensor,
    mask: Tensor,
    eos: int,
    width: int,
    alpha: float = 0.0,
    forbidden: int | None = None,
) -> list[Hypothesis]:
    """The best translation that a beam of ``width`` hypotheses finds, by log-probability / length penalty.

    A sentence is done when ``width`` hypotheses have ended or no open hypothesis can still win, independently of the rest
    of the batch.

    Args:
        model, source, mask, eos, forbidden: as in :func:`greedy`.
        width: k, hypotheses kept open per sentence.
        alpha: exponent of the length penalty; 0 compares plain log-probabilities, as Bahdanau et al. (2014) do.
    """
    lengths = mask.sum(1)
    limit = model.limit(lengths)
    memory, state = model.encode(source, mask)
    vocabulary = _Vocabulary(model.head, forbidden)
    alive = torch.arange(len(source), device=source.device)  # the sentence of each group of rows
    scores = torch.zeros(len(source), 1, device=source.device)  # one hypothesis per sentence at the start, then k
    parents, previous, step, trace = alive, None, 0, _Trace()
    ended: list[list[tuple[float, float, int, int]]] = [[] for _ in range(len(source))]
    while len(alive):
        features, maps, state = model.step(memory, state, previous)
        # Twice the width: even if ``width`` candidates end here, as many stay open. The best of a sentence are among the
        # best of each of its rows.
        each, words = vocabulary.best(features, min(2 * width, vocabulary.size))
        total = (scores.flatten()[:, None] + each).view(len(alive), -1)
        best, index = total.topk(min(2 * width, total.shape[1]))  # (A, N), the candidates
        words = words.view(len(alive), -1).gather(1, index)
        group = torch.arange(len(alive), device=index.device)[:, None]
        rows = index // each.shape[1] + group * scores.shape[1]
        trace.add(words.flatten(), parents[rows.flatten()], rows.flatten(), maps)

        stop = words == eos
        last = step + 1 >= limit[alive]
        closes = (stop | last[:, None]) & best.isfinite()
        closes[:, width:] = False  # only a hypothesis that would have stayed in the beam may end
        sentences, penalty = alive.tolist(), length_penalty(step + 1, alpha)
        for (i, j), score in zip(closes.nonzero().tolist(), best[closes].tolist(), strict=True):
            ended[sentences[i]].append((score / penalty, score, step, i * words.shape[1] + j))
        order = stop.int().argsort(dim=1, stable=True)[:, :width]  # the best that continue, best first
        going = best.gather(1, order).masked_fill(stop.gather(1, order), -torch.inf)
        bound = going[:, 0] / length_penalty(limit[alive], alpha)
        finished = [
            len(ended[b]) >= width or bool(ended[b]) and max(ended[b])[0] >= most
            for b, most in zip(sentences, bound.tolist(), strict=True)
        ]
        keep = (~(torch.tensor(finished, device=last.device) | last)).nonzero()[:, 0]

        parents = (order + group * words.shape[1])[keep].flatten()
        previous, state = words.flatten()[parents], select(state, rows.flatten()[parents])
        if len(keep) < len(alive):
            memory = select(memory, keep)
        alive, scores = alive[keep], going[keep]
        step += 1
    ends = [max(e) for e in ended]
    return trace.hypotheses([(at, word, score) for _, score, at, word in ends], lengths.tolist())
