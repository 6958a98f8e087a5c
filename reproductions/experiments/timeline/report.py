"""The timeline as text, pictures, a self-contained page, and in Weights & Biases."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from reproductions.attention import in_words
from reproductions.evaluation import files, plots
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.experiments.timeline.rows import record_of
from reproductions.experiments.tracked import track_table
from reproductions.reports import made, template

WIDEST = 26.0  # inches of the figure: four mechanisms in a row
TRACKED = (
    "year", "name", "paper", "formula", "bleu", "aer %", "entropy", "parameters", "products", "microseconds", "says",
)  # fmt: skip


def write(table: Mapping[str, Any], folder: Path) -> Path:
    """Write numbers, pictures and page into a folder, and track them; returns the page."""
    files.write_json(folder / "timeline.json", table)
    pictures = draw(table, folder)
    command = f"timeline{' QUICK=1' * (table['budget'] == 'quick')}"
    written = files.write_text(folder / "report.html", page(table, pictures, made(command)))
    _track(table, pictures, folder)
    return written


def over_source(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that were trained and measured."""
    return [row for row in table["rows"] if row["over_source"]]


def titled(row: Mapping[str, Any], table: Mapping[str, Any]) -> AlignedTranslation:
    """The attention of a row, titled by year and name, subtitled by paper, formula, model, step, seed and view."""
    record = record_of(row).printed("fr")  # of Accord
    drawn = f"{record.model}, seed {table['seeds'][0]} · {record.view}"
    title = f"{row['year']} · {in_words(row['name'])}"
    return replace(record, model=title, view=f"{row['paper']}: {row['formula']} · {drawn}")


def figure(table: Mapping[str, Any]) -> Figure:
    """The same sentence with every mechanism, in order of year."""
    return plots.alignment_grid([titled(row, table) for row in over_source(table)], widest=WIDEST)


def draw(table: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Draw ``timeline.png`` and ``.pdf``, and each mechanism; returns the pictures by name, "timeline" for all together."""
    whole = figure(table)
    drawn = {"timeline": files.save(whole, folder / "timeline.png", dpi=150)}
    files.save(whole, folder / "timeline.pdf")
    for row in over_source(table):
        drawn[row["name"]] = files.save(plots.alignment(titled(row, table)), folder / f"{row['name']}.png", dpi=130)
    return drawn


def page(table: Mapping[str, Any], pictures: Mapping[str, Path], made: str) -> str:
    """The report as HTML; ``pictures`` are those of :func:`draw`, ``made`` says when and by which command."""
    first = next(row for row in over_source(table))
    return template("reproductions.experiments.timeline").render(
        table=table, pictures=pictures, made=made, first=first, in_words=in_words
    )


def text(table: Mapping[str, Any]) -> str:
    """The table for a terminal, one line per mechanism, and below it the mechanisms without measurements."""
    rows = over_source(table)
    width = max(len(row["name"]) for row in rows)
    lines = [
        f"{'':4}  {'':<{width}}{'BLEU':>7}{'± ':>6}{'AER %':>7}{'followed %':>12}{'entropy':>9}{'parameters':>12}{'µs':>8}"
    ]
    for row in rows:
        lines.append(
            f"{row['year']}  {row['name']:<{width}}{row['bleu']:>7.1f}{spread(row['bleu_seeds']):>6.1f}{100 * row['aer']:>7.1f}"
            f"{100 * row['inversions_kept'] / max(1, row['inversions']):>12.1f}{row['entropy']:>9.2f}"
            f"{row['parameters']:>12,}{row['microseconds']:>8.2f}"
        )
    return "\n".join(
        [*lines, "", *(f"{row['name']}: {row['says']}" for row in table["rows"] if not row["over_source"])]
    )


def spread(seeds: list[float]) -> float:
    """Half the distance between the lowest and the highest seed."""
    return (max(seeds) - min(seeds)) / 2


def _track(table: Mapping[str, Any], pictures: Mapping[str, Path], folder: Path) -> None:
    rows = over_source(table)
    track_table(
        folder,
        "timeline",
        tags=[table["corpus"]],
        config={name: table[name] for name in ("corpus", "seeds", "steps", "budget")},
        columns=TRACKED,
        rows=[[(row | {"aer %": 100 * row["aer"]})[name] for name in TRACKED] for row in rows],
        pictures={name: (path, name) for name, path in pictures.items()},
        inputs=[Path(folder) for row in rows for folder in row["folders"]],
    )
