"""The folder of a run: read without torch, as it is now, under a name of its own."""

import json
import shutil
import subprocess
import sys
import zipfile
from argparse import Namespace
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from page_runs import SUMMARY

from data.errors import UserError
from reproductions import runs
from reproductions.commands import evaluate
from reproductions.compare import classifiers, translators
from reproductions.compare.comparison import comparable
from reproductions.runs import Run

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "tests/older_runs"
READ = """
import sys
from pathlib import Path
from reproductions import runs
from reproductions.compare import classifiers, translators

translators.SENTENCES = 1
for module, papers in ((translators, ("luong2015", "transformer2017")), (classifiers, ("resnet2016", "vit2021"))):
    chosen = [runs.find(paper, having=runs.SCORES) for paper in papers]
    comparison = module.compare([run.folder for run in chosen])
    for run, row in zip(chosen, comparison.numbers["runs"], strict=True):
        print(run.paper, run.task, row["name"], len(run.views), sep=", ")
    for drawing in comparison.drawings:
        drawing.write(Path(sys.argv[1]))
print(sorted({"torch", "lightning", "wandb"} & set(sys.modules)))
"""


def test_runs_are_read_compared_and_drawn_without_torch(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNS_DIR", str(kept))
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
    (folder / runs.SUMMARY).write_text(json.dumps(SUMMARY | {"title": title}))
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
        with pytest.raises(UserError, match=f"{file}.* is damaged .*: {runs.REMEDIES[file]}"):
            _ = run.scores, run.summary, run.views, run.interventions, run.validations


AVERAGED = {"snapshots": ["step-00000004"], "score": 12.3, "kept": True}
SUMMARIES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"title": None}, "title must be str, not None"),
    ({"parameters": "many"}, "parameters must be int, not 'many'"),
    ({"training_seconds": float("nan")}, "training_seconds must be int or float, not None"),
    ({"target_tokens": None}, "target_tokens must be int, not None"),
    ({"averaged": 3}, "averaged must be a dict, not 3"),
    ({"averaged": {}}, "averaged has no 'snapshots'"),
    ({"averaged": AVERAGED | {"snapshots": 4}}, "snapshots must be a list, not 4"),
    ({"averaged": AVERAGED | {"snapshots": [4]}}, "snapshots must be str, not 4"),
    ({"averaged": AVERAGED | {"score": None}}, "score must be int or float, not None"),
    ({"averaged": AVERAGED | {"kept": "yes"}}, "kept must be bool, not 'yes'"),
)


@pytest.mark.parametrize(("changes", "fault"), SUMMARIES)
def test_a_summary_is_checked_to_its_leaves(changes: dict[str, Any], fault: str, tmp_path: Path) -> None:
    run = Run(tmp_path)
    whole = SUMMARY | {"target_tokens": 1}
    for averaged in (None, AVERAGED):
        (tmp_path / runs.SUMMARY).write_text(json.dumps(whole | {"averaged": averaged}))
        assert run.summary["averaged"] == averaged
    (tmp_path / runs.SUMMARY).write_text(json.dumps(whole | changes))
    with pytest.raises(UserError, match=rf"summary.json is damaged \({fault}\): {runs.REMEDIES[runs.SUMMARY]}"):
        _ = run.summary


def test_a_run_whose_summary_is_damaged_is_refused_before_it_is_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(tmp_path, "bahdanau2014/accord/1")
    (folder / runs.SUMMARY).write_text("{}")
    monkeypatch.setattr("reproductions.commands.lightning.execute", lambda _: pytest.fail("it was tested"))
    with pytest.raises(UserError, match="summary.json is damaged"):
        evaluate.run(Namespace(run=str(folder)), [])


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new, 1)

    return change


COMPARED = {"translation": ("luong2015", "transformer2017"), "images": ("resnet2016", "vit2021")}
MODULES = {"translation": translators, "images": classifiers}
TRANSLATIONS, FORCED = "evaluation/test/translations.jsonl", "evaluation/test/forced.jsonl"
DAMAGE: dict[str, tuple[tuple[str, Callable[[bytes], bytes], str], ...]] = {
    "translation": (
        (TRANSLATIONS, lambda content: content[:-30], "translations.jsonl, line 2 is damaged"),
        (TRANSLATIONS, replaced(b'"source": "', b'"source": "\xe9'), "codec can't decode"),
        (TRANSLATIONS, replaced(b'"index"', b'"number"'), "it has no 'index'"),
        (FORCED, lambda content: 2 * content, "tested on 2 sentences and .* on 4"),
        (FORCED, replaced(b'"test"', b'"long"'), "a record of the split 'long'"),
        ("evaluation/long/translations.jsonl", lambda _: b"", "tested on 2 sentences and .* on 0"),
        (runs.SCORES, replaced(b'"bleu":', b'"bleu": "high", "low":'), "bleu must be int or float, not 'high'"),
        (runs.SCORES, replaced(b'"chrf"', b'"chrF"'), "test has no 'chrf'"),
        (runs.SUMMARY, replaced(b'"title"', b'"name"'), "it has no 'title'"),
        (runs.VIEWS, replaced(b'"chosen"', b'"chose"'), "views.json is damaged .KeyError.'chosen'"),
    ),
    "images": (
        ("evaluation/test/answers.jsonl", replaced(b'"label": "', b'"label": 3, "was": "'), "line 1 is .*label must be str"),
        (runs.SCORES, replaced(b'"calibration_error"', b'"error"'), "has no 'calibration_error'"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kept runs of an earlier version that can be compared."""
    folder = tmp_path_factory.mktemp("kept")
    for paper in chain.from_iterable(COMPARED.values()):
        with zipfile.ZipFile(KEPT / f"{paper}.zip") as packed:
            packed.extractall(folder)
    return folder


@pytest.mark.parametrize(
    ("task", "file", "change", "words"), [(task, *damage) for task, each in DAMAGE.items() for damage in each]
)
def test_what_is_damaged_of_a_compared_run_is_one_sentence(
    task: str, file: str, change: Callable[[bytes], bytes], words: str, kept: Path, tmp_path: Path
) -> None:
    first, other = (next(kept.glob(f"{paper}/*/*")) for paper in COMPARED[task])
    spoiled = shutil.copytree(other, tmp_path / other.name)
    (spoiled / file).write_bytes(change((other / file).read_bytes()))
    with pytest.raises(UserError, match=words) as error:
        MODULES[task].compare([first, spoiled])
    assert str(spoiled) in str(error.value) and "\n" not in str(error.value) and len(str(error.value)) < 700


def test_runs_of_one_title_are_told_apart_by_config_then_by_time_then_by_path(tmp_path: Path) -> None:
    names = ("a/accord/1", "a/accord/2", "a/accord-lstm/1", "b/accord/1")
    folders = [*(made(tmp_path, name) for name in names), made(tmp_path, "c/accord/3", "Transformer")]
    assert list(comparable(folders, ())) == [
        f"RNNsearch · {tmp_path}/a/accord/1", "RNNsearch · 2", "RNNsearch · accord-lstm", f"RNNsearch · {tmp_path}/b/accord/1",
        "Transformer",
    ]  # fmt: skip
