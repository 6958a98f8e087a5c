"""Convert the weights of a ViT from the names of a library to the names here.

Three things that some of these have become what every ViT here has, exactly: LayerScale is multiplied into the map before it, the
position of a token that is no patch is added to it, and the heads of DeiT's two tokens become one that reads both.
"""

import math
import re
from typing import NamedTuple

import torch
from torch import Tensor

from data.errors import UserError
from reproductions.vit2021.libraries import HEADS, IMAGENET, LIBRARIES, PREFIXES, SCALED, UNREAD, Library, Normalisation
from reproductions.vit2021.model import Network, Pooling, ViT


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
    facebook = _fold_scales(weights) or "embed.x_distilled" in weights  # its models have ImageNet's normalisation
    network, classes = _sizes(weights, 1e-6 if facebook else library.epsilon, heads)
    last = "head.2." if network.head == "mlp" else "head.0."
    weights = {name.replace("head.last.", last): value for name, value in weights.items()}
    _check(weights, network, classes)
    usual = IMAGENET if facebook else library.classifier if classes else library.headless
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


def _fold_scales(weights: dict[str, Tensor]) -> bool:
    """Multiply LayerScale, diag(scale) W x, into the rows of W and its bias; returns whether there was any."""
    found = False
    for scale_of, scaled in SCALED.items():
        for name in [name for name in weights if name.endswith(f".{scale_of}")]:
            scale, block, found = weights.pop(name), name.removesuffix(scale_of), True
            for row in (f"{block}{scaled}.weight", f"{block}{scaled}.bias"):
                value = _present(weights, row)
                if scale.ndim != 1 or value.shape[:1] != scale.shape:
                    raise UserError(
                        f"{name} is of {tuple(scale.shape)}, and {row}, which it scales, of {tuple(value.shape)}."
                    )
                weights[row] = scale.reshape(-1, *[1] * (value.ndim - 1)) * value
    return found


def _sizes(weights: dict[str, Tensor], epsilon: float, heads: int | None) -> tuple[Network, int]:
    """The network of the weights, and K. Drops leading axes of size one from tokens and positions."""
    d, channels, patch, across = _entry(weights, "embed.E.weight", 4).shape
    if patch != across or not d:
        raise UserError(f"embed.E.weight is of {(d, channels, patch, across)}: patches must be square, and not empty.")
    pooling, side = _tokens_and_positions(weights, d)
    d_mlp, heads = len(_entry(weights, "blocks.0.MLP.W_1.weight", 2)), _heads(d, heads)
    head = _entry(weights, "head.last.weight", 2) if "head.last.weight" in weights else None
    if head is not None and pooling == "cls" and head.shape[1] == 2 * d:
        pooling = "cls_mean"
    try:
        network = Network(
            image_size=side * patch,
            patch=patch,
            channels=channels,
            layers=len({name.split(".")[1] for name in weights if name.startswith("blocks.")}),
            d=d,
            d_mlp=d_mlp,
            heads=heads,
            pooling=pooling,
            registers=len(weights["embed.registers"]),
            head="mlp" if "head.0.weight" in weights else "linear",
            epsilon=epsilon,
        )
    except ValueError as error:
        raise UserError(f"No ViT can be built for these weights: {error}.") from error
    return network, 0 if head is None else len(head)


def _present(weights: dict[str, Tensor], name: str) -> Tensor:
    if name not in weights:
        raise UserError(f"These weights have nothing for {name}.")
    return weights[name]


def _entry(weights: dict[str, Tensor], name: str, axes: int) -> Tensor:
    if _present(weights, name).ndim != axes:
        raise UserError(f"{name} is of {tuple(weights[name].shape)}: it should have {axes} axes.")
    return weights[name]


def _tokens(weights: dict[str, Tensor], name: str, d: int) -> Tensor:
    """(n, d), without leading axes of size one."""
    shape = _present(weights, name).shape
    if not shape or shape[-1] != d or shape.numel() != shape[-2:].numel():
        raise UserError(f"{name} is of {tuple(shape)}: it should be rows of {d}, as patches are.")
    return weights[name].reshape(-1, d)


def _tokens_and_positions(weights: dict[str, Tensor], d: int) -> tuple[Pooling, int]:
    """What the head reads, and side. Makes class token, registers, and positions (side * side, d), before them the class token's.

    A token that is neither patch nor read as the class token becomes a register; registers have no position, so it is added.
    """
    E_pos, none = _tokens(weights, "embed.E_pos", d), weights["embed.E.weight"].new_zeros(0, d)
    tokens = {name: _tokens(weights, name, d) for name in ("embed.x_class", "embed.x_distilled", "embed.registers")
              if name in weights}  # fmt: skip
    x_class, distilled = (tokens.get(name, none) for name in ("embed.x_class", "embed.x_distilled"))
    before, rows = len(x_class) + len(distilled), len(E_pos)
    if math.isqrt(rows) ** 2 == rows:  # only for the patches, as in timm's models with registers and in DeiT III
        E_pos, rows = torch.cat([E_pos.new_zeros(before, d), E_pos]), rows + before
    side = math.isqrt(max(0, rows - before))
    if side * side != rows - before:
        raise UserError(f"embed.E_pos has {rows} rows, which is not {before} tokens and a square of patches.")
    registers = [distilled + E_pos[len(x_class) : before], tokens.get("embed.registers", none)]
    pooling: Pooling = "cls" if len(x_class) else "mean"
    if "norm_mean.weight" in weights:
        pooling, registers = "mean_norm", [x_class + E_pos[: len(x_class)], *registers]
        x_class = none
        weights |= {f"norm.{kind}": weights.pop(f"norm_mean.{kind}") for kind in ("weight", "bias")
                    if f"norm_mean.{kind}" in weights}  # fmt: skip
    if "head.distilled.weight" in weights:
        pooling = "distilled"
        _join_heads(weights)
    weights.pop("embed.x_distilled", None)
    weights |= {"embed.x_class": x_class, "embed.registers": torch.cat(registers)}
    weights["embed.E_pos"] = torch.cat([E_pos[: len(x_class)], E_pos[before:]])
    return pooling, side


def _join_heads(weights: dict[str, Tensor]) -> None:
    """One head that reads both tokens, [W / 2, W' / 2], instead of the mean of the logits of two heads."""
    heads = [[_entry(weights, f"head.{name}.{kind}", axes) for name in ("last", "distilled")]
             for kind, axes in (("weight", 2), ("bias", 1))]  # fmt: skip
    if any(one.shape != other.shape for one, other in heads):
        raise UserError("The heads of the class token and of the distillation token are not of the same shape.")
    (W, W_distilled), (b, b_distilled) = heads
    weights |= {"head.last.weight": torch.cat([W, W_distilled], dim=1) / 2, "head.last.bias": (b + b_distilled) / 2}
    for kind in ("weight", "bias"):
        del weights[f"head.distilled.{kind}"]


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
        if name not in weights and not classes and name.startswith("head."):
            continue
        if _present(weights, name).shape != value.shape:
            raise UserError(
                f"{name} is of {tuple(weights[name].shape)} and not of {tuple(value.shape)}, as the other weights suggest."
            )
    for name in weights.keys() - expected.keys():
        raise UserError(f"These weights have {name}, for which this ViT has no place.")
