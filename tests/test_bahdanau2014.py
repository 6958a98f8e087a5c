"""RNNsearch against its paper: sizes, equations, indices, initialisation, and that it learns to align."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

from reproductions.bahdanau2014.model import Decoder, GatedUnit, Network, ResetAfterUnit, RNNsearch
from reproductions.bahdanau2014.training import Bahdanau2014, Recipe, initialise
from reproductions.training.schedules import warmed

SMALL = {"hidden": 5, "embedding": 4, "maxout": 3, "alignment": 6}
SOURCE, TARGET = 11, 13


def network(**options):
    return Network(**SMALL, **options)


def model(seed=0, **options):
    torch.manual_seed(seed)
    built = RNNsearch(SOURCE, TARGET, network(**options)).eval()
    with torch.no_grad():
        for parameter in built.parameters():  # every bias too, so that a forgotten one shows
            parameter.uniform_(-0.7, 0.7)
    return built.double()


def batch(seed=1):
    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(7)[None] < torch.tensor([7, 4, 2])[:, None]
    source = torch.randint(3, SOURCE, (3, 7), generator=generator) * mask
    return source, mask, torch.randint(3, TARGET, (3, 6), generator=generator)


@pytest.mark.parametrize(("attention", "weights", "everything"), [
    ("additive", 80_401_000, 80_443_000), ("none", 68_540_000, None),
])  # fmt: skip
def test_the_paper_s_size_has_the_paper_s_number_of_parameters(attention, weights, everything):
    """Appendix A.2.3 with K = 30,000: matrices and v_a; and one bias for each affine map."""
    with torch.device("meta"):
        built = RNNsearch(30_000, 30_000, Network(attention=attention))
    named = list(built.named_parameters())
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


def by_hand(built, x, y):
    """RNNsearch on one sentence pair, written from Appendix A with numpy: log p of each word and alpha."""
    encoder, decoder = built.encoder, built.decoder
    Ex, n = encoder.E.weight.detach().numpy()[x], SMALL["hidden"]
    ahead, back = [np.zeros(n)], [np.zeros(n)]
    for j in range(len(x)):
        ahead.append(gated(encoder.forward_unit, linear(encoder.forward_unit.W, Ex[j]), ahead[-1]))
        back.append(gated(encoder.backward_unit, linear(encoder.backward_unit.W, Ex[-1 - j]), back[-1]))
    h = np.concatenate([ahead[1:], back[:0:-1]], axis=1)
    s, E, words, alphas = np.tanh(linear(decoder.W_s, h[0, n:])), decoder.E.weight.detach().numpy(), [], []
    for i in range(len(y)):
        Ey = E[y[i - 1]] if i else np.zeros(SMALL["embedding"])
        hidden = np.tanh(linear(decoder.attention.W_a, s) + linear(decoder.attention.U_a, h))
        e = hidden @ decoder.attention.v_a.detach().numpy()
        alpha = np.exp(e) / np.exp(e).sum()
        c = alpha @ h
        t_tilde = linear(decoder.U_o, s) + linear(decoder.V_o, Ey) + linear(decoder.C_o, c)
        words.append(linear(built.head, np.maximum(t_tilde[0::2], t_tilde[1::2])))
        alphas.append(alpha)
        s = gated(decoder.unit, linear(decoder.unit.W, E[y[i]]) + linear(decoder.C, c), s)
    return np.array(words), np.array(alphas)


def test_rnnsearch_is_the_appendix_written_with_numpy():
    built, (source, mask, target) = model(), batch()
    logits, maps = built(source, mask, target)
    for b, length in enumerate(mask.sum(1).tolist()):
        words, alphas = by_hand(built, source[b, :length].numpy(), target[b].numpy())
        np.testing.assert_allclose(logits[b].detach().numpy(), words, atol=1e-12)
        np.testing.assert_allclose(maps[b, 0, 0, :, :length].detach().numpy(), alphas, atol=1e-12)
        assert (maps[b, ..., length:] == 0).all()


OPTIONS = list(itertools.product(("groundhog", "equation4", "appendix"), ("gated", "torch"), ("additive", "none")))


@pytest.mark.parametrize(("indexing", "unit", "attention"), OPTIONS)
def test_stepping_equals_all_at_once(indexing, unit, attention):
    built, (source, mask, target) = model(indexing=indexing, unit=unit, attention=attention), batch()
    logits, maps = built(source, mask, target)
    memory, state = built.encode(source, mask)
    previous = None
    for i in range(target.shape[1]):
        features, step_maps, state = built.step(memory, state, previous)
        torch.testing.assert_close(built.head(features), logits[:, i])
        torch.testing.assert_close(step_maps, maps[:, :, :, i : i + 1])
        previous = target[:, i]


def changed_at(position, built, source, mask, target):
    """Which rows of logits and alpha move when the word y at ``position`` is another."""
    other = target.clone()
    other[:, position] = (other[:, position] - 3 + 1) % (TARGET - 3) + 3
    (logits, maps), (logits2, maps2) = built(source, mask, target), built(source, mask, other)
    moved = lambda a, b, dims: ((a - b).abs().amax(dims) > 1e-9).nonzero()[:, 0].tolist()  # noqa: E731
    return moved(logits, logits2, (0, 2)), moved(maps[:, 0, 0], maps2[:, 0, 0], (0, 2))


@pytest.mark.parametrize(("indexing", "first_row"), [("groundhog", 3), ("equation4", 4), ("appendix", 4)])
def test_the_query_has_seen_the_last_word_in_the_authors_code_alone(indexing, first_row):
    """y_3 (from 0: position 2) moves the logits of the next word, and alpha from the next word or from one after it."""
    logits, alpha = changed_at(2, model(indexing=indexing), *batch())
    assert logits == [3, 4, 5]
    assert alpha == list(range(first_row, 6))


def test_the_first_word_depends_on_the_source_alone():
    built, (source, mask, target) = model(), batch()
    logits, _ = built(source, mask, target)
    other, _ = built(source, mask, target.flip(1))
    torch.testing.assert_close(logits[:, 0], other[:, 0])


def test_the_decoder_starts_from_the_first_backward_state_alone():
    built = model()
    h, mask = torch.randn(2, 4, 10, dtype=torch.double), torch.ones(2, 4, dtype=torch.bool)
    _, state = built.decoder.start(h, h[:, 0, 5:], mask)
    torch.testing.assert_close(state.s, torch.tanh(built.decoder.W_s(h[:, 0, 5:])))
    annotations, first = built.encoder(*batch()[:2])
    torch.testing.assert_close(first, annotations[:, 0, 5:])


def test_maxout_takes_adjacent_pairs():
    decoder = Decoder(TARGET, network())
    with torch.no_grad():
        for layer in (decoder.U_o, decoder.V_o, decoder.C_o):
            layer.weight.zero_()
        decoder.U_o.bias[:] = torch.tensor([1.0, 5.0, 3.0, 2.0, -1.0, -2.0])
    t = decoder.readout(torch.zeros(5), torch.zeros(4), torch.zeros(10))
    assert t.tolist() == [5, 3, -1]


def test_an_update_gate_of_zero_keeps_the_state():
    unit, s = GatedUnit(3, 4), torch.randn(2, 4)
    Wx = torch.randn(2, 12)
    Wx[:, 4:8] = -1e4
    torch.testing.assert_close(unit(Wx, s), s)


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
    built, (source, mask, target) = model(attention="none"), batch()
    _, maps = built(source, mask, target)
    assert maps.shape == (3, 0, 0, 6, 7)
    h, last = built.encoder(source, mask)
    for b, length in enumerate(mask.sum(1).tolist()):
        torch.testing.assert_close(last[b], h[b, length - 1])


def test_attention_is_uniform_at_the_paper_s_initialisation_and_only_v_learns_first():
    torch.manual_seed(0)
    built = RNNsearch(SOURCE, TARGET, network())
    initialise(built, "paper")
    source, mask, target = batch()
    logits, maps = built(source, mask, target)
    expected = mask / mask.sum(1, keepdim=True)
    torch.testing.assert_close(maps[:, 0, 0], expected[:, None].expand(-1, 6, -1))
    logits.square().sum().backward()
    attention = built.decoder.attention
    assert attention.v_a.grad.abs().sum() > 0
    assert attention.W_a.weight.grad.abs().sum() == 0 and attention.U_a.weight.grad.abs().sum() == 0


def test_initialisation_is_the_paper_s():
    torch.manual_seed(0)
    built = RNNsearch(400, 400, Network(hidden=100, embedding=80, maxout=60, alignment=90))
    initialise(built, "paper")
    for unit in (built.encoder.forward_unit, built.encoder.backward_unit, built.decoder.unit):
        for block in (*unit.U_rz.weight.split(100), unit.U.weight):
            torch.testing.assert_close(block @ block.T, torch.eye(100), atol=1e-5, rtol=0)
        assert unit.W.weight.std().item() == pytest.approx(0.01, rel=0.05)
    for matrix, scale in ((built.decoder.attention.W_a, 0.001), (built.decoder.attention.U_a, 0.001),
                          (built.decoder.E, 0.01), (built.head, 0.01), (built.decoder.C_o, 0.01)):  # fmt: skip
        assert matrix.weight.std().item() == pytest.approx(scale, rel=0.05)
    assert all((p == 0).all() for name, p in built.named_parameters() if name.endswith(("bias", "v_a")))


def test_the_recipe_is_the_paper_s():
    module = Bahdanau2014(SOURCE, TARGET, network=network())
    module.trainer = type("Trainer", (), {"estimated_stepping_batches": 10})()
    optimizer = module.configure_optimizers()["optimizer"]
    assert isinstance(optimizer, torch.optim.Adadelta)
    assert {k: optimizer.defaults[k] for k in ("lr", "rho", "eps")} == {"lr": 1.0, "rho": 0.95, "eps": 1e-6}
    assert module.reduction == "sum"


def test_tying_shares_one_matrix():
    built = RNNsearch(SOURCE, TARGET, Network(hidden=5, embedding=4, maxout=4, alignment=6, tied=True))
    assert built.head.weight is built.decoder.E.weight


@pytest.mark.parametrize("settings", [{"hidden": 0}, {"dropout": 1.0}, {"tied": True}])
def test_impossible_networks_are_refused_by_name(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Network(**settings)


def test_impossible_recipes_are_refused_by_name():
    with pytest.raises(ValueError, match="learning_rate"):
        Recipe(learning_rate=0)
    with pytest.raises(ValueError, match="recipe.warmup must be 0 or more, not -1"):
        Recipe(warmup=-1)


def test_the_warm_up_ends_at_the_peak_and_the_cosine_at_nothing():
    assert [warmed(step, 100, 4, "constant") for step in (0, 3, 4, 99)] == pytest.approx([0.2, 0.8, 1, 1])
    assert [warmed(step, 100, 0, "cosine") for step in (0, 25, 50, 100, 101)] == pytest.approx(
        [1, 0.5 + 0.5 * math.cos(math.pi / 4), 0.5, 0, 0]
    )
    assert warmed(25, 100, 99, "cosine") == pytest.approx(0.26 * warmed(25, 100, 0, "cosine"))


def reversal(attention, steps=220):
    """Train on sequences to be reversed; the share of words right and, with attention, of rows that look at their word."""
    torch.manual_seed(0)
    built = RNNsearch(14, 14, Network(hidden=32, embedding=16, maxout=16, alignment=32, attention=attention))
    initialise(built, "unit")
    optimizer = torch.optim.Adam(built.parameters(), lr=0.01)
    mask = torch.ones(64, 8, dtype=torch.bool)
    for _ in range(steps):
        words = torch.randint(3, 14, (64, 7))
        source, target = (nn.functional.pad(x, (0, 1), value=2) for x in (words, words.flip(1)))
        logits, maps = built(source, mask, target)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    right = (logits.argmax(-1) == target).float().mean().item()
    if not maps.numel():
        return right, None
    return right, (maps[:, 0, 0, :7].argmax(-1) == torch.arange(6, -1, -1)).float().mean().item()


def test_rnnsearch_learns_to_align_and_rnnencdec_learns_less():
    right, aligned = reversal("additive")
    assert right > 0.98 and aligned > 0.95
    assert reversal("none")[0] < right - 0.1
