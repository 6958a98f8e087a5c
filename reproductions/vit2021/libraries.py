"""How torchvision, timm and Hugging Face name the parts of a ViT, and what their files do not say.

timm's names are also those of the authors of DINO, DINOv2, DeiT, DeiT III and MAE.
"""

import re
from typing import NamedTuple


class Normalisation(NamedTuple):
    """Mean and deviation of images in [0, 1], by channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALVES = Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class Library(NamedTuple):
    """How one library names the parts of a ViT, and what its files do not say."""

    outside: dict[str, str]  # its name -> our name, outside the blocks
    block: str  # pattern of what precedes the names inside a block
    inside: dict[str, str]  # its name -> our name, inside a block
    epsilon: float = 1e-6  # of LayerNorm
    classifier: Normalisation = HALVES  # of the images, for weights with a head
    headless: Normalisation = HALVES  # for weights without one

    @property
    def patches(self) -> str:
        """Its name for the patch embedding."""
        return next(name for name, ours in self.outside.items() if ours == "embed.E")


LIBRARIES = {
    "torchvision": Library(
        {"class_token": "embed.x_class", "encoder.pos_embedding": "embed.E_pos", "conv_proj": "embed.E",
         "encoder.ln": "norm", "heads.pre_logits": "head.0", "heads.head": "head.last"},
        r"encoder\.layers\.encoder_layer_(\d+)\.",
        {"ln_1": "norm_1", "self_attention.in_proj_weight": "MSA.U_qkv.weight", "self_attention.in_proj_bias": "MSA.U_qkv.bias",
         "self_attention.out_proj": "MSA.W_O", "ln_2": "norm_2", "mlp.0": "MLP.W_1", "mlp.3": "MLP.W_2",
         "mlp.linear_1": "MLP.W_1", "mlp.linear_2": "MLP.W_2"},
        classifier=IMAGENET, headless=IMAGENET,
    ),
    "timm": Library(
        {"cls_token": "embed.x_class", "reg_token": "embed.registers", "register_tokens": "embed.registers",
         "dist_token": "embed.x_distilled", "pos_embed": "embed.E_pos", "patch_embed.proj": "embed.E", "norm": "norm",
         "fc_norm": "norm_mean", "head": "head.last", "head_dist": "head.distilled"},
        r"blocks\.(\d+)\.",
        {"norm1": "norm_1", "attn.qkv": "MSA.U_qkv", "attn.proj": "MSA.W_O", "norm2": "norm_2",
         "mlp.fc1": "MLP.W_1", "mlp.fc2": "MLP.W_2", "ls1.gamma": "MSA.scale", "ls2.gamma": "MLP.scale"},
        headless=IMAGENET,  # of DINO and MAE
    ),
    "Hugging Face": Library(
        {"embeddings.cls_token": "embed.x_class", "embeddings.position_embeddings": "embed.E_pos",
         "embeddings.register_tokens": "embed.registers", "embeddings.distillation_token": "embed.x_distilled",
         "embeddings.patch_embeddings.projection": "embed.E", "layernorm": "norm", "classifier": "head.last",
         "cls_classifier": "head.last", "distillation_classifier": "head.distilled"},
        r"(?:encoder\.layer|layers)\.(\d+)\.",  # its files, and its modules since version 5
        {"layernorm_before": "norm_1", "norm1": "norm_1", "attention.attention.query": "MSA.W_Q",
         "attention.attention.key": "MSA.W_K", "attention.attention.value": "MSA.W_V", "attention.output.dense": "MSA.W_O",
         "attention.q_proj": "MSA.W_Q", "attention.k_proj": "MSA.W_K", "attention.v_proj": "MSA.W_V",
         "attention.o_proj": "MSA.W_O", "layernorm_after": "norm_2", "norm2": "norm_2", "intermediate.dense": "MLP.W_1",
         "output.dense": "MLP.W_2", "mlp.fc1": "MLP.W_1", "mlp.fc2": "MLP.W_2", "layer_scale1.lambda1": "MSA.scale",
         "layer_scale2.lambda1": "MLP.scale"},
        epsilon=1e-12,
    ),
}  # fmt: skip
PREFIXES = ("module.", "backbone.", "vit.", "deit.", "dinov2_with_registers.", "dinov2.")
SCALED = {"MSA.scale": "MSA.W_O", "MLP.scale": "MLP.W_2"}  # LayerScale -> the map whose result it scales
# Weights for other tasks: poolers, masked patches, and DINO's projection head.
UNREAD = re.compile(r"pooler\.dense\..*|num_batches_tracked|.*\.mask_token|mask_token|head\.(mlp|last_layer)\..*")
# Width -> heads: Ti and S of DeiT, B, L and H of the paper.
HEADS = {192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16}
