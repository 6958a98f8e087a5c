"""Convert the weights of a ViT from the names of torchvision, timm (also DINO and DeiT) or Hugging Face to the names here."""

import math
import re
from typing import NamedTuple

import torch
from torch import Tensor

from data.errors import UserError
from reproductions.vit2021.model import Network, ViT


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
        {"cls_token": "embed.x_class", "reg_token": "embed.registers", "pos_embed": "embed.E_pos",
         "patch_embed.proj": "embed.E", "norm": "norm", "head": "head.last"},
        r"blocks\.(\d+)\.",
        {"norm1": "norm_1", "attn.qkv": "MSA.U_qkv", "attn.proj": "MSA.W_O", "norm2": "norm_2",
         "mlp.fc1": "MLP.W_1", "mlp.fc2": "MLP.W_2"},
        headless=IMAGENET,  # of DINO and MAE
    ),
    "Hugging Face": Library(
        {"embeddings.cls_token": "embed.x_class", "embeddings.position_embeddings": "embed.E_pos",
         "embeddings.patch_embeddings.projection": "embed.E", "layernorm": "norm", "classifier": "head.last"},
        r"encoder\.layer\.(\d+)\.",
        {"layernorm_before": "norm_1", "attention.attention.query": "MSA.W_Q", "attention.attention.key": "MSA.W_K",
         "attention.attention.value": "MSA.W_V", "attention.output.dense": "MSA.W_O", "layernorm_after": "norm_2",
         "intermediate.dense": "MLP.W_1", "output.dense": "MLP.W_2"},
        epsilon=1e-12,
    ),
}  # fmt: skip
PREFIXES = ("module.", "backbone.", "vit.")
# Weights for other tasks: poolers, masked patches, and DINO's projection head.
UNREAD = re.compile(r"pooler\.dense\..*|num_batches_tracked|.*\.mask_token|mask_token|head\.(mlp|last_layer)\..*")
# Width -> heads: Ti and S of DeiT, B, L and H of the paper.
HEADS = {192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16}


class Converted(NamedTuple):
    """Weights under our names."""

    state: dict[str, Tensor]  # for ``ViT.load_state_dict``; without a head where the file has none
    network: Network  # sizes, read off the weights
    classes: int  # K; 0 without a head
    names: tuple[str, ...] = ()  # of the classes, where the source knows them
    # How the training images were normalised, by channel; empty unless they had three channels.
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    assumed: bool = False  # whether mean and std are assumed, as usual for the library: no file contains them


def convert(state: dict[str, Tensor], heads: int | None = None) -> Converted:
    """Weights under our names, and their network.

    Args:
        state: under the names of torchvision, timm or Hugging Face.
        heads: number of attention heads, which no weight reveals; None for the published ViT of this width.

    Raises UserError naming an entry that is unknown, missing, not a tensor or of another shape; or if ``heads`` is None and
    there is no published ViT of this width.
    """
    stripped = _stripped(state)
    library = next((library for library in LIBRARIES.values() if f"{library.patches}.weight" in stripped), None)
    if library is None:
        raise UserError(
            f"These weights are no ViT of {', '.join(LIBRARIES)}: they begin with {', '.join(list(state)[:3]) or 'nothing'}."
        )
    weights: dict[str, Tensor] = {}
    for name, value in stripped.items():
        ours = _ours(name, library)
        if ours in weights:
            raise UserError(f"These weights have {ours} twice, once as {name}.")
        if not value.is_floating_point():
            raise UserError(f"{name} has the type {value.dtype}; weights must be floating-point numbers.")
        weights[ours] = value
    _separate(weights)
    network, classes = _sizes(weights, library.epsilon, heads)
    last = "head.2." if network.head == "mlp" else "head.0."
    weights = {name.replace("head.last.", last): value for name, value in weights.items()}
    _check(weights, network, classes)
    usual = library.classifier if classes else library.headless
    mean, std = usual if network.channels == len(usual.mean) else ((), ())
    return Converted(weights, network, classes, mean=mean, std=std, assumed=bool(mean))


def described(normalisation: Normalisation) -> str:
    """A normalisation in words, with one number where all channels have the same."""
    mean, std = (
        " ".join(f"{x:g}" for x in (values if len(set(values)) > 1 else values[:1])) for values in normalisation
    )
    return f"mean {mean}, deviation {std}"


