"""Attention mechanisms, one a file, behind one interface. ``TIMELINE`` lists them in order of year."""

from reproductions.attention.additive import Additive
from reproductions.attention.base import Attended, Attention, masked_softmax
from reproductions.attention.scaled_dot import MultiHead, ScaledDot

TIMELINE: dict[str, type[Attention]] = {
    "additive": Additive,  # Bahdanau et al., 2014
    "scaled_dot": ScaledDot,  # Vaswani et al., 2017
}

__all__ = ["TIMELINE", "Additive", "Attended", "Attention", "MultiHead", "ScaledDot", "masked_softmax"]
