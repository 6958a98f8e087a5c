"""Settings and checkpoints that cannot be meant are one sentence, before anything is written."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_run import corpus, overrides

from data.errors import UserError
from reproductions.__main__ import run as command
from reproductions.training import checkpoints

HERE = Path(__file__).with_name("older_runs")
SETTINGS = {
    "--seed_everything=-1": "seed_everything must be between 0 and 4,294,967,295, not -1",
    f"--seed_everything={2**70}": "seed_everything must be between 0 and 4,294,967,295, not 1180591620717411303424",
    "--trainer.max_steps=0": "trainer.max_steps must be at least 1, or -1 for no limit, not 0",
    "--trainer.devices=-3": "trainer.devices must be at least 1, or -1 for all, not -3",
    "--trainer.devices=0": "trainer.devices must be at least 1, or -1 for all, not 0",
    "--trainer.val_check_interval=0": "trainer.val_check_interval must be more than 0, not 0",
    "--trainer.accumulate_grad_batches=0": "trainer.accumulate_grad_batches must be more than 0, not 0",
    "--trainer.limit_train_batches=0": "trainer.limit_train_batches must be more than 0, not 0",
    "--trainer.limit_val_batches=0": "trainer.limit_val_batches must be more than 0, not 0",
    "--trainer.log_every_n_steps=0": "trainer.log_every_n_steps must be more than 0, not 0",
    "--trainer.gradient_clip_val=-1": "trainer.gradient_clip_val must not be negative, not -1",
    "--trainer.fast_dev_run=true": "set --trainer.max_steps 2 instead",
    "--model.init_args.eos=3": "model.init_args.eos must be 2, the end of a sentence in every tokeniser, not 3",
    "--data.init_args.seed=-1": "data.init_args.seed must not be negative, not -1",
    f"--data.init_args.seed={2**70}": "seed=1180591620717411303424 must be at most 9,223,372,036,854,775,807",
    f"--data.init_args.vocabulary={2**70}": "vocabulary=1180591620717411303424 must be at most 1,000,000,000",
    "--data.init_args.num_workers=-1": "num_workers=-1 must not be negative",
    f"--model.init_args.network.hidden={10**18}": "network.hidden must be at most 1,000,000,000, not 1000000000000000000",
    f"--model.init_args.network.hidden={10**30}": f"network.hidden must be at most 1,000,000,000, not {10**30}",
    f"--model.init_args.network.hidden={10**9}": "There is not enough memory",
    "--run.patience=0": "patience must be at least 1, not 0",
    "--run.checkpoint_every=0": "checkpoint_every must be at least 1, not 0",
    "--run.average=1": "run.average must be 0, or 2 or more snapshots, not 1",
    "--run.average=-1": "run.average must be 0, or 2 or more snapshots, not -1",
}


@pytest.fixture
def numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A toy corpus; what is trained lies beside it."""
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    return corpus(tmp_path)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_that_cannot_be_meant_is_one_sentence(
    setting: str, numbers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["train", "bahdanau2014", "--data", str(numbers), *overrides(2), setting]) == 2
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert line.startswith("error: ") and SETTINGS[setting] in line
    assert not list((tmp_path / "runs").rglob("config.yaml"))


def test_a_training_that_diverges_keeps_the_checkpoint_from_before(
    numbers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"run.checkpoint_every": 1, "model.init_args.recipe.learning_rate": 1e30}
    assert command(["train", "bahdanau2014", "--data", str(numbers), *overrides(4, **settings)]) == 2
    assert "the training has diverged. Lower the learning rate" in capsys.readouterr().err
    for kept in (tmp_path / "runs").rglob("*.ckpt"):
        checkpoints.read(kept)


