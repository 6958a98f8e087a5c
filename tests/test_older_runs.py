"""Runs that an earlier version wrote are found, answer and score as they did; a new run leaves what they left.

``older_runs/make.py`` says how the kept runs and their traces were made.
"""

import html
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Literal, get_origin

import pytest
import torch
from older_runs import make
from toy_run import undrawn
from trained import ROOT, Trained, few_images
from written import RESAMPLED, answers_again, differences, lines, records

from data.errors import UserError
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.page.catalogue import Catalogue, describe
from reproductions.papers import PAPERS
from reproductions.runs import Run
from reproductions.tasks.report import learned
from reproductions.tasks.task import of, restore
from reproductions.training import checkpoints
from reproductions.training.classification import RETIRED_VIEWS

HERE = Path(__file__).with_name("older_runs")
# Since the older runs.
ADDED = {("summary.json", key) for key in ("precision_reason", "processor", "commit")} | {
    ("wandb.json", "artifact"),
    ("views.json", "alignment_heads"),
}
ADDED_FILES = {"report.html"}
ADDED_SCORES = {"search", "aer_naive", "multi_bleu", "multi_bleu_signature", "multi_bleu_no_unk", "sentences_no_unk",
                *(f"bleu_{order}" for order in (1, 2, 3, 4))}  # fmt: skip
NO_LONGER_DRAWN = re.compile(r".*-layers\.gif|evaluation/two/.*-(heads|layers)\.png")
# The kept run of ViT chose a view that is no longer made, attention rollout without identity. What is shown by it changes
# with it; every view that is still made is held against what the kept run has of it. Its model had another name, too.
CHOSE_A_RETIRED_VIEW = "vit2021"
BY_THE_VIEW = re.compile(r"\.(view|map|attention|localisation|removal|asked|grounds|model)\b")
each_paper = pytest.mark.parametrize("paper", PAPERS)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, trained: Trained) -> Iterator[Path]:
    """Where the kept runs lie in ``older``, and again in ``evaluated``; the data is that of all toy runs."""
    work = tmp_path_factory.mktemp("older_runs")
    for paper in PAPERS:
        with zipfile.ZipFile(HERE / f"{paper}.zip") as packed:
            packed.extractall(work / "older")
            packed.extractall(work / "evaluated")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        few_images(patch)
        patch.setenv("DATA_DIR", str(trained.data))
        yield work


