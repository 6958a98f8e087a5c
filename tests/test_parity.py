"""Weights under the names of timm and transformers, with random numbers: features or logits, and attention, are theirs.

Only where these libraries are installed: `pip install ".[parity]"`.
"""

import pytest
import torch
from safetensors import safe_open
from torch import nn

from reproductions.vit2021.conversion import convert
from reproductions.vit2021.model import ViT

timm = pytest.importorskip("timm")
transformers = pytest.importorskip("transformers")

CLOSE = 1e-10  # in double precision
SIZES = {"img_size": 28, "patch_size": 14, "embed_dim": 32, "depth": 2, "num_heads": 2, "mlp_ratio": 1.5}
SCALED = {"init_values": 0.7, "global_pool": "token"}
OF_TIMM = {
    "ViT": {},
    "DINO": {"num_classes": 0},
    "DINOv2": SCALED | {"num_classes": 0},
    "DINOv2 with registers": SCALED | {"num_classes": 0, "reg_tokens": 4, "no_embed_class": True},
    "DeiT III": SCALED | {"no_embed_class": True},
    "DeiT distilled": {},
    "MAE, fine-tuned: fc_norm": {"global_pool": "avg"},
    "no class token, fc_norm": {"global_pool": "avg", "class_token": False, "fc_norm": True},
    "no class token": {"global_pool": "avg", "class_token": False, "fc_norm": False},
}
WIDTHS = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
    "num_labels": 7,
}
OF_TRANSFORMERS = {
    "ViTModel": {"intermediate_size": 48},
    "ViTForImageClassification": {"intermediate_size": 48},
    "DeiTForImageClassification": {"intermediate_size": 48},
    "DeiTForImageClassificationWithTeacher": {"intermediate_size": 48},
    "Dinov2Model": {"mlp_ratio": 2, "layerscale_value": 0.7},
    "Dinov2ForImageClassification": {"mlp_ratio": 2, "layerscale_value": 0.7},
    "Dinov2WithRegistersModel": {"mlp_ratio": 2, "layerscale_value": 0.7, "num_register_tokens": 3},
}


def shaken(model: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model.double().eval()


def image() -> torch.Tensor:
    return torch.randn(3, 3, 28, 28, generator=torch.Generator().manual_seed(1), dtype=torch.double)


def ours(state: dict[str, torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Logits, or without a head what it would read, and the attention of each layer."""
    converted = convert(state, heads=2)
    model = ViT(max(1, converted.classes), converted.network).double().eval()
    model.load_state_dict(converted.state, strict=bool(converted.classes))
    with torch.no_grad():
        z, maps = model.encode(image())
        if converted.classes:
            torch.testing.assert_close(model.logits(image()), model.classify(z))
        return model.classify(z) if converted.classes else model.features(z), maps


@pytest.mark.parametrize("kind", OF_TIMM)
def test_weights_of_timm_answer_and_attend_as_in_timm(kind: str) -> None:
    cls = timm.models.deit.VisionTransformerDistilled if kind == "DeiT distilled" else timm.models.VisionTransformer
    theirs = shaken(cls(**SIZES | {"num_classes": 7} | OF_TIMM[kind]))
    seen: list[torch.Tensor] = []
    for block in theirs.blocks:
        block.attn.fused_attn = False
        block.attn.attn_drop.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    with torch.no_grad():
        expected = theirs(image())
    answered, maps = ours(theirs.state_dict())
    assert (answered - expected).abs().max() < CLOSE
    assert all((mine - one).abs().max() < CLOSE for mine, one in zip(maps, seen, strict=True))


@pytest.mark.parametrize("saved", [False, True], ids=["today", "saved"])
@pytest.mark.parametrize("kind", OF_TRANSFORMERS)
def test_weights_of_transformers_answer_and_attend_as_there(kind: str, saved: bool, tmp_path) -> None:
    """Under the names of its modules, and under those that it writes into files."""
    cls = getattr(transformers, kind)
    config = cls.config_class(**WIDTHS | OF_TRANSFORMERS[kind], attn_implementation="eager")
    theirs = shaken(cls(config))
    with torch.no_grad():
        said = theirs(image(), output_attentions=True)
    expected = said.last_hidden_state[:, 0] if kind.endswith("Model") else said.logits
    state = theirs.state_dict()
    if saved:
        theirs.save_pretrained(tmp_path)
        with safe_open(tmp_path / "model.safetensors", "pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
    answered, maps = ours(state)
    assert (answered - expected).abs().max() < 1e-5
    assert all((mine - one).abs().max() < 1e-5 for mine, one in zip(maps, said.attentions, strict=True))
