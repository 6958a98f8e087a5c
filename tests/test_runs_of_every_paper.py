"""What holds for a run of any paper: it answers and scores again as it did, tells the tracker what it keeps, and goes on
after a stop as if there had been none.
"""

import html
import json
import os
import re
import shutil
import signal
from collections import defaultdict
from operator import itemgetter

import pytest
import torch
import wandb_offline
from full_disk import room_for
from PIL import Image
from toy_run import NETWORK, overrides
from written import SPEED, answers_again, lines, records

from data.errors import UserError
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.papers import PAPERS, TASKS
from reproductions.reports import fixed
from reproductions.runs import REPORT, Run
from reproductions.tasks.report import learned
from reproductions.tasks.report.page import keep
from reproductions.tasks.task import of, restore
from reproductions.training import checkpoints
from reproductions.training.callbacks import Reseed

each_paper = pytest.mark.parametrize("paper", PAPERS)


def without_speed(scores):
    return {
        split: {name: value for name, value in of_split.items() if not name.endswith(SPEED)}
        for split, of_split in scores.items()
    }


# --- Trained, reloaded, evaluated ---------------------------------------------------------------------------------------


@each_paper
def test_a_reloaded_model_answers_as_it_did_when_it_was_scored(paper, trained, place):
    model, answered = restore(trained(paper)), 0
    for path in sorted((trained(paper).folder / "evaluation/test").glob("*.jsonl")):
        answered += sum(answers_again(model, record) for record in records(path)[:4])
    assert answered >= 2


@each_paper
@pytest.mark.usefixtures("undrawn")
def test_a_run_that_is_evaluated_again_scores_as_it_did(paper, trained, place, capsys):
    """Also where views.json is of a later validation than the best checkpoint."""
    run, before = trained.copy(paper, place / "runs"), trained(paper)
    capsys.readouterr()
    views = run.folder / "views.json"
    if views.exists():
        views.write_text('{"chosen": "of a later validation"}', encoding="utf-8")
    assert command(["evaluate", str(run.folder), "--run.pictures=[]"]) == 0
    assert without_speed(run.scores) == without_speed(before.scores) != {}
    kept = [*before.folder.glob("evaluation/*/*.jsonl"), *before.folder.glob("views.json")]
    for path in kept:
        assert (run.folder / path.relative_to(before.folder)).read_text() == path.read_text()
    printed = capsys.readouterr().out
    said = printed.strip().splitlines()
    assert len(printed.splitlines()) <= 12 and learned(run) in said
    assert [line.split(":")[0] for line in said if re.match(r"[A-Z]\w+: ", line)] == ["Look", "Try", "Next"]
    assert all("make " in line for line in said[-2:])
    assert [heading for heading, _ in of(paper).columns.values()] in [re.split("  +", line.strip()) for line in said]
    for name, (heading, digits) in of(paper).columns.items():
        value = before.scores["test"].get(name)
        assert value is None or f"{value * (100 if heading.endswith('%') else 1):.{digits}f}" in printed


@each_paper
def test_every_record_names_the_model_and_the_step_of_the_best_checkpoint(paper, trained):
    run = trained(paper)
    best, title = checkpoints.read(run.best), run.summary["title"]
    named = [record for path in run.folder.glob("evaluation/*/*.jsonl") for record in records(path)
             if hasattr(record, "model")]  # fmt: skip
    assert named and {record.model for record in named} == {f"{title}, step {best['global_step']}"}
    assert {scores["step"] for scores in run.scores.values()} == {best["global_step"]}


# --- The tracker and the folder -----------------------------------------------------------------------------------------


# Task -> file of its answers, and an answer in it; the tracker's table, its column, and whether it has only what is drawn.
ANSWERS = {
    "translation": ("translations.jsonl", itemgetter("hypothesis"), "sentences", "translation", False),
    "language": ("read.jsonl", lambda line: " ".join(line["words"][:-1]), "sentences", "sentence", False),
    "images": ("answers.jsonl", itemgetter("predicted"), "images", "predicted", True),
    "captions": ("captions.jsonl", itemgetter("caption"), "captions", "caption", True),
}


def table(path, key, column):
    """A column of a tracked table by the index of its rows."""
    (name,) = {row[f"{key}.path"] for row in wandb_offline.read(path).history if f"{key}.path" in row}
    content = json.loads((path.parent / "files" / name).read_text(encoding="utf-8"))
    index, place = content["columns"].index("index"), content["columns"].index(column)
    return {row[index]: row[place] for row in content["data"]}


