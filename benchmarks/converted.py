"""Our Transformer in CTranslate2, by its public specification: the same weights, in an engine that is made for speed alone."""

import tempfile
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from data.batching import Ints
from data.errors import UserError
from data.prepared.ids import FlatIds
from data.tokenizers import EOS, UNK
from reproductions.attention import MultiHead
from reproductions.transformer2017.model import AddNorm, Embed, Transformer


class Converted:
    """A Transformer whose weights CTranslate2 holds as ``kind``, "float32" or "int8".

    Raises UserError where the package is not installed.
    """

    def __init__(self, model: Transformer, kind: str, threads: int) -> None:
        try:
            import ctranslate2
        except ImportError:
            raise UserError("--ctranslate2 needs the package ctranslate2: make setup EXTRAS=bench") from None
        self.limit = model.limit
        with tempfile.TemporaryDirectory() as folder:
            specification(model, ctranslate2.specs.TransformerSpec).save(folder)
            self.translator = ctranslate2.Translator(
                folder, next(model.parameters()).device.type, compute_type=kind, inter_threads=1, intra_threads=threads
            )

    def translate(self, source: FlatIds, chosen: Ints, width: int, words: int | None = None) -> list[list[int]]:
        """Ids, without </s>, for the sentences of these numbers; ``words`` for each of them, or as many as the model writes.

        Nothing is divided by a length penalty.
        """
        most = words or int(self.limit(torch.from_numpy(source.lengths[chosen])).max())
        results = self.translator.translate_batch(
            [list(map(str, source[i].tolist())) for i in chosen],
            beam_size=width,
            length_penalty=0,
            min_decoding_length=words or 0,
            max_decoding_length=most,
        )
        return [list(map(int, result.hypotheses[0])) for result in results]


def specification(model: Transformer, kind: Any) -> Any:
    """The model as a ``kind``, CTranslate2's TransformerSpec; the name of a word is its number."""
    spec = kind.from_config(
        len(model.encoder), model.encoder[0].self_attention.heads, pre_norm=model.encoder[0].add_norm[0].pre
    )
    spec.config.layer_norm_epsilon = model.encoder[0].add_norm[0].norm.eps
    spec.config.unk_token, spec.config.eos_token = str(UNK), str(EOS)
    spec.config.bos_token = spec.config.decoder_start_token = str(EOS)  # its embedding is not read: the zero vector is
    spec.decoder.start_from_zero_embedding = True
    _side(spec.encoder, spec.encoder.embeddings[0], model.source, model.encoder_norm)
    _side(spec.decoder, spec.decoder.embeddings, model.target, model.decoder_norm)
    _linear(spec.decoder.projection, model.head)
    for to, layer in zip(spec.encoder.layer, model.encoder, strict=True):
        _attention(to.self_attention, layer.self_attention, layer.add_norm[0], ["QKV"])
        _feed_forward(to.ffn, layer.feed_forward, layer.add_norm[1])
    for to, layer in zip(spec.decoder.layer, model.decoder, strict=True):
        _attention(to.self_attention, layer.self_attention, layer.add_norm[0], ["QKV"])
        _attention(to.attention, layer.source_attention, layer.add_norm[1], ["Q", "KV"])
        _feed_forward(to.ffn, layer.feed_forward, layer.add_norm[2])
    spec.register_source_vocabulary(list(map(str, range(model.source.E.num_embeddings))))
    spec.register_target_vocabulary(list(map(str, range(model.target.E.num_embeddings))))
    spec.validate()
    spec.optimize()
    return spec


def _side(to: Any, embeddings: Any, embed: Embed, norm: nn.Module) -> None:
    embeddings.weight, to.position_encodings.encodings = _array(embed.E.weight), _array(embed.PE)
    if isinstance(norm, nn.LayerNorm):
        _norm(to.layer_norm, norm)


def _attention(to: Any, attention: MultiHead, add_norm: AddNorm, joined: Sequence[str]) -> None:
    """``joined``: the matrices that CTranslate2 multiplies in one product."""
    _norm(to.layer_norm, add_norm.norm)
    for linear, names in zip(to.linear, [*joined, "O"], strict=True):
        _linear(linear, *(getattr(attention, f"W_{name}") for name in names))


def _feed_forward(to: Any, feed_forward: nn.Module, add_norm: AddNorm) -> None:
    _norm(to.layer_norm, add_norm.norm)
    _linear(to.linear_0, feed_forward.W_1)
    _linear(to.linear_1, feed_forward.W_2)


def _norm(to: Any, norm: nn.LayerNorm) -> None:
    to.gamma, to.beta = _array(norm.weight), _array(norm.bias)


def _linear(to: Any, *linears: nn.Linear) -> None:
    to.weight = _array(torch.cat([linear.weight for linear in linears]))
    if linears[0].bias is not None:
        to.bias = _array(torch.cat([linear.bias for linear in linears]))


def _array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().numpy()
