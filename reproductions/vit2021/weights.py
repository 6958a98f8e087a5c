"""Trained weights of a ViT: where they come from, and how a model takes them. Their names are ``conversion``'s matter."""

import json
import logging
import pickle
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from data.errors import UserError
from reproductions.vit2021.conversion import Converted, Normalisation, convert, described
from reproductions.vit2021.model import ViT, resize_positions

log = logging.getLogger(__name__)

HUB = "torchvision:"
WRAPPERS = ("model", "state_dict", "teacher")  # what training scripts put their weights under
OURS = {"paper", "hyper_parameters", "state_dict"}  # what stands in a checkpoint of this project
# What reading raises, besides its own error, where bytes are not what they were.
DAMAGED = (RuntimeError, ValueError, LookupError, TypeError, AttributeError)


def load(source: str, heads: int | None = None) -> Converted:
    """The weights named ``torchvision:<model>``, downloaded, or those in a file (.pth, .pt, .safetensors).

    ``heads``: which no file says; None for those of the published ViT of this width.

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
    except (pickle.UnpicklingError, EOFError, OSError, *DAMAGED) as error:
        raise UserError(
            f"{path} is damaged, or holds more than tensors and plain values and was not opened; use a file of its state dict "
            "alone."
        ) from error
    if isinstance(content, dict) and content.keys() >= OURS:
        raise UserError(
            f"{path} is a checkpoint of this project: look with --run {path.absolute().parent.parent}, or train on with "
            "--resume; --weights is for those of others."
        )
    for name in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(name), dict):
            content = content[name]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise UserError(f"{path} holds no state dict: a table of named tensors is needed.")
    return content


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
