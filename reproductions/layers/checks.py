"""Checks for the networks and recipes of all papers. A wrong value is an error that names the setting and the value."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin

MOST = 10**9  # of a size


def check_choices(settings: Any) -> None:
    """Raise ValueError if a field of a dataclass that is declared as a Literal holds a value that is not among the choices.

    The parser of configurations checks this already; the settings in a checkpoint are checked here.
    """
    for field in fields(settings):
        choices = get_args(field.type) if get_origin(field.type) is Literal else ()
        value = getattr(settings, field.name)
        if choices and value not in choices:
            name = f"{_name(settings)}.{field.name}"
            raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}, not {value!r}")


def check_sizes(settings: Any, *names: str) -> None:
    """Raise ValueError unless each of the named fields is at least 1, and of a size that a memory could hold."""
    _check(settings, names, lambda value: value >= 1, "must be at least 1")
    _check(settings, names, lambda value: value <= MOST, f"must be at most {MOST:,}")


def check_positive(settings: Any, *names: str) -> None:
    """Raise ValueError unless each of the named fields is above 0."""
    _check(settings, names, lambda value: value > 0, "must be above 0")


def check_not_negative(settings: Any, *names: str) -> None:
    """Raise ValueError unless each of the named fields is 0 or more, and not NaN."""
    _check(settings, names, lambda value: value >= 0, "must be 0 or more")


def check_rates(settings: Any, *names: str) -> None:
    """Raise ValueError unless each of the named fields lies in [0, 1)."""
    _check(settings, names, lambda value: 0 <= value < 1, "must lie in [0, 1)")


def _check(settings: Any, names: Sequence[str], holds: Callable[[Any], bool], words: str) -> None:
    for name in names:
        if not holds(getattr(settings, name)):
            raise ValueError(f"{_name(settings)}.{name} {words}, not {getattr(settings, name)}")


def _name(settings: Any) -> str:
    return type(settings).__name__.lower()
