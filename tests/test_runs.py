"""The folder of a run: read without torch, as it is now, under a name of its own."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from data.errors import UserError
from reproductions import runs
from reproductions.compare.comparison import comparable
from reproductions.runs import Run

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "tests/older_runs"
READ = """
import sys
from pathlib import Path
from reproductions import runs
from reproductions.compare import classifiers, translators

for module, papers in ((translators, ("luong2015", "transformer2017")), (classifiers, ("resnet2016", "vit2021"))):
    chosen = [runs.find(paper, having=runs.SCORES) for paper in papers]
    comparison = module.compare([run.folder for run in chosen])
    for run, row in zip(chosen, comparison.numbers["runs"], strict=True):
        print(run.paper, run.task, row["name"], len(run.views), sep=", ")
    for drawing in comparison.drawings:
        drawing.write(Path(sys.argv[1]))
print(sorted({"torch", "lightning", "wandb"} & set(sys.modules)))
"""


def test_runs_are_read_compared_and_drawn_without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for paper in ("luong2015", "transformer2017", "resnet2016", "vit2021"):
        with zipfile.ZipFile(KEPT / f"{paper}.zip") as packed:
            packed.extractall(tmp_path / "runs")
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    command = [sys.executable, "-c", READ, str(tmp_path / "drawn")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[-1] == "[]"
    assert [line.split(", ")[:2] for line in said[:-1]] == [
        ["luong2015", "translation"], ["transformer2017", "translation"], ["resnet2016", "images"], ["vit2021", "images"],
    ]  # fmt: skip
    drawn = {path.name for path in (tmp_path / "drawn").iterdir()}
    assert {"bleu-by-length.png", "looks.png", "looks.pdf", "test-0.png", "test-0.pdf"} <= drawn
    assert any(name.endswith("-same-words.png") for name in drawn)


def made(root: Path, name: str, title: str = "RNNsearch") -> Path:
    """A run that is trained and tested, as far as its files say."""
    folder = root / name
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "evaluation").mkdir()
    (folder / runs.BEST).touch()
    (folder / runs.SCORES).write_text('{"test": {}}')
    (folder / runs.SUMMARY).write_text(json.dumps({"title": title}))
    settings = {"model": {"class_path": "reproductions.bahdanau2014.training.Bahdanau2014"},
                "data": {"init_args": {"corpus": "accord"}}}  # fmt: skip
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    return folder


def test_a_run_is_named_by_its_place_and_its_settings_are_those_that_the_file_has_now(tmp_path: Path) -> None:
    run = Run(made(tmp_path, "bahdanau2014/accord/1"))
    assert (run.name, run.paper, run.task, run.corpus) == (
        "bahdanau2014/accord/1",
        "bahdanau2014",
        "translation",
        "accord",
    )
    assert run.model == {} and run.views == {}
    run.config.write_text(run.config.read_text().replace("accord", "multi30k").replace("bahdanau2014", "luong2015"))
    assert (run.paper, run.data) == ("luong2015", {"corpus": "multi30k"})


def test_what_is_read_of_a_run_can_be_changed_without_changing_the_next_reading(tmp_path: Path) -> None:
    run = Run(made(tmp_path, "bahdanau2014/accord/1"))
    run.data["corpus"] = run.settings["data"]["init_args"]["corpus"] = "another"
    assert run.corpus == run.data["corpus"] == "accord"


@pytest.mark.parametrize("file", runs.REMEDIES)
def test_a_damaged_file_of_a_run_is_named_with_what_repairs_it(tmp_path: Path, file: str) -> None:
    run = Run(made(tmp_path, "bahdanau2014/accord/1"))
    for damage in ("{", "[1]", "[" * 100_000):
        (run.folder / file).write_text(damage)
        with pytest.raises(UserError, match=f"{file} is damaged .*: {runs.REMEDIES[file]}"):
            _ = run.scores, run.summary, run.views


def test_runs_of_one_title_are_told_apart_by_config_then_by_time_then_by_path(tmp_path: Path) -> None:
    names = ("a/accord/1", "a/accord/2", "a/accord-lstm/1", "b/accord/1")
    folders = [*(made(tmp_path, name) for name in names), made(tmp_path, "c/accord/3", "Transformer")]
    assert list(comparable(folders, ())) == [
        f"RNNsearch · {tmp_path}/a/accord/1", "RNNsearch · 2", "RNNsearch · accord-lstm", f"RNNsearch · {tmp_path}/b/accord/1",
        "Transformer",
    ]  # fmt: skip
