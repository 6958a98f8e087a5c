"""The rules of the house: who may import what, and what is not written here."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reproductions import papers

ROOT = Path(__file__).resolve().parents[1]
CODE = sorted([*(ROOT / "data").rglob("*.py"), *(ROOT / "reproductions").rglob("*.py")])


def module_name(path: Path) -> str:
    """``reproductions/attention/__init__.py`` -> ``reproductions.attention``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def identify(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- Who may import what ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """What a module may import besides the standard library; of ours, a name covers what lies below it."""

    outside: frozenset[str]
    ours: frozenset[str]
    except_ours: frozenset[str] = frozenset()


def rule(outside: str = "", ours: str = "", except_ours: str = "") -> Rule:
    return Rule(*(frozenset(names.split()) for names in (outside, ours, except_ours)))


PAPERS = " ".join(f"reproductions.{paper}" for paper in papers.PAPERS)
MODELS = "reproductions.attention reproductions.layers"  # what a model may use
BATCHES = "data.tokenizers data.translation data.language data.batching data.images data.captions data.errors"
RECORDS = "reproductions.evaluation data.progress data.links data.errors data.stored data.words data.shapes data.whole"
READ = (
    f"reproductions.papers reproductions.runs reproductions.reports data.sources.paths {RECORDS}"  # a run without torch
)
TRAINED = f"data reproductions.training reproductions.decoding {MODELS} {READ}"
DRAWN = "numpy PIL sacrebleu sacremoses matplotlib"
# The first pattern that fits a module's name is its rule; {paper} is a package named after a paper and its year.
PAPER = r"reproductions\.(?P<paper>\w+\d{4})"
TABLE: tuple[tuple[str, Rule], ...] = (
    (r"data\.(links|errors|words)", rule(ours="data.errors")),
    (r"data\.(whole|progress)", rule("filelock", "data.errors")),
    (r"data\.accord(\..*)?", rule(ours="data.accord data.words data.links data.errors")),
    (r"data\.shapes(\..*)?", rule("numpy PIL", "data.shapes data.errors")),
    (r"data\.torchtext_tokenizer", rule("torchtext", "data")),
    (r"data(\..*)?", rule("torch numpy PIL lightning tokenizers torchvision datasets platformdirs filelock sacrebleu "
                          "huggingface_hub", "data")),
    (r"reproductions", rule(ours="data")),
    (r"reproductions\.papers", rule(ours="data.errors")),
    (r"reproductions\.(attention|layers|decoding)(\..*)?", rule("torch", MODELS)),
    (PAPER, rule(ours="{paper}")),
    (PAPER + r"\.model", rule("torch", f"{MODELS} {{paper}}.model")),
    (PAPER + r"\.weights", rule("torch torchvision safetensors", "data.errors data.preprocessing data.sources.download "
                                "data.sources.hugging_face "
                                "reproductions.training.checkpoints {paper}")),
    (PAPER + r"\.published", rule(ours="data.errors data.sources.paths {paper}")),
    (PAPER + r"\..*", rule("torch lightning",
                           f"{MODELS} reproductions.decoding reproductions.training {BATCHES} {{paper}}")),
    (r"reproductions\.training\.tracking_mode", rule("wandb", "data.errors data.whole")),
    (r"reproductions\.training\.tracking", rule("wandb lightning", "data.errors reproductions.training.tracking_mode "
                                               "reproductions.training.tracked")),
    (r"reproductions\.training\.portable", rule("torch safetensors", "data.errors data.whole")),
    (r"reproductions\.training(\..*)?", rule("torch lightning numpy",
     f"{MODELS} reproductions.decoding reproductions.training reproductions.papers data.whole data.progress {BATCHES}")),
    (r"reproductions\.evaluation(\..*)?", rule(DRAWN, RECORDS)),
    (r"reproductions\.(runs|reports|compare)(\..*)?", rule(f"{DRAWN} jinja2 yaml", f"{READ} reproductions.compare")),
    (r"reproductions\.tasks\.(report(\..*)?|\w+\.report)", rule("yaml", f"{READ} data.tokenizers reproductions.tasks.report")),
    (r"reproductions\.api", rule("numpy PIL matplotlib",
     "data.errors data.sources reproductions.papers reproductions.released reproductions.evaluation reproductions.runs "
     "reproductions.tasks")),
    (r"reproductions\.released(\..*)?", rule("yaml",
     f"{TRAINED} reproductions.tasks reproductions.released")),
    (r"reproductions\.tasks(\..*)?", rule(f"torch lightning {DRAWN}", f"{TRAINED} {PAPERS} reproductions.tasks")),
    (r"reproductions\.explain(\..*)?", rule("torch numpy matplotlib", f"{TRAINED} {PAPERS} reproductions.tasks "
     "reproductions.explain")),
    (r"reproductions\.experiments(\..*)?", rule("torch numpy matplotlib yaml eflomal",
     f"{TRAINED} {PAPERS} reproductions.tasks reproductions.compare reproductions.experiments")),
    (r"reproductions\.commands\.doctor",
     rule("torch torchvision torchtext lightning matplotlib packaging", "data reproductions")),
    (r"reproductions\.page(\..*)?", rule("torch numpy PIL matplotlib yaml starlette uvicorn h11 anyio",
     f"{TRAINED} {PAPERS} reproductions.released reproductions.tasks reproductions.experiments reproductions.explain "
     "reproductions.page")),
    (r"reproductions\.commands\.(page|site)", rule(ours="reproductions.page reproductions.released data.sources.paths")),
    (r"reproductions\.(commands|__main__)(\..*)?", rule("torch lightning numpy jsonargparse yaml",
     "data reproductions", "reproductions.page")),
)  # fmt: skip


def rule_of(module: str) -> Rule:
    for pattern, found in TABLE:
        match = re.fullmatch(pattern, module)
        if match:
            paper = "reproductions." + (match.groupdict().get("paper") or "")
            return Rule(
                found.outside, frozenset(name.replace("{paper}", paper) for name in found.ours), found.except_ours
            )
    raise AssertionError(f"{module} is neither data nor reproductions")


def imports(module: str, source: str, package: bool = False) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything imported, wherever in the file, by statement or by ``import_module``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: len(module.split(".")) - node.level + package] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("import_module", "__import__"):
                yield node.lineno, str(node.args[0].value)


