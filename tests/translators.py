"""Every model that writes words from a source, built small: the translators with their choices, and the captioner."""

from functools import partial
from itertools import product

import numpy as np
import torch

from reproductions.attention import over_source
from reproductions.bahdanau2014 import model as bahdanau2014
from reproductions.luong2015 import model as luong2015
from reproductions.transformer2017 import model as transformer2017
from reproductions.xu2015 import model as xu2015

VOCABULARY, EOS = 9, 2
WORDS, PLACES = (7, 4, 2), (4, 4, 4)  # of each source: words of a sentence, places of an image
RECURRENT = {"hidden": 8, "embedding": 4, "alignment": 6, "window": 2, "max_length": 20}


def rnnsearch(**options):
    return bahdanau2014.RNNsearch(VOCABULARY, VOCABULARY, bahdanau2014.Network(**RECURRENT | {"maxout": 3} | options))


def luong(**options):
    sizes = RECURRENT | {"layers": 2, "attention": "general"}
    return luong2015.Attentional(VOCABULARY, VOCABULARY, luong2015.Network(**sizes | options))


def transformer(**options):
    sizes = {"layers": 2, "d_model": 16, "d_ff": 24, "heads": 4, "max_length": 14}
    return transformer2017.Transformer(VOCABULARY, VOCABULARY, transformer2017.Network(**sizes | options))


class CaptionerOfSource(xu2015.Captioner):
    """Called as a translator is."""

    def forward(self, source, mask, target):  # noqa: ARG002 - all places of an image are real
        return super().forward(source, target)


def captioner(**options):
    sizes = {"image_size": 8, "patch": 4, "width": 4, "layers": 1, "annotation": 6, "hidden": 5, "embedding": 7}
    return CaptionerOfSource(VOCABULARY, xu2015.Network(**sizes | {"alignment": 4, "longest": 6} | options))


EVERY_MECHANISM = [*over_source(), "none"]
TRANSLATORS = {
    **{f"rnnsearch {name}": partial(rnnsearch, attention=name) for name in EVERY_MECHANISM},
    **{
        f"rnnsearch {indexing} {unit} {name}": partial(rnnsearch, indexing=indexing, unit=unit, attention=name)
        for indexing, unit, name in product(
            ("groundhog", "equation4", "appendix"), ("gated", "torch"), ("additive", "none")
        )
        if (indexing, unit) != ("groundhog", "gated")
    },
    **{f"luong {name}": partial(luong, attention=name) for name in EVERY_MECHANISM},
    "luong without input feeding": partial(luong, input_feeding=False),
    "luong forwards": partial(luong, reverse=False),
    "transformer": transformer,
    "transformer pre-norm": partial(transformer, norm="pre"),
    "transformer blocks of positions": partial(transformer, positions="blocks"),
    "transformer learned positions": partial(transformer, positions="learned"),
    "transformer untied": partial(transformer, tied="none"),
    "transformer tied target": partial(transformer, tied="target"),
    "transformer biases": partial(transformer, bias=True),
    "transformer one head": partial(transformer, layers=1, heads=1),
}
CAPTIONERS = {"captioner soft": captioner, "captioner hard": partial(captioner, attention="hard")}


@torch.no_grad()
def shaken(model, seed=0):
    """The model with weights that are all apart from zero, so that a forgotten one shows; in double precision."""
    torch.manual_seed(seed)
    for parameter in model.parameters():
        parameter.uniform_(-0.7, 0.7)
    return model.double().eval()


def built(name):
    """The model of this name, shaken."""
    torch.manual_seed(0)
    return shaken((TRANSLATORS | CAPTIONERS)[name]())


def batch(name):
    """Three sources of different lengths, or three images, their mask, and six words to write for each."""
    drawn, lengths = torch.Generator().manual_seed(1), PLACES if name in CAPTIONERS else WORDS
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    source = torch.randint(3, VOCABULARY, mask.shape, generator=drawn) * mask
    if name in CAPTIONERS:
        source = torch.randn(3, 3, 8, 8, generator=drawn, dtype=torch.double)
    return source, mask, torch.randint(3, VOCABULARY, (3, 6), generator=drawn)


def assert_written_by(by_hand, name):
    """Fails unless logits and weights are those of a function of a model, a sentence and its translation, in numpy."""
    model, (source, mask, target) = built(name), batch(name)
    logits, maps = (value.detach().numpy() for value in model(source, mask, target))
    for b, length in enumerate(mask.sum(1).tolist()):
        expected, weights = by_hand(model, source[b, :length].numpy(), target[b].numpy())
        np.testing.assert_allclose(logits[b], expected, atol=1e-12)
        np.testing.assert_allclose(maps[b, 0, 0, :, :length], weights, atol=1e-12)
