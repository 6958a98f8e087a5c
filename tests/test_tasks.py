"""What every task shares: what is drawn, what several processes collect, and what a caption says of the weights.

What the one callback writes of a task is held by the runs of every paper.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from reproductions.evaluation.records.translation import AlignedTranslation, Translated
from reproductions.papers import PAPERS, TASKS
from reproductions.tasks import task as tasks
from reproductions.tasks.gather import Collection, gather
from reproductions.tasks.log import EvaluationLog
from reproductions.tasks.origin import Origin
from reproductions.tasks.task import Split, Stage, Task
from reproductions.tasks.translation.collect import CollectedTranslations
from reproductions.tasks.translation.task import TranslationSplit


@dataclass
class Guesses(Collection):
    guesses: dict[int, bool] = field(default_factory=dict)
    right: int = 0


def test_a_test_draws_all_of_the_fixed_split_and_of_others_the_chosen_alone():
    stages = [Stage(name, None, None, Origin("Parity", 1), (1,)) for name in ("validate", "test")]
    splits = [SimpleNamespace(stage=stage, name=name) for stage in stages for name in ("fixed", "test")]
    drawn = [Split.drawn(split, {0: "a", 1: "b"}) for split in splits]
    assert drawn == [[(1, "b")], [(1, "b")], [(0, "a"), (1, "b")], [(1, "b")]]


def test_a_test_draws_both_alignments_of_the_chosen_sentences_and_one_of_the_other_fixed_ones(tmp_path):
    data = SimpleNamespace(target_tokenizer=SimpleNamespace(language="fr"), split_names=lambda _: ["test", "fixed"])
    stage = Stage("test", SimpleNamespace(view=None), data, Origin("Parity", 1), (1,))
    read, written = ([AlignedTranslation(["a"], ["b"], [[1.0]], "Parity", "L1", forced, "fixed", index)
                      for index in range(2)] for forced in (True, False))  # fmt: skip
    collected = CollectedTranslations(forced=dict(enumerate(read)), own=dict(enumerate(written)))
    collected.translated = {index: Translated("a", "b", "b", index) for index in range(2)}
    table = TranslationSplit(stage, "fixed", collected).table(tmp_path)
    pictures = [[cell and cell.name for cell in row[-2:]] for row in table.rows]
    assert pictures == [["fixed-0-forced.png", None], ["fixed-1-forced.png", "fixed-1-own.png"]]
    assert {path.name for path in tmp_path.iterdir()} == {"fixed-0-forced.png", "fixed-1-forced.png", "fixed-1-own.png"}


def test_what_several_processes_collected_counts_each_example_once_and_in_order(monkeypatch):
    """A sampler that fills up the last batch gives an example to two processes."""
    mine, other = Guesses({3: True, 0: True}, right=1), Guesses({2: False, 3: True}, right=0)

    def everyone(gathered, collected):
        gathered[:] = [collected, [other]]

    monkeypatch.setattr(torch.distributed, "all_gather_object", everyone, raising=False)
    (merged,) = gather(SimpleNamespace(world_size=2), [mine])
    assert list(merged.guesses) == [0, 2, 3] and merged.right == 1 and len(merged) == 3


def test_a_split_without_examples_leaves_nothing():
    log = EvaluationLog(Task, Path(), [])
    log._splits = [SimpleNamespace(collected=Guesses()), SimpleNamespace(collected=Guesses({0: True}))]
    assert log._gathered(SimpleNamespace(world_size=1)) == log._splits[1:]


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
