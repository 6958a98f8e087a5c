"""The Vision Transformer: Dosovitskiy et al. (2021), "An Image is Worth 16x16 Words", arXiv 2010.11929, Section 3.1.

The paper's letters are the names: ``E`` the patch embedding, ``E_pos`` the positions, ``z`` the tokens, ``MSA`` and ``MLP`` the
two halves of a block. B images, C channels, P patches in raster order, T = S = prefix + P tokens, K classes, L layers, H heads.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from reproductions.attention import MultiHead
from reproductions.layers.checks import check_not_negative, check_rates, check_sizes
from reproductions.layers.dropout import Dropout, DropPath

Pooling = Literal["cls", "mean", "mean_norm", "cls_mean", "distilled"]


@dataclass(frozen=True)
class Network:
    """Sizes and choices; the defaults are ViT-B/16 (Table 1) for images of 224 pixels.

    Attributes:
        image_size: height and width of an image, in pixels.
        patch: height and width of a patch.
        channels: of an image.
        layers: L.
        d: D, width of every token.
        d_mlp: width inside the MLP.
        heads: of each attention.
        dropout: after every dense layer except queries, keys and values, and on the embedded patches (Appendix B.1).
        drop_path: stochastic depth (Huang et al. 2016): the fraction of images that skip either half of the last block; it
            grows linearly from 0 in the first block. DeiT (Touvron et al. 2021) has 0.1.
        stem: "patch" is one linear map per patch, the paper; "conv" has a few convolutions instead (Xiao et al. 2021; the
            paper's "hybrid" has a ResNet there), see :func:`convolutions`.
        pooling: what the head reads. "cls": the class token; "mean": the mean of the normalised patches, without a class token,
            as in the paper's code; "mean_norm": the mean of the patches, then normalised (MAE, BEiT); "cls_mean": the class
            token beside the mean of the patches (DINOv2); "distilled": the class token beside the first register, which is
            DeiT's distillation token.
        registers: number of extra learned tokens without a position (Darcet et al. 2024), after the class token.
        positions: "learned", one vector per token; "sincos", fixed sines and cosines of row and column (Beyer et al. 2022).
        head: "linear", the paper's for fine-tuning; "mlp", the paper's for pre-training, has a hidden layer with tanh.
        epsilon: of LayerNorm; 1e-6 in the code, the paper does not say.
    """

    image_size: int = 224
    patch: int = 16
    channels: int = 3
    layers: int = 12
    d: int = 768
    d_mlp: int = 3072
    heads: int = 12
    dropout: float = 0.0
    drop_path: float = 0.0
    stem: Literal["patch", "conv"] = "patch"
    pooling: Pooling = "cls"
    registers: int = 0
    positions: Literal["learned", "sincos"] = "learned"
    head: Literal["linear", "mlp"] = "linear"
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        check_sizes(self, "image_size", "patch", "channels", "layers", "d", "d_mlp", "heads")
        check_rates(self, "dropout", "drop_path")
        check_not_negative(self, "registers")
        if self.image_size % self.patch:
            raise ValueError(
                f"network.patch must divide network.image_size: {self.patch} does not divide {self.image_size}"
            )
        if self.pooling == "distilled" and not self.registers:
            raise ValueError("network.pooling: distilled reads the first register, and network.registers is 0")
        if self.d % self.heads:
            raise ValueError(f"network.d must be a multiple of network.heads, not {self.d} with {self.heads} heads")
        if self.positions == "sincos" and self.d % 4:
            raise ValueError(f"network.positions: sincos needs network.d to be a multiple of 4, not {self.d}")
        if self.stem == "conv" and (self.patch < 2 or self.patch & (self.patch - 1) or self.d % (self.patch // 2)):
            raise ValueError(
                "network.stem: conv halves the image again and again, so network.patch must be 2, 4, 8 ... and network.d "
                f"a multiple of half of it, not {self.patch} with {self.d}"
            )

    @property
    def class_token(self) -> bool:
        return not self.pooling.startswith("mean")

    @property
    def name(self) -> str:
        """ViT-B/16 and so on for exactly these sizes, else ViT; then its options: "ViT with a convolutional stem"."""
        sizes = {(12, 192, 768, 3): "Ti", (12, 384, 1536, 6): "S", (12, 768, 3072, 12): "B",
                 (24, 1024, 4096, 16): "L", (32, 1280, 5120, 16): "H"}  # fmt: skip
        letter = sizes.get((self.layers, self.d, self.d_mlp, self.heads))
        base = f"ViT-{letter}/{self.patch}" if letter else "ViT"
        options = {
            "a convolutional stem": self.stem == "conv",
            "mean pooling": not self.class_token,
            f"{self.registers} registers": self.registers > 0,
            "sincos positions": self.positions == "sincos",
        }
        chosen = ", ".join(option for option, taken in options.items() if taken)
        return f"{base} with {chosen}" if chosen else base


def sincos(rows: int, columns: int, d: int) -> Tensor:
    """Positions (rows * columns, d): sines and cosines of the column, then of the row, wavelengths 2 pi to 20,000 pi."""
    frequency = 10000 ** -(torch.arange(d // 4, dtype=torch.float64) / max(d // 4 - 1, 1))
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    angles = [place.flatten()[:, None] * frequency for place in (x, y)]
    return torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], dim=1).float()


def resize_positions(E_pos: Tensor, side: int, new: int) -> Tensor:
    """Positions (f + new * new, d) from positions (f + side * side, d) of another image size: Section 3.2, "2D interpolation".

    Bilinear with aligned corners, as in the code. That of the class token comes first, if there is one, and does not change.
    """
    if new == side:
        return E_pos
    first = len(E_pos) - side * side
    grid = E_pos[first:].unflatten(0, (side, side)).permute(2, 0, 1)[None]  # (1, d, side, side)
    grown = nn.functional.interpolate(grid, (new, new), mode="bilinear", align_corners=True)
    return torch.cat([E_pos[:first], grown[0].flatten(1).transpose(0, 1)])


def convolutions(network: Network) -> nn.Sequential:
    """The stem of Xiao et al. (2021): 3x3 convolutions with batch norm and GELU, then a linear map of each position.

    Convolutions of stride 2, each twice as wide as the one before, halve the image until a patch is one position of width d;
    two of stride 1 follow.
    """
    halvings, d = network.patch.bit_length() - 1, network.d
    widths = [network.channels, *(d >> halvings - 1 - i for i in range(halvings)), d, d]
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(pairwise(widths)):
        stride = 2 if i < halvings else 1
        layers += [nn.Conv2d(before, after, 3, stride, padding=1, bias=False), nn.BatchNorm2d(after), nn.GELU()]
    return nn.Sequential(*layers, nn.Conv2d(d, d, 1))


class Embed(nn.Module):
    """Class token, registers and patches with their positions: Section 3.1, equation (1).

    A convolution with p x p filters and stride p reads each patch once: its filters are the columns of E, its output is x_p E
    for all patches, with a bias as in the paper's code.

    Departs from the paper: options ``stem: conv``, ``pooling: mean``, ``registers`` and ``positions: sincos``.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        side, self.patched = network.image_size // network.patch, network.stem == "patch"
        self.E: nn.Module = (
            nn.Conv2d(network.channels, network.d, network.patch, network.patch)
            if self.patched
            else convolutions(network)
        )
        first = int(network.class_token)
        self.x_class = nn.Parameter(torch.zeros(first, network.d))
        self.registers = nn.Parameter(torch.zeros(network.registers, network.d))
        if network.positions == "learned":
            self.E_pos = nn.Parameter(torch.zeros(first + side * side, network.d))
        else:
            fixed = torch.cat([torch.zeros(first, network.d), sincos(side, side, network.d)])
            self.register_buffer("E_pos", fixed, persistent=False)
        self.dropout = Dropout(network.dropout)

    def forward(self, image: Tensor) -> Tensor:
        """Tokens z_0 (B, T, d) of images (B, C, h, w)."""
        patches = self.E(image).flatten(2).transpose(1, 2)  # x_p E, (B, P, d)
        x_class, registers = (token.expand(len(image), -1, -1) for token in (self.x_class, self.registers))
        first = x_class.shape[1]
        z = torch.cat([x_class + self.E_pos[:first], registers, patches + self.E_pos[first:]], dim=1)  # (1)
        return self.dropout(z)


class MLP(nn.Module):
    """Two layers with a GELU between (Section 3.1), dropout after each (Appendix B.1)."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.W_1 = nn.Linear(network.d, network.d_mlp)
        self.W_2 = nn.Linear(network.d_mlp, network.d)
        self.dropout = Dropout(network.dropout)

    def forward(self, z: Tensor) -> Tensor:
        return self.dropout(self.W_2(self.dropout(nn.functional.gelu(self.W_1(z)))))


class Block(nn.Module):
    """Self-attention, then the MLP, each behind a LayerNorm and with a residual: Section 3.1, Figure 1, equations (2), (3).

    MSA is Appendix A, equations (5) to (8): [q, k, v] = z U_qkv is ``project_itself``; A, A v in each head and U_msa over all
    heads are ``attend``. Both stand in ``attention/multi_head.py``, which builds on ``scaled_dot.py`` and ``base.py``.
    """

    def __init__(self, network: Network, drop_path: float) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(network.d, network.epsilon)
        self.MSA = MultiHead(network.d, network.heads, bias=True)
        self.norm_2 = nn.LayerNorm(network.d, network.epsilon)
        self.MLP = MLP(network)
        self.dropout = Dropout(network.dropout)
        self.drop_path = DropPath(drop_path)

    def forward(self, z: Tensor, need_weights: bool, first: int | None = None) -> tuple[Tensor, Tensor]:
        """z (B, T, d) and the weights (B, H, T, S); with ``first``, only for the first tokens, T = first."""
        q, k, v = self.MSA.project_itself(self.norm_1(z))  # (5)
        read, A = self.MSA.attend(q[:, :, :first], k, v, None, need_weights)  # (6) to (8)
        z_ = self.drop_path(self.dropout(read)) + z[:, :first]  # z'_l, (2)
        return self.drop_path(self.MLP(self.norm_2(z_))) + z_, A  # z_l, (3)


class ViT(nn.Module):
    """The Vision Transformer: logits of K classes, and the attention of every token.

    Args:
        classes: K.
        network: sizes and choices.
    """

    def __init__(self, classes: int, network: Network) -> None:
        super().__init__()
        self.network = network
        self.grid = (network.image_size // network.patch,) * 2  # rows and columns of patches
        self.prefix = int(network.class_token) + network.registers  # tokens before the patches
        self.embed = Embed(network)
        deepest = max(1, network.layers - 1)
        self.blocks = nn.ModuleList(Block(network, network.drop_path * i / deepest) for i in range(network.layers))
        self.norm = nn.LayerNorm(network.d, network.epsilon)
        read = network.d * (2 if network.pooling in ("cls_mean", "distilled") else 1)
        hidden = [nn.Linear(read, network.d), nn.Tanh()] if network.head == "mlp" else []
        self.head = nn.Sequential(*hidden, nn.Linear(network.d if hidden else read, classes))

    @property
    def reads(self) -> list[nn.Module]:
        """What sums the values of the tokens in each layer, first to last."""
        return [block.MSA.attention.read for block in self.blocks]  # type: ignore[misc, union-attr]

    def encode(self, image: Tensor, need_weights: bool = True, first: int | None = None) -> tuple[Tensor, list[Tensor]]:
        """Tokens z_L (B, T, d), and the weights (B, H, T, S) of each of the L layers, first to last.

        Args:
            image: (B, C, h, w).
            need_weights: without it the weights are (B, 0, T, S).
            first: number of tokens to compute in the last layer; None for all of them.
        """
        z, maps = self.embed(image), []
        for i, block in enumerate(self.blocks, 1):
            z, A = block(z, need_weights, first if i == len(self.blocks) else None)
            maps.append(A)
        return z, maps

    def classify(self, z: Tensor) -> Tensor:
        """Logits (B, K) of tokens z_L (B, T, d)."""
        logits: Tensor = self.head(self.features(z))
        return logits

    def features(self, z: Tensor) -> Tensor:
        """What the head reads (B, d), or (B, 2 d) of two kinds, of tokens z_L (B, T, d)."""
        pooling, patches = self.network.pooling, z[:, self.prefix :]
        if pooling == "mean":
            return self.norm(patches).mean(1)
        if pooling == "mean_norm":
            return self.norm(patches.mean(1))
        if pooling == "distilled":
            return self.norm(z[:, :2]).flatten(1)
        y = self.norm(z[:, 0])  # (4)
        return torch.cat([y, self.norm(patches).mean(1)], dim=1) if pooling == "cls_mean" else y

    def look(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits (B, K) and the weights (B, H, T, S) of each layer, still in the graph of the logits."""
        z, maps = self.encode(image)
        return self.classify(z), maps

    def logits(self, image: Tensor) -> Tensor:
        """Logits (B, K) the fast way: without weights, and in the last layer only what the head reads."""
        first = {"cls": 1, "distilled": 2}.get(self.network.pooling)
        z, _ = self.encode(image, need_weights=False, first=first)
        return self.classify(z)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, K) and maps (B, L, H, T, S)."""
        logits, maps = self.look(image)
        return logits, torch.stack(maps, dim=1)

    @property
    def filters(self) -> Tensor:
        """Filters (D, C, p, p) of the patch embedding, or of the stem's first convolution: Figure 7, left."""
        first = self.embed.E if self.embed.patched else self.embed.E[0]
        weight: Tensor = first.weight  # type: ignore[assignment]
        return weight

    @property
    def positions(self) -> Tensor:
        """E_pos (P, d), only for the patches: Figure 7, centre."""
        return self.embed.E_pos[len(self.embed.x_class) :]
