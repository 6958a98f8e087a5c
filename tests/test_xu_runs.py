"""Whole runs of the captioner on a toy scale: exact resumption, the same scores after reloading, pictures, clear errors."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
import wandb
from toy_run import overrides
from wandb_offline import read

from data.errors import UserError
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.evaluation.records import load
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.tasks.task import restore
from reproductions.training import checkpoints

ROOT = Path(__file__).parents[1]
SMALL = {"data.init_args.size": 16, "data.init_args.images": 48, "run.pictures": "[0,3]", "trainer.val_check_interval": 3,
         "trainer.limit_val_batches": 2, "trainer.limit_test_batches": 3}  # fmt: skip


def train(*more, steps=6, **settings):
    os.environ.pop("RUN_STAMP", None)
    return command(["train", "xu2015", *more, *overrides(steps, "xu2015", **SMALL | settings)])


def only_run(folder, config="captions"):
    (found,) = (path.parent for path in folder.glob(f"xu2015/{config}/*/config.yaml"))
    return runs.Run(found)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Where images are drawn once for all tests, and few of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("data.prepared.captions.SIZES", {"train": 48, "valid": 32, "test": 48})
        yield tmp_path_factory.mktemp("data")


@pytest.fixture
def place(tmp_path, prepared, monkeypatch):
    """A fresh folder for runs."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("DATA_DIR", str(prepared))
    return tmp_path


