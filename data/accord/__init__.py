"""Accord: a seeded English-French corpus with gold word alignments."""

from data.accord.draft import Pair
from data.accord.fixed import FIXED
from data.accord.splits import SPLITS, pairs

__all__ = ["FIXED", "SPLITS", "Pair", "pairs"]
