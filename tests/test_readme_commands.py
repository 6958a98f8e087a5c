"""What the README tells a reader to type works: each command, with a network of a few numbers and a corpus of a few sentences.

`make` itself says what it would start; that is then run in this process, where everything is imported once. One command
runs as it stands.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from made import ROOT, environment, recorded
from PIL import Image
from toy_run import overrides, undrawn

from data import accord
from data.prepared import captions
from data.sources import corpora, images
from reproductions.__main__ import run
from reproductions.compare import classifiers

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.partition("#")[0].strip()
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)
    for line in block.splitlines()
    if line.strip()
]
# Tests themselves, trainings of their own size (an hour of the timeline), what serves for ever or starts no Python, and
# the doctor, whom test_doctor.py runs as a user does.
NOT_HERE = ("make test", "make test-torchtext", "make lint", "make bench", "make ladder", "make timeline", "make trial",
            "make page", "make results", "make doctor")  # fmt: skip
RUN = [
    command for command in COMMANDS if command.startswith("make ") and not command.startswith((*NOT_HERE, "make help"))
]
# Runs that a command reads: the commands that train them come before it, here as in the README.
AFTER = {
    "translate": ["train-bahdanau"],
    "figures": ["train-bahdanau", "train-rnnencdec"],
    "compare": ["train-bahdanau", "train-transformer"],
    "compare DATA=shapes": ["train-vit", "train-resnet"],
    "look": ["train-vit"],
    "intervene": ["train-bahdanau"],
    "explain": ["train-transformer"],
    "report": ["train-rnnencdec"],
    "evaluate": ["train-rnnencdec"],
}
# What it leaves below the folder of runs; no training is without scores.
LEAVES = {
    "train-": "*/*/*/evaluation/scores.json",
    "translate": "*/*/*/pictures/typed-The-agreement-*.png",
    "figures": "figures/bahdanau2014/figure-3-as-printed.png",
    "compare": "compare/accord/*/report.html",
    "compare DATA=shapes": "compare/shapes/*/report.html",
    "intervene": "interventions/interventions.png",
    "look": "*/*/*/looked/photo*.png",
    "explain": "*/*/*/explained/*.html",
    "report": "*/*/*/report.html",
}
FEW = {"trainer.limit_val_batches": 2, "trainer.limit_test_batches": 3, "run.pictures": "[]"}
SENTENCES = {"data.init_args.pairs": 100, "data.init_args.batch_tokens": 600, **FEW}
TRANSLATED = {**SENTENCES, "model.init_args.search.width": 1}
PIXELS = {"data.init_args.images": 40, "data.init_args.size": 24, **FEW}
SMALL: dict[str, list[str]] = {
    "train-transformer": overrides(4, "transformer2017", **TRANSLATED),
    "train-luong": overrides(4, "luong2015", **TRANSLATED),
    "train-cheng": overrides(4, "cheng2016", **SENTENCES),
    "train-xu": overrides(4, "xu2015", **PIXELS | {"data.init_args.size": 16}),
    "train-vit": overrides(4, "vit2021", **PIXELS),
    "train-resnet": overrides(4, "resnet2016", **PIXELS),
    **dict.fromkeys(("train-bahdanau", "train-rnnencdec"), overrides(4, **TRANSLATED)),
}


def keyed(table: dict[str, object], command: str) -> object:
    """The entry of the longest beginning of a command, "make" left out; None for none."""
    begins = [key for key in table if command.removeprefix("make ").startswith(key)]
    return table[max(begins, key=len)] if begins else None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the commands find an image, and leave what they make; the corpora have few sentences and images."""
    folder = tmp_path_factory.mktemp("readme")
    Image.new("RGB", (40, 30), "teal").save(folder / "photo.jpg")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("RUNS_DIR", str(folder / "runs"))
        patch.setenv("DATA_DIR", str(folder / "data"))
        patch.setattr("reproductions.released.copies.FOLDER", folder / "nothing released")
        patch.setattr(accord, "FIXED", accord.FIXED[:1])
        patch.setattr(classifiers, "IMAGES", 1)
        for table in (corpora.ACCORD_SIZES, images.SHAPES_SIZES, captions.SIZES):
            for split in table:
                patch.setitem(table, split, 12)
        yield folder


@pytest.fixture(scope="module")
def typed(folder: Path) -> Callable[[str], None]:
    """Types a command, once, and before it those whose runs it reads."""
    done: set[str] = set()

    def typed(command: str) -> None:
        if command in done:
            return
        done.add(command)
        for other in keyed(AFTER, command) or ():
            typed(f"make {other}")
        _, *words = shlex.split(command.replace("photo.jpg", str(folder / "photo.jpg")))
        if small := keyed(SMALL, command):
            words.append(f"ARGS={shlex.join(small)}")
        module, name, *arguments = recorded(folder, *words)
        assert (module, name) == ("-m", "reproductions")
        with pytest.MonkeyPatch.context() as patch:
            if arguments[0] in ("train", "evaluate"):  # the other commands are there for what they draw
                undrawn(patch)
            assert run(arguments) == 0, command

    return typed


def test_the_readme_names_what_the_project_does() -> None:
    named = {command.split()[1] for command in RUN}
    assert named >= {
        "train-bahdanau", "train-rnnencdec", "train-luong", "train-xu", "train-cheng", "train-transformer", "train-vit",
        "train-resnet", "translate", "figures", "compare", "intervene", "look", "explain", "evaluate",
    }  # fmt: skip


@pytest.mark.parametrize("command", RUN)
def test_a_command_of_the_readme_works(typed: Callable[[str], None], folder: Path, command: str) -> None:
    typed(command)
    left = keyed(LEAVES, command)
    assert left is None or list((folder / "runs").glob(str(left))), left


def test_a_command_runs_as_it_stands(typed: Callable[[str], None], folder: Path) -> None:
    """In a process of its own, with what it alone imports."""
    typed("make train-bahdanau")
    command = next(command for command in RUN if command.startswith("make translate"))
    given = [*shlex.split(command), f"PY={sys.executable}", "-o", ".venv/.installed"]
    places = {"RUNS_DIR": str(folder / "runs"), "DATA_DIR": str(folder / "data")}
    done = subprocess.run(given, cwd=ROOT, env=environment() | places, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() and "typed-The-agreement-" in done.stderr, "a translation, and apart from it its picture"
