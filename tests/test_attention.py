"""Attention mechanisms: what holds for every one, and the numbers that can be checked by hand."""

import math
import pkgutil
from importlib import import_module
from inspect import isabstract

import pytest
import torch
from torch import nn

from reproductions import attention
from reproductions.attention import (
    CONTROLS,
    TIMELINE,
    Additive,
    Attended,
    Attention,
    Concat,
    ContentBased,
    Dot,
    General,
    Hard,
    Intra,
    LocalPredictive,
    LocationBased,
    MultiHead,
    MultiHeadOverSource,
    ScaledDot,
    Soft,
    build,
    check_name,
)
from reproductions.attention.hard import entropy, log_probability
from reproductions.attention.soft import doubly_stochastic

D, K, HIDDEN = 6, 8, 5
# What each says of the source: the same wherever it stands, or by its place.
BY_PLACE = {"location", "local_monotonic", "local_predictive"}
MECHANISMS = sorted(TIMELINE)


def made(name):
    """The mechanism for queries of width D and keys of width K, or of the one width that it allows."""
    torch.manual_seed(0)
    if name == "intra":
        return Intra(D - 2, 2, HIDDEN).eval()
    equal = TIMELINE[name].equal_widths
    return build(name, D, D if equal else K, HIDDEN, 2, 9).eval()


def inputs(mechanism, dtype=torch.float32):
    generator = torch.Generator().manual_seed(3)
    width = 2 if isinstance(mechanism, Intra) else D if mechanism.equal_widths else K
    query, keys = (torch.randn(3, n, d, generator=generator).to(dtype) for n, d in ((4, D), (7, width)))
    mask = torch.arange(7)[None, None] < torch.tensor([7, 4, 1])[:, None, None]
    return query, keys, mask


def attend(mechanism, query, keys, mask, step=None):
    """Context and weights (B, T, S), of several heads the mean: what holds for each head holds for it."""
    context, weights = mechanism(query, mechanism.project(keys), keys, mask, step)
    return Attended(context, weights.mean(1) if weights.dim() == 4 else weights)


@pytest.fixture(params=MECHANISMS)
def mechanism(request):
    return made(request.param)


def test_every_mechanism_is_listed():
    mechanisms = set()
    for module in pkgutil.iter_modules(attention.__path__):
        for thing in vars(import_module(f"reproductions.attention.{module.name}")).values():
            if isinstance(thing, type) and issubclass(thing, Attention) and not isabstract(thing):
                mechanisms.add(thing)
    assert mechanisms == {*TIMELINE.values(), *CONTROLS.values()} and len(TIMELINE) + len(CONTROLS) == len(mechanisms)


def test_the_control_looks_at_all_words_alike_and_is_no_row_of_the_timeline():
    mechanism = build("uniform", D, K, HIDDEN, 2, 9)
    query, keys, mask = inputs(mechanism)
    weights = attend(mechanism, query, keys, mask).weights
    torch.testing.assert_close(weights, (mask / mask.sum(-1, keepdim=True)).expand_as(weights))
    assert not list(mechanism.parameters()) and "uniform" not in TIMELINE


def test_the_timeline_is_in_order_of_year_and_names_its_papers():
    years = [kind.year for kind in TIMELINE.values()]
    assert years == sorted(years)
    assert all(kind.paper for kind in TIMELINE.values())


def test_a_mechanism_is_a_class_and_a_line(monkeypatch):
    class Nearest(Attention):
        """Negative distance of the widths that the query and key have in common."""

        def __init__(self, query: int, key: int) -> None:
            super().__init__()
            self.width = min(query, key)

        def score(self, query, keys):
            return -torch.cdist(query[..., : self.width], keys[..., : self.width])

    monkeypatch.setitem(TIMELINE, "nearest", Nearest)
    mechanism = build("nearest", D, K, HIDDEN, 2, 9)
    assert mechanism.width == D and attend(mechanism, *inputs(mechanism)).weights.shape == (3, 4, 7)
    check_name("nearest")