@each_paper
def test_the_tracker_holds_the_scores_and_rows_that_the_folder_holds(paper, trained):
    run = trained(paper)
    path = wandb_offline.files(run.folder)[0]
    tracked, (file, answer_of, named, answer, pictured) = wandb_offline.read(path), ANSWERS[PAPERS[paper].task]
    validations = lines(run.folder / "validation.jsonl")
    assert [line["step"] for line in validations] == [4, 8]
    for name in validations[0].keys() - {"step"}:
        times = 100 if re.fullmatch(r".*/aer(_naive)?", name) else 1  # per cent
        values = [line[name] and times * line[name] for line in validations]
        assert tracked.values(name) == pytest.approx([float("nan") if value is None else value for value in values], rel=1e-5,
                                                     nan_ok=True), name  # fmt: skip
    for split, scores in run.scores.items():
        for name, value in scores.items():
            if f"valid/{name}" in validations[0] and value is not None and not name.startswith("aer"):
                assert tracked.values(f"{split}/{name}") == pytest.approx([value]), name
        answers = {line["index"]: answer_of(line) for line in lines(run.folder / "evaluation" / split / file)}
        rows = table(path, f"{split}/{named}", answer)
        assert rows == {index: answers[index] for index in rows} and (rows.keys() == answers.keys() or pictured)
    assert tracked.config["model"]["init_args"]["recipe"] and tracked.exit_code == 0
    assert tracked.best == [of(paper).monitor] and tracked.summary["best"] == run.summary["best"]
    assert max(tracked.values("train/learning_rate")) > 0
    assert run.summary[of(paper).counted] > 0 and tracked.values(f"train/{of(paper).unit}_per_s")[-1] > 0


@each_paper
def test_the_artifact_of_a_run_is_a_folder_that_restores_it(paper, trained, tmp_path):
    run = trained(paper)
    ((name, artifact),) = wandb_offline.read(wandb_offline.files(run.folder)[0]).artifacts.items()
    for file in artifact.manifest.contents:
        (tmp_path / file.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file.local_path, tmp_path / file.path)
    restored, about = runs.at(tmp_path), json.loads(artifact.metadata)
    assert (restored.paper, restored.scores, restored.summary) == (paper, run.scores, run.summary)
    assert restore(restored) is not None
    assert name == run.name.replace("/", "-") and about["paper"] == paper and about["scores"] == run.scores


@each_paper
def test_a_run_keeps_the_optimiser_once_and_what_the_tracker_copies_takes_no_room(paper, trained):
    run = trained(paper)
    best, last = checkpoints.read(run.best), checkpoints.read(run.last)
    weights = sum(tensor.numel() * tensor.element_size() for tensor in best["state_dict"].values())
    frame = 10_000 + 400 * len(best["state_dict"])  # settings and, for each tensor, its name and shape
    assert weights >= 4 * run.summary["parameters"] and run.best.stat().st_size < weights + frame
    assert last["optimizer_states"] and run.last.stat().st_size < 3 * (weights + frame)

    alignments = PAPERS[paper].task in ("translation", "language")
    pictures = [*run.folder.glob("evaluation/*/*.png"), *run.folder.glob("pictures/*/step-*.png")] if alignments else []
    assert all(Image.open(path).mode == "P" for path in pictures)  # 256 colours: a third of the size
    names = defaultdict(set)  # the files, by their content; a file with several names counts once
    for path in [run.best, *(run.folder / of(paper).kept).glob("*.json"), *run.folder.glob("evaluation/*/*.png")]:
        names[path.read_bytes()].add(path.stat().st_ino)
    staged = [path for path in run.folder.glob("wandb/*/**/*") if path.is_file() and path.read_bytes() in names]
    assert len({path.read_bytes() for path in staged}) >= 2
    for path in staged:
        names[path.read_bytes()].add(path.stat().st_ino)
    assert all(len(inodes) == 1 for inodes in names.values())


