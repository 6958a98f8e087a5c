"""Packaging, lint and the Makefile: pins fit the ranges, variables reach the commands as typed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from made import ROOT, environment, recorded, started
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins(name: str) -> dict[str, str]:
    """Package -> version that a constraints file pins for this Python."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert all(len(r.specifier) == 1 and str(r.specifier).startswith("==") for r in requirements)
    fitting = [r for r in requirements if r.marker is None or r.marker.evaluate()]
    assert len({r.name for r in fitting}) == len(fitting)
    return {r.name: str(r.specifier)[2:] for r in fitting}


@pytest.mark.parametrize(
    ("name", "extras"),
    [
        ("constraints.txt", ("dev", "wmt", "trial", "bench", "parity")),
        ("constraints-torchtext.txt", ("dev", "torchtext")),
    ],
)
def test_everything_that_is_needed_is_pinned_within_its_range(name: str, extras: tuple[str, ...]) -> None:
    described, pinned = project()["project"], pins(name)
    lines = [*described["dependencies"]]
    for extra in extras:
        lines += described["optional-dependencies"][extra]
    for needed in map(Requirement, lines):
        assert needed.name in pinned, f"{name} does not pin {needed.name}"
        assert needed.specifier.contains(pinned[needed.name]), f"{name}: {needed.name} {pinned[needed.name]}"


def test_the_linter_checks_what_the_style_asks_for_and_only_command_lines_print() -> None:
    lint = project()["tool"]["ruff"]["lint"]
    assert set(lint["select"]) >= {
        "E", "F", "I", "UP", "B", "ARG", "BLE", "ERA", "T20", "C901", "PLR0913", "SIM", "RET"}  # fmt: skip
    assert "ignore" not in lint
    may_print = {path for path, rules in lint["per-file-ignores"].items() if "T20" in rules}
    assert may_print == {"reproductions/__main__.py", "benchmarks/*.py"}