def below(name: str, tops: frozenset[str]) -> bool:
    return any(name == top or name.startswith(top + ".") for top in tops)


def forbidden_imports(module: str, source: str, package: bool = False) -> list[str]:
    """One sentence for each import that breaks the table."""
    allowed, found = rule_of(module), []
    for line, name in imports(module, source, package):
        top = name.split(".")[0]
        if top in ("data", "reproductions"):
            fine = below(name, allowed.ours) and not below(name, allowed.except_ours)
        else:
            fine = top in sys.stdlib_module_names or top in allowed.outside
        if not fine or "pyplot" in name.split("."):
            found.append(f"{module}, line {line}: may not import {name}")
    return found


@pytest.mark.parametrize("path", CODE, ids=identify)
def test_imports_go_one_way(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert forbidden_imports(module_name(path), source, path.name == "__init__.py") == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("data.batching", "import reproductions.decoding"),
        ("data.batching", "from matplotlib.figure import Figure"),
        ("data.accord.draft", "import numpy as np"),
        ("reproductions.attention.dot", "from reproductions.decoding import greedy"),
        ("reproductions.bahdanau2014.model", "import lightning.pytorch as L"),
        ("reproductions.transformer2017.training", "from reproductions.bahdanau2014.training import Adadelta"),
        ("reproductions.training.translation", "from reproductions import evaluation"),
        ("reproductions.evaluation.views.alignment", "from ...tasks.translation.collect import collect"),
        ("reproductions.evaluation.plots.pages", "from matplotlib import pyplot"),
        ("reproductions.evaluation.plots.pages", "def f():\n    from lightning.pytorch import Trainer"),
        ("reproductions.tasks.log", "import wandb"),
        ("reproductions.commands.lightning.cli", "import importlib\nimportlib.import_module('wandb')"),
    ],
)
def test_a_forbidden_import_is_caught(module: str, line: str) -> None:
    assert forbidden_imports(module, line)


# --- What is not written here -----------------------------------------------------------------------------------------

STORED = re.compile(r"(attn|alphas?|weights|proj_?keys?)")
TURNS = {"T", "mT", "permute", "transpose", "swapaxes", "swapdims", "moveaxis", "movedim"}
# Not there in torch 2.3, the oldest that is supported; each is easy to reach for.
AFTER_TORCH_2_3 = {
    "RMSNorm", "Buffer", "flex_attention", "enable_gqa", "accelerator", "add_safe_globals", "safe_globals",
    "fully_shard", "Muon", "custom_op", "register_fake", "set_stance", "ModelParallelStrategy",
}  # fmt: skip
AFTER_PYTHON_3_11 = {"typing.override", "typing.TypeAliasType", "itertools.batched", "warnings.deprecated"}
OTHER_WORDS = {"src", "tgt", "trg", "hid"}


