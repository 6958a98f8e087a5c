"""Between a record's fields and the plain types of its JSON line: types checked, weights rounded."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from data.errors import UserError
from data.links import Links
from data.whole import whole

ROW_SLACK = 1e-4  # how far float32 rounding may lift a row of weights above 1
DIGITS = 5  # significant digits of a weight on disk; weights below SMALLEST are written as 0
SMALLEST = 1e-8

_NULL = type(None)
ALIGNED_TRANSLATION: dict[str, tuple[type, ...]] = {
    "source": (list,), "target": (list,), "weights": (list,), "forced": (bool,), "model": (str,),
    "view": (str,), "split": (str,), "index": (int,), "reference": (str, _NULL), "gold": (dict, _NULL),
    "score": (float, int, _NULL),
}  # fmt: skip
TRANSLATED: dict[str, tuple[type, ...]] = {
    "source": (str,), "reference": (str,), "hypothesis": (str,), "index": (int,),
    "score": (float, int, _NULL),
}  # fmt: skip
READ_SENTENCE: dict[str, tuple[type, ...]] = {
    "words": (list,), "surprisal": (list,), "tokens": (int,), "index": (int,), "agreements": (list,),
}  # fmt: skip
ATTENDED_IMAGE: dict[str, tuple[type, ...]] = {
    "pixels": (str,), "map": (list,), "model": (str,), "view": (str,), "split": (str,), "index": (int,),
    "label": (int, _NULL), "predicted": (int,), "probabilities": (list,), "classes": (list,), "mask": (str, _NULL),
    "name": (str,),
}  # fmt: skip
CAPTIONED_IMAGE: dict[str, tuple[type, ...]] = {
    "pixels": (str,), "words": (list,), "maps": (list,), "model": (str,), "forced": (bool,), "split": (str,), "index": (int,),
    "references": (list,), "masks": (list,), "spoken": (list,), "draws": (bool,), "score": (float, int, _NULL),
}  # fmt: skip


class Record(Protocol):
    """What `save` and `load` need: a kind, and a dictionary of plain types both ways."""

    KIND: ClassVar[str]

    def to_json(self) -> dict[str, Any]: ...

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Record": ...


R = TypeVar("R", bound=Record)


def rounded(weights: NDArray[np.float32]) -> list[list[float]]:
    """Weights with DIGITS significant digits; a row that this would lift above the limit is cut instead."""
    exact = weights.astype(np.float64)
    exact[exact < SMALLEST] = 0.0
    exponent = np.floor(np.log10(np.where(exact > 0, exact, 1.0)))
    scale = 10.0 ** (DIGITS - 1 - exponent)
    nearest = np.round(exact * scale) / scale
    cut = np.floor(exact * scale) / scale
    # Summed as they will be read back; cutting never lifts a value, so the limit then holds as it did before.
    too_much = nearest.astype(np.float32).sum(axis=1, keepdims=True, dtype=np.float64) > 1 + ROW_SLACK
    rows: list[list[float]] = np.where(too_much, cut, nearest).tolist()
    return rows


def matrix(rows: list[Any]) -> NDArray[np.float32]:
    """A matrix from JSON. Raises ValueError for ragged rows and for values that are no numbers."""
    lengths = {len(row) if isinstance(row, list) else -1 for row in rows}
    if len(lengths) > 1 or -1 in lengths:
        raise ValueError("weights must be a list of rows of one length")
    return np.array(rows, dtype=np.float32)


def links_to_json(links: Links) -> dict[str, list[list[int]]]:
    return {name: [list(link) for link in sorted(getattr(links, name))] for name in ("sure", "possible")}


def links_from_json(fields: Mapping[str, Any]) -> Links:
    check_fields(fields, None, {"sure": (list,), "possible": (list,)})
    sure, possible = (frozenset(_link(pair) for pair in fields[name]) for name in ("sure", "possible"))
    return Links(sure=sure, possible=possible)


def _link(pair: Any) -> tuple[int, int]:
    if not isinstance(pair, list) or len(pair) != 2 or not all(type(position) is int for position in pair):
        raise ValueError(f"a link is a pair of positions [target, source], not {pair!r}")
    return pair[0], pair[1]


def check_fields(fields: Mapping[str, Any], kind: str | None, types: Mapping[str, tuple[type, ...]]) -> None:
    """Every field is there, none is unknown, each has one of its types; bool does not pass for int."""
    if kind is not None and fields.get("kind") != kind:
        raise ValueError(f"expected a record of kind {kind!r}, found {fields.get('kind')!r}")
    names = set(types) | ({"kind"} if kind is not None else set())
    if missing := sorted(names - set(fields)):
        raise ValueError(f"fields {missing} are missing")
    if unknown := sorted(set(fields) - names):
        raise ValueError(f"fields {unknown} are unknown")
    for name, allowed in types.items():
        if type(fields[name]) not in allowed:
            wanted = " or ".join(kind.__name__ for kind in allowed)
            found = type(fields[name]).__name__
            raise ValueError(f"field {name!r} must be {wanted}, found {found} {fields[name]!r}")


def save(records: Iterable[Record], path: Path) -> None:
    """Write records as JSON lines, one a line. The file appears whole or not at all."""
    with whole(path) as partial, partial.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record.to_json(), ensure_ascii=False, allow_nan=False) + "\n")


def load(path: Path, kind: type[R]) -> list[R]:
    """Read what `save` wrote: `load(path, AlignedTranslation)`.

    Raises FileNotFoundError, or UserError with the file and the line of the first record that does not fit.
    """
    records: list[R] = []
    # Lines end at "\n" alone: str.splitlines would also cut at separators that may stand inside a JSON
    # string.
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            if not isinstance(fields, dict):
                raise ValueError(f"expected an object, found {type(fields).__name__}")
            record = kind.from_json(fields)
        except (ValueError, TypeError) as error:  # json.JSONDecodeError is a ValueError
            raise UserError(f"{path}, line {number}: {error}") from error
        assert isinstance(record, kind)
        records.append(record)
    return records
