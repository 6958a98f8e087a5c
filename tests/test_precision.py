"""``precision: auto`` takes what the machine computes fast."""

import json
from pathlib import Path

import pytest
import torch
import yaml
from toy_run import corpus, overrides

from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.training import precision

CONFIGS = Path(__file__).parents[1] / "configs"


@pytest.mark.parametrize(("gain", "chosen"), [(0.065, "32-true"), (1.1, "32-true"), (1.9, "bf16-mixed")])
def test_a_cpu_takes_bfloat16_where_it_multiplies_faster(
    gain: float, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "cpu_gain", lambda: gain)
    machine = precision.of_machine("cpu")
    assert machine.precision == chosen
    assert f"{gain:.2g} times as fast in bfloat16" in machine.because


@pytest.mark.parametrize(("capability", "bf16"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_a_gpu_is_asked_for_its_capability(
    capability: tuple[int, int], bf16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a card")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert precision.of_machine().bf16 is bf16
    assert "a card" in precision.of_machine("cuda").because
    assert "processor" in precision.of_machine("cpu").because


def test_apples_gpu_trains_in_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert precision.of_machine().precision == "32-true"


def test_the_processor_is_timed_without_a_change_of_threads() -> None:
    threads = torch.get_num_threads()
    assert 0 < precision.cpu_gain() < 1000
    assert torch.get_num_threads() == threads


def test_no_configuration_insists_on_bfloat16() -> None:
    insisting = [
        path for path in CONFIGS.glob("*/*.yaml") if "bf16" in str(yaml.safe_load(path.read_text()).get("trainer"))
    ]
    assert insisting == []


def test_a_run_keeps_the_precision_that_its_first_machine_chose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setattr(precision, "cpu_gain", lambda: 2.0)
    numbers = str(corpus(tmp_path))
    quick = ["--run.pictures=[]", "--trainer.limit_val_batches=1", "--trainer.limit_test_batches=1"]
    train = ["train", "bahdanau2014", "--data", numbers]
    assert (
        command([*train, *overrides(2, **{"trainer.precision": "auto", "trainer.val_check_interval": 2}), *quick]) == 0
    )
    reason = "this processor multiplies matrices 2 times as fast in bfloat16"
    assert f"Precision bf16-mixed: {reason}." in caplog.messages
    run = runs.find("bahdanau2014")
    assert yaml.safe_load(run.config.read_text())["trainer"]["precision"] == "bf16-mixed"
    assert {"precision": "bf16-mixed", "precision_reason": reason}.items() <= run.summary.items()

    caplog.clear()
    monkeypatch.setattr(precision, "cpu_gain", lambda: 0.065)
    assert command([*train, "--resume", "--trainer.max_steps=4"]) == 0
    (warning,) = [message for message in caplog.messages if message.startswith("Precision")]
    assert warning.startswith(
        "Precision bf16-mixed is slow here: this processor multiplies matrices 0.065 times as fast"
    )
    assert json.loads((run.folder / "summary.json").read_text())["precision"] == "bf16-mixed"
