"""Records of every kind: what does not fit is refused, what fits is saved and loaded whole, what is damaged is named."""

import base64
import json
import re
from itertools import product
from types import NoneType
from typing import get_args, get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from written import differences

from data.errors import UserError
from data.links import Links
from reproductions.evaluation.records import load, save
from reproductions.evaluation.records.caption import CaptionedImage
from reproductions.evaluation.records.image import AttendedImage
from reproductions.evaluation.records.sentence import Agreed, ReadSentence, SelfAttended
from reproductions.evaluation.records.translation import AlignedTranslation, Translated

PIXELS = np.random.default_rng(0).integers(256, size=(6, 10, 3)).astype(np.uint8)
MASK = np.zeros((6, 10), dtype=np.float32)
MASK[1:3, 6:9] = [[1, 0.5, 0.25], [1, 1, 0]]
MODEL = {"model": "RNNsearch, step 10", "split": "valid", "index": 3}
ALIGNED = MODEL | {
    "source": ("the", "zone", "</s>"), "target": ("la", "belle", "zone", "</s>"), "weights": np.full((4, 3), 1 / 3),
    "view": "read as each word is written", "forced": True, "reference": "la belle zone", "score": -1.5,
    "gold": Links(frozenset({(0, 0), (2, 1)}), frozenset({(0, 0), (2, 1), (1, 1)})),
}  # fmt: skip
SELF = MODEL | {
    "source": ("a", "b"), "target": ("a", "b"), "weights": np.array([[0, 0], [1, 0]]), "view": "L1 H1", "forced": True,
}  # fmt: skip
TRANSLATED = {"source": "a\u2028b", "hypothesis": "l'été", "reference": 'dit "oui"\n', "index": 0, "score": -2.5}
READ = {"words": ("a", "</s>"), "surprisal": (1.0, 1.5), "tokens": 2, "index": 0,
        "agreements": (Agreed(1, "were", False, True),)}  # fmt: skip
ATTENDED = MODEL | {  # 6 x 10 pixels under 2 x 5 patches: no side equals another
    "pixels": PIXELS, "map": np.arange(10).reshape(2, 5) / 45, "view": "attention rollout", "label": 0, "predicted": 2,
    "probabilities": np.array([0.25, 0.25, 0.5]), "classes": ("disc", "star", "heart"), "mask": MASK, "name": "shapes/12",
}  # fmt: skip
CAPTIONED = MODEL | {
    "pixels": PIXELS, "words": ("a", "ring", "</s>"), "maps": np.arange(30).reshape(3, 2, 5) / [[[45]], [[145]], [[245]]],
    "forced": False, "references": ["a red ring"], "masks": MASK[None], "spoken": ((), (0,), ()), "draws": True,
    "score": -1.5,
}  # fmt: skip
KINDS = {AlignedTranslation: ALIGNED, SelfAttended: SELF, Translated: TRANSLATED, ReadSentence: READ,
         AttendedImage: ATTENDED, CaptionedImage: CAPTIONED}  # fmt: skip
# The same without what may be missing.
LEAST = {
    AlignedTranslation: {"gold": None, "forced": False, "score": None, "reference": None},
    Translated: {"score": None}, ReadSentence: {"agreements": ()}, AttendedImage: {"label": None, "mask": None},
    CaptionedImage: {"score": None},
}  # fmt: skip
every_kind = pytest.mark.parametrize("kind", KINDS)


def made(kind, **changes):
    return kind(**KINDS[kind] | changes)


def row(*weights):
    """Weights whose second row, of "belle", is this one."""
    return {"weights": np.array([[0.25] * 3, weights, [0.25] * 3, [0.25] * 3])}


# --- Made -------------------------------------------------------------------------------------------------------------


@every_kind
def test_arrays_are_read_only_copies(kind):
    given = {name: np.array(value) for name, value in KINDS[kind].items() if isinstance(value, np.ndarray)}
    record = made(kind, **given)
    for name, array in given.items():
        array[:] = 9
        assert (getattr(record, name) != 9).all()
        with pytest.raises(ValueError, match="read-only"):
            getattr(record, name)[0] = 1


