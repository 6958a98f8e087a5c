"""Beam search finds the best translation of all; what else holds for decoding is in ``test_every_translator``."""

import itertools

import pytest
import torch
from translators import EOS, VOCABULARY, batch, built

from data.tokenizers import UNK
from reproductions.decoding import length_penalty
from reproductions.training.translation import Search, decode

LONGEST = 3


def candidates():
    """Every translation of at most three words: for each number of words all there are, as a tensor of ids."""
    words = [word for word in range(VOCABULARY) if word != EOS]
    for length in range(1, LONGEST + 1):
        last = range(VOCABULARY) if length == LONGEST else [EOS]
        yield torch.tensor([(*head, end) for head in itertools.product(words, repeat=length - 1) for end in last])


def best_of_all(model, source, mask, alpha, forbidden):
    """The ids that one source is translated into with the largest log p by the length penalty."""
    scored = []
    for ids in candidates():
        logits, _ = model(source.expand(len(ids), -1), mask.expand(len(ids), -1), ids)
        log_p = logits.log_softmax(-1).gather(2, ids[..., None]).sum((1, 2)) / length_penalty(ids.shape[1], alpha)
        if forbidden is not None:
            log_p[(ids == forbidden).any(1)] = -torch.inf
        scored.append((log_p.max().item(), ids[log_p.argmax()].tolist()))
    return max(scored)[1]


@pytest.mark.parametrize("name", ["rnnsearch additive", "rnnsearch none", "transformer"])
@pytest.mark.parametrize(("alpha", "forbidden"), [(0.0, None), (1.0, None), (0.0, UNK)])
def test_a_beam_as_wide_as_the_space_finds_the_best_of_all(name, alpha, forbidden, monkeypatch):
    model, (source, mask, _) = built(name), batch(name)
    monkeypatch.setattr(model, "limit", lambda lengths: torch.full_like(lengths, LONGEST))
    found = decode(Search(VOCABULARY**LONGEST, alpha, forbidden is not None), model, source, mask, EOS)
    for b, length in enumerate(mask.sum(1).tolist()):
        one = source[b : b + 1, :length], mask[b : b + 1, :length]
        assert found[b].ids == best_of_all(model, *one, alpha, forbidden)


def test_a_penalty_that_favours_short_sentences_is_refused_because_a_beam_stops_too_early():
    with pytest.raises(ValueError, match="search.alpha must be 0 or more, not -1.0"):
        Search(4, -1.0)


@pytest.mark.parametrize(("length", "penalty"), [(5, 1.3587), (10, 1.7329), (20, 2.3544), (30, 2.8810)])
def test_the_length_penalty_is_that_of_wu_et_al(length, penalty):
    assert length_penalty(length, 0.6) == pytest.approx(penalty, abs=5e-5)
