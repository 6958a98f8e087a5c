"""Weights of a ViT under the names of torchvision, timm (so DINO and DeiT) or Hugging Face, under the names of this one."""

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


class Naming(NamedTuple):
    """How one library names the parts of a ViT: outside the blocks, before a block's own name, and inside a block.

    And what its files do not say: epsilon of LayerNorm, and how images were normalised for weights with a head and without.
    """

    outside: dict[str, str]
    block: str
    inside: dict[str, str]
    epsilon: float = 1e-6
    classifier: Normalisation = HALVES
    headless: Normalisation = HALVES

    @property
    def patches(self) -> str:
        """Its name for the patch embedding."""
        return next(theirs for theirs, ours in self.outside.items() if ours == "embed.E")


NAMINGS = {
    "torchvision": Naming(
        {"class_token": "embed.x_class", "encoder.pos_embedding": "embed.E_pos", "conv_proj": "embed.E",
         "encoder.ln": "norm", "heads.pre_logits": "head.0", "heads.head": "head.last"},
        r"encoder\.layers\.encoder_layer_(\d+)\.",
        {"ln_1": "norm_1", "self_attention.in_proj_weight": "MSA.U_qkv.weight", "self_attention.in_proj_bias": "MSA.U_qkv.bias",
         "self_attention.out_proj": "MSA.W_O", "ln_2": "norm_2", "mlp.0": "MLP.W_1", "mlp.3": "MLP.W_2",
         "mlp.linear_1": "MLP.W_1", "mlp.linear_2": "MLP.W_2"},
        classifier=IMAGENET, headless=IMAGENET,
    ),
    "timm": Naming(
        {"cls_token": "embed.x_class", "reg_token": "embed.registers", "pos_embed": "embed.E_pos",
         "patch_embed.proj": "embed.E", "norm": "norm", "head": "head.last"},
        r"blocks\.(\d+)\.",
        {"norm1": "norm_1", "attn.qkv": "MSA.U_qkv", "attn.proj": "MSA.W_O", "norm2": "norm_2",
         "mlp.fc1": "MLP.W_1", "mlp.fc2": "MLP.W_2"},
        headless=IMAGENET,  # of DINO and MAE
    ),
    "Hugging Face": Naming(
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
# Of other tasks: poolers, masked patches, and the head that DINO projects with.
UNREAD = re.compile(r"pooler\.dense\..*|num_batches_tracked|.*\.mask_token|mask_token|head\.(mlp|last_layer)\..*")
# Width -> heads: Ti and S of DeiT, B, L and H of the paper.
HEADS = {192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16}


class Converted(NamedTuple):
    """Weights under our names.

    Attributes:
        state: for ``ViT.load_state_dict``; without a head where the file has none.
        network: the sizes, read off the weights.
        classes: K; 0 without a head.
        names: of the classes, where the source knows them.
        mean, std: how the images it was trained on were normalised, by channel; none where they had no three channels.
        assumed: whether mean and std are only those that are usual under such names: no file says them.
    """

    state: dict[str, Tensor]
    network: Network
    classes: int
    names: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    assumed: bool = False


def convert(state: dict[str, Tensor], heads: int | None = None) -> Converted:
    """Weights under our names, and the network they are of.

    Args:
        state: under the names of torchvision, timm or Hugging Face.
        heads: which no weight tells; None for those of the published ViT of this width.

    Raises UserError that names the entry which is unknown, missing, no tensor or of another shape, and for a width whose
    heads are not known here where ``heads`` is not given.
    """
    stripped = _stripped(state)
    naming = next((one for one in NAMINGS.values() if f"{one.patches}.weight" in stripped), None)
    if naming is None:
        raise UserError(
            f"These weights are no ViT of {', '.join(NAMINGS)}: they begin with {', '.join(list(state)[:3]) or 'nothing'}."
        )
    found: dict[str, Tensor] = {}
    for name, value in stripped.items():
        ours = _ours(name, naming)
        if ours in found:
            raise UserError(f"These weights have {ours} twice, once as {name}.")
        if not value.is_floating_point():
            raise UserError(f"{name} is of {value.dtype}, and weights are floating-point numbers.")
        found[ours] = value
    _separate(found)
    network, classes = _sizes(found, naming.epsilon, heads)
    last = "head.2." if network.head == "mlp" else "head.0."
    found = {name.replace("head.last.", last): value for name, value in found.items()}
    _check(found, network, classes)
    usual = naming.classifier if classes else naming.headless
    mean, std = usual if network.channels == len(usual.mean) else ((), ())
    return Converted(found, network, classes, mean=mean, std=std, assumed=bool(mean))


def described(normalisation: Normalisation) -> str:
    """In words, with one number where it is the same for all channels."""
    mean, std = (
        " ".join(f"{x:g}" for x in (values if len(set(values)) > 1 else values[:1])) for values in normalisation
    )
    return f"mean {mean}, deviation {std}"


def _stripped(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without what a training script or a larger model puts before the names, and without what is of other tasks."""
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise UserError(f"{name!r} among these weights is no named tensor, but of type {type(value).__name__}.")
        bare = name
        while prefix := next((prefix for prefix in PREFIXES if bare.startswith(prefix)), None):
            bare = bare.removeprefix(prefix)
        if bare in found:
            raise UserError(f"These weights have {bare} twice, once as {name}.")
        if not UNREAD.fullmatch(bare):
            found[bare] = value
    return found


def _ours(name: str, naming: Naming) -> str:
    """Our name of a weight; raises UserError if there is none."""
    inside = re.match(naming.block, name)
    table, rest = (naming.inside, name[inside.end() :]) if inside else (naming.outside, name)
    before = f"blocks.{inside[1]}." if inside else ""
    stem, _, kind = rest.rpartition(".")
    if rest in table:
        return before + table[rest]
    if stem in table and kind in ("weight", "bias"):
        return f"{before}{table[stem]}.{kind}"
    raise UserError(f"These weights have {name}, for which this ViT has no place.")


def _separate(found: dict[str, Tensor]) -> None:
    """Take queries, keys and values out of one matrix: in this order, each with all heads."""
    for name in [name for name in found if ".U_qkv." in name]:
        three = found.pop(name)
        if not three.ndim or len(three) % 3:
            raise UserError(f"{name} is of {tuple(three.shape)}, which is not divided into queries, keys and values.")
        for letter, part in zip("QKV", three.chunk(3), strict=True):
            found[name.replace("U_qkv", f"W_{letter}")] = part.clone()


def _sizes(found: dict[str, Tensor], epsilon: float, heads: int | None) -> tuple[Network, int]:
    """The network that the weights are of, and K. Takes their leading axes of size one off tokens and positions."""
    d, channels, patch, across = _entry(found, "embed.E.weight", 4).shape
    if patch != across or not d:
        raise UserError(f"embed.E.weight is of {(d, channels, patch, across)}: patches must be square, and not empty.")
    found["embed.x_class"] = _tokens(found, "embed.x_class", d)
    if "embed.registers" in found:
        found["embed.registers"] = _tokens(found, "embed.registers", d)
    else:
        found["embed.registers"] = found["embed.E.weight"].new_zeros(0, d)
    found["embed.E_pos"], side = _positions(_tokens(found, "embed.E_pos", d))
    d_mlp, heads = len(_entry(found, "blocks.0.MLP.W_1.weight", 2)), _heads(d, heads)
    head = _entry(found, "head.last.weight", 2) if "head.last.weight" in found else None
    try:
        network = Network(
            image_size=side * patch,
            patch=patch,
            channels=channels,
            layers=len({name.split(".")[1] for name in found if name.startswith("blocks.")}),
            d=d,
            d_mlp=d_mlp,
            heads=heads,
            registers=len(found["embed.registers"]),
            head="mlp" if "head.0.weight" in found else "linear",
            epsilon=epsilon,
        )
    except ValueError as error:
        raise UserError(f"These weights are of no ViT that can be built: {error}.") from error
    return network, 0 if head is None else len(head)


def _entry(found: dict[str, Tensor], name: str, axes: int) -> Tensor:
    if name not in found:
        raise UserError(f"These weights have nothing for {name}.")
    if found[name].ndim != axes:
        raise UserError(f"{name} is of {tuple(found[name].shape)}: it should have {axes} axes.")
    return found[name]


def _tokens(found: dict[str, Tensor], name: str, d: int) -> Tensor:
    """(n, d), without leading axes of size one."""
    if name not in found:
        raise UserError(f"These weights have nothing for {name}.")
    shape = found[name].shape
    if not shape or shape[-1] != d or shape.numel() != shape[-2:].numel():
        raise UserError(f"{name} is of {tuple(shape)}: it should be rows of {d}, as patches are.")
    return found[name].reshape(-1, d)


def _positions(E_pos: Tensor) -> tuple[Tensor, int]:
    """Positions (1 + side * side, d), the class token's first, and side."""
    rows, d = E_pos.shape
    if math.isqrt(rows) ** 2 == rows:  # positions of the patches alone, as timm has them beside registers
        return torch.cat([E_pos.new_zeros(1, d), E_pos]), math.isqrt(rows)
    side = math.isqrt(rows - 1)
    if side * side != rows - 1:
        raise UserError(f"embed.E_pos has {rows} rows, which is no class token and a square of patches.")
    return E_pos, side


def _heads(d: int, given: int | None) -> int:
    if given is None and d not in HEADS:
        raise UserError(
            f"These weights are {d} wide, whose heads are not known here, and no file says them: give --heads."
        )
    heads = HEADS[d] if given is None else given
    if heads < 1 or d % heads:
        raise UserError(f"{heads} heads do not divide the width {d} of these weights: give --heads that do.")
    return heads


def _check(found: dict[str, Tensor], network: Network, classes: int) -> None:
    """Raise UserError unless the weights are all of this network, a head aside, and nothing else."""
    with torch.device("meta"):
        wanted = ViT(max(1, classes), network).state_dict()
    for name, value in wanted.items():
        if name not in found and (classes or not name.startswith("head.")):
            raise UserError(f"These weights have nothing for {name}.")
        if name in found and found[name].shape != value.shape:
            raise UserError(
                f"{name} is of {tuple(found[name].shape)} and not of {tuple(value.shape)} as the others suggest."
            )
    for name in found.keys() - wanted.keys():
        raise UserError(f"These weights have {name}, for which this ViT has no place.")
