"""Trained weights of a ViT under the names of torchvision, timm (so DINO and DeiT) or Hugging Face, as weights of this one."""

import json
import logging
import math
import pickle
import re
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from data.errors import UserError
from reproductions.vit2021.model import Network, ViT, resize_positions

log = logging.getLogger(__name__)

HUB = "torchvision:"


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
WRAPPERS = ("model", "state_dict", "teacher")  # what training scripts put their weights under
PREFIXES = ("module.", "backbone.", "vit.")
UNREAD = re.compile(r"pooler\.dense\..*|num_batches_tracked|.*\.mask_token|mask_token")  # of other tasks


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


def load(source: str, heads: int | None = None) -> Converted:
    """The weights named ``torchvision:<model>``, downloaded, or those in a file (.pth, .pt, .safetensors).

    Raises UserError if they cannot be had, read or understood.
    """
    if not source.startswith(HUB):
        return convert(read(Path(source)), heads)
    weights = published(source)
    prepared = weights.transforms()
    return convert(_download(source, weights), heads)._replace(
        names=tuple(weights.meta["categories"]), mean=tuple(prepared.mean), std=tuple(prepared.std), assumed=False
    )


def published(source: str) -> Any:
    """What torchvision says of the weights ``torchvision:<model>``; raises UserError for a model that it does not have."""
    from torchvision.models import get_model_weights, list_models

    name = source.removeprefix(HUB)
    known = [model for model in list_models() if model.startswith("vit_")]
    if name not in known:
        raise UserError(f"torchvision has no ViT named {name!r}; it has {', '.join(known)}.")
    return get_model_weights(name).IMAGENET1K_V1 if name != "vit_h_14" else get_model_weights(name).DEFAULT


def kept_at(weights: Any) -> Path:
    """The file in which torch hub keeps published weights, and looks for them before it fetches them."""
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name


def _download(source: str, weights: Any) -> dict[str, Tensor]:
    """The tensors that torch hub keeps, or fetches and keeps; raises UserError if it has none and cannot fetch them."""
    try:
        state: dict[str, Tensor] = weights.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except (OSError, RuntimeError, HTTPException, pickle.UnpicklingError, EOFError) as error:
        kept = kept_at(weights)
        if kept.is_file():
            raise UserError(
                f"{kept} is damaged ({_said(error)}): remove it, so that {source} is fetched anew."
            ) from error
        raise UserError(
            f"{source} could not be downloaded ({_said(error)}): fetch {weights.url} on a machine that is online and put it "
            f"into {kept.parent}."
        ) from error
    return state


def _said(error: Exception) -> str:
    """The first line of what an error says, without the brackets of a URL's error."""
    return (str(error).strip("<>").splitlines() or [type(error).__name__])[0]


def read(path: Path) -> dict[str, Tensor]:
    """The tensors in a file, on the CPU; nothing in it is run. Raises UserError if there is none, or it is no such file."""
    if not path.is_file():
        raise UserError(f"There are no weights at {path}; name a file, or {HUB}vit_b_16.")
    try:
        content = _safetensors(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is damaged, or holds more than tensors and plain values and was not opened; use another file."
        ) from error
    for name in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(name), dict):
            content = content[name]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise UserError(f"{path} holds no state dict: a table of named tensors is needed.")
    return content


def convert(state: dict[str, Tensor], heads: int | None = None) -> Converted:
    """Weights under our names, and the network they are of.

    Args:
        state: under the names of torchvision, timm or Hugging Face.
        heads: which no weight tells; None for one per 64 units, or 80 in ViT-H, as all published ones have.

    Raises UserError that names the entry which is unknown, missing or of another shape.
    """
    stripped = {_strip(name): value for name, value in state.items()}
    naming = next(
        (
            one
            for one in NAMINGS.values()
            if f"{next(n for n, ours in one.outside.items() if ours == 'embed.E')}.weight" in stripped
        ),
        None,
    )
    if naming is None:
        raise UserError(
            f"These weights are no ViT of {', '.join(NAMINGS)}: they begin with {', '.join(list(state)[:3]) or 'nothing'}."
        )
    found: dict[str, Tensor] = {}
    for name, value in stripped.items():
        if not UNREAD.fullmatch(name):
            found[_ours(name, naming)] = value
    for name in [name for name in found if ".U_qkv." in name]:
        for letter, part in zip("QKV", found.pop(name).chunk(3), strict=True):  # in this order, each with all heads
            found[name.replace("U_qkv", f"W_{letter}")] = part.clone()
    network, classes = _sizes(found, naming.epsilon, heads)
    last = "head.2." if network.head == "mlp" else "head.0."
    found = {name.replace("head.last.", last): value for name, value in found.items()}
    with torch.device("meta"):
        wanted = ViT(max(1, classes), network).state_dict()
    for name, value in wanted.items():
        if name not in found and (classes or not name.startswith("head.")):
            raise UserError(f"These weights have nothing for {name}.")
        if name in found and found[name].shape != value.shape:
            raise UserError(
                f"{name} is of {tuple(found[name].shape)} and not of {tuple(value.shape)} as the others suggest."
            )
    usual = naming.classifier if classes else naming.headless
    mean, std = usual if network.channels == len(usual.mean) else ((), ())
    return Converted(found, network, classes, mean=mean, std=std, assumed=bool(mean))


