"""As many threads as a process may use processors."""

from pathlib import Path

import pytest
import torch
from toy_run import corpus, overrides

from data import cores
from reproductions import runs
from reproductions.__main__ import run as command


@pytest.mark.parametrize(
    ("limit", "number"),
    [(None, 8), ("max 100000", 8), ("250000 100000", 2), ("50000 100000", 1), ("9900000 100000", 8)],
)
def test_a_container_leaves_a_process_fewer_processors(
    limit: str | None, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "_LIMIT", tmp_path / "cpu.max")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    if limit is not None:
        (tmp_path / "cpu.max").write_text(f"{limit}\n")
    assert cores.cores() == number


@pytest.mark.parametrize("asked", [None, "5"])
def test_a_training_takes_no_more_threads_unless_it_is_asked(
    asked: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if asked:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    monkeypatch.setattr("reproductions.commands.lightning.cli.cores", lambda: 3)
    before = torch.get_num_threads()
    torch.set_num_threads(5)
    try:
        steps = overrides(1, **{"trainer.val_check_interval": 1})
        quick = ["--run.pictures=[]", "--trainer.limit_val_batches=1", "--trainer.limit_test_batches=1"]
        assert command(["train", "bahdanau2014", "--data", str(corpus(tmp_path)), *steps, *quick]) == 0
    finally:
        torch.set_num_threads(before)
    assert runs.find("bahdanau2014").summary["threads"] == (5 if asked else 3)
    assert any(message.startswith("Threads 3:") for message in caplog.messages) is not bool(asked)
