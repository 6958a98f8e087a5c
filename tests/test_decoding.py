"""Greedy and beam search: exact against brute force, the same alone or in a batch, maps that belong to the words."""

import itertools

import pytest
import torch

from reproductions.bahdanau2014.model import Network, RNNsearch
from reproductions.decoding import beam, greedy, length_penalty
from reproductions.transformer2017 import model as transformer2017

EOS, VOCABULARY = 2, 7


def rnnsearch(attention):
    return RNNsearch(20, VOCABULARY, Network(hidden=16, embedding=8, maxout=6, alignment=8, attention=attention))


def transformer():
    sizes = transformer2017.Network(layers=2, d_model=16, d_ff=24, heads=2, dropout=0.0, max_length=24, tied="none")
    return transformer2017.Transformer(20, VOCABULARY, sizes)


BUILD = {
    "RNNsearch": (0, lambda: rnnsearch("additive")), "RNNsearch again": (1, lambda: rnnsearch("additive")),
    "RNNencdec": (2, lambda: rnnsearch("none")), "Transformer": (3, transformer),
}  # fmt: skip


@pytest.fixture(params=BUILD)
def model(request):
    seed, build = BUILD[request.param]
    torch.manual_seed(seed)
    built = build()
    for parameter in built.parameters():
        parameter.data.mul_(3)
    return built.eval()


def batch():
    mask = torch.arange(7)[None] < torch.tensor([7, 5, 3, 6, 2, 4])[:, None]
    return torch.randint(3, 20, (6, 7), generator=torch.Generator().manual_seed(5)) * mask, mask


def searches(model, source, mask):
    yield greedy(model, source, mask, EOS)
    yield beam(model, source, mask, EOS, 4, alpha=0.6)


def forced(model, source, mask, b, ids):
    length = int(mask[b].sum())
    logits, maps = model(source[b : b + 1, :length], mask[b : b + 1, :length], torch.tensor([ids]))
    return logits.log_softmax(-1)[0].gather(1, torch.tensor(ids)[:, None]).sum().item(), maps[0]


def test_a_beam_of_one_is_greedy(model):
    for one, other in zip(greedy(model, *batch(), EOS), beam(model, *batch(), EOS, 1), strict=True):
        assert one.ids == other.ids
        assert one.log_probability == pytest.approx(other.log_probability, abs=1e-4)
        torch.testing.assert_close(one.maps, other.maps)


def test_score_and_maps_are_those_of_the_same_words_forced(model):
    source, mask = batch()
    for hypotheses in searches(model, source, mask):
        for b, hypothesis in enumerate(hypotheses):
            score, maps = forced(model, source, mask, b, hypothesis.ids)
            assert hypothesis.log_probability == pytest.approx(score, abs=1e-3)
            torch.testing.assert_close(hypothesis.maps, maps, atol=1e-5, rtol=1e-4)


def test_a_sentence_translates_the_same_alone_and_in_any_batch(model):
    source, mask = batch()
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    together = list(searches(model, source, mask))
    shuffled = list(searches(model, source[order], mask[order]))
    for b in range(6):
        length = int(mask[b].sum())
        alone = list(searches(model, source[b : b + 1, :length], mask[b : b + 1, :length]))
        for method in range(2):
            assert alone[method][0].ids == together[method][b].ids
            assert shuffled[method][order.tolist().index(b)].ids == together[method][b].ids


def test_every_translation_ends_or_reaches_the_limit(model):
    source, mask = batch()
    for hypotheses in searches(model, source, mask):
        for hypothesis, limit in zip(hypotheses, model.limit(mask.sum(1)).tolist(), strict=True):
            assert EOS not in hypothesis.ids[:-1]
            assert hypothesis.ids[-1] == EOS or len(hypothesis.ids) == limit


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_a_beam_as_wide_as_the_space_finds_the_best_of_all(model, alpha):
    source, mask = batch()
    limit = torch.full((6,), 3)
    words = [w for w in range(VOCABULARY) if w != EOS]
    endings = [(*head, EOS) for n in range(3) for head in itertools.product(words, repeat=n)]
    candidates = [list(ids) for ids in [*endings, *itertools.product(words, repeat=3)]]
    best_of_beam = beam(model, source, mask, EOS, VOCABULARY**3, alpha, limit)
    for b in range(6):
        best = max(candidates, key=lambda ids: forced(model, source, mask, b, ids)[0] / length_penalty(len(ids), alpha))
        assert best_of_beam[b].ids == best


@pytest.mark.parametrize(("length", "penalty"), [(5, 1.3587), (10, 1.7329), (20, 2.3544), (30, 2.8810)])
def test_the_length_penalty_is_that_of_wu_et_al(length, penalty):
    assert length_penalty(length, 0.6) == pytest.approx(penalty, abs=5e-5)
