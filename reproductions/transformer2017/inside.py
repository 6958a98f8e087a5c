"""The inputs of one attention of a trained Transformer: queries, keys, values and mask, as its layers compute them."""

from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from reproductions.transformer2017.model import Transformer

Place = Literal["encoder", "decoder", "source"]


class Inside(NamedTuple):
    """One attention of one layer, all heads, one sentence."""

    Q: Tensor  # (h, T, d_k)
    K: Tensor  # (h, S, d_k)
    V: Tensor  # (h, S, d_v)
    mask: Tensor  # (T, S), True = may be attended
    context: Tensor  # (h, T, d_v)
    weights: Tensor  # (h, T, S)


@torch.inference_mode()
def inside(model: Transformer, place: Place, layer: int, source: Tensor, target: Tensor) -> Inside:
    """Run one sentence through the model, and keep what one attention is called with.

    Args:
        model: in evaluation mode.
        place: "encoder", where source words attend to each other; "decoder", where target words attend to earlier ones;
            "source", where target words attend to the source.
        layer: from 0.
        source: (1, S) ids.
        target: (1, T) ids; position i sees the ids before i.
    """
    block: Any = (model.encoder if place == "encoder" else model.decoder)[layer]
    attention = block.source_attention if place == "source" else block.self_attention
    calls: list[tuple[Tensor, ...]] = []
    hook = attention.register_forward_pre_hook(lambda _, arguments: calls.append(arguments))
    try:
        model(source, torch.ones_like(source, dtype=torch.bool), target)
    finally:
        hook.remove()
    ((x, K, V, mask, *_),) = calls
    Q = attention.queries(x)
    context, weights = attention.attention(Q, K, V, mask)
    return Inside(Q[0], K[0], V[0], mask.expand(1, 1, *weights.shape[2:])[0, 0], context[0], weights[0])
