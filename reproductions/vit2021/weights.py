"""Trained weights of a ViT: reading and downloading them, and loading them into a model. ``conversion`` maps their names."""

import json
import logging
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from data.errors import UserError
from data.sources.download import Remote, fetch
from data.sources.paths import check_exists
from reproductions.vit2021 import HUB
from reproductions.vit2021.conversion import Converted, Normalisation, convert, described
from reproductions.vit2021.model import ViT, resize_positions
from reproductions.vit2021.published import model_of

log = logging.getLogger(__name__)

WRAPPERS = ("model", "state_dict", "teacher")  # keys under which training scripts store their weights
OURS = {"paper", "hyper_parameters", "state_dict"}  # keys in a checkpoint of this project
# What torch raises for damaged files, besides UnpicklingError.
DAMAGED = (RuntimeError, ValueError, LookupError, TypeError, AttributeError)


def load(source: str, heads: int | None = None) -> Converted:
    """Weights from torchvision, named ``torchvision:<model>``, or from a file (.pth, .pt, .safetensors).

    ``heads``: number of attention heads, which no file contains; None for the published ViT of this width.

    Raises UserError if the weights are not available, cannot be read or cannot be converted.
    """
    if not source.startswith(HUB):
        return convert(read(Path(source)), heads)
    weights = published(source)
    prepared, kept = weights.transforms(), kept_at(weights)
    sha256 = kept.stem.rpartition("-")[2]  # a published file has the beginning of its checksum in its name
    fetch(kept.name, kept.parent, {kept.name: Remote(weights.url, sha256)})
    return convert(read(kept), heads)._replace(
        names=tuple(weights.meta["categories"]), mean=tuple(prepared.mean), std=tuple(prepared.std), assumed=False
    )


def published(source: str) -> Any:
    """torchvision's entry for the weights ``torchvision:<model>``; raises UserError for a model that it does not have."""
    from torchvision.models import get_model_weights

    name = model_of(source)
    return get_model_weights(name).IMAGENET1K_V1 if name != "vit_h_14" else get_model_weights(name).DEFAULT


def kept_at(weights: Any) -> Path:
    """The file in which torch hub caches published weights."""
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name


def read(path: Path) -> dict[str, Tensor]:
    """The tensors in a file, on the CPU; no code in it is run. Raises UserError if there is no file, or no state dict in it."""
    check_exists(path, "weights", f"{HUB}vit_b_16")
    try:
        content = _safetensors(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, OSError, *DAMAGED) as error:
        raise UserError(
            f"{path} is damaged, or holds more than tensors and plain values and was not opened; use a file that holds only the "
            "state dict."
        ) from error
    if isinstance(content, dict) and content.keys() >= OURS:
        raise UserError(
            f"{path} is a checkpoint of this project: look with --run {path.absolute().parent.parent}, or train on with "
            "--resume; --weights is for weights from elsewhere."
        )
    for name in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(name), dict):
            content = content[name]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise UserError(f"{path} holds no state dict; use a file with a dictionary of named tensors.")
    for key, value in content.items():
        has_values = not value.is_meta and value.layout == torch.strided
        if not has_values or (value.is_floating_point() and not value.isfinite().all()):
            raise UserError(f"{path} has weights that are not numbers, or none, in {key}: use another file.")
    return content


def adopt(model: ViT, converted: Converted, mean: Sequence[float] = (), std: Sequence[float] = ()) -> list[str]:
    """Load converted weights into a ViT; interpolate the positions to its image size, keep its own head for other classes.

    Args:
        model: the ViT.
        converted: the weights.
        mean, std: how the model's images are normalised, by channel. Weights trained with another normalisation are changed
            so that the same pixels give the same answer; empty for images normalised as in the weights' own training.

    Returns the names of the weights that were not loaded, those of a head for other classes.

    Raises UserError if the networks differ in anything else.
    """
    network, given = model.network, converted.network
    for name in ("patch", "channels", "layers", "d", "d_mlp", "heads", "stem", "pooling", "registers", "positions"):
        if getattr(network, name) != getattr(given, name):
            raise UserError(f"network.{name} is {getattr(network, name)}, and {getattr(given, name)} in these weights.")
    state, current = dict(converted.state), model.state_dict()
    state["embed.E_pos"] = resize_positions(state["embed.E_pos"], given.image_size // given.patch, model.grid[0])
    if mean and converted.mean:
        old, new = Normalisation(converted.mean, converted.std), Normalisation(tuple(mean), tuple(std))
        E = state["embed.E.weight"], state["embed.E.bias"]
        state["embed.E.weight"], state["embed.E.bias"] = renormalised(*E, old, new)
        if converted.assumed:
            log.info("The weights do not say how their images were normalised; assuming the usual: %s", described(old))
    heads = [name for name in current if name.startswith("head.")]
    kept = heads if any(state.get(name, current[name][:0]).shape != current[name].shape for name in heads) else []
    body = {name: value for name, value in state.items() if not (kept and name.startswith("head."))}
    model.load_state_dict(body | {name: current[name] for name in kept})
    return kept


def renormalised(E: Tensor, bias: Tensor, old: Normalisation, new: Normalisation) -> tuple[Tensor, Tensor]:
    """The patch embedding for images with the normalisation ``new``, from the one for images with ``old``.

    A pixel x is (x - m) / s under the old normalisation and x' = (x - m') / s' under the new one. So
    (x - m) / s = x' s' / s + (m' - m) / s: the factor goes into the weights; the other term, the same for every image, into
    the bias. This is exact because no patch has a padded edge.

    Args:
        E: (D, C, p, p).
        bias: (D,).
        old: m and s, C each.
        new: m' and s', C each.
    """
    (m, s), (m_new, s_new) = (
        torch.tensor(values, dtype=torch.float64, device=E.device)[..., None, None] for values in (old, new)
    )
    shift = (E.double() * ((m_new - m) / s)).sum((1, 2, 3))
    return (E.double() * (s_new / s)).to(E.dtype), (bias.double() + shift).to(bias.dtype)


def _safetensors(path: Path) -> dict[str, Any]:
    """Read a .safetensors file: the length of the header, the header as JSON, then the numbers."""
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
        name: torch.frombuffer(bytearray(content[begin + entry["data_offsets"][0] : begin + entry["data_offsets"][1]]),
                               dtype=kinds[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }  # fmt: skip
