"""What works on this machine, what does not, and how to mend it.

Nothing but the standard library is imported until a check needs it: the doctor answers where a package is missing or
broken.
"""

import importlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

PROJECT = "attention-then-and-now"
FREE_TO_WORK, FREE_TO_BREATHE = 1, 10  # GB
REINSTALL = "rm -rf .venv && make setup"


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes:
        state: "ok"; "note" where something optional is missing; "fail" where the core cannot work.
        mend: what to do about it, a command where there is one; empty if there is nothing to do.
    """

    name: str
    state: Literal["ok", "note", "fail"]
    text: str
    mend: str = ""


def report() -> list[Check]:
    """All checks, in the order in which a first run would stumble."""
    checks: list[Check] = []
    for examine in (_python, _packages, _device, _vision, _torchtext, _fonts, _tracking, _data, _runs, _disk):
        checks += _surviving(examine)
    return checks


def table(checks: list[Check]) -> str:
    """The report as text: a mark, a name, what was found, and below it how to mend it."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{check.state:<5} {check.name:<{width}}  {check.text}")
        if check.mend:
            lines.append(f"{'':<5} {'':<{width}}  -> {check.mend}")
    failed = sum(check.state == "fail" for check in checks)
    lines.append("\nThe core works." if not failed else f"\n{failed} of {len(checks)} checks failed.")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print the report; 0 if the core works, 1 if not."""
    checks = report()
    sys.stdout.write(table(checks))
    return int(any(check.state == "fail" for check in checks))


def _surviving(examine: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """The checks of one examination; one that breaks down is a failed check, and the others still run."""
    try:
        yield from examine()
    except Exception as error:  # noqa: BLE001 - whatever a broken installation raises is what is to be reported
        yield Check(examine.__name__.strip("_"), "fail", f"{type(error).__name__}: {error}", REINSTALL)


def _python() -> Iterator[Check]:
    text = f"{platform.python_version()} at {sys.executable}"
    if (3, 10) <= sys.version_info[:2] <= (3, 13):
        yield Check("python", "ok", text)
    else:
        yield Check("python", "fail", f"{text}, not 3.10 to 3.13", f"{REINSTALL} PYTHON=python3.11")


def _packages() -> Iterator[Check]:
    """Every requirement of the project, as installed against the range it is written for."""
    from packaging.requirements import Requirement

    try:
        requirements = [Requirement(line) for line in metadata.requires(PROJECT) or []]
    except metadata.PackageNotFoundError:
        yield Check("project", "fail", f"{PROJECT} is not installed in this environment", "make setup")
        return
    good = []
    for needed in requirements:
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue  # of an extra, or for another Python
        try:
            version = metadata.version(needed.name)
        except metadata.PackageNotFoundError:
            yield Check(needed.name, "fail", f"not installed; {needed} is needed", REINSTALL)
            continue
        if needed.specifier.contains(version, prereleases=True):
            good.append(f"{needed.name} {version}")
        else:
            yield Check(needed.name, "fail", f"{version} is outside {needed.specifier}", REINSTALL)
    yield Check("packages", "ok", ", ".join(good))


def _device() -> Iterator[Check]:
    import torch

    threads = f"{torch.get_num_threads()} threads of {os.cpu_count()} cores"
    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        half = "bf16" if torch.cuda.is_bf16_supported() else "no bf16"
        yield Check("device", "ok", f"CUDA {torch.version.cuda}: {names}, {half}; {threads}")
    elif torch.backends.mps.is_available():
        yield Check("device", "ok", f"Apple MPS; {threads}")
    else:
        yield Check("device", "ok", f"CPU, {threads}, {_cpu_bf16()}")
    product = torch.ones(2, 3) @ torch.ones(3, 2)
    if product.sum() != 12:
        yield Check("torch", "fail", f"torch multiplies wrongly: {product.tolist()}", REINSTALL)


def _cpu_bf16() -> str:
    """Whether the CPU computes in bf16 or only imitates it, which is slower than float32."""
    information = Path("/proc/cpuinfo")
    if not information.exists():
        return "bf16 unknown"
    words = set(information.read_text(encoding="utf-8", errors="replace").split())
    found = sorted(words & {"avx512_bf16", "amx_bf16", "bf16"})
    return f"bf16 by {', '.join(found)}" if found else "no bf16 (keep --trainer.precision 32-true)"


def _vision() -> Iterator[Check]:
    """A torchvision that cannot be imported takes lightning down with it."""
    torchvision = importlib.import_module("torchvision")
    importlib.import_module("lightning.pytorch")
    import torch

    mixed = "+cpu" in torch.__version__ and "+cpu" not in torchvision.__version__
    how = ", a CUDA build beside a CPU torch: its compiled operators are not there" if mixed else ""
    yield Check("torchvision", "ok", f"{torchvision.__version__}, and lightning imports it{how}")


def _torchtext() -> Iterator[Check]:
    try:
        version = metadata.version("torchtext")
    except metadata.PackageNotFoundError:
        text = "not here: archived, it needs torch 2.3, and nothing but `tokenizer: torchtext` needs it"
        yield Check("torchtext", "note", text, "make test-torchtext builds .venv-torchtext, which has it")
        return
    try:
        torchtext = importlib.import_module("torchtext")
    except (ImportError, OSError) as error:
        first = str(error).splitlines()[0]
        yield Check(
            "torchtext", "note", f"{version} does not load with this torch ({first})", "make test-torchtext"
        )
        return
    yield Check("torchtext", "ok", torchtext.__version__)


def _fonts() -> Iterator[Check]:
    """The pictures' font has to have every letter of French and German."""
    from matplotlib.font_manager import get_font
    from matplotlib.textpath import TextPath  # noqa: F401  (as the pictures use it)

    from reproductions.evaluation.plots.style import font

    path = _font_file(font(9.0))
    missing = [
        letter for letter in "éèêëàâçîïôùûüÿœæÉÀÇŒäöß’«»…" if not get_font(path).get_char_index(ord(letter))
    ]
    if missing:
        yield Check(
            "fonts", "note", f"{path} lacks {' '.join(missing)}", "reinstall matplotlib: " + REINSTALL
        )
    else:
        yield Check("fonts", "ok", f"{Path(path).stem} has every letter of French and German")


