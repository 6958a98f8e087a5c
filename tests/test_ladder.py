"""The ladder from 2014 to 2017: each rung is trained once, changes what it says, and stands in one table and figure."""

import json
import re

import pytest
import yaml
from toy_run import NETWORK, in_this_process
from trained import ROOT, translate_perfectly

from reproductions.__main__ import run as command
from reproductions.commands import ladder
from reproductions.experiments.ladder import RUNGS, table, text

KEPT = {("5", "layers"), ("5", "heads")}  # what a rung is about


def configs():
    """The configuration of every rung."""
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROOT.glob("configs/ladder/*.yaml")}


def write_small(folder):
    """The ladder's configurations with networks of a few numbers."""
    for name, settings in configs().items():
        paper = settings["model"]["class_path"].split(".")[1]
        settings["model"]["init_args"]["network"] |= {
            key: value for key, value in NETWORK[paper].items() if (name[0], key) not in KEPT
        }
        settings["data"]["init_args"] |= {"pairs": 300, "batch_tokens": 600, "test_splits": ["test"]}
        settings["run"] = settings.get("run", {}) | {"pictures": []}
        settings["trainer"] |= {"max_steps": 3, "val_check_interval": 3, "enable_progress_bar": False, "limit_val_batches": 2,
                                "limit_test_batches": 2}  # fmt: skip
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


@pytest.mark.usefixtures("undrawn")
def test_the_ladder_trains_what_is_missing_and_ends_in_a_table_and_a_figure(place, tmp_path, monkeypatch, capsys):
    (tmp_path / "configs").mkdir()
    write_small(tmp_path / "configs")
    monkeypatch.setattr(ladder, "CONFIGS", tmp_path / "configs")
    began = in_this_process(monkeypatch)
    assert command(["ladder", "--jobs", "1"]) == 0
    folder = place / "runs/ladder"
    rows = json.loads((folder / "ladder.json").read_text(encoding="utf-8"))
    assert [row["rung"] for row in rows] == [rung.label for rung in RUNGS.values()]
    assert [row["aer"] is None for row in rows] == [name.split("-")[1] == "rnnencdec" for name in RUNGS]
    assert {row["steps"] for row in rows} == {3} and len(began) == len(RUNGS)
    printed = capsys.readouterr().out
    assert re.search(r"A step may be several changes\. The last AER .* in the naive view it is [\d.]+ %", printed)
    assert "significant, p" in printed and "Transformer, 1 layer, 1 head" in printed
    assert (folder / "ladder.png").is_file() and (folder / "ladder.pdf").is_file()
    assert command(["ladder", "--jobs", "1"]) == 0
    assert len(began) == len(RUNGS), "what has scores is not trained again"
    assert command(["ladder", "--jobs", "1", "--trainer.max_steps", "9"]) == 0
    assert "All is trained, so that --trainer.max_steps 9 changes nothing" in capsys.readouterr().err


def test_a_step_is_measured_from_the_rung_before_it(trained, tmp_path):
    before, after = trained("luong2015"), translate_perfectly(trained.copy("luong2015", tmp_path))
    first, second = rows = table({"1-rnnencdec": before, "2-rnnsearch": after})
    (change,) = second["changes"]
    assert first["changes"] == [] and (change["what"], change["from"]) == ("attention", first["rung"])
    assert change["difference"] == pytest.approx(100 - before.scores["test"]["bleu"])
    assert f"{first['rung']} → {second['rung']} (attention): +" in text(rows)
    assert first["tokens_per_s"] == pytest.approx(before.summary["target_tokens"] / before.summary["training_seconds"])


def test_all_rungs_of_the_ladder_share_data_budget_and_search():
    rungs = configs()
    assert sorted(rungs) == list(RUNGS)
    first = rungs["1-rnnencdec"]
    for config in rungs.values():
        assert config["data"] == first["data"] and config["seed_everything"] == first["seed_everything"]
        assert config["model"]["init_args"]["search"] == first["model"]["init_args"]["search"]
        assert config["model"]["init_args"]["network"]["dropout"] == 0
        assert config["trainer"]["max_steps"] == first["trainer"]["max_steps"]


def test_what_a_rung_is_said_to_change_is_all_that_it_changes():
    rungs = configs()
    for name, rung in RUNGS.items():
        for other, what in rung.changes.items():
            if not what.startswith(("attention", "training")):
                continue  # from one paper to the other
            ours, theirs = (rungs[stem]["model"]["init_args"] for stem in (name, other))
            differs = {key for part in ours for key in ours[part] if ours[part][key] != theirs[part][key]}
            assert differs and differs <= ({"attention"} if what == "attention" else set(ours["recipe"]))
