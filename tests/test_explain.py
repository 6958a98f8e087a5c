"""Attention step by step: the numbers are the model's own, and each step is the equation's."""

import json
import math
import re

import numpy as np
import pytest
import torch
from page_runs import write

from data.errors import UserError
from reproductions import runs
from reproductions.__main__ import run as command
from reproductions.explain.narration import narrate
from reproductions.explain.page import cells, page
from reproductions.explain.places import PAPER, READS, choose
from reproductions.explain.steps import Steps
from reproductions.explain.terminal import text
from reproductions.explain.trained import LONGEST, followed, take_steps
from reproductions.tasks.task import restore
from reproductions.transformer2017.inside import inside

SENTENCE = "The European Economic Area was signed."


def by_hand(mask=None):
    """One query, two keys, d_k = 4: the example of docs/timeline.md."""
    Q, K = np.array([[2.0, 0, 0, 0]]), np.array([[math.log(3), 0, 0, 0], [0, 0, 0, 0]])
    mask = np.ones((1, 2), bool) if mask is None else np.array([mask])
    return Steps(("it",), ("cat", "mat"), Q, K, np.array([[4.0, 0], [0, 8]]), mask, 0, "by hand")


@pytest.fixture(scope="module")
def transformer(tmp_path_factory):
    """A Transformer, untrained."""
    return runs.Run(write(tmp_path_factory.mktemp("explain"), "transformer2017", "1"))


def test_each_step_is_the_equation_by_hand():
    steps = by_hand()
    np.testing.assert_allclose(steps.scores, [[2 * math.log(3), 0]])
    np.testing.assert_allclose(steps.scaled, [[math.log(3), 0]])
    np.testing.assert_allclose(steps.weights, [[3 / 4, 1 / 4]])
    np.testing.assert_allclose(steps.context, [[3, 2]])
    assert steps.read == [0, 1] and steps.word == "it"


def test_what_the_mask_hides_has_no_weight_and_is_said_to_be_hidden():
    steps = by_hand(mask=(False, True))
    assert steps.weights.tolist() == [[0, 1]] and steps.read == [1]
    assert "hides 1 of 2" in narrate(steps)[3].says and "hidden" in text(steps)
    assert "hidden by the mask" in page(steps, "made")


@pytest.mark.parametrize("place", READS)
@pytest.mark.parametrize(("layer", "head"), [(1, 1), (2, 2)])
def test_the_steps_give_the_weights_and_contexts_of_the_model(transformer, place, layer, head):
    translator = restore(transformer)
    steps = take_steps(translator, SENTENCE, place, layer, head, None)
    ids = torch.tensor([translator.source.encode(SENTENCE)])
    hypothesis = translator.module.translate(ids, torch.ones_like(ids, dtype=torch.bool))[0]
    found = inside(translator.module.model, place, layer - 1, ids, torch.tensor([list(hypothesis.ids[:LONGEST])]))
    np.testing.assert_allclose(steps.weights, found.weights[head - 1], atol=1e-6)
    np.testing.assert_allclose(steps.context, found.context[head - 1], atol=1e-5)


@torch.inference_mode()
def test_what_is_taken_out_is_what_the_whole_model_computes(transformer):
    """The maps of the encoder and of the attention to the source, from the model's own forward passes."""
    translator = restore(transformer)
    model = translator.module.model
    ids = torch.tensor([translator.source.encode(SENTENCE)])
    mask, target = torch.ones_like(ids, dtype=torch.bool), torch.tensor([[5, 6, 7, 2]])
    _, own = model.annotate(ids, mask, need_weights=True)
    _, read = model(ids, mask, target)
    for layer in range(2):
        torch.testing.assert_close(inside(model, "encoder", layer, ids, target).weights, own[0, layer])
        torch.testing.assert_close(inside(model, "source", layer, ids, target).weights, read[0, layer])
        causal = inside(model, "decoder", layer, ids, target).weights
        assert causal.triu(1).eq(0).all()


def test_the_command_writes_a_page_that_needs_nothing_else(transformer, tmp_path, capsys):
    given = ["explain", f"{SENTENCE} Moon", "--run", str(transformer.folder), "--out", str(tmp_path)]
    assert command([*given, "--word", "Economic"]) == 0
    said = capsys.readouterr().out
    html = (tmp_path / "encoder-L1-H1.html").read_text(encoding="utf-8")
    for title in ("Queries, keys, values", "Scores", "Scale", "Softmax", "Weighted sum"):
        assert title in said and title in html
    assert said.startswith("The model does not know: Moon.\n") and "The model does not know: Moon." in html
    assert "Followed: “Economic”" in said and not re.search(r'(?:src|href)="(?!data:|#)', html)