def test_a_score_that_no_validation_gives_cannot_choose(numbers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = {"run.monitor": "valid/blue", "trainer.val_check_interval": 2}
    assert command(["train", "bahdanau2014", "--data", str(numbers), *overrides(4, **chosen)]) == 2
    said = capsys.readouterr().err
    assert "run.monitor is 'valid/blue', but a validation gives valid/bleu, " in said and "Traceback" not in said


def bomb() -> bytes:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (bytes(range(128, 256)), "is not UTF-8"),
        (b"a: \0", "holds a NUL byte"),
        (bomb(), "has 72 aliases, more than 20: write the values out"),
        (b"a" * 1_000_001, "is no configuration: it has 1,000,001 bytes"),
        (None, "cannot be read: it is a pipe"),
    ],
    ids=["random bytes", "NUL", "aliases of aliases", "a megabyte", "a pipe"],
)
def test_a_file_that_is_no_configuration_is_one_sentence(
    content: bytes | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.yaml"
    if content is None:
        os.mkfifo(path)
    else:
        path.write_bytes(content)
    assert command(["fit", "--config", str(path)]) == 2
    assert sentence in capsys.readouterr().err


# --- Checkpoints --------------------------------------------------------------------------------------------------------


def without_a_tensor(checkpoint: dict[str, Any]) -> None:
    checkpoint["state_dict"].pop("model.encoder.E.weight")


def with_a_foreign_tensor(checkpoint: dict[str, Any]) -> None:
    checkpoint["state_dict"]["stranger"] = torch.zeros(1)


def of_another_shape(checkpoint: dict[str, Any]) -> None:
    checkpoint["state_dict"]["model.encoder.E.weight"] = torch.zeros(3, 3)


def put(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda checkpoint: checkpoint.__setitem__(name, value)


def weights(change: Callable[[torch.Tensor], Any]) -> Callable[[dict[str, Any]], None]:
    def changed(checkpoint: dict[str, Any]) -> None:
        state = checkpoint["state_dict"]
        state["model.encoder.E.weight"] = change(state["model.encoder.E.weight"])

    return changed


DAMAGE: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "a tensor missing": (without_a_tensor, "model.encoder.E.weight"),
    "a foreign tensor": (with_a_foreign_tensor, "stranger"),
    "another shape": (of_another_shape, r"\(3, 3\)|\[3, 3\]"),
    "not numbers": (weights(lambda tensor: tensor * float("nan")), "weights that are not numbers, in model.encoder.E"),
    "complex numbers": (weights(lambda tensor: tensor.to(torch.complex64)), "holds no real numbers"),
    "a list of weights": (weights(lambda tensor: tensor.tolist()), "holds no real numbers"),
    "state_dict a list": (put("state_dict", []), "its state_dict is list, not dict"),
    "global_step text": (put("global_step", "8"), "its global_step is str, not int"),
    "global_step below 0": (put("global_step", -1), "its global_step is -1"),
    "view a list": (put("view", []), "its view is list, not str"),
    "views a list": (put("views", []), "its views is list, not dict"),
    "settings a list": (put("hyper_parameters", []), "is a checkpoint of another program"),
    "settings without a network": (put("hyper_parameters", {}), "do not fit"),
    "the paper a path": (put("paper", "../../x"), "is a checkpoint of '../../x'"),
    "tokenizers a list": (put("tokenizers", []), "its tokenizers is list, not dict"),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a kept run."""
    folder = tmp_path_factory.mktemp("kept")
    with zipfile.ZipFile(HERE / "bahdanau2014.zip") as packed:
        packed.extractall(folder)
    (path,) = folder.rglob("best.ckpt")
    return path


@pytest.mark.parametrize("damage", DAMAGE)
def test_the_content_of_a_checkpoint_is_checked_before_it_is_used(damage: str, kept: Path, tmp_path: Path) -> None:
    change, sentence = DAMAGE[damage]
    checkpoint = torch.load(kept, weights_only=True)
    fingerprints = checkpoint["tokenizers"]
    change(checkpoint)
    torch.save(checkpoint, tmp_path / "best.ckpt")
    with pytest.raises(UserError, match=sentence):
        checkpoints.restore(tmp_path / "best.ckpt", fingerprints)


@pytest.mark.parametrize("damage", ["a tensor missing", "a foreign tensor", "another shape"])
def test_weights_are_held_against_the_model_that_is_to_be_continued(damage: str, kept: Path) -> None:
    checkpoint = torch.load(kept, weights_only=True)
    module = checkpoints.restore(kept, checkpoint["tokenizers"])
    checkpoints.check_weights(kept, checkpoint, module)
    DAMAGE[damage][0](checkpoint)
    with pytest.raises(UserError, match="do not fit the model"):
        checkpoints.check_weights(kept, checkpoint, module)
