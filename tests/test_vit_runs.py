"""Whole runs of image classifiers on a toy scale: exact resumption, the same scores after reloading, pictures, clear errors."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import wandb
from PIL import Image
from toy_run import overrides
from wandb_offline import read

from data.errors import UserError
from data.preprocessing import Preprocessing
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.evaluation.records import load
from reproductions.evaluation.records.image import AttendedImage
from reproductions.tasks.images import questions
from reproductions.tasks.task import restore
from reproductions.training import checkpoints
from reproductions.vit2021.conversion import HALVES, Normalisation
from reproductions.vit2021.weights import renormalised

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


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Where shapes are drawn once for all tests."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def place(tmp_path, prepared, monkeypatch):
    """A fresh folder for runs."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("DATA_DIR", str(prepared))
    return tmp_path


@pytest.fixture(scope="module", params=["vit2021", "resnet2016"])
def trained(request, prepared, tmp_path_factory):
    """One run of each paper, trained, tracked offline and scored; for reading alone."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("RUNS_DIR", str(folder / "runs"))
        patch.setenv("DATA_DIR", str(prepared))
        patch.setenv("WANDB_MODE", "offline")
        assert train(request.param) == 0
        wandb.teardown()
        patch.setenv("WANDB_MODE", "disabled")
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
    ({"model.init_args.network.dropout": 0.2, "data.init_args.shift": 2,
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
    classifier = restore(trained)
    for attended in load(trained.folder / "evaluation" / "test" / "attended.jsonl", AttendedImage)[:2]:
        again = classifier.look(Image.fromarray(attended.pixels), attended.name)
        assert attended.mask is not None and again.predicted == attended.predicted and again.view == attended.view
        np.testing.assert_allclose(again.probabilities, attended.probabilities, atol=1e-4)
        np.testing.assert_allclose(again.map, attended.map, atol=1e-4)
    assert command(["evaluate", str(trained.folder)]) == 0
    assert without_speed(trained.scores) == before
    assert (trained.folder / "evaluation" / "test" / "answers.jsonl").read_text() == answers
    printed = capsys.readouterr().out
    assert f"{before['test']['accuracy']:.4f}" in printed
    for control in ("uniform", "centre", "best fixed map", "the same network untrained", "gradient times input"):
        assert control in printed
    for part in ("correctly classified", "Asked for the class of each object", "The same objects on another ground"):
        assert part in printed


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
    assert (trained.folder / "views.png").exists() == ("vit2021" in str(trained.folder))
    assert "input_gradient" in rates and "masks" in told["by"]
    assert rates[told["chosen"]] == max(rate for view, rate in rates.items() if view != "input_gradient")
    best = checkpoints.read(trained.best)
    assert (told["chosen"], told["step"]) == (best["view"], best["global_step"])


def test_what_another_validation_chose_is_not_taken_for_the_best_checkpoints(trained):
    before = (trained.folder / "views.json").read_text()
    (trained.folder / "views.json").write_text('{"chosen": "of a later validation"}')
    assert command(["evaluate", str(trained.folder)]) == 0
    assert (trained.folder / "views.json").read_text() == before


def test_a_comparison_beside_its_controls_is_written_for_all_and_for_right_answers(trained):
    told = trained.scores["test"]["localisation"]
    assert {"uniform", "centre", "best fixed map", "the same network untrained", "gradient times input"} < set(told)
    for row in told.values():
        value, low, high = row["all"]["auroc"]
        assert low <= value <= high
    assert told["uniform"]["all"]["auroc"][0] == pytest.approx(0.5)
    shown, *controls = (row["all"] for row in told.values())
    assert all(control != shown for control in controls)
    controls = list(trained.scores["test"]["removal"]["maps"])
    assert controls[1:] == [
        "centre",
        "best fixed map",
        "random order",
        "the same network untrained",
        "gradient times input",
    ]


def test_each_head_is_measured_and_so_is_another_ground(trained):
    told, folder = trained.scores["test"], trained.folder / "evaluation" / "test"
    table = json.loads((folder / "views.json").read_text())
    if "vit2021" in str(trained.folder):
        assert list(told["heads"]) == ["cls L1 H1", "cls L1 H2", "cls L2 H1", "cls L2 H2"]
        assert all(told["heads"][view] == table[view] for view in told["heads"]) and (folder / "views.png").exists()
        low, high = table["cls L2 H1"]["all"]["ground_top1"][1:]
        assert 0 <= low <= high <= 1
    assert told["grounds/same_answer"] == next(iter(told["grounds"]["maps"].values()))["all"]["same_answer"][0]
    assert "grounds" not in trained.scores["two"]


def test_both_objects_are_asked_for_where_there_are_two(trained):
    told = trained.scores["two"]
    shown, swapped, *_ = told["asked"]["maps"].values()
    assert told["asked/auroc"] == pytest.approx(shown["all"]["auroc"][0], abs=1e-4)
    assert swapped["all"]["moves"][0] == pytest.approx(-shown["all"]["moves"][0])
    assert "asked" not in trained.scores["test"]


def test_questions_are_asked_in_the_precision_that_the_answers_were_given_in(trained, tmp_path, monkeypatch):
    asked = {}

    def precision_of(name, question):
        def wrapped(subject):
            asked[name] = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
            return question(subject)

        return wrapped

    for name in ("remove", "ask", "swap_grounds"):
        monkeypatch.setattr(questions, name, precision_of(name, getattr(questions, name)))
    copy = shutil.copytree(trained.folder, tmp_path / "runs" / Path(*trained.folder.parts[-3:]))
    assert command(["evaluate", str(copy), "--trainer.precision=bf16-mixed"]) == 0
    assert asked == dict.fromkeys(("remove", "ask", "swap_grounds"), torch.bfloat16)
    shown = next(iter(json.loads((copy / "evaluation/scores.json").read_text())["test"]["removal"]["maps"].values()))
    assert shown["all"]


def test_images_of_the_user_are_classified_and_drawn(trained, tmp_path, capsys):
    photo = tmp_path / "photo.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 90, 3), dtype=np.uint8)).save(photo)
    assert command(["look", str(photo), "--run", str(trained.folder), "--out", str(tmp_path)]) == 0
    assert "%" in capsys.readouterr().out
    assert (tmp_path / "photo.png").read_bytes()[:4] == b"\x89PNG"


def test_other_preprocessing_is_refused(trained):
    with pytest.raises(UserError, match="preprocessing does not fit"):
        checkpoints.restore(trained.best, {"preprocessing": "another"})


def test_a_run_that_classifies_does_not_translate_and_is_not_compared_with_itself(trained, capfd):
    assert command(["translate", "Hello.", "--run", str(trained.folder)]) == 2
    assert "classifies images" in capfd.readouterr().err
    assert command(["compare", str(trained.folder), str(trained.folder)]) == 2
    assert "named twice" in capfd.readouterr().err


@pytest.mark.parametrize(("arguments", "words"), [
    (["train", "vit2021", "--data", "klingon"], "shapes"),
    (["train", "vit2021", "--data", "no/such/folder"], "no/such/folder"),
    (["train", "resnet2016", "--weights", "torchvision:vit_b_16"], "vit2021"),
    (["train", "vit2021", "--weights", "missing.pth"], "missing.pth"),
    (["train", "vit2021", "--weights", "missing.pth", "--resume"], "--resume"),
    (["train", "vit2021", "--data.images", "40", "--data.size", "50"], "50"),
    (["train", "vit2021", "--model.network.image_size", "64"], "image_size"),
    (["look", "photo.jpg"], "no run of any paper that classifies images"),
])  # fmt: skip
def test_a_mistake_is_one_sentence(place, capfd, arguments, words):
    os.environ.pop("RUN_STAMP", None)
    assert command(arguments) == 2
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and words in error


@pytest.mark.parametrize(("arguments", "told", "untold"), [
    (["train", "vit2021"], "batch_images", "sentences"),
    (["evaluate", "runs/resnet2016/shapes/1"], "batch_images", "sentences"),
    (["train", "luong2015"], "batch_tokens", "batch_images"),
])  # fmt: skip
def test_where_memory_does_not_suffice_what_is_named_belongs_to_the_run(capfd, monkeypatch, arguments, told, untold):
    def fail(_):
        raise RuntimeError("CUDA out of memory.")

    monkeypatch.setattr("reproductions.__main__.main", fail)
    assert command(arguments) == 2
    error = capfd.readouterr().err
    assert told in error and untold not in error


def folder_of_images(folder, size=20):
    """Two classes in train, valid and test; one image upright, one in another mode."""
    random = np.random.default_rng(0)
    for split, count in (("train", 6), ("valid", 3), ("test", 3)):
        for name, low in (("dark", 0), ("light", 150)):
            place = folder / split / name
            place.mkdir(parents=True)
            for i in range(count):
                pixels = random.integers(low, low + 100, (size, 2 * size, 3), dtype=np.uint8)
                Image.fromarray(pixels).convert("L" if i == 1 else "RGB").save(place / f"{i}.png")
    return folder


def test_a_folder_without_masks_is_trained_on_shown_by_the_default_view_and_measured_by_its_answers(place, capsys):
    images = folder_of_images(place / "my photos")
    small = {"data.init_args.images": "null", "data.init_args.batch_images": 4, "data.init_args.shift": 0}
    assert train("vit2021", "--data", str(images), **small) == 0
    run = only_run(place / "runs")
    assert run.folder.parent.name == "own" and "localisation" not in run.scores["test"]
    assert checkpoints.read(run.best)["view"] == "gradient_rollout"
    assert "Where it looks" not in capsys.readouterr().out
    assert command(["look", str(images / "test/dark/1.png"), "--asked", "light"]) == 0
    assert command(["look", str(images / "test/dark/1.png"), "--asked", "blue"]) == 2


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/vit2021/*.yaml")) + sorted(ROOT.glob("configs/resnet2016/*.yaml")),
                         ids=lambda path: f"{path.parent.name}-{path.stem}")  # fmt: skip
def test_a_step_of_every_image_config_runs_at_its_own_size(place, path):
    once = {"data.init_args.corpus": folder_of_images(place / "images"), "data.init_args.images": "null",
            "data.init_args.batch_images": 2, "trainer.max_steps": 1, "trainer.limit_val_batches": 0, "run.folder": place / "run",
            "trainer.accumulate_grad_batches": 1, "trainer.enable_progress_bar": "false"}  # fmt: skip
    assert command(["fit", "--config", str(path), *(f"--{name}={value}" for name, value in once.items())]) == 0
    checkpoint = checkpoints.read(place / "run/checkpoints/last.ckpt")
    assert checkpoint["global_step"] == 1
    assert all(weight.isfinite().all() for weight in checkpoint["state_dict"].values())


def test_a_run_starts_from_trained_weights_of_another_library_with_their_network(place):
    """A tiny ViT under timm's names, of other classes: all but the head is taken."""
    images, d = folder_of_images(place / "images"), 64
    generator = torch.Generator().manual_seed(0)
    sizes = {"cls_token": (1, 1, d), "pos_embed": (1, 5, d), "patch_embed.proj.weight": (d, 3, 8, 8),
             "patch_embed.proj.bias": (d,), "norm.weight": (d,), "norm.bias": (d,),
             "head.weight": (7, d), "head.bias": (7,)}  # fmt: skip
    block = {
        "norm1": (d,),
        "norm2": (d,),
        "attn.qkv": (3 * d, d),
        "attn.proj": (d, d),
        "mlp.fc1": (96, d),
        "mlp.fc2": (d, 96),
    }
    for name, shape in block.items():
        sizes |= {f"blocks.0.{name}.weight": shape, f"blocks.0.{name}.bias": shape[:1]}
    weights = {name: torch.randn(shape, generator=generator) * 0.1 for name, shape in sizes.items()}
    torch.save(weights, place / "weights.pth")
    once = {"data.init_args.images": "null", "data.init_args.batch_images": 4, "trainer.max_steps": 1, "run.pictures": "[0]",
            "trainer.val_check_interval": 1, "trainer.enable_progress_bar": "false",
            "model.init_args.recipe.learning_rate": 1e-9}  # fmt: skip
    given = [f"--{name}={value}" for name, value in once.items()]
    os.environ.pop("RUN_STAMP", None)
    asked = ["train", "vit2021", "--data", str(images), "--weights", str(place / "weights.pth"), *given]
    assert command(asked) == 2, "the heads of a width of 64 are not known"
    assert command([*asked, "--heads", "1"]) == 0
    checkpoint = checkpoints.read(only_run(place / "runs").last)
    assert checkpoint["hyper_parameters"]["network"]["d_mlp"] == 96 and checkpoint["hyper_parameters"]["classes"] == 2
    kept = checkpoint["state_dict"]["model.blocks.0.MLP.W_1.weight"]
    torch.testing.assert_close(kept, weights["blocks.0.mlp.fc1.weight"], atol=1e-6, rtol=0)
    prepared = Preprocessing.load(only_run(place / "runs").folder / "preprocessing.json")
    patches = weights["patch_embed.proj.weight"], weights["patch_embed.proj.bias"]
    E, _ = renormalised(*patches, HALVES, Normalisation(prepared.mean, prepared.std))
    torch.testing.assert_close(checkpoint["state_dict"]["model.embed.E.weight"], E, atol=1e-6, rtol=0)
    assert command(["evaluate", str(only_run(place / "runs").folder)]) == 0


def test_the_papers_figures_are_drawn_from_a_run_of_vit(trained, tmp_path):
    if "vit2021" not in str(trained.folder):
        pytest.skip("Figures 6, 7 and 11 are of ViT")
    assert command(["figures", "--out", str(tmp_path)]) == 0
    drawn = {path.stem for path in tmp_path.glob("*.png")}
    assert drawn == {"figure-6-attention", "figure-7-filters-positions-distance", "figure-11-attention-distance"}