def _font_file(properties: object) -> str:
    from matplotlib.font_manager import findfont

    return findfont(properties)  # type: ignore[arg-type]


def _tracking() -> Iterator[Check]:
    from reproductions import tracking

    decided = tracking.decide()
    mend = "" if decided.name == "online" or decided.reason == "WANDB_MODE" else ".venv/bin/wandb login"
    yield Check("tracking", "ok", f"W&B {metadata.version('wandb')}: {decided.name} ({decided.reason})", mend)


def _data() -> Iterator[Check]:
    from data.accord import pairs
    from data.download import REMOTES, data_dir

    folder = data_dir()
    origin = "DATA_DIR" if os.environ.get("DATA_DIR", "").strip() else "default; DATA_DIR moves it"
    yield Check("data", "ok", f"{folder} ({origin})")
    (first,) = pairs("train", 1)
    yield Check("accord", "ok", f"embedded: {first.source_text} / {first.target_text}")
    for corpus in sorted({name.split("/")[0] for name in REMOTES}):
        names = [name for name in REMOTES if name.startswith(corpus + "/")]
        missing = [name for name in names if not (folder / name).exists()]
        text = f"{len(names) - len(missing)} of {len(names)} files"
        if not missing:
            yield Check(corpus, "ok", text)
        else:
            mend = f"make train-bahdanau DATA={corpus} downloads them, or put {missing[0]} there by hand"
            yield Check(corpus, "note", text, mend)
    try:
        yield Check("wmt14", "ok", f"streamed through datasets {metadata.version('datasets')}")
    except metadata.PackageNotFoundError:
        mend = ".venv/bin/python -m pip install -c constraints.txt -e '.[wmt]'"
        yield Check("wmt14", "note", "needs the package datasets", mend)


def _runs() -> Iterator[Check]:
    from reproductions.runs import runs_dir

    folder = runs_dir().resolve()
    trained = sorted(folder.glob("*/*/*/checkpoints/best.ckpt"), key=lambda path: path.parts[-3])
    if trained:
        yield Check(
            "runs", "ok", f"{len(trained)} trained under {folder}, the newest {trained[-1].parents[1]}"
        )
    else:
        yield Check("runs", "note", f"none under {folder}", "make train-bahdanau")


def _disk() -> Iterator[Check]:
    from data.download import data_dir
    from reproductions.runs import runs_dir

    for name, folder, variable in (("runs", runs_dir(), "RUNS_DIR"), ("data", data_dir(), "DATA_DIR")):
        there = folder.absolute()
        while not there.exists():
            there = there.parent
        try:
            with tempfile.TemporaryFile(dir=there):
                free = shutil.disk_usage(there).free / 1e9
        except OSError as error:
            mend = f"{variable}=/a/folder/you/may/write"
            yield Check(f"disk, {name}", "fail", f"{there} cannot be written ({error.strerror})", mend)
            continue
        state: Literal["ok", "note", "fail"] = "ok" if free > FREE_TO_BREATHE else "note"
        state = state if free > FREE_TO_WORK else "fail"
        mend = "" if state == "ok" else f"free some space, or {variable}=/another/disk"
        yield Check(f"disk, {name}", state, f"{free:.0f} GB free at {there}", mend)
