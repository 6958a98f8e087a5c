"""Settings of networks and recipes that make no sense are refused where they are made, by their name."""

from functools import partial

import pytest

from reproductions.bahdanau2014 import training as bahdanau2014
from reproductions.cheng2016 import training as cheng2016
from reproductions.luong2015 import training as luong2015
from reproductions.resnet2016 import training as resnet2016
from reproductions.transformer2017 import training as transformer2017
from reproductions.transformer2017.model import Transformer
from reproductions.vit2021 import training as vit2021
from reproductions.xu2015 import training as xu2015

KNOWN = "attention must be one of additive, content_based, .* multi_head, .*none"
vit = partial(vit2021.Network, image_size=12, patch=4)
REFUSED = [
    (bahdanau2014.Network, {"hidden": 0}, "network.hidden"),
    (bahdanau2014.Network, {"dropout": 1.0}, "network.dropout"),
    (bahdanau2014.Network, {"tied": True}, "network.tied"),
    (bahdanau2014.Network, {"window": 0}, "network.window"),
    (bahdanau2014.Network, {"attention": "klingon"}, f"{KNOWN}, not 'klingon'"),
    (bahdanau2014.Network, {"attention": "intra"}, f"{KNOWN}, not 'intra'"),
    (bahdanau2014.Recipe, {"learning_rate": 0}, "recipe.learning_rate"),
    (bahdanau2014.Recipe, {"warmup": -1}, "recipe.warmup must be 0 or more, not -1"),
    (luong2015.Network, {"window": 0}, "network.window"),
    (luong2015.Network, {"attention": "klingon"}, f"{KNOWN}, not 'klingon'"),
    (luong2015.Recipe, {"learning_rate": 0}, "recipe.learning_rate"),
    (luong2015.Recipe, {"uniform": 0}, "recipe.uniform"),
    (luong2015.Recipe, {"warmup": -1}, "recipe.warmup"),
    (xu2015.Network, {"patch": 3}, "network.patch"),
    (xu2015.Network, {"image_size": 50}, "network.image_size 50"),
    (xu2015.Network, {"expectation": 1.0}, "network.expectation"),
    (xu2015.Network, {"hidden": 0}, "network.hidden"),
    (xu2015.Recipe, {"learning_rate": 0}, "recipe.learning_rate"),
    (xu2015.Recipe, {"baseline_decay": 1.0}, "recipe.baseline_decay"),
    (xu2015.Recipe, {"doubly_stochastic": -1}, "recipe.doubly_stochastic"),
    (cheng2016.Network, {"tied": True}, "hidden 256 and embedding 128"),
    (resnet2016.Network, {"image_size": 30}, "network.image_size"),
    (resnet2016.Network, {"blocks": 0}, "network.blocks"),
    (resnet2016.Recipe, {"learning_rate": -1.0}, "recipe.learning_rate"),
    (transformer2017.Network, {"layers": 0}, "network.layers"),
    (transformer2017.Network, {"dropout": 1.0}, "network.dropout"),
    (transformer2017.Network, {"d_model": 30, "heads": 4}, "network.d_model"),
    (partial(Transformer, 10, 11), {"network": transformer2017.Network()}, "network.tied.*joint"),
    (transformer2017.Recipe, {"warmup": 0}, "recipe.warmup"),
    (transformer2017.Recipe, {"factor": 0.0}, "recipe.factor"),
    (transformer2017.Recipe, {"smoothing": 1.0}, "recipe.smoothing"),
    (vit, {"patch": 5}, "5 does not divide 12"),
    (vit, {"heads": 7}, "7 heads"),
    (vit, {"registers": -1}, "network.registers"),
    (vit, {"stem": "conv", "patch": 3}, "network.stem"),
    (vit, {"d": 0}, "network.d"),
    (vit, {"positions": "sincos", "d": 18, "heads": 2}, "multiple of 4"),
    (vit, {"drop_path": 1.0}, "network.drop_path"),
    (vit2021.Recipe, {"learning_rate": 0.0}, "recipe.learning_rate"),
    (vit2021.Recipe, {"weight_decay": -1.0}, "recipe.weight_decay"),
    (vit2021.Recipe, {"smoothing": -0.1}, "recipe.smoothing"),
]


@pytest.mark.parametrize(("make", "settings", "message"), REFUSED)
def test_a_setting_that_makes_no_sense_is_refused_by_name(make, settings, message):
    with pytest.raises(ValueError, match=message):
        make(**settings)
