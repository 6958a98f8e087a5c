"""The timeline: every kind of attention trained alike, and a table whose sentences follow from its numbers."""

import json
import math
import os
import re
import shutil
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from toy_run import in_this_process, overrides, undrawn
from trained import ROOT, translate_perfectly

from data import accord, progress
from data.errors import UserError
from data.progress import Count
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.attention import TIMELINE, Additive, Dot, Intra, over_source
from reproductions.compare.seeds import check_alike
from reproductions.evaluation.measures import bootstrap
from reproductions.evaluation.measures.alignment import right_by_order
from reproductions.evaluation.measures.bootstrap import noise
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.experiments import side_by_side
from reproductions.experiments.side_by_side import Training, train
from reproductions.experiments.timeline import report, rows, training
from reproductions.experiments.timeline.cost import Cost, Sizes, costs, formula
from reproductions.experiments.timeline.training import FULL, QUICK, Budget
from reproductions.runs import Run

FEW = {
    "data.init_args.pairs": 200,
    "data.init_args.test_splits": '["test","fixed"]',
    "trainer.limit_val_batches": 2,
    "trainer.limit_test_batches": 3,
}
SMALL = overrides(4, **{"data.init_args.batch_tokens": 400, **FEW})
TINY = Budget("tiny", (1, 2), None)
SIZES = Sizes(query=12, key=24, hidden=8, window=10, sentences=3, source=5)


class Newest(Dot):
    """A mechanism that nobody wrote yet: the dot product, turned round."""

    paper, year, formula = "Nobody", 2099, "-sᵀ h"

    def score(self, query, keys):
        return -super().score(query, keys)


