"""The Transformer: Vaswani et al. (2017), "Attention Is All You Need", arXiv 1706.03762, Section 3.

The paper's letters are the names: ``N`` layers, ``d`` = d_model, ``h`` heads, ``PE`` positional encodings, ``W_1``, ``W_2`` of
the feed-forward network. B sentences, S source and T target positions, both counting ``</s>``.
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from reproductions.attention import MultiHead
from reproductions.layers.checks import check_rates, check_sizes
from reproductions.layers.dropout import Dropout


@dataclass(frozen=True)
class Network:
    """Sizes and choices; the defaults are the paper's base model (Table 3).

    Where the paper's text and its code, tensor2tensor, differ, the default is the text, and the code is an option.

    Attributes:
        layers: N, of the encoder and of the decoder.
        d_model: d, width of everything between the layers.
        d_ff: width inside the feed-forward networks.
        heads: h of each attention.
        dropout: P_drop, on the output of each sub-layer and on the sums of embeddings and positions (Section 5.4).
        attention_dropout: on attention weights; later versions of the code have 0.1.
        relu_dropout: inside the feed-forward networks; later versions of the code have 0.1.
        norm: "post" is LayerNorm(x + Sublayer(x)), the paper; "pre" is x + Sublayer(LayerNorm(x)) and a final LayerNorm on
            each stack, as in later versions of the code and in most Transformers today.
        positions: "sinusoidal" (Section 3.5); "blocks", all sines before all cosines and a last exponent of exactly 1, as in
            the code; or "learned" (Table 3, row E).
        tied: "all" shares one matrix between both embeddings and the output (Section 3.4), which needs one joint
            vocabulary; "target" shares it between target embedding and output; "none".
        bias: of the projections of the attentions; neither the paper nor its code has any.
        epsilon: of LayerNorm; 1e-6 in the code, the paper does not say.
        max_length: number of positions; longer sentences are refused.
        extra_length: how many words or pieces a translation may have more than its source (Section 6.1); 100 in the code.
    """

    layers: int = 6
    d_model: int = 512
    d_ff: int = 2048
    heads: int = 8
    dropout: float = 0.1
    attention_dropout: float = 0.0
    relu_dropout: float = 0.0
    norm: Literal["post", "pre"] = "post"
    positions: Literal["sinusoidal", "blocks", "learned"] = "sinusoidal"
    tied: Literal["all", "target", "none"] = "all"
    bias: bool = False
    epsilon: float = 1e-6
    max_length: int = 1024
    extra_length: int = 50

    def __post_init__(self) -> None:
        check_sizes(self, "layers", "d_model", "d_ff", "heads", "max_length", "extra_length")
        check_rates(self, "dropout", "attention_dropout", "relu_dropout")
        if self.d_model % self.heads or self.d_model % 2:
            raise ValueError(
                f"network.d_model must be even and a multiple of network.heads, not {self.d_model} with {self.heads} heads"
            )


def sinusoids(positions: int, d: int, layout: Literal["sinusoidal", "blocks"] = "sinusoidal") -> Tensor:
    """PE (positions, d), Section 3.5: sines at even, cosines at odd dimensions, wavelengths from 2 pi upwards.

    Departs from the paper: ``layout="blocks"``, as in the code: all sines, then all cosines, with exponent i / (d / 2 - 1).
    """
    i = torch.arange(d // 2, dtype=torch.float64)
    exponent = 2 * i / d if layout == "sinusoidal" else i / max(d // 2 - 1, 1)
    angles = torch.arange(positions, dtype=torch.float64)[:, None] / 10000**exponent
    pair = torch.stack([angles.sin(), angles.cos()], dim=-1 if layout == "sinusoidal" else 1)
    return pair.flatten(1).float()


class Embed(nn.Module):
    """Scaled embeddings plus positions, with dropout on their sum: Sections 3.4, 3.5 and 5.4."""

    def __init__(self, E: nn.Embedding, network: Network) -> None:
        super().__init__()
        self.E = E
        self.scale = math.sqrt(network.d_model)
        PE = torch.zeros(network.max_length, network.d_model)
        if network.positions == "learned":
            self.PE = nn.Parameter(PE.normal_(0, network.d_model**-0.5))
        else:
            PE = sinusoids(network.max_length, network.d_model, network.positions)
            self.register_buffer("PE", PE, persistent=False)
        self.dropout = Dropout(network.dropout)

    def forward(self, words: Tensor) -> Tensor:
        """(B, S, d) from source words (B, S)."""
        return self._place(self.E(words) * self.scale, 0)

    def shifted(self, target: Tensor) -> Tensor:
        """(B, T, d) from target words (B, T), "shifted right by one position"; the zero vector comes first, as in the code."""
        words = self.E(target[:, :-1]) * self.scale
        return self._place(torch.cat([words.new_zeros(len(words), 1, words.shape[2]), words], dim=1), 0)

    def at(self, previous: Tensor | None, position: int, rows: int) -> Tensor:
        """(B, 1, d) from one word (B) at one position; None is the zero vector before the first word."""
        if previous is None:
            return self._place(self.E.weight.new_zeros(rows, 1, self.E.embedding_dim), position)
        return self._place(self.E(previous)[:, None] * self.scale, position)

    def _place(self, x: Tensor, start: int) -> Tensor:
        return self.dropout(x + self.PE[start : start + x.shape[1]])


class AddNorm(nn.Module):
    """The residual connection around a sub-layer: LayerNorm(x + Sublayer(x)), Section 3.1, with dropout, Section 5.4.

    Departs from the paper: option ``norm: pre`` normalises the input of the sub-layer instead of the sum.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(network.d_model, network.epsilon)
        self.dropout = Dropout(network.dropout)
        self.pre = network.norm == "pre"

    def before(self, x: Tensor) -> Tensor:
        """The input of the sub-layer."""
        return self.norm(x) if self.pre else x

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The input of the next AddNorm, from x and y = Sublayer(before(x))."""
        x = x + self.dropout(y)
        return x if self.pre else self.norm(x)


class FeedForward(nn.Module):
    """Position-wise feed-forward network, Section 3.3."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.W_1 = nn.Linear(network.d_model, network.d_ff)
        self.W_2 = nn.Linear(network.d_ff, network.d_model)
        self.dropout = Dropout(network.relu_dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.W_2(self.dropout(torch.relu(self.W_1(x))))  # (2)


def _attention(network: Network) -> MultiHead:
    return MultiHead(network.d_model, network.heads, network.bias, network.attention_dropout)


class EncoderLayer(nn.Module):
    """Self-attention, then the feed-forward network (Section 3.1, Figure 1 left)."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.self_attention = _attention(network)
        self.feed_forward = FeedForward(network)
        self.add_norm = nn.ModuleList(AddNorm(network) for _ in range(2))

    def forward(self, x: Tensor, mask: Tensor, need_weights: bool) -> tuple[Tensor, Tensor]:
        """x (B, S, d) and the weights (B, h, S, S); mask (B, 1, 1, S)."""
        read, feed = self.add_norm
        z = read.before(x)
        y, weights = self.self_attention(z, *self.self_attention.project(z), mask, need_weights)
        x = read(x, y)
        return feed(x, self.feed_forward(feed.before(x))), weights


class DecoderLayer(nn.Module):
    """Self-attention to the words so far, attention to the source, the feed-forward network (Figure 1 right)."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.self_attention = _attention(network)
        self.source_attention = _attention(network)
        self.feed_forward = FeedForward(network)
        self.add_norm = nn.ModuleList(AddNorm(network) for _ in range(3))

    def forward(
        self,
        x: Tensor,
        source: tuple[Tensor, Tensor],
        before: tuple[Tensor, Tensor] | None,
        masks: tuple[Tensor | None, Tensor],
        need_weights: bool,
    ) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """Decode some positions.

        Args:
            x: (B, T, d); or one position (R, 1, d) of each of k adjacent hypotheses per sentence, R = B k.
            source: keys and values (B, h, S, d_k) of the source.
            before: keys and values (B, h, T', d_k) of the positions before x, with R rows if x has R; None where x starts at
                the first position.
            masks: which target positions each may attend, (T, T' + T), and which source positions, (B, 1, 1, S).
            need_weights: return the weights.

        Returns:
            The output in the shape of x, weights on the source (B, h, T, S) or (B, h, k, S), and keys and values
            (B, h, T' + T, d_k) of all positions so far.
        """
        write, read, feed = self.add_norm
        z = write.before(x)
        K, V = self.self_attention.project(z)
        if before is not None:
            K, V = torch.cat([before[0], K], dim=2), torch.cat([before[1], V], dim=2)
        x = write(x, self.self_attention(z, K, V, masks[0], need_weights=False).context)
        z = read.before(x).view(len(source[0]), -1, x.shape[2])  # the hypotheses of a sentence read the same source
        y, weights = self.source_attention(z, *source, masks[1], need_weights)
        x = read(x, y.view_as(x))
        return feed(x, self.feed_forward(feed.before(x))), weights, (K, V)


class Memory(NamedTuple):
    """What stays the same through all steps: keys and values (B, h, S, d_k) of the source in each layer, and mask (B, S)."""

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    mask: Tensor


class State(NamedTuple):
    """What each step hands to the next: keys and values (R, h, T', d_k) of the words so far in each decoder layer."""

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]


