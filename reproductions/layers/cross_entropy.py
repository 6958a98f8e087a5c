"""Cross entropy over a vocabulary, a few rows at a time, so that the logits of a batch never exist at once."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BLOCK = 64  # of words; the padded vocabulary is a multiple of it
ROWS = 512  # logits of 512 rows and 30,000 words: 60 MB in single precision


def cross_entropy(features: Tensor, head: nn.Linear, words: Tensor, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """Summed loss and -log p of each word, from ``head(features)`` and ``words``.

    The gradient is computed in the forward pass, chunk by chunk: the largest tensor is (512, V) instead of (N, V).

    Args:
        features: (N, D), at real positions only.
        head: D -> V.
        words: (N), the words to predict.
        smoothing: epsilon of label smoothing, spread over the V - 1 other words (Szegedy et al., 2015, Section 7; as in
            the code of Vaswani et al., 2017).

    Returns:
        The summed loss, a scalar in nats; and -log p (N) in nats, without smoothing and without gradient.
    """
    bias = head.weight.new_zeros(head.out_features) if head.bias is None else head.bias
    loss, nll = _ChunkedCrossEntropy.apply(features, head.weight, bias, words, smoothing, torch.is_grad_enabled())
    return loss, nll


class _ChunkedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, words: Tensor, smoothing: float, training: bool
    ) -> tuple[Tensor, Tensor]:
        V, other = len(bias), smoothing / (len(bias) - 1)
        # Entries that no word can be, so that rows of logits start at multiples of 64 numbers: on a CPU a sixth less time.
        fill = -V % BLOCK
        W = F.pad(weight, (0, 0, 0, fill)).to(features.dtype)  # half precision under autocast, as the features
        b = F.pad(bias, (0, fill), value=-torch.inf)
        loss = torch.zeros((), dtype=torch.float32, device=features.device)
        nll = torch.empty(len(words), dtype=torch.float32, device=features.device)
        d_features = torch.empty_like(features)
        d_W, d_b = torch.zeros_like(W, dtype=weight.dtype), torch.zeros_like(b)
        for start in range(0, len(words), ROWS):
            rows = slice(start, start + ROWS)
            x, y = features[rows], words[rows, None]
            z = (x @ W.t()).float().add_(b)
            p = z.softmax(1)  # not z.exp(): where the result is below 1e-38, MKL's takes thirty times as long
            # log of the sum of exp(z), since the largest p is exp(max z) / sum
            log_sum = z.amax(1, keepdim=True) - p.amax(1, keepdim=True).log()
            nll[rows] = (log_sum - z.gather(1, y))[:, 0]
            loss += (1 - smoothing - other) * nll[rows].sum()
            if smoothing:
                loss += other * (V * log_sum.sum() - z[:, :V].sum())
            if training:
                d_logits = p.sub_(other) if smoothing else p  # p - q
                d_logits.scatter_add_(1, y, torch.full_like(log_sum, smoothing + other - 1))
                d_b += d_logits.sum(0)
                d_logits = d_logits.to(features.dtype)
                d_features[rows] = d_logits @ W
                d_W += d_logits.t() @ x
        d_weight, d_bias = d_W[:V], d_b[:V]
        ctx.save_for_backward(d_features, d_weight, d_bias)
        ctx.mark_non_differentiable(nll)
        return loss, nll

    @staticmethod
    def backward(ctx: Any, d_loss: Tensor, _: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None, None]:
        d_features, d_weight, d_bias = ctx.saved_tensors
        return d_features * d_loss, d_weight * d_loss, d_bias * d_loss, None, None, None
