"""RNNsearch against its paper: sizes, equations, indices, initialisation."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from translators import VOCABULARY, assert_written_by, batch, built, rnnsearch

from reproductions.bahdanau2014.model import GatedUnit, Network, ResetAfterUnit, RNNsearch
from reproductions.bahdanau2014.training import Bahdanau2014, initialise
from reproductions.training.schedules import warmed


@pytest.mark.parametrize(("attention", "weights", "everything"), [
    ("additive", 80_401_000, 80_443_000), ("none", 68_540_000, None),
])  # fmt: skip
def test_the_paper_s_size_has_the_paper_s_number_of_parameters(attention, weights, everything):
    """Appendix A.2.3 with K = 30,000: matrices and v_a; and one bias for each affine map."""
    with torch.device("meta"):
        model = RNNsearch(30_000, 30_000, Network(attention=attention))
    named = list(model.named_parameters())
    assert sum(p.numel() for name, p in named if p.dim() > 1 or name.endswith("v_a")) == weights
    assert everything is None or sum(p.numel() for _, p in named) == everything


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def linear(layer, x):
    return x @ layer.weight.detach().numpy().T + (0 if layer.bias is None else layer.bias.detach().numpy())


def gated(unit, x_and_c, s):
    """Appendix A.1.1; ``x_and_c`` is W x (+ C c) of all three gates."""
    r, z, candidate = np.split(x_and_c, 3)
    from_r, from_z = np.split(linear(unit.U_rz, s), 2)
    r, z = sigmoid(r + from_r), sigmoid(z + from_z)
    return (1 - z) * s + z * np.tanh(candidate + linear(unit.U, r * s))


def by_hand(model, x, y):
    """RNNsearch on one sentence pair, written from Appendix A with numpy: log p of each word and alpha."""
    encoder, decoder = model.encoder, model.decoder
    Ex, n = encoder.E.weight.detach().numpy()[x], encoder.forward_unit.U.in_features
    ahead, back = [np.zeros(n)], [np.zeros(n)]
    for j in range(len(x)):
        ahead.append(gated(encoder.forward_unit, linear(encoder.forward_unit.W, Ex[j]), ahead[-1]))
        back.append(gated(encoder.backward_unit, linear(encoder.backward_unit.W, Ex[-1 - j]), back[-1]))
    h = np.concatenate([ahead[1:], back[:0:-1]], axis=1)
    s, E, words, alphas = np.tanh(linear(decoder.W_s, h[0, n:])), decoder.E.weight.detach().numpy(), [], []
    for i in range(len(y)):
        Ey = E[y[i - 1]] if i else np.zeros(E.shape[1])
        hidden = np.tanh(linear(decoder.attention.W_a, s) + linear(decoder.attention.U_a, h))
        e = hidden @ decoder.attention.v_a.detach().numpy()
        alpha = np.exp(e) / np.exp(e).sum()
        c = alpha @ h
        t_tilde = linear(decoder.U_o, s) + linear(decoder.V_o, Ey) + linear(decoder.C_o, c)
        words.append(linear(model.head, np.maximum(t_tilde[0::2], t_tilde[1::2])))
        alphas.append(alpha)
        s = gated(decoder.unit, linear(decoder.unit.W, E[y[i]]) + linear(decoder.C, c), s)
    return np.array(words), np.array(alphas)


def test_rnnsearch_is_the_appendix_written_with_numpy():
    assert_written_by(by_hand, "rnnsearch additive")


@pytest.mark.parametrize(("name", "first"), [
    ("rnnsearch additive", 3), ("rnnsearch equation4 gated additive", 4), ("rnnsearch appendix gated additive", 4),
])  # fmt: skip
def test_the_query_has_seen_the_last_word_in_the_authors_code_alone(name, first):
    """y_3 (from 0: position 2) moves alpha from the next word on, or from one after it."""
    model, (source, mask, target) = built(name), batch(name)
    other = target.clone()
    other[:, 2] = (other[:, 2] - 3 + 1) % (VOCABULARY - 3) + 3
    moved = (model(source, mask, target)[1] - model(source, mask, other)[1]).abs().amax((0, 1, 2, 4)) > 1e-9
    assert moved.tolist() == [i >= first for i in range(6)]


def test_reset_after_is_torch_s_gru_and_the_paper_s_unit_is_not():
    torch.manual_seed(0)
    ours, theirs = ResetAfterUnit(3, 4), nn.GRUCell(3, 4)
    with torch.no_grad():  # torch: z keeps the old state, ours takes the new one, hence the sign
        sign = torch.tensor([1.0, -1.0, 1.0]).repeat_interleave(4)[:, None]
        theirs.weight_ih.copy_(ours.W.weight * sign)
        theirs.bias_ih.copy_(ours.W.bias * sign[:, 0])
        theirs.weight_hh.copy_(torch.cat([ours.U_rz.weight, ours.U.weight]) * sign)
        theirs.bias_hh.zero_()
    x, s = torch.randn(5, 3), torch.randn(5, 4)
    torch.testing.assert_close(ours(ours.W(x), s), theirs(x, s))
    before = GatedUnit(3, 4)
    before.load_state_dict(ours.state_dict())
    assert (before(before.W(x), s) - theirs(x, s)).abs().max() > 0.01


def test_rnnencdec_has_one_context_and_no_maps():
    model, (source, mask, target) = built("rnnsearch none"), batch("rnnsearch none")
    assert model(source, mask, target)[1].shape == (3, 0, 0, 6, 7)
    h, last = model.encoder(source, mask)
    for b, length in enumerate(mask.sum(1).tolist()):
        torch.testing.assert_close(last[b], h[b, length - 1])


def test_attention_is_uniform_at_the_paper_s_initialisation_and_only_v_learns_first():
    torch.manual_seed(0)
    model, (source, mask, target) = rnnsearch(), batch("rnnsearch")
    initialise(model, "paper")
    logits, maps = model(source, mask, target)
    expected = mask / mask.sum(1, keepdim=True)
    torch.testing.assert_close(maps[:, 0, 0], expected[:, None].expand(-1, 6, -1))
    logits.square().sum().backward()
    attention = model.decoder.attention
    assert attention.v_a.grad.abs().sum() > 0
    assert attention.W_a.weight.grad.abs().sum() == 0 and attention.U_a.weight.grad.abs().sum() == 0


def test_initialisation_is_the_paper_s():
    torch.manual_seed(0)
    model = RNNsearch(400, 400, Network(hidden=100, embedding=80, maxout=60, alignment=90))
    initialise(model, "paper")
    for unit in (model.encoder.forward_unit, model.encoder.backward_unit, model.decoder.unit):
        for block in (*unit.U_rz.weight.split(100), unit.U.weight):
            torch.testing.assert_close(block @ block.T, torch.eye(100), atol=1e-5, rtol=0)
        assert unit.W.weight.std().item() == pytest.approx(0.01, rel=0.05)
    for matrix, scale in ((model.decoder.attention.W_a, 0.001), (model.decoder.attention.U_a, 0.001),
                          (model.decoder.E, 0.01), (model.head, 0.01), (model.decoder.C_o, 0.01)):  # fmt: skip
        assert matrix.weight.std().item() == pytest.approx(scale, rel=0.05)
    assert all((p == 0).all() for name, p in model.named_parameters() if name.endswith(("bias", "v_a")))


def test_the_recipe_is_the_paper_s():
    module = Bahdanau2014(VOCABULARY, VOCABULARY)
    module.trainer = type("Trainer", (), {"estimated_stepping_batches": 10})()
    optimizer = module.configure_optimizers()["optimizer"]
    assert isinstance(optimizer, torch.optim.Adadelta)
    assert {k: optimizer.defaults[k] for k in ("lr", "rho", "eps")} == {"lr": 1.0, "rho": 0.95, "eps": 1e-6}
    assert module.reduction == "sum"


def test_tying_shares_one_matrix():
    model = rnnsearch(maxout=4, tied=True)
    assert model.head.weight is model.decoder.E.weight


def test_the_warm_up_ends_at_the_peak_and_the_cosine_at_nothing():
    assert [warmed(step, 100, 4, "constant") for step in (0, 3, 4, 99)] == pytest.approx([0.2, 0.8, 1, 1])
    assert [warmed(step, 100, 0, "cosine") for step in (0, 25, 50, 100, 101)] == pytest.approx(
        [1, 0.5 + 0.5 * math.cos(math.pi / 4), 0.5, 0, 0]
    )
    assert warmed(25, 100, 99, "cosine") == pytest.approx(0.26 * warmed(25, 100, 0, "cosine"))
