"""Attention mechanisms, one a file, behind one interface. ``TIMELINE`` lists them in order of year."""

from reproductions.attention.additive import Additive
from reproductions.attention.base import Attended, Attention, masked_softmax

TIMELINE: dict[str, type[Attention]] = {
    "additive": Additive,  # Bahdanau et al., 2014
}

__all__ = ["TIMELINE", "Additive", "Attended", "Attention", "masked_softmax"]
