"""Trained weights of a ViT: reading and downloading them, and loading them into a model. ``conversion`` maps their names."""

import json
import logging
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from data.errors import UserError
from data.preprocessing import Preprocessing
from data.sources import hugging_face
from data.sources.download import Remote, fetch
from reproductions.training import checkpoints
from reproductions.vit2021 import HF, HUB, TIMM
from reproductions.vit2021.conversion import Converted, convert, described
from reproductions.vit2021.libraries import Normalisation
from reproductions.vit2021.model import ViT, resize_positions
from reproductions.vit2021.published import file_of, model_of

log = logging.getLogger(__name__)

WRAPPERS = ("model", "state_dict", "teacher")  # keys under which training scripts store their weights
OURS = {"paper", "hyper_parameters", "state_dict"}  # keys in a checkpoint of this project
CONFIG, PREPARED, WEIGHTS = "config.json", "preprocessor_config.json", "model.safetensors"  # files on Hugging Face


def load(source: str, heads: int | None = None, size: int | None = None) -> Converted:
    """Weights from torchvision, ``torchvision:<model>``, from Hugging Face, ``timm:<model>`` or ``hf:<owner>/<name>``, from a
    file (.pth, .pt, .safetensors), or from a run.

    Args:
        source: the name, the file, the folder of a run of this project, or one of its checkpoints.
        heads: number of attention heads, which no foreign file contains; None for the published ViT of this width.
        size: height and width of the images to read; None for those that the weights were trained on.

    Raises UserError if the weights are not available, cannot be read or cannot be converted, and for a size that the patches
    do not divide.
    """
    return resized(_load(source, heads), size)


def _load(source: str, heads: int | None) -> Converted:
    if source.startswith((TIMM, HF)):
        return _from_hub(source, heads)
    if not source.startswith(HUB):
        path = file_of(source)
        return own(path) if _is_own(_content(path)) else convert(tensors(path), heads)
    weights = published(source)
    prepared, kept = weights.transforms(), kept_at(weights)
    sha256 = kept.stem.rpartition("-")[2]  # a published file has the beginning of its checksum in its name
    fetch(kept.name, kept.parent, {kept.name: Remote(weights.url, sha256)})
    return convert(tensors(kept), heads)._replace(
        names=tuple(weights.meta["categories"]), mean=tuple(prepared.mean), std=tuple(prepared.std), assumed=False
    )


def _from_hub(source: str, heads: int | None) -> Converted:
    """Weights and what is written beside them: normalisation, names of the classes, heads and epsilon where they stand there."""
    name = f"timm/{source.removeprefix(TIMM)}" if source.startswith(TIMM) else source.removeprefix(HF)
    folder = hugging_face.download(source, name, (CONFIG, PREPARED, WEIGHTS))
    if not (folder / WEIGHTS).is_file():
        raise UserError(f"{source} has no {WEIGHTS}, the only format that is read from there: name another model.")
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if "pretrained_cfg" in config:  # timm's
            prepared = config["pretrained_cfg"]
            given, names = Normalisation(tuple(prepared["mean"]), tuple(prepared["std"])), config.get("label_names", ())
        else:
            prepared = json.loads((folder / PREPARED).read_text(encoding="utf-8"))
            given = Normalisation(tuple(prepared["image_mean"]), tuple(prepared["image_std"]))
            names = [name for _, name in sorted(config.get("id2label", {}).items(), key=lambda one: int(one[0]))]
            heads = config["num_attention_heads"] if heads is None else heads
    except (OSError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{source} does not say how its images are prepared ({error}): name another model.") from error
    if config.get("hidden_act", "gelu") != "gelu":
        raise UserError(
            f"{source} has the activation {config['hidden_act']}, and this ViT has gelu: name another model."
        )
    converted = convert(tensors(folder / WEIGHTS), heads)
    network = replace(converted.network, epsilon=config.get("layer_norm_eps", converted.network.epsilon))
    return converted._replace(network=network, names=tuple(names), mean=given.mean, std=given.std, assumed=False)


def published(source: str) -> Any:
    """torchvision's entry for the weights ``torchvision:<model>``; raises UserError for a model that it does not have."""
    from torchvision.models import get_model_weights

    name = model_of(source)
    return get_model_weights(name).IMAGENET1K_V1 if name != "vit_h_14" else get_model_weights(name).DEFAULT


def kept_at(weights: Any) -> Path:
    """The file in which torch hub caches published weights."""
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name


def own(path: Path) -> Converted:
    """The weights of a checkpoint of this project, with the normalisation of its run. Raises UserError for another network."""
    prepared = Preprocessing.load(path.absolute().parent.parent / "preprocessing.json")
    module = checkpoints.restore(path, {"preprocessing": prepared.fingerprint()})
    if module.paper != "vit2021":
        raise UserError(f"{path} is a checkpoint of {module.paper}, and --weights takes one of vit2021.")
    state = module.model.state_dict()
    return Converted(state, module.network, len(prepared.classes), prepared.classes, prepared.mean, prepared.std)


def _content(path: Path) -> Any:
    """What is in a file, on the CPU; no code in it is run."""
    try:
        return load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, EOFError, OSError, *checkpoints.DAMAGED) as error:
        raise UserError(
            f"{path} is damaged, or holds more than tensors and plain values and was not opened; use a file that holds only the "
            "state dict."
        ) from error