@each_paper
def test_every_validation_draws_the_same_things_and_says_at_which_step(paper, trained):
    run = trained(paper)
    tracked = wandb_offline.read(wandb_offline.files(run.folder)[0])
    captions = {key.removesuffix(".caption").split("/")[1]: [str(caption) for caption in tracked.values(key)]
                for row in tracked.history for key in row if "/valid-" in key and key.endswith(".caption")}  # fmt: skip
    drawn = {path.name: sorted(step.stem for step in path.glob("step-*")) for path in run.folder.glob("pictures/*")}
    assert captions.keys() == drawn.keys() and captions
    for name, files in drawn.items():
        assert files == ["step-0000004", "step-0000008"]
        assert [f"{run.summary['title']}, step {step} · " in caption for step, caption in
                zip((4, 8), captions[name], strict=True)] == [True, True]  # fmt: skip


# --- The report ---------------------------------------------------------------------------------------------------------


def read_report(run):
    return html.unescape((run.folder / REPORT).read_text(encoding="utf-8"))


@each_paper
def test_every_run_has_a_report_that_begins_with_its_attention_and_what_it_learned(paper, trained):
    run = trained(paper)
    page = read_report(run)
    assert (run.folder / REPORT).stat().st_size < 3e6
    places = [
        page.index(text)
        for text in ("<img", learned(run).replace(" %", "\u00a0%"), ">Scores<", ">Training<", ">Files<")
    ]
    assert places == sorted(places)
    for split, scores in run.scores.items():
        assert f">{split} (" in page
        for name, (heading, digits) in of(paper).columns.items():
            assert f"<th>{heading}</th>" in page or name not in scores
            if interval := scores.get(f"{name}_interval"):
                low, high = (fixed(bound * (100 if heading.endswith("%") else 1), digits) for bound in interval)
                assert f"({low} to {high})" in page
    for said in (
        "Departures from the paper",
        "8 steps in",
        run.summary["torch"],
        "trainer.max_steps",
        PAPERS[paper].authors,
    ):
        assert said in page


@each_paper
def test_a_report_needs_nothing_but_itself_and_its_links_lead_to_files(paper, trained):
    run = trained(paper)
    page = read_report(run)
    assert not re.findall(r"<script|<link|<iframe|@import|url\(", page)
    assert all(picture.startswith("data:image/png;base64,") for picture in re.findall(r'src="([^"]*)', page))
    links, anchors = re.findall(r'href="([^"]*)', page), set(re.findall(r'id="([^"]*)', page))
    assert len(links) > 10
    for link in links:
        assert link[1:] in anchors if link.startswith("#") else (run.folder / link).exists(), link


@each_paper
@pytest.mark.usefixtures("undrawn")
def test_before_its_end_a_report_says_how_far_the_training_went(paper, trained, place, capsys):
    run = trained.copy(paper, place / "runs")
    shutil.rmtree(run.folder / "evaluation")
    (run.folder / "summary.json").unlink()
    first, *_ = (run.folder / "validation.jsonl").read_text(encoding="utf-8").splitlines()
    (run.folder / "validation.jsonl").write_text(first, encoding="utf-8")
    assert command(["report", str(run.folder)]) == 0
    assert capsys.readouterr().out == f"{run.folder / REPORT}\n"
    page = read_report(run)
    assert "step 4 of 8, goes on" in page and "the scores of its last validation" in page and "At step 8." in page


