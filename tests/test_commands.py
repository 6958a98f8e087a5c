"""What the commands make of their options, before anything is trained."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from fake_hub import HEADS, LAYERS, SIZE, tiny_state
from page_runs import write

from data.errors import UserError
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.commands import compare as comparing
from reproductions.commands import lightning
from reproductions.commands.ladder import LADDER
from reproductions.compare import translators
from reproductions.compare.comparison import Comparison, Drawing
from reproductions.experiments.timeline.training import PAPER as TIMELINE
from reproductions.page.catalogue import corpus_of, describe

ROOT = Path(__file__).parents[1]


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The arguments that Lightning would be run with; a folder for runs, and two of images that nobody reads."""
    given = []
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setattr(lightning, "execute", lambda arguments: given.extend(arguments) or 1)
    for name in ("A", "B"):
        (tmp_path / name).mkdir()
    return given


REFUSED_AT_ONCE = [
    "--help", "train --help", "timeline --help", "page --help", "nonsense", "look", "explain --layer one", "docs more",
    "timeline --jobs 0",
    "train nobody2014", "train vit2021 --data mars", "train vit2021 --heads 3", "look photo.jpg --heads 3",
    "train bahdanau2014 --data nowhere/x.tsv", "train luong2015 --data nowhere.en,nowhere.fr",
    "train vit2021 --data nowhere/folder", "compare --data nowhere/x.tsv", "compare nowhere", "compare --data mars",
    "report nowhere", "report --run nowhere",
    "evaluate nowhere", "evaluate --run nowhere", "train vit2021 --weights nowhere.pth", "look README.md --weights nowhere.pth",
    "look nowhere.jpg --weights torchvision:vit_b_16", "translate yes --run nowhere", "explain yes --run nowhere",
    "look docs/pictures/page.png --weights torchvision:nix", "train vit2021 --weights torchvision:nix",
    "translate yes --view L2", "align nowhere.txt", "align --view L2",
    "explain yes --place above", "explain yes --layer 3", "explain yes --head 0",
]  # fmt: skip
EACH_IN_A_PROCESS = """
import json, os, sys
from reproductions.__main__ import run

for line, folder in json.load(sys.stdin):
    if not os.fork():
        os.environ["RUNS_DIR"] = folder
        try:
            status = run(line.split())
        except SystemExit as stop:
            status = stop.code
        found = {"torch", "lightning", "wandb", "matplotlib"} & set(sys.modules)
        os.write(1, ("\\n" + json.dumps([line, status, *found]) + "\\n").encode())
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """How each command line ends, in a process of its own, for this one has imported everything; and what it imported."""
    nothing, runs = (tmp_path_factory.mktemp(name) for name in ("nothing", "runs"))
    folder = write(runs, "transformer2017", "1")
    (folder / "views.json").write_text(json.dumps({"views": {"L1 H1 shift0": {}, "L1 H2 shift0": {}}}))
    given = [
        (line, str(runs if line.startswith(("translate", "align", "explain")) else nothing)) for line in REFUSED_AT_ONCE
    ]
    done = subprocess.run([sys.executable, "-c", EACH_IN_A_PROCESS], cwd=ROOT, input=json.dumps(given),
                          capture_output=True, text=True, check=True)  # fmt: skip
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('["')]
    return {line: more for line, *more in found}


@pytest.mark.parametrize("line", REFUSED_AT_ONCE)
def test_help_comes_and_a_wrong_argument_is_refused_before_torch_is_imported(ended, line):
    assert ended[line] == [0 if "--help" in line else 2]


@pytest.mark.parametrize("name", ["translate", "explain"])
def test_an_empty_sentence_is_refused_before_a_run_is_looked_for(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    for sentence in ("", " \n"):
        assert command([name, sentence]) == 2
        assert f"There is nothing to {name}: the sentence is empty." in capsys.readouterr().err


def made(paper, config, time, corpus):
    """A run that can be continued."""
    folder = runs.runs_dir() / paper / config / time
    (folder / "checkpoints").mkdir(parents=True)
    for name in ("last.ckpt", "best.ckpt"):
        (folder / "checkpoints" / name).touch()
    model = "bahdanau2014" if paper in (runs.LADDER, runs.TIMELINE, runs.TRIAL) else paper
    settings = {
        "model": {"class_path": f"reproductions.{model}.training.X"},
        "data": {"init_args": {"corpus": str(corpus)}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    return folder


def test_resume_continues_the_newest_run_on_the_same_folder_not_the_newest_of_all(asked, tmp_path):
    first, _ = made("vit2021", "own", "1", tmp_path / "A"), made("vit2021", "own", "2", tmp_path / "B")
    for written in (str(tmp_path / "A"), f"{tmp_path}/B/../A/"):
        asked.clear()
        command(["train", "vit2021", "--data", written, "--resume"])
        assert str(first / "checkpoints" / "last.ckpt") in asked


def test_resume_does_not_take_a_run_on_other_files(asked, tmp_path, capsys):
    made("vit2021", "own", "1", tmp_path / "B")
    assert command(["train", "vit2021", "--data", str(tmp_path / "A"), "--resume"]) == 2
    assert f"no interrupted run of vit2021 own on {tmp_path / 'A'} under" in capsys.readouterr().err
    assert asked == []


def test_resume_tells_a_users_own_texts_apart(asked, tmp_path):
    mine, other = (f"{tmp_path}/{name}.en,{tmp_path}/{name}.fr" for name in ("mine", "other"))
    first, _ = made("transformer2017", "own", "1", mine), made("transformer2017", "own", "2", other)
    command(["train", "transformer2017", "--data", mine, "--resume"])
    assert str(first / "checkpoints" / "last.ckpt") in asked


def test_weights_bring_their_network_their_size_and_the_papers_recipe_for_training_on(asked, tmp_path):
    torch.save(tiny_state(3), tmp_path / "vit.pth")
    command(
        [
            "train",
            "vit2021",
            "--data",
            str(tmp_path / "A"),
            "--weights",
            str(tmp_path / "vit.pth"),
            "--heads",
            str(HEADS),
            "--size",
            str(2 * SIZE),
        ]
    )
    assert asked[:3] == ["fit", "--config", "configs/vit2021/finetune.yaml"]
    settings = {name: value for name, _, value in (one.removeprefix("--").partition("=") for one in asked)}
    for name, value in {"d": 64 * HEADS, "layers": LAYERS, "heads": HEADS, "patch": 8}.items():
        assert settings[f"model.init_args.network.{name}"] == str(value)
    assert settings["data.init_args.size"] == str(2 * SIZE) and settings["run.heads"] == str(HEADS)
    assert "model.init_args.network.dropout" not in settings, "regularisation is the recipe's"
    assert asked[-2:] == ["--data.init_args.corpus", str(tmp_path / "A")]
    assert asked[asked.index("--run.folder") + 1].startswith(str(tmp_path / "runs/vit2021/own")), (
        "so that --resume finds it"
    )


def test_weights_are_trained_on_on_a_corpus_by_name_too(asked, tmp_path):
    torch.save(tiny_state(3), tmp_path / "vit.pth")
    command(["train", "vit2021", "--data", "cifar10", "--weights", str(tmp_path / "vit.pth")])
    assert "--data.init_args.corpus=cifar10" in asked and "configs/vit2021/finetune.yaml" in asked
    assert "--model.init_args.network.head=linear" in asked and f"--data.init_args.size={SIZE}" in asked
    asked.clear()
    command(["train", "vit2021", "--data", "shapes_finetune", "--weights", str(tmp_path / "vit.pth")])
    assert "configs/vit2021/shapes_finetune.yaml" in asked and "--data.init_args.corpus=shapes" in asked


def test_a_size_that_the_patches_do_not_divide_is_refused_before_anything_is_read(asked, tmp_path, capsys):
    torch.save(tiny_state(3), tmp_path / "vit.pth")
    given = ["train", "vit2021", "--data", "cifar10", "--weights", str(tmp_path / "vit.pth"), "--size", "45"]
    assert command(given) == 2 and asked == []
    assert (
        "Images of 45 pixels cannot be cut into patches of 8, which these weights read: give --size 48."
        in capsys.readouterr().err
    )


def test_the_recipe_for_training_on_is_that_of_table_4():
    """SGD with momentum is all that the recipe's sgd is; see test_vit2021.py."""
    settings = yaml.safe_load((ROOT / "configs/vit2021/finetune.yaml").read_text())
    recipe = settings["model"]["init_args"]["recipe"]
    assert (recipe["optimizer"], recipe["schedule"], recipe["weight_decay"]) == ("sgd", "cosine", 0.0)
    assert settings["trainer"]["gradient_clip_val"] == 1.0 and settings["data"]["init_args"]["fit"] == "crop"


