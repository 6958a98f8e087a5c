"""The inputs of one attention of a trained Transformer: queries, keys, values and mask, as its layers compute them."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from reproductions.attention import MultiHead
from reproductions.transformer2017.model import DecoderLayer, Transformer

Place = Literal["encoder", "decoder", "source"]
PLACES: tuple[Place, ...] = ("encoder", "decoder", "source")


class Inside(NamedTuple):
    """One attention of one layer, all heads, one sentence.

    Shapes:
        Q: (h, T, d_k); K: (h, S, d_k); V: (h, S, d_v); mask: (T, S), True = may be attended.
        context: (h, T, d_v) and weights: (h, T, S), as the model itself computes them.
    """

    Q: Tensor
    K: Tensor
    V: Tensor
    mask: Tensor
    context: Tensor
    weights: Tensor


@torch.inference_mode()
def inside(model: Transformer, place: Place, layer: int, source: Tensor, target: Tensor) -> Inside:
    """Run one sentence through the model up to one attention.

    Args:
        model: in evaluation mode.
        place: "encoder", where source words attend to each other; "decoder", where target words attend to earlier ones;
            "source", where target words attend to the source.
        layer: from 0.
        source: (1, S) ids.
        target: (1, T) ids; position i sees the ids before i.
    """
    mask = torch.ones_like(source, dtype=torch.bool)
    if place == "encoder":
        return _encoder(model, layer, source, mask)
    memory, _ = model.encode(source, mask)
    earlier = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).tril()
    x, masks = model.target.shifted(target), (earlier, mask[:, None, None])
    for i in range(layer):
        x, _, _ = model.decoder[i](x, (memory.keys[i], memory.values[i]), None, masks, False)
    here = model.decoder[layer]
    if place == "decoder":
        Q, K, V = here.self_attention.project_itself(here.add_norm[0].before(x))
        return _computed(here.self_attention, Q, K, V, earlier)
    z = _written(here, x, earlier)
    Q = here.source_attention.project_itself(z)[0]
    K, V = memory.keys[layer], memory.values[layer]
    return _computed(here.source_attention, Q, K, V, mask.expand(target.shape[1], -1))


def _encoder(model: Transformer, layer: int, source: Tensor, mask: Tensor) -> Inside:
    x = model.source(source)
    for i in range(layer):
        x, _ = model.encoder[i](x, mask[:, None, None], False)
    here = model.encoder[layer]
    Q, K, V = here.self_attention.project_itself(here.add_norm[0].before(x))
    return _computed(here.self_attention, Q, K, V, mask.expand(source.shape[1], -1))


def _written(layer: DecoderLayer, x: Tensor, earlier: Tensor) -> Tensor:
    """The input (1, T, d) of the attention to the source: x (1, T, d) after the layer's self-attention."""
    write, read, _ = layer.add_norm
    z = write.before(x)
    y = layer.self_attention(z, *layer.self_attention.project(z), earlier, need_weights=False).context
    normalised: Tensor = read.before(write(x, y))
    return normalised


def _computed(attention: MultiHead, Q: Tensor, K: Tensor, V: Tensor, mask: Tensor) -> Inside:
    context, weights = attention.attention(Q, K, V, mask)
    return Inside(Q[0], K[0], V[0], mask, context[0], weights[0])
