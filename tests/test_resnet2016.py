"""The residual network against its paper: sizes, shortcuts, parity with torchvision's block, initialisation."""

import pytest
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock

from reproductions.resnet2016.model import Block, Network, Pad, ResNet
from reproductions.resnet2016.training import ResNet2016, initialise


@pytest.mark.parametrize(("blocks", "layers", "millions"), [
    (3, 20, 0.27), (5, 32, 0.46), (7, 44, 0.66), (9, 56, 0.85), (18, 110, 1.7), (200, 1202, 19.4),
])  # fmt: skip
def test_the_papers_sizes_have_its_number_of_parameters_and_layers(blocks, layers, millions):
    with torch.device("meta"):
        built = ResNet(10, Network(blocks=blocks))
    counted = sum(parameter.numel() for parameter in built.parameters()) / 1e6
    assert round(counted, 1 if millions > 1 else 2) == millions  # as Table 6 prints it
    weighted = [module for module in built.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert len(weighted) == layers and built.network.name == f"ResNet-{layers}"


def shaken(module):
    torch.manual_seed(0)
    with torch.no_grad():
        for value in (*module.parameters(), *module.buffers()):
            if value.is_floating_point():
                value.uniform_(0.1, 0.9)
    return module.double().eval()


@pytest.mark.parametrize(("inside", "outside"), [(4, 4), (4, 8)])
def test_a_block_is_torchvisions(inside, outside):
    ours, narrows = shaken(Block(inside, outside, Network(shortcut="projection"))), outside > inside
    down = nn.Sequential(nn.Conv2d(inside, outside, 1, 2, bias=False), nn.BatchNorm2d(outside)) if narrows else None
    theirs = BasicBlock(inside, outside, 2 if narrows else 1, down).double().eval()
    pairs = [(theirs.conv1, ours.first[0]), (theirs.bn1, ours.first[1])]
    pairs += [(theirs.conv2, ours.second[0]), (theirs.bn2, ours.second[1]), *([(down, ours.W_s)] if narrows else [])]
    for their, our in pairs:
        their.load_state_dict(our.state_dict())
    x = torch.randn(2, inside, 8, 8, dtype=torch.double)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-12, atol=1e-12)


def test_the_papers_shortcut_takes_every_second_place_and_fills_with_zeros():
    x = torch.arange(2 * 4 * 4.0).view(1, 2, 4, 4)
    y = Pad(3)(x)
    assert y.shape == (1, 5, 2, 2)
    assert y[0, :, 1, 0].tolist() == [8, 24, 0, 0, 0] and y[0, :, 0, 1].tolist() == [2, 18, 0, 0, 0]


def test_the_last_activation_has_a_place_for_each_four_pixels():
    built = ResNet(5, Network(image_size=24))
    logits, activation = built(torch.randn(2, 3, 24, 24))
    assert logits.shape == (2, 5) and activation.shape == (2, 64, 6, 6) and built.grid == (6, 6)
    torch.testing.assert_close(built.head(activation.mean((2, 3))), logits)


def test_gradient_reaches_every_parameter():
    built = ResNet(5, Network(image_size=16, blocks=1, width=4))
    initialise(built)
    built.logits(torch.randn(3, 3, 16, 16)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in built.parameters())


def test_initial_filters_have_variance_two_over_fan_in():
    torch.manual_seed(0)
    module = ResNet2016(10)
    filters = module.model.blocks[-1].second[0].weight
    assert filters.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.03)
    assert not module.model.head.bias.any()
