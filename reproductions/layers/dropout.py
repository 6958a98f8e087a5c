"""Dropout that is not slowed by a serial random generator, and dropout of whole branches."""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Dropout with a mask from raw random bytes on a CPU; elsewhere ``torch.nn.functional.dropout``.

    On a CPU, torch draws the mask of its own dropout one number at a time on one core, which can cost more than a layer.
    Here one 64-bit draw gives eight bytes, each an independent decision, so the rate is rounded to a multiple of 1/256. The
    scale uses the rounded rate, which keeps the expectation exact.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.threshold = min(255, round(rate * 256))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.threshold == 0:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.rate)
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        keep = words.view(torch.uint8)[: x.numel()].view(x.shape) >= self.threshold
        return x * keep * (256 / (256 - self.threshold))

    def extra_repr(self) -> str:
        return f"rate={self.rate}"


class DropPath(nn.Module):
    """Stochastic depth (Huang et al. 2016): drop the output of a branch for some examples (B, ...), scale it for the others."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        keep = torch.rand(len(x), *[1] * (x.dim() - 1), device=x.device) >= self.rate
        return x * keep / (1 - self.rate)

    def extra_repr(self) -> str:
        return f"rate={self.rate}"