def adopt(model: ViT, converted: Converted, mean: Sequence[float] = (), std: Sequence[float] = ()) -> list[str]:
    """Give a ViT converted weights, with positions interpolated to its image size, and a new head for other classes.

    Args:
        model: takes them.
        converted: the weights.
        mean, std: how the model's images are normalised, by channel. Weights that are used to another normalisation are
            changed so that they answer the same to the same pixels; none for images that are normalised as theirs were.

    Returns the names of the weights that stay as they were: those of a head for other classes.

    Raises UserError where the two networks differ otherwise.
    """
    ours, theirs = model.network, converted.network
    for name in ("patch", "channels", "layers", "d", "d_mlp", "heads", "stem", "pooling", "registers", "positions"):
        if getattr(ours, name) != getattr(theirs, name):
            raise UserError(f"network.{name} is {getattr(ours, name)}, and {getattr(theirs, name)} in these weights.")
    state, current = dict(converted.state), model.state_dict()
    state["embed.E_pos"] = resize_positions(state["embed.E_pos"], theirs.image_size // theirs.patch, model.grid[0])
    if mean and converted.mean:
        known, wanted = Normalisation(converted.mean, converted.std), Normalisation(tuple(mean), tuple(std))
        E = state["embed.E.weight"], state["embed.E.bias"]
        state["embed.E.weight"], state["embed.E.bias"] = renormalised(*E, known, wanted)
        if converted.assumed:
            log.info(
                "The weights do not say how their images were normalised; assumed, as is usual: %s", described(known)
            )
    heads = [name for name in current if name.startswith("head.")]
    kept = heads if any(state.get(name, current[name][:0]).shape != current[name].shape for name in heads) else []
    body = {name: value for name, value in state.items() if not (kept and name.startswith("head."))}
    model.load_state_dict(body | {name: current[name] for name in kept})
    return kept


def renormalised(E: Tensor, bias: Tensor, known: Normalisation, wanted: Normalisation) -> tuple[Tensor, Tensor]:
    """A patch embedding of images normalised as ``wanted``, from one of images normalised as ``known``.

    Pixels x become (x - m) / s there and x' = (x - m') / s' here. So (x - m) / s = x' s' / s + (m' - m) / s: the factor goes
    into the weights, the rest, which is the same for every image, into the bias. Exact, for no patch has a padded edge.

    Args:
        E: (D, C, p, p).
        bias: (D,).
        known: m and s, C each.
        wanted: m' and s', C each.
    """
    (m, s), (m_new, s_new) = (
        torch.tensor(one, dtype=torch.float64, device=E.device)[..., None, None] for one in (known, wanted)
    )
    shift = (E.double() * ((m_new - m) / s)).sum((1, 2, 3))
    return (E.double() * (s_new / s)).to(E.dtype), (bias.double() + shift).to(bias.dtype)


def described(normalisation: Normalisation) -> str:
    """In words, with one number where it is the same for all channels."""
    mean, std = (
        " ".join(f"{x:g}" for x in (values if len(set(values)) > 1 else values[:1])) for values in normalisation
    )
    return f"mean {mean}, deviation {std}"


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


def _sizes(found: dict[str, Tensor], epsilon: float, heads: int | None) -> tuple[Network, int]:
    """The network that the weights are of, and K. Takes their leading axes of size one off tokens and positions."""
    for name in ("embed.x_class", "embed.E_pos", "embed.registers"):
        if name in found:
            found[name] = found[name].reshape(-1, found[name].shape[-1])
        elif name == "embed.registers":
            found[name] = found["embed.E.weight"].new_zeros(0, len(found["embed.E.weight"]))
    d, channels, patch, _ = found["embed.E.weight"].shape
    for name in ("embed.E_pos", "embed.x_class", "blocks.0.MLP.W_1.weight"):
        if name not in found:
            raise UserError(f"These weights have nothing for {name}.")
    rows = len(found["embed.E_pos"])
    if math.isqrt(rows) ** 2 == rows:  # positions of the patches alone, as timm has them beside registers
        found["embed.E_pos"] = torch.cat([found["embed.E_pos"].new_zeros(1, d), found["embed.E_pos"]])
        rows += 1
    side = math.isqrt(rows - 1)
    if side * side != rows - 1:
        raise UserError(f"embed.E_pos has {rows} rows, which is no class token and a square of patches.")
    head = found.get("head.last.weight")
    network = Network(
        image_size=side * patch,
        patch=patch,
        channels=channels,
        layers=len({name.split(".")[1] for name in found if name.startswith("blocks.")}),
        d=d,
        d_mlp=len(found["blocks.0.MLP.W_1.weight"]),
        heads=heads or max(1, d // (80 if d == 1280 else 64)),
        registers=len(found["embed.registers"]),
        head="mlp" if "head.0.weight" in found else "linear",
        epsilon=epsilon,
    )
    return network, 0 if head is None else len(head)


def _strip(name: str) -> str:
    """Without what a training script or a larger model puts before the names."""
    while prefix := next((prefix for prefix in PREFIXES if name.startswith(prefix)), None):
        name = name.removeprefix(prefix)
    return name


def _safetensors(path: Path) -> dict[str, Any]:
    """A .safetensors file: the header's length, the header in JSON, the numbers."""
    kinds = {
        "F64": torch.float64,
        "F32": torch.float32,
        "F16": torch.float16,
        "BF16": torch.bfloat16,
        "I64": torch.int64,
    }
    content = path.read_bytes()
    begin = 8 + int.from_bytes(content[:8], "little")
    header: dict[str, Any] = json.loads(content[8:begin])
    header.pop("__metadata__", None)
    return {
        name: torch.frombuffer(bytearray(content[begin + one["data_offsets"][0] : begin + one["data_offsets"][1]]),
                               dtype=kinds[one["dtype"]]).reshape(one["shape"])
        for name, one in header.items()
    }  # fmt: skip
