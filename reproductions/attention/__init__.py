"""Attention mechanisms, one per file, behind one interface. ``TIMELINE`` lists them in order of year.

To add one, write a file with its class and one line here. Every model that reads a source then takes it by name.
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
from reproductions.attention.uniform import Uniform

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
CONTROLS: dict[str, type[Attention]] = {"uniform": Uniform}  # of no paper: what a mechanism is held against

# For names that are not words once underscores are spaces.
_IN_WORDS = {
    "content_based": "content-based",
    "dot": "dot product",
    "location": "location-based",
    "scaled_dot": "scaled dot product",
    "multi_head": "multi-head",
}


def in_words(name: str) -> str:
    """The name of a mechanism in tables, captions and titles: "location-based" for ``location``."""
    return _IN_WORDS.get(name, name.replace("_", " "))


def over_source() -> dict[str, type[Attention]]:
    """The mechanisms that a decoder can read a source sentence with, by name."""
    return {name: kind for name, kind in TIMELINE.items() if kind.over_source}


def choices() -> dict[str, type[Attention]]:
    """What a configuration may name: the mechanisms over a source, and the controls."""
    return over_source() | CONTROLS


def check_name(name: str) -> None:
    """Raise ValueError unless ``name`` is one of :func:`choices`, or "none"."""
    if name not in (names := [*choices(), "none"]):
        raise ValueError(f"attention must be one of {', '.join(names)}, not {name!r}")


def build(  # noqa: PLR0913 - the widths and choices that equations of different mechanisms name
    name: str, query: int, key: int, hidden: int, window: int, positions: int, score: str = "general"
) -> Attention:
    """A mechanism over a source by its name. Its constructor gets the arguments that it asks for.

    Args:
        name: in :func:`choices`.
        query, key: widths of the decoder's state and of an annotation.
        hidden: width of the hidden layer, where the score or the predicted place has one.
        window: D of local attention.
        positions: maximum number of source positions of location-based attention.
        score: of local attention, "general" or "dot".
    """
    kind = choices()[name]
    # A translator's loss has no reward, so hard attention learns straight through.
    arguments = dict(
        query=query, key=key, hidden=hidden, window=window, positions=positions, score=score, straight_through=True
    )
    return kind(**{name: value for name, value in arguments.items() if name in signature(kind).parameters})


__all__ = [
    "CONTROLS", "TIMELINE", "Additive", "Attended", "Attention", "Concat", "ContentBased", "Dot", "General", "Hard", "Intra",
    "LocalMonotonic", "LocalPredictive", "LocationBased", "MultiHead", "MultiHeadOverSource", "ScaledDot", "Soft",
    "Uniform", "build", "check_name", "choices", "in_words", "maps_of", "masked_softmax", "over_source",
]  # fmt: skip