@contextmanager
def runs_in(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNS_DIR", str(folder))
        yield


@pytest.fixture(scope="module")
def older(work: Path) -> dict[str, Run]:
    """The kept runs, as they were written."""
    with runs_in(work / "older"):
        return {paper: runs.find(paper) for paper in PAPERS}


@pytest.fixture(scope="module")
def evaluated(work: Path, trained: Trained, request: pytest.FixtureRequest) -> tuple[str, Run]:
    """A paper, and its kept run, scored anew."""
    with runs_in(work / "evaluated"), pytest.MonkeyPatch.context() as patch:
        undrawn(patch)
        run = runs.find(request.param)
        given = [f"--data.init_args.corpus={trained.numbers}"] if run.corpus == make.NUMBERS else []
        assert command(["evaluate", str(run.folder), "--run.pictures=[]", *given]) == 0
    return request.param, run


# --- What is kept -------------------------------------------------------------------------------------------------------


def test_what_is_kept_is_small_and_names_no_folder_of_a_machine(work: Path) -> None:
    assert {path.stem for path in HERE.glob("*.zip")} == {path.stem for path in HERE.glob("*.json")} == set(PAPERS)
    assert all(path.stat().st_size < 100_000 for path in HERE.glob("*.zip"))
    rooted = re.compile(rb"/(home|root|Users|work|tmp|opt|mnt|private|var)/\w")
    assert not [path for path in (work / "older").rglob("*.*") if path.is_file() and rooted.search(path.read_bytes())]


@each_paper
def test_an_older_run_is_found_and_the_page_lists_it(paper: str, older: dict[str, Run], work: Path) -> None:
    run = older[paper]
    assert run.paper == paper and run.summary["steps"] == make.STEPS
    with runs_in(work / "older"):
        every, refused = Catalogue().runs()
    assert refused == {} and len(every) == len(PAPERS)
    (listed,) = (describe(found) for found in every if found.paper == paper)
    assert listed["ready"] and listed["finished"] and listed["title"] == run.summary["title"]
    assert listed["scores"].keys() == run.scores.keys()


@each_paper
def test_an_older_run_still_gives_the_answers_that_it_gave(paper: str, older: dict[str, Run]) -> None:
    folder = older[paper].folder
    model = restore(runs.at(folder))
    asked = 0
    for path in sorted((folder / "evaluation/test").glob("*.jsonl")):
        for record in records(path):
            asked += answers_again(model, record)
    assert asked == make.LINES


@pytest.mark.parametrize("evaluated", PAPERS, indirect=True)
def test_an_older_run_scores_as_it_did(evaluated: tuple[str, Run], older: dict[str, Run]) -> None:
    paper, run = evaluated
    before = older[paper]
    scores = {split: {name: of_split[name] for name in of_split.keys() - ADDED_SCORES}
              for split, of_split in run.scores.items()}  # fmt: skip
    assert unexpected(paper, differences(before.scores, scores)) == []
    written = sorted((before.folder / "evaluation").rglob("*.jsonl"))
    assert {path.parent.name for path in written} == before.scores.keys()
    for path in written:
        kept, again = records(path), records(run.folder / path.relative_to(before.folder))
        assert unexpected(paper, differences(kept, again[: len(kept)], place=path.name)) == []


def unexpected(paper: str, found: list[str]) -> list[str]:
    """Differences without those that come of another view."""
    return [one for one in found if paper != CHOSE_A_RETIRED_VIEW or not BY_THE_VIEW.search(one.partition(":")[0])]


@pytest.mark.parametrize("evaluated", [CHOSE_A_RETIRED_VIEW], indirect=True)
def test_every_view_that_is_still_made_finds_the_object_as_it_did(
    evaluated: tuple[str, Run], older: dict[str, Run]
) -> None:
    paper, run = evaluated
    for path in sorted(older[paper].folder.glob("evaluation/*/views.json")):
        before = json.loads(path.read_text(encoding="utf-8"))
        now = json.loads((run.folder / path.relative_to(older[paper].folder)).read_text(encoding="utf-8"))
        assert before.keys() - now.keys() == set(RETIRED_VIEWS) and now.keys() <= before.keys()
        assert differences({view: before[view] for view in now}, now) == []


def test_a_retired_view_gives_way_to_the_default_and_is_named(
    older: dict[str, Run], caplog: pytest.LogCaptureFixture
) -> None:
    model = restore(older[CHOSE_A_RETIRED_VIEW])
    assert model.module.view is None and model.module.views == {}
    assert "the view 'rollout_no_identity', which is no longer made; the default view is shown" in caplog.text
    tried = {"views": {"rollout": {"auroc": 0.5}, "rollout_no_identity": {"auroc": 0.4}}}
    model.module.on_load_checkpoint({"view": "rollout", "global_step": 1, "views": tried})
    assert model.module.view == "rollout" and model.module.views == {"views": {"rollout": {"auroc": 0.5}}}


RETIRED = {
    "vit2021": ("ema", 0.9),
    "resnet2016": ("compiled", True),
}  # a setting that is gone, and a value with an effect


@pytest.mark.usefixtures("untested", "undrawn")
@pytest.mark.parametrize("paper", RETIRED)
def test_an_older_run_trains_on_although_its_settings_name_what_is_gone(paper: str, work: Path, tmp_path: Path) -> None:
    shutil.copytree(work / "older" / paper, tmp_path / paper)
    with runs_in(tmp_path):
        run = runs.find(paper)
    assert "ema: 0.0" in run.config.read_text(encoding="utf-8")
    given = ["--run.folder", str(run.folder), "--ckpt_path", str(run.best), f"--trainer.max_steps={make.STEPS + 4}"]
    assert command(["fit", "--config", str(run.config), *given]) == 0
    assert checkpoints.read(run.last)["global_step"] == make.STEPS + 4
    assert "ema" not in run.config.read_text(encoding="utf-8")


@pytest.mark.parametrize("paper", RETIRED)
def test_what_is_gone_and_had_an_effect_is_named_with_the_version_that_had_it(
    paper: str, work: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(work / "older" / paper, tmp_path / paper)
    with runs_in(tmp_path):
        run = runs.find(paper)
    name, value = RETIRED[paper]
    change(run.best, "recipe", name, value)
    with pytest.raises(UserError, match=rf"best.ckpt has recipe.{name}: {value!r}, .* version 0.1.0 was the last"):
        checkpoints.read(run.best)
    text = run.config.read_text(encoding="utf-8")
    run.config.write_text(re.sub(rf"{name}: .*", f"{name}: {str(value).lower()}", text), encoding="utf-8")
    assert command(["evaluate", str(run.folder)]) == 2
    assert f"The configuration has recipe.{name}: {value!r}, " in capfd.readouterr().err


@each_paper
@pytest.mark.usefixtures("undrawn")
def test_an_older_run_gets_its_report(paper: str, work: Path, tmp_path: Path) -> None:
    shutil.copytree(work / "older" / paper, tmp_path / paper)
    with runs_in(tmp_path):
        assert command(["report"]) == 0
        run = runs.find(paper)
    report = html.unescape((run.folder / runs.REPORT).read_text(encoding="utf-8"))
    assert learned(run).replace(" %", "\u00a0%") in report and "draws where it looks" in report


# --- What is refused ----------------------------------------------------------------------------------------------------


def change(checkpoint: Path, part: str, name: str, value: object) -> None:
    """Write a checkpoint again with another setting."""
    content = torch.load(checkpoint, weights_only=True)
    content["hyper_parameters"][part][name] = value
    torch.save(content, checkpoint)


@each_paper
def test_a_choice_that_the_paper_does_not_offer_is_named(paper: str, older: dict[str, Run], tmp_path: Path) -> None:
    training = import_module(f"reproductions.{paper}.training")
    choices = [(part, field.name) for part, kind in (("network", training.Network), ("recipe", training.Recipe))
               for field in fields(kind) if get_origin(field.type) is Literal]  # fmt: skip
    assert choices
    for part, name in choices:
        changed = shutil.copy(older[paper].best, tmp_path / "changed.ckpt")
        change(changed, part, name, "klingon")
        kept = checkpoints.read(changed)
        fingerprints = kept.get("tokenizers", {}) | {"preprocessing": kept.get("preprocessing", "")}
        with pytest.raises(UserError, match=rf"changed.ckpt .*{part}.{name} must be one of .*, not 'klingon'"):
            checkpoints.restore(changed, fingerprints)


def test_a_checkpoint_of_a_paper_that_this_version_does_not_know_says_which_version_wrote_it(
    older: dict[str, Run], tmp_path: Path
) -> None:
    content = torch.load(older["vit2021"].best, weights_only=True) | {"paper": "swin2021"}
    for written, version in (({}, "0.1.0"), ({"version": "0.9.0"}, "0.9.0")):
        torch.save(content | written, tmp_path / "later.ckpt")
        with pytest.raises(
            UserError, match=rf"'swin2021', written by version {version}; this version, .*, has bahdanau"
        ):
            checkpoints.read(tmp_path / "later.ckpt")


def test_a_run_whose_class_this_version_does_not_have_is_named_with_those_that_it_has(
    work: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(work / "older" / "vit2021", tmp_path / "vit2021")
    with runs_in(tmp_path):
        run = runs.find("vit2021")
    text = run.config.read_text(encoding="utf-8")
    for moved in ("reproductions.vit2021.training.Elsewhere", "reproductions.swin2021.training.Swin2021"):
        run.config.write_text(text.replace("reproductions.vit2021.training.ViT2021", moved), encoding="utf-8")
        assert command(["evaluate", str(run.folder)]) == 2
        (line,) = capfd.readouterr().err.splitlines()
        assert f"has no model {moved}; it has reproductions.bahdanau2014.training.Bahdanau2014, " in line


# --- What a new run leaves ----------------------------------------------------------------------------------------------


def added(name: str, key: str) -> bool:
    """Whether a key of a file is newer than the older runs."""
    return (name, key) in ADDED or key == "train/learning_rate" or not ADDED_SCORES.isdisjoint(re.split("[./]", key))


@each_paper
def test_a_new_run_leaves_the_files_keys_and_tracked_values_of_an_older_one(paper: str, trained: Trained) -> None:
    run = trained(paper)
    before, now = json.loads((HERE / f"{paper}.json").read_text(encoding="utf-8")), make.trace(run.folder)
    kept = [file for file in before["files"] if not NO_LONGER_DRAWN.fullmatch(file)]
    assert [file for file in now["files"] if file not in ADDED_FILES] == kept
    for name, keys in before["keys"].items():
        assert [key for key in now["keys"][name] if not added(name, key)] == keys, name
    logged = {key: kind for key, kind in now["tracked"]["logged"].items() if not added("logged", key)}
    assert now["tracked"] | {"logged": logged} == before["tracked"]


@each_paper
def test_a_new_run_learns_what_an_older_one_learned(paper: str, trained: Trained, older: dict[str, Run]) -> None:
    before, run = older[paper], trained(paper)
    for name in ("parameters", "steps", "epochs", "seed", of(before.paper).counted):
        assert run.summary[name] == before.summary[name], name
    losses = [[line.get("valid/perplexity", line.get("valid/loss")) for line in lines(one.folder / "validation.jsonl")]
              for one in (before, run)]  # fmt: skip
    assert len(losses[0]) == 2 and differences(*losses, rel=0.01) == []


def test_a_difference_is_named_and_what_only_rounding_or_speed_changes_is_none() -> None:
    older = {"a": [1.0, {"b": 3}], "images_per_s": 5.0, "signature": "bleu version:2.6.0"}
    assert differences(older, {"a": [1.0002, {"b": 3}], "images_per_s": 9.0, "signature": "bleu version:2.7.1"}) == []
    assert differences(older, older | {"a": [1.01, {"b": 4}]}) == [
        ".a[0]: expected 1.0, found 1.01",
        ".a[1].b: expected 3, found 4",
    ]
    assert differences({RESAMPLED: [0.5]}, {RESAMPLED: [0.505]}) == []
    assert len(differences(older, {"a": older["a"]})) == len(differences([1, 2], [1])) == len(differences(1, 1.0)) == 1
