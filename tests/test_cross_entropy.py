"""The chunked cross entropy is cross entropy, and its dropout neighbour is dropout."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from reproductions.layers.cross_entropy import ROWS, cross_entropy
from reproductions.layers.dropout import Dropout


def problem(rows, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    features = torch.randn(rows, 6, generator=generator).to(dtype).requires_grad_()
    return features, nn.Linear(6, 9), torch.randint(0, 9, (rows,), generator=generator)


@pytest.mark.parametrize("rows", [1, 5, ROWS, 2 * ROWS + 3])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_loss_and_gradients_are_torch_s(rows, smoothing):
    features, head, words = problem(rows)
    loss, nll = cross_entropy(features, head, words, smoothing)
    (3 * loss).backward()
    ours = [p.grad.clone() for p in (features, head.weight, head.bias)]
    features.grad = None
    head.zero_grad()
    # torch spreads epsilon over all V words, the truth included; here over the V - 1 others.
    expected = F.cross_entropy(head(features), words, reduction="sum", label_smoothing=smoothing * 9 / 8)
    (3 * expected).backward()
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(nll, F.cross_entropy(head(features), words, reduction="none"), rtol=1e-5, atol=1e-5)
    for mine, theirs in zip(ours, (features.grad, head.weight.grad, head.bias.grad), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


def test_a_word_too_unlikely_for_single_precision_has_its_log_probability():
    features, head, words = problem(40)
    head.weight.data *= 1e3
    _, nll = cross_entropy(features, head, words)
    assert nll.max() > 1000
    torch.testing.assert_close(nll, F.cross_entropy(head(features), words, reduction="none"))


def test_without_gradients_the_loss_takes_one_product_of_the_three():
    features, head, words = problem(ROWS)
    with FlopCounterMode(display=False) as training:
        loss, _ = cross_entropy(features, head, words)
    with FlopCounterMode(display=False) as evaluating, torch.no_grad():
        torch.testing.assert_close(cross_entropy(features, head, words)[0], loss.detach())
    assert training.get_total_flops() == 3 * evaluating.get_total_flops() > 0


def test_half_precision_features_come_close():
    exact = cross_entropy(*problem(40))[0]
    half = cross_entropy(*problem(40, torch.bfloat16))[0]
    assert half.item() == pytest.approx(exact.item(), rel=0.02)


@pytest.mark.parametrize("size", [(1000, 1000), (7,), (3, 5, 11)])
def test_dropout_drops_its_share_and_keeps_the_expectation(size):
    torch.manual_seed(0)
    layer, x = Dropout(0.3), torch.ones(size)
    y = layer(x)
    scale = 256 / (256 - round(0.3 * 256))
    torch.testing.assert_close(y, (y > 0) * torch.tensor(scale))
    if y.numel() > 1000:
        assert (y == 0).float().mean().item() == pytest.approx(77 / 256, abs=0.002)
        dropped = (y == 0).flatten().float()
        for distance in (1, 7, 8, 64):  # neighbours, and bytes of one word, are independent
            assert torch.corrcoef(torch.stack([dropped[distance:], dropped[:-distance]]))[0, 1].abs() < 0.005


def test_dropout_is_the_identity_in_evaluation_and_at_rate_zero():
    x = torch.randn(50)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_dropout_s_gradient_is_its_mask():
    torch.manual_seed(1)
    x = torch.ones(100, requires_grad=True)
    y = Dropout(0.5)(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach())
