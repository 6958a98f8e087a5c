"""The tables "equation -> file:line" in the READMEs of the papers: read, checked, and renumbered.

    python -m reproductions.commands.equations      (a part of `make format`)

A row is ``| equation | `file:line` | `code` |``; the code must stand on that line and on no other.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^\| (?P<equation>[^|]+) \| `(?P<file>[^`:]+\.py):(?P<line>\d+)` \| `(?P<code>[^`]+)` \|$", re.M)


class Row(NamedTuple):
    """One equation, the file and line (from 1) that hold it, and the code on that line."""

    equation: str
    file: str
    line: int
    code: str

    def lines(self) -> list[int]:
        """The lines that hold the code; the row is right if ``line`` is the only one."""
        lines = (ROOT / self.file).read_text(encoding="utf-8").splitlines()
        return [number for number, line in enumerate(lines, start=1) if self.code in line]


def documents() -> list[Path]:
    return sorted((ROOT / "reproductions").glob("*/README.md"))


def rows(text: str) -> Iterator[Row]:
    """The rows of every table in a README."""
    for match in _ROW.finditer(text):
        yield Row(match["equation"], match["file"], int(match["line"]), match["code"])


def refreshed(text: str) -> str:
    """The text with each row's line number brought up to date.

    Raises ValueError for code that its file does not hold, or holds on several lines.
    """

    def renumbered(match: re.Match[str]) -> str:
        row = Row(match["equation"], match["file"], int(match["line"]), match["code"])
        lines = row.lines()
        if not lines:
            raise ValueError(f"{row.file} does not hold `{row.code}`, which {row.equation} refers to")
        if len(lines) > 1:
            raise ValueError(f"{row.file} holds `{row.code}` on lines {lines}: give {row.equation} more of its line")
        return match[0].replace(f"{row.file}:{row.line}`", f"{row.file}:{lines[0]}`")

    return _ROW.sub(renumbered, text)


if __name__ == "__main__":
    for path in documents():
        try:
            path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
        except ValueError as error:
            sys.exit(f"{path.relative_to(ROOT)}: {error}")
