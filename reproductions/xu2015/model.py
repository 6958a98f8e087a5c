"""Show, Attend and Tell: Xu et al. (2015), "Neural Image Caption Generation with Visual Attention", arXiv 1502.03044, Sections 3
and 4.

The paper's letters are the names: ``a`` annotation vectors, ``h`` and ``c`` state and memory of the LSTM, ``alpha`` probabilities
of the places, ``s`` where it looks, ``z`` context, ``beta`` gate. B images, P places (the paper's L), T words of a caption with
its ``</s>``, D, n and m the widths of an annotation, the state and an embedding, V words.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from reproductions.attention import Hard, Soft, masked_softmax
from reproductions.layers.checks import check_rates, check_sizes
from reproductions.layers.dropout import Dropout


@dataclass(frozen=True)
class Network:
    """Sizes and choices. The decoder has the authors' widths for COCO, the encoder is for small images.

    Attributes:
        image_size: height and width of an image in pixels, a multiple of ``patch``; comes from the data.
        channels: of an image.
        patch: pixels from one place to the next, a power of two; the paper has 16, in images of 224.
        width: channels of the encoder's first convolution.
        layers: convolutions of the encoder that keep the size; they follow the ones that halve it.
        positions: add a learned vector for each place to its annotation.
        annotation: D.
        hidden: n, units of the LSTM.
        embedding: m, also the width of the output layer.
        alignment: hidden units of f_att.
        attention: "soft" (Section 4.2) or "hard" (Section 4.1).
        gate: scale the context by beta (Section 4.2.1).
        expectation: hard attention, in training: the fraction of images that take the expectation instead of a draw.
        straight_through: hard attention: let the gradient pass through the draw; not in the paper.
        tanh: apply tanh to the sum of the output layer, as the authors' code does; equation (7) has none.
        dropout: on the state and on the output layer before the words.
        longest: maximum number of words of a caption, ``</s>`` included.
    """

    image_size: int = 48
    channels: int = 3
    patch: int = 4
    width: int = 32
    layers: int = 2
    positions: bool = True
    annotation: int = 512
    hidden: int = 1800
    embedding: int = 512
    alignment: int = 512
    attention: Literal["soft", "hard"] = "soft"
    gate: bool = True
    expectation: float = 0.5
    straight_through: bool = False
    tanh: bool = False
    dropout: float = 0.0
    longest: int = 30

    def __post_init__(self) -> None:
        check_sizes(self, "image_size", "channels", "width", "layers", "annotation", "hidden", "embedding")
        check_sizes(self, "alignment", "longest")
        check_rates(self, "dropout", "expectation")
        if self.patch < 2 or self.patch & (self.patch - 1):
            raise ValueError(f"network.patch must be a power of two, 2 or more, not {self.patch}")
        if self.image_size % self.patch:
            raise ValueError(f"network.image_size {self.image_size} must be a multiple of network.patch {self.patch}")


def convolution(inside: int, outside: int, stride: int) -> list[nn.Module]:
    """3x3 filters, batch norm, ReLU."""
    return [nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()]


class Encoder(nn.Module):
    """Turn an image into annotation vectors, one per place (Section 3.1.1).

    Departs from the paper, whose annotations come from a VGG network that was trained on ImageNet and stays fixed: this
    encoder is small and is trained together with the decoder. VGG sees nearly the whole image from each place; here
    ``positions`` say where a place is, which a word such as "above" depends on.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        halvings, width, layers = network.patch.bit_length() - 1, network.width, list[nn.Module]()
        for inside, outside in zip(
            [network.channels, *(width << i for i in range(halvings - 1))],
            [width << i for i in range(halvings)],
            strict=True,
        ):
            layers += convolution(inside, outside, stride=2)
        for i in range(network.layers):
            outside = network.annotation if i == network.layers - 1 else width << (halvings - 1)
            layers += convolution(width << (halvings - 1), outside, stride=1)
        self.layers = nn.Sequential(*layers)
        self.positions = nn.Parameter(torch.zeros((network.image_size // network.patch) ** 2, network.annotation))
        self.positions.requires_grad_(network.positions)

    def forward(self, image: Tensor) -> Tensor:
        """Annotations a (B, P, D) of images (B, C, h, w), row by row from the top left."""
        # With channels last, the channels of a place are adjacent in memory: the annotations need no copy.
        x = self.layers(image.contiguous(memory_format=torch.channels_last))
        return x.flatten(2).transpose(1, 2) + self.positions.to(x.dtype)


class Memory(NamedTuple):
    """What stays the same through all steps: annotations a (B, P, D), the keys of f_att (B, P, n'), and for each image (B)
    whether it takes expectations.
    """

    a: Tensor
    keys: Tensor
    expected: Tensor


class State(NamedTuple):
    """What each step hands to the next: state h and memory c (R, n) of the LSTM."""

    h: Tensor
    c: Tensor


class Glimpse(NamedTuple):
    """Attention of one step: probabilities alpha (B, k, P), where it looks s (B, k, P), and context z (R, D). For soft
    attention s is alpha.
    """

    alpha: Tensor
    s: Tensor
    z: Tensor


class Decoder(nn.Module):
    """The LSTM, which looks at the image before each word (Section 3.1.2)."""

    def __init__(self, vocabulary: int, network: Network) -> None:
        super().__init__()
        D, n, m = network.annotation, network.hidden, network.embedding
        self.hard, self.straight_through = network.attention == "hard", network.straight_through
        self.expectation = network.expectation
        self.E = nn.Embedding(vocabulary, m)
        self.f_init_c, self.f_init_h = nn.Linear(D, n), nn.Linear(D, n)
        self.f_att = (Hard if self.hard else Soft)(query=n, key=D, hidden=network.alignment)
        self.f_beta = nn.Linear(n, 1) if network.gate else None
        self.T = nn.Linear(m + n + D, 4 * n)
        self.L_h, self.L_z = nn.Linear(n, m), nn.Linear(D, m, bias=False)
        self.tanh = network.tanh
        self.dropout = Dropout(network.dropout)

    def start(self, a: Tensor) -> tuple[Memory, State]:
        """Start the LSTM from the mean of the annotations a (B, P, D)."""
        mean = a.mean(1)
        c, h = torch.tanh(self.f_init_c(mean)), torch.tanh(self.f_init_h(mean))  # Section 3.1.2
        expected = torch.zeros(len(a), dtype=torch.bool, device=a.device)
        if self.hard and self.training:
            expected = torch.rand(len(a), device=a.device) < self.expectation
        return Memory(a, self.f_att.project(a), expected), State(h, c)

    def look(self, memory: Memory, h: Tensor) -> Glimpse:
        """Look at the image, given the states h (R, n) before the word.

        The R = B k rows are k captions per image, adjacent; k = 1 in training.
        """
        e = self.f_att.score(h.view(len(memory.a), -1, h.shape[1]), memory.keys)  # (4)
        alpha = masked_softmax(e, None)  # (5), (B, k, P)
        s = alpha
        if isinstance(self.f_att, Hard):
            s = self.f_att.draw(alpha)  # (8)
            if self.straight_through:
                s = s + (alpha - alpha.detach())
            s = torch.where(memory.expected[:, None, None], alpha, s)  # Section 4.1, with probability one half
        z = self.f_att.read(s, memory.a).flatten(0, 1)  # (6): (9) of a draw, (13) of alpha
        if self.f_beta is not None:
            beta = torch.sigmoid(self.f_beta(h))
            z = beta * z  # Section 4.2.1
        return Glimpse(alpha, s, z)

    def step(self, memory: Memory, state: State, Ey: Tensor) -> tuple[Glimpse, Tensor, State]:
        """One word, given the embedding Ey (R, m) of the word before: the glimpse, features (R, m), and the next state."""
        glimpse = self.look(memory, state.h)
        i, f, o, g = self.T(torch.cat([Ey, state.h.to(Ey.dtype), glimpse.z], dim=1)).chunk(4, dim=1)  # (1)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)  # (2)
        h = torch.sigmoid(o) * torch.tanh(c)  # (3)
        features = Ey + self.L_h(self.dropout(h)) + self.L_z(glimpse.z)  # (7), but for L_o
        return glimpse, self.dropout(torch.tanh(features) if self.tanh else features), State(h, c)


class Forced(NamedTuple):
    """A teacher-forced pass over captions: word t sees the words before it."""

    features: Tensor  # (B, T, m), from which ``head`` scores the words
    alpha: Tensor  # (B, T, P), rows sum to 1
    s: Tensor  # (B, T, P), where it looked: one-hot for hard attention, alpha where the expectation was taken
    expected: Tensor  # (B), True where the expectation was taken
    mean: Tensor  # (B, D), the mean annotation


class Captioner(nn.Module):
    """p(y_t | y_1 .. y_{t-1}, image) for a whole batch.

    It follows the step protocol of ``reproductions.decoding``: the source is an image, and its places are the source words.
    The maps are alpha, also for hard attention, which draws its place from alpha.

    Args:
        vocabulary: V.
        network: sizes and choices.
    """

    def __init__(self, vocabulary: int, network: Network) -> None:
        super().__init__()
        self.network = network
        self.grid = (network.image_size // network.patch,) * 2  # rows and columns of the places
        self.encoder = Encoder(network)
        self.decoder = Decoder(vocabulary, network)
        self.head = nn.Linear(network.embedding, vocabulary)  # L_o

    @property
    def reads(self) -> list[nn.Module]:
        """What sums the annotations in the one layer of the maps."""
        return [self.decoder.f_att.read]

    def limit(self, source_lengths: Tensor) -> Tensor:
        """Maximum number of words (B) of a caption."""
        return torch.full_like(source_lengths, self.network.longest)

    def encode(self, source: Tensor, mask: Tensor) -> tuple[Memory, State]:  # noqa: ARG002 - decoding's signature
        """Encode images (B, C, h, w); every place is real, so the mask (B, P) is all True."""
        return self.decoder.start(self.encoder(source))

    def features(self, image: Tensor, target: Tensor) -> Forced:
        """Read captions (B, T) of images (B, C, h, w), teacher forced."""
        memory, state = self.decoder.start(self.encoder(image))
        Ey = nn.functional.pad(self.decoder.E(target[:, :-1]), (0, 0, 1, 0))  # nothing before the first word
        steps = []
        for Ey_t in Ey.unbind(1):
            glimpse, features, state = self.decoder.step(memory, state, Ey_t)
            steps.append((features, glimpse.alpha[:, 0], glimpse.s[:, 0]))
        features, alpha, s = (torch.stack(parts, dim=1) for parts in zip(*steps, strict=True))
        return Forced(features, alpha, s, memory.expected, memory.a.mean(1))

    def forward(self, image: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, T, V) and maps (B, 1, 1, T, P), teacher forced."""
        forced = self.features(image, target)
        return self.head(forced.features), forced.alpha[:, None, None]  # (7)

    def step(self, memory: Memory, state: State, previous: Tensor | None) -> tuple[Tensor, Tensor, State]:
        """Features (R, m) and maps (B, 1, 1, k, P) of the word after ``previous`` (R), None at the start.

        The R = B k rows are k captions per image, adjacent.
        """
        E = self.decoder.E
        Ey = E(previous) if previous is not None else E.weight.new_zeros(len(state.h), E.embedding_dim)
        glimpse, features, state = self.decoder.step(memory, state, Ey)
        return features, glimpse.alpha[:, None, None], state
