"""The numbers of README and docs come from docs/results.json, which comes from runs; several seeds are one group."""

import json
import re
import shutil
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pytest
import yaml
from toy_run import in_this_process, overrides
from trained import ROOT, translate_perfectly

from reproductions import reports, runs
from reproductions.__main__ import run as command
from reproductions.commands import compare as comparing
from reproductions.commands import results as commanded
from reproductions.compare import seeds as grouped
from reproductions.compare import translators
from reproductions.evaluation.files import write_json, write_text
from reproductions.evaluation.measures.bootstrap import counted, mean_of_sums, over_seeds, paired_over_seeds
from reproductions.experiments import results

CLAIMED = results.read(ROOT / results.FILE)
FEW = {"data.init_args.pairs": 200, "data.init_args.batch_tokens": 400, "data.init_args.test_splits": '["test"]',
       "run.pictures": "[]", "trainer.limit_val_batches": 2, "trainer.limit_test_batches": 3}  # fmt: skip
TEMPLATE = "\n| | BLEU |\n| RNNsearch | {small.test.bleu} |\n"


def wrong_means(claimed):
    """Where a mean or deviation is not that of the seeds, or lies outside of its interval."""
    for name, entry in claimed["runs"].items():
        for split, measures in entry["over_seeds"].items():
            for measure, over in measures.items():
                scores = [seed["scores"][split][measure] for seed in entry["seeds"].values()]
                deviation = stdev(scores) if len(scores) > 1 else 0
                right = (
                    over["mean"] == pytest.approx(fmean(scores), abs=2e-5)
                    and over["low"] <= over["mean"] <= over["high"]
                )
                if not (right and over["deviation"] == pytest.approx(deviation, abs=2e-5)):
                    yield f"{name} {split} {measure}"


# --- What the documents say ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", commanded.documents(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_number_in_a_marked_place_comes_from_the_file(path):
    text = path.read_text(encoding="utf-8")
    assert results.refreshed(text, CLAIMED) == text, "`make results ARGS=--untrained` writes it"
    assert text.count("<!-- results:") == len(results.BLOCK.findall(text)), "a place without its end"


