"""The Transformer against its paper: sizes, positions, parity with PyTorch's layers, schedule, loss, cached decoding."""

import math

import pytest
import torch
from torch import nn

from reproductions.layers.cross_entropy import cross_entropy
from reproductions.transformer2017.model import (
    DecoderLayer,
    EncoderLayer,
    Network,
    Transformer,
    sinusoids,
)
from reproductions.transformer2017.training import Recipe, Transformer2017, initialise, learning_rate

V = 13


def network(**options):
    return Network(**{"layers": 2, "d_model": 16, "d_ff": 24, "heads": 4, "dropout": 0.0, "max_length": 40} | options)


def model(seed=0, **options):
    torch.manual_seed(seed)
    built = Transformer(V, V, network(**options)).eval()
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.uniform_(-0.6, 0.6)
    return built.double()


def batch(seed=1):
    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(7)[None] < torch.tensor([7, 4, 2])[:, None]
    source = torch.randint(3, V, (3, 7), generator=generator) * mask
    return source, mask, torch.randint(3, V, (3, 6), generator=generator)


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


BASE, BIG = {}, {"d_model": 1024, "d_ff": 4096, "heads": 16}
TINY = {"layers": 4, "d_model": 128, "d_ff": 256, "heads": 4}


@pytest.mark.parametrize(("sizes", "vocabulary", "parameters"), [
    (BASE, 37_000, 63_045_632), (BASE, 32_000, 60_485_632), (BIG, 37_000, 214_171_648), (TINY, 10_000, 2_598_912),
])  # fmt: skip
def test_the_paper_s_sizes_have_their_number_of_parameters(sizes, vocabulary, parameters):
    with torch.device("meta"):
        built = Transformer(vocabulary, vocabulary, Network(**sizes))
    assert count(built) == parameters
    if sizes is BASE:
        assert count(built.encoder[0]) == 3_150_336 and count(built.decoder[0]) == 4_199_936
    if sizes is BASE and vocabulary == 37_000:
        assert count(built) == pytest.approx(65e6, rel=0.04)  # what Table 3 prints


def test_torch_s_transformer_has_the_biases_and_norms_that_the_paper_has_not():
    """With biases in the attentions, and a last norm on each stack as nn.Transformer has even when it is post-norm."""
    with torch.device("meta"):
        ours, theirs = Transformer(50, 50, Network(bias=True)), nn.Transformer(512, 8, 6, 6, 2048)
    assert count(theirs) == 44_140_544 == count(ours.encoder) + count(ours.decoder) + 4 * 512


def test_positions_are_those_of_the_formula():
    torch.testing.assert_close(
        sinusoids(2, 512)[1, :4], torch.tensor([0.841471, 0.540302, 0.821856, 0.569695]), atol=1e-6, rtol=0
    )
    assert sinusoids(1, 512)[0].tolist() == [0.0, 1.0] * 256


def test_positions_of_the_code_are_in_blocks_and_end_at_10000():
    blocks = sinusoids(20_000, 512, "blocks")
    assert blocks[1, 1].item() == pytest.approx(0.821779, abs=1e-6)
    assert blocks[10_000, 255].item() == pytest.approx(math.sin(1), abs=1e-6)
    assert blocks[1, 256].item() == pytest.approx(math.cos(1), abs=1e-6)


