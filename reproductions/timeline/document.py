"""The generated parts of ``docs/timeline.md``: ``make docs``.

A part stands between ``<!-- KIND: ARGUMENTS -->`` and ``<!-- end -->``:

    code: FILE NAME METHOD ...   see :func:`reproductions.timeline.excerpts.excerpt`
    measured: MECHANISM          its row of the timeline, what follows from it, and its picture
    table:                       all rows, and how they were made
    seen: MECHANISM              its picture alone, from a run of the paper where it is at home

Code is at hand always; the others need a timeline, and are left as they are where there is none.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from data.errors import UserError
from reproductions import runs
from reproductions.compare.contestants import read
from reproductions.compare.numbers import FIXED
from reproductions.compare.report import count, fixed, percent
from reproductions.equation_table import ROOT
from reproductions.evaluation import files, plots
from reproductions.evaluation.records import AlignedTranslation
from reproductions.timeline import training
from reproductions.timeline.excerpts import ATTENTION, excerpt
from reproductions.timeline.report import over_source, titled

DOCUMENT = Path("docs") / "timeline.md"
PICTURES = Path("docs") / "pictures" / "timeline"
DPI = 100
_PART = re.compile(r"<!-- (?P<kind>[a-z]+):(?P<rest>[^>]*?) -->\n(?P<body>.*?)<!-- end -->", re.S)
# Papers whose runs show a mechanism that reads no source from a recurrent decoder, with the config that is drawn.
AT_HOME = {"multi_head": ("transformer2017", "accord")}


def docs() -> int:
    """Bring docs/timeline.md up to date: its code, and if there is a full timeline, numbers and pictures too."""
    path, timeline = ROOT / DOCUMENT, runs.runs_dir() / training.PAPER / "timeline.json"
    found = json.loads(timeline.read_text(encoding="utf-8")) if timeline.is_file() else None
    try:
        text = refreshed(path.read_text(encoding="utf-8"), found)
    except ValueError as error:
        raise UserError(f"{DOCUMENT}: {error}") from error
    if found is not None:
        draw(found, ROOT / PICTURES)
    files.write_text(path, text)
    numbers = (
        f"numbers and pictures from {timeline}" if found else f"numbers as they were, for there is no {timeline} yet"
    )
    sys.stdout.write(f"{DOCUMENT}: code as it stands, {numbers}.\n")
    return 0


def refreshed(text: str, found: Mapping[str, Any] | None) -> str:
    """The document with every generated part made anew; without a timeline, the code alone.

    Raises ValueError for a part that cannot be made, naming it.
    """

    def made(match: re.Match[str]) -> str:
        kind, arguments = match["kind"], match["rest"].split()
        if kind not in KINDS:
            raise ValueError(f"a generated part is one of {', '.join(KINDS)}, not {kind!r}")
        if kind != "code" and found is None:
            return match[0]
        return f"<!-- {kind}:{match['rest']} -->\n{KINDS[kind](found or {}, *arguments)}\n<!-- end -->"

    return _PART.sub(made, text)


def draw(found: Mapping[str, Any], folder: Path) -> None:
    """The pictures that the document shows."""
    for row in over_source(found):
        files.save(plots.alignment(titled(row)), folder / f"{row['name']}.png", dpi=DPI)
    for name in AT_HOME:
        record = _seen(name)
        if record is not None:
            files.save(plots.alignment(record), folder / f"{name}.png", dpi=DPI)


def _seen(name: str) -> AlignedTranslation | None:
    """The sentence of the timeline in the newest run of the paper where a mechanism is at home, if there is one."""
    try:
        run = runs.find(*AT_HOME[name], having=runs.SCORES)
        return read(run.folder).forced(FIXED)[0]
    except UserError:
        return None


def _code(_: Mapping[str, Any], file: str = "", name: str = "", *methods: str) -> str:
    path = ATTENTION / f"{file}.py"
    return f"```python\n{excerpt(file, name, methods)}\n```\n\n[`{path}`](../{path})"


def _measured(found: Mapping[str, Any], name: str = "") -> str:
    row = next((row for row in over_source(found) if row["name"] == name), None)
    if row is None:
        raise ValueError(f"the timeline has not measured {name!r}")
    heads = ("BLEU", "AER", "in order", "turned round", "entropy", "parameters", "products of a step", "time")
    cells = (
        _with_seeds(row["bleu_seeds"], fixed),
        f"{_with_seeds(row['aer_seeds'], percent)} %",
        f"{percent(row['right_in_order'], 0)} %",
        f"{percent(row['right_turned'], 0)} %",
        fixed(row["entropy"], 2),
        count(row["parameters"]),
        f"{row['products_formula']} = {count(row['products'])}",
        f"{fixed(row['microseconds'])} µs",
    )
    return f"{_rows([heads, cells])}\n\n{row['says']}\n\n{_picture(name)}"


def _table(found: Mapping[str, Any]) -> str:
    rows = [("year", "kind", "paper", "score", "BLEU", "against additive", "AER", "turned pairs followed")]
    for row in over_source(found):
        rows.append(
            (
                str(row["year"]),
                row["name"].replace("_", " "),
                row["paper"],
                row["formula"],
                _with_seeds(row["bleu_seeds"], fixed),
                _against(row),
                f"{percent(row['aer'])} %",
                f"{percent(row['inversions_kept'] / row['inversions'], 0)} %",
            )
        )
    seeds = len(found["seeds"])
    made = (
        f"RNNsearch on {found['corpus'].capitalize()}, {count(found['test'])} test sentences; {count(found['steps'])} steps, "
        f"{seeds} {'seeds' if seeds > 1 else 'seed'} each; {found['machine']}. "
        f"The diagonal, which looks at nothing, has an AER of {percent(found['diagonal_aer'])} %."
    )
    if found["noise"] is not None:
        made += f" By chance, two kinds differ by up to {fixed(found['noise'])} BLEU in 95 of 100 cases."
    return f"{_rows(rows)}\n\n{made}"


def _against(row: Mapping[str, Any]) -> str:
    if row["difference"] == 0:
        return "–"
    difference = ("+" if row["difference"] > 0 else "") + fixed(row["difference"])
    return difference if row["real"] else f"{difference}, within noise"


def _picture(name: str) -> str:
    alt = (
        f"Weights of {name.replace('_', ' ')} attention: French words down, English words across, gold links in boxes."
    )
    return f'<img src="{PICTURES.relative_to(DOCUMENT.parent)}/{name}.png" width="430" alt="{alt}">'


def _seen_at_home(_: Mapping[str, Any], name: str = "") -> str:
    if name not in AT_HOME:
        raise ValueError(f"no run shows {name!r}, only {', '.join(AT_HOME)}")
    return _picture(name)


def _with_seeds(seeds: list[float], shown: Callable[[float], str]) -> str:
    """The mean, and in parentheses the lowest and the highest."""
    mean = shown(sum(seeds) / len(seeds))
    return mean if len(seeds) == 1 else f"{mean} ({shown(min(seeds))} to {shown(max(seeds))})"


def _rows(rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


KINDS: dict[str, Callable[..., str]] = {"code": _code, "measured": _measured, "table": _table, "seen": _seen_at_home}
