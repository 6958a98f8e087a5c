"""The numbers of README and docs come from docs/results.json, which comes from runs; several seeds are one group."""

import json
import re
import shutil
from pathlib import Path
from statistics import fmean, stdev
from types import SimpleNamespace

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
from reproductions.experiments import quotes, results, side_by_side

CLAIMED = results.read(ROOT / results.FILE)
FEW = {"data.init_args.pairs": 200, "data.init_args.batch_tokens": 400, "data.init_args.test_splits": '["test"]',
       "run.pictures": "[]", "trainer.limit_val_batches": 2, "trainer.limit_test_batches": 3}  # fmt: skip
TEMPLATE = "\n| | BLEU |\n| RNNsearch | {small.test.bleu} |\n"


def wrong_means(claimed):
    """Where a mean or deviation is not that of the seeds, or lies outside of its interval."""
    for name, entry in claimed["runs"].items():
        for split, measures in entry["over_seeds"].items() if entry else ():
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
    assert quotes.refreshed(text, CLAIMED) == text, "`make results ARGS=--untrained` writes it"
    assert text.count("<!-- results:") == len(quotes.BLOCK.findall(text)), "a place without its end"
    if path.suffix == ".yaml":
        assert text.count("# results:") == len(quotes.HEADER.findall(text)), "a template without its two comments"


# A number of a measurement, and words before a number that is none.
MEASURED = re.compile(r"(?<![\d.])(?!0 %|95 %)\d[\d,]*(?:\.\d+| %| minutes| BLEU)")
NAMED = re.compile(
    r"\b(Sections?|Appendix|Python|torch|JoeyNMT|CTranslate2|timm|dropout|alpha) [\d.]+((, | and | or )[\d.]+)*"
)
TIMELINE = re.compile(r"<!-- (?:measured|table|seen|others):.*?<!-- end -->", re.S)


def by_hand(path, text):
    """Numbers of measurements that stand outside of the marked places; of a paper's README in its results, of a configuration in
    what is expected.
    """
    if path.suffix == ".yaml":
        text = "".join(re.findall(r"^# Expected: .*(?:\n# .*)*", quotes.HEADER.sub("", text), re.M))
    elif path.parent.parent.name == "reproductions":
        text = "".join(re.findall(r"^## Results.*?(?=^## |\Z)", text, re.M | re.S))
    text = TIMELINE.sub("", quotes.BLOCK.sub("", text))
    text = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|<img[^>]*>", "", text, flags=re.S)
    return MEASURED.findall(NAMED.sub("", text))


