"""The translator of Luong et al. against their paper, and every mechanism of the timeline in it and in RNNsearch."""

import numpy as np
import pytest
import torch
from torch import nn

from reproductions.attention import over_source
from reproductions.bahdanau2014 import model as bahdanau2014
from reproductions.bahdanau2014.training import Bahdanau2014
from reproductions.decoding import beam, greedy
from reproductions.luong2015.model import Attentional, Network
from reproductions.luong2015.training import Luong2015, Recipe, initialise

SMALL = {"hidden": 8, "embedding": 4, "layers": 2, "alignment": 6, "window": 2, "max_length": 20}
SOURCE, TARGET = 11, 13
EVERY = [*over_source(), "none"]


def luong(attention="general", **options):
    return Attentional(SOURCE, TARGET, Network(**{**SMALL, "attention": attention, **options}))


def rnnsearch(attention="general"):
    sizes = {"hidden": 8, "embedding": 4, "maxout": 3, "alignment": 6, "window": 2, "max_length": 20}
    return bahdanau2014.RNNsearch(SOURCE, TARGET, bahdanau2014.Network(**sizes, attention=attention))


def model(make=luong, attention="general", **options):
    torch.manual_seed(0)
    built = make(attention, **options).eval()
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.uniform_(-0.7, 0.7)
    return built.double()


def batch(seed=1):
    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(7)[None] < torch.tensor([7, 4, 2])[:, None]
    source = torch.randint(3, SOURCE, (3, 7), generator=generator) * mask
    return source, mask, torch.randint(3, TARGET, (3, 6), generator=generator)


@pytest.mark.parametrize(("attention", "extra"), [
    ("none", -2_000_000), ("dot", 0), ("general", 1_000_000), ("local_predictive", 2_001_000),
    ("location", 51_000), ("concat", 2_001_000),
])  # fmt: skip
def test_the_paper_s_size_has_the_paper_s_number_of_parameters(attention, extra):
    """Two embeddings and W_s, 150 million; LSTMs of 4n x 2n, but the first of the decoder, 4n x 3n; W_c; the mechanism."""
    with torch.device("meta"):
        built = Attentional(50_000, 50_000, Network(attention=attention))
    assert sum(p.numel() for p in built.parameters()) == 150_000_000 + 8 * 8_000_000 + 4_000_000 + 2_000_000 + extra


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(W_x, W_h, x, h, cell):
    i, f, g, o = np.split(W_x @ x + W_h @ h, 4)
    cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(cell), cell


def by_hand(built, x, y):
    """The paper on one sentence pair, with numpy: two layers, general attention, input feeding, reversed source."""
    P = {name: p.detach().numpy() for name, p in built.named_parameters()}
    states, h, cell = list(P["encoder.E.weight"][x][::-1]), [None] * 2, [None] * 2
    for l in range(2):  # noqa: E741
        h[l], cell[l], inputs, states = np.zeros(8), np.zeros(8), states, []
        for word in inputs:
            W_x, W_h = P[f"encoder.layers.{l}.weight_ih_l0"], P[f"encoder.layers.{l}.weight_hh_l0"]
            h[l], cell[l] = lstm(W_x, W_h, word, h[l], cell[l])
            states.append(h[l])
    h_s, h_tilde, logits, weights = np.array(states[::-1]), np.zeros(8), [], []
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


def test_the_model_is_the_paper_written_with_numpy():
    built, (source, mask, target) = model(), batch()
    logits, maps = built(source, mask, target)
    for b, length in enumerate(mask.sum(1).tolist()):
        expected, weights = by_hand(built, source[b, :length].numpy(), target[b].numpy())
        np.testing.assert_allclose(logits[b].detach().numpy(), expected, atol=1e-12)
        np.testing.assert_allclose(maps[b, 0, 0, :, :length].detach().numpy(), weights, atol=1e-12)
        assert (maps[b, ..., length:] == 0).all()


@pytest.mark.parametrize("make", [luong, rnnsearch])
@pytest.mark.parametrize("attention", EVERY)
def test_every_mechanism_stepped_equals_all_at_once(make, attention):
    built, (source, mask, target) = model(make, attention), batch()
    logits, maps = built(source, mask, target)
    memory, state = built.encode(source, mask)
    previous = None
    for i in range(target.shape[1]):
        features, step_maps, state = built.step(memory, state, previous)
        torch.testing.assert_close(built.head(features), logits[:, i])
        torch.testing.assert_close(step_maps, maps[:, :, :, i : i + 1])
        previous = target[:, i]


