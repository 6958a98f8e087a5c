"""The Transformer against its paper: sizes, positions, parity with PyTorch's layers, schedule, loss."""

import math

import pytest
import torch
from lightning.pytorch import Trainer
from torch import nn
from translators import batch, built, transformer

from data.translation import TranslationData
from reproductions.layers.cross_entropy import cross_entropy
from reproductions.transformer2017.model import (
    DecoderLayer,
    EncoderLayer,
    Network,
    Transformer,
    sinusoids,
)
from reproductions.transformer2017.training import (
    Recipe,
    Transformer2017,
    guided_alignment,
    initialise,
    learning_rate,
)


def network(**options):
    return Network(layers=2, d_model=16, d_ff=24, heads=4, dropout=0.0, **options)


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


BASE, BIG = {}, {"d_model": 1024, "d_ff": 4096, "heads": 16}
TINY = {"layers": 4, "d_model": 128, "d_ff": 256, "heads": 4}


@pytest.mark.parametrize(("sizes", "vocabulary", "parameters"), [
    (BASE, 37_000, 63_045_632), (BASE, 32_000, 60_485_632), (BIG, 37_000, 214_171_648), (TINY, 10_000, 2_598_912),
])  # fmt: skip
def test_the_paper_s_sizes_have_their_number_of_parameters(sizes, vocabulary, parameters):
    with torch.device("meta"):
        model = Transformer(vocabulary, vocabulary, Network(**sizes))
    assert count(model) == parameters
    if sizes is BASE:
        assert count(model.encoder[0]) == 3_150_336 and count(model.decoder[0]) == 4_199_936
    if sizes is BASE and vocabulary == 37_000:
        assert count(model) == pytest.approx(65e6, rel=0.04)  # what Table 3 prints


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
    x, mask = torch.randn(3, 7, 16), batch("transformer")[1]
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
    x, h, mask = torch.randn(3, 6, 16), torch.randn(3, 7, 16), batch("transformer")[1]
    causal = torch.ones(6, 6, dtype=torch.bool).tril()
    source = ours.source_attention.project(h)
    y, weights, _ = ours(x, source, None, (causal, mask[:, None, None]), need_weights=True)
    torch.testing.assert_close(y, theirs(x, h, tgt_mask=~causal, memory_key_padding_mask=~mask))
    heard = {}
    theirs.multihead_attn.register_forward_pre_hook(lambda _, given: heard.update(query=given[0]))
    theirs(x, h, tgt_mask=~causal, memory_key_padding_mask=~mask)
    _, per_head = theirs.multihead_attn(heard["query"], h, h, key_padding_mask=~mask, average_attn_weights=False)
    torch.testing.assert_close(weights, per_head)


def test_the_encoder_s_attention_can_be_seen():
    model, (source, mask, _) = built("transformer"), batch("transformer")
    x, maps = model.annotate(source, mask, need_weights=True)
    assert maps.shape == (3, 2, 4, 7, 7) and (maps[1, ..., 4:] == 0).all()
    torch.testing.assert_close(x, model.annotate(source, mask)[0])


def test_one_matrix_serves_both_embeddings_and_the_output():
    model = transformer()
    assert model.head.weight is model.target.E.weight is model.source.E.weight
    assert "head.bias" not in model.state_dict()
    assert Transformer(10, 11, network(tied="target")).head.weight.shape == (11, 16)


def test_words_and_positions_are_as_large_as_each_other_at_the_start():
    """sqrt(d) times an embedding of variance 1 / d has variance 1; a sine has 1/2."""
    model = Transformer(2000, 2000, Network(layers=1, d_model=64, d_ff=8, heads=1, dropout=0.0))
    initialise(model, 64)
    words = model.source.E.weight * model.source.scale
    assert words.std().item() == pytest.approx(1, rel=0.02)
    limit = math.sqrt(6 / (64 + 64))
    W_Q = model.encoder[0].self_attention.W_Q.weight
    assert limit * 0.97 < W_Q.abs().max().item() <= limit


@pytest.mark.parametrize(("step", "rate"), [
    (1, 1.7469e-7), (100, 1.7469e-5), (4000, 6.9877e-4), (16000, 3.4939e-4), (100000, 1.3975e-4)])  # fmt: skip
def test_the_learning_rate_is_equation_3(step, rate):
    assert learning_rate(step, 512, 4000) == pytest.approx(rate, rel=1e-4)


def rates(steps, **recipe):
    module = Transformer2017(9, 9, network=network(), recipe=Recipe(**recipe))
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
    search = Transformer2017(9, 9, network=network()).search
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
    assert transformer(max_length=40).limit(torch.tensor([3, 12])).tolist() == [40, 40]
    assert transformer(max_length=200).limit(torch.tensor([3, 12])).tolist() == [53, 62]


def test_guided_alignment_is_the_cross_entropy_of_one_head_one_step_later():
    maps = torch.rand(2, 3, 4, 5, 6).softmax(-1).requires_grad_()
    links = torch.zeros(2, 5, 6)
    links[0, 1, 2], links[1, 0, [0, 3]] = 1, 0.5  # word 1 to one source word; word 0 to two
    loss = guided_alignment(maps, links)
    by_hand = -maps[0, 1, 0, 2, 2].log() - 0.5 * (maps[1, 1, 0, 1, 0].log() + maps[1, 1, 0, 1, 3].log())
    torch.testing.assert_close(loss, by_hand)
    loss.backward()
    assert maps.grad.nonzero().tolist() == [[0, 1, 0, 2, 2], [1, 1, 0, 1, 0], [1, 1, 0, 1, 3]]


def test_a_guided_head_learns_the_links_of_the_statistical_aligner(trained, place):
    """On numbers in reverse order, beside the same training without guidance."""
    nats = {}
    for guidance in (0.0, 0.5):
        torch.manual_seed(0)
        data = TranslationData(corpus=str(trained.numbers), batch_tokens=160, joint=True)
        module = Transformer2017(**data.sizes, network=network(), recipe=Recipe(warmup=20, guidance=guidance))
        trainer = Trainer(
            max_steps=40, accelerator="cpu", logger=False, enable_checkpointing=False, limit_val_batches=0,
            enable_progress_bar=False, enable_model_summary=False, default_root_dir=place,
        )  # fmt: skip
        trainer.fit(module, data)
        assert data.guided == (guidance > 0)
        data.guided = True
        batch = data.batched("train", train=True)[0].__getitems__(range(40))
        _, _, maps = module.loss(batch)
        nats[guidance] = guided_alignment(maps, batch.links).item() / batch.links.sum().item()
    assert nats[0.5] < 0.7 * nats[0.0], nats
