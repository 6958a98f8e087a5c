"""Whole runs on a toy corpus: exact resumption, the same scores after reloading, safe ends, clear errors."""

import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
import wandb
from page_runs import write
from toy_run import corpus, overrides
from wandb_offline import read

from data.errors import UserError
from reproductions import runs
from reproductions.__main__ import FULL
from reproductions.__main__ import run as command
from reproductions.commands import report as run_report
from reproductions.commands.figures.bahdanau2014 import CURVES
from reproductions.commands.figures.curves import curves_of
from reproductions.evaluation.records import load
from reproductions.evaluation.records.translation import AlignedTranslation, Translated
from reproductions.tasks.task import restore
from reproductions.training import checkpoints

ROOT = Path(__file__).parents[1]
EPOCH = 5  # batches of 480 cells in the toy corpus; asserted below


def train(path, *more, steps=8, **settings):
    os.environ.pop("RUN_STAMP", None)
    return command(["train", "bahdanau2014", "--data", str(path), *more, *overrides(steps, **settings)])


def only_run(folder):
    (found,) = (path.parent for path in folder.glob("bahdanau2014/*/*/config.yaml"))
    return runs.Run(found)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A fresh folder for runs and data, and the toy corpus in it."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return corpus(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One run, trained, tracked offline and scored; for reading alone."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("RUNS_DIR", str(folder / "runs"))
        patch.setenv("DATA_DIR", str(folder / "data"))
        patch.setenv("WANDB_MODE", "offline")
        assert train(corpus(folder), **{"run.pictures": "[0]"}) == 0
        wandb.teardown()
    return only_run(folder / "runs")


def states(path):
    checkpoint = checkpoints.read(path)
    return checkpoint["state_dict"], checkpoint["optimizer_states"][0]["state"]