@pytest.mark.parametrize("make", [luong, rnnsearch])
@pytest.mark.parametrize("attention", EVERY)
def test_every_mechanism_decodes_and_its_maps_are_those_of_teacher_forcing(make, attention):
    """Sentences end at different steps and hypotheses change places, and each keeps count of its own words."""
    built, (source, mask, _) = model(make, attention), batch()
    limit = torch.tensor([9, 5, 3])
    narrow, wide = greedy(built, source, mask, 2, limit), beam(built, source, mask, 2, 3, limit=limit)
    for one, two in zip(narrow, beam(built, source, mask, 2, 1, limit=limit), strict=True):
        assert one.ids == two.ids
    for hypotheses in (narrow, wide):
        for b, hypothesis in enumerate(hypotheses):
            S = int(mask[b].sum())
            ids = torch.tensor([hypothesis.ids])
            logits, maps = built(source[b : b + 1, :S], mask[b : b + 1, :S], ids)
            torch.testing.assert_close(hypothesis.maps, maps[0])
            log_p = logits.log_softmax(-1).gather(2, ids[..., None]).sum().item()
            assert hypothesis.log_probability == pytest.approx(log_p, abs=1e-5)


@pytest.mark.parametrize("make", [luong, rnnsearch])
def test_every_head_of_multi_head_attention_has_its_own_map_and_norms(make):
    built, (source, mask, target) = model(make, "multi_head"), batch()
    maps, norms = built(source, mask, target)[1], built.norms(source, mask)
    assert maps.shape == (3, 1, 4, 6, 7) and norms.shape == (3, 1, 4, 7)
    assert (maps[:, :, 0] - maps[:, :, 1]).abs().max() > 1e-4 and (norms[:, :, 0] - norms[:, :, 1]).abs().max() > 1e-4


@pytest.mark.parametrize("make", [luong, rnnsearch])
def test_the_window_of_local_attention_moves_one_position_a_word(make):
    """Two to each side of the word's own number, as far as the sentence goes; after its end it stays there."""
    built, (source, mask, target) = model(make, "local_monotonic"), batch()
    maps = built(source, mask, target)[1][:, 0, 0]
    for b, S in enumerate(mask.sum(1).tolist()):
        for t in range(target.shape[1]):
            centre = min(t, S - 1)
            seen = maps[b, t].nonzero()[:, 0].tolist()
            assert seen == list(range(max(0, centre - 2), min(S, centre + 3)))


def test_a_dot_product_in_rnnsearch_meets_both_directions_added_up_and_reads_them_side_by_side():
    built, (source, mask, _) = model(rnnsearch, "dot"), batch()
    memory, state = built.encode(source, mask)
    assert memory.h.shape == (3, 7, 16)
    torch.testing.assert_close(memory.keys, memory.h[..., :8] + memory.h[..., 8:])
    c, alpha = built.decoder.look(memory, state.s, state.i)
    energies = torch.einsum("bn,bsn->bs", state.s, memory.keys).masked_fill(~mask, -torch.inf)
    torch.testing.assert_close(alpha[:, 0], energies.softmax(-1))
    torch.testing.assert_close(c, torch.einsum("bs,bsn->bn", alpha[:, 0], memory.h))


@pytest.mark.parametrize("make", [luong, rnnsearch])
@pytest.mark.parametrize("attention", EVERY)
def test_every_mechanism_trains(make, attention):
    torch.manual_seed(0)
    built, (source, mask, target) = make(attention).train(), batch()
    logits, _ = built(source, mask, target)
    nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten()).backward()
    unmoved = [name for name, p in built.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert unmoved == []
    if built.decoder.attention is not None:
        assert all(
            p.grad.abs().sum() > 0 for name, p in built.decoder.attention.named_parameters() if "bias" not in name
        )


@pytest.mark.parametrize("make", [luong, rnnsearch])
@pytest.mark.parametrize("attention", EVERY)
def test_every_mechanism_runs_in_half_precision(make, attention):
    torch.manual_seed(0)
    built, (source, mask, target) = make(attention).train(), batch()
    with torch.autocast("cpu", torch.bfloat16):
        logits, maps = built(source, mask, target)
        nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten()).backward()
    assert torch.isfinite(logits).all() and torch.isfinite(maps).all()
    assert all(torch.isfinite(p.grad).all() for p in built.parameters() if p.grad is not None)


def changed(built, source, mask, target, position):
    other = target.clone()
    other[:, position] = (other[:, position] - 3 + 1) % (TARGET - 3) + 3
    (logits, maps), (logits2, maps2) = built(source, mask, target), built(source, mask, other)
    rows = lambda a, b, dims: ((a - b).abs().amax(dims) > 1e-9).nonzero()[:, 0].tolist()  # noqa: E731
    return rows(logits, logits2, (0, 2)), rows(maps[:, 0, 0], maps2[:, 0, 0], (0, 2))


