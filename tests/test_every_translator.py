"""What holds for every model that writes words from a source: translators with every mechanism, and captioners."""

import pytest
import torch
from torch import nn
from translators import CAPTIONERS, EOS, EVERY_MECHANISM, TRANSLATORS, VOCABULARY, batch, built

from reproductions.bahdanau2014.model import Network as RNNsearchSizes
from reproductions.bahdanau2014.model import RNNsearch
from reproductions.bahdanau2014.training import initialise as as_rnnsearch
from reproductions.decoding import beam, greedy
from reproductions.luong2015.model import Attentional
from reproductions.luong2015.model import Network as LuongSizes
from reproductions.luong2015.training import initialise as as_luong
from reproductions.transformer2017.model import Network as TransformerSizes
from reproductions.transformer2017.model import Transformer
from reproductions.transformer2017.training import initialise as as_transformer

every_translator = pytest.mark.parametrize("name", TRANSLATORS)
every_model = pytest.mark.parametrize("name", [*TRANSLATORS, *CAPTIONERS])
both_decoders = pytest.mark.parametrize("decoder", ["rnnsearch", "luong"])


def one_of(b, source, mask, *more):
    """The b-th of a batch without its padding, as a batch of one."""
    source = source[b : b + 1] if source.dim() == 4 else source[b : b + 1, : mask[b].sum()]
    return source, mask[b : b + 1, : mask[b].sum()], *(part[b : b + 1] for part in more)


@every_model
def test_stepping_equals_all_at_once(name):
    model, (source, mask, target) = built(name), batch(name)
    logits, maps = model(source, mask, target)
    memory, state = model.encode(source, mask)
    previous = None
    for i in range(target.shape[1]):
        features, step_maps, state = model.step(memory, state, previous)
        torch.testing.assert_close(model.head(features), logits[:, i])
        torch.testing.assert_close(step_maps, maps[:, :, :, i : i + 1])
        previous = target[:, i]


@every_model
def test_a_word_depends_on_the_words_before_it_alone(name):
    model, (source, mask, target) = built(name), batch(name)
    other = target.clone()
    other[:, 3] = (other[:, 3] - 3 + 1) % (VOCABULARY - 3) + 3
    (logits, maps), (other_logits, other_maps) = model(source, mask, target), model(source, mask, other)
    moved = (logits - other_logits).abs().amax((0, 2)) > 1e-9
    assert moved.tolist() == [False] * 4 + [True] * 2
    torch.testing.assert_close(maps[..., :4, :], other_maps[..., :4, :])


@every_model
def test_a_source_is_read_alike_alone_and_padded_among_others(name):
    """Its maps are zero where the others go on; each row is shared out whole, or under local attention's Gaussian in part."""
    model, given = built(name), batch(name)
    (logits, maps), mask = model(*given), given[1]
    for b in range(len(mask)):
        alone, maps_alone = model(*one_of(b, *given))
        torch.testing.assert_close(logits[b : b + 1], alone)
        torch.testing.assert_close(maps[b : b + 1, ..., mask[b]], maps_alone)
        assert not maps[b, ..., ~mask[b]].any()
    whole = maps.sum(-1)
    if name.endswith("local_predictive"):
        assert ((whole > 0) & (whole < 1)).all()
    else:
        torch.testing.assert_close(whole, torch.ones_like(whole))


@every_translator
def test_features_without_maps_are_those_with_maps(name):
    model, given = built(name), batch(name)
    features, maps = model.features(*given)
    without, nothing = model.features(*given, need_weights=False)
    torch.testing.assert_close(features, without)
    assert nothing.numel() == 0 and bool(maps.numel()) == (not name.endswith("none"))


