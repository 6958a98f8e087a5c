"""Figures and tables of the papers: what chooses them, what they say of the runs at hand, and what they lack."""

import json
import math
from itertools import islice

import numpy as np
import pytest
import yaml

from data.accord import pairs
from data.links import Links
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.commands import figures
from reproductions.commands.figures import bahdanau2014, luong2015, transformer2017
from reproductions.compare.translators import drawn_by_length
from reproductions.evaluation.measures.heads import depending, farthest_reach, mean_weights, most_different
from reproductions.evaluation.plots import Connected, connections, learning_curves

L, H, N = 3, 4, 8
WORDS = ("The", "long", "law", ",", "it", "is", ".", "</s>")


def uniform():
    return np.full((L, H, N, N), 1 / N, dtype=np.float32)


def planted(*weights):
    """Uniform maps (L, H, N, N) but for rows (layer, head, word, attended, weight)."""
    maps = uniform()
    for layer, head, word, attended, weight in weights:
        maps[layer, head, word] = (1 - weight) / (N - 1)
        maps[layer, head, word, attended] = weight
    return maps


# --- Rules --------------------------------------------------------------------------------------------------------------


def test_the_farthest_reach_is_the_largest_weight_between_words_far_apart_and_never_of_punctuation():
    near, ends = (0, 0, 0, 4, 0.9), [(1, 1, 0, 6, 0.95), (1, 2, 7, 0, 0.95), (2, 1, 6, 0, 0.95), (0, 1, 0, 7, 0.95)]
    read = [(WORDS, planted(near, *ends)), (WORDS, planted((2, 3, 5, 0, 0.7), (1, 0, 0, 5, 0.6)))]
    pair = farthest_reach(read)
    assert pair[1:] == (1, 2, 3, 5, 0) and pair.weight == pytest.approx(0.7)
    assert farthest_reach(read, far=4)[1:] == (0, 0, 0, 0, 4)


def test_the_head_of_a_pronoun_is_the_one_that_looks_at_its_noun_in_all_sentences():
    once, always = (0, 0, 4, 2, 0.9), (2, 1, 4, 2, 0.6)
    read = [(planted(once, always), [(4, 2)]), (planted(always), [(4, 2)]), (planted(always), [(4, 2)])]
    weights = mean_weights(read)
    assert weights.shape == (L, H) and np.unravel_index(weights.argmax(), weights.shape) == (2, 1)
    assert weights[2, 1] == pytest.approx(0.6) and weights[0, 0] == pytest.approx((0.9 + 2 / N) / 3)


def test_a_word_depends_on_another_where_its_sure_translation_is_possibly_linked_to_that():
    sure = {(0, 3), (1, 6), (2, 5)}
    assert depending(Links(frozenset(sure), frozenset(sure | {(0, 6), (4, 1)}))) == [(3, 6)], "as la/3~6 zone/6"


def test_the_two_heads_that_differ_most_are_of_one_layer():
    sharp = [(1, 0, word, 0, 1.0) for word in range(N)] + [(1, 3, word, 5, 1.0) for word in range(N)]
    elsewhere = [(2, 2, word, 7, 1.0) for word in range(N)]
    found = most_different([planted(*sharp, *elsewhere), planted(*sharp)])
    assert (found.layer, found.heads) == (1, (0, 3)) and found.divergence == pytest.approx(1)


def test_a_pronoun_of_accord_stands_for_a_noun_before_it_that_is_no_pronoun_itself():
    known = [(pair.source, reference) for pair in islice(pairs("valid"), 600) for reference in pair.references]
    assert len(known) > 30
    for words, (pronoun, noun) in known:
        assert words[pronoun] in {"it", "they", "them", "he", "she", "him", "her"} and noun < pronoun
        assert words[noun] not in {"it", "they", "them", "he", "she", "him", "her", "the", "The"}
        assert (words[pronoun] in {"they", "them"}) <= words[noun].endswith(("s", "n", "e"))
    for pair in islice(pairs("valid"), 4000):
        assert dict(pair.references).keys().isdisjoint(dict(pair.references).values())


# --- Drawings -----------------------------------------------------------------------------------------------------------