NOT_GOLD = "lie outside its 3 target and 2 source words"
DOES_NOT_FIT = [
    (
        AlignedTranslation,
        {"weights": np.full((3, 4), 0.25)},
        r"\(3, 4\).*4 target words \['la'.*3 source words \['the'",
    ),
    (AlignedTranslation, row(-0.1, 0.5, 0.1), "0 or more .* 'belle' .row 1. sum to 0.5"),
    (AlignedTranslation, row(np.nan, 0.5, 0.1), "'belle' .row 1. sum to nan"),
    (AlignedTranslation, row(0.5, np.inf, 0.1), "'belle' .row 1. sum to inf"),
    (AlignedTranslation, row(0.5, 0.5, 0.01), "'belle' .row 1. sum to 1.01000"),
    (AlignedTranslation, {"target": ("la", "", "zone", "</s>")}, "target must be words"),
    (AlignedTranslation, {"source": ("the", "</s>", "zone")}, "</s> at the end alone"),
    (AlignedTranslation, {"forced": False}, "not to the model's own translation"),
    (AlignedTranslation, {"gold": Links(frozenset(), frozenset({(3, 0)}))}, NOT_GOLD),
    (AlignedTranslation, {"gold": Links(frozenset(), frozenset({(0, 2)}))}, NOT_GOLD),
    (SelfAttended, {"target": ("b", "a")}, "attends to its own words"),
    (ReadSentence, {"surprisal": (1.0,)}, "need a surprisal each"),
    (ReadSentence, {"tokens": 1}, "cannot be 1 tokens"),
    (AttendedImage, {"map": np.full((2, 5), 0.05)}, "sum to 1 over its 10 patches, not to 0.50000"),
    (AttendedImage, {"map": np.full((2, 5), np.nan)}, "not to nan"),
    (AttendedImage, {"map": np.array([[1.5, -0.5]])}, "0 or more"),
    (AttendedImage, {"map": np.full((7, 1), 1 / 7)}, r"\(7, 1\) does not fit the pixels"),
    (AttendedImage, {"probabilities": np.array([0.5, 0.5])}, "3 classes"),
    (AttendedImage, {"probabilities": np.array([0.5, 0.5, 0.5])}, "sum to 1.5"),
    (AttendedImage, {"predicted": 3}, "predicted 3"),
    (AttendedImage, {"label": -1}, "label -1"),
    (AttendedImage, {"mask": np.zeros((10, 6))}, r"\(10, 6\)"),
    (AttendedImage, {"mask": np.full((6, 10), 255.0)}, "between 0 and 1"),
    (CaptionedImage, {"words": ("a", "ring")}, "need a map and objects each"),
    (CaptionedImage, {"references": ()}, "a caption that is true of it"),
    (CaptionedImage, {"maps": np.ones((3, 2, 5))}, "sum to 1"),
    (CaptionedImage, {"masks": np.ones((1, 9, 9))}, "masks"),
    (CaptionedImage, {"spoken": ((7,),) * 3}, "speak of objects"),
    (CaptionedImage, {"words": ()}, "needs words"),
]


@pytest.mark.parametrize(("kind", "changes", "fault"), DOES_NOT_FIT)
def test_what_does_not_fit_is_refused_with_its_numbers(kind, changes, fault):
    with pytest.raises(ValueError, match=fault):
        made(kind, **changes)


def test_rows_may_sum_to_less_than_one_and_to_one_with_float_rounding():
    assert made(AlignedTranslation, **row(0.33338, 0.33336, 0.33334)).weights.sum() < 4


def test_a_target_cut_off_before_its_end_keeps_all_its_words():
    cut = made(AlignedTranslation, target=("la", "belle", "zone"), weights=np.full((3, 3), 0.1))
    assert cut.target_words == made(AlignedTranslation).target_words == ("la", "belle", "zone")


def test_an_image_is_right_where_its_label_is_predicted_and_neither_where_it_has_none():
    assert [made(AttendedImage, label=label).right for label in (0, 2, None)] == [False, True, None]


# --- Saved and loaded -------------------------------------------------------------------------------------------------


@every_kind
def test_saved_records_come_back_the_same_and_stay_so(kind, tmp_path):
    path = tmp_path / "new" / "records.jsonl"
    originals = [made(kind), made(kind, **LEAST.get(kind, {}), index=4)]
    save(originals, path)
    again = load(path, kind)
    assert [file.name for file in path.parent.iterdir()] == ["records.jsonl"]
    for original, loaded in zip(originals, again, strict=True):
        for name, value in vars(original).items():
            if isinstance(value, np.ndarray):
                np.testing.assert_allclose(
                    getattr(loaded, name), value, rtol=1e-4, atol=1 / 255 * (name in ("mask", "masks"))
                )
            else:
                assert getattr(loaded, name) == value
        assert differences(kind.from_json(json.loads(json.dumps(loaded.to_json()))), loaded) == []
    if "pixels" in KINDS[kind]:
        assert np.array_equal(again[0].pixels, PIXELS)


def test_a_line_is_the_kind_and_then_the_fields_in_their_order():
    line = made(AlignedTranslation).to_json()
    names = ["source", "target", "weights", "model", "view", "forced", "split", "index", "reference", "gold", "score"]
    assert list(line) == ["kind", *names]
    assert line["gold"] == {"sure": [[0, 0], [2, 1]], "possible": [[0, 0], [1, 1], [2, 1]]}


@given(st.integers(1, 70), st.integers(0, 2**32 - 1), st.floats(0.01, 1.0))
def test_whatever_weights_can_be_made_can_be_saved_and_loaded(length, seed, concentration):
    rows = np.random.default_rng(seed).dirichlet(np.full(length, concentration), size=4)
    words = tuple(f"w{number}" for number in range(length))
    for scale in (1.0, 1 + 0.9e-4):
        record = made(AlignedTranslation, source=words, weights=rows * scale, gold=None)
        again = AlignedTranslation.from_json(json.loads(json.dumps(record.to_json())))
        np.testing.assert_allclose(again.weights, record.weights, rtol=2e-4, atol=1e-5)


