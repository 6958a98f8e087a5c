"""The measured parts of ``docs/timeline.md``, written from a full timeline: ``make results``.

A part stands between ``<!-- KIND: NAME -->`` and ``<!-- end -->``:

    measured: MECHANISM   its row of the timeline, and its picture
    table:                all rows, and how they were made
    seen: transformer     the newest Transformer over the same sentence, and which of its views is drawn
    others:               a section for each mechanism that the document links nowhere else
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from data.errors import UserError
from reproductions import runs
from reproductions.attention import TIMELINE, in_words
from reproductions.compare.translators import FIXED
from reproductions.evaluation import files, plots
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.experiments.timeline.report import figure, over_source, titled
from reproductions.experiments.timeline.rows import summary_of
from reproductions.reports import count, fixed, percent

DOCUMENT = Path("docs") / "timeline.md"
PICTURES = Path("pictures") / "timeline"  # beside the document; the figure of all rows is a file of this name
DPI = 100
NOT_YET = "Not measured yet: `make results ONLY=timeline` trains what is missing and writes it down here."
_PART = re.compile(r"<!-- (?P<kind>[a-z]+):(?P<name>[^>]*?) -->\n(?P<body>.*?)\n?<!-- end -->", re.S)


def write(path: Path, timeline: Mapping[str, Any], newest: AlignedTranslation | None) -> None:
    """Bring the document and its pictures up to date; without a newest Transformer, its part stays as it is."""
    text = refreshed(path.read_text(encoding="utf-8"), timeline, newest)
    records = {row["name"]: titled(row, timeline) for row in over_source(timeline)}
    if newest is not None:
        records["transformer"] = newest
    pictures = path.parent / PICTURES
    for name, record in records.items():
        files.save(plots.alignment(record), pictures / f"{name}.png", dpi=DPI)
    files.save(figure(timeline), pictures.with_suffix(".png"), dpi=DPI, small=True)
    files.write_text(path, text)


def rows(path: Path) -> tuple[list[dict[str, str]], str]:
    """The table of all kinds as the document prints it, each with ``picture``, a file of PICTURES; and its caption."""
    (body,) = (part["body"] for part in _PART.finditer(path.read_text(encoding="utf-8")) if part["kind"] == "table")
    table, _, caption = body.partition("\n\n")
    header, _, *lines = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    names = {in_words(name): name for name in TIMELINE}
    printed = [dict(zip(header, line, strict=True)) for line in lines]
    return [row | {"picture": f"{names[row['kind']]}.png"} for row in printed], caption


def transformer() -> AlignedTranslation | None:
    """The newest Transformer on Accord over the sentence of the timeline; None if there is none."""
    try:
        return runs.scored(runs.find("transformer2017", "accord", having=runs.SCORES).folder).forced(FIXED)[0]
    except UserError:
        return None


def refreshed(text: str, timeline: Mapping[str, Any], newest: AlignedTranslation | None) -> str:
    rows = {row["name"]: row for row in over_source(timeline)}
    elsewhere = _PART.sub(lambda part: "" if part["kind"] == "others" else part[0], text)
    kinds: dict[str, Callable[[str, str], str]] = {
        "measured": lambda name, _: _measured(name, rows),
        "table": lambda _, __: _table(timeline),
        "seen": lambda _, body: body if newest is None else _seen(newest),
        "others": lambda _, __: "\n\n".join(_section(name, rows) for name in TIMELINE if _file(name) not in elsewhere),
    }

    def part(match: re.Match[str]) -> str:
        body = kinds[match["kind"]](match["name"].strip(), match["body"])
        return f"<!-- {match['kind']}:{match['name']} -->\n{body}\n<!-- end -->"

    return _PART.sub(part, text)


def _measured(name: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    if name not in rows:
        return NOT_YET
    row = rows[name]
    columns = {
        "BLEU": _over_seeds(row["bleu_seeds"], fixed),
        "against additive": _against_additive(row),
        "AER": f"{_over_seeds(row['aer_seeds'], percent)} %",
        "in order": f"{percent(row['right_in_order'], 0)} %",
        "turned round": f"{percent(row['right_turned'], 0)} %",
        "turned pairs followed": _followed(row),
        "entropy": fixed(row["entropy"], 2),
        "parameters": count(row["parameters"]),
        "products of a step": f"{row['products_formula']} = {count(row['products'])}",
        "time": f"{fixed(row['microseconds'])} µs",
    }
    return f"{_markdown([columns])}\n\n{_picture(name, f'{in_words(name)} attention')}"


def _table(timeline: Mapping[str, Any]) -> str:
    rows = over_source(timeline)
    columns = [
        {
            "year": str(row["year"]),
            "kind": in_words(row["name"]),
            "paper": row["paper"],
            "score": row["formula"],
            "BLEU": _over_seeds(row["bleu_seeds"], fixed),
            "against additive": _against_additive(row),
            "AER": f"{percent(row['aer'])} %",
            "turned pairs followed": _followed(row),
        }
        for row in rows
    ]
    seeds = len(timeline["seeds"])
    caption = (
        f"RNNsearch on {timeline['corpus'].capitalize()}, {count(timeline['test'])} test sentences; "
        f"{count(timeline['steps'])} steps, {seeds} {'seeds' if seeds > 1 else 'seed'} each; local attention with "
        f"D = {timeline['sizes']['window']}; {timeline['machine']}. The diagonal, which looks at nothing, has an AER of "
        f"{percent(timeline['diagonal_aer'])} %. That of multi-head attention is of the best of its views in validation; the "
        "others have one."
    )
    if timeline["noise"] is not None:
        caption += (
            " In 95 of 100 such tables no kind differs from additive attention by more than "
            f"{fixed(timeline['noise'])} BLEU through its seeds alone."
        )
    return f"{_markdown(columns)}\n\n{caption}"


def _seen(newest: AlignedTranslation) -> str:
    view = newest.view.replace(" · ", ", ")
    return f"The picture is of {newest.model}: {view}.\n\n{_picture('transformer', 'the Transformer')}"


def _section(name: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    """A mechanism without a section of its own: paper, score, file, numbers."""
    kind, title = TIMELINE[name], in_words(name)
    parts = [
        f"### {title[:1].upper()}{title[1:]}",
        f"{summary_of(name)} {kind.paper} ({kind.year}), with the score `{kind.formula}`; [`{kind.__name__}`](../{_file(name)}).",
    ]
    return "\n\n".join([*parts, *([_measured(name, rows)] if kind.over_source else [])])


def _file(name: str) -> str:
    """The file of a mechanism, from the root of the project."""
    return f"{TIMELINE[name].__module__.replace('.', '/')}.py"


def _picture(name: str, whose: str) -> str:
    alt = f"Weights of {whose}: French words down, English words across, gold links in boxes."
    return f'<img src="{PICTURES}/{name}.png" width="430" alt="{alt}">'


def _against_additive(row: Mapping[str, Any]) -> str:
    """The difference in BLEU; a dash for additive attention itself, under any name."""
    if row["difference"] == 0:
        return "–"
    difference = ("+" if row["difference"] > 0 else "") + fixed(row["difference"])
    return difference if row["real"] else f"{difference}, within noise"


def _followed(row: Mapping[str, Any]) -> str:
    return f"{percent(row['inversions_kept'] / max(1, row['inversions']), 0)} %"


def _over_seeds(values: list[float], written: Callable[[float], str]) -> str:
    """The mean, and in parentheses the lowest and the highest."""
    mean = written(sum(values) / len(values))
    return mean if len(values) == 1 else f"{mean} ({written(min(values))} to {written(max(values))})"


def _markdown(rows: list[dict[str, str]]) -> str:
    """A table with the columns of the first row."""
    lines = [f"| {' | '.join(cells)} |" for cells in (rows[0], *(row.values() for row in rows))]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
