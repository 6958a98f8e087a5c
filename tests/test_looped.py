"""A looped map gives the gradients of ``nn.Linear``."""

import pytest
import torch
from torch import nn

from reproductions.layers.looped import LoopedLinear, looped


def run(linear, steps=4):
    """A small recurrence that uses the map twice a step; the gradients of the first state alone, then of everything."""
    torch.manual_seed(1)
    x = torch.randn(steps, 5, 3, dtype=torch.float64, requires_grad=True)
    first = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    with looped(linear, torch.float64):
        s = first
        for x_t in x:
            s = torch.tanh(x_t + linear(s) + linear(s * x_t))
    loss = s.square().sum()
    alone = torch.autograd.grad(loss, first, retain_graph=True)
    return *alone, *torch.autograd.grad(loss, (linear.weight, x, first))


def test_the_gradients_are_those_of_linear():
    torch.manual_seed(0)
    plain = nn.Linear(3, 3, bias=False, dtype=torch.float64)
    ours = LoopedLinear(3, 3).double()
    ours.load_state_dict(plain.state_dict())
    torch.testing.assert_close(run(ours), run(plain))
    torch.testing.assert_close(run(ours), run(plain))  # nothing is kept from the first time


@pytest.mark.parametrize("grad", [True, False])
def test_outside_of_a_loop_and_without_gradients_it_is_linear(grad):
    ours = LoopedLinear(3, 2)
    x = torch.randn(4, 3)
    with torch.set_grad_enabled(grad), looped(ours, torch.float32):
        inside = ours(x)
    torch.testing.assert_close(inside, ours(x))
    assert inside.requires_grad == grad
