"""A paper is a folder, its configurations and one line in the register: everything else follows from these."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml
from older_runs import make
from toy_run import NETWORK, overrides
from trained import Trained

import reproductions
from data.errors import UserError
from reproductions import papers, runs
from reproductions.__main__ import run as command
from reproductions.compare import translators
from reproductions.page.catalogue import Catalogue, describe
from reproductions.papers import PAPERS, Paper
from reproductions.runs import Run
from reproductions.tasks.task import of

ROOT = Path(__file__).parents[1]
NAME = "lookup2013"
LINE = Paper(NAME, "Lookup", 2013, "Nobody", "Lookup2013", "translation", "train-lookup")
MODEL = '''
"""Each word asks the source where to look; nothing is remembered. B sentences, S source and T target positions."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from reproductions.attention import Dot
from reproductions.layers.checks import check_sizes


@dataclass(frozen=True)
class Network:
    """``width``: of every vector."""

    width: int = 64

    def __post_init__(self) -> None:
        check_sizes(self, "width")


class Memory(NamedTuple):
    """h (B, S, D) and mask (B, S)."""

    h: Tensor
    mask: Tensor


class State(NamedTuple):
    """``nothing`` (R, 0): there is no state."""

    nothing: Tensor


class Lookup(nn.Module):
    """p(y_t | y_{t-1}, x)."""

    max_length = None

    def __init__(self, source_vocabulary: int, target_vocabulary: int, network: Network) -> None:
        super().__init__()
        self.source = nn.Embedding(source_vocabulary, network.width)
        self.target = nn.Embedding(target_vocabulary, network.width)
        self.attention = Dot()
        self.head = nn.Linear(network.width, target_vocabulary)

    def limit(self, source_lengths: Tensor) -> Tensor:
        return 2 * source_lengths

    def encode(self, source: Tensor, mask: Tensor) -> tuple[Memory, State]:
        h = self.source(source)
        return Memory(h, mask), State(h[:, 0, :0])

    def look(self, memory: Memory, s: Tensor) -> tuple[Tensor, Tensor]:
        c, alpha = self.attention(s, memory.h, memory.h, memory.mask[:, None])
        return s + c, alpha[:, None, None]

    def features(
        self, source: Tensor, mask: Tensor, target: Tensor, need_weights: bool = True
    ) -> tuple[Tensor, Tensor]:
        memory, _ = self.encode(source, mask)
        return self.look(memory, nn.functional.pad(self.target(target[:, :-1]), (0, 0, 1, 0)))

    def step(self, memory: Memory, state: State, previous: Tensor | None) -> tuple[Tensor, Tensor, State]:
        rows = len(state.nothing)
        s = self.target.weight.new_zeros(rows, 1) * self.target.weight[:1] if previous is None else self.target(previous)
        features, maps = self.look(memory, s.view(len(memory.h), -1, s.shape[1]))
        return features.flatten(0, 1), maps, state

    def norms(self, source: Tensor, mask: Tensor) -> Tensor:
        return self.source(source).norm(dim=-1)[:, None, None]
'''
TRAINING = '''
"""How it is trained."""

from dataclasses import dataclass
from typing import Any, Literal

import torch

from reproductions.lookup2013.model import Lookup, Network
from reproductions.training.schedules import warmed
from reproductions.training.translation import Search, Translation


@dataclass(frozen=True)
class Recipe:
    """``schedule``: of Adam's learning rate."""

    learning_rate: float = 0.01
    schedule: Literal["constant", "cosine"] = "cosine"


class Lookup2013(Translation):
    """The model as a LightningModule."""

    paper = "lookup2013"
    title = "Lookup"

    def __init__(
        self,
        source_vocabulary: int,
        target_vocabulary: int,
        eos: int = 2,
        network: Network = Network(),
        recipe: Recipe = Recipe(),
        search: Search = Search(),
    ) -> None:
        super().__init__(Lookup(source_vocabulary, target_vocabulary, network), eos, search)
        self.recipe, self.view = recipe, "L1 H1 shift0"
        self.store_arguments(locals())

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        optimizer = torch.optim.Adam(self.parameters(), lr=recipe.learning_rate)
        return self.scheduled(optimizer, warmed, 2, recipe.schedule)
