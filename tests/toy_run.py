"""A corpus, images and settings so small that a whole run takes seconds."""

import random
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from reproductions.__main__ import run
from reproductions.experiments import side_by_side

NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
FRENCH = ["un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"]


def corpus(folder: Path, lines: int = 400) -> Path:
    """A TSV of English numbers and the same in French, reversed."""
    drawn = random.Random(0)
    path = folder / "numbers.tsv"
    with path.open("w", encoding="utf-8") as file:
        for _ in range(lines):
            chosen = [drawn.randrange(10) for _ in range(drawn.randint(2, 6))]
            file.write(" ".join(NUMBERS[i] for i in chosen) + " .\t")
            file.write(" ".join(FRENCH[i] for i in reversed(chosen)) + " .\n")
    return path


def folder_of_images(folder: Path, size: int = 20) -> Path:
    """Two classes in train, valid and test; one image upright, one in another mode."""
    drawn = np.random.default_rng(0)
    for split, count in (("train", 6), ("valid", 3), ("test", 3)):
        for name, low in (("dark", 0), ("light", 150)):
            place = folder / split / name
            place.mkdir(parents=True)
            for i in range(count):
                pixels = drawn.integers(low, low + 100, (size, 2 * size, 3), dtype=np.uint8)
                Image.fromarray(pixels).convert("L" if i == 1 else "RGB").save(place / f"{i}.png")
    return folder


# Networks of a few numbers, and a recipe that moves them.
NETWORK = {
    "bahdanau2014": {"hidden": 12, "embedding": 8, "maxout": 8, "alignment": 8},
    "transformer2017": {"layers": 2, "d_model": 8, "d_ff": 12, "heads": 2, "max_length": 80},
    "luong2015": {"hidden": 12, "embedding": 8, "layers": 2, "alignment": 8, "attention": "local_predictive"},
    "xu2015": {"patch": 4, "width": 4, "layers": 1, "annotation": 12, "hidden": 16, "embedding": 8, "alignment": 8},
    "cheng2016": {"hidden": 12, "embedding": 8, "alignment": 8},
    "vit2021": {"patch": 8, "layers": 2, "d": 8, "d_mlp": 12, "heads": 2},
    "resnet2016": {"blocks": 1, "width": 4},
}
RECIPE: dict[str, dict[str, object]] = {
    "bahdanau2014": {"learning_rate": 0.01},
    "transformer2017": {"warmup": 4, "factor": 0.2},
    "luong2015": {"warmup": 2, "learning_rate": 0.01},
    "xu2015": {"warmup": 2, "learning_rate": 0.01},
    "cheng2016": {"warmup": 2, "learning_rate": 0.03},
    "vit2021": {"warmup": 2, "learning_rate": 0.01},
    "resnet2016": {"warmup": 2, "learning_rate": 0.01},
}
DATA: dict[str, dict[str, object]] = {
    "bahdanau2014": {"batch_sentences": "null", "batch_tokens": 160},
    "transformer2017": {"batch_tokens": 160},
    "luong2015": {"batch_tokens": 160},
    "xu2015": {"batch_images": 16},
    "cheng2016": {"batch_tokens": 160},
    "vit2021": {"batch_images": 16},
    "resnet2016": {"batch_images": 16},
}


def overrides(steps: int, paper: str = "bahdanau2014", **more: object) -> list[str]:
    """Arguments that shrink any config of a paper."""
    settings = {
        **{f"model.init_args.network.{name}": value for name, value in NETWORK[paper].items()},
        **{f"model.init_args.recipe.{name}": value for name, value in RECIPE[paper].items()},
        **{f"data.init_args.{name}": value for name, value in DATA[paper].items()},
        "trainer.max_steps": steps,
        "trainer.val_check_interval": 4,
        "trainer.log_every_n_steps": 2,
        "trainer.precision": "32-true",
        "run.checkpoint_every": 3,
    }
    return [f"--{name}={value}" for name, value in {**settings, **more}.items()]


def undrawn(patch: pytest.MonkeyPatch) -> None:
    """A figure is saved as one white pixel, in tests of what is written beside it: the runs of ``trained`` are drawn."""

    def blank(_: Figure, path: Path, format: str, **__: Any) -> None:
        Image.new("RGB", (1, 1), "white").save(path, format)

    patch.setattr(Figure, "savefig", blank)
    patch.setattr("reproductions.evaluation.files._pixels", lambda *_: Image.new("RGB", (1, 1), "white"))


def in_this_process(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands of trainings side by side, which then run one after another in this process: it has imported everything."""
    commands: list[list[str]] = []

    def begin(command: list[str], **_: Any) -> SimpleNamespace:
        commands.append(command)
        status = run(command[3:])
        return SimpleNamespace(returncode=status, poll=lambda: status)

    standing_in = SimpleNamespace(Popen=begin, DEVNULL=subprocess.DEVNULL, STDOUT=subprocess.STDOUT)
    monkeypatch.setattr(side_by_side, "subprocess", standing_in)
    monkeypatch.setattr(side_by_side, "PAUSE", 0)
    return commands
