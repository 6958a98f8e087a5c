"""The generated parts of ``docs/timeline.md``: ``make docs``.

A part stands between ``<!-- KIND: ARGUMENTS -->`` and ``<!-- end -->``:

    code: FILE NAME METHOD ...   see :func:`reproductions.experiments.timeline.excerpts.excerpt`
    measured: MECHANISM          its row of the timeline, what follows from it, and its picture
    table:                       all rows, and how they were made
    seen: PICTURE                a picture from the run of a paper, and which of its views is drawn
    others:                      a section for each mechanism whose code stands nowhere else in the document

What is no code comes from ``docs/timeline.json``, see :mod:`reproductions.experiments.timeline.numbers`: so the
document can be made anew, and checked, where nothing was trained.
"""

import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from data.errors import UserError
from reproductions import runs
from reproductions.attention import TIMELINE, in_words
from reproductions.attention import over_source as sources
from reproductions.compare.contestants import read
from reproductions.compare.translators import FIXED
from reproductions.evaluation import files, plots
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.experiments.timeline import numbers, training
from reproductions.experiments.timeline.excerpts import ATTENTION, excerpt
from reproductions.experiments.timeline.report import figure, over_source, titled
from reproductions.reports import count, fixed, percent

ROOT = Path(__file__).parents[3]
DOCUMENT = Path("docs") / "timeline.md"
NUMBERS = DOCUMENT.with_suffix(".json")
PICTURES = Path("docs") / "pictures" / "timeline"
FIGURE = PICTURES.with_suffix(".png")
DPI = 100
NOT_YET = "Not measured yet: `make timeline` trains what is missing, then `make docs` writes it down here."
_PART = re.compile(r"<!-- (?P<kind>[a-z]+):(?P<rest>[^>]*?) -->\n(?P<body>.*?)<!-- end -->", re.S)
# Papers whose runs show a mechanism where it is at home, by the name of the picture, with the config that is drawn.
AT_HOME = {"transformer": ("transformer2017", "accord")}


def docs() -> int:
    """Bring docs/timeline.md up to date: its code, and if there is a full timeline, numbers and pictures too."""
    path, timeline = ROOT / DOCUMENT, runs.runs_dir() / training.PAPER / "timeline.json"
    shown = numbers.read(ROOT / NUMBERS)
    said = f"numbers as they were, for there is no {timeline} yet"
    if timeline.is_file():
        found = json.loads(timeline.read_text(encoding="utf-8"))
        seen = {name: record for name in AT_HOME if (record := _seen(name)) is not None}
        drawn = draw(found, seen)
        shown = numbers.shown(found, shown, seen, drawn)
        said = f"numbers and pictures from {timeline}"
    shown["kinds"] = list(TIMELINE)
    try:
        text = refreshed(path.read_text(encoding="utf-8"), shown)
    except ValueError as error:
        raise UserError(f"{DOCUMENT}: {error}") from error
    numbers.write(ROOT / NUMBERS, shown)
    files.write_text(path, text)
    sys.stdout.write(f"{DOCUMENT}: code as it stands, {said}.\n")
    return 0


def refreshed(text: str, shown: Mapping[str, Any]) -> str:
    """The document with every generated part made anew, from our code and the numbers that are shown.

    Raises ValueError for a part that cannot be made, naming it.
    """
    parts = [(match["kind"], match["rest"].split()) for match in _PART.finditer(text)]
    coded = {arguments[0] for kind, arguments in parts if kind == "code" and arguments}

    def made(match: re.Match[str]) -> str:
        kind, arguments = match["kind"], match["rest"].split()
        if kind not in KINDS:
            raise ValueError(f"a generated part is one of {', '.join(KINDS)}, not {kind!r}")
        if kind == "others":
            arguments = [name for name in shown["kinds"] if _file(name) not in coded]
        return f"<!-- {kind}:{match['rest']} -->\n{KINDS[kind](shown, *arguments)}\n<!-- end -->"

    return _PART.sub(made, text)


def draw(found: Mapping[str, Any], seen: Mapping[str, AlignedTranslation]) -> list[Path]:
    """The pictures that the documents show: of every row, of runs at home, and the figure of all rows."""
    records = {row["name"]: titled(row, found) for row in over_source(found)} | seen
    drawn = [
        files.save(plots.alignment(record), ROOT / PICTURES / f"{name}.png", dpi=DPI)
        for name, record in records.items()
    ]
    return [*drawn, files.save(figure(found), ROOT / FIGURE, dpi=DPI, small=True)]


def _seen(name: str) -> AlignedTranslation | None:
    """The sentence of the timeline in the newest run of the paper where a mechanism is at home, if there is one."""
    try:
        run = runs.find(*AT_HOME[name], having=runs.SCORES)
        return read(run.folder).forced(FIXED)[0]
    except UserError:
        return None


def _file(name: str) -> str:
    """The file of a mechanism, without folder and ending."""
    return TIMELINE[name].__module__.rpartition(".")[2]


