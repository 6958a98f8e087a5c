"""What is printed at the end of a run, and what is drawn of its validations."""

import json

import pytest
from page_runs import SUMMARY, write

from data.errors import UserError
from reproductions import runs
from reproductions.commands import report
from reproductions.commands.figures.bahdanau2014 import CURVES
from reproductions.commands.figures.curves import curves_of
from reproductions.reports import fixed, percent, unbroken


def test_the_report_has_the_alignment_error_rate_in_per_cent(tmp_path):
    run = runs.Run(write(tmp_path, "bahdanau2014", "20260101-000000-000000"))
    (run.folder / "summary.json").unlink()
    (run.folder / "evaluation").mkdir()
    scores = {"test": {"bleu": 12.3, "aer": 0.0371, "bleu_signature": "none"}, "long": {"bleu": 0.5}}
    (run.folder / runs.SCORES).write_text(json.dumps(scores))
    head, test, long, *_ = report.text(run).splitlines()
    assert head.endswith("AER %") and test.split()[0] == "test"
    assert (test.split()[-1], long.split()[-1], test.split()[1]) == ("3.7", "-", "12.30")


def test_the_alignment_error_rate_is_drawn_through_training_in_per_cent(tmp_path):
    (tmp_path / "validation.jsonl").write_text(
        '{"step": 4, "valid/aer": 0.5, "valid/bleu": 9}\n{"step": 8, "valid/aer": 0.25}'
    )
    (tmp_path / "summary.json").write_text(json.dumps(SUMMARY))
    bleu, aer = curves_of([runs.Run(tmp_path)], CURVES)
    assert (bleu.unit, bleu.values) == ("", (9,))
    assert (aer.measure, aer.unit, aer.steps, aer.values) == ("validation AER", "%", (4, 8), (50, 25))


def test_a_cut_line_of_scores_is_named(tmp_path):
    (tmp_path / "validation.jsonl").write_text('{"step": 4, "valid/bleu": 1.0}\n{"step": 8, "va')
    with pytest.raises(UserError, match="validation.jsonl, line 2 is damaged.*delete that line"):
        curves_of([runs.Run(tmp_path)], {"valid/bleu": ("BLEU", "")})


def test_numbers_are_written_with_a_minus_and_dashes():
    assert fixed(-1.25, 1) == "−1.2" and fixed(None) == "–" and fixed(float("nan")) == "–"
    assert percent(0.25) == "25.0"


def test_a_number_stays_with_its_unit():
    said = "+1.0 BLEU (95 % interval 0.4 to 1.7); the difference is significant, p ≤ 0.002"
    assert unbroken(said).replace("\u00a0", "~") == (
        "+1.0~BLEU (95~% interval 0.4 to 1.7); the difference is significant, p~≤~0.002"
    )
