"""RNNsearch and RNNencdec: Bahdanau, Cho and Bengio (2014), "Neural Machine Translation by Jointly Learning to Align
and Translate", arXiv 1409.0473, Section 3 and Appendix A.

The paper's letters are the names: ``s`` decoder state (n), ``h`` annotations (2n), ``c`` context, ``alpha`` weights, ``E``
target embedding (m), ``t`` deep output (l). B sentences, S source and T target positions, both counting ``</s>``.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from reproductions.attention import build, check_name, choices, maps_of
from reproductions.layers.checks import check_rates, check_sizes
from reproductions.layers.dropout import Dropout


@dataclass(frozen=True)
class Network:
    """Sizes and choices; the defaults are the paper's (Appendix A.2.3) and its authors' code.

    Attributes:
        hidden: n, units of the encoder in each direction and of the decoder.
        embedding: m, width of a word's embedding.
        maxout: l, units of the deep output.
        alignment: n', hidden units of the alignment model.
        attention: "additive" is RNNsearch; "none" is RNNencdec, the paper's baseline; or another mechanism over a source,
            by its name in :data:`reproductions.attention.TIMELINE`; or "uniform", the control.
        indexing: which word and state enter a step, see :class:`Decoder`.
        unit: "gated" resets the state before the matrix, as the paper does; "torch" after it, as ``nn.GRU`` does.
        dropout: on embeddings, annotations and deep output; the paper has none.
        tied: share E with the output matrix W_o (needs maxout == embedding); the paper does not.
        window: D of local attention, positions to each side.
        max_length: maximum number of source positions, ``</s>`` included, of location-based attention.
    """

    hidden: int = 1000
    embedding: int = 620
    maxout: int = 500
    alignment: int = 1000
    attention: str = "additive"
    indexing: Literal["groundhog", "equation4", "appendix"] = "groundhog"
    unit: Literal["gated", "torch"] = "gated"
    dropout: float = 0.0
    tied: bool = False
    window: int = 10
    max_length: int = 100

    def __post_init__(self) -> None:
        check_name(self.attention)
        check_sizes(self, "hidden", "embedding", "maxout", "alignment", "window", "max_length")
        check_rates(self, "dropout")
        if self.tied and self.maxout != self.embedding:
            sizes = f"maxout {self.maxout} and embedding {self.embedding}"
            raise ValueError(f"network.tied needs maxout == embedding, not {sizes}")


class GatedUnit(nn.Module):
    """The gated hidden unit of Cho et al. (2014), Appendix A.1.1: the reset gate acts on the state, before the matrix U.

    ``W`` stacks the paper's W_r, W_z and W, ``U_rz`` its U_r and U_z. Only W has a bias.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.W = nn.Linear(inputs, 3 * hidden)
        self.U_rz = nn.Linear(hidden, 2 * hidden, bias=False)
        self.U = nn.Linear(hidden, hidden, bias=False)

    def forward(self, Wx: Tensor, s: Tensor) -> Tensor:
        """The next state (B, n) from the state s (B, n) and ``Wx = W x`` (B, 3n), to which the decoder adds C c."""
        n = s.shape[-1]
        Wx_rz, Wx = Wx.split([2 * n, n], dim=-1)
        r, z = torch.sigmoid(Wx_rz + self.U_rz(s)).chunk(2, dim=-1)  # A.1.1
        s_tilde = torch.tanh(Wx + self.U(r * s))
        return torch.lerp(s, s_tilde, z)  # (1 - z) s + z s_tilde; in nn.GRU z = 1 keeps the old state


class ResetAfterUnit(GatedUnit):
    """The unit of ``torch.nn.GRU``: the reset gate acts after the matrix U, which is a different function.

    Departs from the paper: option ``unit: torch``, to measure the effect of the difference.
    """

    def forward(self, Wx: Tensor, s: Tensor) -> Tensor:
        n = s.shape[-1]
        Wx_rz, Wx = Wx.split([2 * n, n], dim=-1)
        r, z = torch.sigmoid(Wx_rz + self.U_rz(s)).chunk(2, dim=-1)
        return torch.lerp(s, torch.tanh(Wx + r * self.U(s)), z)


