"""The translator of Luong et al. against their paper: sizes, equations, initialisation, recipe."""

import numpy as np
import pytest
import torch
from translators import VOCABULARY, assert_written_by, batch, built, luong

from reproductions.luong2015.model import Attentional, Network
from reproductions.luong2015.training import Luong2015, Recipe, initialise

SMALL = Network(hidden=20, embedding=10, layers=2)


@pytest.mark.parametrize(("attention", "extra"), [
    ("none", -2_000_000), ("dot", 0), ("general", 1_000_000), ("local_predictive", 2_001_000),
    ("location", 51_000), ("concat", 2_001_000),
])  # fmt: skip
def test_the_paper_s_size_has_the_paper_s_number_of_parameters(attention, extra):
    """Two embeddings and W_s, 150 million; LSTMs of 4n x 2n, but the first of the decoder, 4n x 3n; W_c; the mechanism."""
    with torch.device("meta"):
        model = Attentional(50_000, 50_000, Network(attention=attention))
    assert sum(p.numel() for p in model.parameters()) == 150_000_000 + 8 * 8_000_000 + 4_000_000 + 2_000_000 + extra


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(W_x, W_h, x, h, cell):
    i, f, g, o = np.split(W_x @ x + W_h @ h, 4)
    cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(cell), cell


def by_hand(model, x, y):
    """The paper on one sentence pair, with numpy: two layers, general attention, input feeding."""
    P = {name: p.detach().numpy() for name, p in model.named_parameters()}
    turned = slice(None, None, -1 if model.encoder.reverse else 1)
    states, h, cell = list(P["encoder.E.weight"][x][turned]), [None] * 2, [None] * 2
    for l in range(2):  # noqa: E741
        h[l], cell[l], inputs, states = np.zeros(8), np.zeros(8), states, []
        for word in inputs:
            W_x, W_h = P[f"encoder.layers.{l}.weight_ih_l0"], P[f"encoder.layers.{l}.weight_hh_l0"]
            h[l], cell[l] = lstm(W_x, W_h, word, h[l], cell[l])
            states.append(h[l])
    h_s, h_tilde, logits, weights = np.array(states[turned]), np.zeros(8), [], []
    for t in range(len(y)):
        word = P["decoder.E.weight"][y[t - 1]] if t else np.zeros(4)
        below = np.concatenate([word, h_tilde])
        for l in range(2):  # noqa: E741
            W_x, W_h = P[f"decoder.layers.{l}.weight_ih"], P[f"decoder.layers.{l}.weight_hh"]
            below, cell[l] = lstm(W_x, W_h, below, h[l], cell[l])
            h[l] = below
        e = np.array([h[1] @ P["decoder.attention.W_a.weight"] @ one for one in h_s])
        a = np.exp(e) / np.exp(e).sum()
        h_tilde = np.tanh(P["decoder.W_c.weight"] @ np.concatenate([a @ h_s, h[1]]))
        logits.append(P["head.weight"] @ h_tilde)
        weights.append(a)
    return np.array(logits), np.array(weights)


@pytest.mark.parametrize("name", ["luong general", "luong forwards"])
def test_the_model_is_the_paper_written_with_numpy(name):
    assert_written_by(by_hand, name)


def test_a_dot_product_in_rnnsearch_meets_both_directions_added_up_and_reads_them_side_by_side():
    model, (source, mask, _) = built("rnnsearch dot"), batch("rnnsearch dot")
    memory, state = model.encode(source, mask)
    assert memory.h.shape == (3, 7, 16)
    torch.testing.assert_close(memory.keys, memory.h[..., :8] + memory.h[..., 8:])
    c, alpha = model.decoder.look(memory, state.s, state.i)
    energies = torch.einsum("bn,bsn->bs", state.s, memory.keys).masked_fill(~mask, -torch.inf)
    torch.testing.assert_close(alpha[:, 0], energies.softmax(-1))
    torch.testing.assert_close(c, torch.einsum("bs,bsn->bn", alpha[:, 0], memory.h))


@pytest.mark.parametrize(("name", "feeding"), [("luong general", True), ("luong without input feeding", False)])
def test_input_feeding_alone_tells_the_next_step_what_was_read(name, feeding):
    model, (source, mask, _) = built(name), batch(name)
    memory, state = model.encode(source, mask)
    _, _, state = model.step(memory, state, None)
    other = state._replace(h_tilde=state.h_tilde + 1)
    previous = torch.tensor([3, 4, 5])
    moved = (model.step(memory, state, previous)[0] - model.step(memory, other, previous)[0]).abs().max() > 1e-6
    assert moved == feeding


def test_without_attention_the_attentional_vector_is_the_state():
    model, (source, mask, target) = built("luong none"), batch("luong none")
    memory, state = model.encode(source, mask)
    _, _, state = model.step(memory, state, target[:, 0])
    assert torch.equal(state.h_tilde, state.h[:, -1])
    assert model(source, mask, target)[1].shape == (3, 0, 0, 6, 7)


def test_initialisation_and_recipe_are_the_paper_s():
    module = Luong2015(VOCABULARY, VOCABULARY, network=SMALL)
    everything = torch.cat([p.flatten() for p in module.model.parameters()])
    assert everything.abs().max() <= 0.1 and everything.std().item() == pytest.approx(0.1 / 3**0.5, rel=0.05)
    configured = module.configure_optimizers()
    optimizer = configured["optimizer"]
    assert isinstance(optimizer, torch.optim.SGD) and optimizer.defaults["momentum"] == 0
    assert configured["lr_scheduler"]["interval"] == "epoch"
    rates = []
    for _ in range(12):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        configured["lr_scheduler"]["scheduler"].step()
    assert rates == [1.0] * 8 + [0.5, 0.25, 0.125, 0.0625]


@pytest.mark.parametrize(("reduction", "divided_by"), [("sentences", 3), ("words", 9)])
def test_the_loss_is_that_of_a_sentence_or_of_a_word(reduction, divided_by, monkeypatch):
    module = Luong2015(VOCABULARY, VOCABULARY, network=SMALL, recipe=Recipe(reduction=reduction))
    monkeypatch.setattr(module, "loss", lambda _: (torch.tensor(18.0), torch.ones(9), None))
    monkeypatch.setattr(module, "log", lambda *_, **__: None)
    fake = type("Batch", (), {"source": torch.zeros(3, 7)})()
    assert module.training_step(fake, 0).item() == pytest.approx(18 / divided_by)


def test_the_key_strength_of_content_based_attention_survives_the_initialisation():
    model = luong(attention="content_based")
    initialise(model, 0.1)
    assert model.decoder.attention.b_beta.item() == 5
