"""A residual network and ViT on the same images, from training to the page that puts where they look side by side."""

import json
import os
import re
import shutil

import numpy as np
import pytest
import wandb
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.text import Text
from test_image_plots import attended, check_layout, said
from toy_run import folder_of_images, overrides
from trained import ROOT
from wandb_offline import read as tracked

from data.errors import UserError
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.commands import compare as comparing
from reproductions.compare.classifiers import SAME, answers, shown
from reproductions.compare.comparison import comparable
from reproductions.evaluation import plots
from reproductions.evaluation.measures.localisation import MEASURES
from reproductions.evaluation.plots.overlay import OUTLINE

PAPERS = ("resnet2016", "vit2021")
TINY = {"data.init_args.size": 16, "data.init_args.images": 48, "data.init_args.test_splits": '["test"]', "run.pictures": "[0,3]",
        "trainer.val_check_interval": 3, "trainer.limit_val_batches": 3, "trainer.limit_test_batches": 2}  # fmt: skip


def train(paper, *more, **settings):
    os.environ.pop("RUN_STAMP", None)
    return command(["train", paper, *more, *overrides(3, paper, **TINY | settings)])


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A run of each paper on a few shapes, ViT as its variant conv; and the folder that they lie in."""
    folder = tmp_path_factory.mktemp("looks")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("RUNS_DIR", str(folder / "runs"))
        patch.setenv("DATA_DIR", str(folder / "data"))
        patch.setenv("WANDB_MODE", "disabled")
        assert train("resnet2016") == 0
        assert train("vit2021", "--variant", "conv", **{"model.init_args.recipe.warmup": 1}) == 0
        yield folder


def folder_of(both, paper):
    (found,) = (both / "runs").glob(f"{paper}/*/*")
    return found


def entrants_of(both):
    """The two runs, by name."""
    return comparable([folder_of(both, paper) for paper in PAPERS], SAME)


@pytest.fixture(scope="module")
def compared(both):
    """The folder of a comparison of the newest runs on shapes, and its numbers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        assert command(["compare", "--data", "shapes", "--out", str(both / "page")]) == 0
        wandb.teardown()
    return both / "page", json.loads((both / "page" / "comparison.json").read_text(encoding="utf-8"))


def test_the_page_needs_nothing_else_and_shows_the_same_images_of_every_run(both, compared):
    folder, numbers = compared
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page), "the page refers to something outside"
    assert [run["name"] for run in numbers["runs"]] == ["ResNet-8 of width 4", "ViT d8 L2 H2 p8, conv stem"]
    assert [image["index"] for image in numbers["shown"]] == [0, 3]
    for image in numbers["shown"]:
        assert [row["name"] for row in image["rows"]] == [run["name"] for run in numbers["runs"]]
        assert (folder / f"test-{image['index']}.png").is_file() and (folder / f"test-{image['index']}.pdf").is_file()
    assert page.count("<img") == 1 + 2 + 2 + 2  # all measures, what each run drew of the split, and a strip an image
    assert "width=device-width" in page and "does not prove" in page and "Attention is not an explanation" in page


def test_the_numbers_of_a_run_are_those_that_it_was_scored_with(both, compared):
    _, numbers = compared
    for run, one in zip(numbers["runs"], entrants_of(both).values(), strict=True):
        scores = one.scores["test"]
        assert run["accuracy"]["test"][0] == pytest.approx(scores["accuracy"])
        shown = next(iter(scores["localisation"].values()))
        for measure, (value, low, high) in run["looks"]["all"].items():
            assert [value, low, high] == pytest.approx(shown["all"][measure], abs=2e-3)
        assert set(run["controls"]) == set(scores["localisation"]) - {"uniform", next(iter(scores["localisation"]))}
        assert run["training_images"] == 48 and run["augmentation"] == {"shift": 3, "flip": True}


def test_the_chosen_view_stands_beside_the_naive_one_and_grad_cam_has_none(both, compared):
    _, numbers = compared
    then, now = (run["chosen"] for run in numbers["runs"])
    assert then["view"] == "grad_cam" and then["candidates"] == 1 and "naive" not in then
    table = runs.Run(folder_of(both, "vit2021")).views["views"]
    assert now["naive"] == "cls L2 Hmean" and now["naive_auroc"] == table["cls L2 Hmean"]["auroc"] <= now["auroc"]
    assert now["candidates"] == len(table) - 1


def test_only_images_that_all_runs_classify_correctly_are_compared_as_such(both, compared):
    _, numbers = compared
    ours, theirs = (answers(run, "test") for run in entrants_of(both).values())
    right = ours.right & theirs.right & ours.measured & theirs.measured
    assert numbers["looked"] == {"all": int(ours.measured.sum()), "right": int(right.sum())}
    (difference,) = numbers["differences"]
    place = MEASURES.index("auroc")
    for group, rows in (("all", ours.measured), ("right", right)):
        found = difference["looks"][group]
        assert bool(found) == rows.any()
        if found:
            expected = np.nanmean(theirs.measures[rows, place]) - np.nanmean(ours.measures[rows, place])
            assert found["auroc"]["difference"] == pytest.approx(expected)
            assert re.search(r"AUROC .* the difference is (not )?significant, p [<=] ", found["auroc"]["says"])