def copy(theirs, ours):
    """Give torch's attention the weights of ours."""
    theirs.in_proj_weight.copy_(torch.cat([ours.W_Q.weight, ours.W_K.weight, ours.W_V.weight]))
    theirs.in_proj_bias.copy_(torch.cat([ours.W_Q.bias, ours.W_K.bias, ours.W_V.bias]))
    theirs.out_proj.load_state_dict(ours.W_O.state_dict())


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_an_encoder_layer_is_torch_s(norm):
    torch.manual_seed(0)
    chosen = network(norm=norm, bias=True)
    ours = EncoderLayer(chosen).eval()
    theirs = nn.TransformerEncoderLayer(
        16, 4, 24, batch_first=True, norm_first=norm == "pre", layer_norm_eps=1e-6
    ).eval()
    with torch.no_grad():
        copy(theirs.self_attn, ours.self_attention)
        theirs.linear1.load_state_dict(ours.feed_forward.W_1.state_dict())
        theirs.linear2.load_state_dict(ours.feed_forward.W_2.state_dict())
    x, mask = torch.randn(3, 7, 16), batch()[1]
    y, _ = ours(x, mask[:, None, None], need_weights=True)
    torch.testing.assert_close(y[mask], theirs(x, src_key_padding_mask=~mask)[mask])


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_a_decoder_layer_is_torch_s_and_so_are_the_weights_of_each_head(norm):
    torch.manual_seed(0)
    ours = DecoderLayer(network(norm=norm, bias=True)).eval()
    theirs = nn.TransformerDecoderLayer(
        16, 4, 24, batch_first=True, norm_first=norm == "pre", layer_norm_eps=1e-6
    ).eval()
    with torch.no_grad():
        copy(theirs.self_attn, ours.self_attention)
        copy(theirs.multihead_attn, ours.source_attention)
        theirs.linear1.load_state_dict(ours.feed_forward.W_1.state_dict())
        theirs.linear2.load_state_dict(ours.feed_forward.W_2.state_dict())
    x, h, mask = torch.randn(3, 6, 16), torch.randn(3, 7, 16), batch()[1]
    causal = torch.ones(6, 6, dtype=torch.bool).tril()
    source = ours.source_attention.project(h)
    y, weights, _ = ours(x, source, None, (causal, mask[:, None, None]), need_weights=True)
    torch.testing.assert_close(y, theirs(x, h, tgt_mask=~causal, memory_key_padding_mask=~mask))
    heard = {}
    theirs.multihead_attn.register_forward_pre_hook(lambda _, given: heard.update(query=given[0]))
    theirs(x, h, tgt_mask=~causal, memory_key_padding_mask=~mask)
    _, per_head = theirs.multihead_attn(heard["query"], h, h, key_padding_mask=~mask, average_attn_weights=False)
    torch.testing.assert_close(weights, per_head)


OPTIONS = [{}, {"norm": "pre"}, {"positions": "blocks"}, {"positions": "learned"}, {"tied": "none"}, {"tied": "target"},
           {"bias": True}, {"layers": 1, "heads": 1}]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_stepping_with_a_cache_equals_all_at_once(options):
    built, (source, mask, target) = model(**options), batch()
    logits, maps = built(source, mask, target)
    memory, state = built.encode(source, mask)
    previous = None
    for i in range(target.shape[1]):
        features, step_maps, state = built.step(memory, state, previous)
        torch.testing.assert_close(built.head(features), logits[:, i])
        torch.testing.assert_close(step_maps, maps[:, :, :, i : i + 1])
        previous = target[:, i]


def test_features_without_weights_are_the_same():
    built, (source, mask, target) = model(), batch()
    with_maps, maps = built.features(source, mask, target)
    without, nothing = built.features(source, mask, target, need_weights=False)
    torch.testing.assert_close(with_maps, without)
    assert maps.shape == (3, 2, 4, 6, 7) and nothing.shape == (3, 2, 0, 6, 7)
    assert (maps.sum(-1) - 1).abs().max() < 1e-12 and (maps[1, ..., 4:] == 0).all()


def test_a_word_depends_on_the_words_before_it_alone():
    built, (source, mask, target) = model(), batch()
    other = target.clone()
    other[:, 3] = (other[:, 3] - 3 + 1) % (V - 3) + 3
    moved = (built(source, mask, target)[0] - built(source, mask, other)[0]).abs().amax((0, 2)) > 1e-9
    assert moved.tolist() == [False] * 4 + [True] * 2


def test_padding_changes_nothing():
    built, (source, mask, target) = model(), batch()
    together = built(source, mask, target)[0]
    for b, length in enumerate(mask.sum(1).tolist()):
        alone = built(source[b : b + 1, :length], mask[b : b + 1, :length], target[b : b + 1])[0]
        torch.testing.assert_close(together[b : b + 1], alone)


def test_the_encoder_s_attention_can_be_seen():
    built, (source, mask, _) = model(), batch()
    x, maps = built.annotate(source, mask, need_weights=True)
    assert maps.shape == (3, 2, 4, 7, 7) and (maps[1, ..., 4:] == 0).all()
    torch.testing.assert_close(x, built.annotate(source, mask)[0])


def test_one_matrix_serves_both_embeddings_and_the_output():
    built = model()
    assert built.head.weight is built.target.E.weight is built.source.E.weight
    assert "head.bias" not in built.state_dict()


def test_one_matrix_needs_one_vocabulary():
    with pytest.raises(ValueError, match="joint"):
        Transformer(10, 11, network())
    assert Transformer(10, 11, network(tied="target")).head.weight.shape == (11, 16)


