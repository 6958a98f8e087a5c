"""Checkpoints: written completely or not at all; read safely even if they are truncated, foreign or hostile.

Reading never runs code from a file, and whatever is wrong with the file is one clear sentence.
"""

import errno
import os
import pickle
import struct
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from data.errors import UserError
from data.whole import whole
from reproductions.layers.checks import check_choices
from reproductions.papers import PAPERS, VERSION
from reproductions.training import portable

OURS = {"state_dict", "hyper_parameters", "global_step", "paper"}
SETTINGS = {"network": "Network", "recipe": "Recipe", "search": "Search"}  # hyper-parameter -> its class in training.py
# What torch raises for damaged files, besides UnpicklingError.
DAMAGED = (RuntimeError, ValueError, LookupError, TypeError, AttributeError, struct.error)
NOT_WRITTEN = ("inline_container", "PytorchStreamWriter")  # in torch's errors when a write fails
DECIDED = {"tokenizers", "preprocessing"}  # fingerprints of what the data decided; a checkpoint has one or both


class WholeFiles(TorchCheckpointIO):
    """Write a checkpoint next to its place, then rename it: a reader finds either the old file or the new one, complete.

    Lightning writes to the system's temporary folder and moves the file from there. If that is another file system, the
    move is a copy, and a process killed in the middle leaves half a checkpoint.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Raises OSError with its number and the path if the disk is full, which torch reports without either."""
        path = Path(path)
        try:
            with whole(path) as partial, partial.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        except RuntimeError as error:
            if not any(word in str(error) for word in NOT_WRITTEN):
                raise
            cause = error.__context__  # the error of the file; torch's own comes from closing the archive after it
            number = cause.errno if isinstance(cause, OSError) and cause.errno else errno.ENOSPC
            raise OSError(number, os.strerror(number), str(path)) from error


def read(path: Path) -> dict[str, Any]:
    """The checkpoint at ``path``, on the CPU, read with ``weights_only=True``: only tensors and plain types.

    Raises UserError if the file is missing, truncated, holds anything but tensors and plain types, or is not ours; and if
    another version wrote it whose paper or settings this version does not have.
    """
    if not path.is_file():
        raise UserError(f"There is no checkpoint at {path}; train first, or name a run that has one.")
    try:
        is_portable = path.suffix == portable.SUFFIX
        checkpoint = portable.read(path) if is_portable else torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not zipfile.is_zipfile(path):
            raise UserError(f"{path} is not a checkpoint, or only a part of one; use another checkpoint.") from error
        raise UserError(
            f"{path} holds objects other than tensors and plain values, which could run code when loaded; it was not "
            "opened. Use a checkpoint that this project wrote."
        ) from error
    except (*DAMAGED, EOFError, OSError) as error:
        raise UserError(f"{path} is damaged or only half written; use another checkpoint of the run.") from error
    if not _is_ours(checkpoint):
        raise UserError(f"{path} is a checkpoint of another program: it names no paper of this project.")
    paper = checkpoint["paper"]
    if paper not in PAPERS:
        raise UserError(
            f"{path} is a checkpoint of {paper!r}, written by version {_version(checkpoint)}; this version, {VERSION}, has "
            f"{', '.join(PAPERS)}."
        )
    _check_content(path, checkpoint)
    _module(paper).drop_retired(checkpoint["hyper_parameters"], path)
    return checkpoint


# What each part of a checkpoint is, besides its settings.
CONTENT: dict[str, tuple[type, ...]] = {
    "state_dict": (dict,), "global_step": (int,), "view": (str, type(None)), "views": (dict,), "version": (str,),
    "tokenizers": (dict,), "preprocessing": (str,),
}  # fmt: skip


def _check_content(path: Path, checkpoint: dict[str, Any]) -> None:
    """Raise UserError unless each part of a checkpoint is of its type, and its weights are finite numbers."""
    for name, kinds in CONTENT.items():
        value = checkpoint.get(name)
        if name in checkpoint and (not isinstance(value, kinds) or isinstance(value, bool)):
            raise UserError(
                f"{path} is damaged: its {name} is {type(value).__name__}, not {kinds[0].__name__}; use another checkpoint."
            )
    if checkpoint["global_step"] < 0:
        raise UserError(f"{path} is damaged: its global_step is {checkpoint['global_step']}; use another checkpoint.")
    for name, tensor in checkpoint["state_dict"].items():
        if not isinstance(tensor, torch.Tensor) or tensor.is_complex():
            raise UserError(f"{path} is damaged: {name} holds no real numbers; use another checkpoint.")
        if not torch.isfinite(tensor).all():
            raise UserError(
                f"{path} holds weights that are not numbers, in {name}: that training diverged. Use another checkpoint, or "
                "train again with a lower learning rate."
            )


