import argparse
import subprocess
import sys
from collections import namedtuple
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest
from torchvision.datasets import CIFAR10

from reproductions.commands import doctor

ROOT = Path(__file__).parents[1]
SOUND = doctor.Check("torch", True, "9.9")


def package(name: str) -> doctor.Check:
    (check,) = doctor.packages([name])
    return check


def corpus(name: str) -> doctor.Check:
    (check,) = [check for check in doctor.corpora() if check.name == name]
    return check


def without(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """As if a package was not installed."""
    version = metadata.version

    def version_of(name: str) -> str:
        if name == missing:
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", version_of)


def test_a_sound_installation_passes_and_is_reported_without_importing_lightning() -> None:
    """In a process of its own, as a user runs it; torch is asked in yet another."""
    code = (
        "import sys; from reproductions.__main__ import run; status = run(['doctor']); "
        "print({'torch', 'lightning'} & set(sys.modules)); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, imported = done.stdout.splitlines()
    assert imported == ("{'torch'}" if find_spec("torchtext") else "set()")  # torchtext imports it
    names = [line.split()[1] for line in lines[1:]]
    more = (*doctor.OPTIONAL, "W&B", "data", "accord", "shapes", *doctor.CORPORA, "runs", "disk")
    assert names == ["torch", "device", *doctor.NEEDED, *more]


@pytest.mark.parametrize(
    ("checks", "status"), [([SOUND], 0), ([SOUND, doctor.Check("disk", False, "full", "free it")], 1)]
)
def test_the_exit_status_says_whether_a_check_has_failed(monkeypatch, capsys, checks, status) -> None:
    monkeypatch.setattr(doctor, "report", lambda: checks)
    assert doctor.run(argparse.Namespace(), []) == status
    assert ("NO  disk           full  -> free it" in capsys.readouterr().out) == bool(status)


def test_a_package_that_does_not_import_fails_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert package("tokenizers").ok is False
    assert "does not import" in package("tokenizers").state and "make setup" in package("tokenizers").fix


def test_a_package_that_is_not_installed_fails_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "sacrebleu")
    assert package("sacrebleu") == doctor.Check("sacrebleu", False, "not installed", "run `make setup`")


def test_a_package_that_has_lost_a_file_or_what_it_requires_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is not imported: lightning alone takes seconds."""
    assert package("lightning").ok is True
    with monkeypatch.context() as patch:
        without(patch, "torchmetrics")
        assert package("lightning").ok is False and "torchmetrics" in package("lightning").state
    with monkeypatch.context() as patch:
        patch.setattr(metadata, "requires", lambda _: ["torch<2", "nothing; extra == 'no'"])
        assert "it requires torch<2, not" in package("lightning").state
    lost = metadata.PackagePath("lightning/lost.py")
    lost.dist = metadata.distribution("lightning")
    monkeypatch.setattr(metadata, "files", lambda _: [lost])
    assert package("lightning").state.endswith("its file lightning/lost.py is missing")


def test_a_torch_that_ends_its_process_is_reported_not_shared() -> None:
    """As one does that was built for another processor."""
    asked = subprocess.Popen(
        [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGILL)"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    (check,) = doctor.answer(asked)
    assert (check.name, check.ok) == ("torch", False) and "status -4" in check.state and "make setup" in check.fix


def test_a_missing_tracker_is_reported_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    monkeypatch.delitem(sys.modules, "reproductions.training.tracking_mode", raising=False)
    monkeypatch.delattr("reproductions.training.tracking_mode", raising=False)
    assert package("wandb").ok is False
    assert doctor.tracker().ok is False


def test_an_unknown_tracking_mode_is_a_failed_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "banana")
    assert doctor.tracker().ok is False and "banana" in doctor.tracker().state


def test_what_is_not_downloaded_is_no_failure_but_names_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert corpus("data").state.startswith(str(tmp_path))
    assert corpus("multi30k").ok is None
    assert "make train-bahdanau DATA=multi30k" in corpus("multi30k").fix
    (tmp_path / "tatoeba").mkdir()
    (tmp_path / "tatoeba" / "fra-eng.zip").touch()
    assert corpus("tatoeba").fix == ""


def test_an_archive_that_training_does_not_read_is_no_corpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10" / "cifar10-jpeg.tar.gz").touch()
    assert corpus("cifar10").state == "not there"
    for name in (CIFAR10.filename, CIFAR10.base_folder, "train"):
        (tmp_path / "cifar10" / name).mkdir()
        assert corpus("cifar10").state == "there"
        (tmp_path / "cifar10" / name).rmdir()


def test_a_full_disk_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10, 10, 2**20))
    assert doctor.disk().ok is False