@pytest.mark.parametrize(("recipe", "stop"), [
    ({"optimizer": "adam", "schedule": "cosine"}, 3),  # in the middle of an epoch
    ({"optimizer": "adadelta"}, 6),  # where last.ckpt has just been written
    ({"optimizer": "adam"}, EPOCH),  # between two epochs
])  # fmt: skip
def test_a_resumed_run_is_bit_for_bit_the_uninterrupted_one(place, tmp_path, monkeypatch, recipe, stop):
    settings = {f"model.init_args.recipe.{name}": value for name, value in recipe.items()}
    settings |= {"model.init_args.network.dropout": 0.3, "trainer.val_check_interval": 10}
    settings |= {"data.init_args.batch_tokens": 480}
    assert train(place, steps=10, **settings) == 0
    whole = states(only_run(tmp_path / "runs").last)
    assert checkpoints.read(only_run(tmp_path / "runs").last)["epoch"] == 10 // EPOCH

    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "cut"))

    def cut(self, *_):
        if self.trainer.global_step == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("reproductions.bahdanau2014.training.Bahdanau2014.on_train_batch_start", cut, raising=False)
        assert train(place, steps=10, **settings) == 130
    run = only_run(tmp_path / "cut")
    assert torch.load(run.last, weights_only=True)["global_step"] == stop
    assert command(["train", "bahdanau2014", "--data", str(place), "--resume"]) == 0
    resumed = states(run.last)
    for one, other in zip(whole, resumed, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("hook", ["on_train_batch_start", "on_validation_batch_start"])
def test_a_signal_while_a_step_gathers_its_batches_waits_for_the_step(
    place, tmp_path, monkeypatch, number, status, hook
):
    settings = {
        "trainer.accumulate_grad_batches": 3,
        "trainer.val_check_interval": 1,
    }  # an epoch is a step of 3 and one of 2
    settings |= {
        "data.init_args.batch_tokens": 480,
        "trainer.limit_val_batches": 1,
        "model.init_args.recipe.optimizer": "adam",
    }
    assert train(place, steps=4, **settings) == 0
    whole = states(only_run(tmp_path / "runs").last)

    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "cut"))
    calls = []

    def signalled(self, *_):
        calls.append(self.trainer.global_step)
        if len(calls) == 2:  # of the three batches of the first step
            os.kill(os.getpid(), number)

    with monkeypatch.context() as patch:
        patch.setattr(f"reproductions.bahdanau2014.training.Bahdanau2014.{hook}", signalled, raising=False)
        assert train(place, steps=4, **settings, **{"trainer.num_sanity_val_steps": 0}) == status
    run = only_run(tmp_path / "cut")
    assert calls[1] == 0 and checkpoints.read(run.last)["global_step"] == 1
    assert command(["train", "bahdanau2014", "--data", str(place), "--resume"]) == 0
    for one, other in zip(whole, states(run.last), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def without_speed(scores):
    return {
        split: {name: value for name, value in known.items() if name != "sentences_per_s"}
        for split, known in scores.items()
    }


def test_a_reloaded_run_scores_and_translates_as_it_did(trained, capsys):
    before = without_speed(trained.scores)
    translator = restore(trained)
    for record in load(trained.folder / "evaluation" / "test" / "translations.jsonl", Translated)[:4]:
        assert translator.translate(record.source)[0].hypothesis == record.hypothesis
    assert command(["evaluate", str(trained.folder)]) == 0
    assert without_speed(trained.scores) == before
    assert f"{before['test']['bleu']:.2f}" in capsys.readouterr().out


def test_beam_search_works_from_the_command_line_and_its_alignments_are_valid(trained):
    assert command(["evaluate", str(trained.folder), "--model.init_args.search.width=3"]) == 0
    own = load(trained.folder / "evaluation" / "test" / "own.jsonl", AlignedTranslation)
    assert own and all(record.weights.sum(1) == pytest.approx(1, abs=1e-3) for record in own)
    assert command(["evaluate", str(trained.folder)]) == 0


def test_the_run_folder_holds_what_the_tracker_holds(trained):
    tracked = read(min((trained.folder / "wandb").glob("offline-run-*/*.wandb")))  # later ones are evaluations
    keys = {key for row in tracked.history for key in row}
    assert {"train/loss", "valid/bleu", "test/bleu"} <= keys
    assert "valid/aer" not in keys  # numbers.tsv has no gold links
    captions = [row["alignment/valid-0.caption"] for row in tracked.history if "alignment/valid-0.caption" in row]
    assert len(captions) == 2 and "RNNsearch, step 4" in str(captions[0]) and "step 8" in str(captions[1])
    assert any("test/sentences" in key for key in keys)
    assert table_of(trained.folder, "test/sentences") == [
        [record.index, record.source, record.reference, record.hypothesis]
        for record in load(trained.folder / "evaluation/test/translations.jsonl", Translated)
    ]
    assert {kind for _, kind in tracked.artifacts} >= {"model", "tokenizer"}
    assert tracked.config["model"]["init_args"]["network"]["hidden"] == 12
    assert len(list(trained.folder.glob("pictures/valid-0/step-*.png"))) == 2
    lines = [json.loads(line) for line in (trained.folder / "validation.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 8]


def table_of(folder, key):
    """Index and texts of every row of a tracked table."""
    path = min(
        folder.glob(f"wandb/offline-run-*/files/media/table/{key}_*.table.json"), key=lambda path: path.stat().st_mtime
    )
    table = json.loads(path.read_text())
    assert table["columns"][:4] == ["index", "source", "reference", "translation"]
    assert (
        [row[0] for row in table["data"] if row[-1] is not None] == [0] != [row[0] for row in table["data"]]
    )  # the others are not drawn
    return [row[:4] for row in table["data"]]


def test_pictures_carry_the_step_of_their_checkpoint(trained):
    step = torch.load(trained.best, weights_only=True)["global_step"]
    for record in load(trained.folder / "evaluation" / "test" / "forced.jsonl", AlignedTranslation):
        assert record.model == f"RNNsearch, step {step}"


@pytest.mark.parametrize("kind", ["words", "bpe", "torchtext"])
def test_every_tokeniser_trains_reloads_and_translates_from_the_command_line(place, tmp_path, capsys, kind):
    if kind == "torchtext":
        try:
            import torchtext  # noqa: F401
        except (ImportError, OSError):
            pytest.skip("torchtext needs the frozen lane")
    assert train(place, steps=4, **{"data.init_args.tokenizer": kind, "data.init_args.vocabulary": 40}) == 0
    run = only_run(tmp_path / "runs")
    assert json.loads((run.folder / "tokenizers" / "source.json").read_text())["kind"] == kind
    assert run.scores["test"]["sentences"] > 0
    restored = restore(run)
    assert restored.source.kind == kind
    (record, *_) = load(run.folder / "evaluation" / "test" / "translations.jsonl", Translated)
    assert restored.translate(record.source)[0].hypothesis == record.hypothesis


def test_without_attention_there_are_scores_and_no_alignments(place, tmp_path):
    assert train(place, "--variant", "rnnencdec", steps=4) == 0
    run = only_run(tmp_path / "runs")
    assert "bleu" in run.scores["test"] and not list(run.folder.rglob("*.png"))
    assert (run.folder / "evaluation" / "test" / "forced.jsonl").read_text() == ""


def background(place, tmp_path, *arguments):
    environment = os.environ | {"RUNS_DIR": str(tmp_path / "runs"), "DATA_DIR": str(tmp_path / "data")}
    environment.pop("RUN_STAMP", None)
    return subprocess.Popen(
        [sys.executable, "-m", "reproductions", "train", "bahdanau2014", "--data", str(place), *arguments],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_run_saves_its_state_and_goes_on(place, tmp_path, monkeypatch, number, status):
    process = background(place, tmp_path, *overrides(100_000, **{"trainer.val_check_interval": 100_000}))
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("runs/**/last.ckpt")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == status, output
    assert "Traceback" not in output
    run = only_run(tmp_path / "runs")
    reached = checkpoints.read(run.last)["global_step"]
    assert reached > 0
    assert (
        command(["train", "bahdanau2014", "--data", str(place), "--resume", f"--trainer.max_steps={reached + 2}"]) == 0
    )
    assert checkpoints.read(run.last)["global_step"] == reached + 2


def test_two_processes_evaluate_every_sentence_once_and_score_as_one(place, tmp_path, trained):
    process = background(place, tmp_path, *overrides(4), "--trainer.devices=2", "--trainer.accelerator=cpu",
                         "--trainer.strategy=ddp")  # fmt: skip
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    run = only_run(tmp_path / "runs")
    together = run.scores["test"]
    translated = load(run.folder / "evaluation" / "test" / "translations.jsonl", Translated)
    assert [record.index for record in translated] == list(range(together["sentences"]))
    assert command(["evaluate", str(run.folder), "--trainer.devices=1", "--trainer.strategy=auto"]) == 0
    alone = run.scores["test"]
    for name in ("bleu", "chrf", "perplexity"):
        assert alone[name] == pytest.approx(together[name], rel=1e-4)


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_checkpoint_that_is_damaged_foreign_or_hostile_is_refused_in_one_sentence(trained, tmp_path):
    bad = tmp_path / "bad.ckpt"
    victim = tmp_path / "executed"
    contents = {
        "half": trained.best.read_bytes()[: trained.best.stat().st_size // 2],
        "text": b"not a checkpoint",
        "empty": b"",
        "pickle": pickle.dumps(Malicious(victim)),
    }
    for content in contents.values():
        bad.write_bytes(content)
        with pytest.raises(UserError, match="bad.ckpt"):
            checkpoints.read(bad)
    torch.save({"state_dict": {}, "hook": Malicious(victim)}, bad)
    with pytest.raises(UserError, match="could run code"):
        checkpoints.read(bad)
    assert not victim.exists()
    torch.save({"state_dict": {}}, bad)
    with pytest.raises(UserError, match="another program"):
        checkpoints.read(bad)
    with pytest.raises(UserError, match="no checkpoint at"):
        checkpoints.read(tmp_path / "missing.ckpt")


def test_weights_of_another_size_and_other_tokenisers_are_refused(trained, tmp_path):
    checkpoint = torch.load(trained.best, weights_only=True)
    checkpoint["hyper_parameters"]["network"]["hidden"] = 13
    torch.save(checkpoint, tmp_path / "other.ckpt")
    with pytest.raises(UserError, match="do not fit"):
        checkpoints.restore(tmp_path / "other.ckpt", checkpoint["tokenizers"])
    with pytest.raises(UserError, match="source tokeniser does not fit"):
        checkpoints.check_fingerprints(trained.best, checkpoint, {"source": "x", "target": "y"})


@pytest.mark.parametrize(("arguments", "words"), [
    (["train", "nobody1999"], "no paper 'nobody1999'"),
    (["train", "bahdanau2014", "--data", "klingon"], "accord, "),
    (["train", "bahdanau2014", "--data", "missing.tsv"], "missing.tsv"),
    (["train", "bahdanau2014", "--resume"], "no run of bahdanau2014 accord"),
    (["evaluate", "nowhere"], "nowhere is not a run"),
    (["translate", "Hello."], "no run of any paper"),
    (["figures"], "no run of bahdanau2014 accord"),
])  # fmt: skip
def test_a_mistake_on_the_command_line_is_one_sentence(place, capfd, arguments, words):
    os.environ.pop("RUN_STAMP", None)
    assert command(arguments) == 2
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and words in error


def test_a_fault_of_the_users_text_keeps_its_own_sentence(place, capfd):
    lines = place.read_bytes().splitlines()
    lines[6] = "one .\tcaf\xe9 .".encode("latin-1")
    place.write_bytes(b"\n".join(lines) + b"\n")
    assert train(place) == 2
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert error == f"error: {place}, line 7 is not UTF-8 (byte 0xe9 at 10): convert it to UTF-8."


def test_a_full_disk_while_a_corpus_is_prepared_is_called_so(place, capfd):
    with room_for(4_000):
        assert train(place) == 2
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert "disk is full" in error and "compute_fn" not in error


def test_a_bug_while_a_corpus_is_prepared_is_no_mistake_of_the_user(place, monkeypatch):
    monkeypatch.setattr("data.prepared.text.learn_tokenizer", lambda *_: {}["bug"])
    with pytest.raises(KeyError, match="bug"):
        train(place)


def test_a_test_sentence_that_is_too_long_for_the_model_is_refused_before_the_training(place, tmp_path, capfd):
    lines = place.read_text(encoding="utf-8").splitlines()
    place.write_text("".join(f"{line} {' un' * 90}\n" if i % 3 else f"{line}\n" for i, line in enumerate(lines)))
    given = ["train", "transformer2017", "--data", str(place), *overrides(4, "transformer2017")]
    assert command(given) == 2  # what is too long for training is dropped there, but a test set stays whole
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert "numbers.tsv, line " in error and "80 positions" in error and "(split 'valid')" in error
    assert not list(tmp_path.glob("runs/**/*.ckpt"))


def test_the_report_has_the_alignment_error_rate_in_per_cent(tmp_path):
    run = runs.Run(write(tmp_path, "bahdanau2014", "20260101-000000-000000"))
    (run.folder / "summary.json").unlink()
    (run.folder / "evaluation").mkdir()
    scores = {"test": {"bleu": 12.3, "aer": 0.0371, "bleu_signature": "none"}, "long": {"bleu": 0.5}}
    (run.folder / runs.SCORES).write_text(json.dumps(scores))
    head, test, long, *_ = run_report.text(run).splitlines()
    assert head.endswith("AER %") and test.split()[0] == "test"
    assert (test.split()[-1], long.split()[-1], test.split()[1]) == ("3.7", "-", "12.30")


def test_the_alignment_error_rate_is_drawn_through_training_in_per_cent(tmp_path):
    (tmp_path / "validation.jsonl").write_text(
        '{"step": 4, "valid/aer": 0.5, "valid/bleu": 9}\n{"step": 8, "valid/aer": 0.25}'
    )
    (tmp_path / "summary.json").write_text('{"title": "RNNsearch"}')
    bleu, aer = curves_of([runs.Run(tmp_path)], CURVES)
    assert (bleu.unit, bleu.values) == ("", (9,))
    assert (aer.measure, aer.unit, aer.steps, aer.values) == ("validation AER", "%", (4, 8), (50, 25))


def test_a_cut_line_of_scores_is_named(tmp_path):
    (tmp_path / "validation.jsonl").write_text('{"step": 4, "valid/bleu": 1.0}\n{"step": 8, "va')
    with pytest.raises(UserError, match="validation.jsonl, line 2 is damaged.*delete that line"):
        curves_of([runs.Run(tmp_path)], {"valid/bleu": ("BLEU", "")})


@pytest.mark.parametrize(("override", "named"), [
    ("--model.init_args.network.hiden=3", "hiden"),
    ("--model.init_args.network.hidden=many", "many"),
    ("--model.init_args.recipe.optimizer=sgd", "'adadelta', 'adam'"),
    ("--trianer.max_steps=3", "trianer"),
])  # fmt: skip
def test_an_unknown_or_impossible_setting_is_named(place, capfd, override, named):
    assert train(place, override) == 2
    error = capfd.readouterr().err
    assert named in error.strip().splitlines()[-1] and "Traceback" not in error


def test_an_impossible_size_is_named(place, capfd):
    assert train(place, **{"model.init_args.network.hidden": 0}) == 2
    assert "network.hidden must be at least 1" in capfd.readouterr().err


def test_a_checkpoint_never_overrides_the_command_line(trained, capfd):
    status = command(["evaluate", str(trained.folder), "--model.init_args.network.hidden=20"])
    error = capfd.readouterr().err.splitlines()[-1]
    assert status == 2 and "network" in error and "best.ckpt" in error


def test_an_empty_sentence_is_refused_and_a_picture_is_drawn(trained, tmp_path, capfd):
    assert command(["translate", " ", "--run", str(trained.folder)]) == 2
    assert "empty" in capfd.readouterr().err
    picture = tmp_path / "alignment.png"
    assert command(["translate", "one two .", "--run", str(trained.folder), "--picture", str(picture)]) == 0
    assert picture.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(("name", "sizes"), [("base", (512, 2048, 6)), ("big", (1024, 4096, 6))])
def test_a_step_of_the_transformer_runs_at_full_size(place, tmp_path, name, sizes):
    once = {"data.init_args.corpus": place, "trainer.max_steps": 1, "trainer.limit_val_batches": 0,
            "trainer.enable_progress_bar": "false", "run.folder": tmp_path / "run"}  # fmt: skip
    given = [f"--{setting}={value}" for setting, value in once.items()]
    assert command(["fit", "--config", f"configs/transformer2017/wmt14_{name}.yaml", *given]) == 0
    checkpoint = checkpoints.read(tmp_path / "run/checkpoints/last.ckpt")
    weights = checkpoint["state_dict"]
    assert checkpoint["global_step"] == 1
    d, d_ff, layers = sizes
    assert weights["model.encoder.0.feed_forward.W_1.weight"].shape == (d_ff, d)
    assert sum(key.endswith("source_attention.W_Q.weight") for key in weights) == layers
    assert all(weight.isfinite().all() for weight in weights.values())


@pytest.mark.parametrize("name", ["wmt14", "wmt14-rnnencdec"])
def test_a_step_of_the_papers_own_settings_runs_at_full_size(place, tmp_path, name):
    """All but the text, whose vocabulary is small: 1000 units, embeddings of 620, Adadelta, a beam of 10."""
    once = {"data.init_args.corpus": place, "trainer.max_steps": 1, "trainer.limit_val_batches": 0,
            "trainer.enable_progress_bar": "false", "run.folder": tmp_path / "run"}  # fmt: skip
    given = [f"--{setting}={value}" for setting, value in once.items()]
    assert command(["fit", "--config", f"configs/bahdanau2014/{name}.yaml", *given]) == 0
    checkpoint = checkpoints.read(tmp_path / "run/checkpoints/last.ckpt")
    weights, (state, *_) = checkpoint["state_dict"], checkpoint["optimizer_states"][0]["state"].values()
    assert checkpoint["global_step"] == 1 and state["square_avg"].any()
    assert weights["model.decoder.unit.U_rz.weight"].shape == (2000, 1000)
    assert all(weight.isfinite().all() for weight in weights.values())


@contextmanager
def room_for(size):
    """No file grows beyond so many bytes: what a full disk does to a large one, from the system itself."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [100, 1_000_000, 2_500_000])  # in the header, in a large tensor, in a small one
def test_a_checkpoint_that_finds_no_room_is_an_error_of_the_disk_and_the_old_one_stays(tmp_path, size):
    path = tmp_path / "last.ckpt"
    checkpoints.WholeFiles().save_checkpoint({"step": 1}, path)
    large = {"large": torch.zeros(600_000), "small": [torch.zeros(50) for _ in range(500)]}
    with room_for(size), pytest.raises(OSError) as caught:
        checkpoints.WholeFiles().save_checkpoint(large, path)
    assert caught.value.errno in FULL and caught.value.filename == str(path)
    assert torch.load(path, weights_only=True) == {"step": 1} and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_last_checkpoint_whole_and_training_goes_on_from_it(place, tmp_path, capfd):
    settings = {"model.init_args.network.hidden": 150, "trainer.val_check_interval": 100}
    assert train(place, steps=3, **settings) == 0
    run = only_run(tmp_path / "runs")
    again = ["train", "bahdanau2014", "--data", str(place), "--resume", "--trainer.max_steps=6"]
    with room_for(run.last.stat().st_size // 2):
        assert command(again) == 2
    error = capfd.readouterr().err
    assert "disk is full" in error.splitlines()[-1] and "last.ckpt" in error.splitlines()[-1]
    assert "Traceback" not in error
    assert checkpoints.read(run.last)["global_step"] == 3
    assert command(again) == 0 and checkpoints.read(run.last)["global_step"] == 6
