"""Show, Attend and Tell against its paper: the equations in numpy, soft and hard attention, the learning rule, enumerated."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

from data.captions import CaptionBatch
from data.errors import UserError
from reproductions.attention.soft import doubly_stochastic
from reproductions.decoding import beam
from reproductions.training.translation import Search
from reproductions.xu2015.model import Captioner, Forced, Network
from reproductions.xu2015.training import Recipe, Xu2015, bag_of_words, learning_rule

V, B, T = 9, 3, 4
SIZES = {"image_size": 8, "patch": 4, "width": 4, "layers": 1, "annotation": 6, "hidden": 5, "embedding": 7, "alignment": 4,
         "longest": 6}  # fmt: skip


def shaken(module, seed=3):
    """Weights that are all non-zero and apart."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.copy_(0.5 * torch.randn_like(parameter))
    return module


def captioner(**options):
    return shaken(Captioner(V, Network(**SIZES | options))).double().eval()


def module(recipe=(), search=Search(), **options):
    made = shaken(Xu2015(V, network=Network(**SIZES | options), recipe=Recipe(**dict(recipe)), search=search))
    made.log = lambda *_, **__: None
    return made


def batch(lengths=(4, 2, 3), seed=1):
    generator = torch.Generator().manual_seed(seed)
    image = torch.randn(len(lengths), 3, 8, 8, generator=generator)
    real = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    target = torch.randint(3, V, real.shape, generator=generator)
    target[torch.arange(len(lengths)), torch.tensor(lengths) - 1] = 2
    return CaptionBatch(image, target * real, real, torch.arange(len(lengths)))


# --- Equations --------------------------------------------------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("options", [{}, {"gate": False}, {"tanh": True}])
def test_the_decoder_is_the_paper_written_with_numpy(options):
    model = captioner(**options)
    w = {name: value.detach().numpy() for name, value in model.decoder.named_parameters()}
    image, target = batch().image[:1].double(), torch.tensor([[4, 5, 6]])
    a = model.encoder(image)[0].detach().numpy()
    logits, maps = (value[0].detach().numpy() for value in model(image, target))
    c, h = (np.tanh(w[f"f_init_{x}.weight"] @ a.mean(0) + w[f"f_init_{x}.bias"]) for x in "ch")
    keys = a @ w["f_att.U_a.weight"].transpose() + w["f_att.U_a.bias"]
    for t, Ey in enumerate([np.zeros(7), w["E.weight"][4], w["E.weight"][5]]):
        e = np.tanh(w["f_att.W_a.weight"] @ h + keys) @ w["f_att.v_a"]  # (4)
        alpha = np.exp(e) / np.exp(e).sum()  # (5)
        z = alpha @ a  # (13)
        if model.decoder.f_beta is not None:
            z = sigmoid(w["f_beta.weight"] @ h + w["f_beta.bias"]) * z
        i, f, o, g = np.split(w["T.weight"] @ np.concatenate([Ey, h, z]) + w["T.bias"], 4)  # (1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)  # (2)
        h = sigmoid(o) * np.tanh(c)  # (3)
        features = Ey + w["L_h.weight"] @ h + w["L_h.bias"] + w["L_z.weight"] @ z  # (7)
        features = np.tanh(features) if options.get("tanh") else features
        expected = model.head.weight.detach().numpy() @ features + model.head.bias.detach().numpy()
        np.testing.assert_allclose(logits[t], expected, rtol=1e-10)
        np.testing.assert_allclose(maps[0, 0, t], alpha, rtol=1e-10)


def test_annotations_are_those_of_their_places_row_by_row():
    """A change in one corner of the image changes most what is read at that corner."""
    encoder = captioner(image_size=16, positions=False).encoder
    for row, column in itertools.product((0, 1), (0, 1)):
        image = torch.zeros(1, 3, 16, 16, dtype=torch.double)
        image[..., 15 * row, 15 * column] = 5
        change = (encoder(image) - encoder(torch.zeros_like(image)))[0].norm(dim=-1).view(4, 4)
        assert change[3 * row, 3 * column] > 0 and change[3 - 3 * row, 3 - 3 * column] == 0
    assert not encoder.positions.requires_grad and not encoder.positions.any()


@pytest.mark.parametrize("attention", ["soft", "hard"])
def test_gradient_reaches_every_parameter(attention):
    made = module(attention=attention, expectation=0.0, recipe={"entropy_weight": 0.1}).train()
    made.training_step(batch(), 0).backward()
    # What all energies have in common changes no weight.
    assert [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()] == []


