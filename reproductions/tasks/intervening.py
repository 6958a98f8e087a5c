"""What a model that writes words would have written with other weights: the bridge to ``evaluation.measures.intervention``.

The model reads a given target word by word, always with its own attention; beside each step, it takes the same step with changed
weights, whose results nothing reads on. So a change acts on one word.

B sentences or images, S source positions, J candidates of a source, T positions of the target, L layers, H heads.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from data.progress import counted
from reproductions.decoding import Memory, State, Translator, select
from reproductions.evaluation.arrays import Floats
from reproductions.evaluation.measures.intervention import Intervened, Whole
from reproductions.tasks.images.collect import spread

ALL = "all"  # of the attention
DIGITS = 5  # of a change in nats; what is smaller is rounding
Change = Callable[[Tensor], Tensor]  # of weights (B, H, k, S), for k variants of each query
Head = tuple[int, int] | None  # a layer and a head, from 0; None for all of them


class Attending(Translator, Protocol):
    """A model that writes words, and whose attention can be changed."""

    @property
    def reads(self) -> list[nn.Module]:
        """The ``read`` of the attention in each layer of the maps, first to last."""


class Read(NamedTuple):
    """A target (B, T) read with and without interventions on a part of the attention."""

    weights: Tensor  # (B, T, S) of the part, the mean of its heads
    erased: Tensor  # (B, T, J), the change of log p if a candidate is erased
    exchanged: Tensor  # (B, T, J), if it and the candidate looked at exchange their weights


@contextmanager
def changed(reads: Sequence[nn.Module], change: Change, head: Head = None) -> Iterator[None]:
    """Change the weights with which a model's ``reads`` sum up values, in every head of every layer or in one head alone."""

    def hook(_: nn.Module, given: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        weights, values = given
        several = weights.dim() == 4
        x = weights if several else weights[:, None]
        if head is None:
            x = change(x)
        else:
            x = torch.cat([x[:, : head[1]], change(x[:, head[1] : head[1] + 1]), x[:, head[1] + 1 :]], dim=1)
        return (x if several else x[:, 0]), values

    chosen = reads if head is None else [reads[head[0]]]
    handles = [read.register_forward_pre_hook(hook) for read in chosen]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def erase_and_exchange(weights: Tensor, owner: Tensor, looked: Tensor) -> Tensor:
    """Weights (B, H, 2 J, S): in variant j < J candidate j is erased, in variant J + j it exchanges its weight with another.

    Candidates of several positions keep their proportions; one without any weight spreads what it gets evenly. A row whose only
    weight is erased is zero.

    Args:
        weights: (B, H, 2 J, S).
        owner: (B, S), the candidate that each position belongs to, from 0; -1 for none.
        looked: (B), the candidate to exchange with.
    """
    J = weights.shape[2] // 2
    erased, exchanged = weights.split(J, dim=2)
    here = owner[:, None, None] == torch.arange(J, device=owner.device)[:, None]  # (B, 1, J, S)
    there = (owner == looked[:, None])[:, None, None].expand_as(here)
    rest = erased * ~here
    kept = rest.sum(-1, keepdim=True)
    rest = rest * torch.where(kept > 0, erased.sum(-1, keepdim=True) / kept, kept)
    mine, other = (_within(exchanged, part) for part in (here, there))
    swapped = torch.where(here, mine.share * other.total, torch.where(there, other.share * mine.total, exchanged))
    return torch.cat([rest, swapped], dim=2)


class _Within(NamedTuple):
    total: Tensor  # (..., 1) of a candidate's weights
    share: Tensor  # (..., S) that each of its positions has in it


def _within(weights: Tensor, part: Tensor) -> _Within:
    inside = weights * part
    total = inside.sum(-1, keepdim=True)
    even = part / part.sum(-1, keepdim=True).clamp(min=1)
    return _Within(total, torch.where(total > 0, inside / total, even))


def log_p(model: Attending, features: Tensor, words: Tensor) -> Tensor:
    """log p (R) of words (R) from features (R, D)."""
    return model.head(features).float().log_softmax(-1).gather(1, words[:, None])[:, 0]


def forced(
    model: Attending, memory: Memory, state: State, target: Tensor
) -> Iterator[tuple[State, Tensor | None, Tensor, Tensor]]:
    """Each step over a target (B, T): the state and the word before it, log p (B) of its word, and maps (B, L, H, 1, S)."""
    previous = None
    for words in target.unbind(1):
        features, maps, after = model.step(memory, state, previous)
        yield state, previous, log_p(model, features, words), maps
        state, previous = after, words


@torch.no_grad()
def intervene(
    model: Attending, source: Tensor, mask: Tensor, target: Tensor, owner: Tensor, heads: Sequence[Head]
) -> list[Read]:
    """Read targets (B, T) of sources with every intervention on each part of the attention.

    Args:
        model: in evaluation mode.
        source, mask: as ``encode`` takes them.
        target: ids (B, T), padded.
        owner: (B, S), the candidate that each position belongs to, from 0; -1 for none.
        heads: the parts.
    """
    memory, state = model.encode(source, mask)
    B, J = len(target), int(owner.max()) + 1
    rows = torch.arange(B, device=target.device).repeat_interleave(2 * J)
    steps: list[list[Tensor]] = [[] for _ in heads]
    for place, (at, previous, before, maps) in enumerate(forced(model, memory, state, target)):
        repeated = select(at, rows), None if previous is None else previous[rows]
        words = target[rows, place]
        for head, found in zip(heads, steps, strict=True):
            weights = (maps.mean((1, 2)) if head is None else maps[:, head[0], head[1]])[:, 0]  # (B, S)
            looked = of_candidates(weights, owner, J).argmax(1)
            with changed(model.reads, lambda x, looked=looked: erase_and_exchange(x, owner, looked), head):  # type: ignore[misc]
                features, _, _ = model.step(memory, *repeated)
            changes = log_p(model, features, words).view(B, 2 * J) - before[:, None]
            found.append(torch.cat([weights.float(), changes], dim=1))
    S = owner.shape[1]
    return [Read(*torch.stack(found, dim=1).split([S, J, J], dim=2)) for found in steps]


def of_candidates(weights: Tensor, owner: Tensor, J: int) -> Tensor:
    """(B, J): the sum of the weights (B, S) of each candidate."""
    sums = weights.new_zeros(len(weights), J + 1)
    return sums.scatter_add(1, owner + 1, weights)[:, 1:]


@torch.no_grad()
def read_again(model: Attending, source: Tensor, mask: Tensor, target: Tensor) -> Tensor:
    """log p (B, T) of each word of targets (B, T)."""
    return torch.stack([before for _, _, before, _ in forced(model, *model.encode(source, mask), target)], dim=1)


def gradient_times_embedding(model: Attending, source: Tensor, mask: Tensor, target: Tensor) -> Tensor:
    """(B, T, S): the gradient of log p of each word with respect to the embedding of each source word, times this embedding."""
    embedded: list[Tensor] = []

    def keep(_: nn.Module, __: object, E: Tensor) -> None:
        embedded.append(E)

    assert isinstance(model, nn.Module)
    handles = [module.register_forward_hook(keep) for module in model.modules() if isinstance(module, nn.Embedding)]
    with torch.enable_grad():
        memory, state = model.encode(source, mask)
        for handle in handles:
            handle.remove()
        E = embedded[0]  # (B, S, m)
        slopes = [
            torch.autograd.grad(before.sum(), E, retain_graph=True)[0]
            for _, _, before, _ in forced(model, memory, state, target)
        ]
    return torch.stack([(slope * E.detach()).sum(-1) for slope in slopes], dim=1)


class Sample(NamedTuple):
    """What was measured of a run."""

    parts: dict[str, list[Intervened]]  # by part of the attention, one per sentence or image
    whole: list[Whole]


def parts(layers: int, heads: int) -> dict[str, Head]:
    """All of the attention, and where there are several heads each by itself, by its name in words."""
    each = {f"layer {l + 1}, head {h + 1}": (l, h) for l in range(layers) for h in range(heads)}  # noqa: E741
    return {ALL: None} | (each if len(each) > 1 else {})


def of_images(title: str, records: Sequence[Any], most: int, of: Callable[[Any], tuple[Intervened, Whole]]) -> Sample:
    """What ``of`` measures of records, ``most`` at most and evenly spread, on all of the attention."""
    chosen = [records[place] for place in spread(len(records), most)]
    found = Sample({ALL: []}, [])
    for record in counted(chosen, f"intervening on {title}", len(chosen), "images"):
        read, whole = of(record)
        found.parts[ALL].append(read)
        found.whole.append(whole)
    return found


def rounded(changes: Floats) -> Floats:
    """With changes that are only rounding as 0."""
    return np.round(changes, DIGITS)
