"""ViT against its paper: sizes, equations, initialisation, parity with torchvision's, options, recipe."""

import math

import pytest
import torch
from torch import nn
from torchvision.models.vision_transformer import VisionTransformer
from translators import shaken

from reproductions.layers.dropout import DropPath
from reproductions.training.classification import decayed
from reproductions.training.schedules import part_of_peak
from reproductions.vit2021.model import Network, ViT, resize_positions, sincos
from reproductions.vit2021.training import Recipe, ViT2021, initialise
from reproductions.vit2021.weights import convert

K = 7


def network(**options):
    return Network(**{"image_size": 12, "patch": 4, "layers": 3, "d": 16, "d_mlp": 24, "heads": 4} | options)


def model(**options):
    return shaken(ViT(K, network(**options)))


def images(seed=1, size=12):
    return torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


OPTIONS = [
    {}, {"stem": "conv"}, {"pooling": "mean"}, {"registers": 2}, {"registers": 2, "pooling": "mean"},
    {"positions": "sincos"}, {"head": "mlp"}, {"pooling": "cls_mean", "head": "mlp"},
]  # fmt: skip


# --- Sizes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "sizes", "parameters"), [
    ("ViT-Ti/16", (12, 192, 768, 3), 5_717_416), ("ViT-S/16", (12, 384, 1536, 6), 22_050_664),
    ("ViT-B/16", (12, 768, 3072, 12), 86_567_656), ("ViT-L/16", (24, 1024, 4096, 16), 304_326_632),
])  # fmt: skip
def test_the_published_sizes_have_their_number_of_parameters(name, sizes, parameters):
    layers, d, d_mlp, heads = sizes
    with torch.device("meta"):
        built = ViT(1000, Network(layers=layers, d=d, d_mlp=d_mlp, heads=heads))
    assert sum(parameter.numel() for parameter in built.parameters()) == parameters
    assert built.network.name == name and built.grid == (14, 14) and built.prefix == 1


def test_only_the_published_sizes_bear_the_papers_names():
    assert Network(patch=32).name == "ViT-B/32"
    assert network(stem="conv", registers=2).name == "ViT with a convolutional stem, 2 registers"


# --- Parity -----------------------------------------------------------------------------------------------------------


def read_by_theirs(theirs, image, monkeypatch):
    """Logits, and weights (B, H, T, S) of each layer: torchvision asks for none, so its attention is asked for them."""
    weights, forward = [], nn.MultiheadAttention.forward

    def asked(self, *args, **kwargs):
        read, seen = forward(self, *args, **kwargs | {"need_weights": True, "average_attn_weights": False})
        weights.append(seen)
        return read, seen

    with monkeypatch.context() as patch:
        patch.setattr(nn.MultiheadAttention, "forward", asked)
        return theirs(image), torch.stack(weights, 1)


@pytest.mark.parametrize("hidden", [None, 16])
def test_logits_and_every_heads_weights_are_torchvisions(hidden, monkeypatch):
    theirs = shaken(VisionTransformer(12, 4, 3, 4, 16, 24, num_classes=K, representation_size=hidden))
    logits, weights = read_by_theirs(theirs, images(), monkeypatch)
    converted = convert(theirs.state_dict(), heads=4)
    assert converted.classes == K and converted.network == network(head="mlp" if hidden else "linear")
    ours = ViT(K, converted.network).eval().double()
    ours.load_state_dict(converted.state)
    mine, maps = ours(images())
    assert (mine - logits).abs().max() <= 1e-10 and (maps - weights).abs().max() <= 1e-10
    assert logits.std() > 0.1 and weights.std() > 0.01


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_logits_without_maps_are_those_with_maps(options):
    built = model(**options)
    logits, maps = built(images())
    torch.testing.assert_close(built.logits(images()), logits)
    T = built.prefix + math.prod(built.grid)
    assert maps.shape == (3, 3, 4, T, T)
    torch.testing.assert_close(maps.sum(-1), torch.ones(3, 3, 4, T, dtype=torch.double))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_gradient_reaches_every_parameter_and_the_fast_way_has_the_same_gradient(options):
    built = model(**options).train()
    fast = torch.autograd.grad(built.logits(images()).square().sum(), list(built.parameters()))
    slow = torch.autograd.grad(built(images())[0].square().sum(), list(built.parameters()))
    for (name, _), a, b in zip(built.named_parameters(), fast, slow, strict=True):
        torch.testing.assert_close(a, b, msg=name)
        assert not a.numel() or a.abs().max() > 0 or name.endswith("W_K.bias"), (
            name
        )  # softmax ignores what all keys share


def test_weights_under_bfloat16_are_made_by_a_softmax_in_single_precision():
    with torch.autocast("cpu", torch.bfloat16):
        _, maps = model().float()(images().float())
    assert maps.dtype == torch.float32
    torch.testing.assert_close(maps.sum(-1), torch.ones(maps.shape[:-1]))


# --- Patches, tokens, positions ---------------------------------------------------------------------------------------


def test_patches_are_in_raster_order():
    """Change the patch in row 1, column 2 of 3 x 3: of the tokens before the first block only its own differs."""
    built, image = model(), images()
    changed = image.clone()
    changed[:, :, 4:8, 8:12] += 1
    differs = (built.embed(image) != built.embed(changed)).any(-1)[0]
    assert differs.nonzero().flatten().tolist() == [built.prefix + 1 * 3 + 2]


