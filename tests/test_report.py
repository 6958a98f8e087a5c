"""What is printed at the end of a run, and what is drawn of its validations."""

import json
import subprocess
import sys
from importlib import import_module

import pytest
from page_runs import SUMMARY, write

from data.errors import UserError
from reproductions import runs
from reproductions.commands import ending
from reproductions.papers import TASKS
from reproductions.reports import fixed, percent, unbroken
from reproductions.tasks.report.curves import lines
from reproductions.tasks.translation.report import COLUMNS

# Task -> scores of a split, and what was learned by them.
LEARNED = {
    "translation": ({"sentences": 500, "exact": 63.64, "bleu": 91.72, "aer": 0.0796, "precision": 0.9312},
                    "translates 63.6 % of 500 new sentences exactly as the reference (BLEU 91.7). Its attention points at a "
                    "right word 93 times in 100 (AER 8.0 %)."),
    "images": ({"images": 1200, "accuracy": 0.97, "attention/energy_gain": 8.76, "attention/auroc": 0.9541},
               "classifies 97.0 % of 1,200 new images correctly. It looks at the object 8.8 times as much as chance (AUROC "
               "0.954)."),
    "captions": ({"true": 0.5, "bleu": 73.04, "attention/energy_gain": 3.2, "attention/auroc": 0.9},
                 "writes a wholly true caption for 50.0 % of the validation images (BLEU 73.0). While it writes a word about "
                 "an object, it looks there 3.2 times as much as chance (AUROC 0.900)."),
    "language": ({"sentences": 500, "perplexity": 20.66, "agreement": 0.934},
                 "predicts each word of 500 new sentences as if it chose among 20.7 equally likely ones (perplexity). It "
                 'prefers the right form of "be" to the wrong one 93 times in 100.'),
}  # fmt: skip


@pytest.mark.parametrize("task", TASKS)
def test_what_was_learned_is_a_sentence_with_its_number(task):
    scores, sentence = LEARNED[task]
    learned = import_module(f"reproductions.tasks.{task}.report").learned
    assert learned(scores) == sentence
    without = {name: value for name, value in scores.items() if name not in ("aer", "agreement", "attention/auroc")}
    first, rest = learned(without), sentence.removeprefix(learned(without))
    assert sentence == first + rest and rest.startswith((" It", " While"))


def test_a_report_needs_no_torch():
    """In a process of its own, for this one has imported everything."""
    names = ", ".join(["reproductions.tasks.report.page", *(f"reproductions.tasks.{task}.report" for task in TASKS)])
    code = f"import sys, {names}\nprint(*{{'torch', 'lightning', 'wandb'}} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_the_report_has_the_alignment_error_rate_in_per_cent(tmp_path):
    run = runs.Run(write(tmp_path, "bahdanau2014", "20260101-000000-000000"))
    (run.folder / "summary.json").unlink()
    (run.folder / "evaluation").mkdir()
    test = {"bleu": 12.3, "aer": 0.0371, "precision": 0.9, "exact": 5.0}
    scores = {"test": test, "long": {"bleu": 0.5}}
    (run.folder / runs.SCORES).write_text(json.dumps(scores))
    _, _, head, test, long, *_ = ending.text(run).splitlines()
    assert head.endswith("AER %") and test.split()[0] == "test"
    assert (test.split()[-1], long.split()[-1], test.split()[1]) == ("3.7", "-", "12.30")
    scores |= {f"test_{year}": {"bleu": 1.0} for year in range(2010, 2020)}
    (run.folder / runs.SCORES).write_text(json.dumps(scores))
    ended = ending.text(run).splitlines()
    assert len(ended) <= 12 and not any("test_2010" in line for line in ended), (
        "a long table stands in the report alone"
    )


def test_the_alignment_error_rate_is_drawn_through_training_in_per_cent(tmp_path):
    (tmp_path / "validation.jsonl").write_text(
        '{"step": 4, "valid/aer": 0.5, "valid/bleu": 9}\n{"step": 8, "valid/aer": 0.25}'
    )
    (tmp_path / "summary.json").write_text(json.dumps(SUMMARY))
    (aer,) = lines(runs.Run(tmp_path), COLUMNS)
    assert (aer.name, [said for _, _, said in aer.points]) == ("validation AER %", ["step 4: 50.0", "step 8: 25.0"])


def test_a_cut_line_of_scores_is_named(tmp_path):
    (tmp_path / "validation.jsonl").write_text('{"step": 4, "valid/bleu": 1.0}\n{"step": 8, "va')
    with pytest.raises(UserError, match="validation.jsonl, line 2 is damaged.*delete that line"):
        _ = runs.Run(tmp_path).validations


def test_numbers_are_written_with_a_minus_and_dashes():
    assert fixed(-1.25, 1) == "−1.2" and fixed(None) == "–" and fixed(float("nan")) == "–"
    assert percent(0.25) == "25.0"


def test_a_number_stays_with_its_unit():
    said = "+1.0 BLEU (95 % interval 0.4 to 1.7); the difference is significant, p ≤ 0.002"
    assert unbroken(said).replace("\u00a0", "~") == (
        "+1.0~BLEU (95~% interval 0.4 to 1.7); the difference is significant, p~≤~0.002"
    )
