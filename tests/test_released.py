"""Runs that travel: what is released restores, says how well it does, and stands in until there is a run of one's own."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hub_server
import pytest
import torch
import yaml
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from trained import Trained

from reproductions import released, runs
from reproductions.__main__ import run as command
from reproductions.page.catalogue import Catalogue
from reproductions.released import copies, writing
from reproductions.tasks.task import restore
from reproductions.training import checkpoints, portable, tracked, tracking


@pytest.fixture
def folder(trained: Trained, place: Path) -> Path:
    """A released RNNsearch, and no run beside it."""
    writing.write(trained("bahdanau2014"), place / "toy")
    return place / "toy"


def translation(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert command(["translate", "One two .", *options]) == 0
    return capsys.readouterr().out


def test_a_released_run_is_measured_with_its_own_weights_and_its_card_says_how_well_it_does(
    trained: Trained, place: Path, capsys: pytest.CaptureFixture[str], undrawn: None
) -> None:
    run, folder = trained.copy("bahdanau2014", place / "runs"), place / "toy"
    assert command(["release", str(run.folder), "--out", str(folder)]) == 0
    assert f"Released: {folder}" in capsys.readouterr().out
    copy = released.take(folder)
    scores = json.loads((folder / runs.SCORES).read_text())
    assert scores == copy.scores and any(copy.folder.glob("evaluation/test/*.jsonl"))
    row = next(line for line in (folder / "README.md").read_text().splitlines() if line.startswith("| test |"))
    assert [cell.strip() for cell in row.split("|")[3:5]] == [
        f"{scores['test'][name]:.2f}" for name in ("bleu", "bleu_tokenised")
    ]
    assert str(place) not in (folder / "config.yaml").read_text().replace(str(trained.numbers), "")
    kept = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert kept == {"README.md", "config.yaml", "model.safetensors", "evaluation/scores.json", "summary.json",
                    "tokenizers/source.json", "tokenizers/target.json", "validation.jsonl"}  # fmt: skip


@pytest.mark.parametrize("paper", ["transformer2017", "vit2021", "resnet2016", "xu2015"])
def test_weights_are_handed_on_in_half_precision_and_nothing_else_is_lost(
    trained: Trained, place: Path, paper: str
) -> None:
    run = trained(paper)
    writing.write(run, place / "handed")
    before, after = checkpoints.read(run.best), checkpoints.read(place / "handed" / "model.safetensors")
    for name, tensor in before.pop("state_dict").items():
        half = tensor.half().float() if tensor.is_floating_point() else tensor
        assert torch.equal(after["state_dict"][name], half), name
    assert {name: before[name] for name in portable.KEPT if name in before} == {
        name: value for name, value in after.items() if name != "state_dict"
    }
    assert restore(released.take(place / "handed")).module.title == run.title


def test_a_tensor_with_two_names_is_written_once(tmp_path: Path) -> None:
    shared = torch.randn(3, 4)
    portable.write({"state_dict": {"a": shared, "b": shared, "c": shared[:2]}}, tmp_path / "w.safetensors")
    assert set(load_file(tmp_path / "w.safetensors")) == {"a", "c"}
    assert torch.equal(portable.read(tmp_path / "w.safetensors")["state_dict"]["b"], shared.half().float())


def test_without_a_run_of_ones_own_the_one_that_comes_along_is_taken_and_said_so(
    trained: Trained, folder: Path, place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(copies, "FOLDER", place)
    with caplog.at_level("INFO"):
        copy = released.chosen(None, task="translation")
    assert copy.folder.is_relative_to(place / "runs" / "released") and released.is_copy(copy)
    assert len([line for line in caplog.messages if "Taking the released RNNsearch" in line]) == 1
    assert [run.name for run in Catalogue().runs()[0]] == [copy.name]
    assert released.stand_in() == [copy]
    own = trained.copy("bahdanau2014", place / "runs")
    assert released.chosen(None, task="translation").folder == own.folder and released.stand_in() == []
    assert Catalogue().runs()[0][0].folder == own.folder.resolve()


def test_a_copy_keeps_what_was_made_in_it_until_the_weights_change(folder: Path) -> None:
    copy = released.take(folder)
    (copy.folder / "mine.png").touch()
    assert released.take(folder).saved == copy.saved and (copy.folder / "mine.png").exists()
    rewrite(folder, scale=0.5)
    assert not (released.take(folder).folder / "mine.png").exists()


def rewrite(folder: Path, scale: float = 1.0, **fields: Any) -> None:
    """The same weights, times a number, with other fields in the header."""
    checkpoint = checkpoints.read(folder / "model.safetensors") | fields
    checkpoint["state_dict"] = {name: scale * tensor for name, tensor in checkpoint["state_dict"].items()}
    portable.write(checkpoint, folder / "model.safetensors")


def other_network(folder: Path) -> None:
    settings = yaml.safe_load((folder / "config.yaml").read_text())
    settings["model"]["init_args"]["network"]["hidden"] = 99
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))


def other_paper(folder: Path) -> None:
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(
        text.replace("bahdanau2014.training.Bahdanau2014", "luong2015.training.Luong2015")
    )


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "There is no checkpoint at {}/model.safetensors"),
    "no settings": (lambda folder: (folder / "config.yaml").unlink(), "{} is not a run: it has no config.yaml"),
    "no tokeniser": (lambda folder: (folder / "tokenizers/target.json").unlink(), "There is no tokeniser {}/tokenizers/target"),
    "another tokeniser": (lambda folder: rewrite(folder, tokenizers={"source": "0"}), "The source tokeniser does not fit"),
    "another project": (
        lambda folder: save_file({"w": torch.ones(2)}, folder / "model.safetensors"), "a checkpoint of another program"),
    "another paper's settings": (other_paper, "is a model of bahdanau2014, and {}/config.yaml of luong2015"),
    "another network": (other_network, "network.hidden is 99 here and 12 there"),
    "weights that are cut": (cut, "is damaged or only half written"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_released_run_that_does_not_fit_together_is_one_sentence(
    folder: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, says = FAULTS[fault]
    spoil(folder)
    assert command(["translate", "One .", "--run", str(folder)]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and says.format(folder) in error


def test_settings_that_name_a_place_elsewhere_do_not_lead_a_copy_there(folder: Path, place: Path) -> None:
    settings = yaml.safe_load((folder / "config.yaml").read_text())
    for name in ("../../../away", "/", "a/../b", ".ssh/b/c"):
        settings["run"]["folder"] = name
        (folder / "config.yaml").write_text(yaml.safe_dump(settings))
        assert released.take(folder).folder == place / "runs/released/bahdanau2014/run/toy"


def test_what_is_published_is_taken_from_the_hub(
    folder: Path, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = translation(capsys, "--run", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(place / "hub"))
    monkeypatch.setenv("HF_TOKEN", "hf_key")
    with hub_server.serving() as address:
        monkeypatch.setattr(constants, "ENDPOINT", address)  # as HF_ENDPOINT does before the library is imported
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
        )
        assert command(["translate", "One .", "--run", "hf:me/toy"]) == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert "hf:me/toy cannot be read" in error and "404" in error
        assert command(["publish", str(folder), "me/toy"]) == 0
        assert capsys.readouterr().out == f"{address}/me/toy\n"
        assert set(hub_server.Server.files) >= {"model.safetensors", "README.md", "tokenizers/source.json"}
        shutil.rmtree(place / "runs")
        assert translation(capsys, "--run", "hf:me/toy") == here
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(place / "empty"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # where nobody answers
    for line in ("translate One --run hf:me/toy", "translate One --run hf:a/b/c", f"publish {folder} me/toy"):
        assert command(line.split()) == 2
        error = capsys.readouterr().err.strip().splitlines()[-1]
        assert error.startswith("error: ") and ("cannot be read" in error or "cannot be published" in error)
    assert command(["publish", str(place), "me/toy"]) == 2 and "it is no released run" in capsys.readouterr().err


def test_a_run_is_taken_from_weights_and_biases(
    trained: Trained, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def artifact(name: str) -> Any:
        assert name == "me/p/toy:best"
        run = trained("bahdanau2014").folder
        return SimpleNamespace(download=lambda to: shutil.copytree(run, to, dirs_exist_ok=True))

    monkeypatch.setattr(tracking.wandb, "login", lambda **_: True)
    monkeypatch.setattr(tracking.wandb, "Api", lambda **_: SimpleNamespace(artifact=artifact))
    copy = runs.at(released.located("wandb:me/p/toy:best"))
    assert released.is_copy(copy) and copy.scores == trained("bahdanau2014").scores
    assert command(["release", str(copy.folder)]) == 2 and copy.best.is_file(), "its own copy is the run itself"
    assert "is a copy of a released run already: name the folder to write" in capsys.readouterr().err
    known = tracked.identity(copy.folder)
    assert known and known.artifact == "me/p/toy:best", "what is made from it declares it"
    assert restore(copy).module.title == "RNNsearch"
    assert command(["translate", "One", "--run", "wandb:me/p/nothing:best"]) == 2
    assert "error: wandb:me/p/nothing:best cannot be read" in capsys.readouterr().err
    monkeypatch.setattr(tracking.wandb, "login", lambda **_: False)
    assert command(["translate", "One", "--run", "wandb:me/p/toy:best"]) == 2
    assert "`wandb login` stores one" in capsys.readouterr().err