def _code(_: Mapping[str, Any], file: str = "", name: str = "", *methods: str) -> str:
    path = ATTENTION / f"{file}.py"
    return f"```python\n{excerpt(file, name, methods)}\n```\n\n[`{path}`](../{path})"


def _measured(shown: Mapping[str, Any], name: str = "") -> str:
    if name not in TIMELINE:
        raise ValueError(f"there is no mechanism {name!r} to measure")
    row = next((row for row in shown["rows"] if row["name"] == name), None)
    if row is None:
        return NOT_YET
    heads = ("BLEU", "AER", "in order", "turned round", "entropy", "parameters", "products of a step", "time")
    cells = (
        _with_seeds(row["bleu"], fixed),
        f"{_with_seeds(row['aer'], percent)} %",
        f"{percent(row['right_in_order'], 0)} %",
        f"{percent(row['right_turned'], 0)} %",
        fixed(row["entropy"], 2),
        count(row["parameters"]),
        f"{row['products_formula']} = {count(row['products'])}",
        f"{fixed(row['microseconds'])} µs",
    )
    return f"{_rows([heads, cells])}\n\n{row['says']}\n\n{_picture(name, f'{in_words(name)} attention')}"


def _table(shown: Mapping[str, Any]) -> str:
    if not shown["rows"]:
        return NOT_YET
    rows = [("year", "kind", "paper", "score", "BLEU", "against additive", "AER", "turned pairs followed")]
    for row in shown["rows"]:
        rows.append(
            (
                str(row["year"]),
                in_words(row["name"]),
                row["paper"],
                row["formula"],
                _with_seeds(row["bleu"], fixed),
                _against(row),
                f"{percent(row['aer']['mean'])} %",
                f"{percent(row['followed'], 0)} %",
            )
        )
    seeds = len(shown["seeds"])
    made = (
        f"RNNsearch on {shown['corpus'].capitalize()}, {count(shown['test'])} test sentences; {count(shown['steps'])} steps, "
        f"{seeds} {'seeds' if seeds > 1 else 'seed'} each; local attention with D = {shown['window']}; {shown['machine']}. "
        f"The diagonal, which looks at nothing, has an AER of {percent(shown['diagonal_aer'])} %."
    )
    if shown["noise"] is not None:
        made += f" By chance, two kinds differ by up to {fixed(shown['noise'])} BLEU in 95 of 100 cases."
    measured = {row["name"] for row in shown["rows"]}
    missing = [in_words(name) for name in sources() if name in shown["kinds"] and name not in measured]
    if missing:
        made += f" Not measured yet: {', '.join(missing)}."
    return f"{_rows(rows)}\n\n{made}"


def _against(row: Mapping[str, Any]) -> str:
    if row["difference"] == 0:
        return "–"
    difference = ("+" if row["difference"] > 0 else "") + fixed(row["difference"])
    return difference if row["real"] else f"{difference}, within noise"


def _picture(name: str, whose: str) -> str:
    alt = f"Weights of {whose}: French words down, English words across, gold links in boxes."
    return f'<img src="{PICTURES.relative_to(DOCUMENT.parent)}/{name}.png" width="430" alt="{alt}">'


def _seen_at_home(shown: Mapping[str, Any], name: str = "") -> str:
    if name not in AT_HOME:
        raise ValueError(f"no run shows {name!r}, only {', '.join(AT_HOME)}")
    if name not in shown["seen"]:
        return NOT_YET
    record = shown["seen"][name]
    told = f"The picture is of {record['model']}: {record['view'].replace(' · ', ', ')}."
    return f"{told}\n\n{_picture(name, f'the {name.capitalize()}')}"


def _others(shown: Mapping[str, Any], *names: str) -> str:
    return "\n\n".join(_section(shown, name) for name in names)


def _section(shown: Mapping[str, Any], name: str) -> str:
    """What can be said of a mechanism that nobody has written about: paper, score, code, numbers."""
    kind = TIMELINE[name]
    title = in_words(name)
    score = inspect.cleandoc(kind.__doc__ or "").partition("\n")[0]
    return "\n\n".join([
        f"### {title[:1].upper()}{title[1:]}", f"{score} {kind.paper} ({kind.year}), with the score `{kind.formula}`.",
        _code(shown, _file(name), kind.__name__), *([_measured(shown, name)] if kind.over_source else []),
    ])  # fmt: skip


def _with_seeds(row: Mapping[str, float], shown: Callable[[float], str]) -> str:
    """The mean, and in parentheses the lowest and the highest."""
    mean = shown(row["mean"])
    return mean if row["seeds"] == 1 else f"{mean} ({shown(row['lowest'])} to {shown(row['highest'])})"


def _rows(rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


KINDS: dict[str, Callable[..., str]] = {
    "code": _code, "measured": _measured, "table": _table, "seen": _seen_at_home, "others": _others,
}  # fmt: skip
