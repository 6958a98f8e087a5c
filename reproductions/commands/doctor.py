"""Say what is installed, where things lie, what is missing and how to fix it."""

import argparse
import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from data.errors import UserError
from reproductions import runs

TORCH = ("torch", "torchvision")
NEEDED = ("lightning", "jsonargparse", "wandb", "tokenizers", "sacrebleu", "sacremoses", "matplotlib", "numpy")
# Compiled for one kind of machine, so only an import can tell whether they work on this one.
COMPILED = (*TORCH, "wandb", "tokenizers", "matplotlib", "numpy")
# torch takes longer to import than everything else, and may end its process: it is asked beside the rest, in another.
ASK_TORCH = "import json; from reproductions.commands import doctor; print(json.dumps([*doctor.of_torch()]))"
AGAIN = "remove .venv and run `make setup`"
# Name -> what lies in the data directory after the download, and the target that trains on it.
CORPORA = {
    "multi30k": ("multi30k/train.en.gz", "train-bahdanau"),
    "tatoeba": ("tatoeba/fra-eng.zip", "train-bahdanau"),
    "cifar10": ("cifar10", "train-vit"),
}


class Check(NamedTuple):
    """One line of the report; ``ok`` is None for what is only worth knowing, ``fix`` says what to do."""

    name: str
    ok: bool | None
    state: str
    fix: str = ""


def options(_: argparse.ArgumentParser) -> None:
    """None."""


def run(_: argparse.Namespace, __: Sequence[str]) -> int:
    """Print the report; 0 if the core works, 1 if it does not. Works where a package is missing."""
    sys.stdout.write(f"Python {platform.python_version()} in {sys.prefix}\n")
    checks = report()
    for check in checks:
        mark = {True: "ok", False: "NO", None: "-"}[check.ok]
        fix = f"  -> {check.fix}" if check.fix else ""
        sys.stdout.write(f"{mark:>3}  {check.name:<14} {check.state}{fix}\n")
    return int(any(check.ok is False for check in checks))


def report() -> list[Check]:
    """Every check, in the order of the report."""
    asked = subprocess.Popen(
        [sys.executable, "-c", ASK_TORCH], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    others = [*packages(NEEDED), datasets(), torchtext(), tracker(), *corpora(), trained(), disk()]
    return [*answer(asked), *others]


def answer(asked: subprocess.Popen[str]) -> list[Check]:
    """The checks of :func:`of_torch` from the process that made them; one failed check if that has ended without."""
    said, complaint = asked.communicate()
    if asked.returncode == 0:
        return [Check(*fields) for fields in json.loads(said.splitlines()[-1])]
    last = (complaint.splitlines() or ["it said nothing"])[-1]
    return [Check("torch", False, f"its import ended with status {asked.returncode}: {last}", AGAIN)]


def of_torch() -> Iterator[Check]:
    """What can only be said with torch: whether it works, and on which device."""
    import data  # noqa: F401  (declares what torchvision needs beside a CPU build of torch)

    yield from packages(TORCH)
    yield from device()


def packages(names: Sequence[str]) -> Iterator[Check]:
    """Whether packages are installed and complete, and those that are compiled can be imported."""
    for name in names:
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Check(name, False, "not installed", "run `make setup`")
            continue
        if fault := _fault(name) if name in COMPILED else _lack(name):
            yield Check(name, False, f"{version}, but {fault}", AGAIN)
        else:
            yield Check(name, True, version)


def _fault(name: str) -> str:
    """Why an installed package cannot be imported; empty if it can."""
    try:
        importlib.import_module(name)
    except (ImportError, OSError, RuntimeError) as error:
        return f"it does not import: {(str(error).splitlines() or [type(error).__name__])[0]}"
    return ""


def _lack(name: str) -> str:
    """A file that an installed package has lost, or what it requires and does not have; empty if it is complete."""
    for file in metadata.files(name) or ():
        if file.suffix != ".pyc" and not Path(str(file.locate())).exists():
            return f"its file {file} is missing"
    try:
        from packaging.requirements import Requirement

        for requirement in map(Requirement, metadata.requires(name) or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                version = metadata.version(requirement.name)
                if not requirement.specifier.contains(version, prereleases=True):
                    return f"it requires {requirement}, not {version}"
    except ImportError as error:
        return f"a package that it requires is missing: {error}"
    return ""


def device() -> Iterator[Check]:
    """The GPU or CPU that torch finds."""
    try:
        import torch
    except (ImportError, OSError):
        return
    if torch.cuda.is_available():
        yield Check("device", None, f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}")
        return
    fast = _bf16()
    state = f"CPU, {os.cpu_count()} cores, {torch.get_num_threads()} threads, bfloat16 {'fast' if fast else 'slow'}"
    fix = "this CPU has no fast bfloat16: add ARGS='--trainer.precision 32-true' where a config says bf16"
    yield Check("device", None, state, "" if fast else fix)


def _bf16() -> bool:
    import torch

    supported: Callable[[], bool] | None = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return bool(supported()) if supported else False


def datasets() -> Check:
    """What DATA=wmt14 needs."""
    try:
        version = metadata.version("datasets")
    except metadata.PackageNotFoundError:
        return Check("datasets", None, "not here: only DATA=wmt14 needs it", "`make setup EXTRAS=wmt`")
    return Check("datasets", None, version)


def torchtext() -> Check:
    """What the tests with torchtext need."""
    try:
        importlib.import_module("torchtext")
    except (ImportError, OSError):
        return Check(
            "torchtext", None, "not here: it needs torch 2.3", "`make test-torchtext` builds its own environment"
        )
    return Check("torchtext", None, metadata.version("torchtext"))


def tracker() -> Check:
    """How runs would be tracked."""
    try:
        from reproductions.training import tracking_mode
    except (ImportError, OSError):
        return Check("W&B", False, "cannot be imported", "run `make setup`")
    try:
        mode = tracking_mode.decide()
    except UserError as error:
        return Check("W&B", False, str(error), "set it so, or unset it")
    fix = "" if mode.name == "online" else "`.venv/bin/wandb login` to track online"
    return Check("W&B", None, f"{mode.name} ({mode.reason})", fix)


def corpora() -> Iterator[Check]:
    """Where data lies, and which corpora are there."""
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
        fix = "" if there else f"downloaded by `make {target} DATA={name}`"
        yield Check(name, None, "there" if there else "not there", fix)


def trained() -> Check:
    """How many runs there are."""
    folder = runs.runs_dir()
    count = len(list(folder.glob(f"*/*/*/{runs.BEST}")))
    fix = "" if count else "`make train-bahdanau` or `make train-vit` trains one"
    return Check("runs", None, f"{count} trained under {folder}", fix)


def disk() -> Check:
    """Whether there is room for a run."""
    free = shutil.disk_usage(".").free / 2**30
    return Check(
        "disk", free > 1, f"{free:.0f} GiB free", "" if free > 1 else "a run needs up to 1 GiB: free some space"
    )
