"""JSON of files that were written earlier, and may have been damaged since."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any

from data.errors import UserError
from data.sources.paths import check_regular

LARGEST = 2**63  # of a whole number
LONGEST = 300  # letters of a fault in an error
TEST_AGAIN = "run `make evaluate` for this run again"
# Kinds of values, for ``check``. A measure is null where it is not a number.
TEXT, WHOLE, NUMBER, MEASURE = (str,), (int,), (int, float), (int, float, NoneType)


def parsed(text: bytes) -> Any:
    """The value of a JSON text, with None for NaN. Raises ValueError for damage, and for what no file of this project holds:
    a whole number beyond 64 bits, half a character, and lists within lists without end.
    """
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=lambda _: None, parse_int=_whole)
        if b"\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # half a character cannot be written
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def read(path: Path) -> Any:
    """The value of a JSON file. Raises OSError, and ValueError as :func:`parsed`."""
    check_regular(path)
    return parsed(path.read_bytes())


def lines(path: Path, remedy: str = TEST_AGAIN) -> Iterator[tuple[str, Any]]:
    """For each JSON line, what an error calls it, and its value; raises UserError for the first that is damaged."""
    with path.open("rb") as file:  # only a line feed ends a line, not the separators that may stand inside a text
        for number, line in enumerate(file, start=1):
            where = f"{path}, line {number:,}"
            try:
                if line.strip():
                    yield where, parsed(line)
            except ValueError as error:
                raise damaged(where, error, remedy) from error


def damaged(where: Path | str, fault: object, remedy: str = TEST_AGAIN) -> UserError:
    """The error to raise for a file, or for a line of one, that is not what was written."""
    return UserError(f"{where} is damaged ({str(fault):.{LONGEST}}): {remedy}.")


def check(value: Any, kind: Any, where: Path | str, remedy: str = TEST_AGAIN) -> None:
    """Raise UserError unless a JSON value is of a kind: types, a list with the kind of its items, or a dict of fields.

    ``(kind, None)`` is a kind that allows null, too. A field whose name ends in "?" may be missing; "*" stands for every field
    that the dict does not name.
    """
    try:
        expect(value, kind)
    except ValueError as error:
        raise damaged(where, error, remedy) from error


def expect(value: Any, kind: Any, name: str = "it") -> None:
    """Raise ValueError, which calls the value by a name, unless it is of a kind, as :func:`check` has them."""
    if isinstance(kind, tuple) and kind[-1] is None:
        if value is not None:
            expect(value, kind[0], name)
    elif isinstance(kind, tuple):
        if type(value) not in kind:
            raise ValueError(f"{name} must be {' or '.join(one.__name__ for one in kind)}, not {value!r:.60}")
    elif type(value) is not type(kind):
        raise ValueError(f"{name} must be a {type(kind).__name__}, not {value!r:.60}")
    elif isinstance(kind, list):
        for item in value:
            expect(item, kind[0], name)
    else:
        _check_fields(value, kind, name)


def _check_fields(value: dict[str, Any], kind: dict[str, Any], name: str) -> None:
    fields = {field.removesuffix("?"): inner for field, inner in kind.items()}
    for field, inner in value.items():
        if (wanted := fields.get(field, kind.get("*"))) is not None:
            expect(inner, wanted, field)
    if missing := [field for field in kind if field not in value and field != "*" and not field.endswith("?")]:
        raise ValueError(f"{name} has no {missing[0]!r}")


def _whole(digits: str) -> int:
    number = int(digits)
    if abs(number) > LARGEST:
        raise ValueError(f"a whole number has {len(digits):,} digits")
    return number