def test_a_line_is_as_strong_as_its_weight_and_has_the_colour_of_its_head():
    maps = planted((0, 1, 4, 2, 0.75))[0]
    panel = Connected("from it", WORDS, {2: maps[1], 3: maps[2]}, only=4)
    (axes,) = connections([panel], "title", "model", "rule").axes
    lines = {line.get_gid(): line for line in axes.lines}
    assert len(lines) == 2 * N and all(name.split(": ")[1].startswith("4 to ") for name in lines), "one word alone"
    assert lines["head 2: 4 to 2"].get_alpha() == 0.75
    assert len({line.get_color() for line in axes.lines}) == 2
    assert [text.get_text() for text in axes.texts].count("(end)") == 2


def test_every_system_of_table_4_has_a_line_of_its_own_colour():
    figure = learning_curves({str(system): [(100, 2.0), (200, 1.0)] for system in luong2015.SYSTEMS}, "valid")
    lines = figure.axes[0].lines
    assert len({line.get_color() for line in lines}) == len({line.get_marker() for line in lines}) == 8


def test_learning_curves_end_at_their_names():
    figure = learning_curves({"dot": [(100, 2.0), (200, 1.0)], "general": [(100, 1.5), (200, 0.5)]}, "valid")
    (axes,) = figure.axes
    assert [line.get_ydata()[-1] for line in axes.lines] == [1.0, 0.5]
    assert [text.get_text() for text in axes.texts] == ["general", "dot"], "by height"


# --- Tables -------------------------------------------------------------------------------------------------------------


def scored(paper, title, scores, *, folder="some", stamp="1", steps=100, network=None, split="test", **data):
    """A run that was trained on accord, or other data, and has these scores of its test."""
    run = runs.create(paper, folder, stamp)
    (run.folder / "evaluation").mkdir(parents=True)
    model = {"class_path": f"reproductions.{paper}.training.Any", "init_args": {"network": network or {}}}
    settings = {"model": model, "data": {"init_args": {"corpus": "accord", "target_language": "fr", **data}}}
    run.config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    (run.folder / runs.SCORES).write_text(json.dumps({split: scores}), encoding="utf-8")
    summary = {"title": title, "parameters": 1, "steps": steps, "training_seconds": 1, "seed": 7, "device": "cpu",
               "threads": 1, "precision": "32-true"}  # fmt: skip
    (run.folder / runs.SUMMARY).write_text(json.dumps(summary), encoding="utf-8")
    return run


def written(draw, folder, data=None):
    """The rows of the table that a figure writes, by their first cell, and what it says is missing."""
    drawing, lack = draw(data, folder), ""
    path = next(drawing)
    try:
        assert list(drawing) == []
    except figures.UserError as error:
        lack = str(error)
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: row for name, *row in cells}, lack


def test_table_1_has_the_newest_run_of_each_model_and_limit_and_names_what_trains_the_others(place):
    known = {"multi_bleu": 40.0, "multi_bleu_no_unk": 50.0, "search": {"forbid_unknown": True}}
    scored("bahdanau2014", "RNNsearch", {"multi_bleu": 1.0}, stamp="1", max_words=30)
    scored("bahdanau2014", "RNNsearch", known, stamp="2", max_words=30)
    scored("bahdanau2014", "RNNsearch", {"multi_bleu": 61.0}, stamp="3", max_words=50, steps=900)
    scored("bahdanau2014", "RNNsearch", {"multi_bleu": 60.0}, stamp="4", max_words=50)
    scored("bahdanau2014", "RNNencdec", {"multi_bleu": 20.5}, folder="other", max_words=60)
    scored("bahdanau2014", "RNNsearch with dot product attention", {"multi_bleu": 99.0}, stamp="5", max_words=30)
    rows, lack = written(bahdanau2014.table_1, place)
    assert rows["RNNsearch-30"][:4] == ["40.00", "50.00", "no", "100"]
    assert rows["RNNsearch-50"][:4] == ["60.00", "60.00", "yes", "100"]
    assert rows["RNNsearch-50*"] == ["61.00", "61.00", "yes", "900", "28.45", "36.15"]
    assert rows["RNNencdec-60"] == ["20.50", "20.50", "yes", "100", "–", "–"], "of another limit, beneath"
    assert rows["RNNencdec-30"] == ["–", "–", "–", "–", "13.93", "24.19"]
    assert [*rows][1:6] == [*bahdanau2014.PUBLISHED]
    assert lack.count("make ") == 2 and 'make train-rnnencdec DATA=accord ARGS="--data.max_words 50"' in lack


