"""The trial: views are chosen apart from what is reported, and every system is measured on the same sentences."""

import logging
import sys

import pytest
import yaml
from trained import ROOT

from data.accord import pairs
from data.links import GoldPair, Links
from data.sources.gold import Gold
from reproductions.__main__ import run as command
from reproductions.evaluation.measures.alignment import gold_table
from reproductions.experiments.quotes import written
from reproductions.experiments.results import MEASURED
from reproductions.experiments.trial import links, report, rows
from reproductions.experiments.trial.links import Bitext, Directions, of_eflomal, of_statistics, of_translator
from reproductions.experiments.trial.reasons import Places
from reproductions.experiments.trial.training import FULL, QUICK, SYSTEMS, trainings
from reproductions.reports import MISSING


def reversed_numbers(trained, shift=0):
    """Gold pairs of the toy corpus, whose target is its source in reverse; ``shift`` makes the links wrong."""
    pairs = []
    for line in trained.numbers.read_text(encoding="utf-8").splitlines()[:30]:
        source, target = (tuple(side.split()) for side in line.split("\t"))
        right = {(place, len(source) - 2 - place) for place in range(len(source) - 1)}
        linked = frozenset((t, (s + shift) % len(source)) for t, s in right)
        pairs.append(GoldPair(source, target, Links(linked, linked), "numbers"))
    return pairs


def test_a_view_is_chosen_by_the_development_part_alone(trained):
    run = trained("transformer2017")
    right, wrong = reversed_numbers(trained), reversed_numbers(trained, shift=1)
    first, second = of_translator(run, right[:15], right[15:]), of_translator(run, right[:15], wrong[15:])
    assert first.choice.view == second.choice.view and first.links == second.links
    assert of_translator(run, wrong[:15], right[15:]).choice.table != first.choice.table
    assert [len(found) for found in first.links.values()] == [15, 15, 15]


def test_the_statistical_aligner_reads_the_training_pairs_of_the_run(trained, place):
    gold = [GoldPair(tuple(p.source), tuple(p.target), p.links, "accord") for p in pairs("valid", 30)]
    found = of_statistics(Bitext(trained("transformer2017"), gold))
    hits = sum(len(ours & pair.links.sure) for ours, pair in zip(found.ahead, gold, strict=True))
    assert hits > 0.7 * sum(len(pair.links.sure) for pair in gold)


def test_without_eflomal_the_trial_says_so_in_a_line_and_goes_on(monkeypatch, caplog, trained):
    monkeypatch.setitem(sys.modules, "eflomal", None)
    with caplog.at_level(logging.WARNING, logger=links.__name__):
        assert of_eflomal(Bitext(trained("transformer2017"), [])) is None
    assert caplog.messages == [links.NO_EFLOMAL] and "\n" not in links.NO_EFLOMAL


@pytest.fixture
def table(trained):
    """Of links that are right, and of links that are half wrong."""
    gold = {"numbers": Gold("numbers", [], reversed_numbers(trained))}
    right = [pair.links.sure for pair in gold["numbers"].reported]
    half = [frozenset(sorted(found)[::2]) | {(0, 0)} for found in right]
    found = {
        rows.STATISTICAL: (half, half),
        "guided_chosen": (right, right),
        "transformer_chosen": (right, half),
        "transformer_relative": (right, right),
    }
    counts = {name: rows._counted(Directions(*each), each[1], gold) for name, each in found.items()}
    pairs = gold["numbers"].reported
    places = Places.of(pairs, [range(len(pair.target)) for pair in pairs])
    return {
        "budget": "quick", "corpus": "numbers", "pairs": None, "steps": 3, "seed": 1, "training_minutes": 2.0,
        "origin": {"processor": "a processor", "threads": 1, "device": "cpu", "torch": "2", "date": "2026-01-01"},
        "golds": {"numbers": rows._described(gold["numbers"])},
        "views": {"guided en-fr": {"view": "L1 H1 shift1", "words": "layer 1 of 2", "among": 20, "aer": 0.1}},
        "bleu": {"guided en-fr": {"test": [10.0, 9.0, 11.0]}},
        "places": places.sizes(),
        "rows": [
            rows._row(name, name.partition("_")[0], counts)
            | {"places": places.scores(found[name][1], counts[name]["numbers"]["both"])}
            for name in counts
        ],
    }  # fmt: skip


def test_a_row_is_compared_over_the_same_sentences(table):
    statistical, guided, plain, relative = table["rows"]
    assert relative["against"].keys() == {"statistical", "transformer_chosen"}
    assert guided["golds"]["numbers"]["both"]["value"] == 0 and guided["against"].keys() == {
        "statistical",
        "transformer_chosen",
    }
    difference = guided["against"]["statistical"]["numbers"]
    assert (
        difference["difference"] == pytest.approx(-statistical["golds"]["numbers"]["both"]["value"])
        and difference["high"] < 0
    )
    assert (
        plain["golds"]["numbers"]["fr-en"] == statistical["golds"]["numbers"]["fr-en"] and statistical["against"] == {}
    )