def test_weights_are_zero_where_masked_and_rows_sum_to_one(mechanism):
    """To less than one under the Gaussian of local-p."""
    query, keys, mask = inputs(mechanism)
    context, weights = attend(mechanism, query, keys, mask)
    assert context.shape == (3, 4, keys.shape[2]) and weights.shape == (3, 4, 7)
    assert (weights[~mask.expand_as(weights)] == 0).all() and (weights >= 0).all()
    if isinstance(mechanism, LocalPredictive):
        assert (weights.sum(-1) < 1).all() and (weights.sum(-1) > 0.1).all()
    else:
        torch.testing.assert_close(weights.sum(-1), torch.ones(3, 4))
    if not isinstance(mechanism, MultiHeadOverSource):  # whose values are other ones in each head
        torch.testing.assert_close(context, torch.einsum("bts,bse->bte", weights, keys))


def test_a_mask_for_each_query_is_obeyed(mechanism):
    """Positions before the query's own, as a decoder that reads itself has them; the first row may attend nothing."""
    query, keys, _ = inputs(mechanism)
    earlier = torch.ones(4, 7, dtype=torch.bool).tril(-1).expand(3, 4, 7)
    weights = attend(mechanism, query, keys, earlier).weights
    assert (weights[~earlier] == 0).all() and (weights[:, 1:].sum(-1) > 0).all()


def test_a_row_that_may_attend_nothing_gives_zeros_and_finite_gradients(mechanism):
    query, keys, mask = inputs(mechanism)
    keys.requires_grad_()
    mask = mask.clone()
    mask[1] = False
    context, weights = attend(mechanism.train(), query, keys, mask)
    assert (weights[1] == 0).all() and (context[1] == 0).all()
    context.square().sum().backward()
    assert torch.isfinite(keys.grad).all()
    assert all(torch.isfinite(p.grad).all() for p in mechanism.parameters())


def test_a_vector_of_zeros_gives_finite_weights_and_gradients(mechanism):
    """The first state of a decoder, and the embedding of padding."""
    query, keys, mask = (x.clone() for x in inputs(mechanism))
    query[0], keys[1, 2] = 0, 0
    query.requires_grad_(), keys.requires_grad_()
    weights = attend(mechanism, query, keys, mask).weights
    (weights * torch.rand_like(weights)).sum().backward()
    for grad in (query.grad, keys.grad):
        assert grad is None or (torch.isfinite(grad).all() and grad.abs().max() < 1e4)


@pytest.mark.parametrize("name", [name for name in MECHANISMS if name not in BY_PLACE])
def test_permuting_the_source_permutes_the_weights(name):
    mechanism = made(name)
    query, keys, _ = inputs(mechanism)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
    straight, permuted = (attend(mechanism, query, k, None).weights for k in (keys, keys[:, order]))
    torch.testing.assert_close(permuted, straight[:, :, order])


@pytest.mark.parametrize("name", sorted(BY_PLACE))
def test_where_place_counts_permuting_the_source_does_not_permute_the_weights(name):
    mechanism = made(name)
    query, keys, _ = inputs(mechanism)
    straight, turned = (attend(mechanism, query, k, None).weights for k in (keys, keys.flip(1)))
    assert (turned - straight.flip(2)).abs().max() > 0.01


def test_location_based_attention_does_not_hear_what_the_source_says():
    mechanism = made("location")
    query, keys, mask = inputs(mechanism)
    weights = [attend(mechanism, query, k, mask).weights for k in (keys, keys.flip(1), torch.zeros_like(keys))]
    assert torch.equal(weights[0], weights[1]) and torch.equal(weights[0], weights[2])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_finite_and_close(mechanism, dtype):
    exact = attend(mechanism, *inputs(mechanism)).weights
    query, keys, mask = inputs(mechanism, dtype)
    half = attend(mechanism.to(dtype), query, keys, mask).weights
    assert torch.isfinite(half).all()
    torch.testing.assert_close(half.float(), exact, atol=0.03, rtol=0)