def _is_own(content: Any) -> bool:
    return isinstance(content, dict) and content.keys() >= OURS


def tensors(path: Path) -> dict[str, Tensor]:
    """The named tensors in a file, on the CPU. Raises UserError if it cannot be read, and for anything else in it."""
    content = _content(path)
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


def resized(converted: Converted, size: int | None) -> Converted:
    """Weights that read images of another size, their positions interpolated (Section 3.2); all others stay as they are.

    Raises UserError for a size that the patches do not divide.
    """
    network = converted.network
    if size is None or size == network.image_size:
        return converted
    if size < 1 or size % network.patch:
        nearest = max(1, round(size / network.patch)) * network.patch
        raise UserError(
            f"Images of {size} pixels cannot be cut into patches of {network.patch}, which these weights read: give "
            f"--size {nearest}."
        )
    state = dict(converted.state)
    if network.positions == "learned":
        sides = network.image_size // network.patch, size // network.patch
        state["embed.E_pos"] = resize_positions(state["embed.E_pos"], *sides)
    return converted._replace(state=state, network=replace(network, image_size=size))


def adopt(model: ViT, converted: Converted, mean: Sequence[float] = (), std: Sequence[float] = ()) -> list[str]:
    """Load converted weights into a ViT without their head; interpolate the positions to its image size.

    "We remove the whole head" (Section 3.2): the model keeps its own, which is new and zero.

    Args:
        model: the ViT.
        converted: the weights.
        mean, std: how the model's images are normalised, by channel. Weights trained with another normalisation are changed
            so that the same pixels give the same answer; empty for images normalised as in the weights' own training.

    Returns the names of the weights that were not loaded, those of the head.

    Raises UserError if the networks differ in anything else.
    """
    network, given = model.network, converted.network
    for name in ("patch", "channels", "layers", "d", "d_mlp", "heads", "stem", "pooling", "registers", "positions"):
        if getattr(network, name) != getattr(given, name):
            raise UserError(f"network.{name} is {getattr(network, name)}, and {getattr(given, name)} in these weights.")
    state, current = dict(resized(converted, network.image_size).state), model.state_dict()
    if mean and converted.mean:
        old, new = Normalisation(converted.mean, converted.std), Normalisation(tuple(mean), tuple(std))
        # A stem has no bias but the mean that its norm subtracts.
        E, bias, sign = ("E", "E.bias", 1) if given.stem == "patch" else ("E.0", "E.1.running_mean", -1)
        E, bias = f"embed.{E}.weight", f"embed.{bias}"
        state[E], moved = renormalised(state[E], sign * state[bias], old, new)
        state[bias] = sign * moved
        if converted.assumed:
            log.info("The weights do not say how their images were normalised; assuming the usual: %s", described(old))
    heads = [name for name in current if name.startswith("head.")]
    body = {name: value for name, value in state.items() if not name.startswith("head.")}
    model.load_state_dict(body | {name: current[name] for name in heads})
    return heads


def renormalised(E: Tensor, bias: Tensor, old: Normalisation, new: Normalisation) -> tuple[Tensor, Tensor]:
    """The patch embedding for images with the normalisation ``new``, from the one for images with ``old``.

    A pixel x is (x - m) / s under the old normalisation and x' = (x - m') / s' under the new one. So
    (x - m) / s = x' s' / s + (m' - m) / s: the factor goes into the weights; the other term, the same for every image, into
    the bias. This is exact because no patch has a padded edge; the edges of a convolutional stem are padded with another colour.

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