@each_paper
@pytest.mark.usefixtures("undrawn")
def test_a_report_that_cannot_be_written_is_a_warning_and_the_training_goes_on(
    paper, trained, place, monkeypatch, caplog
):
    run = trained.copy(paper, place / "runs")
    caplog.clear()  # of a training
    before = (run.folder / REPORT).read_bytes()
    with room_for(len(before) // 2):
        keep(run)
    assert (run.folder / REPORT).read_bytes() == before
    (run.folder / REPORT).unlink()
    (run.folder / REPORT).mkdir()
    keep(run)
    ends = f". 'make report RUN={run.folder}' tries again."
    begins = f"{run.folder / REPORT} could not be written: "
    assert caplog.messages == [f"{begins}File too large{ends}", f"{begins}Is a directory{ends}"]


def test_a_run_that_was_continued_has_no_old_scores_in_its_report(trained, place):
    run = trained.copy("bahdanau2014", place / "runs")
    *_, last = lines(run.folder / "validation.jsonl")
    with (run.folder / "validation.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(last | {"step": 12}) + "\n")
    assert command(["report"]) == 0
    page = read_report(run)
    assert "step 12 of 8, goes on" in page and "<td>" in page and ">test (" not in page


def test_a_word_that_the_model_does_not_know_is_named_beside_its_sentence(trained, place):
    run = trained.copy("bahdanau2014", place / "runs")
    path = run.evaluation("test", "translations.jsonl")
    path.write_text(path.read_text(encoding="utf-8").replace('"source":"', '"source":"zebra '), encoding="utf-8")
    assert command(["report", str(run.folder)]) == 0
    assert "The model does not know: zebra." in read_report(run)


def test_what_a_report_cannot_be_made_of_is_one_sentence(trained, place, capfd):
    assert command(["report"]) == 2
    assert "There is no run" in capfd.readouterr().err
    run = trained.copy("bahdanau2014", place / "runs")
    (run.folder / runs.SCORES).write_text('{"test": {"bleu": "high"}}', encoding="utf-8")
    assert command(["report"]) == 2
    assert "scores.json is damaged (bleu must be" in capfd.readouterr().err
    shutil.rmtree(run.folder / "evaluation")
    (run.folder / "validation.jsonl").unlink()
    assert command(["report"]) == 2
    (error,) = capfd.readouterr().err.splitlines()
    assert error.endswith("has not reached its first validation yet: its report is written then.")


@pytest.mark.parametrize("paper", ["bahdanau2014", "xu2015", "cheng2016", "vit2021"])
def test_a_report_fits_a_phone_and_asks_nobody(paper, trained, browser):
    browser.requests.clear()
    browser.faults.clear()
    browser.size(390)
    browser.open((trained(paper).folder / REPORT).as_uri())
    assert browser.run("document.documentElement.scrollWidth") == 390
    assert browser.run("document.querySelector('.lead img').naturalWidth") > 300
    cut = "[...document.querySelectorAll('.wide:has(.stacked)')].filter((e) => e.scrollWidth > e.clientWidth).length"
    assert browser.run(cut) == 0, "every number is in sight"
    for part in ("details.sentence", "details.part"):
        browser.run(f"document.querySelector('{part}').open = true")
        assert browser.run("document.documentElement.scrollWidth") == 390
    assert [url for url in browser.requests if not url.startswith(("file:", "data:", "about:"))] == browser.faults == []


# --- Stopped ------------------------------------------------------------------------------------------------------------

NOTHING_ELSE = {"trainer.limit_val_batches": 2, "run.pictures": "[]"}
NUMBERS = {"data.init_args.batch_tokens": 480, "model.init_args.network.dropout": 0.3}  # an epoch is five batches
ACCORD = {"data.init_args.pairs": 200, "data.init_args.vocabulary": 60, "data.init_args.batch_tokens": 1000,
          "data.init_args.test_splits": '["test","long"]', "model.init_args.network.dropout": 0.3}  # fmt: skip
IMAGES = {"data.init_args.size": 16, "data.init_args.images": 48}  # an epoch is three batches
# What a run draws by chance while it learns; the last step before it is stopped; with which signal, and its exit status.
STOPPED = {
    "bahdanau2014": (NUMBERS | {"model.init_args.recipe.optimizer": "adadelta"}, 5, signal.SIGTERM, 143),  # between epochs
    "luong2015": (NUMBERS | {"model.init_args.recipe.optimizer": "sgd"}, 2, signal.SIGINT, 130),
    "xu2015": (IMAGES | {"data.init_args.shift": 1, "model.init_args.network.attention": "hard", "trainer.val_check_interval": 8},
               5, signal.SIGTERM, 143),
    "cheng2016": (ACCORD, 6, signal.SIGINT, 130),  # where last.ckpt has just been written
    "resnet2016": (IMAGES | {"data.init_args.flip": "true", "data.init_args.shift": 2, "trainer.val_check_interval": 8},
                   3, signal.SIGTERM, 143),
    "transformer2017": (NUMBERS | {"trainer.val_check_interval": 8}, 7, signal.SIGINT, 130),
    "vit2021": (IMAGES | {"data.init_args.shift": 2, "data.init_args.mixup": 0.2, "model.init_args.network.stem": "conv",
                          "model.init_args.network.dropout": 0.2}, 4, signal.SIGINT, 130),  # where a validation follows
}  # fmt: skip


@each_paper
@pytest.mark.usefixtures("untested", "undrawn")
def test_a_stopped_run_goes_on_bit_for_bit_as_one_that_was_not_stopped(paper, trained, place, monkeypatch, capfd):
    settings, step, number, status = STOPPED[paper]
    numbers = ["--data", str(trained.numbers)] if settings.items() >= NUMBERS.items() else []
    given = ["train", paper, *numbers, *overrides(8, paper, **NOTHING_ELSE | settings)]
    assert command(given) == 0
    (whole,) = (place / "runs").glob("*/*/*")
    said = capfd.readouterr().err
    kept = [line for line in said.splitlines() if line.startswith("step ")]
    assert len(kept) == len(lines(whole / "validation.jsonl")) and kept[-1].startswith("step 8/8 · loss ")
    assert all(f" · valid {next(iter(of(paper).headline.values()))[0].removesuffix(' %')} " in line for line in kept)
    assert not re.search(r"\r|\033|GPU|TPU|Seed|[Rr]estor|Loaded|DataLoader|stopped:", said)
    monkeypatch.setenv("RUNS_DIR", str(place / "stopped"))
    reseed = Reseed.on_train_batch_start

    def signalled(self, trainer, *batch):
        if trainer.global_step == step - 1:
            os.kill(os.getpid(), number)
        reseed(self, trainer, *batch)

    with monkeypatch.context() as patch:
        patch.setattr(Reseed, "on_train_batch_start", signalled)
        assert command(given) == status
    error = capfd.readouterr().err
    assert "its state is saved, continue with --resume" in error and "Traceback" not in error
    (stopped,) = (place / "stopped").glob("*/*/*")
    assert checkpoints.read(Run(stopped).last)["global_step"] == step
    assert command(["train", paper, *numbers, "--resume"]) == 0
    expected, found = (checkpoints.read(Run(folder).last) for folder in (whole, stopped))
    assert expected["epoch"] >= 1 and expected["global_step"] == 8
    for part in ("state_dict", "optimizer_states", "lr_schedulers"):
        torch.testing.assert_close(found[part], expected[part], rtol=0, atol=0)


# --- Refused ------------------------------------------------------------------------------------------------------------


@each_paper
def test_a_command_of_another_task_is_refused_with_what_the_run_does(paper, trained, capfd):
    task = PAPERS[paper].task
    for name, asked in (("translate", "translation"), ("look", "images")):
        if asked != task:
            assert command([name, "that.jpg", "--run", str(trained(paper).folder)]) == 2
            (error,) = capfd.readouterr().err.splitlines()
            assert error.startswith("error: ") and TASKS[task] in error


@each_paper
def test_another_vocabulary_or_preprocessing_than_the_checkpoint_s_is_refused_by_name(paper, trained):
    best = trained(paper).best
    fits = {
        **checkpoints.read(best).get("tokenizers", {}),
        "preprocessing": checkpoints.read(best).get("preprocessing"),
    }
    fits = {name: fingerprint for name, fingerprint in fits.items() if fingerprint is not None}
    checkpoints.restore(best, fits)
    for name in fits:
        words = "preprocessing" if name == "preprocessing" else f"{name} tokeniser"
        with pytest.raises(UserError, match=f"The {words} does not fit .*best.ckpt"):
            checkpoints.restore(best, fits | {name: "another"})


@each_paper
def test_weights_of_another_size_are_refused(paper, trained, tmp_path):
    """What the checkpoint says of its network must be what its weights are; and so must the command line."""
    checkpoint = torch.load(trained(paper).best, weights_only=True)
    name = next(name for name, size in NETWORK[paper].items() if name in ("hidden", "d_ff", "d_mlp", "width"))
    checkpoint["hyper_parameters"]["network"][name] += 2
    torch.save(checkpoint, tmp_path / "other.ckpt")
    fits = {**checkpoint.get("tokenizers", {}), "preprocessing": checkpoint.get("preprocessing")}
    with pytest.raises(UserError, match="other.ckpt .*do not fit"):
        checkpoints.restore(tmp_path / "other.ckpt", fits)


@each_paper
def test_an_evaluation_never_takes_the_checkpoints_network_for_that_of_the_command_line(paper, trained, place, capfd):
    name = next(name for name in NETWORK[paper] if name in ("hidden", "d_ff", "d_mlp", "width"))
    given = f"--model.init_args.network.{name}={NETWORK[paper][name] + 2}"
    assert command(["evaluate", str(trained(paper).folder), given]) == 2
    error = capfd.readouterr().err.splitlines()[-1]
    assert f"network.{name}" in error and "best.ckpt" in error
