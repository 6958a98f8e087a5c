"""Trainings in processes of their own: stopped and continued, copied, on two nodes, killed, without the
tracker's process. Whatever happens, the run is the undisturbed one.
"""

import atexit
import json
import logging
import os
import shlex
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch
import torture
from lightning.pytorch.utilities import rank_zero_only
from PIL import Image
from torture import Reference, Stop, Trial
from toy_run import overrides
from trained import ROOT

from reproductions.__main__ import run as command
from reproductions.commands import several, torchrun
from reproductions.commands.several import Processes
from reproductions.evaluation.records import load
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.runs import Run
from reproductions.training import checkpoints, tracking

# --- Stopped, copied ----------------------------------------------------------------------------------------------------

PAPER = "vit2021"  # it films its pictures, its best checkpoint is not its last, and it ends early


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """What an undisturbed training leaves."""
    reference = torture.undisturbed(PAPER, tmp_path_factory.mktemp("torture") / "undisturbed")
    assert [line["step"] for line in reference.left["validation.jsonl"]] == [3, 6], (
        f"early, not after {torture.STEPS} steps"
    )
    return reference


@pytest.mark.parametrize(
    "stops",
    [
        (Stop("validating", 1, "KILL"), Stop("validating", 4, "INT"), Stop("testing", 1, "TERM")),
        (Stop("writing a checkpoint", 2, "KILL"), Stop("ending a validation", 2, "INT")),
    ],
    ids=lambda stops: ", ".join(stop.moment for stop in stops),
)
def test_a_stopped_and_continued_training_is_the_undisturbed_one(
    stops: tuple[Stop, ...], reference: Reference, tmp_path: Path
) -> None:
    assert torture.try_one(Trial(PAPER, stops, tmp_path / "trial"), reference) == []


def test_a_copy_becomes_the_undisturbed_run_and_leaves_its_original_alone(reference: Reference, tmp_path: Path) -> None:
    assert torture.copied(PAPER, reference.left, tmp_path / "copied") == []


def test_a_difference_is_named() -> None:
    undisturbed = {"a.json": [{"step": 4, "bleu": 1.0}], "b.png": "x"}
    assert list(torture.differences(undisturbed, {"a.json": [{"step": 4, "bleu": 2.0}], "c.png": "x"})) == [
        "/a.json[0]/bleu: 1.0 undisturbed, 2.0 after the stop",
        "/b.png is missing",
        "/c.png should not be there",
    ]


# --- Several processes --------------------------------------------------------------------------------------------------

# An epoch is one step of four batches, so that any number of processes sees the same sentences in a step.
STEP = {"data.init_args.batch_tokens": "null", "data.init_args.batch_sentences": 99, "model.init_args.network.dropout": 0,
        "model.init_args.network.attention_dropout": 0, "model.init_args.network.relu_dropout": 0,
        "trainer.accelerator": "cpu", "run.pictures": "[]"}  # fmt: skip


def settings(processes, **more):
    """Eight steps, validated after the fourth and the last."""
    gathered = 4 // processes
    return overrides(8, "transformer2017", **STEP, **{
        "trainer.accumulate_grad_batches": gathered, "trainer.val_check_interval": 4 * gathered} | more)  # fmt: skip


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def worker(*arguments):
    """What torchrun starts on a node, in a process in which everything is imported."""
    rank_zero_only.rank = several.rank()  # as where Lightning is imported here
    if status := command(list(arguments)):
        sys.exit(status)


def node(line, places, log):
    """Run the command line of a node in this process, as torchrun does; but its workers are forked, not begun from nothing."""
    os.chdir(ROOT)
    for name in ("RUN_STAMP", "WANDB_MODE"):
        os.environ.pop(name, None)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    _, *module, nodes = (words := shlex.split(line))[:4]
    assert (module, nodes[:9]) == (["-m", torchrun.__name__], "--nnodes=")
    os.environ.update(places)
    config, python, given = torchrun.config_from_args(torchrun.parse_args(words[3:]))
    config.start_method = "fork"
    assert (python, given[:3]) == (sys.executable, ["-u", "-m", "reproductions"])
    sys.exit(torchrun.launch(config, worker, given[3:]))


