"""Lines of text files, plain or compressed; every error names the file and the line."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import IO, cast

from data.errors import UserError
from data.sources.paths import check_regular

_BLOCK = 1 << 20  # bytes
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def empty(purpose: str) -> UserError:
    """The error for an empty sentence, for a purpose such as "translate"."""
    return UserError(f"There is nothing to {purpose}: the sentence is empty.")


def lines(path: Path, member: str | None = None) -> Iterator[str]:
    """Lines of a UTF-8 file without their ends, as :func:`raw_lines`; raises UserError as well for one that is not UTF-8 or
    contains a NUL byte.
    """
    for number, raw in enumerate(raw_lines(path, member), start=1):
        yield decoded(raw, f"{path}, line {number:,}")


def raw_lines(path: Path, member: str | None = None) -> Iterator[bytes]:
    """Lines of a file, unpacked from ``.gz`` or as ``member`` of a zip archive, the first without its byte order mark.

    Only a line feed ends a line, so line numbers agree with every editor and with the other side of a corpus.
    Raises UserError if the file is missing, cut short or damaged.
    """
    number = 0
    try:
        with _opened(path, member) as file:
            for number, raw in enumerate(file, start=1):
                yield raw.removeprefix(_BYTE_ORDER_MARK) if number == 1 else raw
    except FileNotFoundError:
        raise UserError(f"There is no file {path}.") from None
    except EOFError:
        raise UserError(
            f"{path} is cut short after line {number:,}, perhaps by an interrupted download: "
            "delete it and fetch it again."
        ) from None
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise UserError(f"{path} is damaged after line {number:,} ({error}): delete it and fetch it again.") from None
    except (IsADirectoryError, PermissionError) as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None


def count_lines(path: Path) -> int:
    """How many lines a file has; 0 where its fault is for :func:`lines` to say."""
    with suppress(OSError, EOFError, zlib.error), _opened(path, None) as file:
        return sum(block.count(b"\n") for block in iter(partial(file.read, _BLOCK), b""))
    return 0


def aligned_lines(source: Path, target: Path) -> Iterator[tuple[str, str]]:
    """Pairs of lines of two files; raises UserError with both counts if one file has more lines."""
    sides = lines(source), lines(target)
    number = 0
    for number, (left, right) in enumerate(zip_longest(*sides), start=1):
        if left is None or right is None:
            longer = number + sum(1 for _ in sides[left is None])
            counts = (number - 1, longer) if left is None else (longer, number - 1)
            raise UserError(
                f"{source} has {counts[0]:,} lines and {target} has {counts[1]:,}: "
                "line n of one must be the translation of line n of the other."
            )
        yield left, right


def tab_separated(path: Path, member: str | None = None) -> Iterator[tuple[str, str]]:
    """The first two columns of a tab-separated file; raises UserError for a line without a tab."""
    for number, line in enumerate(lines(path, member), start=1):
        columns = line.split("\t", 2)
        if len(columns) < 2:
            raise UserError(f"{path}, line {number:,} has no tab between source and target: {line[:60]!r}.")
        yield columns[0], columns[1]


@contextmanager
def _opened(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    check_regular(path)
    if member is not None:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            yield file
    elif path.suffix == ".gz":
        with gzip.open(path, "rb") as file:
            yield cast(IO[bytes], file)
    else:
        with path.open("rb") as file:
            yield file


def decoded(raw: bytes, where: str) -> str:
    """A line as text; raises UserError, beginning with ``where``, if it is not UTF-8 or contains a NUL byte."""
    if b"\0" in raw:
        raise UserError(f"{where} holds a NUL byte: is it text in UTF-8?")
    try:
        return raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{where} is not UTF-8 (byte 0x{raw[error.start]:02x} at {error.start + 1}): convert it to UTF-8."
        ) from None