# --- One is the other ---------------------------------------------------------------------------------------------------


def square(generator=None):
    """Queries and keys of one width, so that every mechanism can be compared with every other."""
    generator = generator or torch.Generator().manual_seed(5)
    return torch.randn(2, 4, D, generator=generator), torch.randn(2, 7, D, generator=generator)


def test_general_with_the_identity_is_dot():
    query, keys = square()
    general = General(D, D)
    nn.init.eye_(general.W_a.weight)
    torch.testing.assert_close(attend(general, query, keys, None), attend(Dot(), query, keys, None))


def test_concat_is_its_formula_and_splits_into_additive():
    query, keys = square()
    concat, additive = Concat(D, D, HIDDEN), Additive(D, D, HIDDEN)
    with torch.no_grad():
        additive.W_a.weight.copy_(concat.W_a.weight[:, :D])
        additive.U_a.weight.copy_(concat.W_a.weight[:, D:])
        additive.U_a.bias.zero_()
        additive.v_a.copy_(concat.v_a)
    energies_of_concat = concat.score(query, concat.project(keys))
    torch.testing.assert_close(energies_of_concat, additive.score(query, additive.project(keys)))
    side_by_side = torch.cat([query[:, :, None].expand(2, 4, 7, D), keys[:, None].expand(2, 4, 7, D)], dim=-1)
    torch.testing.assert_close(energies_of_concat, torch.tanh(concat.W_a(side_by_side)) @ concat.v_a)


def test_scaled_dot_is_pytorch_s_own():
    query, keys = square()
    mask = torch.arange(7)[None, None] < torch.tensor([7, 3])[:, None, None]
    theirs = nn.functional.scaled_dot_product_attention(query, keys, keys, mask)
    torch.testing.assert_close(attend(ScaledDot(), query, keys, mask).context, theirs)


def test_the_scale_keeps_the_variance_of_a_score_at_one():
    """Footnote 4 of Vaswani et al.: for components of variance 1, q . k has variance d_k."""
    scores = ScaledDot().score(torch.randn(1, 400, 256), torch.randn(1, 400, 256))
    assert scores.var().item() == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("name", ["local_monotonic", "local_predictive"])
def test_local_with_an_unbounded_window_is_general(name):
    local, (query, keys) = build(name, D, D, HIDDEN, 10**6, 9), square()
    mask = torch.arange(7)[None, None] < torch.tensor([7, 3])[:, None, None]
    general = General(D, D)
    general.load_state_dict({"W_a.weight": local.W_a.weight})
    torch.testing.assert_close(attend(local, query, keys, mask), attend(general, query, keys, mask))


@pytest.mark.parametrize("name", ["local_monotonic", "local_predictive"])
def test_local_with_the_dot_score_and_an_unbounded_window_is_dot(name):
    local, (query, keys) = build(name, D, D, HIDDEN, 10**6, 9, "dot"), square()
    assert "W_a.weight" not in local.state_dict()
    torch.testing.assert_close(attend(local, query, keys, None), attend(Dot(), query, keys, None))
    with pytest.raises(ValueError, match="keys as wide as the query"):
        build(name, D, D + 1, HIDDEN, 3, 9, "dot")


def test_soft_is_additive_under_another_name():
    query, keys = square()
    soft, additive = Soft(D, D, HIDDEN), Additive(D, D, HIDDEN)
    additive.load_state_dict(soft.state_dict())
    torch.testing.assert_close(attend(soft, query, keys, None), attend(additive, query, keys, None))


def test_intra_is_additive_over_word_and_summary_side_by_side():
    query, keys = square()
    intra, additive = Intra(2, 4, HIDDEN), Additive(6, 4, HIDDEN)
    with torch.no_grad():
        additive.W_a.weight.copy_(torch.cat([intra.W_x.weight, intra.W_h_tilde.weight], dim=1))
        additive.U_a.load_state_dict(intra.W_h.state_dict())
        additive.v_a.copy_(intra.v)
    keys = keys[..., :4]
    torch.testing.assert_close(attend(intra, query, keys, None), attend(additive, query, keys, None))


