"""Say what is installed, where things lie, what is missing and how to fix it."""

import argparse
import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from data.cores import cores
from data.errors import UserError
from reproductions import runs

NEEDED = (
    "torchvision", "lightning", "jsonargparse", "wandb", "tokenizers", "sacrebleu", "sacremoses", "matplotlib", "numpy",
)  # fmt: skip
# Compiled for one kind of machine, so only an import can tell whether they work on this one. torchvision, which takes longer
# to import than all of them, names the torch that it was compiled for among its requirements.
COMPILED = ("torch", "wandb", "tokenizers", "matplotlib", "numpy")
# torch takes longer to import than everything else, and may end its process: another process imports it, beside the rest.
ASK_TORCH = "import json; from reproductions.commands import doctor; print(json.dumps([*doctor.of_torch()]))"
AGAIN = "remove .venv and run `make setup`"
# Package -> what its absence means, and how to get it.
OPTIONAL = {
    "datasets": ("not here: only DATA=wmt14 needs it", "`make setup EXTRAS=wmt`"),
    "torchtext": ("not here: it needs torch 2.3", "`make train-bahdanau TORCHTEXT=1` builds its own environment"),
}
# Corpus -> what lies in the data directory once it is there, any of these, and the target that trains on it.
CORPORA = {
    "multi30k": (("train.en.gz",), "train-bahdanau"),
    "tatoeba": (("fra-eng.zip",), "train-bahdanau"),
    "cifar10": (("cifar-10-python.tar.gz", "cifar-10-batches-py", "train"), "train-vit"),
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
    asked = subprocess.Popen(
        [sys.executable, "-c", ASK_TORCH], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    others = [*packages(NEEDED), *map(optional, OPTIONAL), tracker(), *corpora(), trained(), disk()]
    return [*answer(asked), *others]


def answer(asked: subprocess.Popen[str]) -> list[Check]:
    """The checks of :func:`of_torch` from the process that made them; one failed check if the process failed."""
    printed, complaint = asked.communicate()
    if asked.returncode == 0:
        return [Check(*fields) for fields in json.loads(printed.splitlines()[-1])]
    last = (complaint.splitlines() or ["it said nothing"])[-1]
    return [Check("torch", False, f"its import ended with status {asked.returncode}: {last}", AGAIN)]


def of_torch() -> Iterator[Check]:
    """Whether torch works, and the GPU or CPU that it finds."""
    (check,) = packages(("torch",))
    yield check
    if not check.ok:
        return
    import torch

    from reproductions.training import precision

    machine = precision.of_machine()
    device = f"CPU, {cores()} cores, {torch.get_num_threads()} threads"
    if torch.cuda.is_available():
        device = f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    yield Check("device", None, f"{device}; precision {machine.precision}: {machine.because}")


def packages(names: Sequence[str]) -> Iterator[Check]:
    """Whether packages are installed and complete, and those that are compiled can be imported."""
    for name in names:
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Check(name, False, "not installed", "run `make setup`")
            continue
        if fault := _import_fault(name) if name in COMPILED else _lack(name):
            yield Check(name, False, f"{version}, but {fault}", AGAIN)
        else:
            yield Check(name, True, version)


def _import_fault(name: str) -> str:
    """Why an installed package cannot be imported; empty if it can."""
    try:
        importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what doctor is asked for
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


def optional(name: str) -> Check:
    """Whether a package is here that only some commands need."""
    try:
        version = metadata.version(name)
        if name == "torchtext":  # compiled for one torch
            importlib.import_module(name)
    except (ImportError, OSError):
        return Check(name, None, *OPTIONAL[name])
    return Check(name, None, version)


def tracker() -> Check:
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
    try:
        from data.sources.download import data_dir
    except ImportError:
        return
    folder = data_dir()
    yield Check("data", None, f"{folder}{'' if 'DATA_DIR' in os.environ else ' (set DATA_DIR to use another folder)'}")
    yield Check("accord", True, "embedded, sentences")
    yield Check("shapes", True, "embedded, images")
    for name, (files, target) in CORPORA.items():
        there = any((folder / name / file).exists() for file in files)
        fix = "" if there else f"downloaded by `make {target} DATA={name}`"
        yield Check(name, None, "there" if there else "not there", fix)


def trained() -> Check:
    folder = runs.runs_dir()
    count = len(list(folder.glob(f"*/*/*/{runs.BEST}")))
    fix = "" if count else "`make train-bahdanau` or `make train-vit` trains one"
    return Check("runs", None, f"{count} trained under {folder}", fix)


def disk() -> Check:
    folder = runs.runs_dir().resolve()
    free = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free / 2**30
    fix = "" if free > 1 else "a run needs up to 1 GiB: free some space"
    return Check("disk", free > 1, f"{free:.0f} GiB free", fix)
