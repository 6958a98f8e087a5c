"""What the preparations share: the folder of their settings, the JSON beside their arrays, the arrays, and damage."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from data import stored
from data.errors import UserError
from data.sources.download import writable
from data.whole import made_once

Array = NDArray[Any]
WriteRow = Callable[[Array], int]
T = TypeVar("T")


def prepared_folder(name: str, decisive: list[Any], data_dir: Path, make: Callable[[Path], None]) -> Path:
    """The directory whose content ``decisive`` (JSON types) decides; unless it exists, ``make`` fills it, once.

    Any change of ``decisive`` is another directory.
    """
    digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]
    folder = Path("prepared") / f"{name}-{digest}"
    return made_once(data_dir / folder if (data_dir / folder).exists() else writable(data_dir) / folder, make)


def damaged(folder: Path, fault: object) -> UserError:
    """The error to raise where a prepared directory is not what was written."""
    return UserError(f"{folder} is damaged ({fault}): delete it to have it made anew.")


def save_facts(folder: Path, **facts: Any) -> None:
    """Write what a prepared directory holds, and the settings it was made with, as ``settings.json``."""
    (folder / "settings.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")


def load_facts(folder: Path) -> dict[str, Any]:
    """What ``save_facts`` wrote; raises UserError if it is missing or damaged."""
    facts: dict[str, Any] = load_json(folder, "settings.json")
    return facts


def load_json(folder: Path, name: str) -> Any:
    """The content of a JSON file; raises UserError if it is missing or damaged."""
    try:
        return stored.read(folder / name)
    except (OSError, ValueError) as error:
        raise damaged(folder, error) from None


def load_lines(folder: Path, name: str, parse: Callable[[Any], T]) -> list[T]:
    """Every line of a file of JSON lines, parsed. Raises UserError that names a missing file or the first damaged line."""
    parsed: list[T] = []
    try:
        for line in (folder / name).read_bytes().splitlines():
            parsed.append(parse(stored.parsed(line)))
    except FileNotFoundError:
        raise damaged(folder, f"it has no {name}") from None
    except (ValueError, TypeError, LookupError):  # not JSON, or other JSON
        raise damaged(folder, f"{name}, line {len(parsed) + 1:,}") from None
    return parsed


def load_array(folder: Path, name: str) -> Array:
    """An array, mapped from disk; raises UserError if it is missing or damaged."""
    try:
        return np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise damaged(folder, error) from None


def begun_array(path: Path, dtype: DTypeLike, *shape: int) -> BinaryIO:
    """The file of an array whose bytes are still to be written.

    Not a mapped file: on a full disk, writing to one kills the process without an error.
    """
    file = path.open("wb")
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file


@contextmanager
def writing_rows(folder: Path, split: str, count: int) -> Iterator[Callable[..., WriteRow]]:
    """A function that begins an array of ``count`` rows, by name, type and shape of a row; it returns one that appends a row."""
    with ExitStack() as files:

        def begin(name: str, dtype: DTypeLike, *shape: int) -> WriteRow:
            file = files.enter_context(begun_array(folder / f"{split}.{name}.npy", dtype, count, *shape))
            return lambda row: file.write(np.ascontiguousarray(row, dtype).tobytes())

        yield begin
