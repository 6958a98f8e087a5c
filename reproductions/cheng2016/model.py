"""LSTMN and LSTM as language models: Cheng, Dong and Lapata (2016), "Long Short-Term Memory-Networks for Machine Reading",
arXiv 1601.06733, Section 3.2.

The paper's letters are the names: ``x`` the word that is read, ``h`` and ``c`` its hidden and memory state (n each), kept on
two tapes; ``h_tilde`` and ``c_tilde`` what is read from the tapes; ``s`` the weights. B sentences, T words, ``</s>``
included.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from reproductions.attention import Intra
from reproductions.layers.checks import check_rates, check_sizes
from reproductions.layers.dropout import Dropout


@dataclass(frozen=True)
class Network:
    """Sizes and choices.

    Attributes:
        hidden: n, width of a hidden state and of a memory state.
        embedding: width of x.
        alignment: width of v, the hidden layer of intra-attention.
        attention: "intra" is the LSTMN; "none" is the LSTM, which reads only the last entry of each tape.
        dropout: on x and on the h that predicts the next word, never inside the recurrence.
        tied: share the embedding with the output matrix (needs hidden == embedding).
    """

    hidden: int = 256
    embedding: int = 128
    alignment: int = 128
    attention: Literal["intra", "none"] = "intra"
    dropout: float = 0.0
    tied: bool = False

    def __post_init__(self) -> None:
        check_sizes(self, "hidden", "embedding", "alignment")
        check_rates(self, "dropout")
        if self.tied and self.hidden != self.embedding:
            raise ValueError(
                f"network.tied needs hidden == embedding, not hidden {self.hidden} and embedding {self.embedding}"
            )


class Unit(nn.Module):
    """The gates, equations (7)-(9): an LSTM with a summary of the tapes in place of the last state.

    ``W_x`` and ``W_h`` are the columns of the paper's W for x_t and for h_tilde_t; only W_x has a bias.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.W_x = nn.Linear(inputs, 4 * hidden)
        self.W_h = nn.Linear(hidden, 4 * hidden, bias=False)

    def forward(self, Wx: Tensor, h_tilde: Tensor, c_tilde: Tensor) -> tuple[Tensor, Tensor]:
        """h_t and c_t (B, n) from ``Wx = W_x x_t`` (B, 4n) and h_tilde_t, c_tilde_t (B, n)."""
        i, f, o, c_hat = (Wx + self.W_h(h_tilde)).chunk(4, dim=-1)  # (7), before sigma and tanh
        c = torch.sigmoid(f) * c_tilde + torch.sigmoid(i) * torch.tanh(c_hat)  # (8)
        return torch.sigmoid(o) * torch.tanh(c), c  # (9)


class State(NamedTuple):
    """What each step hands to the next."""

    tapes: Tensor  # [h_i; c_i] (B, t, 2n) of the words read so far; for the LSTM, only of the last one
    keys: Tensor  # W_h h_i (B, t, A), computed once per word; for the LSTM (B, t, 0)
    h_tilde: Tensor  # (B, n), the summary for the last word


class LSTMN(nn.Module):
    """p(y_t | y_1 .. y_{t-1}) for a whole batch: the LSTMN, or the LSTM with ``attention="none"``.

    x_1 is the zero vector, x_t the embedding of y_{t-1}: there is no start symbol. The tapes are empty before the first word,
    so h_tilde_1 = c_tilde_1 = 0.

    Departs from the paper: the authors' code puts a zero state on the tapes before the first word, and every word can attend
    to it; here, as in the equations, there is none.

    Args:
        vocabulary: V.
        network: sizes and choices.
    """

    def __init__(self, vocabulary: int, network: Network) -> None:
        super().__init__()
        n, m = network.hidden, network.embedding
        self.E = nn.Embedding(vocabulary, m)
        self.unit = Unit(m, n)
        self.attention = Intra(m, n, network.alignment) if network.attention == "intra" else None
        self.head = nn.Linear(n, vocabulary)
        if network.tied:
            self.head.weight = self.E.weight
        self.dropout = Dropout(network.dropout)

    def start(self, rows: int) -> State:
        """Empty tapes for a number of sentences."""
        like, n = self.E.weight, self.unit.W_h.in_features
        keys = 0 if self.attention is None else len(self.attention.v)
        return State(like.new_zeros(rows, 0, 2 * n), like.new_zeros(rows, 0, keys), like.new_zeros(rows, n))

    def read(self, x: Tensor, state: State) -> tuple[Tensor, Tensor, Tensor | None]:
        """h_tilde_t and c_tilde_t (B, n) for x_t (B, m), and s^t (B, t - 1), None for the LSTM."""
        if self.attention is None:
            last = state.tapes[:, -1] if state.tapes.shape[1] else state.tapes.new_zeros(len(x), state.tapes.shape[2])
            h, c = last.chunk(2, dim=-1)
            return h, c, None
        query = torch.cat([x, state.h_tilde], dim=-1)[:, None]
        summary, s = self.attention(query, state.keys, state.tapes)  # (4), (5), (6)
        return *summary[:, 0].chunk(2, dim=-1), s[:, 0]

    def advance(self, x: Tensor, Wx: Tensor, state: State) -> tuple[Tensor, Tensor | None, State]:
        """One word: h_t (B, n), s^t (B, t - 1), and the tapes with one more entry; ``Wx`` is ``unit.W_x x_t``."""
        h_tilde, c_tilde, s = self.read(x, state)
        h, c = self.unit(Wx, h_tilde, c_tilde)
        entry = torch.cat([h, c], dim=-1)[:, None]
        if self.attention is None:
            return h, s, State(entry, state.keys, h_tilde)
        keys = torch.cat([state.keys, self.attention.project(h)[:, None]], dim=1)
        return h, s, State(torch.cat([state.tapes, entry], dim=1), keys, h_tilde)

    def features(self, words: Tensor, need_weights: bool = True) -> tuple[Tensor, Tensor]:
        """h (B, T, n) for words y (B, T), and maps (B, 1, 1, T, T): row t is where x_t looked, column i the state of x_i.

        h at t has read y_1 .. y_{t-1}. The diagonal and everything to its right are 0. Without attention, or without
        ``need_weights``, the maps have no layer, (B, 0, 0, T, T).
        """
        Ey = self.E(words[:, :-1])
        x = self.dropout(torch.cat([Ey.new_zeros(len(Ey), 1, Ey.shape[2]), Ey], dim=1))
        h, rows, state = [], [], self.start(len(words))
        for x_t, Wx in zip(x.unbind(1), self.unit.W_x(x).unbind(1), strict=True):
            h_t, s, state = self.advance(x_t, Wx, state)
            h.append(h_t)
            if need_weights and s is not None:
                rows.append(nn.functional.pad(s, (0, words.shape[1] - s.shape[1])))
        maps = torch.stack(rows, dim=1)[:, None, None] if rows else x.new_zeros(len(x), 0, 0, *[x.shape[1]] * 2)
        return self.dropout(torch.stack(h, dim=1)), maps

    def forward(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, T, V) of y_t given y_1 .. y_{t-1}, and maps (B, L, 1, T, T)."""
        h, maps = self.features(words)
        return self.head(h), maps
