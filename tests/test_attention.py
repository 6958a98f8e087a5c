"""Attention mechanisms: what holds for every one, and the numbers that can be checked by hand."""

import math
import pkgutil
from importlib import import_module
from inspect import isabstract

import pytest
import torch

from reproductions import attention
from reproductions.attention import TIMELINE, Attention, masked_softmax

D, K = 6, 8
BUILD = {"additive": lambda: TIMELINE["additive"](D, K, 5)}


def inputs(dtype=torch.float32):
    generator = torch.Generator().manual_seed(3)
    query, keys = (torch.randn(3, n, d, generator=generator).to(dtype) for n, d in ((4, D), (7, K)))
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
    query, keys, mask = inputs()
    context, weights = attend(mechanism, query, keys, mask)
    assert context.shape == (3, 4, K) and weights.shape == (3, 4, 7)
    assert (weights[~mask.expand_as(weights)] == 0).all() and (weights >= 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 4))
    torch.testing.assert_close(context, torch.einsum("bts,bse->bte", weights, keys))


def test_a_row_that_may_attend_nothing_gives_zeros_and_finite_gradients(mechanism):
    query, keys, mask = inputs()
    keys.requires_grad_()
    mask = mask.clone()
    mask[1] = False
    context, weights = attend(mechanism, query, keys, mask)
    assert (weights[1] == 0).all() and (context[1] == 0).all()
    context.square().sum().backward()
    assert torch.isfinite(keys.grad).all()
    assert all(torch.isfinite(p.grad).all() for p in mechanism.parameters())


def test_gradient_reaches_every_parameter(mechanism):
    attend(mechanism, *inputs()).context.square().sum().backward()
    # A bias that shifts all scores alike may have no effect; everything else must.
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in mechanism.parameters())


def test_permuting_the_source_permutes_the_weights(mechanism):
    query, keys, _ = inputs()
    order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
    straight, permuted = (attend(mechanism, query, k, None).weights for k in (keys, keys[:, order]))
    torch.testing.assert_close(permuted, straight[:, :, order])


def test_one_query_at_a_time_equals_all_at_once(mechanism):
    query, keys, mask = inputs()
    together = attend(mechanism, query, keys, mask)
    for t in range(4):
        alone = attend(mechanism, query[:, t : t + 1], keys, mask)
        torch.testing.assert_close(alone.weights, together.weights[:, t : t + 1])


def test_padding_changes_nothing(mechanism):
    query, keys, mask = inputs()
    alone = attend(mechanism, query[1:2], keys[1:2, :4], None)
    padded = attend(mechanism, query, keys, mask)
    torch.testing.assert_close(padded.weights[1:2, :, :4], alone.weights)
    torch.testing.assert_close(padded.context[1:2], alone.context)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_finite_and_close(mechanism, dtype):
    exact = attend(mechanism, *inputs()).weights
    query, keys, mask = inputs(dtype)
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
