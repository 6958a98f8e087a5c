"""Measures with their 95 % intervals, as lines of text."""

from collections.abc import Iterator, Mapping, Sequence

CELL = 26  # characters
Rows = Mapping[str, Mapping[str, Sequence[float]]]


def table(rows: Rows, headings: Mapping[str, str]) -> Iterator[str]:
    """A heading, then one line per row: each measure that has a heading, with its interval."""
    width = max(map(len, rows))
    yield " " * width + "".join(f"{heading:>{CELL}}" for heading in headings.values())
    for name, measures in rows.items():
        yield f"{name:<{width}}" + "".join(f"{interval(measures.get(measure)):>{CELL}}" for measure in headings)


def interval(values: Sequence[float] | None) -> str:
    """Value, low and high as text; "-" for None."""
    return "-" if values is None else f"{values[0]:.3f} ({values[1]:.3f} to {values[2]:.3f})"