def test_the_state_that_asks_has_read_the_last_word():
    """y_3 (from 0: position 2) moves where the next step looks, and what it writes."""
    logits, a = changed(model(), *batch(), 2)
    assert logits == [3, 4, 5] and a == [3, 4, 5]


@pytest.mark.parametrize("feeding", [True, False])
def test_input_feeding_alone_tells_the_next_step_what_was_read(feeding):
    built, (source, mask, _) = model(input_feeding=feeding), batch()
    memory, state = built.encode(source, mask)
    _, _, state = built.step(memory, state, None)
    other = state._replace(h_tilde=state.h_tilde + 1)
    previous = torch.tensor([3, 4, 5])
    moved = (built.step(memory, state, previous)[0] - built.step(memory, other, previous)[0]).abs().max() > 1e-6
    assert moved == feeding


def test_without_attention_the_attentional_vector_is_the_state():
    built, (source, mask, target) = model(attention="none"), batch()
    memory, state = built.encode(source, mask)
    _, _, state = built.step(memory, state, target[:, 0])
    assert torch.equal(state.h_tilde, state.h[:, -1])
    assert built(source, mask, target)[1].shape == (3, 0, 0, 6, 7)


def test_a_reversed_encoder_is_a_straight_one_of_the_reversed_sentence():
    backward, forward = model(), model(reverse=False)
    source, mask, _ = batch()
    for b, length in enumerate(mask.sum(1).tolist()):
        h_s, h, cell = backward.encoder(source, mask)
        x = source[b : b + 1, :length].flip(1)
        h_s2, h2, cell2 = forward.encoder(x, torch.ones_like(x, dtype=torch.bool))
        torch.testing.assert_close(h_s[b, :length], h_s2[0].flip(0))
        torch.testing.assert_close((h[b], cell[b]), (h2[0], cell2[0]))


def test_initialisation_and_recipe_are_the_paper_s():
    module = Luong2015(SOURCE, TARGET, network=Network(**SMALL))
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
    module = Luong2015(SOURCE, TARGET, network=Network(**SMALL), recipe=Recipe(reduction=reduction))
    monkeypatch.setattr(module, "loss", lambda _: (torch.tensor(18.0), torch.ones(9), None))
    monkeypatch.setattr(module, "log", lambda *_, **__: None)
    fake = type("Batch", (), {"source": torch.zeros(3, 7)})()
    assert module.training_step(fake, 0).item() == pytest.approx(18 / divided_by)


def test_the_key_strength_of_content_based_attention_survives_the_initialisation():
    built = luong("content_based")
    initialise(built, 0.1)
    assert built.decoder.attention.b_beta.item() == 5


@pytest.mark.parametrize("kind", [Network, bahdanau2014.Network])
def test_an_unknown_mechanism_is_refused_with_those_that_are_known(kind):
    with pytest.raises(ValueError, match="additive, .*, none, not 'klingon'"):
        kind(attention="klingon")
    with pytest.raises(ValueError, match="window"):
        kind(window=0)


@pytest.mark.parametrize(("settings", "name"), [({"learning_rate": 0}, "learning_rate"), ({"uniform": 0}, "uniform"),
                                                ({"warmup": -1}, "warmup")])  # fmt: skip
def test_impossible_recipes_are_refused_by_name(settings, name):
    with pytest.raises(ValueError, match=name):
        Recipe(**settings)


@pytest.mark.parametrize(("module", "network"), [(Luong2015, Network), (Bahdanau2014, bahdanau2014.Network)])
def test_a_model_that_tells_positions_apart_says_how_many(module, network):
    assert module(SOURCE, TARGET, network=network(attention="location", max_length=30)).model.max_length == 30
    assert module(SOURCE, TARGET, network=network(attention="general")).model.max_length is None


def test_it_learns_to_align(steps=250):
    """Sequences to be reversed: the words, and with each word the place it comes from."""
    torch.manual_seed(0)
    built = Attentional(14, 14, Network(32, 16, 1, "general", reverse=True, dropout=0.0))
    initialise(built, 0.1)
    optimizer = torch.optim.Adam(built.parameters(), lr=0.01)
    mask = torch.ones(64, 8, dtype=torch.bool)
    for _ in range(steps):
        words = torch.randint(3, 14, (64, 7))
        source, target = (nn.functional.pad(x, (0, 1), value=2) for x in (words, words.flip(1)))
        logits, maps = built(source, mask, target)
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten()).backward()
        optimizer.step()
    assert (logits.argmax(-1) == target).float().mean() > 0.95
    assert (maps[:, 0, 0, :7].argmax(-1) == torch.arange(6, -1, -1)).float().mean() > 0.8
