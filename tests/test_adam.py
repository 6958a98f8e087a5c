"""Fused Adam is Adam, and its gradients are clipped as those of any other optimiser."""

from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer

from reproductions.training.adam import adam


@pytest.mark.parametrize("kind", [Adam, AdamW])
def test_fused_adam_takes_the_steps_of_adam(kind: type[Optimizer]) -> None:
    torch.manual_seed(1)
    start = torch.randn(5, 3)
    ours, plain = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    fused, unfused = adam([ours], kind, lr=0.1), kind([plain], lr=0.1, fused=False)  # type: ignore[call-arg]
    for _ in range(5):
        ours.grad = torch.randn(5, 3)
        plain.grad = ours.grad.clone()
        fused.step()
        unfused.step()
    torch.testing.assert_close(ours, plain)


def test_a_torch_without_the_fused_form_takes_the_plain_one() -> None:
    class OfGPUs(Adam):
        def __init__(self, parameters: Any, fused: bool = False, **settings: Any) -> None:
            if fused:
                raise RuntimeError("`fused=True` requires all the params to be on a GPU")
            super().__init__(parameters, **settings)

    optimizer = adam(iter([nn.Parameter(torch.ones(2))]), OfGPUs, lr=0.5)
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert len(optimizer.param_groups[0]["params"]) == 1


def test_gradients_are_clipped_before_fused_adam_in_mixed_precision() -> None:
    seen = []

    class Steep(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.ones(4))

        def training_step(self, batch: Tensor) -> Tensor:
            return 100 * (self.w * batch).sum()

        def configure_optimizers(self) -> Optimizer:
            return adam(self.parameters(), lr=0.1)

        def on_before_zero_grad(self, optimizer: Optimizer) -> None:  # noqa: ARG002
            if self.w.grad is not None:
                seen.append(float(self.w.grad.norm()))

    trainer = pl.Trainer(
        max_steps=2, accelerator="cpu", precision="bf16-mixed", gradient_clip_val=0.5, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(Steep(), torch.utils.data.DataLoader(torch.ones(2, 4)))
    assert seen == pytest.approx([0.5] * len(seen), abs=1e-4)
    assert seen
