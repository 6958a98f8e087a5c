"""Reports as self-contained files: text, tables and pictures."""

import base64
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template

from data.words import printed
from reproductions.evaluation.files import around_colours

MISSING = "–"


@dataclass(frozen=True)
class Picture:
    """A file, the index of its sentence or image (None for all), and its caption."""

    path: Path
    index: int | None
    caption: str


@dataclass(frozen=True)
class Section:
    """A part of a report: a heading, and what there is below it."""

    title: str
    text: Sequence[str] = ()  # paragraphs
    headings: Sequence[str] = ()  # of the columns of a table
    rows: Sequence[Sequence[str]] = ()
    note: str = ""  # below the table
    pictures: Sequence[Picture] = ()
    folded: bool = False
    prose: bool = False  # the table has words, not numbers


def made(command: str) -> str:
    """When and by which command a page was made."""
    return f"Made on {datetime.now(UTC):%Y-%m-%d} with make {command}."


def template(package: str, name: str = "report.html") -> Template:
    """A template of a package; it may extend ``frame.html``, which has the style of all reports, ``report.css``."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader("reproductions", ".")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (fixed, percent, count, source, around_colours, unbroken, parted, printed)
    environment.filters |= {each.__name__: each for each in filters}
    return environment.get_template(name)


def fixed(value: float | None, digits: int = 1) -> str:
    """A number with so many digits after the point; a dash if it is missing."""
    if value is None or math.isnan(value):
        return MISSING
    return f"{value:z.{digits}f}".replace("-", "−")  # z: no −0.0


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction in percent, without the sign."""
    return fixed(None if value is None else 100 * value, digits)


def count(value: float | None) -> str:
    """A whole number in groups of three digits."""
    return MISSING if value is None or math.isnan(value) else f"{value:,.0f}"


def unbroken(text: str) -> str:
    """Text whose numbers stay on one line with their units and names."""
    return re.sub(r"(?<=\d) (?=%|BLEU|points)|(?<=p) (?=[=≤])|(?<=[=≤]) (?=\d)", "\u00a0", text)


def parted(cell: str) -> tuple[str, str]:
    """A number, and its interval in parentheses; "" for none."""
    match = re.fullmatch(r"([−\d.,]+) (\([−\d].*)", cell)
    return (match[1], match[2]) if match else (cell, "")


def source(path: Path) -> str:
    """A PNG as a data URL."""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
