"""Attention after the step: Luong, Pham and Manning (2015), "Effective Approaches to Attention-based Neural Machine
Translation", arXiv 1508.04025v5, Sections 2 and 3.

The paper's letters are the names: ``h_s`` source states (h with a bar in the paper), ``h`` target state, ``a`` weights, ``c``
context, ``h_tilde`` attentional vector, n units. B sentences, S source and T target positions, both counting ``</s>``.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from reproductions.attention import build, check_name, maps_of
from reproductions.layers.checks import check_rates, check_sizes
from reproductions.layers.dropout import Dropout


@dataclass(frozen=True)
class Network:
    """Sizes and choices; the defaults are the paper's best single model (Section 4.1, Table 1).

    Attributes:
        hidden: n, units of every layer and of the attentional vector.
        embedding: width of a word's embedding.
        layers: of the encoder, and of the decoder.
        attention: a mechanism over a source, by its name in :data:`reproductions.attention.TIMELINE`; or "none", the
            paper's baseline, where h_tilde is h.
        alignment: hidden units of the attention, where it has any; the paper's matrices are square, n.
        window: D of local attention.
        score: of local attention (Table 4); that of global attention is the mechanism.
        max_length: maximum number of source positions, ``</s>`` included, of location-based attention.
        input_feeding: h_tilde enters the next step (Section 3.3).
        reverse: the encoder reads the source backwards (Section 4.1).
        dropout: on the input of each layer and of the softmax, never on the recurrent state.
    """

    hidden: int = 1000
    embedding: int = 1000
    layers: int = 4
    attention: str = "local_predictive"
    alignment: int = 1000
    window: int = 10
    score: Literal["general", "dot"] = "general"
    max_length: int = 51
    input_feeding: bool = True
    reverse: bool = True
    dropout: float = 0.2

    def __post_init__(self) -> None:
        check_name(self.attention)
        check_sizes(self, "hidden", "embedding", "layers", "alignment", "window", "max_length")
        check_rates(self, "dropout")


class Encoder(nn.Module):
    """A stack of LSTMs in one direction, from the last word to the first if ``reverse`` (Section 2).

    Source states are returned in the order of the sentence in either case. Padding is not read.
    """

    def __init__(self, vocabulary: int, network: Network) -> None:
        super().__init__()
        self.E = nn.Embedding(vocabulary, network.embedding)
        self.reverse = network.reverse
        widths = [network.embedding] + [network.hidden] * (network.layers - 1)
        self.layers = nn.ModuleList(nn.LSTM(width, network.hidden, bias=False, batch_first=True) for width in widths)
        self.dropout = Dropout(network.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Source states h_s (B, S, n) of the top layer, and the final states and cells (B, L, n) of all layers."""
        x, lengths = self._turn(self.E(x), mask), mask.sum(1)
        last, cells = [], []
        for layer in self.layers:
            packed = nn.utils.rnn.pack_padded_sequence(self.dropout(x), lengths.cpu(), True, enforce_sorted=False)
            states, (h, cell) = layer(packed)
            x, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=mask.shape[1])
            last.append(h[0])
            cells.append(cell[0])
        return self._turn(x, mask), torch.stack(last, 1), torch.stack(cells, 1)

    def _turn(self, x: Tensor, mask: Tensor) -> Tensor:
        """Each sentence of x (B, S, ...) reversed, with its padding in place; x itself without ``reverse``."""
        if not self.reverse:
            return x
        place = torch.arange(x.shape[1], device=x.device)
        back = mask.sum(1, keepdim=True) - 1 - place
        return x.gather(1, torch.where(mask, back, place)[:, :, None].expand_as(x))


class Memory(NamedTuple):
    """What stays the same through all steps: h_s (B, S, n), the attention's keys (B, S, K') and mask (B, S)."""

    h_s: Tensor
    keys: Tensor
    mask: Tensor


class State(NamedTuple):
    """What each step hands to the next: states and cells (R, L, n) of all layers, h_tilde (R, n), and the number t (R) of
    words written. The R = B k rows are k hypotheses per sentence, adjacent; k = 1 in training.
    """

    h: Tensor
    cell: Tensor
    h_tilde: Tensor
    t: Tensor


