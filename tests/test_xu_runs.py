"""Runs of the captioner, soft and hard: what is written of every caption, and the figure that needs both."""

import pytest
from toy_run import overrides, undrawn
from trained import ROOT
from written import lines

from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.commands.figures import xu2015
from reproductions.evaluation.records import load
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.training import checkpoints


@pytest.fixture(scope="module")
def both(trained, tmp_path_factory):
    """A folder of runs with one of soft and one of hard attention."""
    folder = tmp_path_factory.mktemp("captions")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("RUNS_DIR", str(folder))
        patch.setenv("DATA_DIR", str(trained.data))
        few = {"data.init_args.size": 16, "data.init_args.images": 48, "run.pictures": "[]",
               "trainer.limit_val_batches": 2, "trainer.limit_test_batches": 2}  # fmt: skip
        with pytest.MonkeyPatch.context() as training:
            undrawn(training)
            assert command(["train", "xu2015", "--variant", "hard", *overrides(4, "xu2015", **few)]) == 0
        trained.copy("xu2015", folder)
        yield {variant: runs.find("xu2015", variant) for variant in ("captions", "captions-hard")}


@pytest.fixture
def soft(trained):
    return trained("xu2015")


def test_what_was_said_and_what_of_it_is_true_is_written_for_every_image(soft):
    folder = soft.folder / "evaluation" / "test"
    captions = lines(folder / "captions.jsonl")
    assert len(captions) == 32 and {"caption", "true", "right", "references"} <= captions[0].keys()
    own, forced = (load(folder / f"{name}.jsonl", CaptionedImage) for name in ("own", "forced"))
    assert [caption.index for caption in own] == [caption.index for caption in forced]
    assert all(caption.forced and caption.text == caption.references[0] for caption in forced)
    assert {path.name for path in folder.glob("test-*.png")} == {"test-8-own.png", "test-8-forced.png"}
    assert "all true captions" in (soft.folder / "report.html").read_text(encoding="utf-8")


def test_soft_and_hard_say_which_they_are_and_hard_attention_keeps_its_baseline(both):
    for variant, name in (("captions", "soft"), ("captions-hard", "hard")):
        assert both[variant].summary["title"] == f"Show, Attend and Tell, {name} attention"
    assert checkpoints.read(both["captions-hard"].last)["state_dict"]["baseline"] < 0


def test_soft_and_hard_are_drawn_side_by_side_over_the_same_words(both, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(both["captions"].folder.parents[2]))
    monkeypatch.setattr(xu2015, "DRAWN", 1)
    assert command(["figures", "--data", "captions", "--out", str(tmp_path)]) == 0
    drawn = {path.stem for path in tmp_path.glob("xu2015/*.png")}
    assert drawn == {"figure-2-soft-and-hard-0", "soft-and-hard-words"}
    assert str(tmp_path / "xu2015/soft-and-hard-words.png") in capsys.readouterr().out


def test_without_the_other_run_the_figure_names_the_command(trained, place, capfd):
    trained.copy("xu2015", place / "runs")
    assert command(["figures", "--out", str(place)]) == 2
    assert "make train-xu VARIANT=hard" in capfd.readouterr().err