def _stripped(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights without the prefixes of training scripts and larger models, and without weights for other tasks."""
    weights: dict[str, Tensor] = {}
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise UserError(f"{name!r} among these weights is not a named tensor but of type {type(value).__name__}.")
        bare = name
        while prefix := next((prefix for prefix in PREFIXES if bare.startswith(prefix)), None):
            bare = bare.removeprefix(prefix)
        if bare in weights:
            raise UserError(f"These weights have {bare} twice, once as {name}.")
        if not UNREAD.fullmatch(bare):
            weights[bare] = value
    return weights


def _ours(name: str, library: Library) -> str:
    """Our name of a weight; raises UserError if there is none."""
    inside = re.match(library.block, name)
    table, rest = (library.inside, name[inside.end() :]) if inside else (library.outside, name)
    before = f"blocks.{inside[1]}." if inside else ""
    stem, _, kind = rest.rpartition(".")
    if rest in table:
        return before + table[rest]
    if stem in table and kind in ("weight", "bias"):
        return f"{before}{table[stem]}.{kind}"
    raise UserError(f"These weights have {name}, for which this ViT has no place.")


def _separate(weights: dict[str, Tensor]) -> None:
    """Split one matrix into queries, keys and values, in this order, each with all heads."""
    for name in [name for name in weights if ".U_qkv." in name]:
        three = weights.pop(name)
        if not three.ndim or len(three) % 3:
            raise UserError(f"{name} is of {tuple(three.shape)}, which cannot be split into queries, keys and values.")
        for letter, part in zip("QKV", three.chunk(3), strict=True):
            weights[name.replace("U_qkv", f"W_{letter}")] = part.clone()


def _sizes(weights: dict[str, Tensor], epsilon: float, heads: int | None) -> tuple[Network, int]:
    """The network of the weights, and K. Drops leading axes of size one from tokens and positions."""
    d, channels, patch, across = _entry(weights, "embed.E.weight", 4).shape
    if patch != across or not d:
        raise UserError(f"embed.E.weight is of {(d, channels, patch, across)}: patches must be square, and not empty.")
    weights["embed.x_class"] = _tokens(weights, "embed.x_class", d)
    if "embed.registers" in weights:
        weights["embed.registers"] = _tokens(weights, "embed.registers", d)
    else:
        weights["embed.registers"] = weights["embed.E.weight"].new_zeros(0, d)
    weights["embed.E_pos"], side = _positions(_tokens(weights, "embed.E_pos", d))
    d_mlp, heads = len(_entry(weights, "blocks.0.MLP.W_1.weight", 2)), _heads(d, heads)
    head = _entry(weights, "head.last.weight", 2) if "head.last.weight" in weights else None
    try:
        network = Network(
            image_size=side * patch,
            patch=patch,
            channels=channels,
            layers=len({name.split(".")[1] for name in weights if name.startswith("blocks.")}),
            d=d,
            d_mlp=d_mlp,
            heads=heads,
            registers=len(weights["embed.registers"]),
            head="mlp" if "head.0.weight" in weights else "linear",
            epsilon=epsilon,
        )
    except ValueError as error:
        raise UserError(f"No ViT can be built for these weights: {error}.") from error
    return network, 0 if head is None else len(head)


def _entry(weights: dict[str, Tensor], name: str, axes: int) -> Tensor:
    if name not in weights:
        raise UserError(f"These weights have nothing for {name}.")
    if weights[name].ndim != axes:
        raise UserError(f"{name} is of {tuple(weights[name].shape)}: it should have {axes} axes.")
    return weights[name]


def _tokens(weights: dict[str, Tensor], name: str, d: int) -> Tensor:
    """(n, d), without leading axes of size one."""
    if name not in weights:
        raise UserError(f"These weights have nothing for {name}.")
    shape = weights[name].shape
    if not shape or shape[-1] != d or shape.numel() != shape[-2:].numel():
        raise UserError(f"{name} is of {tuple(shape)}: it should be rows of {d}, as patches are.")
    return weights[name].reshape(-1, d)


def _positions(E_pos: Tensor) -> tuple[Tensor, int]:
    """Positions (1 + side * side, d), the class token's first, and side."""
    rows, d = E_pos.shape
    if math.isqrt(rows) ** 2 == rows:  # only for the patches, as in timm's models with registers
        return torch.cat([E_pos.new_zeros(1, d), E_pos]), math.isqrt(rows)
    side = math.isqrt(rows - 1)
    if side * side != rows - 1:
        raise UserError(f"embed.E_pos has {rows} rows, which is not one class token and a square of patches.")
    return E_pos, side


def _heads(d: int, given: int | None) -> int:
    if given is None and d not in HEADS:
        raise UserError(
            f"These weights are {d} wide, whose heads are not known here, and the file does not contain them: give --heads."
        )
    heads = HEADS[d] if given is None else given
    if heads < 1 or d % heads:
        raise UserError(f"{heads} heads do not divide the width {d} of these weights: give --heads that do.")
    return heads


def _check(weights: dict[str, Tensor], network: Network, classes: int) -> None:
    """Raise UserError unless the weights are exactly those of this network, except for a head, which may be missing."""
    with torch.device("meta"):
        expected = ViT(max(1, classes), network).state_dict()
    for name, value in expected.items():
        if name not in weights and (classes or not name.startswith("head.")):
            raise UserError(f"These weights have nothing for {name}.")
        if name in weights and weights[name].shape != value.shape:
            raise UserError(
                f"{name} is of {tuple(weights[name].shape)} and not of {tuple(value.shape)}, as the other weights suggest."
            )
    for name in weights.keys() - expected.keys():
        raise UserError(f"These weights have {name}, for which this ViT has no place.")