@pytest.mark.parametrize(("more", "words"), [
    (["--weights", "vit.pth", "--variant", "plain"], "--variant plain chooses a network and --weights brings one"),
    (["--heads", "3"], "--heads 3 describes trained weights"),
    (["--size", "384"], "--size 384 describes trained weights"),
    (["--weights", "vit.pth", "--resume"], "--weights begins a new run"),
])  # fmt: skip
def test_options_that_contradict_each_other_are_refused(asked, capsys, more, words):
    assert command(["train", "vit2021", *more]) == 2
    assert words in capsys.readouterr().err and asked == []


def test_a_run_without_data_is_named(tmp_path):
    (tmp_path / "config.yaml").write_text("model: {}")
    with pytest.raises(UserError, match="names no data"):
        _ = runs.Run(tmp_path).corpus


@pytest.mark.usefixtures("asked")
def test_the_newest_run_of_all_is_none_of_a_table_of_small_trainings(capsys):
    first = made("bahdanau2014", "accord", "1", "accord")
    for table in (LADDER, TIMELINE, runs.TRIAL):
        made(table, "small", "2", "accord")
    made(runs.RELEASED, "wandb", "me-p-toy-best", "accord")  # as a download lies there
    assert runs.find().folder == runs.find(task="translation").folder == first
    assert runs.find(LADDER).folder.parts[-3] == LADDER, "a table still finds its own"
    command(["translate", "A sentence."])
    assert f"Translating with {first}\n" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["train bahdanau2014", "evaluate", "timeline"])
