"""The tables "equation -> file:line" in the READMEs of the papers: checked, and renumbered.

    python -m reproductions.commands.equations      (a part of `make format`)

A row is ``| equation | `file:line` | `code` |``; the code must stand on that line and on no other.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
READMES = sorted((ROOT / "reproductions").glob("*/README.md"))
ROW = re.compile(r"^\| (?P<equation>[^|]+) \| `(?P<file>[^`:]+\.py):(?P<line>\d+)` \| `(?P<code>[^`]+)` \|$", re.M)


def refreshed(text: str) -> str:
    """The text with each row's line number brought up to date.

    Raises ValueError for code that its file does not hold, or holds on several lines.
    """

    def renumbered(row: re.Match[str]) -> str:
        equation, file, number, code = row.groups()
        lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
        numbers = [place for place, line in enumerate(lines, start=1) if code in line]
        if not numbers:
            raise ValueError(f"{file} does not hold `{code}`, which {equation} refers to")
        if len(numbers) > 1:
            raise ValueError(f"{file} holds `{code}` on lines {numbers}: give {equation} more of its line")
        return row[0].replace(f"{file}:{number}`", f"{file}:{numbers[0]}`")

    return ROW.sub(renumbered, text)


if __name__ == "__main__":
    for path in READMES:
        try:
            path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
        except ValueError as error:
            sys.exit(f"{path.relative_to(ROOT)}: {error}")