def test_the_difference_of_accuracy_is_that_of_the_images_that_one_alone_has_right(both, compared):
    _, numbers = compared
    (difference,) = numbers["differences"]
    count = numbers["images"]["test"]
    alone = difference["only_second"] - difference["only_first"]
    assert difference["accuracy"]["difference"] == pytest.approx(alone / count)


def test_the_tracker_holds_the_same_table_and_pictures(compared):
    folder, numbers = compared
    (offline,) = (folder / "wandb").glob("offline-run-*/*.wandb")
    keys = {key for row in tracked(offline).history for key in row}
    assert any("test/compared" in key for key in keys)
    assert {f"compare/test-{image['index']}.caption" for image in numbers["shown"]} <= keys


def test_a_run_beside_a_copy_of_itself_differs_in_nothing_significant(both, tmp_path):
    vit = folder_of(both, "vit2021")
    copy = tmp_path / "again"
    shutil.copytree(vit, copy, ignore=shutil.ignore_patterns("wandb", "pictures"))
    assert (
        command(["compare", str(vit), str(copy), str(folder_of(both, "resnet2016")), "--out", str(tmp_path / "out")])
        == 0
    )
    numbers = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert len({run["name"] for run in numbers["runs"]}) == 3 and len(numbers["differences"]) == 3
    same = numbers["differences"][0]
    for one in (same["accuracy"], *same["looks"]["all"].values()):
        assert one["difference"] == 0 and "is not significant" in one["says"]
    assert same["only_first"] == same["only_second"] == 0


