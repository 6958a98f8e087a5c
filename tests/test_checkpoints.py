"""Checkpoints that are cut, foreign or hostile: refused in one sentence, wherever they come from, and never run."""

import pickle
import shutil
from pathlib import Path

import pytest
import torch

from data.errors import UserError
from reproductions.__main__ import run as command
from reproductions.training import checkpoints


class Malicious:
    """Touches a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def spoiled(whole, victim):
    """What may stand in a file instead of a checkpoint: its bytes, or what is saved into it."""
    return {
        "half": whole[: len(whole) // 2],
        "empty": b"",
        "text": b"not a checkpoint",
        "pickle": pickle.dumps(Malicious(victim)),
        "hook": {"state_dict": {}, "hook": Malicious(victim)},
        "foreign": {"state_dict": {}},
    }


@pytest.mark.parametrize(("kind", "words"), [
    ("half", "use another checkpoint"), ("empty", "use another checkpoint"), ("text", "use another checkpoint"),
    ("pickle", "use another checkpoint"), ("hook", "could run code"), ("foreign", "another program"),
])  # fmt: skip
def test_a_checkpoint_that_is_damaged_foreign_or_hostile_is_refused_in_one_sentence(
    kind, words, place, trained, capsys
):
    """By the reader of checkpoints, which every command uses; one command is tried."""
    run, victim = trained.copy("transformer2017", place / "runs"), place / "executed"
    content = spoiled(run.best.read_bytes(), victim)[kind]
    if isinstance(content, bytes):
        run.best.write_bytes(content)
    else:
        torch.save(content, run.best)
    with pytest.raises(UserError, match=words) as refused:
        checkpoints.read(run.best)
    assert str(run.best) in str(refused.value) and not victim.exists()
    assert command(["translate", "one .", "--run", str(run.folder)]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"error: {refused.value}"


def test_a_checkpoint_that_is_not_there_is_named(place, trained, capsys):
    run = trained.copy("bahdanau2014", place / "runs")
    run.best.unlink()
    with pytest.raises(UserError, match="no checkpoint at .*best.ckpt"):
        checkpoints.read(run.best)
    assert command(["translate", "one .", "--run", str(run.folder)]) == 2
    assert "no checkpoint at" in capsys.readouterr().err
    shutil.rmtree(run.best.parent)
    assert command(["evaluate", str(run.folder)]) == 2
    assert "has no best.ckpt" in capsys.readouterr().err


def test_a_training_does_not_go_on_from_weights_alone(place, trained, capsys):
    run = trained.copy("resnet2016", place / "runs")
    arguments = ["fit", "--config", str(run.config), "--run.folder", str(run.folder), "--ckpt_path"]
    assert command([*arguments, str(run.best)]) == 2
    expected = f"error: {run.best} holds weights alone; continue a training with the last.ckpt beside it."
    assert capsys.readouterr().err.splitlines()[-1] == expected