# --- Content, place, draw -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.5, 100.0])
def test_content_based_attention_ignores_the_length_of_keys_and_of_the_query_s_key(factor):
    content, (query, keys) = ContentBased(D, D), square()
    weights = attend(content, query, keys, None).weights
    longer = keys * torch.linspace(1, factor, 7)[:, None]
    torch.testing.assert_close(attend(content, query, longer, None).weights, weights, atol=1e-4, rtol=0)
    with torch.no_grad():
        content.W_k.weight.mul_(factor)
    torch.testing.assert_close(attend(content, query, keys, None).weights, weights, atol=1e-4, rtol=0)


def test_hard_attention_is_soft_attention_at_zero_temperature():
    query, keys = square()
    soft, hard = Soft(D, D, HIDDEN), Hard(D, D, HIDDEN, temperature=0)
    hard.load_state_dict(soft.state_dict())
    expected = nn.functional.one_hot(attend(soft, query, keys, None).weights.argmax(-1), 7).float()
    assert torch.equal(attend(hard.train(), query, keys, None).weights, expected)
    with torch.no_grad():
        soft.v_a.mul_(1e6)  # the limit itself: soft attention, its energies over a temperature of 1 / 1e6
    torch.testing.assert_close(attend(soft, query, keys, None).weights, expected)


def test_hard_attention_draws_in_training_with_soft_attention_s_probabilities_and_takes_the_largest_otherwise():
    torch.manual_seed(0)
    hard = Hard(D, D, HIDDEN)
    query, keys = (x[:1] for x in square())
    mask = torch.arange(7)[None, None] < 5
    alpha = hard.soft(hard.score(query, hard.project(keys)), mask)
    many = torch.stack([hard.train().draw(alpha) for _ in range(4000)])
    assert ((many == 0) | (many == 1)).all() and (many.sum(-1) == 1).all()
    torch.testing.assert_close(many.mean(0), alpha, atol=0.03, rtol=0)
    assert (many[..., 5:] == 0).all()
    assert torch.equal(hard.eval().draw(alpha).argmax(-1), alpha.argmax(-1))


def test_no_gradient_passes_a_draw_but_straight_through_it_is_that_of_soft_attention():
    query, keys = square()
    hard, through, soft = Hard(D, D, HIDDEN), Hard(D, D, HIDDEN, straight_through=True), Soft(D, D, HIDDEN)
    through.load_state_dict(hard.state_dict()), soft.load_state_dict(hard.state_dict())
    target, grads = torch.randn(2, 4, D), []
    for one in (through, soft):
        (attend(one, query, keys, None).context * target).sum().backward()
        grads.append(one.v_a.grad)
    torch.testing.assert_close(*grads)
    assert not attend(hard, query, keys, None).weights.requires_grad
    weights = attend(through, query, keys, None).weights
    assert ((weights == 0) | (weights == 1)).all()


def test_the_score_function_gradient_is_right_on_average_for_any_baseline_and_the_baseline_decides_its_noise():
    """alpha (1/2, 1/2), p(y|s) (0.8, 0.2): the gradient of L_s by the energies is (ln 4 / 4, -ln 4 / 4)."""
    log_p = torch.tensor([0.8, 0.2]).log()
    variances = []
    for baseline in (0.0, -0.9, 5.0):
        grads = []
        for place in range(2):  # every draw there is, each as probable as the other
            energies = torch.zeros(1, 1, 2, requires_grad=True)
            s = nn.functional.one_hot(torch.tensor([[place]]), 2).float()
            ((log_p[place] - baseline) * log_probability(energies.softmax(-1), s)).sum().backward()
            grads.append(energies.grad[0, 0])
        torch.testing.assert_close(sum(grads) / 2, torch.tensor([0.346574, -0.346574]))
        variances.append(torch.stack(grads)[:, 0].var(correction=0).item())
    assert variances == pytest.approx([0.2099, 0.000066, 8.75], rel=0.02)
    assert (0.5 * log_p).sum().item() == pytest.approx(-0.916291)