def spoiled(folder, to, name, change):
    """A copy of a run, one file of which is changed."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("wandb", "pictures", "*.png", "*.gif"))
    path = to / name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return to


def renamed(text):
    first, rest = text.split("\n", 1)
    return json.dumps(json.loads(first) | {"name": "another.png"}) + "\n" + rest


@pytest.mark.parametrize(("name", "change", "words"), [
    ("config.yaml", lambda text: text.replace("size: 16", "size: 24"), "cannot be compared: size is 16 in"),
    ("config.yaml", lambda text: text.replace("corpus: shapes", "corpus: cifar10"), "cannot be compared: corpus is 'shapes' in"),
    ("evaluation/test/attended.jsonl", lambda text: text.replace('"ring"', '"wreath"'),
     "know other classes, 10 and 10, such as ring"),
    ("evaluation/test/answers.jsonl", renamed, "were not tested on the same images: image 0 is "),
    ("evaluation/test/answers.jsonl", lambda text: text[: text.rindex("\n", 0, -1) + 1], "on 32 images and"),
    ("evaluation/test/answers.jsonl", lambda text: text[:-20], "answers.jsonl, line 32 is damaged ("),
    ("evaluation/scores.json", lambda text: text.replace('"test": {', '"other": {'), "any common split"),
])  # fmt: skip
def test_runs_on_other_images_are_refused_in_one_sentence(both, tmp_path, capsys, name, change, words):
    first, other = folder_of(both, "resnet2016"), spoiled(folder_of(both, "vit2021"), tmp_path / "other", name, change)
    capsys.readouterr()
    assert command(["compare", str(first), str(other), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.strip()
    assert words in error and error.startswith("error: ") and len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def of_paper(paper):
    return lambda text: text.replace("resnet2016.training.ResNet2016", f"{paper}.training.Model")


def test_runs_of_two_tasks_and_of_a_task_without_a_comparison_are_refused(both, tmp_path, capsys):
    first = folder_of(both, "resnet2016")
    translator = spoiled(first, tmp_path / "translator", "config.yaml", of_paper("bahdanau2014"))
    captioner = spoiled(first, tmp_path / "captioner", "config.yaml", of_paper("xu2015"))
    for folders, words in (
        ((first, translator), "translates. Name runs that do the same"),
        (
            (captioner,),
            "writes captions; a comparison needs runs of a model that translates or a model that classifies images",
        ),
    ):
        assert command(["compare", *map(str, folders)]) == 2
        error = capsys.readouterr().err.strip()
        assert words in error and len(error.splitlines()) == 1


def test_the_corpus_decides_what_is_compared(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "photos").mkdir()
    for corpus in ("accord", "multi30k", "mine.en,mine.fr"):
        assert comparing._task_of_data(corpus) == "translation"
    for corpus in ("shapes", "cifar10", str(tmp_path / "photos")):
        assert comparing._task_of_data(corpus) == "images"
    with pytest.raises(UserError, match="no comparison on 'captions'.*accord.*shapes"):
        comparing._task_of_data("captions")


def test_the_newest_scored_run_of_any_variant_stands_for_a_paper_and_what_is_missing_is_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    for name in ("shapes/20260101", "shapes-conv/20260103", "shapes/20260102", "cifar10/20270101"):
        (tmp_path / "vit2021" / name / "evaluation").mkdir(parents=True)
        (tmp_path / "vit2021" / name / runs.SCORES).write_text("{}")
    (tmp_path / "vit2021/shapes/20260109").mkdir()  # without scores
    assert comparing._newest_or_trained("vit2021", "shapes").name == "20260103"
    asked = []

    def trained(paper, data, variant):
        asked.append((paper, data, variant))
        name = "-".join(part for part in (data, variant) if part)
        (tmp_path / paper / name / "new" / "evaluation").mkdir(parents=True)
        (tmp_path / paper / name / "new" / runs.SCORES).write_text("{}")
        return 0

    monkeypatch.setattr(comparing, "train", trained)
    shutil.rmtree(tmp_path / "vit2021")
    assert comparing._newest_or_trained("vit2021", "shapes").name == "new"
    assert comparing._newest_or_trained("resnet2016", "shapes").name == "new"
    assert asked == [("vit2021", "shapes", "conv"), ("resnet2016", "shapes", "")]
    monkeypatch.setattr(comparing, "train", lambda *_: 130)
    with pytest.raises(UserError, match="ended with status 130"):
        comparing._newest_or_trained("vit2021", "cifar10")


def test_images_without_masks_are_compared_by_their_answers(both, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    images = folder_of_images(tmp_path / "my photos")
    small = {"data.init_args.images": "null", "data.init_args.batch_images": 4, "data.init_args.shift": 0}
    for paper in PAPERS:
        assert train(paper, "--data", str(images), **small) == 0
    assert command(["compare", "--data", str(images), "--out", str(tmp_path / "out")]) == 0
    assert "points of accuracy" in capsys.readouterr().out
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    numbers = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert numbers["looked"]["all"] == 0 and all(run["looks"]["all"] == {} for run in numbers["runs"])
    assert 'id="looks"' not in page and 'id="removal"' in page
    assert [image["index"] for image in numbers["shown"]] == [0, 3] and "auroc" not in numbers["shown"][0]["rows"][0]


def test_a_strip_shows_the_image_and_each_map_with_answer_and_measure():
    now = attended(model="ViT, step 1,200")
    coarse = attended(grid=(2, 6)).map
    then = attended(model="ResNet-14, step 900", view="Grad-CAM of the last activations", predicted=0, map=coarse)
    figure = plots.attended_strip([then, now])
    text = said(figure)
    for part in ("shapes/12", "image: disc", "ResNet-14, step 900", "Grad-CAM of the last activations", "disc, 3 % (right)",
                 "ViT, step 1,200", "gradient-weighted rollout", "star, 73 % (wrong)", "AUROC", "Dashed"):  # fmt: skip
        assert part in text, part
    assert len(figure.axes) == 3
    assert [axes.images[-1].get_array().shape[:2] for axes in figure.axes] == [(16, 48), (2, 6), (4, 12)]
    for axes in figure.axes:
        assert any(OUTLINE in map(to_hex, one.get_edgecolor()) for one in axes.collections)
    check_layout(figure, "attended_strip")


def test_a_strip_of_any_number_keeps_its_labels_on_the_page():
    many = [
        attended(48, 48, (8, 8), model=f"A model with a rather long name, number {i}, step 1,200,000") for i in range(4)
    ]
    check_layout(plots.attended_strip(many), "four models")
    figure = plots.attended_strip([attended(mask=None, label=None, name="")])
    assert "valid image 12" in said(figure) and "AUROC" not in said(figure) and "Dashed" not in said(figure)
    FigureCanvasAgg(figure).draw()
    assert figure.findobj(Text)


def test_a_strip_is_of_one_image():
    with pytest.raises(ValueError, match="no record"):
        plots.attended_strip([])
    with pytest.raises(ValueError, match="valid image 12 and of another valid image 13"):
        plots.attended_strip([attended(), attended(index=13)])
    with pytest.raises(ValueError, match="one image"):
        plots.attended_strip([attended(), attended(pixels=np.zeros((16, 48, 3), dtype=np.uint8))])


def test_without_drawn_images_in_common_the_first_that_all_wrote_down_are_shown(both):
    attended = {name: run.attended("test") for name, run in entrants_of(both).items()}
    ours, theirs = ({record.index for record in records} for records in attended.values())
    for drawn in ([1_000_000], []):
        assert [strip.popitem()[1].index for strip in shown(attended, drawn)] == sorted(ours & theirs)[:8]