@pytest.mark.usefixtures("undrawn")
def test_a_report_has_every_row_and_says_by_what_views_were_chosen(table, tmp_path):
    page = report.write(table, tmp_path / "trial").read_text(encoding="utf-8")
    assert page.count("<tr>") == 1 + 4 + 1 + 4 + 1 + 1 + 1 + 1 and "too short for a verdict" in page
    assert "layer 1 of 2</td><td>20</td><td>10.0</td>" in page and links.NO_EFLOMAL.split(",")[0] in page
    assert "guided, chosen view" in report.text(table) and "transformer, relative weights" in report.text(table)
    assert "transformer, relative weights against transformer, chosen view:" in page
    kept = report.measurement(table)
    assert MEASURED.keys() <= kept.keys()
    claimed = {"runs": {}, "measurements": {"trial": kept}}
    assert written(claimed, "trial.guided_chosen.numbers.aer") == "0.0 %"
    assert written(claimed, "trial.guided_chosen.numbers.aer", interval=True) == "(0.0 to 0.0)"
    for absent in ({"runs": {}}, claimed):  # nothing was measured; eflomal is not installed
        assert written(absent, "trial.eflomal.numbers.aer") == MISSING
        assert written(absent, "trial.eflomal.numbers.aer", interval=True) == ""
    assert written(claimed, "trial.steps") == "3"
    assert written(claimed, "trial.guided_chosen.recall_rare") == "100.0 %"
    assert "0 times</th><th>1 to 9 times</th><th>10 to 999 times</th><th>1,000 times and more</th>" in page
    with pytest.raises(ValueError, match="no number"):
        written(claimed, "trial.guided_chosen.others.aer")


def test_links_are_divided_by_the_frequency_of_their_french_word_and_sentences_by_length():
    sure = [frozenset({(0, 0), (1, 1), (2, 2)}), frozenset({(0, 0), (20, 20)})]
    gold = [
        GoldPair(("a", "b", "c"), ("x", "y", "z"), Links(sure[0], sure[0]), "short"),
        GoldPair(("a",) * 21, ("x",) * 21, Links(sure[1], sure[1]), "long"),
    ]
    places = Places.of(gold, [[0, 9, 10], [1000] + [999] * 20])
    assert places.sizes() == {"unseen": 1, "rare": 1, "common": 2, "frequent": 1, "short": 1, "long": 1}
    found = [frozenset({(1, 1), (2, 2)}), frozenset({(0, 0), (1, 2)})]
    scores = places.scores(found, gold_table(gold, found))
    assert [scores[f"recall_{name}"] for name in ("unseen", "rare", "common", "frequent")] == [0, 1, 0.5, 1]
    assert scores["aer_short"] == pytest.approx(1 - 4 / 5) and scores["aer_long"] == pytest.approx(1 - 2 / 4)
    alone = Places.of(gold[:1], [[0, 0, 0]])
    assert alone.scores(found[:1], gold_table(gold[:1], found[:1])) == {
        "recall_unseen": pytest.approx(2 / 3), "recall_rare": None, "recall_common": None, "recall_frequent": None,
        "aer_short": pytest.approx(1 - 4 / 5), "aer_long": None,
    }  # fmt: skip


def test_the_frequency_of_a_word_is_that_of_its_rarest_part_in_the_training_pairs(trained, monkeypatch):
    gold = [GoldPair(("the", "friend"), ("l'ami", "."), Links(frozenset(), frozenset()), "typed")]
    bitext = Bitext(trained("transformer2017"), gold)
    pairs = [(["the"], ["l'", "homme"]), (["a"], ["l'", "ami", "."]), (["a"], ["l'", "an", "."])]
    monkeypatch.setattr(bitext, "training", lambda: iter(pairs))
    assert bitext.frequencies() == [[1, 2]]


def test_all_models_of_the_trial_read_the_same_batches():
    configs = [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "configs/trial").glob("*.yaml"))
    ]
    assert len(configs) == 3 and all(config["data"] == configs[0]["data"] for config in configs)
    assert len({config["trainer"]["max_steps"] for config in configs}) == 1
    for budget in (FULL, QUICK):
        every = trainings(budget)
        assert len({each.name for each in every}) == 2 * len(SYSTEMS) and len({each.updates() for each in every}) == 1


def test_some_of_the_translators_are_trained_by_their_names(monkeypatch, tmp_path, capsys):
    given = []
    monkeypatch.setattr("reproductions.commands.trainings.train", lambda trainings, *_: given.extend(trainings) or 1)
    monkeypatch.setattr(rows, "read_golds", lambda *_: {})
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    assert command(["trial", "--only", "guided rnnsearch"]) == 1
    assert [each.name for each in given] == [
        f"{system}-{direction}-full" for system in ("rnnsearch", "guided") for direction in ("en-fr", "fr-en")
    ]
    for wrong in ("", "bert rnnsearch"):
        assert command(["trial", "--only", wrong]) == 2
        assert f"--only {wrong}: choose one or more of rnnsearch luong transformer guided." in capsys.readouterr().err
