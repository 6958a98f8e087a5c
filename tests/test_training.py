"""How a training goes and ends: stops in mid-step, other processes, a full disk; tokenisers, beams, a model without attention."""

import os
import signal
import subprocess
import sys

import pytest
import torch
from full_disk import room_for
from toy_run import overrides
from trained import ROOT

from reproductions import runs
from reproductions.__main__ import FULL
from reproductions.__main__ import run as command
from reproductions.evaluation.records import load
from reproductions.evaluation.records.translation import AlignedTranslation, Translated
from reproductions.tasks.task import restore
from reproductions.training import checkpoints
from reproductions.training.callbacks import Reseed

QUIET = {"run.pictures": "[]"}
untested = pytest.mark.usefixtures("untested")


@pytest.fixture
def train(place, trained, undrawn):
    """Trains RNNsearch on numbers, below the folder of runs, and returns the exit status."""

    def start(*more, steps=8, **settings):
        given = ["train", "bahdanau2014", "--data", str(trained.numbers), *more]
        return command([*given, *overrides(steps, **{"run.pictures": "[]"} | settings)])

    return start


def only_run(folder=None):
    (found,) = (folder or runs.runs_dir()).glob("bahdanau2014/*/*")
    return runs.Run(found)


def states(run):
    checkpoint = checkpoints.read(run.last)
    return checkpoint["state_dict"], checkpoint["optimizer_states"][0]["state"]


# --- Stopped ------------------------------------------------------------------------------------------------------------

# An epoch is a step of three batches and one of two.
GATHERING = QUIET | {"trainer.accumulate_grad_batches": 3, "trainer.val_check_interval": 1, "trainer.limit_val_batches": 2,
                     "data.init_args.batch_tokens": 480, "model.init_args.recipe.optimizer": "adam"}  # fmt: skip


