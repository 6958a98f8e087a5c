"""A checkpoint to hand on: weights in half precision as .safetensors, and in its header everything else, as JSON.

Any program reads the weights; this one restores the model from the file alone. Nothing in it can run code.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from data.errors import UserError
from data.whole import whole

SUFFIX = ".safetensors"
HEADER = "checkpoint"  # in the metadata of the file
KEPT = (
    "paper", "version", "hyper_parameters", "global_step", "view", "views", "tokenizers", "preprocessing", "epoch",
    "pytorch-lightning_version",
)  # fmt: skip


def write(checkpoint: dict[str, Any], path: Path) -> Path:
    """Write a checkpoint to hand on; a tensor with two names is written once.

    Raises UserError for a weight beyond what half precision holds.
    """
    weights: dict[str, torch.Tensor] = {}
    names: dict[tuple[int, ...], str] = {}
    same = {}
    for name, tensor in checkpoint["state_dict"].items():
        place = (tensor.data_ptr(), *tensor.shape, *tensor.stride())
        if names.setdefault(place, name) != name:
            same[name] = names[place]
            continue
        weights[name] = (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        if not weights[name].isfinite().all():
            raise UserError(
                f"{name} has weights beyond 65,504, which half precision does not hold: hand on {path} another way."
            )
    header = {key: checkpoint[key] for key in KEPT if key in checkpoint} | {"same": same}
    with whole(path) as partial:
        partial.write_bytes(save(weights, {"format": "pt", HEADER: json.dumps(header)}))
    return path


def read(path: Path) -> Any:
    """The checkpoint that :func:`write` wrote, in single precision; its keys are not checked, see ``checkpoints.read``.

    Raises ValueError for a file that is damaged, and returns None for one that another program wrote.
    """
    try:
        with safe_open(path, "pt") as file:
            header = (file.metadata() or {}).get(HEADER)
            if header is None:
                return None
            checkpoint = json.loads(header)
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}
    checkpoint["state_dict"] = state | {name: state[twin] for name, twin in checkpoint.pop("same").items()}
    return checkpoint