def test_a_record_that_fails_to_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "records.jsonl"
    save([made(AlignedTranslation)], path)
    before = path.read_text()

    def broken():
        yield made(AlignedTranslation, index=9)
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        save(broken(), path)
    assert path.read_text() == before
    assert len(list(tmp_path.iterdir())) == 1


MISSING = object()
WRONG = (MISSING, None, np.nan, "text", "x" * 100_001, -1, 1.5, 10**400, True, [], {}, [[[]]], ["a"], [None])


def places(value, above=()):
    """The keys that lead to each value inside of a JSON value; into a list, to its last item alone."""
    inside = (
        value.items() if isinstance(value, dict) else list(enumerate(value))[-1:] if isinstance(value, list) else ()
    )
    for key, inner in inside:
        yield (*above, key)
        yield from places(inner, (*above, key))


def fits(value, before, optional):
    """Whether a value may stand where another one did."""
    if value is MISSING or value is None or value is np.nan:
        return optional and value is not MISSING
    return before is None or type(value) is type(before) or (isinstance(before, float) and type(value) is int)


@every_kind
def test_a_field_that_is_missing_or_of_another_type_at_any_depth_is_refused_in_a_sentence(kind, tmp_path):
    path, whole = tmp_path / "records.jsonl", json.dumps(made(kind).to_json())
    optional = {(name,) for name, hint in get_type_hints(kind).items() if NoneType in get_args(hint)}
    for place, value in product(places(json.loads(whole)), WRONG):
        line = inner = json.loads(whole)
        for key in place[:-1]:
            inner = inner[key]
        may_load = fits(value, inner[place[-1]], place in optional) or (value is MISSING and isinstance(inner, list))
        if value is MISSING:
            del inner[place[-1]]
        else:
            inner[place[-1]] = value
        path.write_text(json.dumps(line))
        try:
            assert load(path, kind) and may_load, (place, value)
        except UserError as error:
            assert re.fullmatch(r"\S+/records.jsonl, line 1 is damaged .{1,330}: run `make evaluate` .*", str(error))


DAMAGED = [
    (AlignedTranslation, lambda line: line.update(index="x" * 10_000), "index must be int, not 'x{59}[)]"),
    (AlignedTranslation, lambda line: line["weights"][0].__setitem__(0, np.nan), "those of 'la' .row 0. sum to nan"),
    (AlignedTranslation, lambda line: line.update(kind="image"), "expected a record of kind 'aligned translation'"),
    (AlignedTranslation, lambda line: line["weights"].pop(), r"weights of shape \(3, 3\)"),
    (AlignedTranslation, lambda line: line["weights"][0].pop(), "weights must be a list of rows of one length"),
    (AlignedTranslation, lambda line: line["gold"]["sure"].append([9, 0]), "Sure links must also be possible"),
    (ReadSentence, lambda line: line["agreements"][0].__setitem__(3, "yes"), "must be .position: int, other: str, "),
    (AttendedImage, lambda line: line.update(pixels=base64.b64encode(b"no picture").decode()), "no readable PNG"),
    (AttendedImage, lambda line: line.update(mask=line["pixels"]), "must be L, not RGB"),
    (AttendedImage, lambda line: line.update(map=[[0.5], [0.25, 0.25]]), "one length"),
]


@pytest.mark.parametrize(("kind", "damage", "fault"), DAMAGED)
def test_a_damaged_file_is_named_with_its_line(tmp_path, kind, damage, fault):
    path, line = tmp_path / "records.jsonl", made(kind).to_json()
    whole = json.dumps(line)
    damage(line)
    path.write_text(f"{whole}\n{json.dumps(line)}\n")
    with pytest.raises(UserError, match=f"records.jsonl, line 2 is damaged .*{fault}.*: run `make evaluate`"):
        load(path, kind)


NO_RECORDS = {
    b"{]": "Expecting property name",
    b"[1]": "it must be a dict, not",
    b'{"index": 1} and more': "Extra data",
    b"\xff\xfe": "can't decode byte 0xff",
    b'{"view": "\\ud800"}': "surrogates not allowed",
    b"9" * 400: "a whole number has 400 digits",
    b"[" * 100_000: "it is nested too deeply",
}


@pytest.mark.parametrize(("line", "fault"), NO_RECORDS.items(), ids=NO_RECORDS.values())
def test_a_line_that_is_no_record_is_named(tmp_path, line, fault):
    (tmp_path / "records.jsonl").write_bytes(b"\n" + line)
    with pytest.raises(UserError, match=f"records.jsonl, line 2 is damaged .*{fault}"):
        load(tmp_path / "records.jsonl", AlignedTranslation)