@pytest.fixture(scope="module")
def uninterrupted(trained, tmp_path_factory):
    """The state after four steps that nobody stopped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("DATA_DIR", str(trained.data))
        patch.setenv("RUNS_DIR", str(tmp_path_factory.mktemp("whole")))
        patch.setattr("lightning.pytorch.Trainer.test", lambda *_, **__: [])
        given = ["train", "bahdanau2014", "--data", str(trained.numbers), *overrides(4, **GATHERING)]
        assert command(given) == 0
        return states(only_run())


@untested
@pytest.mark.parametrize(("hook", "number", "status"), [
    ("on_train_batch_start", signal.SIGTERM, 143), ("on_validation_batch_start", signal.SIGINT, 130),
])  # fmt: skip
def test_a_signal_while_a_step_gathers_its_batches_waits_for_the_step(
    train, trained, monkeypatch, uninterrupted, hook, number, status
):
    calls = []

    def signalled(self, *_):
        calls.append(self.trainer.global_step)
        if len(calls) == 2:  # of the three batches of the first step
            os.kill(os.getpid(), number)

    with monkeypatch.context() as patch:
        patch.setattr(f"reproductions.bahdanau2014.training.Bahdanau2014.{hook}", signalled, raising=False)
        assert train(steps=4, **GATHERING) == status
    assert calls[1] == 0 and checkpoints.read(only_run().last)["global_step"] == 1
    assert command(["train", "bahdanau2014", "--data", str(trained.numbers), "--resume"]) == 0
    torch.testing.assert_close(states(only_run()), uninterrupted, rtol=0, atol=0)


@untested
@pytest.mark.parametrize("step", [1, 2])  # in the middle of an epoch, and between two
def test_an_error_between_two_steps_saves_the_state_and_the_training_goes_on_from_it(
    train, trained, monkeypatch, uninterrupted, step
):
    reseed = Reseed.on_train_batch_start

    def fails(self, trainer, *batch):
        if trainer.global_step == step:
            raise ZeroDivisionError
        reseed(self, trainer, *batch)

    with monkeypatch.context() as patch:
        patch.setattr(Reseed, "on_train_batch_start", fails)
        with pytest.raises(ZeroDivisionError):
            train(steps=4, **GATHERING)
    assert checkpoints.read(only_run().last)["global_step"] == step
    assert command(["train", "bahdanau2014", "--data", str(trained.numbers), "--resume"]) == 0
    torch.testing.assert_close(states(only_run()), uninterrupted, rtol=0, atol=0)


def background(numbers, *arguments):
    given = [sys.executable, "-m", "reproductions", "train", "bahdanau2014", "--data", str(numbers), *arguments]
    return subprocess.Popen(given, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


# --- Other processes, other settings ------------------------------------------------------------------------------------


def test_two_processes_evaluate_every_sentence_once_and_score_as_one(place, trained):
    process = background(trained.numbers, *overrides(4, **{"run.pictures": "[]"}), "--trainer.devices=2",
                         "--trainer.accelerator=cpu", "--trainer.strategy=ddp")  # fmt: skip
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    run = only_run()
    together = run.scores["test"]
    translated = load(run.folder / "evaluation" / "test" / "translations.jsonl", Translated)
    assert [record.index for record in translated] == list(range(together["sentences"]))
    assert command(["evaluate", str(run.folder)]) == 0
    alone = run.scores["test"]
    for name in ("bleu", "chrf", "perplexity"):
        assert alone[name] == pytest.approx(together[name], rel=1e-4)


@pytest.mark.parametrize("kind", ["bpe", "torchtext"])  # words are the default
def test_every_tokeniser_trains_reloads_and_translates_from_the_command_line(train, kind):
    if kind == "torchtext":
        try:
            import torchtext  # noqa: F401
        except (ImportError, OSError):
            pytest.skip("torchtext needs the frozen lane")
    assert train(steps=4, **{"data.init_args.tokenizer": kind, "data.init_args.vocabulary": 40}) == 0
    run = only_run()
    assert (run.folder / "tokenizers" / "source.json").read_text(encoding="utf-8").count(f'"kind": "{kind}"') == 1
    assert run.scores["test"]["sentences"] > 0
    restored = restore(run)
    assert restored.source.kind == kind
    (record, *_) = load(run.folder / "evaluation" / "test" / "translations.jsonl", Translated)
    assert restored.translate(record.source)[0].hypothesis == record.hypothesis


def test_without_attention_there_are_scores_and_no_alignments_even_before_the_first_validation(train, capsys):
    assert train("--variant", "rnnencdec", steps=3, **{"run.pictures": "[0]"}) == 0
    run = only_run()
    assert f"Look:   {run.folder / runs.REPORT}\n" in capsys.readouterr().out
    (line,) = run.validations
    assert line["step"] == 3 and run.summary["best"]["valid/bleu"] == pytest.approx(line["valid/bleu"])
    assert "bleu" in run.scores["test"] and not list(run.folder.rglob("*.png"))
    assert (run.folder / "evaluation" / "test" / "forced.jsonl").read_text() == ""


@untested
def test_the_first_picture_alone_is_named_as_soon_as_it_is_drawn(train, capsys):
    assert train(steps=8, **{"run.pictures": "[1, 0]", "trainer.val_check_interval": 4}) == 0
    drawn = only_run().folder / "pictures"
    assert len(list(drawn.glob("valid-?/step-*.png"))) == 4
    assert [line for line in capsys.readouterr().err.splitlines() if ".png" in line] == [
        f"The first picture, after 4 steps: {drawn}/valid-0/step-0000004.png"
    ]


def test_beam_search_works_from_the_command_line_and_its_alignments_are_valid(place, trained):
    run = trained.copy("bahdanau2014", place / "runs")
    assert command(["evaluate", str(run.folder), "--model.init_args.search.width=3", "--run.pictures=[]"]) == 0
    own = load(run.folder / "evaluation" / "test" / "own.jsonl", AlignedTranslation)
    assert own and all(record.weights.sum(1) == pytest.approx(1, abs=1e-3) for record in own)


# --- A full disk --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [100, 1_000_000, 2_500_000])  # in the header, in a large tensor, in a small one
def test_a_checkpoint_that_finds_no_room_is_an_error_of_the_disk_and_the_old_one_stays(tmp_path, size):
    path = tmp_path / "last.ckpt"
    checkpoints.WholeFiles().save_checkpoint({"step": 1}, path)
    large = {"large": torch.zeros(600_000), "small": [torch.zeros(50) for _ in range(500)]}
    with room_for(size), pytest.raises(OSError) as caught:
        checkpoints.WholeFiles().save_checkpoint(large, path)
    assert caught.value.errno in FULL and caught.value.filename == str(path)
    assert torch.load(path, weights_only=True) == {"step": 1} and list(tmp_path.iterdir()) == [path]


@untested
def test_a_full_disk_leaves_the_last_checkpoint_whole_and_training_goes_on_from_it(train, trained, capfd):
    settings = QUIET | {"model.init_args.network.hidden": 150, "trainer.val_check_interval": 100}
    assert train(steps=3, **settings) == 0
    run = only_run()
    again = ["train", "bahdanau2014", "--data", str(trained.numbers), "--resume", "--trainer.max_steps=6"]
    with room_for(run.last.stat().st_size // 2):
        assert command(again) == 2
    error = capfd.readouterr().err
    assert "disk is full" in error.splitlines()[-1] and "last.ckpt" in error.splitlines()[-1]
    assert "Traceback" not in error
    assert checkpoints.read(run.last)["global_step"] == 3
    assert command(again) == 0 and checkpoints.read(run.last)["global_step"] == 6
