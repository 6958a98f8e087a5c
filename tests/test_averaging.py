"""A Transformer on a few sentences: each validation chooses a view, and the mean of the last snapshots is validated, too."""

import json
import shutil

import pytest
import torch
from older_runs import make
from toy_run import overrides, undrawn
from trained import ROOT
from written import lines

from data.translation import TranslationData
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.commands.lightning import cli
from reproductions.evaluation.records import load
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.tasks.translation.links import BY_ALIGNER, links_of
from reproductions.training import checkpoints, tracking
from reproductions.training.averaging import average, snapshots

WEIGHTS = ("step", "averaged")  # what tells the validations of a run apart
SETTINGS = make.SETTINGS["transformer2017"] | {"run.average": 3, "run.snapshot_every": 2,
                                              "model.init_args.search.width": 1}  # fmt: skip


@pytest.fixture(scope="module")
def averaged(trained, tmp_path_factory):
    """A run whose last snapshots are averaged: its folder, the captions of its pictures by their place, what was averaged."""
    captions, weights = {}, {}

    def averaging(paths):
        weights.update({path.stem: torch.load(path, weights_only=True) for path in paths})
        return average(paths)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("RUNS_DIR", str(tmp_path_factory.mktemp("averaging")))
        patch.setenv("DATA_DIR", str(trained.data))
        patch.setattr(tracking, "log_picture", lambda *given, **_: captions.update(
            {f"{given[2].parent.name}/{given[2].name}": given[3]}))  # fmt: skip
        patch.setattr(cli, "average", averaging)
        undrawn(patch)
        assert command(["train", "transformer2017", *overrides(8, "transformer2017", **SETTINGS)]) == 0
        run = runs.find("transformer2017")
    return run, captions, weights  # what other tests train is tracked again


def test_the_view_is_chosen_by_validation_and_stands_in_checkpoint_records_and_picture(averaged):
    run, *_ = averaged
    views, best = json.loads((run.folder / "views.json").read_text()), checkpoints.read(run.best)
    assert views["by"] == "gold links" and len(views["views"]) == 3 * 3 * 2 * 2
    rates = {view: scores["aer"] for view, scores in views["views"].items()}
    assert rates[views["chosen"]] == min(rates.values())
    assert views == best["views"] and views["chosen"] == best["view"] and views["step"] == best["global_step"]
    assert views["diagonal"] == pytest.approx(run.scores["test"]["aer_of_the_diagonal"], abs=0.1), "other sentences"
    assert (run.folder / "views.png").is_file()
    described = run.scores["test"]["view"]
    records = load(run.folder / "evaluation/test/forced.jsonl", AlignedTranslation)
    assert {record.view for record in records} == {described} and ("norms" in described) == best["view"].endswith(
        "norms"
    )


def test_the_table_of_views_is_that_of_the_best_checkpoint(averaged):
    run, *_ = averaged
    views = json.loads((run.folder / "views.json").read_text())
    (line,) = (line for line in lines(run.folder / "validation.jsonl")
               if [line.get(key) for key in WEIGHTS] == [views.get(key) for key in WEIGHTS])  # fmt: skip
    assert views["views"][views["chosen"]]["aer"] == pytest.approx(line["valid/aer"])
    assert views.get("averaged") == (3 if run.summary["averaged"]["kept"] else None)


def test_the_last_snapshots_are_averaged_and_validated_and_take_no_room_afterwards(averaged):
    run, _, weights = averaged
    summary, best = run.summary["averaged"], checkpoints.read(run.best)["state_dict"]
    assert list(weights) == summary["snapshots"] == ["step-00000004", "step-00000006", "step-00000008"]
    mean = sum(each["model.head.weight"] for each in weights.values()) / 3
    assert torch.allclose(best["model.head.weight"], mean) == summary["kept"]
    assert snapshots(run.snapshots) == []


@pytest.mark.usefixtures("undrawn")
def test_a_training_that_has_ended_and_is_continued_keeps_its_average(averaged, tmp_path, monkeypatch):
    run, *_ = averaged
    shutil.copytree(run.folder, tmp_path / run.name)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    monkeypatch.chdir(ROOT)
    assert command(["train", "transformer2017", "--resume"]) == 0
    again = runs.Run(tmp_path / run.name)
    assert again.summary["averaged"] == run.summary["averaged"]
    assert again.best.read_bytes() == run.best.read_bytes()


def test_averaged_weights_are_told_from_those_of_the_last_step_and_are_in_no_curve(averaged):
    run, captions, _ = averaged
    validations = lines(run.folder / "validation.jsonl")
    assert [[line.get(key) for key in WEIGHTS] for line in validations] == [[4, None], [8, None], [8, 3]]
    assert run.summary["averaged"]["score"] == pytest.approx(validations[-1]["valid/bleu"], abs=1e-4)
    first, last, mean = (line["valid/perplexity"] for line in validations)
    assert [line["valid/perplexity"] for line in run.validations] == [first, last] and mean != last
    drawn = {name: caption for name, caption in captions.items() if name.startswith("valid-115/")}
    assert sorted(drawn) == [f"valid-115/{name}.png" for name in ("mean-0000008", "step-0000004", "step-0000008")]
    assert drawn["valid-115/mean-0000008.png"].startswith("Transformer, mean of 3 snapshots ·")
    assert drawn["valid-115/step-0000008.png"].startswith("Transformer, step 8 ·")


def test_a_model_with_one_attention_has_nothing_to_choose(trained):
    run = trained("bahdanau2014")
    assert not (run.folder / "views.json").exists() and checkpoints.read(run.best)["view"] == "L1 H1 shift0"


def test_without_gold_a_statistical_aligner_gives_the_links_that_choose_a_view(trained, place):
    data = TranslationData(corpus=str(trained.numbers), batch_tokens=160)
    _, by, links = links_of(data)
    examples = data.examples("valid")
    assert by == BY_ALIGNER and len(links) == len(examples)
    right = total = 0
    for index, example in enumerate(examples):
        last = len(example.source.split()) - 2  # of the numbers, which stand in reverse; the full stop comes after it
        right += sum((last - place, place) in links[index].sure for place in range(last + 1))
        total += last + 1
    assert right > 0.7 * total
    assert "aer" not in trained("bahdanau2014").scores["test"]
