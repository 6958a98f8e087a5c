"""Whole runs of image classifiers on a toy scale: exact resumption, the same scores after reloading, pictures, clear errors."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
import wandb
from PIL import Image
from toy_run import overrides
from wandb_offline import read

from data.errors import UserError
from reproductions import checkpoints, runs
from reproductions.__main__ import run as command
from reproductions.evaluation.image_records import AttendedImage
from reproductions.evaluation.records import load

ROOT = Path(__file__).parents[1]
SMALL = {"data.init_args.size": 16, "data.init_args.images": 48, "run.pictures": "[0,3]", "trainer.val_check_interval": 3,
         "trainer.limit_val_batches": 3, "trainer.limit_test_batches": 3}  # fmt: skip
EPOCH = 3  # batches of 16 images


def train(paper="vit2021", *more, steps=6, **settings):
    os.environ.pop("RUN_STAMP", None)
    return command(["train", paper, *more, *overrides(steps, paper, **SMALL | settings)])


def only_run(folder, paper="vit2021"):
    (found,) = (path.parent for path in folder.glob(f"{paper}/*/*/config.yaml"))
    return runs.Run(found)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A fresh folder for runs and data."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture(scope="module", params=["vit2021", "resnet2016"])
def trained(request, tmp_path_factory):
    """One run of each paper, trained, tracked offline and scored; for reading alone."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("RUNS_DIR", str(folder / "runs"))
        patch.setenv("DATA_DIR", str(folder / "data"))
        patch.setenv("WANDB_MODE", "offline")
        assert train(request.param) == 0
        wandb.teardown()
        yield only_run(folder / "runs", request.param)


def states(path):
    checkpoint = checkpoints.read(path)
    return checkpoint["state_dict"], checkpoint["optimizer_states"][0]["state"]


def without_speed(scores):
    return {
        split: {name: value for name, value in known.items() if not name.endswith("_per_s")}
        for split, known in scores.items()
    }


