"""The residual network for small images: He et al. (2016), "Deep Residual Learning for Image Recognition", Section 4.2.

The convolutional network for Grad-CAM, for comparison with the Vision Transformer. B images, C channels, K classes.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from reproductions.layers.checks import check_sizes


@dataclass(frozen=True)
class Network:
    """Sizes and choices; the defaults are the paper's 20 layers (Table 6) for CIFAR-10.

    Attributes:
        image_size: height and width of an image, in pixels; a multiple of 4.
        channels: of an image.
        blocks: n, in each of the three stages; the network has 6 n + 2 layers.
        width: channels of the first stage; each later stage doubles them and halves height and width.
        shortcut: "pad", the paper's for CIFAR-10 (option A), fills new channels with zeros; "projection" is option B, (2).
    """

    image_size: int = 32
    channels: int = 3
    blocks: int = 3
    width: int = 16
    shortcut: Literal["pad", "projection"] = "pad"

    def __post_init__(self) -> None:
        check_sizes(self, "image_size", "channels", "blocks", "width")
        if self.image_size % 4:
            raise ValueError(f"network.image_size must be a multiple of 4, not {self.image_size}")

    @property
    def name(self) -> str:
        """ResNet-20 and so on for the paper's width; for any other the width is added."""
        depth = 6 * self.blocks + 2
        return f"ResNet-{depth}" if self.width == 16 else f"ResNet-{depth} of width {self.width}"


def convolution(inside: int, outside: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, then batch norm (Section 3.4)."""
    filters = nn.Conv2d(inside, outside, size, stride, size // 2, bias=False)
    return nn.Sequential(filters, nn.BatchNorm2d(outside))


class Pad(nn.Module):
    """Option A of Section 4.1: every second row and column, and zeros for the new channels."""

    def __init__(self, new: int) -> None:
        super().__init__()
        self.new = new

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.new))


class Block(nn.Module):
    """Two layers and a shortcut around them (Section 3.2, Figure 2)."""

    def __init__(self, inside: int, outside: int, network: Network) -> None:
        super().__init__()
        stride = 2 if outside > inside else 1
        self.first, self.second = convolution(inside, outside, stride=stride), convolution(outside, outside)
        self.W_s: nn.Module = nn.Identity()
        if stride == 2:
            pad = network.shortcut == "pad"
            self.W_s = Pad(outside - inside) if pad else convolution(inside, outside, size=1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        F = self.second(self.first(x).relu())
        y = F + self.W_s(x)  # (1) where nothing changes its size, (2) where it does
        return y.relu()


class ResNet(nn.Module):
    """The network of Section 4.2: 3x3 convolutions in three stages, the average over all places, one linear layer.

    Args:
        classes: K.
        network: sizes and choices.
    """

    def __init__(self, classes: int, network: Network) -> None:
        super().__init__()
        self.network = network
        self.grid = (network.image_size // 4,) * 2  # rows and columns of the last activation
        self.prefix = 0  # tokens before the grid
        widths = [network.width * 2**stage for stage in range(3) for _ in range(network.blocks)]
        self.stem = convolution(network.channels, network.width)
        pairs = zip([network.width, *widths], widths, strict=False)
        self.blocks = nn.Sequential(*(Block(inside, outside, network) for inside, outside in pairs))
        self.head = nn.Linear(widths[-1], classes)

    @property
    def reads(self) -> list[nn.Module]:
        """Nothing: it has no attention."""
        return []

    def look(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits (B, K) and the activation (B, C', h', w') before the pooling, still in the graph of the logits."""
        x = self.blocks(self.stem(image).relu())
        return self.head(x.mean((2, 3))), [x]

    def logits(self, image: Tensor) -> Tensor:
        """Logits (B, K)."""
        return self.look(image)[0]

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, K) and the activation (B, C', h', w') before the pooling."""
        logits, (activation,) = self.look(image)
        return logits, activation