def test_entropy_by_hand():
    energies = torch.tensor([[[math.log(3), 0.0]]], requires_grad=True)
    H = entropy(energies.softmax(-1))
    assert H.item() == pytest.approx(0.562335)
    H.sum().backward()
    torch.testing.assert_close(energies.grad[0, 0], torch.tensor([-0.205990, 0.205990]))
    assert (
        entropy(torch.zeros(1, 1, 3)).item() == 0 and log_probability(torch.zeros(1, 1, 3), torch.zeros(1, 1, 3)) == 0
    )


@pytest.mark.parametrize(("alpha", "expected"), [
    ([[0.75, 0.25], [0.25, 0.75]], 0.0), ([[1.0, 0.0], [1.0, 0.0]], 2.0), ([[0.5, 0.5]] * 3, 0.5),
])  # fmt: skip
def test_the_doubly_stochastic_penalty_by_hand(alpha, expected):
    assert doubly_stochastic(torch.tensor([alpha])).item() == pytest.approx(expected)


# --- By hand ------------------------------------------------------------------------------------------------------------

LN3, HALF = math.log(3), math.atanh(0.5)  # energies (ln 3, 0) are weights (3/4, 1/4); tanh(HALF) is 1/2
GAUSSIAN = [0.027067, 0.121306, 0.2, 0.121306, 0.027067]  # of sigma 1, times 1/5
# A mechanism; the parameters that are not zero; a query, keys, and the weights that they have.
BY_HAND = [
    (Dot(), {}, [1, 0], [[LN3, 5], [0, 7]], [3 / 4, 1 / 4]),
    (General(2, 2), {"W_a.weight": [[0, LN3 / 2], [0, 0]]}, [1, 0], [[LN3, 5], [0, 7]], [1 / 4, 3 / 4]),
    (LocationBased(1, 4), {"W_a.weight": [[0], [math.log(2)], [LN3], [0]]}, [1], [[5], [6], [7]], [1 / 6, 1 / 3, 1 / 2]),
    (ContentBased(2, 2), {"W_k.weight": [[1, 0], [0, 1]]}, [1, 0], [[1, 0], [0, 1], [-1, 0]], [4 / 7, 2 / 7, 1 / 7]),
    (Additive(1, 1, 2), {"U_a.weight": [[HALF], [0]], "v_a": [2 * LN3, 1]}, [1], [[1], [0]], [3 / 4, 1 / 4]),
    (Intra(1, 1, 1), {"W_h.weight": [[1]], "v": [2 * LN3]}, [1, 1], [[HALF], [0]], [3 / 4, 1 / 4]),
    (LocalPredictive(1, 1, 3, window=2), {}, [0], [[0]] * 10, [0, 0, 0, *GAUSSIAN, 0, 0]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("mechanism", "parameters", "query", "keys", "weights"), BY_HAND, ids=lambda value: type(value).__name__
)
def test_weights_are_those_worked_out_by_hand(mechanism, parameters, query, keys, weights):
    with torch.no_grad():
        for name, parameter in mechanism.named_parameters():
            parameter.copy_(torch.tensor(parameters.get(name, 0.0)))
    attended = attend(mechanism, torch.tensor([[query]]).float(), torch.tensor([keys]).float(), None)
    torch.testing.assert_close(attended.weights[0, 0], torch.tensor(weights).float(), atol=1e-6, rtol=0)


MASKS = {
    "everything": None,
    "padding": (torch.arange(7) < torch.tensor([7, 4, 1])[:, None])[:, None, None],
    "causal": torch.ones(7, 7, dtype=torch.bool).tril(),
    "nothing for one": (torch.arange(7) < torch.tensor([7, 0, 3])[:, None])[:, None, None],
}


def multi_head(**options):
    torch.manual_seed(1)
    return MultiHead(24, 3, **options), torch.randn(3, 7, 24)


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_without_weights_the_context_is_the_same(mask):
    ours, x = multi_head()
    with_weights = ours(x, *ours.project(x), mask)
    without = ours(x, *ours.project(x), mask, need_weights=False)
    torch.testing.assert_close(without.context, with_weights.context)
    assert without.weights.shape == (3, 0, 7, 7) and with_weights.weights.shape == (3, 3, 7, 7)


@pytest.mark.parametrize("mask", [MASKS["everything"], MASKS["padding"], MASKS["causal"]])
def test_multi_head_is_torch_s_with_the_same_weights(mask):
    ours, x = multi_head(bias=True)
    theirs = nn.MultiheadAttention(24, 3, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours.W_Q.weight, ours.W_K.weight, ours.W_V.weight]))
        theirs.in_proj_bias.copy_(torch.cat([ours.W_Q.bias, ours.W_K.bias, ours.W_V.bias]))
        theirs.out_proj.load_state_dict(ours.W_O.state_dict())
    forbidden = None if mask is None else ~mask.expand(3, 3, 7, 7).reshape(9, 7, 7)
    context, weights = theirs(x, x, x, attn_mask=forbidden, average_attn_weights=False)
    attended = ours(x, *ours.project(x), mask)
    torch.testing.assert_close(attended.context, context)
    torch.testing.assert_close(attended.weights, weights)