@pytest.mark.parametrize(("settings", "stop"), [
    ({"model.init_args.recipe.ema": 0.9, "model.init_args.network.dropout": 0.2, "data.init_args.shift": 2,
      "data.init_args.mixup": 0.2}, 4),  # in the middle of an epoch
    ({"model.init_args.network.stem": "conv", "data.init_args.flip": "true"}, EPOCH),  # between two
])  # fmt: skip
def test_a_resumed_run_is_bit_for_bit_the_uninterrupted_one(place, monkeypatch, settings, stop):
    settings = settings | {"trainer.val_check_interval": 6}
    assert train(**settings) == 0
    whole = states(only_run(place / "runs").last)

    monkeypatch.setenv("RUNS_DIR", str(place / "cut"))

    def cut(self, *_):
        if self.trainer.global_step == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("reproductions.vit2021.training.ViT2021.on_train_batch_start", cut, raising=False)
        assert train(**settings) == 130
    run = only_run(place / "cut")
    assert torch.load(run.last, weights_only=True)["global_step"] == stop
    assert command(["train", "vit2021", "--resume"]) == 0
    for one, other in zip(whole, states(run.last), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_a_reloaded_run_scores_and_answers_as_it_did(trained, capsys):
    before = without_speed(trained.scores)
    answers = (trained.folder / "evaluation" / "test" / "answers.jsonl").read_text()
    classifier = trained.restore()
    for attended in load(trained.folder / "evaluation" / "test" / "attended.jsonl", AttendedImage)[:2]:
        again = classifier.look(Image.fromarray(attended.pixels), attended.name)
        assert again.predicted == attended.predicted and again.view == attended.view
        np.testing.assert_allclose(again.probabilities, attended.probabilities, atol=1e-4)
        np.testing.assert_allclose(again.map, attended.map, atol=1e-4)
    assert command(["evaluate", str(trained.folder)]) == 0
    assert without_speed(trained.scores) == before
    assert (trained.folder / "evaluation" / "test" / "answers.jsonl").read_text() == answers
    printed = capsys.readouterr().out
    assert f"{before['test']['accuracy']:.4f}" in printed
    for control in ("uniform", "centre", "best fixed map", "the same network untrained", "gradient times input"):
        assert control in printed


def test_the_run_folder_holds_what_the_tracker_holds(trained):
    tracked = read(min((trained.folder / "wandb").glob("offline-run-*/*.wandb")))
    keys = {key for row in tracked.history for key in row}
    assert {"train/loss", "train/images_per_s", "valid/accuracy", "valid/attention/auroc", "test/accuracy"} <= keys
    captions = [row["attention/valid-0.caption"] for row in tracked.history if "attention/valid-0.caption" in row]
    assert len(captions) == 2 and "step 3" in str(captions[0]) and "step 6" in str(captions[1])
    assert any("test/images" in key for key in keys)
    assert {kind for _, kind in tracked.artifacts} >= {"model", "preprocessing"}
    assert len(list(trained.folder.glob("pictures/valid-0/step-*.png"))) == 2
    lines = [json.loads(line) for line in (trained.folder / "validation.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [3, 6]
    assert trained.summary["images"] == 6 * 16


def test_the_view_is_chosen_on_validation_masks_and_stands_in_the_checkpoint(trained):
    told = json.loads((trained.folder / "views.json").read_text())
    rates = {view: measures["auroc"] for view, measures in told["views"].items()}
    assert rates[told["chosen"]] == max(rates.values()) and "masks" in told["by"]
    assert checkpoints.read(trained.best)["view"] in rates


def test_a_comparison_beside_its_controls_is_written_for_all_and_for_right_answers(trained):
    told = trained.scores["test"]["localisation"]
    assert {"uniform", "centre", "best fixed map", "the same network untrained", "gradient times input"} < set(told)
    for row in told.values():
        value, low, high = row["all"]["auroc"]
        assert low <= value <= high
    assert told["uniform"]["all"]["auroc"][0] == pytest.approx(0.5)


def test_images_of_the_user_are_classified_and_drawn(trained, tmp_path, capsys):
    photo = tmp_path / "photo.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 90, 3), dtype=np.uint8)).save(photo)
    assert command(["look", str(photo), "--run", str(trained.folder), "--out", str(tmp_path)]) == 0
    assert "%" in capsys.readouterr().out
    assert (tmp_path / "photo.png").read_bytes()[:4] == b"\x89PNG"


def test_other_preprocessing_is_refused(trained):
    with pytest.raises(UserError, match="preprocessing does not fit"):
        checkpoints.restore(trained.best, {"preprocessing": "another"})


def test_a_run_that_classifies_does_not_translate_and_is_not_compared(trained, capfd):
    assert command(["translate", "Hello.", "--run", str(trained.folder)]) == 2
    assert "classifies images" in capfd.readouterr().err
    assert command(["compare", str(trained.folder), str(trained.folder)]) == 2
    assert "classifies images" in capfd.readouterr().err


@pytest.mark.parametrize(("arguments", "words"), [
    (["train", "vit2021", "--data", "klingon"], "shapes"),
    (["train", "vit2021", "--data", "no/such/folder"], "no/such/folder"),
    (["train", "resnet2016", "--weights", "torchvision:vit_b_16"], "vit2021"),
    (["train", "vit2021", "--weights", "missing.pth"], "missing.pth"),
    (["train", "vit2021", "--weights", "missing.pth", "--resume"], "--resume"),
    (["train", "vit2021", "--data.size", "50"], "50"),
    (["train", "vit2021", "--model.network.image_size", "64"], "image_size"),
    (["look", "photo.jpg"], "no run of any paper that classifies images"),
])  # fmt: skip
def test_a_mistake_is_one_sentence(place, capfd, arguments, words):
    os.environ.pop("RUN_STAMP", None)
    assert command(arguments) == 2
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and words in error
