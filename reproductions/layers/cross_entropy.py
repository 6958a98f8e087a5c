"""Cross entropy over a vocabulary, a few rows at a time, so that the logits of a batch never exist at once."""

from typing import Any

import torch
from torch import Tensor, nn

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
    loss, nll = _ChunkedCrossEntropy.apply(features, head.weight, bias, words, smoothing)
    return loss, nll


class _ChunkedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, words: Tensor, smoothing: float
    ) -> tuple[Tensor, Tensor]:
        training = any(ctx.needs_input_grad)
        W = weight.to(features.dtype)  # half precision under autocast, as the features
        other = smoothing / (len(bias) - 1)
        loss = torch.zeros((), dtype=torch.float32, device=features.device)
        nll = torch.empty(len(words), dtype=torch.float32, device=features.device)
        d_features = torch.empty_like(features)
        d_weight = torch.zeros_like(weight)
        d_bias = torch.zeros_like(bias)
        for start in range(0, len(words), ROWS):
            rows = slice(start, start + ROWS)
            x, y = features[rows], words[rows, None]
            logits = (x @ W.t()).float() + bias
            log_z = logits.logsumexp(1, keepdim=True)
            logit = logits.gather(1, y)
            nll[rows] = (log_z - logit)[:, 0]
            loss += (log_z - (1 - smoothing - other) * logit - other * logits.sum(1, keepdim=True)).sum()
            if training:
                d_logits = logits.sub_(log_z).exp_().sub_(other)  # p - q
                d_logits.scatter_add_(1, y, torch.full_like(logit, smoothing + other - 1))
                d_bias += d_logits.sum(0)
                d_logits = d_logits.to(features.dtype)
                d_features[rows] = d_logits @ W
                d_weight += d_logits.t() @ x
        ctx.save_for_backward(d_features, d_weight, d_bias)
        ctx.mark_non_differentiable(nll)
        return loss, nll

    @staticmethod
    def backward(ctx: Any, d_loss: Tensor, _: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        d_features, d_weight, d_bias = ctx.saved_tensors
        return d_features * d_loss, d_weight * d_loss, d_bias * d_loss, None, None