def may_turn(module: str) -> bool:
    return bool(re.fullmatch(PAPER + r"\.model|reproductions\.attention(\..*)?", module))


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, name) of every identifier: variables, attributes, arguments, functions, classes, keywords."""
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name"):
            value = getattr(node, field, None)
            if isinstance(value, str) and hasattr(node, "lineno"):
                yield node.lineno, value


def faults(module: str, source: str) -> list[str]:
    """One sentence for each thing in a file that this project does not write."""
    tree, found = ast.parse(source, feature_version=(3, 11)), []
    imported = {name for _, name in imports(module, source)}
    with_torch = any(name.split(".")[0] in ("torch", "lightning") for name in imported)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        of_self = isinstance(node.value, ast.Name) and node.value.id == "self"
        if with_torch and of_self and STORED.fullmatch(node.attr):
            found.append(f"line {node.lineno}: self.{node.attr} - attention is returned, never stored")
        if node.attr in TURNS and not may_turn(module):
            found.append(f"line {node.lineno}: .{node.attr} - rows are the target everywhere, nothing is turned")
    for line, name in names(tree):
        if with_torch and name in AFTER_TORCH_2_3:
            found.append(f"line {line}: {name} is not in torch 2.3")
        if OTHER_WORDS & set(name.lower().split("_")):
            found.append(f"line {line}: {name} - the words are source, target, hidden")
    found += [f"{name} is not in Python 3.11" for name in imported & AFTER_PYTHON_3_11]
    for number, line in enumerate(source.splitlines(), 1):
        if re.search(r"#\s*(noqa|type:\s*ignore)(?![:\[])", line):
            found.append(f"line {number}: names no rule, so it silences all of them")
    return found


@pytest.mark.parametrize("path", CODE, ids=identify)
def test_a_file_keeps_the_rules(path: Path) -> None:
    assert faults(module_name(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("reproductions.attention.dot", "import torch\nself.alpha = 1"),
        ("reproductions.bahdanau2014.model", "import torch\nself.proj_keys = 1"),
        ("reproductions.evaluation.views.alignment", "weights.T"),
        ("reproductions.decoding", "import torch\nmaps.transpose(1, 2)"),
        ("reproductions.training.translation", "from torch import nn\nnn.RMSNorm(3)"),
        ("reproductions.training.translation", "import torch\nf(enable_gqa=True)"),
        ("reproductions.training.translation", "from torch.nn import RMSNorm"),
        ("data.words", "src = 1"),
        ("data.words", "def f(tgt_mask): ..."),
        ("data.words", "from typing import override"),
        ("data.words", "import os  # noqa"),
        ("data.words", "x = f()  # type: ignore"),
    ],
)
def test_a_fault_is_caught(module: str, source: str) -> None:
    assert faults(module, source)


def test_python_3_12_syntax_is_caught() -> None:
    with pytest.raises(SyntaxError):
        faults("data.words", "type Ids = list[int]")


def test_what_is_allowed_is_no_fault() -> None:
    assert faults("reproductions.attention.dot", "import torch\nkeys.transpose(1, 2)  # noqa: E501") == []
    assert faults("reproductions.evaluation.records.translation", "self.weights = 1") == []


def project_files() -> list[Path]:
    """Every file that is ours, as git sees it; without git, the known folders."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True) if shutil.which("git") else None
    if listed is not None and listed.returncode == 0:
        return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    folders = (ROOT / name for name in ("data", "reproductions", "configs", "tests", "benchmarks"))
    return [
        path for folder in folders for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]


def test_no_file_has_a_name_that_says_nothing() -> None:
    nothing = {"utils", "util", "helpers", "helper", "common", "misc"}
    parts = {part for path in project_files() for part in path.relative_to(ROOT).with_suffix("").parts}
    assert parts & nothing == set()


def test_no_file_is_large() -> None:
    large = {identify(path): path.stat().st_size for path in project_files() if path.stat().st_size > 500_000}
    weights = {identify(path) for path in (ROOT / "docs/runs").glob("*/model.safetensors")}  # of the released runs
    assert large.keys() <= weights and max(large.values(), default=0) < 4_000_000


def test_few_modules_stand_outside_the_folders() -> None:
    assert len([*(ROOT / "reproductions").glob("*.py")]) <= 8


def test_no_payload_lies_in_the_data_package() -> None:
    strange = [
        path for path in project_files() if path.is_relative_to(ROOT / "data") and path.suffix not in (".py", ".md")
    ]
    assert [identify(path) for path in strange] == []


MACHINE = re.compile(r"(?<![\w.~$}/])/(?:home|root|Users|work|tmp|opt|mnt|scratch|farm)/\w")


def test_a_path_of_a_machine_is_recognised() -> None:
    assert MACHINE.search('"' + "/home" + '/me/data"')
    for before in ("runs", "$HOME", "https://a.b"):
        assert not MACHINE.search(before + "/home" + "/x")