# docs/scale.md computes its numbers.
@pytest.mark.parametrize(
    "path",
    [path for path in commanded.documents() if path.name != "scale.md"],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_no_number_of_a_measurement_is_written_by_hand(path):
    assert by_hand(path, path.read_text(encoding="utf-8")) == []


def test_a_number_that_is_written_by_hand_is_found():
    readme, paper, config = (
        ROOT / "README.md",
        ROOT / "reproductions/vit2021/README.md",
        ROOT / "configs/vit2021/shapes.yaml",
    )
    assert by_hand(readme, "With dropout 0.1 of Section 3.2 a BLEU of 92.1, 8 minutes.") == ["92.1", "8 minutes"]
    assert by_hand(paper, "84.4 %\n## Results on Shapes\n97 %\n## Published\n77.91 %") == ["97 %"]
    assert by_hand(config, "# Table 5: 77.91\n# Expected: accuracy 97.0\n# in 7.6 minutes\nseed: 0.1") == [
        "97.0",
        "7.6",
    ]
    marked = "# results: accuracy {vit.test.accuracy}\n# Expected: accuracy 97.0 %.\n# Measured with one seed, torch 2.13.0.\n"
    assert by_hand(config, marked) == []


@pytest.mark.parametrize("path", commanded.documents(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_template_has_a_score_of_its_own(path):
    text = path.read_text(encoding="utf-8")
    for template in (place["template"] for form in (quotes.BLOCK, quotes.HEADER) for place in form.finditer(text)):
        assert not MEASURED.search(NAMED.sub("", quotes.FIELD.sub("", template))), template


def test_a_number_that_somebody_changes_by_hand_is_noticed_in_a_document_and_in_the_file():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    bleu = quotes.written(CLAIMED, "rnnsearch.test.bleu")
    by_hand = text.replace(f"BLEU {bleu} ", "BLEU 99.9 ")
    assert by_hand != text and quotes.refreshed(by_hand, CLAIMED) == text
    changed = json.loads(json.dumps(CLAIMED))
    seed = next(iter(changed["runs"]["rnnsearch"]["seeds"].values()))
    seed["scores"]["test"]["bleu"] += 1
    assert quotes.refreshed(text, changed) != text
    assert list(wrong_means(CLAIMED)) == [] and list(wrong_means(changed)) == ["rnnsearch test bleu"]


def test_every_result_has_a_training_that_makes_it_and_says_where_it_was_measured():
    groups = {group.name: group for group in commanded.chosen(None)}
    assert CLAIMED["runs"].keys() <= groups.keys()
    for entry in filter(None, CLAIMED["runs"].values()):
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
        "one.test.bleu": "40.0", "two.test.bleu": "41.0 ± 1.4", "two.steps": "1,200", "two.minutes": "2.0",
        "two.test.bleu:interval": "(40.0 to 42.0)", "one.test.aer": "10.0 %", "one.test.aer:interval": "(5.0 to 20.0)",
    }.items():  # fmt: skip
        text = f"a <!-- results: {{{template}}} -->?<!-- end --> b"
        assert quotes.refreshed(text, several) == text.replace("?", expected)
    table = "<!-- results:\n| minutes |\n| {two.minutes} |\n--><!-- end -->"
    assert "mean ± standard deviation, minutes of the fastest" in quotes.refreshed(table, several)


@pytest.mark.parametrize(
    "path", ["three.test.bleu", "one.test.chrf", "one.long.bleu", "one.test.bleu.all", "one", "two.test.aer:interval"]
)
def test_a_number_that_the_file_does_not_have_is_named(path):
    with pytest.raises(ValueError, match=re.escape(path.partition(":")[0])):
        quotes.refreshed(
            f"<!-- results: {{{path}}} --><!-- end -->", {"runs": {"one": entry([1.0]), "two": entry([1.0, 2.0])}}
        )


def test_two_machines_in_one_table_are_said_below_it():
    table = "<!-- results:\n| | BLEU |\n| a | {one.test.bleu} |\n| b | {two.test.bleu} |\n--><!-- end -->"
    alike = quotes.refreshed(table, {"runs": {"one": entry([1.0]), "two": entry([2.0])}})
    assert "Measured with one seed, P, 1 thread, 32-true, torch 2.3.1, 2026-01-02." in alike
    other = entry([2.0, 3.0], processor="Q", title="N")
    apart = quotes.refreshed(table, {"runs": {"one": entry([1.0]), "two": other}})
    assert "Measured with 1 or 2 seeds, mean ± standard deviation, 1 thread, 32-true, torch 2.3.1, 2026-01-02." in apart
    assert "M: P; N: Q." in apart
    other["seeds"]["2"] |= {"processor": "P", "title": "M"}
    other["seeds"]["1"] |= {"title": "M"}
    assert "M (one), M (two, seed 2): P; M (two, seed 1): Q." in quotes.refreshed(
        table, {"runs": {"one": entry([1.0]), "two": other}}
    ), "a group is not averaged over machines silently"


def test_rows_of_a_label_and_a_name_take_the_cells_of_the_row_above_them():
    entries = {"runs": {"one": entry([1.0]), "two": entry([2.0])}}
    short = "| | BLEU | |\n| * | {*.bleu} | |\n| a | one.test |\n| b | two.test |\n| c | {one.test.bleu} | {two.test.bleu} |"
    written = quotes.refreshed(f"<!-- results:\n{short}\n--><!-- end -->", entries)
    assert "| a | 1.0 | |\n| b | 2.0 | |\n| c | 1.0 | 2.0 |\n" in written and "Measured with one seed" in written
    with pytest.raises(ValueError, match="there is no result 'three'"):
        quotes.refreshed(f"<!-- results:\n{short}\n| d | three.test |\n--><!-- end -->", entries)


def test_what_was_not_measured_yet_is_a_dash_and_a_table_of_dashes_is_left_out():
    rows = "| a | {one.test.bleu} {one.test.bleu:interval} |\n| b | {two.test.bleu} |"
    table = f"<!-- results:\n| | BLEU |\n{rows}\n--><!-- end -->"
    assert "| a | –  |\n| b | 1.0 |" in quotes.refreshed(table, {"runs": {"one": None, "two": entry([1.0])}})
    assert quotes.refreshed(table, {"runs": {"one": None, "two": None}}).endswith(
        "-->\nNot measured yet.\n<!-- end -->"
    )


def test_a_configuration_says_what_to_expect_in_two_comments():
    given = "# results: BLEU {one.test.bleu}\n# Expected: BLEU 9.9.\n# Measured with four seeds.\nseed_everything: 1\n"
    expected = "# Expected: BLEU 40.0.\n# Measured with one seed, P, 1 thread, 32-true, torch 2.3.1, 2026-01-02.\nseed"
    assert f"{{one.test.bleu}}\n{expected}_everything: 1\n" in quotes.refreshed(given, {"runs": {"one": entry([40.0])}})


HERE = {"processor": "P", "threads": 2, "device": "cpu", "torch": "2.3.1", "python": "3.11.7", "commit": "c",
        "date": "2026-01-02"}  # fmt: skip


def test_what_a_benchmark_printed_is_a_measurement_of_medians(project, capsys):
    rounds = [
        ("joey", 10, 2.5),
        ("here", 15, 2.0),
        ("joey", 20, 2.5),
        ("here", 20, 2.0),
        ("joey", 10, 2.5),
        ("here", 30, 2.0),
    ]
    lines = [json.dumps({"system": system, "trg_tok_per_s": rate, "mflop_per_word": flop, "disturbed": True, **HERE})
             for system, rate, flop in rounds]  # fmt: skip
    write_text(project / "speed.txt", "".join(f"a table\nRESULT {line}\n" for line in lines))
    table = "<!-- results:\n| | rate |\n| {speed.here.trg_tok_per_s} | {speed.here.times} {speed.here.times:interval} |\n-->"
    write_text(project / "README.md", f"{table}<!-- end -->")
    assert command(["results", "--only", "toy", "--benchmark", str(project / "speed.txt")]) == 0
    measured = results.read(project / results.FILE)["measurements"]["speed"]
    assert measured["scores"]["here"] == {
        "trg_tok_per_s": [20, 15, 30],
        "mflop_per_word": [2.0] * 3,
        "times": [1.5, 1.0, 3.0],
    }
    text = (project / "README.md").read_text(encoding="utf-8")
    assert "| 20.0 | 1.50 (1.00 to 3.00) |" in text
    assert "Measured with 3 rounds in turn, their median, P, 2 threads, torch 2.3.1, 2026-01-02." in text


def test_a_benchmark_alone_is_its_own_system(project):
    write_text(project / "quiet.txt", f"RESULT {json.dumps({'benchmark': 'first_run', 'minutes': 4.5, **HERE})}\n")
    assert command(["results", "--only", "toy", "--benchmark", str(project / "quiet.txt")]) == 0
    measured = results.read(project / results.FILE)["measurements"]["quiet"]
    assert measured["scores"] == {"first_run": {"minutes": [4.5] * 3}}


@pytest.mark.parametrize(("content", "says"), [
    ("no benchmark", "has no line RESULT that names a processor"), ("RESULT {", "line 1 is damaged"),
    ("RESULT {}", "has no line RESULT that names"),
    (f"RESULT {json.dumps({'system': 's', **HERE, 'threads': 'two'})}", "threads must be int"),
    (f"RESULT {json.dumps({'system': ['s'], **HERE})}", "system must be str"),
])  # fmt: skip
def test_a_file_that_no_benchmark_printed_is_one_sentence(project, capsys, content, says):
    write_text(project / "speed.txt", content)
    assert command(["results", "--only", "toy", "--benchmark", str(project / "speed.txt")]) == 2
    assert says in capsys.readouterr().err
    assert command(["results", "--only", "toy", "--benchmark", str(project / "nowhere.txt")]) == 2
    assert "nowhere.txt" in capsys.readouterr().err


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
    over = {"mean": 0.5, "deviation": 0.0, "low": 0.25, "high": 0.75, "scale": 1, "digits": 1}
    rows = [{"name": "RNNencdec", "seeds": [1], "measures": {"bleu": over}},
            {"name": "RNNsearch", "seeds": [1, 2], "measures": {"bleu": over, "aer": over | {"scale": 100}}}]  # fmt: skip
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


def test_a_seed_that_was_trained_again_counts_once(groups, tmp_path):
    first, _ = groups
    beside = [shutil.copytree(run.folder, tmp_path / "own" / run.folder.name) for run in first]
    again = shutil.copytree(beside[0], beside[0].with_name(f"9{beside[0].name}"))
    assert comparing._seeds(beside[1]) == [*beside[1:], again]


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
    assert "small: 2 of 2 trainings to do, unknown" in out and "besides 1 of unknown cost" in out and len(began) == 2
    folders = sorted(run.folder.name for run in runs.every("bahdanau2014"))
    assert [folder[-6:] for folder in folders] == ["-seed1", "-seed2"]
    groups = {runs.Run(path).group for path in (run.folder for run in runs.every("bahdanau2014"))}
    assert len(groups) == 1 and str(groups).count("bahdanau2014-accord-")
    written = results.read(project / results.FILE)
    seeds = written["runs"]["small"]["seeds"]
    assert [seed["steps"] for seed in seeds.values()] == [4, 4] and list(wrong_means(written)) == []
    text = (project / "README.md").read_text(encoding="utf-8")
    assert f"| RNNsearch | {quotes.written(written, 'small.test.bleu')} |" in text and " ± " in text

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
    assert command(["results", "--check", "--only", "toy"]) == 0
    assert "small: 1 of 2 seeds have scores; these are checked." in capsys.readouterr().out
    assert command(["results", "--untrained", "--only", "toy"]) == 0
    assert "small: 1 of 2 seeds have scores, so that what docs/results.json says of it stays" in capsys.readouterr().out
    assert results.read(project / results.FILE) == written
    assert command(["results", "--only", "toy"]) == 0 and len(began) == 3
    assert re.search(r"small: 1 of 2 trainings to do, \d+ minutes", capsys.readouterr().out)


def test_a_group_of_which_one_seed_failed_is_named_and_its_numbers_stay(project, monkeypatch, capsys):
    def begin(command, **_):
        status = int("seed2" in str(command))
        return SimpleNamespace(returncode=status, poll=lambda: status)

    standing_in = SimpleNamespace(Popen=begin, DEVNULL=-3, STDOUT=-2)
    monkeypatch.setattr(side_by_side, "subprocess", standing_in)
    monkeypatch.setattr(side_by_side, "PAUSE", 0)
    monkeypatch.setattr(commanded.Group, "scored", lambda group: [None] * (len(group.trainings) - 1))
    claimed = {"version": results.VERSION, "runs": {"small": entry([40.0, 42.0])}}
    write_json(project / results.FILE, claimed)
    assert command(["results", "--only", "toy", "--jobs", "1"]) == 2
    out = capsys.readouterr()
    assert "The training bahdanau2014 accord seed 2 ended with status 1" in out.err
    assert "small: 1 of 2 seeds have scores, so that what docs/results.json says of it stays as it is." in out.out
    assert results.read(project / results.FILE) == claimed


def test_a_training_that_starts_from_another_run_waits_for_it_and_brings_it_along(tmp_path, monkeypatch):
    began = []

    def begin(command, **_):
        began.append([option for option in command if option.endswith("seed1")])
        running = iter([None, 0])

        def poll():
            status = next(running)
            if status == 0:
                write_text(Path(began[-1][0]) / runs.SCORES, "{}")
            return status

        return SimpleNamespace(returncode=0, poll=poll)

    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    standing_in = SimpleNamespace(Popen=begin, DEVNULL=-3, STDOUT=-2)
    monkeypatch.setattr(side_by_side, "subprocess", standing_in)
    monkeypatch.setattr(side_by_side, "PAUSE", 0)
    monkeypatch.setattr(side_by_side.Training, "measured", side_by_side.Training.scored)
    (finetuned,) = commanded.chosen("vit_finetuned")
    assert side_by_side.train(finetuned.trainings[:1], jobs=2) == 0
    (first,), second = began
    assert "/shapes_32/" in first and "/shapes_finetune/" in second[0] and second[1] == first


def test_a_result_whose_runs_are_gone_is_named(project, capsys):
    write_json(project / results.FILE, {"version": results.VERSION, "runs": {"small": entry([40.0, 42.0])}})
    assert command(["results", "--check", "--only", "toy"]) == 0
    assert (
        "Not checked, without runs here or numbers there, or a table of its own: small.\n0 of 1 results are checked"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize("paper", ["xu2015", "cheng2016", "vit2021"])
def test_seeds_of_every_task_have_an_interval_around_their_mean(trained, tmp_path, paper):
    """Of captions, sentences and images, as of translations: over seeds and examples together."""
    first = trained(paper)
    group = [first, runs.Run(shutil.copytree(first.folder, tmp_path / "again", ignore=shutil.ignore_patterns("wandb")))]
    split = next(iter(first.scores))
    measures = grouped.intervals(group, split)
    assert measures.keys() == {"xu2015": {"bleu", "true"}, "cheng2016": {"perplexity"},
                               "vit2021": {"accuracy", "attention/auroc"}}[paper]  # fmt: skip
    for name, interval in measures.items():
        assert interval.value == pytest.approx(first.scores[split][name], rel=1e-4, abs=1e-4)
        assert interval.low <= interval.value <= interval.high


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