def test_table_4_finds_runs_by_their_attention_wherever_they_lie(place):
    of_run = {"perplexity": 1.5, "bleu": 50.0, "aer": 0.123}
    scored("luong2015", "L", of_run, folder="a", network={"attention": "general"})
    scored("luong2015", "L", of_run | {"bleu": 9.0}, folder="b", stamp="0", network={"attention": "general"})
    scored(
        "luong2015", "L", of_run | {"bleu": 44.0}, folder="c", network={"attention": "local_predictive", "window": 3}
    )
    local = {"attention": "local_monotonic", "window": 3, "score": "dot"}
    scored("luong2015", "L", of_run | {"bleu": 33.0}, folder="e", network=local)
    scored("luong2015", "L", {"perplexity": 2.0, "bleu": 10.0}, folder="d", network={"attention": "none"})
    rows, lack = written(luong2015.table_4, place)
    assert rows["global (general)"] == ["1.50", "50.0", "12.3", "100", "7"], "the newer one"
    assert rows["local-p (general), D = 3"][1] == "44.0" and rows["no attention"][:3] == ["2.00", "10.0", "–"]
    assert rows["local-m (dot), D = 3"][1] == "33.0"
    assert "global (dot): --model.network.attention dot;" in lack and "general)" not in lack.replace(
        "local-m (general)", ""
    )
    assert "local-p (dot): --model.network.attention local_predictive --model.network.score dot" in lack


def test_tables_on_files_are_of_the_runs_on_them_and_of_their_own_first_split(place):
    of_run, pairs = {"perplexity": 1.5, "bleu": 50.0, "multi_bleu": 40.0}, str(place / "pairs.tsv")
    for paper, title in (("bahdanau2014", "RNNsearch"), ("luong2015", "L")):
        network = {"attention": "dot"}
        run = scored(paper, title, of_run, folder="own", split="flickr", network=network, max_words=30, corpus=pairs)
        assert figures.run_of(paper, pairs).folder == run.folder
        with pytest.raises(figures.UserError, match=r"There is no scored run of .* on other\.tsv"):
            figures.run_of(paper, "other.tsv")
    assert written(bahdanau2014.table_1, place, pairs)[0]["RNNsearch-30"][0] == "40.00"
    assert written(luong2015.table_4, place, pairs)[0]["global (dot)"][1] == "50.0"
    assert drawn_by_length([run]) == ["flickr"]


def test_the_learning_curve_of_a_run_is_the_logarithm_of_its_perplexity(place, monkeypatch):
    run = scored("luong2015", "L", {}, network={"attention": "dot"})
    lines = [{"step": step, "valid/perplexity": math.exp(3 / step)} for step in (1, 2)]
    (run.folder / runs.VALIDATIONS).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    drawn = []
    monkeypatch.setattr(
        luong2015.plots, "learning_curves", lambda *given: drawn.append(given) or learning_curves(*given)
    )
    assert len(list(luong2015.figure_5(None, place))) == 2
    ((curves, split),) = drawn
    assert split == "valid" and curves == {"global (dot)": [(1, pytest.approx(3.0)), (2, pytest.approx(1.5))]}


# --- The command --------------------------------------------------------------------------------------------------------


def test_released_runs_alone_give_figures_and_a_sentence_for_each_that_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setattr(figures, "PAPERS", ("bahdanau2014", "luong2015", "transformer2017"))
    monkeypatch.setattr(bahdanau2014, "FIGURES", (bahdanau2014.table_1,))  # the others test the run first
    monkeypatch.setattr(transformer2017, "READ", 60)
    assert command(["figures"]) == 0
    said = capsys.readouterr()
    drawn = {
        path.relative_to(tmp_path / "runs/figures").as_posix() for path in (tmp_path / "runs/figures").rglob("*.*")
    }
    named = {
        f"transformer2017/figure-{name}" for name in ("3-long-distance", "4-pronoun", "4-agreement", "5-two-heads")
    }
    assert drawn == {"bahdanau2014/table-1.md"} | {f"{name}.{suffix}" for name in named for suffix in ("png", "pdf")}
    assert "| RNNsearch-60 |" in said.out, "a table is printed"
    lacks = said.err.strip().splitlines()
    assert sum("make train-luong" in line for line in lacks) == 1, "one sentence for all of its figures"
    assert sum("make train-rnnencdec" in line for line in lacks) == 1