def test_the_folder_of_a_run_is_no_option_of_commands_that_name_it(asked, capsys, line):
    assert command([*line.split(), "--run.folder", "mine"]) == 2 and not asked
    assert "names the folder of a run itself; RUNS_DIR=... names that of all runs" in capsys.readouterr().err


@pytest.mark.usefixtures("asked")
def test_a_run_without_settings_is_named(capsys):
    folder = made("bahdanau2014", "accord", "1", "accord")
    (folder / "config.yaml").unlink()
    assert command(["translate", "A sentence."]) == 2
    assert f"error: {folder / 'config.yaml'} cannot be read (No such file" in capsys.readouterr().err


def test_a_corpus_is_named_by_what_its_two_files_share():
    named = {"accord": "accord", "my/pairs.tsv": "pairs.tsv", "my/a.en,my/a.fr": "a"}
    assert {corpus: runs.corpus_name(corpus) for corpus in named} == named


def test_page_and_comparison_name_two_files_by_what_they_share(asked, monkeypatch):
    run = runs.Run(made("bahdanau2014", "own", "1", "my/a.en,my/a.fr"))
    assert describe(run)["corpus"] == "a" and corpus_of(run) == "a, "

    def written(drawing, folder):
        raise UserError(str(folder))

    numbers = {"corpus": "my/a.en,my/a.fr"}
    drawing = Drawing("", None, "", Path(), Path())
    monkeypatch.setattr(Drawing, "write", written)
    monkeypatch.setattr(translators, "compare", lambda _: Comparison(numbers, "", [], [], [], [], [drawing]))
    with pytest.raises(UserError, match="compare/a/"):
        comparing.compare("own", [run.folder], None)
