"""Attention mechanisms, one a file, behind one interface. ``TIMELINE`` lists them in order of year.

To add one: a file with its class, and its line here. Every model that reads a source then takes it by name.
"""

from inspect import signature

from reproductions.attention.additive import Additive
from reproductions.attention.base import Attended, Attention, maps_of, masked_softmax
from reproductions.attention.concat import Concat
from reproductions.attention.content_based import ContentBased
from reproductions.attention.dot import Dot
from reproductions.attention.general import General
from reproductions.attention.hard import Hard
from reproductions.attention.intra import Intra
from reproductions.attention.local_monotonic import LocalMonotonic
from reproductions.attention.local_predictive import LocalPredictive
from reproductions.attention.location import LocationBased
from reproductions.attention.multi_head import MultiHead, MultiHeadOverSource
from reproductions.attention.scaled_dot import ScaledDot
from reproductions.attention.soft import Soft

TIMELINE: dict[str, type[Attention]] = {
    "additive": Additive,  # Bahdanau et al., 2014
    "content_based": ContentBased,  # Graves et al., 2014
    "soft": Soft,  # Xu et al., 2015
    "hard": Hard,
    "dot": Dot,  # Luong et al., 2015
    "general": General,
    "concat": Concat,
    "location": LocationBased,
    "local_monotonic": LocalMonotonic,
    "local_predictive": LocalPredictive,
    "intra": Intra,  # Cheng et al., 2016
    "scaled_dot": ScaledDot,  # Vaswani et al., 2017
    "multi_head": MultiHeadOverSource,  # heads of scaled_dot, each with keys and values of its own
}

# What is written where the name alone, its underscore a space, would not do.
_IN_WORDS = {
    "content_based": "content-based",
    "dot": "dot product",
    "location": "location-based",
    "scaled_dot": "scaled dot product",
    "multi_head": "multi-head",
}


def in_words(name: str) -> str:
    """A mechanism as tables, captions and titles call it: "location-based" for ``location``."""
    return _IN_WORDS.get(name, name.replace("_", " "))


def over_source() -> dict[str, type[Attention]]:
    """The mechanisms that can stand between a decoder and a source sentence, by name."""
    return {name: kind for name, kind in TIMELINE.items() if kind.over_source}


def check_name(name: str) -> None:
    """Raise ValueError unless ``name`` is a mechanism over a source, or "none"."""
    if name not in (known := [*over_source(), "none"]):
        raise ValueError(f"attention must be one of {', '.join(known)}, not {name!r}")


def build(name: str, query: int, key: int, hidden: int, window: int, positions: int) -> Attention:
    """A mechanism over a source by its name. It is told what the arguments of its constructor ask for.

    Args:
        name: in :func:`over_source`.
        query, key: widths of the decoder's state and of an annotation.
        hidden: width of the hidden layer, where the score or the predicted place has one.
        window: D of local attention.
        positions: most source positions that location-based attention tells apart.
    """
    kind = over_source()[name]
    # A translator's loss has no reward, so hard attention learns straight through.
    told = dict(query=query, key=key, hidden=hidden, window=window, positions=positions, straight_through=True)
    return kind(**{argument: value for argument, value in told.items() if argument in signature(kind).parameters})


__all__ = [
    "TIMELINE", "Additive", "Attended", "Attention", "Concat", "ContentBased", "Dot", "General", "Hard", "Intra",
    "LocalMonotonic", "LocalPredictive", "LocationBased", "MultiHead", "MultiHeadOverSource", "ScaledDot", "Soft", "build",
    "check_name", "in_words", "maps_of", "masked_softmax", "over_source",
]  # fmt: skip