def installed_in(folder: Path) -> Path:
    """The packages as pip installs them."""
    wheel = project()["tool"]["hatch"]["build"]["targets"]["wheel"]
    for name, to in ({package: package for package in wheel["packages"]} | wheel["force-include"]).items():
        for path in [ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                copy = folder / to / path.relative_to(ROOT / name)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    return folder


def test_what_pip_installs_runs_in_any_folder_and_has_no_tests(tmp_path: Path) -> None:
    described, installed = project(), installed_in(tmp_path / "installed")
    module, _, function = described["project"]["scripts"]["attention"].partition(":")
    code = f"import sys; sys.argv[0] = 'bin/attention'; from {module} import {function}; sys.exit({function}())"
    command = [sys.executable, "-B", "-c", code, "train", "bahdanau2014", "--data", "nothing"]
    places = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(command, cwd=tmp_path, env=places, capture_output=True, text=True, check=False)
    assert (
        done.returncode == 2 and "There is no installed/reproductions/configs/bahdanau2014/nothing.yaml" in done.stderr
    )
    assert "accord, " in done.stderr
    kinds = {path.suffix for path in installed.rglob("*") if path.is_file() and "docs" not in path.parts}
    assert kinds <= {".py", ".html", ".css", ".js", ".md", ".yaml", ".sbatch"}, "no picture"
    assert not [*installed.rglob("test_*")]


def test_the_page_that_pip_installs_has_the_released_runs_and_the_timeline(tmp_path: Path) -> None:
    code = (
        "from reproductions import released; from reproductions.page import timelines; "
        "print(*(run.folder.name for run in released.offered())); print(timelines.PICTURES); print(timelines.read().decode())"
    )
    places = {**os.environ, "PYTHONPATH": str(installed_in(tmp_path / "installed")), "RUNS_DIR": str(tmp_path / "runs")}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=tmp_path, env=places, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    runs, pictures, *timeline = done.stdout.splitlines()
    assert sorted(runs.split()) == sorted(path.name for path in (ROOT / "docs/runs").iterdir())
    shown = {Path(row["picture"]).name for row in json.loads("".join(timeline))["rows"]}
    assert Path(pictures).is_relative_to(tmp_path) and shown <= {path.name for path in Path(pictures).iterdir()}


def test_a_wheel_can_be_made_of_what_the_source_distribution_has() -> None:
    targets = project()["tool"]["hatch"]["build"]["targets"]
    kept = [pattern.removeprefix("/") for pattern in targets["sdist"]["include"]]
    needed = [*targets["wheel"]["packages"], *targets["wheel"]["force-include"]]
    assert all(any(Path(name).match(pattern) for pattern in kept) for name in needed)


def test_the_workflows_check_a_merge_with_every_python_that_the_project_allows_and_name_targets_that_there_are() -> (
    None
):
    flows = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROOT.glob(".github/workflows/*.yml")
    }
    check = flows["ci"]["jobs"]["check"]
    assert any(".ci/run" in step.get("run", "") for step in check["steps"])
    allowed = SpecifierSet(project()["project"]["requires-python"])
    assert check["strategy"]["matrix"]["python"] == [f"3.{minor}" for minor in range(8, 20) if f"3.{minor}" in allowed]
    steps = [step.get("run", "") for flow in flows.values() for job in flow["jobs"].values() for step in job["steps"]]
    targets = re.findall(r"\bmake ([\w-]+)", "\n".join(steps))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets and all(f".PHONY: {target}\n" in makefile for target in targets)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., list[str]]:
    """The arguments that a target gives Python."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    return partial(recorded, tmp_path)


@pytest.mark.parametrize(
    "sentence",
    [
        "L'accord sur la zone.",
        'He said "no" to $5 (100%)',
        "« Où est-il ? »",
        "a\\b `ls` $(pwd) # ; | & *",
        "two  spaces",
    ],
)
def test_a_sentence_reaches_the_command_as_typed(make: Callable[..., list[str]], sentence: str) -> None:
    assert make("translate", f"SENTENCE={sentence}") == ["-m", "reproductions", "translate", sentence]


def test_targets_pass_their_variables_on(make: Callable[..., list[str]]) -> None:
    train = ["-m", "reproductions", "train", "bahdanau2014"]
    assert make("train-bahdanau") == train
    assert make("train-bahdanau", "DATA=my corpus.tsv", "RESUME=1", "ARGS=--trainer.max_epochs 3") == [
        *train, "--data", "my corpus.tsv", "--resume", "--trainer.max_epochs", "3"]  # fmt: skip
    assert make("train-bahdanau", "RESUME=0") == make("train-bahdanau", "TORCHTEXT=0") == train
    assert make("train-bahdanau", "TORCHTEXT=1") == [*train, "--data.init_args.tokenizer=torchtext"]
    assert make("train-rnnencdec", "DATA=multi30k") == [*train, "--variant", "rnnencdec", "--data", "multi30k"]
    assert make("evaluate") == ["-m", "reproductions", "evaluate"]
    assert make("report", "RUN=runs/a b") == ["-m", "reproductions", "report", "runs/a b"]
    assert make("evaluate", "RUN=runs/a b") == ["-m", "reproductions", "evaluate", "runs/a b"]
    assert make("translate", "SENTENCE=Yes.", "RUN=runs/a")[2:] == ["translate", "Yes.", "--run", "runs/a"]
    aligned = make("align", "PAIRS=my pairs.txt", "RUN=runs/a", "VIEW=L2 H3 shift1")[2:]
    assert aligned == ["align", "my pairs.txt", "--run", "runs/a", "--view", "L2 H3 shift1"]
    looked = make("translate", "SENTENCE=Yes.", "VIEW=L2 H3 shift1 norms")[2:]
    assert looked == ["translate", "Yes.", "--view", "L2 H3 shift1 norms"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("compare RUN=x", "make compare does not read RUN; did you mean RUNS? It reads PYTHON RUNS DATA ARGS."),
        (
            "train-bahdanau DATEN=multi30k",
            "make train-bahdanau does not read DATEN; did you mean DATA? It reads PYTHON",
        ),
        (
            "train-bahdanau VARIANT=x",
            "does not read VARIANT. It reads PYTHON TORCHTEXT DATA RESUME SEEDS NODES DEVICES ARGS.",
        ),
        ("train-xu train-vit DATA=3 VARIAN=x", "did you mean VARIANT?"),
        ("clean DATA=x", "make clean does not read DATA. It reads no variable."),
        ("SENTENCE=x", "make help does not read SENTENCE."),
        ("train-bahdanou", "There is no target train-bahdanou; the nearest is train-bahdanau."),
        ("transformer", "There is no target transformer; the nearest is train-transformer."),
        ("translate SENTENCE=The house doesn't", "There is no target doesn't; the nearest is"),
    ],
)
def test_a_mistyped_target_or_variable_is_refused_and_nothing_is_run(tmp_path: Path, words: str, said: str) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    done, arguments = started(tmp_path, *words.split())
    assert (done.returncode, done.stdout, arguments) == (2, "", None)
    assert said in done.stderr and len(done.stderr.splitlines()) == 1


def test_what_is_advertised_names_variables_that_its_target_reads() -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    folders = (ROOT / name for name in ("configs", "data", "docs", "reproductions"))
    files = [ROOT / "README.md", ROOT / "Makefile", *(path for folder in folders for path in folder.rglob("*"))]
    texts = [
        path.read_text(encoding="utf-8")
        for path in files
        if path.suffix in ("", ".md", ".py", ".yaml") and path.is_file()
    ]
    given = re.compile(r"""\bmake ([a-z-]+)((?: +[A-Z]+=(?:"[^"]*"|[^\s"'`]*))+)""")
    commands = {(target, *re.findall(r"([A-Z]+=)", words)) for text in texts for target, words in given.findall(text)}
    assert len(commands) > 20
    done = {words: subprocess.run(["make", "-n", *words, "-o", ".venv/.installed"], cwd=ROOT, env=environment(),
                                  capture_output=True, text=True, check=False) for words in commands}  # fmt: skip
    assert {words: made.stderr for words, made in done.items() if made.returncode} == {}


def test_an_extra_is_installed_from_this_folder_and_with_the_pins(make: Callable[..., list[str]]) -> None:
    given = make("setup", "EXTRAS=wmt")
    assert given[:3] == ["-m", "pip", "install"] and given[-4:] == ["-c", "constraints.txt", "-e", ".[dev,wmt]"]


def test_help_names_every_target() -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\.PHONY: ([\w-]+)$", text, re.MULTILINE))
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert targets == set(re.findall(r"^  ([a-z][\w-]*) ", shown, re.MULTILINE))


@pytest.mark.parametrize(
    ("lanes", "targets"),
    [
        (None, ["setup EXTRAS=bench", "lint", "test"]),
        ("torchtext", ["setup EXTRAS=bench", "lint", "test-torchtext", "test"]),
        ("parity", ["setup EXTRAS=bench,parity", "lint", "test"]),
        ("torchtex", []),
    ],
)
def test_the_checks_before_a_merge_end_with_the_tests_and_include_a_lane_when_asked(
    tmp_path: Path, lanes: str | None, targets: list[str]
) -> None:
    for name, line in (("make", 'echo "make $*"'), ("chromium", "")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    given = {name: value for name, value in os.environ.items() if name != "CI_LANES"}
    given |= {"PATH": f"{tmp_path}:{given['PATH']}"} | ({} if lanes is None else {"CI_LANES": lanes})
    done = subprocess.run([str(ROOT / ".ci/run")], env=given, capture_output=True, text=True, check=False)
    *said, last = done.stdout.splitlines() or [""]
    assert [line for line in (*said, last) if line.startswith("make ")] == [f"make {target}" for target in targets]
    assert done.returncode == (0 if targets else 2) and (last == "make test" if targets else "torchtex" in done.stderr)
    assert ("CI_LANES=torchtext" in done.stdout) == (lanes is None), "that it was not asked for is said"