def test_no_file_names_a_path_of_a_machine() -> None:
    text = [path for path in project_files() if path.suffix in (".py", ".md", ".toml", ".yaml", ".yml", ".txt", "")]
    found = {identify(path): m.group() for path in text if (m := MACHINE.search(path.read_text(encoding="utf-8")))}
    assert found == {}


def unlisted(docstring: str, modules: set[str]) -> set[str]:
    """The modules that a docstring which lists many of them leaves out; none where it lists something else, or nothing."""
    rows = re.findall(r"^ *(\w+(?:, \w+)*)  ", docstring, re.M)
    listed = {*re.findall(r"\w+", " ".join(rows)), *re.findall(r"``(\w+)``", docstring)}
    for several in re.findall(r"; ([\w,\s]+?) likewise", docstring):
        listed |= set(re.findall(r"\w+", several))
    named = modules & listed
    return modules - named if 3 * len(named) >= len(modules) else set()


@pytest.mark.parametrize(
    "path",
    [path for path in CODE if path.name == "__init__.py"],
    ids=identify,
)
def test_a_package_that_lists_its_modules_lists_all_of_them(path: Path) -> None:
    modules = {one.stem for one in path.parent.iterdir() if one.suffix == ".py" or (one / "__init__.py").is_file()}
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert unlisted(docstring, modules - {"__init__", "__main__"}) == set()


def test_a_module_that_is_not_listed_is_named() -> None:
    assert unlisted("one    this\ntwo    that", {"one", "two", "three"}) == {"three"}
    assert unlisted("``one`` and ``two``; three is a word", {"one", "two", "three"}) == {"three"}
    assert unlisted("one    this; two and three likewise", {"one", "two", "three", "four"}) == {"four"}
    assert unlisted("Nothing is listed: one, two.", {"one", "two", "three", "four", "five"}) == set()


# Words that a native speaker would not write here, in docstrings, comments, messages and names alike.
ODD = re.compile(r"(?<![a-z])(told|mend(s|ed|ing)?|rightly)(?![a-z])|cannot be had", re.I)


def test_an_odd_word_is_recognised() -> None:
    assert all(ODD.search(text) for text in ("is told", "_told", "Told.", "mended it", "rightly", "It cannot be had"))
    assert not ODD.search("recommended, uprightly")


def test_the_words_are_plain() -> None:
    kinds = (".py", ".md", ".toml", ".yaml", ".html", ".js", ".css", "")
    texts = [path for path in project_files() if path.suffix in kinds and "tests" not in path.parts]
    found = {identify(path): m.group() for path in texts if (m := ODD.search(path.read_text(encoding="utf-8")))}
    assert found == {}


def test_every_file_of_the_reading_order_is_there() -> None:
    order = (ROOT / "README.md").read_text(encoding="utf-8").partition("Read it in this order:")[2]
    files = re.findall(r"`([\w/]+\.py)`", order)
    assert len(files) == 9
    assert [file for file in files if not (ROOT / file).is_file()] == []


# --- Mistakes of public code ------------------------------------------------------------------------------------------

MISTAKES = re.compile(r"^## Mistakes that public code makes\n(.*?)^## ", re.M | re.S)
NAMED = re.compile(r"`(tests/\w+\.py)::(\w+)`")


def missing_tests(table: str) -> list[str]:
    """A sentence for each row that names no test, and for each test that is named and is not there."""
    found = []
    for row in re.findall(r"^\| (?!mistake )(.*) \|$", table, re.M):
        named = NAMED.findall(row)
        if not named:
            found.append(f"names no test: {row}")
        for file, test in named:
            path = ROOT / file
            if not path.is_file() or not re.search(rf"^def {test}\(", path.read_text(encoding="utf-8"), re.M):
                found.append(f"is not there: {file}::{test}")
    return found


def test_every_mistake_of_public_code_has_a_test_that_is_there() -> None:
    table = MISTAKES.search((ROOT / "reproductions/vit2021/README.md").read_text(encoding="utf-8"))
    assert table is not None and len(NAMED.findall(table[1])) > 15
    assert missing_tests(table[1]) == []


def test_a_mistake_without_a_test_is_named() -> None:
    here = f"tests/test_house.py::{test_a_mistake_without_a_test_is_named.__name__}"
    assert missing_tests(f"| mistake | test |\n|---|---|\n| one | `{here}` |") == []
    assert missing_tests("| one | none |") == ["names no test: one | none"]
    assert missing_tests("| one | `tests/test_house.py::test_nothing` |") == [
        "is not there: tests/test_house.py::test_nothing"
    ]
    assert missing_tests("| one | `tests/test_gone.py::test_nothing` |") == [
        "is not there: tests/test_gone.py::test_nothing"
    ]
