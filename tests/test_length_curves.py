import numpy as np
import pytest
import sacrebleu
import yaml

from reproductions import runs
from reproductions.commands.figures.bahdanau2014 import _of_both_limits
from reproductions.evaluation.measures.lengths import bleu_by_length
from reproductions.evaluation.records.translation import Translated


def records():
    """Perfect translations of 5 words; of 15 words with a wrong tail, except every third."""
    short = [Translated("w " * 5, f"a b c d e {n}", f"a b c d e {n}", n) for n in range(20)]
    long = [
        Translated("w " * 15, f"a b c d e f g h {n}", "a b c d" if n % 3 else f"a b c d e f g h {n}", n)
        for n in range(20)
    ]
    return long + short


def test_each_bin_has_the_corpus_bleu_of_its_own_sentences():
    curve = bleu_by_length("RNNsearch", records(), starts=(1, 10))
    short, long = curve.bins
    assert (short.low, short.high, short.sentences, short.mean_length) == (1, 9, 20, 5)
    assert (long.low, long.high, long.sentences, long.mean_length) == (10, 15, 20, 15)
    inside = [record for record in records() if record.source_length == 15]
    expected = sacrebleu.corpus_bleu([r.hypothesis for r in inside], [[r.reference for r in inside]]).score
    assert long.bleu.value == pytest.approx(expected)
    assert short.bleu == pytest.approx((100, 100, 100))
    assert long.bleu.low < expected < long.bleu.high


def test_a_bin_has_its_start_and_the_last_all_that_is_longer():
    made = [Translated("w " * length, "a b c d", "a b c d", length) for length in (9, 10, 19, 20, 21, 300)]
    curve = bleu_by_length("m", made, starts=(1, 10, 20))
    assert [(one.low, one.high, one.sentences) for one in curve.bins] == [(1, 9, 1), (10, 19, 2), (20, 300, 3)]
    assert [one.low for one in bleu_by_length("m", made[-1:]).bins] == [50], "of long sentences alone, too"


def test_the_slope_is_that_of_the_line_through_the_bins_with_each_sentence_as_one_point():
    longest = [Translated("w " * 25, "a b c d", "a b c d e f g h", n) for n in range(40)]
    curve = bleu_by_length("m", records() + longest, starts=(1, 10, 20))
    points = [(each.mean_length, each.bleu.value) for each in curve.bins for _ in range(each.sentences)]
    assert len(points) == 80
    assert curve.slope.value == pytest.approx(np.polyfit(*zip(*points, strict=True), 1)[0])
    assert curve.slope.low < curve.slope.value < curve.slope.high < 0
    assert bleu_by_length("m", longest, starts=(1, 10, 20)).slope == (0, 0, 0)


@pytest.mark.parametrize(
    ("limits", "found"), [((50, 30, 30), [50, 30]), ((30, 50), [30, 50]), ((60, 30), [60]), ((50,), [50])]
)
def test_figure_2_takes_the_newest_run_of_each_of_the_paper_s_two_limits(limits, found, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    for age, limit in enumerate(limits):  # the newest first
        run = runs.create("bahdanau2014", "bible", f"2026010{9 - age}-000000")
        (run.folder / "evaluation").mkdir(parents=True)
        (run.folder / runs.SCORES).write_text("{}", encoding="utf-8")
        run.config.write_text(yaml.safe_dump({"data": {"init_args": {"max_words": limit}}}), encoding="utf-8")
    newest, *_ = runs.every("bahdanau2014", "bible", runs.SCORES)
    drawn = _of_both_limits(newest)
    assert [run.data["max_words"] for run in drawn] == found and drawn[0] == newest
    if len(drawn) == 2:
        assert drawn[1].folder.name == f"2026010{9 - limits.index(found[1])}-000000"