class Decoder(nn.Module):
    """A stack of LSTMs. The top state is the query; what it reads enters the word and, with input feeding, the next step.

    h_{t-1} -> h_t -> a_t -> c_t -> h_tilde_t: the query has read the previous word (Section 3). In the equations of Bahdanau
    et al. (2014) the query is the state before that.

    There is no start symbol: the first step reads a zero vector.
    """

    def __init__(self, vocabulary: int, network: Network) -> None:
        super().__init__()
        n, self.input_feeding = network.hidden, network.input_feeding
        self.E = nn.Embedding(vocabulary, network.embedding)
        widths = [network.embedding + n * network.input_feeding] + [n] * (network.layers - 1)
        self.layers = nn.ModuleList(nn.LSTMCell(width, n, bias=False) for width in widths)
        sizes = (n, n, network.alignment, network.window, network.max_length, network.score)
        self.attention = build(network.attention, *sizes) if network.attention != "none" else None
        self.W_c = nn.Linear(2 * n, n, bias=False) if self.attention is not None else None
        self.dropout = Dropout(network.dropout)

    def start(self, h_s: Tensor, h: Tensor, cell: Tensor, mask: Tensor) -> tuple[Memory, State]:
        """Start from the encoder's final states, layer by layer, and from h_tilde_0 = 0."""
        keys = self.attention.project(h_s) if self.attention is not None else h_s[:, :0]
        t = torch.zeros(len(h), dtype=torch.long, device=h.device)
        return Memory(h_s, keys, mask), State(h, cell, torch.zeros_like(h[:, 0]), t)

    def step(self, memory: Memory, state: State, Ey: Tensor) -> tuple[Tensor | None, State]:
        """One word, given the embedding Ey (R, E) of the word before: weights a_t as in :meth:`look`, and the next state."""
        x = torch.cat([Ey, state.h_tilde], dim=1) if self.input_feeding else Ey  # Section 3.3
        states, cells = [], []
        for i, layer in enumerate(self.layers):
            x, cell = layer(self.dropout(x), (state.h[:, i].to(x.dtype), state.cell[:, i].to(x.dtype)))
            states.append(x)
            cells.append(cell)
        a, h_tilde = self.look(memory, x, state.t)
        return a, State(torch.stack(states, 1), torch.stack(cells, 1), h_tilde, state.t + 1)

    def look(self, memory: Memory, h: Tensor, t: Tensor) -> tuple[Tensor | None, Tensor]:
        """a_t (B, k, S), or (B, H, k, S), and h_tilde_t (R, n) for the states h_t (R, n); without attention None and h_t."""
        if self.attention is None or self.W_c is None:
            return None, h
        B, k = len(memory.h_s), len(h) // len(memory.h_s)
        c, a = self.attention(h.view(B, k, -1), memory.keys, memory.h_s, memory.mask[:, None], t.view(B, k))  # (7)
        h_tilde = torch.tanh(self.W_c(torch.cat([c.flatten(0, 1), h], dim=1)))  # (5)
        return a, h_tilde


class Attentional(nn.Module):
    """The paper's translator: p(y_t | y_1 .. y_{t-1}, x) for a whole batch.

    Args:
        source_vocabulary: rows of the source embedding.
        target_vocabulary: rows of the target embedding and of the output matrix W_s.
        network: sizes and choices.
    """

    def __init__(self, source_vocabulary: int, target_vocabulary: int, network: Network) -> None:
        super().__init__()
        self.encoder = Encoder(source_vocabulary, network)
        self.decoder = Decoder(target_vocabulary, network)
        self.head = nn.Linear(network.hidden, target_vocabulary, bias=False)  # W_s
        self.max_length = self.decoder.attention.positions if self.decoder.attention is not None else None

    @property
    def reads(self) -> list[nn.Module]:
        """The weighted sum of the source states, in a list; empty without attention."""
        return [] if self.decoder.attention is None else [self.decoder.attention.read]

    def limit(self, source_lengths: Tensor) -> Tensor:
        """Maximum number of words (B) of a translation: three times the source."""
        return 3 * source_lengths

    def encode(self, source: Tensor, mask: Tensor) -> tuple[Memory, State]:
        """Read source sentences (B, S) with mask (B, S), True = a word or ``</s>``."""
        return self.decoder.start(*self.encoder(source, mask), mask)  # type: ignore[call-arg]

    def features(
        self, source: Tensor, mask: Tensor, target: Tensor, need_weights: bool = True
    ) -> tuple[Tensor, Tensor]:
        """Attentional vectors h_tilde (B, T, n) and maps (B, 1, H, T, S), teacher forced: position t sees target[:, :t].

        Without attention, or without ``need_weights``, the maps have no layer, (B, 0, 0, T, S).
        """
        memory, state = self.encode(source, mask)
        Ey = nn.functional.pad(self.decoder.E(target[:, :-1]), (0, 0, 1, 0))  # nothing before the first word
        h_tilde, a = [], []
        for Ey_t in Ey.unbind(1):
            a_t, state = self.decoder.step(memory, state, Ey_t)
            h_tilde.append(state.h_tilde)
            a.append(a_t if need_weights else None)
        return self.decoder.dropout(torch.stack(h_tilde, 1)), maps_of(a, mask, target.shape[1])

    def forward(self, source: Tensor, mask: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, T, V) and maps (B, L, H, T, S), teacher forced."""
        h_tilde, maps = self.features(source, mask, target)
        return self.head(h_tilde), maps  # (6)

    def step(self, memory: Memory, state: State, previous: Tensor | None) -> tuple[Tensor, Tensor, State]:
        """h_tilde (R, n) and maps (B, L, H, k, S) of the word after ``previous`` (R), None at the start."""
        E = self.decoder.E
        Ey = E(previous) if previous is not None else E.weight.new_zeros(len(state.t), E.embedding_dim)
        a, state = self.decoder.step(memory, state, Ey)
        k = len(state.t) // len(memory.mask)
        return self.decoder.dropout(state.h_tilde), maps_of([a], memory.mask, k), state

    def norms(self, source: Tensor, mask: Tensor) -> Tensor:
        """Norm (B, 1, H, S) of what a position adds with weight 1, ||h_s|| for one head; without attention (B, 0, 0, S)."""
        if self.decoder.attention is None:
            return torch.zeros(len(mask), 0, 0, mask.shape[1], device=mask.device)
        memory, _ = self.encode(source, mask)
        return self.decoder.attention.norms(memory.keys, memory.h_s)[:, None]
