"""Checks for the networks and recipes of all papers. A wrong value is an error that names the setting and the value."""

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
    for name in names:
        if not 1 <= getattr(settings, name) <= MOST:
            bound = f"must be at most {MOST:,}" if getattr(settings, name) > MOST else "must be at least 1"
            raise ValueError(f"{_name(settings)}.{name} {bound}, not {getattr(settings, name)}")


def check_positive(settings: Any, *names: str) -> None:
    """Raise ValueError unless each of the named fields is above 0."""
    for name in names:
        if not getattr(settings, name) > 0:
            raise ValueError(f"{_name(settings)}.{name} must be above 0, not {getattr(settings, name)}")


def check_not_negative(settings: Any, *names: str) -> None:
    """Raise ValueError unless each of the named fields is 0 or more."""
    for name in names:
        if not getattr(settings, name) >= 0:  # nor is it NaN
            raise ValueError(f"{_name(settings)}.{name} must be 0 or more, not {getattr(settings, name)}")


def check_rates(settings: Any, *names: str) -> None:
    """Raise ValueError unless each of the named fields lies in [0, 1)."""
    for name in names:
        if not 0 <= getattr(settings, name) < 1:
            raise ValueError(f"{_name(settings)}.{name} must lie in [0, 1), not {getattr(settings, name)}")


def _name(settings: Any) -> str:
    return type(settings).__name__.lower()
