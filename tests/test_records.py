import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UserError
from data.links import Links
from reproductions.evaluation.records import Record, load, save
from reproductions.evaluation.records.translation import AlignedTranslation, Translated

SOURCE = ("the", "zone", "</s>")
TARGET = ("la", "belle", "zone", "</s>")


def record(**changes):
    weights = np.full((len(TARGET), len(SOURCE)), 1 / 3)
    fields = {
        "source": SOURCE,
        "target": TARGET,
        "weights": weights,
        "model": "RNNsearch, step 10",
        "view": "read as each word is written",
        "forced": True,
        "split": "valid",
        "index": 3,
        "reference": "la belle zone",
        "gold": Links(frozenset({(0, 0), (2, 1)}), frozenset({(0, 0), (2, 1), (1, 1)})),
        "score": -1.5,
    }
    return AlignedTranslation(**(fields | changes))


def test_weights_are_a_read_only_copy():
    weights = np.full((4, 3), 0.25, dtype=np.float32)
    made = record(weights=weights)
    weights[0, 0] = 0.9
    assert made.weights[0, 0] == np.float32(0.25)
    with pytest.raises(ValueError, match="read-only"):
        made.weights[0, 0] = 1


def test_swapped_axes_are_refused_with_both_lengths_and_the_words():
    with pytest.raises(ValueError, match=r"\(3, 4\).*4 target words \['la'.*3 source words \['the'"):
        record(weights=np.full((3, 4), 0.25))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((-0.1, 0.5, 0.1), "'belle' on 'the' is negative"),
        ((np.nan, 0.5, 0.1), "'belle' on 'the' is not a number"),
        ((0.5, np.inf, 0.1), "'belle' on 'zone' is not a number"),
        ((0.5, 0.5, 0.01), "'belle' .row 1. sum to 1.01000, more than 1"),
    ],
)
def test_impossible_weights_are_refused_with_the_word(row, message):
    weights = np.full((4, 3), 0.25)
    weights[1] = row
    with pytest.raises(ValueError, match=message):
        record(weights=weights)


def test_rows_may_sum_to_less_than_one_and_to_one_with_float_rounding():
    weights = np.full((4, 3), 0.1)
    weights[0] = (0.33338, 0.33336, 0.33334)
    assert record(weights=weights).weights.sum() < 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "the zone"}, "sequence of words, not the text"),
        ({"target": ("la", "", "zone", "</s>")}, "non-empty"),
        ({"source": ("the", "</s>", "zone")}, "only stand at the end"),
        ({"forced": False}, "the model's own translation: force the reference"),
        ({"gold": Links(frozenset(), frozenset({(3, 0)}))}, "lie outside its 3 target words"),
        ({"gold": Links(frozenset(), frozenset({(0, 2)}))}, "and 2 source words"),
    ],
)
def test_words_and_gold_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        record(**changes)


def test_a_target_cut_off_before_its_end_keeps_all_its_words():
    cut = record(target=TARGET[:3], weights=np.full((3, 3), 0.1))
    assert cut.target_words == TARGET[:3]
    assert record().target_words == TARGET[:3]


def test_saved_records_come_back_the_same(tmp_path):
    path = tmp_path / "new" / "records.jsonl"
    originals = [record(), record(gold=None, forced=False, score=None, reference=None, index=4)]
    save(originals, path)
    read = load(path, AlignedTranslation)
    assert [one.to_json() for one in read] == [one.to_json() for one in originals]
    assert read[0].gold == originals[0].gold
    np.testing.assert_allclose(read[0].weights, originals[0].weights, rtol=1e-4)
    assert [file.name for file in path.parent.iterdir()] == ["records.jsonl"]


def test_a_line_is_the_kind_and_then_the_fields_in_their_order():
    names = ["source", "target", "weights", "model", "view", "forced", "split", "index", "reference", "gold", "score"]
    assert list(record().to_json()) == ["kind", *names]
    assert record().to_json()["gold"] == {"sure": [[0, 0], [2, 1]], "possible": [[0, 0], [1, 1], [2, 1]]}


def test_a_field_that_json_cannot_hold_is_refused_where_it_is_declared():
    with pytest.raises(TypeError, match="cannot be of the type <class 'bytes'>"):
        type("Odd", (Record,), {"__annotations__": {"content": bytes}})


@given(st.integers(1, 70), st.integers(0, 2**32 - 1), st.floats(0.01, 1.0))
def test_whatever_can_be_made_can_be_saved_and_loaded(length, seed, concentration):
    rows = np.random.default_rng(seed).dirichlet(np.full(length, concentration), size=4)
    words = tuple(f"w{number}" for number in range(length))
    for scale in (1.0, 1 + 0.9e-4):
        made = record(source=words, weights=rows * scale, gold=None)
        again = AlignedTranslation.from_json(json.loads(json.dumps(made.to_json())))
        np.testing.assert_allclose(again.weights, made.weights, rtol=2e-4, atol=1e-8)


def test_translations_come_back_the_same_with_separators_inside(tmp_path):
    originals = [Translated("a\u2028b", "l'été", 'dit "oui"\n', 0, -2.5), Translated("a", "b", "", 1)]
    save(originals, tmp_path / "texts.jsonl")
    assert load(tmp_path / "texts.jsonl", Translated) == originals


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda fields: fields.pop("view"), r"line 2: fields \['view'\] are missing"),
        (lambda fields: fields.update(layer=1), r"line 2: fields \['layer'\] are unknown"),
        (lambda fields: fields.update(index=True), "line 2: field 'index' must be int, found bool True"),
        (
            lambda fields: fields.update(kind="image"),
            "line 2: expected a record of kind 'aligned translation'",
        ),
        (lambda fields: fields["weights"].pop(), r"line 2: weights of shape \(3, 3\)"),
        (lambda fields: fields["weights"][0].pop(), "line 2: weights must be a list of rows of one length"),
        (lambda fields: fields["weights"][0].__setitem__(0, "much"), "line 2: could not convert string"),
        (lambda fields: fields["gold"]["sure"].append([9, 0]), "line 2: Sure links must also be possible"),
        (lambda fields: fields["gold"]["sure"].append([0.5, 0]), "line 2: a link is a pair of positions"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path, change, message):
    fields = record().to_json()
    change(fields)
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps(record().to_json()) + "\n" + json.dumps(fields) + "\n")
    with pytest.raises(UserError, match=f"records.jsonl, {message}"):
        load(path, AlignedTranslation)


def test_a_line_that_is_no_json_is_named(tmp_path):
    (tmp_path / "records.jsonl").write_text("{]")
    with pytest.raises(UserError, match="records.jsonl, line 1"):
        load(tmp_path / "records.jsonl", AlignedTranslation)


def test_a_record_that_fails_to_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "records.jsonl"
    save([record()], path)
    before = path.read_text()

    def broken():
        yield record(index=9)
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        save(broken(), path)
    assert path.read_text() == before
    assert len(list(tmp_path.iterdir())) == 1