def on_nodes(place, number, processes, *arguments, patience=60, **places):
    """The exit codes of so many nodes which run what the command for these processes says, and what they print."""
    line = several.text(processes, ["train", "transformer2017", *arguments]).splitlines()[2]
    line = line.replace(f"{socket.gethostname()}:{several.PORT}", f"127.0.0.1:{free_port()}")
    line = line.replace(" -m reproductions train", f" --rdzv-conf=join_timeout={patience} -m reproductions train")
    logs = [place / f"node-{i}.log" for i in range(number)]
    nodes = [torture.CONTEXT.Process(target=node, args=(line, places, log)) for log in logs]
    for process in nodes:
        process.start()
    for process in nodes:
        process.join(240)
    return [process.exitcode for process in nodes], "".join(log.read_text(encoding="utf-8") for log in logs)


def on_two_nodes(place, trained, **more):
    """What both nodes print, of one process each; and the run."""
    arguments = ["--data", str(trained.numbers), *settings(2, **more)]
    codes, printed = on_nodes(place, 2, Processes(2, 1), *arguments, RUNS_DIR=str(place), DATA_DIR=str(trained.data))
    assert codes == [0, 0], printed
    (found,) = place.glob("transformer2017/own/*")
    return printed, Run(found)


@pytest.fixture(scope="module")
def together(trained, tmp_path_factory):
    return on_two_nodes(tmp_path_factory.mktemp("together"), trained, **{"run.wandb": "offline"})


def test_two_nodes_give_the_scores_of_one_process(together, place, trained):
    given = ["train", "transformer2017", "--data", str(trained.numbers), "--devices", "1", *settings(1)]
    assert command(given) == 0
    (found,) = (place / "runs").glob("transformer2017/own/*")
    alone, run = Run(found), together[1]
    assert run.summary["devices"] == 2 and alone.summary["devices"] == 1
    mine, theirs = (checkpoints.read(one.last) for one in (alone, run))
    assert mine["global_step"] == theirs["global_step"] == 8
    torch.testing.assert_close(theirs["state_dict"], mine["state_dict"], rtol=1e-3, atol=1e-4)
    for name, value in alone.scores["test"].items():
        if isinstance(value, float) and name != "sentences_per_s":
            assert run.scores["test"][name] == pytest.approx(value, rel=1e-3), name
    assert run.views["chosen"] == alone.views["chosen"]


def test_the_nodes_write_one_run_with_one_view_and_one_best_checkpoint_and_track_it_once(together):
    printed, run = together
    assert printed.count(f"in {run.folder}\n") == 1 and printed.count("Look:") == 1
    assert len(list(run.folder.glob("wandb/offline-run-*"))) == 1
    assert [line["step"] for line in run.validations] == [4, 8]
    best = checkpoints.read(run.best)
    assert best["global_step"] == run.scores["test"]["step"] and best["view"] == run.views["chosen"]
    read = load(run.evaluation("test", "forced.jsonl"), AlignedTranslation)
    assert len(read) > 1 and len({record.view for record in read}) == 1


@pytest.mark.skipif(
    tuple(map(int, torch.__version__.split(".")[:2])) < (2, 4),
    reason="torchrun of torch 2.3 closes the rendezvous as it starts a process again",
)
def test_a_killed_process_is_started_again_and_the_weights_are_those_of_an_undisturbed_run(together, trained, tmp_path):
    killing = {"class_path": "killing.Killing", "init_args": {"done": str(tmp_path / "killed"), "step": 5}}
    printed, run = on_two_nodes(
        tmp_path, trained, **{"trainer.callbacks": json.dumps([killing]), "run.wandb": "disabled"}
    )
    assert (tmp_path / "killed").exists() and f"Continuing {run.folder}" in printed
    mine, theirs = (checkpoints.read(one.last) for one in (run, together[1]))
    torch.testing.assert_close(mine["state_dict"], theirs["state_dict"], rtol=0, atol=0)
    torch.testing.assert_close(mine["optimizer_states"], theirs["optimizer_states"], rtol=0, atol=0)
    assert run.scores["test"]["bleu"] == together[1].scores["test"]["bleu"]


