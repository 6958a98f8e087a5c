"""Reading checkpoints that may be truncated, foreign or hostile: never a pickle, always one clear sentence."""

import pickle
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from data.errors import UserError
from reproductions.translation import Search, Translation

PAPERS = {"bahdanau2014": "Bahdanau2014"}  # folder -> its LightningModule in training.py


def read(path: Path) -> dict[str, Any]:
    """The checkpoint at ``path``, on the CPU, read with ``weights_only=True``: tensors and plain types alone.

    Raises UserError if the file is missing, truncated, holds anything but tensors and plain types, or is not ours.
    """
    if not path.is_file():
        raise UserError(f"There is no checkpoint at {path}; train first, or name a run that has one.")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not zipfile.is_zipfile(path):
            raise UserError(f"{path} is no checkpoint, or only a part of one; use another checkpoint.") from error
        raise UserError(
            f"{path} holds objects other than tensors and plain values, which could run code when loaded; it was not "
            "opened. Use a checkpoint that this project wrote."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise UserError(f"{path} is damaged or only half written; use another checkpoint of the run.") from error
    if not isinstance(checkpoint, dict) or not {"state_dict", "hyper_parameters", "paper"} <= checkpoint.keys():
        raise UserError(f"{path} is a checkpoint of another program: it names no paper of this project.")
    return checkpoint


def restore(path: Path) -> Translation:
    """The module of a checkpoint, with its weights, in evaluation mode.

    Raises UserError as :func:`read`, and if the weights do not fit the sizes that the checkpoint itself names.
    """
    checkpoint = read(path)
    paper, settings = checkpoint["paper"], checkpoint["hyper_parameters"]
    if paper not in PAPERS:
        raise UserError(f"{path} is a checkpoint of {paper!r}; this version knows {', '.join(PAPERS)}.")
    training = import_module(f"reproductions.{paper}.training")
    try:
        module = getattr(training, PAPERS[paper])(
            source_vocabulary=settings["source_vocabulary"],
            target_vocabulary=settings["target_vocabulary"],
            eos=settings["eos"],
            network=training.Network(**settings["network"]),
            recipe=training.Recipe(**settings["recipe"]),
            search=Search(**settings["search"]),
        )
        module.load_state_dict(checkpoint["state_dict"])
    except (RuntimeError, TypeError, KeyError) as error:
        raise UserError(f"The weights or settings in {path} do not fit this version of {paper}: {error}") from error
    module.on_load_checkpoint(checkpoint)
    return module.eval()


def check_tokenizers(path: Path, checkpoint: dict[str, Any], fingerprints: dict[str, str]) -> None:
    """Raise UserError unless the tokenisers are those that the checkpoint was trained with.

    ``fingerprints`` maps "source" and "target" to ``Tokenizer.fingerprint()``.
    """
    for side, trained in checkpoint.get("tokenizers", {}).items():
        if fingerprints.get(side) != trained:
            raise UserError(
                f"The {side} tokeniser does not fit {path}: the checkpoint was trained with {trained}, this one is "
                f"{fingerprints.get(side)}. Use the tokenisers of the checkpoint's own run."
            )


def check_network(path: Path, checkpoint: dict[str, Any], settings: dict[str, Any]) -> None:
    """Raise UserError if the network of a run's settings is not the one whose weights the checkpoint holds."""
    trained = checkpoint["hyper_parameters"]["network"]
    wanted = settings["network"]
    differing = [f"network.{name} is {wanted.get(name)}, not {value}" for name, value in trained.items()
                 if wanted.get(name) != value]  # fmt: skip
    if differing:
        raise UserError(f"{path} holds another network than the one asked for: {'; '.join(differing)}.")
