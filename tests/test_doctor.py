import sys
from argparse import Namespace
from collections import namedtuple
from importlib import metadata
from pathlib import Path

import pytest

from reproductions.commands import doctor


def found(name: str) -> doctor.Check:
    (check,) = [check for check in doctor.report() if check.name == name]
    return check


def test_a_sound_installation_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(Namespace(), []) == 0
    printed = capsys.readouterr().out
    for name in (
        *doctor.NEEDED,
        "device",
        "datasets",
        "torchtext",
        "W&B",
        "accord",
        "shapes",
        "multi30k",
        "cifar10",
        "runs",
        "disk",
    ):
        assert f"  {name} " in printed


def test_a_package_that_does_not_import_fails_with_its_cure_and_the_rest_is_still_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sacremoses", None)
    assert doctor.run(Namespace(), []) == 1
    assert "make setup" in found("sacremoses").mend
    assert "  disk " in capsys.readouterr().out


def test_a_package_that_is_not_installed_fails_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version

    def without_sacrebleu(name: str) -> str:
        if name == "sacrebleu":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without_sacrebleu)
    assert doctor.run(Namespace(), []) == 1
    assert found("sacrebleu") == doctor.Check("sacrebleu", False, "not installed", "run `make setup`")


def test_a_missing_tracker_is_reported_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    monkeypatch.delitem(sys.modules, "reproductions.training.tracking", raising=False)
    monkeypatch.delattr("reproductions.training.tracking", raising=False)
    assert found("wandb").ok is False
    assert found("W&B").ok is False


def test_the_tracking_mode_comes_with_its_reason() -> None:
    assert found("W&B").found == "disabled (WANDB_MODE)"  # as tests/conftest.py sets it


def test_an_unknown_tracking_mode_is_one_failed_check_among_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_MODE", "banana")
    assert doctor.run(Namespace(), []) == 1
    assert found("W&B").ok is False and "banana" in found("W&B").found
    assert "  torch " in (printed := capsys.readouterr().out) and "  disk " in printed


def test_what_an_optional_corpus_needs_is_no_failure_but_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version

    def without_datasets(name: str) -> str:
        if name == "datasets":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without_datasets)
    assert found("datasets").ok is None and "make setup EXTRAS=wmt" in found("datasets").mend


def test_what_is_not_downloaded_is_no_failure_but_names_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert found("data").found.startswith(str(tmp_path))
    assert found("multi30k").ok is None
    assert "make train-bahdanau DATA=multi30k" in found("multi30k").mend
    (tmp_path / "tatoeba").mkdir()
    (tmp_path / "tatoeba" / "fra-eng.zip").touch()
    assert found("tatoeba").mend == ""


def test_runs_are_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    assert "make train-bahdanau" in found("runs").mend
    checkpoint = tmp_path / "bahdanau2014" / "accord" / "20261124" / "checkpoints" / "best.ckpt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    assert found("runs").found.startswith("1 trained")


def test_a_full_disk_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10, 10, 2**20))
    assert found("disk").ok is False
    assert doctor.run(Namespace(), []) == 1