def test_a_mistake_of_the_user_ends_all_processes_with_one_sentence_and_is_not_repeated(tmp_path):
    codes, printed = on_nodes(tmp_path, 1, Processes(1, 2), "--data", str(tmp_path / "missing.tsv"))
    assert codes == [2] and [line[:6] for line in printed.splitlines()] == ["error:"] and "missing.tsv" in printed


def test_a_node_that_never_arrives_ends_the_others_with_one_sentence(tmp_path):
    codes, printed = on_nodes(tmp_path, 1, Processes(2, 1), patience=1)
    assert codes == [1] and len(printed.splitlines()) == 1, printed
    assert printed.startswith("error: Not all of 2 nodes arrived at 127.0.0.1:") and "within 1 seconds" in printed


# --- The tracker's process ----------------------------------------------------------------------------------------------

PLACES = {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}
OPTIONS = {"project": "p", "name": "n", "group": "g", "tags": [], "job_type": "fit", "config": {}}
linux = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes through /proc")


def alone(folder):
    """Make this process that of a user whose temporary files lie in ``folder / "tmp"``; what it says goes to ``said``."""
    os.environ.update(PLACES, HOME=str(folder), TMPDIR=str(folder / "tmp"))
    tempfile.tempdir = None  # so that it is asked for anew
    with (folder / "said").open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def exit_code(function, folder):
    """That of a process which calls ``function(folder)`` with ``folder / "tmp"`` for its temporary files; and what it said."""
    (folder / "tmp").mkdir()
    process = torture.CONTEXT.Process(target=function, args=(folder,))
    process.start()
    process.join(60)
    return process.exitcode, (folder / "said").read_text(encoding="utf-8")


def alive(temporary):
    """The processes, by number, that were started with this temporary folder; with their commands."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"TMPDIR={temporary}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found[int(process.name)] = (process / "cmdline").read_bytes().decode()
    return {number: command for number, command in found.items() if command}  # a zombie has none


def loses_the_process_of_wandb(folder):
    alone(folder)
    logging.basicConfig(format="%(name)s: %(message)s")
    logging.getLogger("wandb").propagate = False
    logger = tracking.experiment_logger(folder, **OPTIONS)
    (process,) = (number for number, command in alive(folder / "tmp").items() if "wandb-core" in command)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    for step in range(2000):
        logger.log_metrics({"loss": float(step)}, step=step)
    logger.log_hyperparams({"late": 1})
    tracking.finish(logger)
    assert logger.lost
    again = tracking.experiment_logger(folder / "again", **OPTIONS)
    tracking.finish(again)
    assert not again.lost
    atexit._run_exitfuncs()  # as at the end of a process that was not forked
    sys.stderr.write("the training went on")


@linux
def test_losing_the_process_of_wandb_does_not_stop_a_training(tmp_path):
    code, said = exit_code(loses_the_process_of_wandb, tmp_path)
    assert code == 0 and "the training went on" in said, said
    assert said.count("the training goes on without it") == 1


def tracks_until_it_is_killed(folder):
    alone(folder)
    logger = tracking.experiment_logger(folder, **OPTIONS)
    Image.new("RGB", (4, 4)).save(folder / "a.png")
    tracking.log_picture(logger, "drawn", folder / "a.png", "a picture", 1)
    tracking.log_run(logger, ["a.png"], "a", {})
    assert any("wandb-core" in command for command in alive(folder / "tmp").values())
    os.kill(os.getpid(), signal.SIGKILL)


@linux
def test_a_killed_run_leaves_no_process_and_no_temporary_file(tmp_path):
    code, said = exit_code(tracks_until_it_is_killed, tmp_path)
    assert code == -signal.SIGKILL, said
    until = time.monotonic() + 20
    while alive(tmp_path / "tmp") and time.monotonic() < until:
        time.sleep(0.1)
    assert alive(tmp_path / "tmp") == {} and list((tmp_path / "tmp").iterdir()) == []
