"""A training on several nodes is the training on one, also after a process was killed; nodes that do not fit are refused."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml
from made import recorded
from trained import ROOT

from data.errors import UserError
from reproductions.__main__ import run as command
from reproductions.bahdanau2014.model import Network
from reproductions.bahdanau2014.training import Bahdanau2014, Recipe
from reproductions.commands import several
from reproductions.commands.lightning.agreement import check_alike, check_shared
from reproductions.commands.several import Processes, shares
from reproductions.training.callbacks import StopBetweenSteps

# --- The command, the batch ---------------------------------------------------------------------------------------------


def test_several_nodes_are_given_a_command_and_nothing_is_begun(place, capsys):
    typed = recorded(place, "train-transformer", "DATA=wmt14_big", "NODES=2", "DEVICES=8", "ARGS=--run.patience 3")
    assert command(typed[2:]) == 0
    line = shlex.split(capsys.readouterr().out.splitlines()[2])
    assert {"--nnodes=2", "--nproc-per-node=8"} < set(line)
    assert line[line.index("train") :] == ["train", "transformer2017", "--data=wmt14_big", "--run.patience", "3"]
    assert (ROOT / f"{line[2].replace('.', '/')}.py").is_file() and not (place / "runs").exists()


@pytest.mark.parametrize(("config", "step"), [
    ("transformer2017/wmt14_big", 25_000), ("transformer2017/wmt14_base", 25_000), ("bahdanau2014/wmt14", 80),
    ("vit2021/imagenet_b16", 4_096),
])  # fmt: skip
@pytest.mark.parametrize("processes", [1, 3, 8, 16])
def test_a_step_of_several_processes_is_the_papers_and_is_validated_as_often(config, step, processes):
    given = yaml.safe_load((ROOT / f"configs/{config}.yaml").read_text(encoding="utf-8"))
    share, gathered, every = shares(given, processes).values()
    assert step - gathered * processes < share * gathered * processes <= step
    assert share <= max(given["data"]["init_args"].get(name) or 0 for name in several.BATCHES)
    steps = given["trainer"]["val_check_interval"] / given["trainer"].get("accumulate_grad_batches", 1)
    assert every / gathered == pytest.approx(steps, rel=0.01)


def test_the_table_of_batches_is_what_is_computed():
    document = (ROOT / "docs/scale.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+/\w+)` \| [\d,]+ [a-z ]+ \| (.* × .*) \|$", document, re.M)
    assert len(rows) == 4
    for config, cells in rows:
        given = yaml.safe_load((ROOT / f"configs/{config}.yaml").read_text(encoding="utf-8"))
        computed = ([*shares(given, processes).values()] for processes in (1, 8, 16))
        assert cells == " | ".join(f"{gathered} × {share:,}" for share, gathered, _ in computed)


def test_a_batch_of_a_few_sentences_is_not_shared_by_more_processes():
    given = {"data": {"init_args": {"batch_sentences": 3}}, "trainer": {}}
    with pytest.raises(UserError, match="batch_sentences is 3, too small to be shared by 4 processes"):
        shares(given, 4)


@pytest.mark.parametrize(("reduction", "parts"), [("sum", 6), ("mean", 1)])
def test_a_loss_that_is_a_sum_stays_one_where_lightning_takes_the_mean_over_its_parts(reduction, parts, monkeypatch):
    network = Network(**{name: 4 for name in ("hidden", "embedding", "maxout", "alignment")})
    module = Bahdanau2014(9, 9, network=network, recipe=Recipe(reduction=reduction))
    monkeypatch.setattr(module, "loss", lambda _: (torch.tensor(18.0), torch.ones(9), None))
    monkeypatch.setattr(module, "log", lambda *_, **__: None)
    monkeypatch.setattr(Bahdanau2014, "trainer", SimpleNamespace(world_size=2, accumulate_grad_batches=3))
    assert module.training_step(None, 0).item() == (18 if reduction == "sum" else 2) * parts


def test_slurm_starts_torchrun_as_the_command_does_and_a_requeued_job_continues_its_run(tmp_path):
    (tmp_path / "srun").write_text('#!/bin/bash\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    (tmp_path / "srun").chmod(0o755)
    job = {"SLURM_JOB_ID": "4711", "SLURM_NNODES": "2", "SLURM_GPUS_ON_NODE": "8", "RUNS_DIR": str(tmp_path),
           "PATH": f"{tmp_path}:{os.environ['PATH']}"}  # fmt: skip

    def started():
        given = ["bash", "configs/cluster/train.sbatch", "transformer2017", "--data=wmt14_big"]
        return subprocess.run(
            given, cwd=ROOT, env=os.environ | job, capture_output=True, text=True, check=True
        ).stdout.split()

    def without_values(options):
        return [option.partition("=")[0] for option in options if option.startswith("--")]

    first = started()
    expected = shlex.split(
        several.text(Processes(2, 8), ["train", "transformer2017", "--data=wmt14_big"]).splitlines()[2]
    )
    assert without_values(first)[1:] == without_values(expected) and first[-4:] == expected[-4:]
    (name,) = (option.partition("=")[2] for option in first if option.startswith("--rdzv-id"))
    assert several.NAME.fullmatch(name) and name.endswith("-4711")
    (tmp_path / "transformer2017" / "wmt14_big" / "20260101-000000-4711").mkdir(parents=True)
    assert "--rdzv-id=20260101-000000-4711" in started()


# --- What does not fit --------------------------------------------------------------------------------------------------


def test_an_id_of_torchrun_that_is_no_time_is_refused(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    with pytest.raises(UserError, match="--rdzv-id names the folder of the run and is 'none': give --rdzv-id=2"):
        several.name()


@pytest.mark.parametrize("given", [(0, 8), (2, 0), (-1, None)])
def test_a_number_of_processes_that_cannot_be_is_refused(given):
    with pytest.raises(UserError, match="at least one node and one device"):
        several.wanted(*given)


def test_runs_of_several_seeds_have_one_process_each(capsys):
    assert command(["train", "transformer2017", "--seeds", "1", "2", "--devices", "8"]) == 2
    assert "leave out --nodes and --devices" in capsys.readouterr().err


def test_a_run_is_continued_by_as_many_processes_as_began_it(tmp_path):
    (tmp_path / "config.yaml").write_text("trainer: {num_nodes: 2, devices: 8}", encoding="utf-8")
    assert several.arguments(tmp_path / "config.yaml", Processes(4, 4), continued=True)
    with pytest.raises(UserError, match="begun by 16 processes: continue it with as many, not 8"):
        several.arguments(tmp_path / "config.yaml", Processes(1, 8), continued=True)


def gathers(monkeypatch, theirs):
    """A trainer of two processes; the second has something else."""

    def everyone(gathered, mine):
        gathered[:] = [mine, ("node2", theirs(mine[1]))]

    monkeypatch.setattr(torch.distributed, "all_gather_object", everyone, raising=False)
    return SimpleNamespace(world_size=2)


@pytest.mark.parametrize(("here", "there"), [
    (f"torch {torch.__version__}", "torch 1.0"), ("seed: 1", "seed: 2"), ("source abc", "source abd"),
])  # fmt: skip
def test_processes_that_differ_are_named_with_what_differs(monkeypatch, here, there):
    trainer = gathers(monkeypatch, lambda lines: [there if line == here else line for line in lines])
    with pytest.raises(UserError, match=f"has '{here}' and process 1 on node2 has '{there}'".replace("+", r"\+")):
        check_alike(trainer, "seed: 1", {"source": "abc"})
    check_alike(gathers(monkeypatch, list), "seed: 1", {"source": "abc"})


def test_a_folder_that_is_not_shared_is_named_with_the_node_that_does_not_see_it(monkeypatch, tmp_path):
    (tmp_path / "config.yaml").touch()
    with pytest.raises(UserError, match=f"node2 does not see {tmp_path / 'config.yaml'}"):
        check_shared(gathers(monkeypatch, lambda _: False), tmp_path / "config.yaml")
    check_shared(gathers(monkeypatch, lambda sees: sees), Path(tmp_path / "config.yaml"))


@pytest.mark.parametrize(("processes", "stepped", "error", "saves"), [
    (1, True, MemoryError, True), (2, True, MemoryError, False), (2, True, KeyboardInterrupt, True),
    (1, False, MemoryError, False), (2, False, KeyboardInterrupt, False),
])  # fmt: skip
def test_an_error_writes_no_checkpoint_in_mid_step_nor_of_one_process_of_several(processes, stepped, error, saves):
    """The first would lack gradients, and the second would wait for the others."""
    stop, last = StopBetweenSteps(), SimpleNamespace(save_on_exception=True)
    stop._stepped = stepped
    stop.on_exception(SimpleNamespace(world_size=processes, checkpoint_callbacks=[last]), None, error())
    assert last.save_on_exception is saves


LOST = "[gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:3810"


@pytest.mark.parametrize(("rank", "error", "sentence", "waits"), [
    (0, UserError("No."), "error: No.", False), (1, UserError("No."), "error: No.", True),
    (0, RuntimeError(LOST), f"Another process of this run does not answer ({LOST})", True),
    (None, UserError("No."), "error: No.", False),
])  # fmt: skip
def test_the_first_process_says_what_is_wrong_and_the_others_give_torchrun_time_to_end_them(
    monkeypatch, capsys, rank, error, sentence, waits
):
    def fails(_):
        raise error

    waited = []
    monkeypatch.setattr("reproductions.__main__.main", fails)
    monkeypatch.setattr(several, "time", SimpleNamespace(sleep=waited.append))
    monkeypatch.setattr(several, "signal", SimpleNamespace(signal=lambda *_: None, SIGTERM=None, SIG_DFL=None))
    if rank is not None:
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("LOCAL_RANK", "0")
    assert command(["train", "vit2021"]) == (2 if isinstance(error, UserError) else 1)
    assert sentence in capsys.readouterr().err and bool(waited) is waits
