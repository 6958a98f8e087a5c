"""The timeline: every kind of attention trained alike, and a table whose sentences follow from its numbers."""

import json
import re

import pytest
from test_training import ROOT
from toy_run import overrides

from data.errors import UserError
from reproductions.__main__ import run as command
from reproductions.attention import TIMELINE, Additive, Dot, Intra, over_source
from reproductions.evaluation.records import AlignedTranslation
from reproductions.timeline import rows, training
from reproductions.timeline.command import write
from reproductions.timeline.cost import POSITIONS, Sizes, cost
from reproductions.timeline.training import FULL, QUICK, Budget, Training

SMALL = overrides(4, **{"data.init_args.pairs": 200, "data.init_args.batch_tokens": 400})
TINY = Budget("tiny", (1, 2), None)
SIZES = Sizes(query=12, key=24, hidden=8, window=10, sentences=3, source=5)


class Newest(Dot):
    """A mechanism that nobody wrote yet: the dot product, turned round."""

    paper, year, formula = "Nobody", 2099, "-sᵀ h"

    def score(self, query, keys):
        return -super().score(query, keys)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Runs of two mechanisms, one of them new, with two seeds, and what ``make timeline`` makes of them."""
    folder = tmp_path_factory.mktemp("timeline")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("RUNS_DIR", str(folder / "runs"))
        patch.setenv("DATA_DIR", str(folder / "data"))
        for name in list(TIMELINE):
            patch.delitem(TIMELINE, name)
        for name, kind in {"additive": Additive, "intra": Intra, "newest": Newest}.items():
            patch.setitem(TIMELINE, name, kind)
        for one in training.trainings(TINY):
            run, arguments = one.command(SMALL)
            assert command(arguments[3:]) == 0
            assert one.scored() == run
        training.train(TINY, jobs=1)  # has nothing left to do
        yield folder, write(TINY, folder / "out")


def test_a_new_mechanism_is_its_file_and_its_line(trained):
    _, table = trained
    row = next(row for row in table["rows"] if row["name"] == "newest")
    assert (row["year"], row["paper"], row["formula"]) == (2099, "Nobody", "-sᵀ h")
    assert len(row["bleu_seeds"]) == 2 and row["parameters"] == 0 and row["says"]
    record = rows.record_of(row)
    assert isinstance(record, AlignedTranslation) and record.forced and record.gold is not None


def test_the_table_is_in_order_of_year_and_knows_what_reads_no_source(trained):
    _, table = trained
    assert [row["name"] for row in table["rows"]] == ["additive", "intra", "newest"]
    assert [row["over_source"] for row in table["rows"]] == [True, False, True]
    assert rows.record_of(table["rows"][0]).source == rows.record_of(table["rows"][2]).source


def test_the_page_holds_every_mechanism_and_needs_nothing_else(trained):
    folder, table = trained
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert json.loads((folder / "out" / "timeline.json").read_text(encoding="utf-8")) == json.loads(json.dumps(table))
    for row in table["rows"]:
        assert f'id="{row["name"]}"' in page
    assert page.count("data:image/png;base64,") == 3  # one for all, and one for each that reads a source
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert (folder / "out" / "timeline.pdf").is_file()


def test_a_table_without_all_its_runs_is_refused(trained, monkeypatch):
    folder, _ = trained
    monkeypatch.setenv("RUNS_DIR", str(folder / "runs"))
    with pytest.raises(UserError, match="concat-tiny-seed1 has no scored run"):
        rows._scored(Training("concat", 1, TINY))


def test_every_seed_trains_every_mechanism_once_and_budgets_do_not_mix():
    names = [one.name for budget in (FULL, QUICK) for one in training.trainings(budget)]
    assert len(names) == len(set(names)) == len(over_source()) * (len(FULL.seeds) + len(QUICK.seeds))
    assert len(FULL.seeds) >= 2


def test_a_training_that_fails_is_told_with_its_own_words(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    monkeypatch.setattr(training, "over_source", lambda: {"additive": Additive})
    with pytest.raises(UserError, match=r"additive-quick-seed1 ended with status 2: .*hidden.*0.*run the same again"):
        training.train(QUICK, jobs=1, overrides=["--model.init_args.network.hidden", "0"])
    with pytest.raises(UserError, match="--jobs 0 must be at least 1"):
        training.train(QUICK, jobs=0)


def test_an_unfinished_training_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    one = Training("dot", 1, QUICK)
    new, begins = one.command(["--some", "option"])
    assert "--ckpt_path" not in begins and begins[-2:] == ["--some", "option"] and one.scored() is None
    (new.folder / "checkpoints").mkdir(parents=True)
    new.last.touch()
    again, goes_on = one.command([])
    assert again == new and goes_on[-2:] == ["--ckpt_path", str(new.last)]


# --- What follows from the numbers ------------------------------------------------------------------------------------

ROW = {"name": "dot", "inversions": 100, "inversions_kept": 90.0, "entropy": 0.1, "difference": -0.3, "real": False}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "Reorders: follows 90 %"),
        ({"inversions_kept": 10.0}, "Cannot reorder here: follows 10 %"),
        ({"inversions_kept": 60.0}, "Reorders in part"),
        ({}, "Points at single words"),
        ({"entropy": 0.9}, "Looks at many words at once"),
        ({}, "within noise"),
        ({"real": True}, "BLEU 0.3 below additive"),
        ({"real": True, "difference": 2.0}, "BLEU 2.0 above additive"),
        ({"name": "additive"}, "The measure of the others"),
    ],
)
def test_the_sentence_of_a_row_follows_from_its_numbers(change, words):
    assert words in rows.says(ROW | change)


@pytest.mark.parametrize("name", over_source())
def test_products_are_those_that_the_equation_asks_for(name):
    """Written down by hand for one query, S keys: context S * K always; then the score."""
    D, K, n, S = SIZES.query, SIZES.key, SIZES.hidden, SIZES.source
    additive, general = D * n + S * n, S * D
    by_hand = {
        "additive": additive + S * K, "soft": additive + S * K, "hard": additive + S * K, "concat": additive + S * K,
        "content_based": D * K + D + S * K + S * K, "dot": S * D + S * D, "scaled_dot": S * D + S * D,
        "general": general + S * K, "local_monotonic": general + S * K,
        "local_predictive": general + D * n + n + S * K, "location": S * D + S * K,
    }  # fmt: skip
    assert cost(name, SIZES).products == by_hand[name]


def test_a_mechanism_with_more_products_takes_more_of_them():
    wide = Sizes(query=48, key=96, hidden=64, window=10, sentences=3, source=5)
    assert cost("additive", wide).products > cost("dot", wide).products > cost("dot", SIZES).products
    assert cost("additive", wide).parameters == 48 * 64 + 96 * 64 + 64 + 64
    assert cost("location", wide).parameters == 48 * POSITIONS