@pytest.fixture(scope="module")
def trained(prepared, tmp_path_factory):
    """A run with soft and one with hard attention, trained, tracked offline and scored; for reading alone."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("RUNS_DIR", str(folder / "runs"))
        patch.setenv("DATA_DIR", str(prepared))
        patch.setenv("WANDB_MODE", "offline")
        assert train() == 0
        patch.setenv("WANDB_MODE", "disabled")
        assert train("--variant", "hard") == 0
        wandb.teardown()
        yield only_run(folder / "runs"), only_run(folder / "runs", "captions-hard")


def states(path):
    checkpoint = checkpoints.read(path)
    return checkpoint["state_dict"], checkpoint["optimizer_states"][0]["state"]


def test_a_resumed_run_with_hard_attention_is_bit_for_bit_the_uninterrupted_one(place, monkeypatch):
    """Draws, baseline and shifts included."""
    settings = {"trainer.val_check_interval": 6, "data.init_args.shift": 1}
    assert train("--variant", "hard", **settings) == 0
    whole = states(only_run(place / "runs", "captions-hard").last)
    monkeypatch.setenv("RUNS_DIR", str(place / "cut"))

    def cut(self, *_):
        if self.trainer.global_step == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("reproductions.xu2015.training.Xu2015.on_train_batch_start", cut, raising=False)
        assert train("--variant", "hard", **settings) == 130
    run = only_run(place / "cut", "captions-hard")
    assert torch.load(run.last, weights_only=True)["global_step"] == 4
    assert command(["train", "xu2015", "--variant", "hard", "--resume"]) == 0
    for one, other in zip(whole, states(run.last), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert whole[0]["baseline"] < 0


@pytest.mark.parametrize("number", [0, 1])
def test_a_reloaded_run_scores_and_captions_as_it_did(trained, number, capsys):
    run = trained[number]
    before, folder = run.scores, run.folder / "evaluation" / "test"
    captions = (folder / "captions.jsonl").read_text()
    captioner = restore(run)
    for one in load(folder / "own.jsonl", CaptionedImage)[:3]:
        words, maps = captioner.caption(one.pixels)
        assert words == one.words
        np.testing.assert_allclose(maps, one.maps, atol=1e-4)
        np.testing.assert_allclose(captioner.follow(one.pixels, one.words), one.maps, atol=1e-4)
    assert command(["evaluate", str(run.folder)]) == 0
    assert run.scores == before and (folder / "captions.jsonl").read_text() == captions
    printed = capsys.readouterr().out
    assert f"{before['test']['bleu']:.2f}" in printed and "all true captions" in printed
    assert run.summary["title"] == f"Show, Attend and Tell, {('soft', 'hard')[number]} attention"


def test_what_was_said_and_what_of_it_is_true_is_written_for_every_image(trained):
    folder = trained[0].folder / "evaluation" / "test"
    told = [json.loads(line) for line in (folder / "captions.jsonl").read_text().splitlines()]
    assert len(told) == 48 and {"caption", "true", "right", "references"} <= told[0].keys()
    own, forced = (load(folder / f"{name}.jsonl", CaptionedImage) for name in ("own", "forced"))
    assert [one.index for one in own] == [one.index for one in forced] and all(one.forced for one in forced)
    assert all(one.text == one.references[0] for one in forced)
    drawn = {path.name for path in folder.glob("*.png")}
    assert {"test-0-own.png", "test-0-forced.png", "test-3-own.png"} <= drawn


def test_the_run_folder_holds_what_the_tracker_holds(trained):
    run = trained[0]
    tracked = read(min((run.folder / "wandb").glob("offline-run-*/*.wandb")))
    keys = {key for row in tracked.history for key in row}
    assert {"train/loss", "train/images_per_s", "valid/bleu", "valid/true", "test/perplexity"} <= keys
    captions = [row["attention/valid-0.caption"] for row in tracked.history if "attention/valid-0.caption" in row]
    assert len(captions) == 2 and "step 3" in str(captions[0]) and "step 6" in str(captions[1])
    assert any("test/captions" in key for key in keys)
    assert {kind for _, kind in tracked.artifacts} >= {"model", "preprocessing"}
    assert len(list(run.folder.glob("pictures/valid-0/step-*.png"))) == 2
    assert [json.loads(line)["step"] for line in (run.folder / "validation.jsonl").read_text().splitlines()] == [3, 6]
    assert run.summary["images"] == 6 * 16


def test_soft_and_hard_are_drawn_side_by_side_over_the_same_words(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUNS_DIR", str(trained[0].folder.parents[2]))
    assert command(["figures", "--out", str(tmp_path)]) == 0
    drawn = {path.stem for path in tmp_path.glob("*.png")}
    assert drawn == {*(f"figure-2-soft-and-hard-{number}" for number in range(8)), "soft-and-hard-words"}
    assert str(tmp_path / "soft-and-hard-words.png") in capsys.readouterr().out


def test_without_the_other_run_the_figure_names_the_command(trained, tmp_path, monkeypatch, capfd):
    alone = tmp_path / "runs/xu2015/captions"
    alone.mkdir(parents=True)
    (alone / "run").symlink_to(trained[0].folder)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    assert command(["figures", "--out", str(tmp_path)]) == 2
    assert "make train-xu VARIANT=hard" in capfd.readouterr().err


def test_another_vocabulary_or_preprocessing_is_refused(trained):
    fits = {
        "preprocessing": checkpoints.read(trained[0].best)["preprocessing"],
        **checkpoints.read(trained[0].best)["tokenizers"],
    }
    checkpoints.restore(trained[0].best, fits)
    for name, words in (("caption", "caption tokeniser does not fit"), ("preprocessing", "preprocessing does not fit")):
        with pytest.raises(UserError, match=words):
            checkpoints.restore(trained[0].best, fits | {name: "another"})


@pytest.mark.parametrize(("arguments", "words"), [
    (["train", "xu2015", "--variant", "medium"], "captions-hard"),
    (["train", "xu2015", "--data.corpus", "coco"], "shapes"),
    (["train", "xu2015", "--data.images", "40", "--model.network.patch", "5"], "patch"),
    (["train", "xu2015", "--model.vocabulary", "9"], "vocabulary"),
])  # fmt: skip
def test_a_mistake_is_one_sentence(place, capfd, arguments, words):
    os.environ.pop("RUN_STAMP", None)
    assert command(arguments) == 2
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and words in error


def test_a_run_that_writes_captions_neither_translates_nor_classifies(trained, tmp_path, capfd):
    for arguments in (["translate", "Hello."], ["look", "photo.jpg"]):
        assert command([*arguments, "--run", str(trained[0].folder)]) == 2
        assert "writes captions" in capfd.readouterr().err