# --- Soft and hard ----------------------------------------------------------------------------------------------------


def test_hard_attention_at_its_expectation_is_soft_attention():
    soft, hard, one = captioner(), captioner(attention="hard"), batch()
    hard.load_state_dict(soft.state_dict())
    memory, state = hard.decoder.start(hard.encoder(one.image.double()))
    looked = hard.decoder.look(memory._replace(expected=torch.ones(B, dtype=torch.bool)), state.h)
    torch.testing.assert_close(looked, soft.decoder.look(memory, state.h))
    # And the mean over all draws, by their probabilities, is the same context: it is linear in s.
    z = 0
    for place in range(4):
        hard.decoder.f_att.draw = lambda alpha, place=place: nn.functional.one_hot(
            torch.full(alpha.shape[:-1], place), 4
        ).double()
        drawn = hard.decoder.look(memory, state.h)
        z = z + looked.alpha[:, 0, place, None] * drawn.z
        assert drawn.s[:, 0].tolist() == [[float(i == place) for i in range(4)]] * B
    torch.testing.assert_close(z, looked.z)


def test_in_training_half_of_the_images_take_the_expectation_and_in_evaluation_none():
    hard = captioner(attention="hard").train()
    a = torch.randn(4000, 4, SIZES["annotation"], dtype=torch.double)
    memory, state = hard.decoder.start(a)
    assert 0.47 < memory.expected.double().mean() < 0.53
    s = hard.decoder.look(memory, state.h).s[:, 0]
    one_hot = ((s == 0) | (s == 1)).all(-1)
    assert torch.equal(one_hot, ~memory.expected)
    assert not hard.eval().decoder.start(a)[0].expected.any()
    assert not captioner().train().decoder.start(a)[0].expected.any()


# --- The learning rule ------------------------------------------------------------------------------------------------


def exact_and_estimated(baseline):
    """Gradients by all parameters of L_s = sum over s of p(s) log p(y|s), and of the learning rule, the mean over all s."""
    model = captioner(attention="hard", image_size=8, expectation=0.0)
    image, target = batch().image[:1].double(), torch.tensor([[5, 2]])
    real, recipe = torch.ones(1, 2, dtype=torch.bool), Recipe(reward_weight=1.0, entropy_weight=0.0)
    bound, estimate = 0.0, 0.0
    for places in itertools.product(range(4), repeat=2):
        drawn = iter(places)
        model.decoder.f_att.draw = lambda _: nn.functional.one_hot(torch.tensor([[next(drawn)]]), 4).double()  # noqa: B023
        forced = model.features(image, target)
        log_p = model.head(forced.features).log_softmax(-1).gather(-1, target[..., None])[..., 0]
        p_s = (forced.alpha * forced.s).sum(-1).prod()
        bound = bound + p_s * log_p.sum()
        loss = -log_p.sum() + learning_rule(forced, real, log_p, torch.tensor(baseline), recipe)
        estimate = estimate + p_s.detach() * loss
    parameters = [p for p in model.parameters() if p.requires_grad]
    return torch.autograd.grad(-bound, parameters, retain_graph=True), torch.autograd.grad(estimate, parameters)


@pytest.mark.parametrize("baseline", [0.0, -3.0])
def test_the_learning_rule_is_right_on_average_for_any_baseline(baseline):
    for exact, estimated in zip(*exact_and_estimated(baseline), strict=True):
        torch.testing.assert_close(estimated, exact, rtol=1e-8, atol=1e-10)


def forced_by_hand(expected=False):
    alpha = torch.tensor([[[0.75, 0.25], [0.5, 0.5]]], requires_grad=True)
    s = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    return Forced(torch.zeros(1, 2, 1), alpha, s, torch.tensor([expected]), torch.zeros(1, 1))


def test_the_learning_rule_by_hand():
    log_p, real = torch.tensor([[-1.0, -2.0]]), torch.ones(1, 2, dtype=torch.bool)
    recipe = Recipe(reward_weight=0.1, entropy_weight=0.01)
    praised = (-3 - -5) * (math.log(0.75) + math.log(0.5))
    entropy = 0.562335 + math.log(2)
    added = learning_rule(forced_by_hand(), real, log_p, torch.tensor(-5.0), recipe)
    assert added.item() == pytest.approx(-(0.1 * praised + 0.01 * entropy))
    # The caption's second word is padding; the image took the expectation; each word is praised for itself.
    half = learning_rule(
        forced_by_hand(), torch.tensor([[True, False]]), torch.tensor([[-1.0, 0]]), torch.tensor(-5.0), recipe
    )
    assert half.item() == pytest.approx(-(0.1 * 4 * math.log(0.75) + 0.01 * 0.562335))
    mean = learning_rule(forced_by_hand(expected=True), real, log_p, torch.tensor(-5.0), recipe)
    assert mean.item() == pytest.approx(-0.01 * entropy)
    word = learning_rule(forced_by_hand(), real, log_p, torch.tensor(-5.0), Recipe(reward="word", entropy_weight=0.0))
    assert word.item() == pytest.approx(-0.1 * (4 * math.log(0.75) + 3 * math.log(0.5)))