def test_the_stem_of_convolutions_has_one_position_a_patch():
    for patch, size in ((2, 12), (4, 12), (8, 24)):
        built = model(stem="conv", patch=patch, image_size=size)
        assert built.embed(images(size=size)).shape == (3, 1 + (size // patch) ** 2, 16)


def test_registers_stand_between_class_token_and_patches_and_have_no_position():
    built = model(registers=2)
    z = built.embed(images())
    torch.testing.assert_close(z[:, 1:3], built.embed.registers.expand(3, -1, -1))
    torch.testing.assert_close(z[:, 0], (built.embed.x_class + built.embed.E_pos[:1]).expand(3, -1))


def test_mean_pooling_has_no_class_token():
    built = model(pooling="mean")
    assert built.prefix == 0 and built.embed(images()).shape[1] == 9


def test_positions_of_rows_and_columns_differ_in_the_half_that_is_theirs():
    PE = sincos(3, 5, 16).view(3, 5, 16)
    torch.testing.assert_close(PE[0, :, :8], PE[2, :, :8])
    torch.testing.assert_close(PE[:, 1, 8:], PE[:, 4, 8:])
    assert len(PE.flatten(0, 1).unique(dim=0)) == 15


def test_interpolated_positions_keep_a_linear_ramp_and_the_class_token():
    ramp = torch.stack(torch.meshgrid(torch.arange(3.0), torch.arange(3.0), indexing="ij"), -1).flatten(0, 1)
    E_pos = torch.cat([torch.tensor([[7.0, 8.0]]), ramp])
    grown = resize_positions(E_pos, 3, 5)
    assert grown[0].tolist() == [7, 8] and grown.shape == (26, 2)
    steps = torch.linspace(0, 2, 5)
    wanted = torch.stack(torch.meshgrid(steps, steps, indexing="ij"), -1).flatten(0, 1)
    torch.testing.assert_close(grown[1:], wanted)
    torch.testing.assert_close(resize_positions(grown, 5, 3), E_pos)


# --- Initialisation, dropout, recipe ----------------------------------------------------------------------------------


def test_a_new_model_says_nothing_and_its_loss_is_that_of_a_guess():
    torch.manual_seed(0)
    module = ViT2021(K, network(), Recipe())
    logits = module.model.logits(images().float())
    assert not logits.any()
    loss = nn.functional.cross_entropy(logits, torch.tensor([1, 2, 3]))
    assert loss.item() == pytest.approx(math.log(K))


def test_initial_weights_are_those_of_the_papers_code():
    torch.manual_seed(0)
    built = ViT(10, Network(image_size=64, patch=8, layers=1, d=256, d_mlp=1024, heads=4, registers=1))
    initialise(built)
    block = built.blocks[0]
    assert not built.embed.x_class.any() and not built.head[0].weight.any() and not built.embed.E.bias.any()
    assert built.embed.E_pos.std().item() == pytest.approx(0.02, rel=0.05)
    assert built.embed.E.weight.std().item() == pytest.approx((3 * 8 * 8) ** -0.5, rel=0.02)  # LeCun: 1 / fan-in
    for matrix in (block.MSA.W_Q, block.MSA.W_O, block.MLP.W_1, block.MLP.W_2):
        bound = (6 / sum(matrix.weight.shape)) ** 0.5
        assert matrix.weight.abs().max() <= bound and matrix.weight.std().item() == pytest.approx(
            bound / 3**0.5, rel=0.02
        )
    assert 0 < block.MLP.W_1.bias.abs().max() < 1e-5 and not block.MSA.W_Q.bias.any()
    assert all((norm.weight == 1).all() and not norm.bias.any() for norm in (block.norm_1, built.norm))


def test_stochastic_depth_leaves_out_whole_images_and_keeps_the_mean():
    torch.manual_seed(0)
    drop = DropPath(0.25)
    y = drop(torch.ones(20_000, 2, 3))
    torch.testing.assert_close(y.unique(), torch.tensor([0, 1 / 0.75]))
    assert (y == y[:, :1, :1]).all() and y.mean().item() == pytest.approx(1, abs=0.02)
    assert drop.eval()(torch.ones(2, 1)).tolist() == [[1], [1]]


def test_stochastic_depth_grows_with_depth():
    assert [block.drop_path.rate for block in model(drop_path=0.2).blocks] == pytest.approx([0, 0.1, 0.2])


def test_weight_decay_spares_norms_biases_tokens_and_positions():
    built = model(registers=2, stem="conv")
    shrunk, spared = decayed(built, 0.3)
    names = {id(parameter): name for name, parameter in built.named_parameters()}
    assert shrunk["weight_decay"] == 0.3 and spared["weight_decay"] == 0
    assert len(shrunk["params"]) + len(spared["params"]) == len(names)
    for parameter in shrunk["params"]:
        assert names[id(parameter)].endswith("weight") and "norm" not in names[id(parameter)] and parameter.dim() > 1
    left = {names[id(parameter)] for parameter in spared["params"]}
    assert {"embed.x_class", "embed.E_pos", "embed.registers", "norm.weight", "head.0.bias", "embed.E.1.weight"} <= left
    (everything,) = decayed(built, 0.3, everything=True)
    assert len(everything["params"]) == len(names)


def test_the_learning_rate_rises_linearly_and_falls_to_nothing():
    assert [part_of_peak(step - 1, 110, 10, "linear") for step in (1, 5, 10, 60, 110)] == pytest.approx(
        [0.1, 0.5, 1, 0.5, 0]
    )
    assert [part_of_peak(step - 1, 110, 10, "cosine") for step in (10, 35, 60, 110)] == pytest.approx(
        [1, 0.5 + 0.5 * math.cos(math.pi / 4), 0.5, 0]
    )
    assert [part_of_peak(step - 1, 64_000, 0, "steps") for step in (1, 32_000, 32_001, 48_001)] == pytest.approx(
        [1, 1, 0.1, 0.01]
    )