def test_words_and_positions_are_as_large_as_each_other_at_the_start():
    """sqrt(d) times an embedding of variance 1 / d has variance 1; a sine has 1/2."""
    built = Transformer(2000, 2000, Network(layers=1, d_model=64, d_ff=8, heads=1, dropout=0.0))
    initialise(built, 64)
    words = built.source.E.weight * built.source.scale
    assert words.std().item() == pytest.approx(1, rel=0.02)
    limit = math.sqrt(6 / (64 + 64))
    W_Q = built.encoder[0].self_attention.W_Q.weight
    assert limit * 0.97 < W_Q.abs().max().item() <= limit


@pytest.mark.parametrize(("step", "rate"), [
    (1, 1.7469e-7), (100, 1.7469e-5), (4000, 6.9877e-4), (16000, 3.4939e-4), (100000, 1.3975e-4)])  # fmt: skip
def test_the_learning_rate_is_equation_3(step, rate):
    assert learning_rate(step, 512, 4000) == pytest.approx(rate, rel=1e-4)


def rates(steps, **recipe):
    module = Transformer2017(V, V, network=network(), recipe=Recipe(**recipe))
    module.trainer = type("Trainer", (), {"estimated_stepping_batches": steps})()
    configured = module.configure_optimizers()
    optimizer, scheduler, seen = configured["optimizer"], configured["lr_scheduler"]["scheduler"], []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return optimizer, seen


def test_the_recipe_is_the_paper_s():
    optimizer, seen = rates(20, warmup=5)
    assert isinstance(optimizer, torch.optim.Adam)
    assert (optimizer.defaults["betas"], optimizer.defaults["eps"]) == ((0.9, 0.98), 1e-9)
    assert seen == pytest.approx([learning_rate(step, 16, 5) for step in range(1, 21)])
    assert (Recipe().warmup, Recipe().smoothing, Recipe().factor) == (4000, 0.1, 1.0)
    search = Transformer2017(V, V, network=network()).search
    assert (search.width, search.alpha) == (4, 0.6)


def test_a_cosine_has_the_same_peak_and_ends_at_zero():
    _, seen = rates(20, warmup=5, schedule="cosine", factor=2.0)
    assert max(seen) == seen[4] == pytest.approx(2 * learning_rate(5, 16, 5))
    assert seen[-1] < 0.02 * max(seen) and seen[:5] == sorted(seen[:5])


def test_the_least_smoothed_loss_is_the_constant_that_the_code_subtracts():
    """epsilon 0.1, V = 37,000: 1.376948 nats, reached by a model that says 0.9 for the word and the rest evenly."""
    vocabulary, epsilon = 37_000, 0.1
    other = math.log(epsilon / (vocabulary - 1))
    head = nn.Linear(1, vocabulary, bias=False)
    with torch.no_grad():
        head.weight.fill_(other)
        head.weight[5] = math.log(1 - epsilon)
    loss, _ = cross_entropy(torch.ones(1, 1), head, torch.tensor([5]), epsilon)
    assert loss.item() == pytest.approx(1.376948, abs=2e-4)


def test_a_translation_may_be_fifty_words_longer_and_no_longer_than_the_positions():
    built = model()
    assert built.limit(torch.tensor([3, 12])).tolist() == [40, 40]
    assert Transformer(V, V, network(max_length=200)).limit(torch.tensor([3, 12])).tolist() == [53, 62]


@pytest.mark.parametrize("settings", [{"layers": 0}, {"dropout": 1.0}, {"d_model": 30, "heads": 4}])
def test_impossible_networks_are_refused_by_name(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Network(**settings)


@pytest.mark.parametrize("settings", [{"warmup": 0}, {"factor": 0.0}, {"smoothing": 1.0}])
def test_impossible_recipes_are_refused_by_name(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Recipe(**settings)


def test_it_learns_to_reverse_and_a_head_looks_at_the_word_it_writes():
    torch.manual_seed(0)
    built = Transformer(14, 14, Network(layers=2, d_model=32, d_ff=64, heads=2, dropout=0.0, max_length=20))
    initialise(built, 32)
    optimizer = torch.optim.Adam(built.parameters(), lr=3e-3, betas=(0.9, 0.98), eps=1e-9)
    mask = torch.ones(64, 8, dtype=torch.bool)
    for _ in range(300):
        words = torch.randint(3, 14, (64, 7))
        source, target = (nn.functional.pad(x, (0, 1), value=2) for x in (words, words.flip(1)))
        logits, maps = built(source, mask, target)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (logits.argmax(-1) == target).float().mean() > 0.98
    looked = (maps[:, :, :, :7].argmax(-1) == torch.arange(6, -1, -1)).float().mean((0, 3))  # (layer, head)
    assert looked.max() > 0.9