def test_the_head_that_aligned_best_is_explained_unless_another_is_asked_for(transformer):
    views = transformer.folder / runs.VIEWS
    rates = {"L1 H1 shift0": 0.3, "L2 H1 shift0": 0.2, "L2 Hmean shift0": 0.1, "L1 H2 shift1": 0.1}
    views.write_text(json.dumps({"views": {view: {"aer": rate} for view, rate in rates.items()}}))
    try:
        assert choose(transformer, None, None, None) == ("source", 2, 1)
        assert choose(transformer, None, 2, None) == ("encoder", 2, 1)
    finally:
        views.unlink()
    assert choose(transformer, None, None, None) == ("encoder", 1, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["", "--layer", "1"], "the sentence is empty"),
        ([SENTENCE, "--layer", "9"], "There is no layer 9: choose from 1, 2"),
        ([SENTENCE, "--head", "0"], "There is no head 0: choose from 1, 2"),
        ([SENTENCE, "--place", "above"], "There is no place above: choose from encoder, decoder, source"),
        ([SENTENCE, "--word", "cat"], "There is no query 'cat': choose a word or its number from 1 The, 2 European"),
        ([SENTENCE, "--word", "9" * 5000], f"There is no query '{'9' * 59}: choose a word"),
        (["word " * 60], "more than 40"),
        (["a\udcff"], "The sentence is not UTF-8 (byte 0xff at 2)"),
        ([SENTENCE, "--run", "nowhere"], "nowhere is not a run"),
    ],
)
def test_what_cannot_be_explained_is_said_in_a_sentence(transformer, capsys, monkeypatch, options, words):
    monkeypatch.setenv("RUNS_DIR", str(transformer.folder.parents[2]))
    assert command(["explain", *options]) == 2
    assert words in capsys.readouterr().err


def test_without_a_transformer_the_command_that_trains_one_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    with pytest.raises(UserError, match="make train-transformer"):
        runs.find(PAPER)


def test_colours_are_symmetric_about_zero_and_absent_where_hidden():
    low, middle, high, hidden = cells(np.array([[-2.0, 0.0, 1.0, np.nan]]))[0]
    assert (low.kind, low.strength) == ("minus", 1) and (high.kind, high.strength) == ("plus", 0.5)
    assert middle.strength == 0 and (hidden.kind, hidden.strength) == ("hidden", 0)


def test_the_numbers_of_each_step_are_worked_out_and_agree():
    worked = [step.worked for step in narrate(by_hand())]
    assert worked[1] == "q(it) · k(cat) = 2.00 × 1.10 + 0.00 × 0.00 + 0.00 × 0.00 + 1 more, together 0.00 = 2.20"
    assert worked[2] == "2.20 ÷ √4 = 2.20 ÷ 2.00 = 1.10"
    assert worked[3] == "weight(it, cat) = exp(1.10) ÷ the sum over 2 keys = 3 ÷ 4 = 0.750"
    assert worked[4] == "0.750 v(cat) + 0.250 v(mat) = (3.00, 2.00)"


def test_every_query_can_be_followed_on_the_page_without_a_script(transformer):
    html = page(take_steps(restore(transformer), SENTENCE, "decoder", 1, 1, None), "made")
    queries = re.findall(r'<input type="radio" name="followed" id="(q\d+)"', html)
    assert queries and all(f"#{query}:checked ~ main" in html for query in queries)
    assert html.count("checked>") == 1 and "<script" not in html and "hidden by the mask" in html


@pytest.mark.parametrize("columns", [60, 100])
def test_a_terminal_gets_lines_that_fit_and_the_letters_that_it_has(columns):
    steps = by_hand(mask=(True, False))
    assert max(map(len, text(steps, columns).splitlines())) <= columns
    assert text(steps, columns, unicode=False).isascii() and not text(steps, columns).isascii()


def test_every_key_of_the_followed_query_has_its_line_in_the_terminal():
    lines = [line.split() for line in text(by_hand()).splitlines()]
    assert ["cat", "2.20", "1.10", "0.750", 30 * "█"] in lines and ["mat", "0.00", "0.00", "0.250", 10 * "█"] in lines


def test_what_is_followed_by_default_looks_at_a_word_and_not_at_the_full_stop_or_the_end():
    weights = np.array([[0.7, 0.2, 0.1], [0.1, 0.9, 0.0], [0.0, 0.1, 0.9]])
    assert followed(["chien", ".", "</s>"], ["dog", ".", "</s>"], weights, None) == 0