@every_translator
def test_gradient_reaches_every_parameter(name):
    model, given = built(name), batch(name)
    logits, _ = model(*given)
    nn.functional.cross_entropy(logits.flatten(0, 1), given[-1].flatten()).backward()
    assert [part for part, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


@every_translator
def test_half_precision_stays_finite(name):
    model, given = built(name).float().train(), batch(name)
    with torch.autocast("cpu", torch.bfloat16):
        logits, maps = model(*given)
        nn.functional.cross_entropy(logits.flatten(0, 1), given[-1].flatten()).backward()
    assert logits.isfinite().all() and maps.isfinite().all()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


# --- Decoding ---------------------------------------------------------------------------------------------------------


def searches(model, source, mask, limit=None):
    """What greedy search and a beam find: they end at different steps, and hypotheses of the beam change places."""
    if limit is not None:
        model.limit = lambda _: limit
    return greedy(model, source, mask, EOS), beam(model, source, mask, EOS, 3, 0.6)


@every_model
def test_a_beam_of_one_is_greedy(name):
    model, (source, mask, _) = built(name), batch(name)
    for one, other in zip(greedy(model, source, mask, EOS), beam(model, source, mask, EOS, 1), strict=True):
        assert one.ids == other.ids and one.log_probability == pytest.approx(other.log_probability)
        torch.testing.assert_close(one.maps, other.maps)


@every_model
def test_a_forbidden_word_gives_way_to_the_next_best_and_keeps_its_probability(name):
    model, (source, mask, _) = built(name), batch(name)
    forbidden = greedy(model, source, mask, EOS)[0].ids[0]
    found = greedy(model, source, mask, EOS, forbidden)[0]
    logits, _ = model(*one_of(0, source, mask), torch.tensor([found.ids]))
    logits[0, :, forbidden] -= 1000
    log_p, best = logits[0].max(-1)
    assert found.ids == best.tolist()
    logits[0, :, forbidden] += 1000
    assert found.log_probability == pytest.approx((log_p - logits[0].logsumexp(-1)).sum().item(), abs=1e-5)


@every_model
def test_score_and_maps_of_what_is_found_are_those_of_the_same_words_forced(name):
    model, (source, mask, _) = built(name), batch(name)
    for hypotheses in searches(model, source, mask, torch.tensor([9, 5, 3])):
        for b, hypothesis in enumerate(hypotheses):
            ids = torch.tensor([hypothesis.ids])
            logits, maps = model(*one_of(b, source, mask), ids)
            torch.testing.assert_close(hypothesis.maps, maps[0])
            log_p = logits.log_softmax(-1).gather(2, ids[..., None]).sum().item()
            assert hypothesis.log_probability == pytest.approx(log_p, abs=1e-5)


@every_model
def test_the_same_is_found_alone_and_among_others_and_ends_or_reaches_the_limit(name):
    model, (source, mask, _) = built(name), batch(name)
    alone = [searches(model, *one_of(b, source, mask)) for b in range(len(mask))]
    for search, hypotheses in enumerate(searches(model, source, mask)):
        for b, (found, limit) in enumerate(zip(hypotheses, model.limit(mask.sum(1)).tolist(), strict=True)):
            assert found.ids == alone[b][search][0].ids
            assert EOS not in found.ids[:-1] and (found.ids[-1] == EOS or len(found.ids) == limit)


@every_model
def test_a_beam_reads_each_source_once_and_no_step_reads_it_again(name):
    """Whatever part of the model runs while the batch is encoded runs in no step, for no hypothesis."""
    model, (source, mask, _) = built(name), batch(name)
    run, read, encode = [], [], model.encode
    for part, module in model.named_modules():
        if isinstance(module, nn.Embedding):
            continue  # both sides may share one
        module.register_forward_pre_hook(lambda *_, part=part: run.append(part))

    def reads(*given):
        encoded = encode(*given)
        read.append({*run})
        run.clear()
        return encoded

    model.encode = reads
    beam(model, source, mask, EOS, 3)
    (parts,) = read
    assert parts and parts.isdisjoint(run) and run


# --- Mechanisms in both recurrent decoders ----------------------------------------------------------------------------


@both_decoders
def test_every_head_of_multi_head_attention_has_its_own_map_and_norms(decoder):
    model, (source, mask, target) = built(f"{decoder} multi_head"), batch(decoder)
    maps, norms = model(source, mask, target)[1], model.norms(source, mask)
    assert maps.shape == (3, 1, 4, 6, 7) and norms.shape == (3, 1, 4, 7)
    assert (maps[:, :, 0] - maps[:, :, 1]).abs().max() > 1e-4 and (norms[:, :, 0] - norms[:, :, 1]).abs().max() > 1e-4


@both_decoders
def test_the_window_of_local_attention_moves_one_position_a_word(decoder):
    """Two to each side of the word's own number, as far as the sentence goes; after its end it stays there."""
    model, (source, mask, target) = built(f"{decoder} local_monotonic"), batch(decoder)
    maps = model(source, mask, target)[1][:, 0, 0]
    for b, S in enumerate(mask.sum(1).tolist()):
        for t in range(target.shape[1]):
            centre = min(t, S - 1)
            seen = maps[b, t].nonzero()[:, 0].tolist()
            assert seen == list(range(max(0, centre - 2), min(S, centre + 3)))


@both_decoders
def test_a_model_that_tells_positions_apart_says_how_many(decoder):
    lengths = {name: built(f"{decoder} {name}").max_length for name in EVERY_MECHANISM}
    assert lengths == dict.fromkeys(EVERY_MECHANISM) | {"location": 20}


# --- Learning to align ------------------------------------------------------------------------------------------------


def untrained_rnnsearch(attention):
    model = RNNsearch(14, 14, RNNsearchSizes(32, 16, 16, 32, attention=attention))
    as_rnnsearch(model, "unit")
    return model


def untrained_luong():
    model = Attentional(14, 14, LuongSizes(32, 16, 1, "general", dropout=0.0))
    as_luong(model, 0.1)
    return model


def untrained_transformer():
    model = Transformer(14, 14, TransformerSizes(2, 32, 64, 2, dropout=0.0, max_length=20))
    as_transformer(model, 32)
    return model


def reversal(model, steps, learning_rate):
    """Train on sequences to be reversed; the share of words right, and for each map of rows that look at their word."""
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    mask = torch.ones(64, 6, dtype=torch.bool)
    for _ in range(steps):
        words = torch.randint(3, 14, (64, 5))
        source, target = (nn.functional.pad(x, (0, 1), value=EOS) for x in (words, words.flip(1)))
        logits, maps = model(source, mask, target)
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten()).backward()
        optimizer.step()
    right = (logits.argmax(-1) == target).float().mean().item()
    return right, (maps[:, :, :, :5].argmax(-1) == torch.arange(4, -1, -1)).float().mean((0, 3))


@pytest.mark.parametrize(("untrained", "steps", "learning_rate"), [
    (untrained_luong, 200, 0.01), (untrained_transformer, 400, 3e-3),
])  # fmt: skip
def test_it_learns_to_reverse_and_looks_at_the_word_it_writes(untrained, steps, learning_rate):
    right, looked = reversal(untrained(), steps, learning_rate)
    assert right > 0.98 and looked.max() > 0.9


def test_rnnsearch_learns_to_align_and_rnnencdec_learns_less():
    right, looked = reversal(untrained_rnnsearch("additive"), 100, 0.01)
    assert right > 0.98 and looked.max() > 0.95
    torch.manual_seed(0)
    assert reversal(untrained_rnnsearch("none"), 100, 0.01)[0] < right - 0.1
