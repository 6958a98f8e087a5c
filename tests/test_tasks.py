"""One callback evaluates every task: a toy task of a test's own, which guesses the parity of numbers, and what it leaves."""

import json
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
import torch
from lightning.pytorch import LightningDataModule, Trainer
from matplotlib.figure import Figure
from PIL import Image
from torch.utils.data import DataLoader

from data.errors import UserError
from reproductions.papers import PAPERS, TASKS
from reproductions.tasks import task as tasks
from reproductions.tasks.gather import Collection, gather
from reproductions.tasks.log import EvaluationLog
from reproductions.tasks.origin import Origin
from reproductions.tasks.task import Drawn, Split, Table, Task
from reproductions.training.module import Reproduction


class Guess(NamedTuple):
    number: int
    even: bool

    def to_json(self):
        return {"number": self.number, "even": self.even}


@dataclass
class Guesses(Collection):
    guesses: dict[int, Guess] = field(default_factory=dict)
    right: int = 0


@dataclass
class ParitySplit(Split):
    def add(self, outputs, batch):
        for index, even in zip(batch.tolist(), outputs.tolist(), strict=True):
            self.collected.guesses[index] = Guess(index, even)
            self.collected.right += even == (index % 2 == 0)

    def scores(self):
        return {"accuracy": self.collected.right / len(self.collected)}

    def details(self):
        return {"numbers": len(self.collected)}

    def followed(self):
        for index, guess in self.drawn(self.collected.guesses):
            yield self.through_training(index, Figure((1, 1)), str(guess))

    def records(self):
        return {"guesses.jsonl": self.collected.guesses.values(), "plain.jsonl": [{"nan": float("nan")}], "all.json": 7}

    def table(self, folder):  # noqa: ARG002
        return Table("numbers", ["number"], [[index] for index, _ in self.drawn(self.collected.guesses)])

    def figures(self):
        yield "parity", Figure((1, 1))


class Parity(Task):
    filmed = True

    def check(self, module, data):  # noqa: ARG002
        if data.numbers < 2:
            raise UserError("too few numbers")

    def begin(self, stage, name):
        return ParitySplit(stage, name, Guesses())

    def choose(self, splits):
        splits[0].stage.module.view = "a view"
        splits[0].stage.module.views = splits[0].stage.origin.as_json()

    def draw_views(self, module):
        return Drawn("views.png", "valid/views", Figure((1, 1)), str(Origin.parse(module.title, module.views)))

    def notes(self, results):  # noqa: ARG002
        return []

    def restore(self, folder, checkpoint):  # noqa: ARG002
        return None


class Module(Reproduction):
    paper, title = "parity", "Parity"

    def __init__(self):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.zeros(()))

    def training_step(self, batch, batch_idx):  # noqa: ARG002
        return self.bias**2

    def evaluation_step(self, batch):
        return batch < 4  # every number below 4 is called even

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


class Numbers(LightningDataModule):
    """The numbers from 0, two a batch; of the test split alone, "fixed"."""

    def __init__(self, numbers=6):
        super().__init__()
        self.numbers = numbers

    def split_names(self, stage):
        return {"validate": ["valid", "none"], "test": ["fixed"]}[stage]

    def train_dataloader(self):
        return DataLoader(torch.arange(self.numbers), batch_size=2)

    def val_dataloader(self):
        return [self.train_dataloader(), DataLoader(torch.arange(0), batch_size=2)]

    def test_dataloader(self):
        return [self.train_dataloader()]