'''


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with the configurations of a paper that is not ours, and of one that is; the paper is registered."""
    work = tmp_path_factory.mktemp("papers")
    folder, configs = work / "elsewhere" / NAME, work / "configs"
    folder.mkdir(parents=True)
    for name, text in {"__init__.py": "", "model.py": MODEL, "training.py": TRAINING, "README.md": "# Nobody"}.items():
        (folder / name).write_text(text, encoding="utf-8")
    settings = yaml.safe_load((ROOT / "configs/luong2015/accord.yaml").read_text(encoding="utf-8"))
    settings["model"] = {"class_path": f"reproductions.{NAME}.training.Lookup2013", "init_args": {}}
    (configs / NAME).mkdir(parents=True)
    (configs / NAME / "accord.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (configs / "luong2015").symlink_to(ROOT / "configs" / "luong2015")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PAPERS, NAME, LINE)
        patch.setattr(reproductions, "__path__", [*reproductions.__path__, str(folder.parent)])
        patch.chdir(work)
        for name, value in make.places(work).items():
            patch.setenv(name, value)
        yield work
    for name in [name for name in sys.modules if NAME in name]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def lookup(work: Path) -> Run:
    """A run of the new paper, trained and scored by the command line."""
    arguments = overrides(make.STEPS, "luong2015", **make.ACCORD)
    shared = [given for given in arguments if "init_args.network" not in given and "init_args.recipe" not in given]
    assert command(["train", NAME, *shared]) == 0
    return runs.find(NAME)


def test_a_new_paper_is_trained_scored_and_drawn_by_the_command_line(lookup: Run) -> None:
    assert lookup.summary["title"] == "Lookup" and lookup.summary["steps"] == make.STEPS
    assert lookup.task == "translation" and {"bleu", "aer"} <= lookup.scores["test"].keys()
    assert {path.name for path in lookup.folder.glob("evaluation/*/*.png")} == {
        "test-115-own.png",
        "test-115-forced.png",
    }


@pytest.mark.usefixtures("undrawn")
def test_a_new_paper_is_evaluated_again_with_the_same_scores(lookup: Run) -> None:
    before = lookup.scores["test"]
    (lookup.folder / runs.SCORES).unlink()
    assert command(["evaluate", str(lookup.folder), "--run.pictures=[]"]) == 0
    again = lookup.scores["test"]
    assert [again[name] for name in ("bleu", "aer", "perplexity")] == pytest.approx(
        [before[name] for name in ("bleu", "aer", "perplexity")]
    )


@pytest.mark.usefixtures("undrawn")
def test_the_training_of_a_new_paper_is_continued(lookup: Run) -> None:
    assert command(["train", NAME, "--resume", f"--trainer.max_steps={make.STEPS + 2}"]) == 0
    assert lookup.summary["steps"] == make.STEPS + 2


def test_a_new_paper_translates_and_draws_what_is_typed(
    lookup: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "typed.png"
    asked = ["translate", "the agreement was signed .", "--run", str(lookup.folder), "--picture", str(picture)]
    assert command(asked) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 and picture.read_bytes()[:4] == b"\x89PNG"


def test_the_page_lists_a_new_paper_as_the_register_describes_it(lookup: Run) -> None:
    every, refused = Catalogue().runs()
    (listed,) = (describe(run) for run in every if run.paper == NAME)
    assert refused == {} and (listed["title"], listed["year"], listed["authors"]) == ("Lookup", 2013, "Nobody")
    assert listed["ready"] and listed["finished"] and "bleu" in listed["scores"]["test"]


@pytest.mark.usefixtures("undrawn")
def test_a_new_paper_is_compared_with_another(
    lookup: Run, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translators, "SENTENCES", 1)
    other = trained("luong2015")
    assert command(["compare", str(lookup.folder), str(other.folder), "--out", str(tmp_path)]) == 0
    compared = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Lookup" in compared and other.summary["title"] in compared
    assert json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))


def test_a_checkpoint_of_a_new_paper_refuses_a_choice_that_the_paper_does_not_offer(
    lookup: Run, tmp_path: Path
) -> None:
    content = torch.load(lookup.best, weights_only=True)
    content["hyper_parameters"]["recipe"]["schedule"] = "klingon"
    torch.save(content, tmp_path / "changed.ckpt")
    with pytest.raises(UserError, match="recipe.schedule must be one of constant, cosine, not 'klingon'"):
        of(NAME).restore(lookup.folder, tmp_path / "changed.ckpt")


def test_what_no_register_lists_is_refused_with_what_it_lists() -> None:
    with pytest.raises(UserError, match="has no paper 'elsewhere1999'; it has bahdanau2014, "):
        papers.of("elsewhere1999")


def test_a_paper_stands_in_the_register_the_makefile_and_the_readme_and_nowhere_else() -> None:
    """Beside its folder, its configurations, its documents and its tests: what a paper without commands of its own needs."""
    code = [path for folder in ("reproductions", "data", "benchmarks") for path in (ROOT / folder).rglob("*.*")]
    files = [path for path in [*code, *ROOT.glob("*.*"), ROOT / "Makefile"] if path.is_file()]
    shared = [path for path in files if "resnet2016" not in path.parts and "__pycache__" not in path.parts]
    naming = {str(path.relative_to(ROOT)) for path in shared if b"resnet2016" in path.read_bytes()}
    assert naming == {"Makefile", "README.md", "reproductions/papers.py"}


@pytest.mark.parametrize("paper", PAPERS)
def test_every_paper_has_what_the_register_says(paper: str) -> None:
    line = PAPERS[paper]
    folder = ROOT / "reproductions" / paper
    assert {"model.py", "training.py", "README.md"} <= {path.name for path in folder.iterdir()}
    assert f"class {line.module}(" in (folder / "training.py").read_text(encoding="utf-8")
    assert (ROOT / "reproductions/tasks" / line.task / "task.py").is_file() and line.task in papers.TASKS
    assert re.search(rf"^{line.train}:.*\n\t.* train {paper} ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert paper in NETWORK and str(line.year) in paper