@pytest.mark.parametrize("path", commanded.documents(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_template_has_a_score_of_its_own(path):
    for block in results.BLOCK.finditer(path.read_text(encoding="utf-8")):
        assert not re.search(r"\d\.\d|\d %", results.FIELD.sub("", block["template"])), block["template"]


def test_a_number_that_somebody_changes_by_hand_is_noticed_in_a_document_and_in_the_file():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    bleu = results.written(CLAIMED, "rnnsearch.test.bleu")
    by_hand = text.replace(f"BLEU {bleu} ", "BLEU 99.9 ")
    assert by_hand != text and results.refreshed(by_hand, CLAIMED) == text
    changed = json.loads(json.dumps(CLAIMED))
    seed = next(iter(changed["runs"]["rnnsearch"]["seeds"].values()))
    seed["scores"]["test"]["bleu"] += 1
    assert results.refreshed(text, changed) != text
    assert list(wrong_means(CLAIMED)) == [] and list(wrong_means(changed)) == ["rnnsearch test bleu"]


def test_every_result_has_a_training_that_makes_it_and_says_where_it_was_measured():
    groups = {group.name: group for group in commanded.chosen(None)}
    assert CLAIMED["runs"].keys() <= groups.keys()
    for entry in CLAIMED["runs"].values():
        for seed in entry["seeds"].values():
            assert {"processor", "threads", "precision", "torch", "python", "commit"} <= seed.keys()
            assert seed["commit"] or "by hand" in seed["source"] and re.fullmatch(r"20\d\d-\d\d-\d\d", seed["date"])


def entry(bleu, **machine):
    seeds = {
        str(number): {"scores": {"test": {"bleu": score, "aer": [0.1, 0.05, 0.2]}}, "title": "M", "steps": 1200,
                      "date": "2026-01-02", "minutes": 2 * number, "processor": "P", "device": "cpu", "threads": 1,
                      "precision": "32-true", "torch": "2.3.1"} | machine
        for number, score in enumerate(bleu, start=1)
    }  # fmt: skip
    over = {"bleu": results.summary(bleu) | {"low": min(bleu), "high": max(bleu)}}
    return {"group": None, "over_seeds": {"test": over}, "seeds": seeds}


def test_a_template_takes_a_number_its_interval_or_the_mean_over_seeds():
    several = {"runs": {"one": entry([40.0]), "two": entry([40.0, 42.0])}}
    for template, expected in {
        "one.test.bleu": "40.0", "two.test.bleu": "41.0 ± 1.4", "two.steps": "1,200", "two.minutes": "3.0",
        "two.test.bleu:interval": "(40.0 to 42.0)", "one.test.aer": "10.0 %", "one.test.aer:interval": "(5.0 to 20.0)",
    }.items():  # fmt: skip
        text = f"a <!-- results: {{{template}}} -->?<!-- end --> b"
        assert results.refreshed(text, several) == text.replace("?", expected)


@pytest.mark.parametrize(
    "path", ["three.test.bleu", "one.test.chrf", "one.long.bleu", "one.test.bleu.all", "one", "two.test.aer:interval"]
)
def test_a_number_that_the_file_does_not_have_is_named(path):
    with pytest.raises(ValueError, match=re.escape(path.partition(":")[0])):
        results.refreshed(
            f"<!-- results: {{{path}}} --><!-- end -->", {"runs": {"one": entry([1.0]), "two": entry([1.0, 2.0])}}
        )


def test_two_machines_in_one_table_are_said_below_it():
    table = "<!-- results:\n| | BLEU |\n| a | {one.test.bleu} |\n| b | {two.test.bleu} |\n--><!-- end -->"
    alike = results.refreshed(table, {"runs": {"one": entry([1.0]), "two": entry([2.0])}})
    assert "Measured with one seed, P, 1 thread, 32-true, torch 2.3.1, 2026-01-02." in alike
    other = entry([2.0, 3.0], processor="Q", title="N")
    apart = results.refreshed(table, {"runs": {"one": entry([1.0]), "two": other}})
    assert "Measured with 1 or 2 seeds, mean ± standard deviation, 1 thread, 32-true, torch 2.3.1, 2026-01-02." in apart
    assert "M: P; N: Q." in apart


# --- Several seeds ------------------------------------------------------------------------------------------------------


def test_an_interval_over_seeds_and_sentences_covers_the_truth_as_often_as_it_says():
    """Where seeds differ more than sentences do, and as sentences do alone where seeds do not."""
    drawn, covered, alone = np.random.default_rng(0), 0, 0
    for _ in range(120):
        sentences = drawn.normal(0, 1, size=60)
        seeds = [counted(10 + sentences + shift) for shift in drawn.normal(0, 0.3, size=8)]
        interval = over_seeds(seeds, mean_of_sums)
        covered += interval.low <= 10 <= interval.high
        alone += np.ptp(over_seeds(seeds[:1] * 8, mean_of_sums)[1:]) < np.ptp(interval[1:])
    assert 105 <= covered <= 120 and alone > 100


def test_a_difference_that_sentences_show_but_seeds_do_not_is_not_significant():
    drawn = np.random.default_rng(1)
    sentences = drawn.normal(50, 10, size=300)
    first, second = ([counted(sentences + shift) for shift in shifts] for shifts in ([-2, 0, 2], [-1.5, 0.5, 2.5]))
    assert paired_over_seeds(first[1:2], second[1:2], mean_of_sums).p_value < 0.05
    together = paired_over_seeds(first, second, mean_of_sums)
    assert together.difference == pytest.approx(0.5) and together.p_value > 0.05


def seed_of(run, seed, folder, group="abc123"):
    """A copy of a run, as if it had been trained with another seed: it translates perfectly with seeds above 1."""
    name = f"20260101-000000-00000{seed}-{group}-seed{seed}"
    copy = runs.Run(shutil.copytree(run.folder, folder / name, ignore=shutil.ignore_patterns("wandb", "checkpoints")))
    shutil.copytree(run.folder / "checkpoints", copy.folder / "checkpoints")
    write_json(copy.folder / runs.SUMMARY, run.summary | {"seed": seed})
    return translate_perfectly(copy) if seed > 1 else copy


@pytest.fixture(scope="module")
def groups(trained, tmp_path_factory):
    """Three seeds of one translator, and two of another."""
    folder = tmp_path_factory.mktemp("groups")
    return [[seed_of(trained(paper), seed, folder / paper / "own") for seed in seeds]
            for paper, seeds in (("luong2015", (1, 2, 3)), ("transformer2017", (2, 3)))]  # fmt: skip


def folders(group):
    return [str(run.folder) for run in group]


@pytest.mark.usefixtures("undrawn")
def test_groups_are_compared_by_their_means_and_judged_by_what_the_seed_does(groups, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(translators, "SENTENCES", 1)
    first, second = groups
    assert command(["compare", *folders(first), "vs", *folders(second), "--out", str(tmp_path)]) == 0
    numbers = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert [row["seeds"] for row in numbers["groups"]] == [[1, 2, 3], [2, 3]]
    over = numbers["groups"][0]["measures"]["bleu"]
    alone = text_of(first[0])
    assert over["mean"] == pytest.approx((alone + 200) / 3) and over["deviation"] == pytest.approx(
        stdev([alone, 100, 100])
    )
    (pair,) = numbers["differences"]
    assert pair["bleu"]["difference"] == pytest.approx(100 - over["mean"]) and not pair["bleu"]["beyond"]
    out = capsys.readouterr().out
    assert "seeds 1, 2, 3: BLEU" in out and "the difference is not beyond what the seed does, up to" in out
    assert "each run has one seed" not in out
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "first seed of each" in page and "not beyond what the seed does" in page


def test_every_number_of_a_table_of_groups_stands_below_its_name():
    over = {"mean": 0.5, "deviation": 0.0, "low": 0.25, "high": 0.75}
    rows = [{"name": "RNNencdec", "seeds": [1], "measures": {"bleu": over}},
            {"name": "RNNsearch", "seeds": [1, 2], "measures": {"bleu": over, "aer": over}}]  # fmt: skip
    page = reports.template("reproductions.compare", "groups.html").render(numbers={"groups": rows})
    cells = re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", page)
    assert cells[:4] == ["", "seeds", "BLEU", "AER %"]
    assert cells[4:8] == ["RNNencdec", "1", '0.5 <span class="small">(0.2 to 0.8)</span>', "–"]
    assert cells[8:10] == ["RNNsearch", "1, 2"] and cells[11].startswith("50.0 ± 0.0")
    first, second = map(grouped._line, rows)
    assert (
        first == "RNNencdec, seed 1: BLEU 0.5" and second == "RNNsearch, seeds 1, 2: BLEU 0.5 ± 0.0, AER 50.0 ± 0.0 %"
    )


def test_the_newest_run_brings_the_other_seeds_of_its_group(groups):
    first, _ = groups
    assert comparing._seeds(first[1].folder) == [run.folder for run in first]


def text_of(run):
    return run.scores["test"]["bleu"]


def test_a_difference_beyond_the_seeds_is_called_so(groups):
    first, second = groups
    worse, better = (
        [grouped.tested(run, "test").measures["bleu"] for run in group] for group in ([first[0]] * 3, second[:1] * 3)
    )
    said = grouped.difference(worse, better)
    assert said["beyond"] and "is beyond what the seed does" in said["says"]


@pytest.mark.parametrize(("arguments", "says"), [
    (lambda a, _: [*folders(a), "vs"], "There is no run on one side of vs"),
    (lambda a, b: [*folders(a), *folders(a[:1]), "vs", *folders(b)], "is named twice"),
    (lambda a, b: [*folders(a), "vs", *folders(b), *folders(a)], "is named twice"),
    (lambda a, b: [folders(a)[0], folders(b)[0], "vs", folders(b)[1]], "a group has runs of one configuration"),
])  # fmt: skip
def test_what_is_no_group_is_one_sentence(groups, tmp_path, capsys, arguments, says):
    assert command(["compare", *arguments(*groups), "--out", str(tmp_path)]) == 2
    assert says in capsys.readouterr().err


def test_two_runs_of_one_seed_are_no_group(groups, tmp_path, capsys):
    again = runs.Run(shutil.copytree(groups[0][0].folder, tmp_path / "again"))
    assert (
        command(["compare", *folders([groups[0][0], again]), "vs", *folders(groups[1]), "--out", str(tmp_path / "out")])
        == 2
    )
    assert re.search(r"both have seed 1: the runs of a group differ in it", capsys.readouterr().err)


@pytest.fixture
def project(place, tmp_path, monkeypatch):
    """A project whose documents claim one number, of a group of two seeds that nobody has trained."""
    arguments = " ".join(overrides(4, **FEW))
    small = {"small": {"paper": "bahdanau2014", "seeds": [1, 2], "arguments": arguments}}
    (tmp_path / "results.yaml").write_text(yaml.safe_dump({"toy": small}), encoding="utf-8")
    monkeypatch.setattr(commanded, "RUNS", tmp_path / "results.yaml")
    monkeypatch.setattr(commanded, "ROOT", tmp_path)
    write_text(tmp_path / "README.md", f"<!-- results:{TEMPLATE}--><!-- end -->")
    return tmp_path


@pytest.mark.usefixtures("undrawn")
def test_results_trains_what_is_missing_writes_it_down_and_checks_it(project, monkeypatch, capsys):
    began = in_this_process(monkeypatch)
    assert command(["results", "--only", "toy"]) == 0
    out = capsys.readouterr().out
    assert "small: 2 of 2 trainings missing, unknown" in out and "besides 1 of unknown cost" in out and len(began) == 2
    folders = sorted(run.folder.name for run in runs.every("bahdanau2014"))
    assert [folder[-6:] for folder in folders] == ["-seed1", "-seed2"]
    groups = {runs.Run(path).group for path in (run.folder for run in runs.every("bahdanau2014"))}
    assert len(groups) == 1 and str(groups).count("bahdanau2014-accord-")
    written = results.read(project / results.FILE)
    seeds = written["runs"]["small"]["seeds"]
    assert [seed["steps"] for seed in seeds.values()] == [4, 4] and list(wrong_means(written)) == []
    text = (project / "README.md").read_text(encoding="utf-8")
    assert f"| RNNsearch | {results.written(written, 'small.test.bleu')} |" in text and " ± " in text

    assert command(["results", "--only", "toy"]) == 0 and len(began) == 2, "what has scores is not trained again"
    assert "Nothing is missing." in capsys.readouterr().out
    assert command(["results", "--check", "--only", "toy"]) == 0
    over = written["runs"]["small"]["over_seeds"]["test"]["aer"]
    write_json(project / results.FILE, written | {"runs": {"small": written["runs"]["small"] | {
        "over_seeds": {"test": {"aer": over | {"low": over["high"] + 0.01, "high": over["high"] + 0.02}}}}}})  # fmt: skip
    assert command(["results", "--check", "--only", "toy"]) == 1
    assert re.search(r"small: test aer of the runs is \S+, outside of", capsys.readouterr().out)

    (gone,) = (run.folder for run in runs.every("bahdanau2014") if run.folder.name.endswith("seed2"))
    gone.rename(project / "gone")
    write_json(project / results.FILE, written)
    assert command(["results", "--untrained", "--only", "toy"]) == 0
    assert "small: 1 of 2 seeds have scores, so that what docs/results.json says of it stays" in capsys.readouterr().out
    assert results.read(project / results.FILE) == written
    assert command(["results", "--only", "toy"]) == 0 and len(began) == 3
    assert re.search(r"small: 1 of 2 trainings missing, \d+ minutes", capsys.readouterr().out)


@pytest.mark.parametrize(("arguments", "says"), [
    (["results", "--only", "acord"], "There is no 'acord' in .*: choose accord, .*"),
    (["train", "bahdanau2014", "--seeds", "1", "2", "1"], "Seed 1 is named twice.*"),
    (["train", "bahdanau2014", "--seeds", "3", "-1"], "Seed -1 is negative.*"),
])  # fmt: skip
def test_a_mistake_is_one_sentence(place, capsys, arguments, says):
    assert command(arguments) == 2
    assert re.fullmatch(f"error: {says}", capsys.readouterr().err.strip())


@pytest.mark.parametrize(("content", "says"), [
    ('{"version": 2, "runs": {}}', "is of version 2, and this project reads version 1"), ("[]", "is of version None"),
    ('{"version": 1, "runs": {"a": {}}}', "is damaged"), ("{", "is damaged"),
])  # fmt: skip
def test_a_file_of_another_version_or_a_damaged_one_is_one_sentence(project, capsys, content, says):
    write_text(Path(project / results.FILE), content)
    assert command(["results", "--check", "--only", "toy"]) == 2
    assert says in capsys.readouterr().err
