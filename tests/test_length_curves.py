import pytest
import sacrebleu

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
    curve = bleu_by_length("RNNsearch", records(), edges=(1, 10, 20))
    short, long = curve.bins
    assert (short.low, short.high, short.sentences, short.mean_length) == (1, 9, 20, 5)
    assert (long.low, long.high, long.sentences, long.mean_length) == (10, 19, 20, 15)
    inside = [record for record in records() if record.source_length == 15]
    expected = sacrebleu.corpus_bleu([r.hypothesis for r in inside], [[r.reference for r in inside]]).score
    assert long.bleu.value == pytest.approx(expected)
    assert short.bleu == pytest.approx((100, 100, 100))
    assert long.bleu.low < expected < long.bleu.high


def test_the_lower_edge_is_inside_and_the_upper_outside():
    made = [Translated("w " * length, "a b c d", "a b c d", length) for length in (9, 10, 11, 20)]
    curve = bleu_by_length("m", made, edges=(1, 10, 20))
    assert [one.sentences for one in curve.bins] == [1, 2]
