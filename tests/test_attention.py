"""Attention mechanisms: what holds for every one, and the numbers that can be checked by hand."""

import math
import pkgutil
from importlib import import_module
from inspect import isabstract

import pytest
import torch
from torch import nn

from reproductions import attention
from reproductions.attention import TIMELINE, Attention, MultiHead, ScaledDot, masked_softmax

D, K = 6, 8
BUILD = {"additive": lambda: TIMELINE["additive"](D, K, 5), "scaled_dot": TIMELINE["scaled_dot"]}


def inputs(mechanism, dtype=torch.float32):
    generator = torch.Generator().manual_seed(3)
    width = D if isinstance(mechanism, ScaledDot) else K  # a dot product needs keys as wide as queries
    query, keys = (torch.randn(3, n, d, generator=generator).to(dtype) for n, d in ((4, D), (7, width)))
    mask = torch.arange(7)[None, None] < torch.tensor([7, 4, 1])[:, None, None]
    return query, keys, mask


def attend(mechanism, query, keys, mask):
    return mechanism(query, mechanism.project(keys), keys, mask)


@pytest.fixture(params=sorted(TIMELINE))
def mechanism(request):
    torch.manual_seed(0)
    return BUILD[request.param]()


def test_every_mechanism_is_listed():
    found = set()
    for module in pkgutil.iter_modules(attention.__path__):
        for thing in vars(import_module(f"reproductions.attention.{module.name}")).values():
            if isinstance(thing, type) and issubclass(thing, Attention) and not isabstract(thing):
                found.add(thing)
    assert found == set(TIMELINE.values())
    assert set(BUILD) == set(TIMELINE)


def test_weights_are_zero_where_masked_and_rows_sum_to_one(mechanism):
    query, keys, mask = inputs(mechanism)
    context, weights = attend(mechanism, query, keys, mask)
    assert context.shape == (3, 4, keys.shape[2]) and weights.shape == (3, 4, 7)
    assert (weights[~mask.expand_as(weights)] == 0).all() and (weights >= 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 4))
    torch.testing.assert_close(context, torch.einsum("bts,bse->bte", weights, keys))


def test_a_row_that_may_attend_nothing_gives_zeros_and_finite_gradients(mechanism):
    query, keys, mask = inputs(mechanism)
    keys.requires_grad_()
    mask = mask.clone()
    mask[1] = False
    context, weights = attend(mechanism, query, keys, mask)
    assert (weights[1] == 0).all() and (context[1] == 0).all()
    context.square().sum().backward()
    assert torch.isfinite(keys.grad).all()
    assert all(torch.isfinite(p.grad).all() for p in mechanism.parameters())


def test_gradient_reaches_every_parameter_and_the_query_and_keys(mechanism):
    query, keys, mask = inputs(mechanism)
    given = [query.requires_grad_(), keys.requires_grad_()]  # of a mechanism without parameters, all that learns
    attend(mechanism, query, keys, mask).context.square().sum().backward()
    # A bias that shifts all scores alike may have no effect; everything else must.
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in [*mechanism.parameters(), *given])


def test_permuting_the_source_permutes_the_weights(mechanism):
    query, keys, _ = inputs(mechanism)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
    straight, permuted = (attend(mechanism, query, k, None).weights for k in (keys, keys[:, order]))
    torch.testing.assert_close(permuted, straight[:, :, order])


def test_one_query_at_a_time_equals_all_at_once(mechanism):
    query, keys, mask = inputs(mechanism)
    together = attend(mechanism, query, keys, mask)
    for t in range(4):
        alone = attend(mechanism, query[:, t : t + 1], keys, mask)
        torch.testing.assert_close(alone.weights, together.weights[:, t : t + 1])


def test_padding_changes_nothing(mechanism):
    query, keys, mask = inputs(mechanism)
    alone = attend(mechanism, query[1:2], keys[1:2, :4], None)
    padded = attend(mechanism, query, keys, mask)
    torch.testing.assert_close(padded.weights[1:2, :, :4], alone.weights)
    torch.testing.assert_close(padded.context[1:2], alone.context)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_finite_and_close(mechanism, dtype):
    exact = attend(mechanism, *inputs(mechanism)).weights
    query, keys, mask = inputs(mechanism, dtype)
    half = attend(mechanism.to(dtype), query, keys, mask).weights
    assert torch.isfinite(half).all()
    torch.testing.assert_close(half.float(), exact, atol=0.02, rtol=0)


def additive_by_hand(v):
    mechanism = TIMELINE["additive"](1, 1, 2)
    with torch.no_grad():
        for parameter in mechanism.parameters():
            parameter.zero_()
        mechanism.U_a.weight[0] = math.atanh(0.5)
        mechanism.v_a[:] = v
    return attend(mechanism, torch.ones(1, 1, 1), torch.tensor([[[1.0], [0.0]]]), None).weights[0, 0]


def test_additive_by_hand():
    """v = 2 ln 3 and tanh(U h) = (1/2, 0): energies (ln 3, 0), weights (3/4, 1/4)."""
    torch.testing.assert_close(additive_by_hand(2 * math.log(3)), torch.tensor([0.75, 0.25]))


def test_additive_is_uniform_where_v_is_zero():
    torch.testing.assert_close(additive_by_hand(0.0), torch.tensor([0.5, 0.5]))


def test_masked_softmax_of_everything_is_softmax():
    scores = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(masked_softmax(scores, None), scores.softmax(-1))
    torch.testing.assert_close(masked_softmax(scores, torch.ones(2, 3, 5, dtype=torch.bool)), scores.softmax(-1))


def test_scaled_dot_by_hand():
    """Width 4, q = (2, 0, 0, 0), keys (ln 3, ..) and zero: energies (2 ln 3 / 2, 0), weights (3/4, 1/4)."""
    q, keys = torch.zeros(1, 1, 4), torch.zeros(1, 2, 4)
    q[..., 0], keys[0, 0, 0] = 2, math.log(3)
    torch.testing.assert_close(ScaledDot()(q, keys, keys).weights[0, 0], torch.tensor([0.75, 0.25]))


def test_the_scale_keeps_the_variance_of_a_score_at_one():
    """Footnote 4 of Vaswani et al.: for components of variance 1, q . k has variance d_k."""
    scores = ScaledDot().score(torch.randn(1, 400, 256), torch.randn(1, 400, 256))
    assert scores.var().item() == pytest.approx(1, rel=0.05)


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
    found = ours(x, *ours.project(x), mask)
    torch.testing.assert_close(found.context, context)
    torch.testing.assert_close(found.weights, weights)


def test_one_head_that_projects_nothing_is_scaled_dot_product():
    ours, x = MultiHead(24, 1), torch.randn(3, 7, 24)
    for layer in (ours.W_Q, ours.W_K, ours.W_V, ours.W_O):
        nn.init.eye_(layer.weight)
    torch.testing.assert_close(ours(x, *ours.project(x), None).context, ScaledDot()(x, x, x).context)


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