def copied(run, folder):
    return runs.Run(shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("checkpoints")))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Runs of two mechanisms, one of them new, with two seeds, and what ``make timeline`` makes of them."""
    folder = tmp_path_factory.mktemp("timeline")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        undrawn(patch)
        patch.setenv("RUNS_DIR", str(folder / "runs"))
        patch.setenv("DATA_DIR", str(folder / "data"))
        patch.setattr(accord, "FIXED", accord.FIXED[:1])
        for name in ("ROUNDS", "CALLS"):
            patch.setattr(f"reproductions.experiments.timeline.cost.{name}", 1)  # nobody reads the times
        for name in list(TIMELINE):
            patch.delitem(TIMELINE, name)
        for name, kind in {"additive": Additive, "intra": Intra, "a_new": Newest}.items():
            patch.setitem(TIMELINE, name, kind)
        commands = in_this_process(patch)
        for _ in range(2):  # the second time nothing is left to do
            train(training.trainings(TINY), jobs=1, overrides=SMALL)
            assert len(commands) == 4
        table = rows.table(TINY)
        report.write(table, folder / "out")
    return folder, table  # the timeline is whole again


def test_a_new_mechanism_is_its_file_and_its_line(trained):
    _, table = trained
    row = next(row for row in table["rows"] if row["name"] == "a_new")
    assert (row["year"], row["paper"], row["formula"]) == (2099, "Nobody", "-sᵀ h")
    assert len(row["bleu_seeds"]) == 2 and row["parameters"] == 0 and row["says"]
    record = rows.record_of(row)
    assert isinstance(record, AlignedTranslation) and record.forced and record.gold is not None


def test_the_table_is_in_order_of_year_and_knows_what_reads_no_source(trained):
    _, table = trained
    assert [row["name"] for row in table["rows"]] == ["additive", "intra", "a_new"]
    assert [row["over_source"] for row in table["rows"]] == [True, False, True]
    assert rows.record_of(table["rows"][0]).source == rows.record_of(table["rows"][2]).source


def test_the_sentence_is_written_as_one_writes_and_the_sizes_are_those_that_were_trained(trained):
    _, table = trained
    assert table["sentence"] == "The agreement on the European Economic Area was signed in August 1992."
    assert (table["sizes"]["query"], table["sizes"]["key"], table["sizes"]["window"]) == (12, 24, 10)


def test_the_table_names_the_machine_of_its_trainings(trained):
    _, table = trained
    summary = Run(Path(table["rows"][0]["folders"][0])).summary
    assert table["machine"] == f"{summary['processor']}, {summary['precision']}, torch {summary['torch']}"


def test_a_picture_says_which_kind_by_its_name_in_words_and_which_model_step_and_seed(trained):
    _, table = trained
    record = report.titled(table["rows"][0] | {"name": "location", "year": 2015}, table)
    assert record.model == "2015 · location-based"
    assert re.fullmatch(
        r"Bahdanau, Cho and Bengio: vᵀ .* · RNNsearch, step 4, seed 1 · attention read as each word is written",
        record.view,
    )


def test_what_reads_no_source_is_named_under_the_table_with_the_reason(trained):
    folder, _ = trained
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert re.search(
        r"Not in the figure and not in the table: intra \(2016\)\. Reads its own sentence.*cheng2016", page
    )


def test_the_page_holds_every_mechanism_and_needs_nothing_else(trained):
    folder, table = trained
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert json.loads((folder / "out" / "timeline.json").read_text(encoding="utf-8")) == json.loads(json.dumps(table))
    for row in table["rows"]:
        assert f'id="{row["name"]}"' in page
    assert page.count("data:image/png;base64,") == 3  # one for all, and one for each that reads a source
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert (folder / "out" / "timeline.pdf").is_file()


def test_the_numbers_of_a_row_follow_from_its_runs(trained, monkeypatch, tmp_path):
    """Two seeds of two mechanisms with scores that are given here; the second mechanism translates perfectly."""
    folder, _ = trained
    monkeypatch.setenv("RUNS_DIR", str(folder / "runs"))
    monkeypatch.setitem(TIMELINE, "a_new", Newest)
    given = {"additive": (10.0, 20.0), "a_new": (40.0, 80.0)}
    seeds = {}
    for name, scores in given.items():
        seeds[name] = [
            copied(training.training(name, seed, TINY).measured(), tmp_path / name / str(seed)) for seed in TINY.seeds
        ]
        for run, bleu in zip(seeds[name], scores, strict=True):
            test = {
                "bleu": bleu,
                "aer": bleu / 100,
                "attention/entropy": bleu / 200,
                "inversions": 8,
                "inversions_kept": bleu / 10,
            }
            (run.folder / runs.SCORES).write_text(json.dumps({"test": test}), encoding="utf-8")
    measured = partial(rows._measured, "a_new", seeds, Cost(1, 2, 3.0))
    row = measured(chance=None)
    assert (row["bleu"], row["bleu_seeds"], row["difference"], row["real"]) == (60, [40, 80], 45, None)
    assert (row["aer"], row["entropy"], row["inversions"], row["inversions_kept"]) == pytest.approx((0.6, 0.3, 8, 6))
    ordered, turned = zip(*(right_by_order(run.forced("test")) for run in seeds["a_new"]), strict=True)
    assert (row["right_in_order"], row["right_turned"]) == pytest.approx((np.mean(ordered), np.mean(turned)))
    assert measured(chance=44)["real"] is False, "the same translations are no significant difference"
    for run in seeds["a_new"]:
        translate_perfectly(run)
    assert measured(chance=44)["real"] and not measured(chance=46)["real"]


def test_a_table_without_all_its_runs_is_refused(trained, monkeypatch):
    folder, _ = trained
    monkeypatch.setenv("RUNS_DIR", str(folder / "runs"))
    with pytest.raises(UserError, match="concat-tiny-seed1 has no scored run"):
        training.training("concat", 1, TINY).measured()


@pytest.mark.parametrize(("file", "line", "key"), [
    ("config.yaml", r"learning_rate: \S+", "recipe.learning_rate"), ("config.yaml", r"pairs: \d+", "data.pairs"),
    ("summary.json", r'"steps": \d+', "steps"),
])  # fmt: skip
def test_trainings_that_differ_in_more_than_mechanism_and_seed_are_not_put_in_one_table(
    trained, monkeypatch, tmp_path, file, line, key
):
    folder, _ = trained
    monkeypatch.setenv("RUNS_DIR", str(folder / "runs"))
    first, second = (training.training(*one, TINY).measured() for one in (("additive", 1), ("a_new", 2)))
    check_alike([first, second], rows.VARIED, "train anew, with --again.")
    other = copied(second, tmp_path / "a_new")
    text = (other.folder / file).read_text(encoding="utf-8")
    changed, times = re.subn(line, lambda found: found[0].rpartition(" ")[0] + " 7", text)
    assert times == 1
    (other.folder / file).write_text(changed, encoding="utf-8")
    with pytest.raises(UserError, match=f"{key} is .* in .*additive.* and 7 in .*a_new.*--again"):
        check_alike([first, other], rows.VARIED, "train anew, with --again.")


def test_every_seed_trains_every_mechanism_once_and_budgets_do_not_mix():
    names = [one.name for budget in (FULL, QUICK) for one in training.trainings(budget)]
    assert len(names) == len(set(names)) == len(over_source()) * (len(FULL.seeds) + len(QUICK.seeds))
    assert len(FULL.seeds) >= 2


def test_a_training_that_fails_is_reported_in_its_own_words(tmp_path, monkeypatch):
    def fails(one, overrides):
        code = "import sys; print('error: hidden must be at least 1, not 0.'); sys.exit(2)"
        return runs.create(training.PAPER, one.name), [sys.executable, "-c", code]

    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    monkeypatch.setattr(Training, "command", fails)
    with pytest.raises(
        UserError, match="-quick-seed1 ended with status 2: hidden must be at least 1, not 0.*run the same again"
    ):
        train(training.trainings(QUICK)[:1], jobs=1)


def test_an_unfinished_training_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    one = training.training("dot", 1, QUICK)
    new, begins = one.command(["--some", "option"])
    assert "--ckpt_path" not in begins and begins[-2:] == ["--some", "option"] and one.scored() is None
    (new.folder / "checkpoints").mkdir(parents=True)
    new.last.touch()
    again, goes_on = one.command([])
    assert again == new and goes_on[-4:] == ["--ckpt_path", str(new.last), "--run.folder", str(new.folder)]
    (new.folder / "metrics").mkdir()
    (new.folder / "metrics" / "metrics.csv").write_text("step,loss\n40,1.0\n", encoding="utf-8")
    counts = []
    monkeypatch.setattr(progress, "Count", lambda *given: counts.append(Count(*given)) or counts[0])
    ended = SimpleNamespace(Popen=lambda *_, **__: SimpleNamespace(returncode=0, poll=lambda: 0), DEVNULL=-3, STDOUT=-2)
    monkeypatch.setattr(side_by_side, "subprocess", ended)
    assert train([one], jobs=1) == 0
    assert (counts[0]._begun, counts[0].done) == (40, QUICK.steps), "the time left is that of the steps to come"
    (new.folder / "evaluation").mkdir()
    (new.folder / runs.SCORES).write_text('{"test": {}}')
    other, anew = one.command([])  # `--again` asks for it: a finished run is not gone on with
    assert one.scored() == new != other and "--ckpt_path" not in anew


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_timeline_leaves_no_training_behind(tmp_path, monkeypatch, number, status):
    began = []

    def sleeps(one, overrides):
        began.append(tmp_path / f"{len(began)}.began")
        code = f"import pathlib, time; pathlib.Path({str(began[-1])!r}).touch(); time.sleep(60)"
        return runs.create(training.PAPER, one.name), [sys.executable, "-c", code]

    def stops():
        while len(began) < 2 or not all(path.exists() for path in began):
            time.sleep(0.05)
        time.sleep(1)  # a child may run before the call that began it has returned
        os.kill(os.getpid(), number)

    stopped = []
    stop = side_by_side._stop
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    monkeypatch.setattr(Training, "command", sleeps)
    monkeypatch.setattr(side_by_side, "_stop", lambda running: (stop(running), stopped.extend(running)))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins with Ctrl-C ignored
    threading.Thread(target=stops, daemon=True).start()
    if number == signal.SIGINT:
        assert command(["timeline", "--quick", "--jobs", "2"]) == status
    else:
        with pytest.raises(SystemExit) as error:
            command(["timeline", "--quick", "--jobs", "2"])
        assert error.value.code == status
    assert len(began) == len(stopped) == 2
    assert all(process.popen.returncode == -signal.SIGTERM for process in stopped)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


# --- What chance makes -------------------------------------------------------------------------------------------------


def test_noise_is_what_all_equal_mechanisms_stay_within_in_95_of_100_tables(monkeypatch):
    random = np.random.default_rng(0)
    within = []
    monkeypatch.setattr(bootstrap, "DRAWS", 1000)
    for _ in range(1000):
        seeds = random.normal(60, 2, (8, 2))  # eight mechanisms, two seeds, no difference
        within.append(abs(seeds.mean(1) - seeds[0].mean()).max() <= noise(seeds.tolist()))
    assert np.mean(within) == pytest.approx(0.95, abs=0.015)


def test_noise_counts_a_mechanism_under_another_name_once_and_needs_two_seeds():
    two = [[1.0, 2.0], [3.0, 5.0]]
    student = 4.30 * (2 * (0.5 + 2) / 2 / 2) ** 0.5  # one comparison, two degrees of freedom
    assert noise([*two, *two]) == noise(two) == pytest.approx(student, rel=0.05)
    assert noise([[1.0], [2.0]]) is None and noise([[1.0, 2.0]] * 5) is None


# --- What a step costs --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def counted():
    """Costs, with times of one call, which nobody reads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reproductions.experiments.timeline.cost.ROUNDS", 1)
        patch.setattr("reproductions.experiments.timeline.cost.CALLS", 1)
        return costs(SIZES)


@pytest.mark.parametrize("name", over_source())
def test_the_products_of_the_equation_are_those_that_torch_counts(counted, name):
    widths = {"D": SIZES.query, "K": SIZES.key, "n": SIZES.hidden, "S": SIZES.source}
    terms = [math.prod(widths[letter] for letter in term.split()) for term in formula(name).split(" + ")]
    assert counted[name].products == sum(terms)