def test_without_the_rule_no_gradient_reaches_f_att_and_straight_through_it_does():
    for through in (False, True):
        made = module(attention="hard", expectation=0.0, straight_through=through,
                      recipe={"reward_weight": 0.0, "entropy_weight": 0.0, "doubly_stochastic": 0.0}).train()  # fmt: skip
        made.training_step(batch(), 0).backward()
        gradient = made.model.decoder.f_att.v_a.grad
        assert (gradient is not None and bool(gradient.any())) == through


def test_the_baseline_is_a_moving_average_of_what_captions_were_worth(monkeypatch):
    made = module(attention="hard").train()
    for worth, expected in ((-2.0, -0.2), (-1.0, -0.28)):
        spread = torch.zeros(1, 2).index_fill_(1, torch.tensor([0]), worth)
        forced = (torch.zeros(()), spread, forced_by_hand())
        monkeypatch.setattr(made, "forced", lambda *_, forced=forced: forced)
        one = CaptionBatch(
            torch.zeros(1, 3, 8, 8), torch.zeros(1, 2), torch.ones(1, 2, dtype=torch.bool), torch.zeros(1)
        )
        made.training_step(one, 0)
        assert made.baseline.item() == pytest.approx(expected)
    assert "baseline" in made.state_dict()


def test_the_doubly_stochastic_term_counts_real_words_alone_and_is_zero_where_each_place_is_seen_once():
    """(14). Four words that look at four places alike: nothing to pay; and so where each is looked at in turn."""
    assert doubly_stochastic(torch.full((1, 4, 4), 0.25)).item() == 0 == doubly_stochastic(torch.eye(4)[None]).item()
    losses = []
    for weight in (0.0, 2.0):
        made = module(recipe={"doubly_stochastic": weight}).train()
        losses.append(made.training_step(batch(), 0).item())
        alpha = made.forced(batch().image, batch().target, batch().target_mask)[2].alpha
    expected = np.mean([(1 - a[:t].sum(0)).square().sum().item() for a, t in zip(alpha, (4, 2, 3), strict=True)])
    assert losses[1] - losses[0] == pytest.approx(2 * expected, rel=1e-4)


def test_the_bag_of_words_tells_from_the_mean_annotation_which_words_a_caption_has():
    logits = torch.zeros(2, V)
    target, real = torch.tensor([[4, 5, 4], [6, 0, 0]]), torch.tensor([[True, True, True], [True, False, False]])
    assert bag_of_words(logits, target, real).item() == pytest.approx(V * math.log(2))
    logits[0, [4, 5]], logits[1, 6] = 50, 50
    assert bag_of_words(logits - 25, target, real).item() == pytest.approx(0, abs=1e-6)
    made = module(recipe={"bag_of_words": 1.0}).train()
    plain = module()
    plain.load_state_dict(made.state_dict(), strict=False)
    torch.testing.assert_close(
        made.training_step(batch(), 0) - plain.train().training_step(batch(), 0),
        bag_of_words(made.bag(made.model.encoder(batch().image).mean(1)), batch().target, batch().target_mask),
        rtol=1e-4, atol=1e-4,
    )  # fmt: skip


# --- Use --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attention", ["soft", "hard"])
@pytest.mark.parametrize("width", [1, 3])
def test_a_caption_is_what_its_search_finds_and_is_followed_as_it_was_written(attention, width):
    made, one = module(attention=attention, search=Search(width)).eval(), batch()
    expected = beam(made.model, one.image, torch.ones(B, 4, dtype=torch.bool), 2, width)
    for b, caption in enumerate(made.caption(one.image)):
        assert caption.ids == expected[b].ids
        followed = made.follow(one.image[b : b + 1], torch.tensor([caption.ids]))[0]
        torch.testing.assert_close(followed, caption.maps[0, 0], rtol=1e-4, atol=1e-6)


def test_images_of_another_size_are_refused():
    with pytest.raises(UserError, match="reads images of"):
        module().caption(torch.zeros(1, 3, 12, 8))