def trainer(folder, task):
    return Trainer(
        accelerator="cpu", max_steps=6, logger=False, callbacks=[EvaluationLog(task, folder, [1, 3])],
        default_root_dir=folder, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        num_sanity_val_steps=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run of the toy task: two epochs, each validated, and a test at step 9."""
    folder = tmp_path_factory.mktemp("parity")
    running, module = trainer(folder, Parity()), Module()
    running.fit(module, datamodule=Numbers())
    module.steps = 9
    running.test(module, datamodule=Numbers(), verbose=False)
    return folder


def test_each_validation_leaves_a_line_and_the_sanity_check_and_a_split_without_examples_leave_nothing(run):
    lines = [json.loads(line) for line in (run / "validation.jsonl").read_text().splitlines()]
    assert lines == [{"step": step, "valid/accuracy": pytest.approx(3 / 6)} for step in (3, 6)]


def test_chosen_examples_are_drawn_through_training_and_filmed(run):
    for index in (1, 3):
        names = sorted(path.name for path in (run / f"pictures/valid-{index}").iterdir())
        assert names == ["step-0000003.png", "step-0000006.png", "training.gif"]
        with Image.open(run / f"pictures/valid-{index}/training.gif") as film:
            assert film.n_frames in (1, 2)  # equal frames are one
    assert len(list((run / "pictures").iterdir())) == 2


def test_a_test_leaves_scores_with_details_records_and_pictures(run):
    folder = run / "evaluation"
    assert json.loads((folder / "scores.json").read_text()) == {"fixed": {"accuracy": 0.5, "step": 9, "numbers": 6}}
    guesses = [json.loads(line) for line in (folder / "fixed/guesses.jsonl").read_text().splitlines()]
    assert guesses == [{"number": n, "even": n < 4} for n in range(6)]
    assert json.loads((folder / "fixed/plain.jsonl").read_text()) == {"nan": None}
    assert json.loads((folder / "fixed/all.json").read_text()) == 7 and (folder / "fixed/parity.png").is_file()


def test_the_chosen_view_stands_beside_its_picture(run):
    assert json.loads((run / "views.json").read_text()) == {"step": 6} and (run / "views.png").is_file()


def test_data_that_a_model_cannot_read_is_refused_before_the_training(tmp_path):
    with pytest.raises(UserError, match="too few"):
        trainer(tmp_path, Parity()).fit(Module(), datamodule=Numbers(1))
    assert not (tmp_path / "validation.jsonl").exists()


def test_a_test_draws_all_of_the_fixed_split_and_of_others_the_chosen_alone():
    stages = [tasks.Stage(name, None, None, Origin("Parity", 1), (1,)) for name in ("validate", "test")]
    records = {0: "a", 1: "b"}
    drawn = [ParitySplit(stage, name, Guesses()).drawn(records) for stage in stages for name in ("fixed", "test")]
    assert drawn == [[(1, "b")], [(1, "b")], [(0, "a"), (1, "b")], [(1, "b")]]


def test_what_several_processes_collected_counts_each_example_once_and_in_order(monkeypatch):
    """A sampler that fills up the last batch gives an example to two processes."""
    mine = Guesses({3: Guess(3, True), 0: Guess(0, True)}, right=1)
    other = Guesses({2: Guess(2, False), 3: Guess(3, True)}, right=0)

    def everyone(gathered, collected):
        gathered[:] = [collected, [other]]

    monkeypatch.setattr(torch.distributed, "all_gather_object", everyone, raising=False)
    (merged,) = gather(type("Two", (), {"world_size": 2}), [mine])
    assert list(merged.guesses) == [0, 2, 3] and merged.right == 1 and len(merged) == 3


@pytest.mark.parametrize(
    ("origin", "caption", "picture"),
    [
        (Origin("RNNsearch", 1200), "RNNsearch, step 1,200", "step-0001200.png"),
        (Origin("RNNsearch", 8, 3), "RNNsearch, mean of 3 snapshots", "mean-0000008.png"),
    ],
)
def test_a_caption_says_which_weights_answer(origin, caption, picture):
    assert (str(origin), origin.picture) == (caption, picture)
    assert Origin.parse("RNNsearch", json.loads(json.dumps(origin.as_json()))) == origin


@pytest.mark.parametrize("paper", PAPERS)
def test_every_task_states_what_a_run_asks_of_it(paper):
    task = tasks.of(paper)
    assert PAPERS[paper].task in TASKS
    assert all(hasattr(task, name) for name in Task.__annotations__), "a fact of the task is missing"
    assert task is not tasks.of(paper), "what a task keeps of the data belongs to one run"