UNITS = {"gated": GatedUnit, "torch": ResetAfterUnit}


class Encoder(nn.Module):
    """The bidirectional encoder, Section 3.2 and Appendix A.2.1; RNNencdec keeps only the forward half.

    Padding copies the state, so the annotations of a sentence do not depend on its neighbours in the batch.
    """

    def __init__(self, vocabulary: int, network: Network) -> None:
        super().__init__()
        unit = UNITS[network.unit]
        # Shared by both directions, "unlike the weight matrices".
        self.E = nn.Embedding(vocabulary, network.embedding)
        self.forward_unit = unit(network.embedding, network.hidden)
        self.backward_unit = unit(network.embedding, network.hidden) if network.attention != "none" else None
        self.dropout = Dropout(network.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Annotations h (B, S, 2n), for RNNencdec (B, S, n), and the state (B, n) that the decoder starts from.

        x and mask are (B, S).
        """
        Ex = self.dropout(self.E(x))
        last = x.shape[1] - 1
        forward_h = self._run(self.forward_unit, Ex, mask, range(last + 1))
        if self.backward_unit is None:
            return self.dropout(forward_h), forward_h[:, last]
        backward_h = self._run(self.backward_unit, Ex, mask, range(last, -1, -1))
        h = torch.cat([forward_h, backward_h], dim=-1)  # (7)
        return self.dropout(h), backward_h[:, 0]

    def _run(self, unit: GatedUnit, Ex: Tensor, mask: Tensor, order: range) -> Tensor:
        Wx_r, Wx_z, Wx = unit.W(Ex).chunk(3, dim=-1)
        Wx_z = Wx_z.masked_fill(~mask[:, :, None], -torch.inf)  # z = 0: padding copies the state
        steps = torch.cat([Wx_r, Wx_z, Wx], dim=-1).unbind(1)
        state = Wx.new_zeros(len(Ex), unit.U.in_features)
        states = [state] * len(order)
        for j in order:
            states[j] = state = unit(steps[j], state)
        return torch.stack(states, dim=1)


class Memory(NamedTuple):
    """What stays the same through all steps: h (B, S, 2n), the attention's keys U_a h (B, S, n'), and mask (B, S).

    RNNencdec keeps its one context c (B, n) in ``h`` and has no keys, (B, 0).
    """

    h: Tensor
    keys: Tensor
    mask: Tensor


class State(NamedTuple):
    """What each step hands to the next: the decoder state s (R, n), the context c (R, 2n) of the word it wrote, and the
    number i (R) of words written.

    With ``groundhog`` s has not read that word yet: the next step reads it, together with this c.
    """

    s: Tensor
    c: Tensor
    i: Tensor


class Decoder(nn.Module):
    """The decoder, Section 3.1 and Appendices A.1.1, A.1.2 and A.2.2.

    The paper indexes its equations in three ways, which are three models (``indexing``):

    - ``groundhog``, the authors' code: s_i = f(s_{i-1}, y_i, c_i), and the readout of y_i takes s_{i-1}. The state that
      asks where to look has seen y_{i-1}.
    - ``equation4``, the text of Section 3.1: s_i = f(s_{i-1}, y_{i-1}, c_i), and the readout takes s_i.
    - ``appendix``, A.2.2 to the letter: that recurrence, but the readout takes s_{i-1}.

    There is no start symbol: E y_0 is the zero vector.

    Departs from the paper: options of ``attention`` other than additive. A dot product needs keys as wide as the state: they
    are the sum of both directions, ->h_j + <-h_j. The context is still made of h_j.
    """

    def __init__(self, vocabulary: int, network: Network) -> None:
        super().__init__()
        n, m, l, self.indexing = network.hidden, network.embedding, network.maxout, network.indexing  # noqa: E741
        attends = network.attention != "none"
        context = 2 * n if attends else n
        self.summed = attends and choices()[network.attention].equal_widths
        key = n if self.summed else context
        self.E = nn.Embedding(vocabulary, m)
        self.W_s = nn.Linear(n, n)
        sizes = (n, key, network.alignment, network.window, network.max_length)
        self.attention = build(network.attention, *sizes) if attends else None
        self.unit = UNITS[network.unit](m, n)
        self.C = nn.Linear(context, 3 * n, bias=False)
        self.U_o = nn.Linear(n, 2 * l)
        self.V_o = nn.Linear(m, 2 * l, bias=False)
        self.C_o = nn.Linear(context, 2 * l, bias=False)
        self.dropout = Dropout(network.dropout)

    def start(self, h: Tensor, first: Tensor, mask: Tensor) -> tuple[Memory, State]:
        """s_0 = tanh(W_s <-h_1), Appendix A.2.2; RNNencdec starts from ->h_{T_x}, and that is its c_i at every step."""
        s = torch.tanh(self.W_s(first))
        i = torch.zeros(len(s), dtype=torch.long, device=s.device)
        if self.attention is None:
            c = h[:, -1]  # (1); padding copies the state, so the last position holds the state of the last word
            return Memory(c, c[:, :0], mask), State(s, c, i)
        keys = h.unflatten(-1, (2, -1)).sum(-2) if self.summed else h
        return Memory(h, self.attention.project(keys), mask), State(s, torch.zeros_like(h[:, 0]), i)

    def look(self, memory: Memory, s: Tensor, i: Tensor) -> tuple[Tensor, Tensor | None]:
        """c_i (R, 2n) and alpha_i (B, k, S), or (B, H, k, S), for the states s (R, n). RNNencdec has no alpha_i, and c_i = c.

        The R = B k rows are k hypotheses per sentence, adjacent; k = 1 in training.
        """
        B, k = len(memory.h), len(s) // len(memory.h)
        if self.attention is None:
            return memory.h.repeat_interleave(k, 0), None
        s, i = s.view(B, k, -1), i.view(B, k)
        c, alpha = self.attention(s, memory.keys, memory.h, memory.mask[:, None], i)  # (5), (6)
        return c.flatten(0, 1), alpha

    def step(self, memory: Memory, state: State, Wy: Tensor, first: bool) -> tuple[Tensor, Tensor | None, State]:
        """One word: the state (R, n) for its readout, its weights alpha_i (B, k, S), and the state for the next step.

        ``Wy`` (R, 3n) is ``unit.W E y_{i-1}``.
        """
        s, c, i = state
        if self.indexing == "groundhog" and not first:
            s = self.unit(Wy + self.C(c), s)  # s_{i-1} = f(s_{i-2}, y_{i-1}, c_{i-1})
        c, alpha = self.look(memory, s, i)
        if self.indexing == "groundhog":
            return s, alpha, State(s, c, i + 1)
        s_i = self.unit(Wy + self.C(c), s)  # s_i = f(s_{i-1}, y_{i-1}, c_i)
        return (s_i if self.indexing == "equation4" else s), alpha, State(s_i, c, i + 1)

    def readout(self, s: Tensor, Ey: Tensor, c: Tensor) -> Tensor:
        """Deep output with a maxout layer, Appendix A.2.2: t (..., l) from s (..., n), E y_{i-1} (..., m) and c_i."""
        t_tilde = self.U_o(s) + self.V_o(Ey) + self.C_o(c)
        return self.dropout(t_tilde.unflatten(-1, (-1, 2)).amax(-1))  # t = max of adjacent pairs


class RNNsearch(nn.Module):
    """RNNsearch, or RNNencdec with ``attention="none"``: p(y_i | y_1 .. y_{i-1}, x) for a whole batch.

    Args:
        source_vocabulary: K_x, rows of the source embedding.
        target_vocabulary: K_y, rows of the target embedding and of the output matrix W_o.
        network: sizes and choices.
    """

    def __init__(self, source_vocabulary: int, target_vocabulary: int, network: Network) -> None:
        super().__init__()
        self.encoder = Encoder(source_vocabulary, network)
        self.decoder = Decoder(target_vocabulary, network)
        self.head = nn.Linear(network.maxout, target_vocabulary)  # W_o
        self.max_length = self.decoder.attention.positions if self.decoder.attention is not None else None
        if network.tied:
            self.head.weight = self.decoder.E.weight

    @property
    def reads(self) -> list[nn.Module]:
        """The weighted sum of the annotations, in a list; empty without attention."""
        return [] if self.decoder.attention is None else [self.decoder.attention.read]

    def limit(self, source_lengths: Tensor) -> Tensor:
        """Maximum number of words (B) of a translation: three times the source, as in the authors' code."""
        return 3 * source_lengths

    def encode(self, source: Tensor, mask: Tensor) -> tuple[Memory, State]:
        """Read source sentences (B, S) with mask (B, S), True = a word or ``</s>``."""
        h, first = self.encoder(source, mask)
        return self.decoder.start(h, first, mask)

    def features(
        self, source: Tensor, mask: Tensor, target: Tensor, need_weights: bool = True
    ) -> tuple[Tensor, Tensor]:
        """Deep output t (B, T, l) and maps (B, 1, H, T, S), teacher forced: position i sees target[:, :i].

        Without attention, or without ``need_weights``, the maps have no layer, (B, 0, 0, T, S).
        """
        memory, state = self.encode(source, mask)
        Ey = self.decoder.dropout(self.decoder.E(target[:, :-1]))
        Ey = torch.cat([Ey.new_zeros(len(Ey), 1, Ey.shape[2]), Ey], dim=1)  # E y_0 = 0
        s, c, alpha = [], [], []
        for i, Wy in enumerate(self.decoder.unit.W(Ey).unbind(1)):
            s_i, alpha_i, state = self.decoder.step(memory, state, Wy, first=i == 0)
            s.append(s_i)
            c.append(state.c)
            alpha.append(alpha_i if need_weights else None)
        t = self.decoder.readout(torch.stack(s, 1), Ey, torch.stack(c, 1))
        return t, maps_of(alpha, mask, target.shape[1])

    def forward(self, source: Tensor, mask: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, T, V) and maps (B, L, H, T, S), teacher forced."""
        t, maps = self.features(source, mask, target)
        return self.head(t), maps  # (4)

    def step(self, memory: Memory, state: State, previous: Tensor | None) -> tuple[Tensor, Tensor, State]:
        """Deep output t (R, l) and maps (B, L, H, k, S) of the word after ``previous`` (R), None at the start.

        The R = B k rows are k hypotheses per sentence, adjacent.
        """
        if previous is None:
            Ey = self.decoder.E.weight.new_zeros(len(state.s), self.decoder.E.embedding_dim)  # E y_0 = 0
        else:
            Ey = self.decoder.E(previous)
        s, alpha, state = self.decoder.step(memory, state, self.decoder.unit.W(Ey), first=previous is None)
        t = self.decoder.readout(s, Ey, state.c)
        return t, maps_of([alpha], memory.mask, len(s) // len(memory.mask)), state

    def norms(self, source: Tensor, mask: Tensor) -> Tensor:
        """Norm (B, 1, H, S) of what a position adds with weight 1, ||h_j|| for one head; without attention (B, 0, 0, S)."""
        if self.decoder.attention is None:
            return torch.zeros(len(mask), 0, 0, mask.shape[1], device=mask.device)
        memory, _ = self.encode(source, mask)
        return self.decoder.attention.norms(memory.keys, memory.h)[:, None]
