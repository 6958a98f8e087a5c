"""Say what is installed, where things lie, what is missing and how to fix it."""

import argparse
import importlib
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from data.errors import UserError

NEEDED = (
    "torch", "torchvision", "lightning", "jsonargparse", "wandb", "tokenizers", "sacrebleu", "sacremoses", "matplotlib",
    "numpy",
)  # fmt: skip
# Name -> what lies in the data directory once it was downloaded, and the target that trains on it.
CORPORA = {
    "multi30k": ("multi30k/train.en.gz", "train-bahdanau"),
    "tatoeba": ("tatoeba/fra-eng.zip", "train-bahdanau"),
    "cifar10": ("cifar10", "train-vit"),
}


class Check(NamedTuple):
    """One line of the report; ``ok`` is None for what is only worth knowing, ``mend`` says what to do."""

    name: str
    ok: bool | None
    found: str
    mend: str = ""


def report() -> list[Check]:
    """Every check, in the order of the report."""
    return [*_packages(), *_device(), _datasets(), _torchtext(), _tracking(), *_data(), _runs(), _disk()]


def options(_: argparse.ArgumentParser) -> None:
    """None."""


def run(_: argparse.Namespace, __: Sequence[str]) -> int:
    """Print the report; 0 if the core works, 1 if it does not."""
    sys.stdout.write(f"Python {platform.python_version()} in {sys.prefix}\n")
    checks = report()
    for check in checks:
        mark = {True: "ok", False: "NO", None: "-"}[check.ok]
        mend = f"  -> {check.mend}" if check.mend else ""
        sys.stdout.write(f"{mark:>3}  {check.name:<14} {check.found}{mend}\n")
    return int(any(check.ok is False for check in checks))


def _packages() -> Iterator[Check]:
    import data  # noqa: F401  (declares what torchvision needs beside a CPU build of torch)

    for name in NEEDED:
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Check(name, False, "not installed", "run `make setup`")
            continue
        try:
            importlib.import_module(name)
        except (ImportError, OSError, RuntimeError) as error:
            first = str(error).splitlines()[0]
            yield Check(name, False, f"{version}, but it does not import: {first}", "remove .venv and run `make setup`")
        else:
            yield Check(name, True, version)


def _device() -> Iterator[Check]:
    try:
        import torch
    except (ImportError, OSError):
        return
    if torch.cuda.is_available():
        yield Check("device", None, f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}")
        return
    found = f"CPU, {os.cpu_count()} cores, {torch.get_num_threads()} threads"
    slow = (
        ""
        if _bf16()
        else "this CPU has no fast bfloat16: add ARGS='--trainer.precision 32-true' where a config says bf16"
    )
    yield Check("device", None, f"{found}, bfloat16 {'fast' if _bf16() else 'slow'}", slow)


def _bf16() -> bool:
    import torch

    known: Callable[[], bool] | None = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return bool(known()) if known else False


def _datasets() -> Check:
    try:
        version = metadata.version("datasets")
    except metadata.PackageNotFoundError:
        return Check("datasets", None, "not here: only DATA=wmt14 needs it", "`make setup EXTRAS=wmt`")
    return Check("datasets", None, version)


def _torchtext() -> Check:
    try:
        importlib.import_module("torchtext")
    except (ImportError, OSError):
        return Check(
            "torchtext", None, "not here: it needs torch 2.3", "`make test-torchtext` builds its own environment"
        )
    return Check("torchtext", None, metadata.version("torchtext"))


def _tracking() -> Check:
    try:
        from reproductions.training import tracking
    except (ImportError, OSError):
        return Check("W&B", False, "cannot be imported", "run `make setup`")
    try:
        mode = tracking.decide()
    except UserError as error:
        return Check("W&B", False, str(error), "set it so, or unset it")
    mend = "" if mode.name == "online" else "`.venv/bin/wandb login` to track online"
    return Check("W&B", None, f"{mode.name} ({mode.reason})", mend)


def _data() -> Iterator[Check]:
    try:
        from data.sources.download import data_dir
    except ImportError:
        return
    folder = data_dir()
    yield Check("data", None, f"{folder}{'' if 'DATA_DIR' in os.environ else ' (set DATA_DIR to use another folder)'}")
    yield Check("accord", True, "embedded, sentences")
    yield Check("shapes", True, "embedded, images")
    for name, (file, target) in CORPORA.items():
        there = (folder / file).exists()
        mend = "" if there else f"downloaded by `make {target} DATA={name}`"
        yield Check(name, None, "there" if there else "not there", mend)


def _runs() -> Check:
    folder = Path(os.environ.get("RUNS_DIR", "runs"))
    count = len(list(folder.glob("*/*/*/checkpoints/best.ckpt")))
    mend = "" if count else "`make train-bahdanau` or `make train-vit` trains one"
    return Check("runs", None, f"{count} trained under {folder}", mend)


def _disk() -> Check:
    free = shutil.disk_usage(".").free / 2**30
    return Check(
        "disk", free > 1, f"{free:.0f} GiB free", "" if free > 1 else "a run needs up to 1 GiB: free some space"
    )
