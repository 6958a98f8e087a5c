"""Torch hub without a network: the weights of a tiny ViT under torchvision's names, when and if the test lets them come."""

import threading
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torchvision.models import VisionTransformer

from data.errors import UserError

SIZE, LAYERS, HEADS = 32, 2, 3  # of its pictures, in pixels; heads are of 64 units, as in ViT-Ti


def tiny_state(classes: int = 1000) -> dict[str, Tensor]:
    """A state dict as torchvision writes it; untrained, but with a head that tells pictures apart."""
    torch.manual_seed(1)
    vit = VisionTransformer(SIZE, 8, LAYERS, HEADS, hidden_dim=64 * HEADS, mlp_dim=32, num_classes=classes)
    torch.nn.init.normal_(vit.heads.head.weight)
    return vit.state_dict()


class FakeHub:
    """Downloads weights in place of `fetch`. ``open`` lets them come, ``offline`` makes it fail; ``fetched`` counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.open = threading.Event()
        self.offline = False
        self.fetched = 0
        monkeypatch.setattr("torch.hub._hub_dir", str(folder))
        monkeypatch.setattr("reproductions.vit2021.weights.fetch", self._fetch)

    def _fetch(self, name: str, folder: Path, _: object) -> None:
        self.fetched += 1
        assert self.open.wait(60)
        if self.offline:
            raise UserError("Could not download the weights (Name or service not known): put them there by hand.")
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(tiny_state(), folder / name)