class Transformer(nn.Module):
    """The Transformer: p(y_i | y_1 .. y_{i-1}, x) for a whole batch.

    Args:
        source_vocabulary: rows of the source embedding.
        target_vocabulary: rows of the target embedding and of the output matrix.
        network: sizes and choices.

    Raises ValueError if vocabularies of different sizes are to share one matrix.
    """

    def __init__(self, source_vocabulary: int, target_vocabulary: int, network: Network) -> None:
        super().__init__()
        if network.tied == "all" and source_vocabulary != target_vocabulary:
            raise ValueError(
                "network.tied: all needs one vocabulary for both languages (data.init_args.joint: true), not one of "
                f"{source_vocabulary:,} and one of {target_vocabulary:,} entries"
            )
        d, self.max_length, self.extra_length = network.d_model, network.max_length, network.extra_length
        E = nn.Embedding(target_vocabulary, d)
        self.target = Embed(E, network)
        self.source = Embed(E if network.tied == "all" else nn.Embedding(source_vocabulary, d), network)
        self.encoder = nn.ModuleList(EncoderLayer(network) for _ in range(network.layers))
        self.decoder = nn.ModuleList(DecoderLayer(network) for _ in range(network.layers))
        last = nn.LayerNorm if network.norm == "pre" else nn.Identity
        self.encoder_norm, self.decoder_norm = last(d, network.epsilon), last(d, network.epsilon)
        self.head = nn.Linear(d, target_vocabulary, bias=False)
        if network.tied != "none":
            self.head.weight = E.weight

    @property
    def reads(self) -> list[nn.Module]:
        """What sums the values of the source in each layer of the decoder, first to last."""
        return [layer.source_attention.attention.read for layer in self.decoder]  # type: ignore[misc, union-attr]

    def limit(self, source_lengths: Tensor) -> Tensor:
        """Maximum number of words (B) of a translation: "input length + 50" (Section 6.1), within the number of positions."""
        return (source_lengths + self.extra_length).clamp(max=self.max_length)

    def annotate(self, source: Tensor, mask: Tensor, need_weights: bool = False) -> tuple[Tensor, Tensor]:
        """The encoder: annotations (B, S, d), and the maps of its layers (B, N, h, S, S)."""
        x, maps = self.source(source), []
        for layer in self.encoder:
            x, weights = layer(x, mask[:, None, None], need_weights)
            maps.append(weights)
        return self.encoder_norm(x), torch.stack(maps, dim=1)

    def encode(self, source: Tensor, mask: Tensor) -> tuple[Memory, State]:
        """Read source sentences (B, S) with mask (B, S), True = a word or ``</s>``."""
        x, _ = self.annotate(source, mask)
        keys, values = zip(*(layer.source_attention.project(x) for layer in self.decoder), strict=True)
        nothing = tuple(K[:, :, :0] for K in keys)
        # Every step reads all of them: faster from contiguous memory.
        memory = Memory(tuple(K.contiguous() for K in keys), tuple(V.contiguous() for V in values), mask)
        return memory, State(nothing, nothing)

    def features(
        self, source: Tensor, mask: Tensor, target: Tensor, need_weights: bool = True
    ) -> tuple[Tensor, Tensor]:
        """Decoder output (B, T, d) and maps (B, N, h, T, S), teacher forced: position i sees target[:, :i].

        Without ``need_weights`` the maps are (B, N, 0, T, S).
        """
        memory, _ = self.encode(source, mask)
        x, T = self.target.shifted(target), target.shape[1]
        earlier = torch.ones(T, T, dtype=torch.bool, device=x.device).tril()
        maps = []
        for i, layer in enumerate(self.decoder):
            read = (memory.keys[i], memory.values[i])
            x, weights, _ = layer(x, read, None, (earlier, mask[:, None, None]), need_weights)
            maps.append(weights)
        return self.decoder_norm(x), torch.stack(maps, dim=1)

    def forward(self, source: Tensor, mask: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, T, V) and maps (B, N, h, T, S), teacher forced."""
        x, maps = self.features(source, mask, target)
        return self.head(x), maps

    def step(self, memory: Memory, state: State, previous: Tensor | None) -> tuple[Tensor, Tensor, State]:
        """Decoder output (R, d) and maps (B, N, h, k, S) of the word after ``previous`` (R), None at the start.

        The R = B k rows are k hypotheses per sentence, adjacent.
        """
        rows, _, position, _ = state.keys[0].shape
        x = self.target.at(previous, position, rows)
        maps, keys, values = [], [], []
        for i, layer in enumerate(self.decoder):
            read, before = (memory.keys[i], memory.values[i]), (state.keys[i], state.values[i])
            x, weights, (K, V) = layer(x, read, before, (None, memory.mask[:, None, None]), need_weights=True)
            maps.append(weights)
            keys.append(K)
            values.append(V)
        return self.decoder_norm(x)[:, 0], torch.stack(maps, dim=1), State(tuple(keys), tuple(values))

    def norms(self, source: Tensor, mask: Tensor) -> Tensor:
        """Norm (B, N, h, S) of what each source position adds where a head of the decoder gives it weight 1."""
        memory, _ = self.encode(source, mask)
        return torch.stack([layer.source_attention.norms(memory.values[i]) for i, layer in enumerate(self.decoder)], 1)
