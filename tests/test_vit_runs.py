"""What a run of an image classifier measures and draws beside what every run does; images and weights of the user."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from test_vit_weights import named_by, vit
from toy_run import folder_of_images, overrides

from data.preprocessing import Preprocessing
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.evaluation.records import load
from reproductions.evaluation.records.image import AttendedImage
from reproductions.tasks.images import questions
from reproductions.training import checkpoints
from reproductions.vit2021.libraries import HALVES, Normalisation
from reproductions.vit2021.weights import renormalised


@pytest.fixture(params=["vit2021", "resnet2016"])
def run(request, trained):
    return trained(request.param)


def test_the_view_is_chosen_on_validation_masks_and_stands_in_the_checkpoint(run):
    views = json.loads((run.folder / "views.json").read_text())
    rates = {view: measures["auroc"] for view, measures in views["views"].items()}
    assert (run.folder / "views.png").exists() == ("vit2021" in str(run.folder))
    assert "input_gradient" in rates and "masks" in views["by"]
    assert rates[views["chosen"]] == max(rate for view, rate in rates.items() if view != "input_gradient")
    best = checkpoints.read(run.best)
    assert (views["chosen"], views["step"]) == (best["view"], best["global_step"])


def test_the_controls_and_both_questions_stand_in_the_report(run):
    written = (run.folder / "report.html").read_text(encoding="utf-8")
    for control in ("uniform", "centre", "best fixed map", "the same network untrained", "gradient times input"):
        assert control in written
    for part in ("correctly classified", "Asked for the class of each object", "The same objects on another ground"):
        assert part in written
    attended = load(run.folder / "evaluation" / "test" / "attended.jsonl", AttendedImage)
    assert attended and all(image.mask is not None for image in attended)


def test_a_comparison_beside_its_controls_is_written_for_all_and_for_right_answers(run):
    scores = run.scores["test"]["localisation"]
    assert {"uniform", "centre", "best fixed map", "the same network untrained", "gradient times input"} < set(scores)
    for row in scores.values():
        value, low, high = row["all"]["auroc"]
        assert low <= value <= high
    assert scores["uniform"]["all"]["auroc"][0] == pytest.approx(0.5)
    shown, *controls = (row["all"] for row in scores.values())
    assert all(control != shown for control in controls)
    controls = list(run.scores["test"]["removal"]["maps"])
    assert controls[1:] == [
        "centre",
        "best fixed map",
        "random order",
        "the same network untrained",
        "gradient times input",
    ]


def test_each_head_is_measured_and_so_is_another_ground(run):
    scores, folder = run.scores["test"], run.folder / "evaluation" / "test"
    table = json.loads((folder / "views.json").read_text())
    if "vit2021" in str(run.folder):
        assert list(scores["heads"]) == ["cls L1 H1", "cls L1 H2", "cls L2 H1", "cls L2 H2"]
        assert all(scores["heads"][view] == table[view] for view in scores["heads"]) and (folder / "views.png").exists()
        low, high = table["cls L2 H1"]["all"]["ground_top1"][1:]
        assert 0 <= low <= high <= 1
    assert scores["grounds/same_answer"] == next(iter(scores["grounds"]["maps"].values()))["all"]["same_answer"][0]
    assert "grounds" not in run.scores["two"]


def test_both_objects_are_asked_for_where_there_are_two(run):
    scores = run.scores["two"]
    shown, swapped, *_ = scores["asked"]["maps"].values()
    assert scores["asked/auroc"] == pytest.approx(shown["all"]["auroc"][0], abs=1e-4)
    assert swapped["all"]["moves"][0] == pytest.approx(-shown["all"]["moves"][0])
    assert "asked" not in run.scores["test"]


@pytest.mark.usefixtures("undrawn")
def test_questions_are_asked_in_the_precision_that_the_answers_were_given_in(trained, place, monkeypatch):
    asked = {}

    def precision_of(name, question):
        def wrapped(subject):
            asked[name] = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
            return question(subject)

        return wrapped

    for name in ("remove", "ask", "swap_grounds"):
        monkeypatch.setattr(questions, name, precision_of(name, getattr(questions, name)))
    copy = trained.copy("vit2021", place / "runs")
    few = ["--data.init_args.batch_images=4", "--trainer.limit_test_batches=1", "--run.pictures=[]"]
    assert command(["evaluate", str(copy.folder), "--trainer.precision=bf16-mixed", *few]) == 0
    assert asked == dict.fromkeys(("remove", "ask", "swap_grounds"), torch.bfloat16)
    shown = next(iter(copy.scores["test"]["removal"]["maps"].values()))
    assert shown["all"]


def test_images_of_the_user_are_classified_and_drawn(run, tmp_path, capsys):
    photo = tmp_path / "photo.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 90, 3), dtype=np.uint8)).save(photo)
    assert command(["look", str(photo), "--run", str(run.folder), "--out", str(tmp_path)]) == 0
    assert "%" in capsys.readouterr().out
    assert (tmp_path / "photo.png").read_bytes()[:4] == b"\x89PNG"


FOLDER = {
    "data.init_args.images": "null",
    "data.init_args.batch_images": 4,
    "trainer.max_steps": 2,
    "run.pictures": "[]",
}


@pytest.mark.usefixtures("undrawn")
def test_a_folder_without_masks_is_trained_on_shown_by_the_default_view_and_measured_by_its_answers(place, capsys):
    images = folder_of_images(place / "my photos")
    small = FOLDER | {"data.init_args.size": 16, "trainer.val_check_interval": 2}
    assert command(["train", "vit2021", "--data", str(images), *overrides(2, "vit2021", **small)]) == 0
    run = runs.find("vit2021")
    assert run.folder.parent.name == "own" and "localisation" not in run.scores["test"]
    assert checkpoints.read(run.best)["view"] == "gradient_rollout"
    assert "Where it looks" not in capsys.readouterr().out
    assert command(["look", str(images / "test/dark/1.png"), "--asked", "light"]) == 0
    assert command(["look", str(images / "test/dark/1.png"), "--asked", "blue"]) == 2
    assert command(["train", "resnet2016", "--data", str(images), *overrides(2, "resnet2016", **small)]) == 0
    assert command(["compare", "--data", str(images), "--out", str(place / "out")]) == 0
    page = (place / "out/report.html").read_text(encoding="utf-8")
    assert (
        'id="looks"' not in page
        and "there are no masks to choose by" in page
        and not (place / "out/looks.png").exists()
    )


@pytest.mark.usefixtures("undrawn")
def test_a_run_starts_from_trained_weights_of_another_library_with_their_network(place):
    """A tiny ViT under timm's names, of other classes: all but the head is taken."""
    images = folder_of_images(place / "images")
    tiny = vit(image_size=16, patch=8, layers=1, d=64, d_mlp=96, heads=1).float()
    weights = named_by("timm", tiny)
    torch.save(weights, place / "weights.pth")
    once = FOLDER | {"trainer.max_steps": 1, "trainer.val_check_interval": 1, "trainer.enable_progress_bar": "false",
                     "model.init_args.recipe.learning_rate": 1e-9}  # fmt: skip
    given = [f"--{name}={value}" for name, value in once.items()]
    asked = ["train", "vit2021", "--data", str(images), "--weights", str(place / "weights.pth"), *given]
    assert command(asked) == 2, "the heads of a width of 64 are not known"
    assert command([*asked, "--heads", "1"]) == 0
    run = runs.find("vit2021")
    checkpoint = checkpoints.read(run.last)
    assert checkpoint["hyper_parameters"]["network"]["d_mlp"] == 96 and checkpoint["hyper_parameters"]["classes"] == 2
    kept = checkpoint["state_dict"]["model.blocks.0.MLP.W_1.weight"]
    torch.testing.assert_close(kept, weights["blocks.0.mlp.fc1.weight"], atol=1e-6, rtol=0)
    prepared = Preprocessing.load(run.folder / "preprocessing.json")
    patches = weights["patch_embed.proj.weight"], weights["patch_embed.proj.bias"]
    E, _ = renormalised(*patches, HALVES, Normalisation(prepared.mean, prepared.std))
    torch.testing.assert_close(checkpoint["state_dict"]["model.embed.E.weight"], E, atol=1e-6, rtol=0)
    assert command(["evaluate", str(run.folder)]) == 0


def test_the_papers_figures_are_drawn_from_a_run_of_vit(trained, place, capsys):
    trained.copy("vit2021", place / "runs")
    assert command(["figures", "--out", str(place)]) == 0
    drawn = {path.stem for path in place.glob("vit2021/*.png")}
    assert drawn == {"figure-6-attention", "figure-7-filters-positions-distance", "figure-11-attention-distance"}