def check_weights(path: Path, checkpoint: dict[str, Any], module: torch.nn.Module) -> None:
    """Raise UserError unless the weights of a checkpoint have the names and shapes of those of a module."""
    ours, theirs = ({name: tuple(tensor.shape) for name, tensor in state.items()}
                    for state in (module.state_dict(), checkpoint["state_dict"]))  # fmt: skip
    for name in sorted({*ours, *theirs}):
        if ours.get(name) != theirs.get(name):
            raise UserError(
                f"The weights in {path} do not fit the model: {name} is {_shape(theirs.get(name))} there and "
                f"{_shape(ours.get(name))} here. Use a checkpoint of this model."
            )


def _is_ours(checkpoint: Any) -> bool:
    """Whether this project may have written it: it has our keys, a name for the paper and settings by name."""
    if not isinstance(checkpoint, dict) or not checkpoint.keys() >= OURS or not checkpoint.keys() & DECIDED:
        return False
    paper, stored = checkpoint["paper"], checkpoint["hyper_parameters"]
    named = isinstance(paper, str) and isinstance(stored, dict)
    return named and all(isinstance(stored.get(name, {}), dict) for name in SETTINGS)


def _shape(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else f"of shape {shape}"


def restore(path: Path, fingerprints: dict[str, str]) -> Any:
    """The module of a checkpoint, with its weights, in evaluation mode.

    Raises UserError as :func:`read` and :func:`check_fingerprints`, and if the weights do not fit the settings in the same
    checkpoint.
    """
    checkpoint = read(path)
    check_fingerprints(path, checkpoint, fingerprints)
    paper = checkpoint["paper"]
    try:
        module = _module(paper)(**_arguments(paper, checkpoint["hyper_parameters"]))
        module.load_state_dict(checkpoint["state_dict"])
    except (RuntimeError, TypeError, KeyError, ValueError) as error:
        why = " ".join(str(error).split())
        raise UserError(
            f"The weights or settings in {path} were written by version {_version(checkpoint)} and do not fit {paper} in this "
            f"version, {VERSION}: {why}"
        ) from error
    module.on_load_checkpoint(checkpoint)
    return module.eval()


def _module(paper: str) -> Any:
    return getattr(import_module(f"reproductions.{paper}.training"), PAPERS[paper].module)


def _arguments(paper: str, stored: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a paper's module, from plain values; raises TypeError or ValueError if one of them does not fit."""
    training, arguments = import_module(f"reproductions.{paper}.training"), dict(stored)
    for name, kind in SETTINGS.items():
        if name in stored:
            arguments[name] = getattr(training, kind)(**stored[name])
            check_choices(arguments[name])
    return arguments


def _version(checkpoint: dict[str, Any]) -> str:
    """The version of the project that wrote a checkpoint; the first one did not write it down."""
    return checkpoint.get("version", "0.1.0")


def decided(fingerprints: dict[str, str]) -> dict[str, Any]:
    """What a checkpoint holds of the fingerprints of a data module; :func:`check_fingerprints` reads it."""
    tokenizers = {name: value for name, value in fingerprints.items() if name != "preprocessing"}
    preprocessing = {name: value for name, value in fingerprints.items() if name == "preprocessing"}
    return preprocessing | ({"tokenizers": tokenizers} if tokenizers else {})


def check_fingerprints(path: Path, checkpoint: dict[str, Any], fingerprints: dict[str, str]) -> None:
    """Raise UserError unless the data is prepared as it was for the checkpoint.

    ``fingerprints`` come from a data module: of its tokenisers by their names, of its preprocessing, or of both.
    """
    expected = {name: (f"{name} tokeniser", value) for name, value in checkpoint.get("tokenizers", {}).items()}
    if "preprocessing" in checkpoint:
        expected["preprocessing"] = ("preprocessing", checkpoint["preprocessing"])
    for name, (what, fingerprint) in expected.items():
        if fingerprints.get(name) != fingerprint:
            raise UserError(
                f"The {what} does not fit {path}: the checkpoint was trained with {fingerprint}, this one is "
                f"{fingerprints.get(name)}. Use the {what.split()[-1]} of the checkpoint's own run."
            )


def check_settings(path: Path, checkpoint: dict[str, Any], asked: dict[str, Any], parts: tuple[str, ...]) -> None:
    """Raise UserError if the settings of a run differ from those of the checkpoint that it starts from.

    ``parts`` must agree: "network" to load the weights; also "recipe" to continue the training, because the state of the
    optimiser brings its own learning rate, which would override the requested one.
    """
    trained = checkpoint["hyper_parameters"]
    differing = [
        f"{part}.{name} is {asked[part].get(name)!r} here and {value!r} there"
        for part in parts
        for name, value in trained[part].items()
        if asked[part].get(name) != value
    ]
    if differing:
        raise UserError(f"{path} was trained with other settings than the requested ones: {'; '.join(differing)}.")