def test_one_head_that_projects_nothing_is_scaled_dot_product():
    ours, x = MultiHead(24, 1), torch.randn(3, 7, 24)
    for layer in (ours.W_Q, ours.W_K, ours.W_V, ours.W_O):
        nn.init.eye_(layer.weight)
    torch.testing.assert_close(ours(x, *ours.project(x), None).context, ScaledDot()(x, x, x).context)


def test_multi_head_over_a_source_is_multi_head_with_queries_of_another_width():
    torch.manual_seed(1)
    over, (query, keys, mask) = MultiHeadOverSource(D, K), inputs(MultiHeadOverSource(D, K))
    ours = MultiHead(K, 4)
    ours.load_state_dict(over.multi_head.state_dict() | {"W_Q.weight": torch.eye(K)})
    asked = over.multi_head.W_Q(query)
    expected = ours(asked, *ours.project(keys), mask[:, None])
    attended = over(query, over.project(keys), keys, mask)
    torch.testing.assert_close(attended, expected)
    assert attended.weights.shape == (3, 4, 4, 7)
    torch.testing.assert_close(
        over.score(query, over.project(keys)).softmax(-1)[0], attended.weights[0]
    )  # nothing masked
    torch.testing.assert_close(over.norms(over.project(keys), keys), ours.norms(ours.project(keys)[1]))
    with pytest.raises(ValueError, match="4 heads share the width of an annotation, and 10 is no multiple of 4"):
        build("multi_head", D, 10, HIDDEN, 2, 9)


def test_weights_are_returned_before_dropout():
    ours, x = multi_head(dropout=0.5)
    dropped, kept = ours.train()(x, *ours.project(x), None), ours.eval()(x, *ours.project(x), None)
    torch.testing.assert_close(dropped.weights, kept.weights)
    assert (dropped.context - kept.context).abs().max() > 0.01


def test_the_norm_of_a_value_is_the_length_of_what_it_adds():
    """Attend to one position alone: the result of each head is then V_i W_O_i of that position."""
    ours, x = multi_head()
    _, V = ours.project(x)
    W = ours.W_O.weight.unflatten(1, (3, 8))
    for head in range(3):
        added = V[:, head] @ W[:, head].T
        torch.testing.assert_close(ours.norms(V)[:, head], added.norm(dim=-1))
