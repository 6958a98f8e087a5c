"""Records as JSON lines: the type of each field says how it is written and read."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Self, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from data import stored
from data.stored import TEXT
from data.whole import whole
from reproductions.evaluation.records.forms import Form


class Record:
    """Base of the dataclasses that are JSON lines: ``kind``, then the fields in their order."""

    KIND: ClassVar[str]
    FORMS: ClassVar[dict[str, Form]]  # of each field, in order

    def __init_subclass__(cls) -> None:
        hints = get_type_hints(cls, include_extras=True)
        cls.FORMS = {name: _form(hint) for name, hint in hints.items() if get_origin(hint) is not ClassVar}

    def keep(self, name: str, value: Any) -> None:
        """Set a field of a frozen record in ``__post_init__``; an array becomes read-only."""
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
        object.__setattr__(self, name, value)

    def to_json(self) -> dict[str, Any]:
        values = {name: form.to_json(getattr(self, name)) for name, form in self.FORMS.items()}
        return {"kind": self.KIND, **values}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises ValueError for a missing or wrongly typed field."""
        stored.expect(fields, {"kind": TEXT} | {name: form.types for name, form in cls.FORMS.items()})
        if fields["kind"] != cls.KIND:
            raise ValueError(f"expected a record of kind {cls.KIND!r}, found {fields['kind']!r}")
        return cls(**{name: form.from_json(fields[name]) for name, form in cls.FORMS.items()})


R = TypeVar("R", bound=Record)
MOST_LETTERS = 100_000  # of a text: a picture of more is never finished


def _form(hint: Any) -> Form:
    """How a value of this type stands in JSON. Raises TypeError for a type without a form."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return next(form for form in inner if isinstance(form, Form))
    if origin in (Union, UnionType) and len(inner) == 2 and inner[1] is NoneType:
        return _optional(_form(inner[0]))
    if origin is tuple and inner[1:] == (...,):
        return _several(_form(inner[0]))
    if hint is str:
        return Form((str,), _same, _text)
    if hint in (int, bool):
        return Form((hint,), _same, _same)
    if hint is float:
        return Form((float, int), _same, _same)
    if isinstance(hint, type) and issubclass(hint, tuple):  # a NamedTuple
        return Form((list,), list, lambda values: _tuple(hint, values))
    raise TypeError(f"a record's field cannot be of the type {hint}: it has no form in JSON")


def _same(value: Any) -> Any:
    return value


def _text(text: str) -> str:
    if len(text) > MOST_LETTERS:
        raise ValueError(f"a text has {len(text):,} letters, more than {MOST_LETTERS:,}: {text[:60]!r}")
    return text


def _tuple(kind: type[tuple[Any, ...]], values: list[Any]) -> Any:
    types = get_type_hints(kind)
    if [type(value) for value in values] != [*types.values()]:
        wanted = ", ".join(f"{name}: {hint.__name__}" for name, hint in types.items())
        raise ValueError(f"{values!r:.60} must be [{wanted}]")
    return kind(*values)


def _optional(form: Form) -> Form:
    return Form(
        (*form.types, NoneType),
        lambda value: None if value is None else form.to_json(value),
        lambda value: None if value is None else form.from_json(value),
    )


def _several(form: Form) -> Form:
    def from_json(values: list[Any]) -> tuple[Any, ...]:
        stored.expect(values, [form.types], "an item of a list")
        return tuple(form.from_json(value) for value in values)

    return Form((list,), lambda values: [form.to_json(value) for value in values], from_json)


def save(records: Iterable[Record | Mapping[str, Any]], path: Path) -> None:
    """Write records, or plain values, as JSON lines, whole or not at all."""
    with whole(path) as partial, partial.open("w", encoding="utf-8") as file:
        for record in records:
            line = record.to_json() if isinstance(record, Record) else record
            text = json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            file.write(text + "\n")


def load(path: Path, kind: type[R]) -> list[R]:
    """The records of a kind that `save` wrote; raises FileNotFoundError, or UserError with file and line of the first misfit."""
    records: list[R] = []
    for where, fields in stored.lines(path):
        try:
            records.append(kind.from_json(fields))
        except (ValueError, TypeError) as error:
            raise stored.damaged(where, error) from error
    return records
