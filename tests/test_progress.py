"""The line that says what a command is doing: alive in a pipe, drawn anew in a terminal, and what a training writes on it."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from data import progress
from reproductions.training.progress import Progress


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(progress, "ALIVE", 9.0)
    monkeypatch.setattr(progress, "FRAME", 1e9)  # the thread does nothing: the tests draw
    return Clock()


def test_a_pipe_is_given_a_plain_line_at_least_every_ten_seconds_and_no_more_than_that(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    line, times, written = progress.Line(clock), [clock.now], ""
    with line.doing("outside"), line.doing(clock):
        for _ in range(400):
            clock.now += 0.25
            line.draw()
            if said := capsys.readouterr().err:
                written += said
                times.append(clock.now)
    assert max(after - before for before, after in zip([*times], [*times[1:], clock.now], strict=True)) <= 10
    assert len(written.splitlines()) == len(times) - 1 == 11
    assert not re.search("[\\r\\033]|outside", written)


def test_a_terminal_has_one_line_that_is_cut_at_its_width_and_makes_room(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_columns", lambda: 8)
    line = progress.Line(clock)
    with line.doing("drawing 36 pictures"):
        line.draw()
        line.draw()
        line.keep("step 300")
        line.draw()
    line.draw()
    written = capsys.readouterr().err
    screen = [text.rpartition("\033[K")[2].rstrip("\r") for text in written.split("\n")]
    assert screen == ["step 300", ""] and written.count("drawing\r") == 3


def test_a_count_says_how_much_is_done_and_how_long_the_rest_takes() -> None:
    count = progress.Count("fetching train", 5e6, "MB", 1e6)
    assert str(count) == "fetching train: 0 of 5 MB"
    count.done = 2e6
    assert re.fullmatch("fetching train: 2 of 5 MB · 0 s left", str(count))
    assert progress.left(60, 10, 100) == " · 9 min left" and progress.left(6, 10, 100) == " · 54 s left"
    assert progress.left(60, 100, 100) == progress.left(60, 0, 100) == progress.left(9, 1, float("inf")) == ""


def kept(monitor: str, mode: str, score: float) -> ModelCheckpoint:
    """What chooses the best checkpoint, after it has kept one with this score."""
    best = ModelCheckpoint(monitor=monitor, mode=mode, save_top_k=1)
    best.best_k_models, best.kth_best_model_path = {"best.ckpt": torch.tensor(score)}, "best.ckpt"
    return best


def validated(best: ModelCheckpoint) -> dict[str, Any]:
    """Of a trainer, what is read after a validation."""
    scores = {"valid/bleu": torch.tensor(87.5), "valid/aer": torch.tensor(0.089)}
    return {"callback_metrics": scores, "checkpoint_callbacks": [best], "sanity_checking": False,
            "state": SimpleNamespace(fn="fit"), "strategy": SimpleNamespace(reduce_boolean_decision=bool)}  # fmt: skip


@pytest.mark.parametrize(("name", "mode", "before", "is_best"), [
    ("bleu", "max", 80.0, True), ("bleu", "max", 90.0, False), ("aer", "min", 0.1, True), ("aer", "min", 0.08, False),
])  # fmt: skip
def test_a_score_is_the_best_as_the_checkpoint_is_whether_more_or_less_is_better(
    name: str, mode: str, before: float, is_best: bool
) -> None:
    shown = Progress({"bleu": ("BLEU", 1), "aer": ("AER %", 1)}, f"valid/{name}")
    trainer: Any = SimpleNamespace(**validated(kept(f"valid/{name}", mode, before)))
    shown.on_validation_end(trainer, trainer)
    cells = str(shown).partition("valid ")[2].split(" · ")
    assert [cell.endswith(" (best)") for cell in cells] == [is_best and name == "bleu", is_best and name == "aer"]


def test_a_training_says_its_step_loss_scores_and_the_time_left_on_one_line(clock: Clock) -> None:
    shown = Progress({"bleu": ("BLEU", 1), "aer": ("AER %", 1)}, "valid/bleu", clock)
    best = kept("valid/bleu", "max", 80.0)
    trainer: Any = SimpleNamespace(
        estimated_stepping_batches=1800, global_step=0, progress_bar_metrics={"train/loss": 0.114}, **validated(best)
    )
    shown.on_train_start(trainer, trainer)
    clock.now, trainer.global_step = 640.0, 900
    shown.on_train_batch_end(trainer)
    shown.on_validation_start(trainer, trainer)
    assert str(shown) == "step 900/1,800 · loss 0.11 · validating · 9 min left"
    shown.on_validation_end(trainer, trainer)
    assert str(shown) == "step 900/1,800 · loss 0.11 · valid BLEU 87.5 (best) · AER 8.9 % · 9 min left"
    best.best_k_models["best.ckpt"] = torch.tensor(90.0)
    shown.on_validation_end(trainer, trainer)
    assert str(shown) == "step 900/1,800 · loss 0.11 · valid BLEU 87.5 · AER 8.9 % · 9 min left"
