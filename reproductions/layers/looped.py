"""A linear map that every step of a loop applies, with one matrix product for the gradient of all its steps.

Autograd alone makes one small product a step and adds them up, which costs a recurrent network on a CPU more than the step
itself. The numbers are the same, but for rounding.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

# Of each step its input (rows, inputs) and the gradient of its output (rows, outputs).
Taken = list[tuple[Tensor, Tensor] | None]


class _Steps(NamedTuple):
    """One run of the loop: the matrix (outputs, inputs) in the precision of its steps, and what autograd has to know."""

    weight: Tensor
    gradient: Tensor  # a scalar that every step depends on, so that its gradient comes after theirs
    taken: Taken


class LoopedLinear(nn.Linear):
    """A linear map without bias: inside of :func:`looped` its steps share one product for the gradient, elsewhere it is
    ``nn.Linear``.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, bias=False)
        self.steps: _Steps | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Map x (rows, inputs) to (rows, outputs)."""
        if self.steps is None:
            return super().forward(x)
        product: Tensor = _Product.apply(x.to(self.steps.weight.dtype), *self.steps)
        return product


@contextmanager
def looped(module: nn.Module, dtype: torch.dtype) -> Iterator[None]:
    """Everything inside is one loop over the looped maps of ``module``, computed in ``dtype``."""
    maps = [part for part in module.modules() if isinstance(part, LoopedLinear)]
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        for part in maps:
            weight, taken = part.weight.to(dtype), Taken()
            part.steps = _Steps(weight.detach(), _Gradient.apply(weight, taken), taken)
    try:
        yield
    finally:
        for part in maps:
            part.steps = None


class _Gradient(torch.autograd.Function):
    """The gradient of the matrix, from all steps at once."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, taken: Taken) -> Tensor:
        ctx.taken = taken
        return weight.new_zeros(())

    @staticmethod
    def backward(ctx: Any, _: Tensor) -> tuple[Tensor, None]:
        x, d_y = (torch.cat(parts) for parts in zip(*filter(None, ctx.taken), strict=True))
        ctx.taken[:] = [None] * len(ctx.taken)
        return d_y.t() @ x, None


class _Product(torch.autograd.Function):
    """One step, x W^T."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, gradient: Tensor, taken: Taken) -> Tensor:  # noqa: ARG004
        ctx.save_for_backward(x, weight)
        ctx.taken, ctx.step = taken, len(taken)
        taken.append(None)
        return x @ weight.t()

    @staticmethod
    def backward(ctx: Any, d_y: Tensor) -> tuple[Tensor, None, Tensor, None]:
        x, weight = ctx.saved_tensors
        ctx.taken[ctx.step] = x, d_y  # in place of what a pass that did not ask for the matrix left
        return d_y @ weight, None, d_y.new_zeros(()), None
