"""The trial as text, a figure, a self-contained page, and in Weights & Biases."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from reproductions.evaluation import files, plots
from reproductions.experiments.tracked import track_table
from reproductions.experiments.trial import reasons
from reproductions.experiments.trial.links import NO_EFLOMAL
from reproductions.experiments.trial.rows import EFLOMAL
from reproductions.reports import made, percent, template

DIRECTIONS = ("en-fr", "fr-en", "both")


def write(table: Mapping[str, Any], folder: Path) -> Path:
    """Write numbers, figure and page into a folder, and track them; returns the page."""
    files.write_json(folder / "trial.json", table)
    drawn = figure(table)
    picture = files.save(drawn, folder / "trial.png", dpi=150)
    files.save(drawn, folder / "trial.pdf")
    page = template("reproductions.experiments.trial").render(
        table=table,
        picture=picture,
        made=made(f"trial{' QUICK=1' * (table['budget'] == 'quick')}"),
        named=named,
        titles={row["name"]: named(row) for row in table["rows"]},
        splits=list(next(iter(table["bleu"].values()))),
        frequencies=_bounded(reasons.FREQUENCIES, "times"),
        lengths=_bounded(reasons.LENGTHS, "words"),
        eflomal=any(row["name"] == EFLOMAL for row in table["rows"]),
        no_eflomal=NO_EFLOMAL,
    )
    written = files.write_text(folder / "report.html", page)
    _track(table, picture, folder)
    return written


def named(row: Mapping[str, Any]) -> str:
    words = {"": "", "relative": ", relative weights"}.get(row["view"], f", {row['view']} view")
    return f"{row['title']}{words}"


def _bounded(fewest: Mapping[str, int], unit: str) -> dict[str, str]:
    """Name -> its bounds in words: "1 to 9 times", "1,000 times and more"."""
    bounds = [*fewest.values()]
    upper = [next_one - 1 for next_one in bounds[1:]]
    said = [
        f"{low:,} {unit}" if low == high else f"{low:,} to {high:,} {unit}"
        for low, high in zip(bounds, upper, strict=False)
    ]
    return dict(zip(fewest, [*said, f"{bounds[-1]:,} {unit} and more"], strict=True))


def figure(table: Mapping[str, Any]) -> Figure:
    """The alignment error rate of every row, symmetrised, by gold."""
    rows, columns, bounds = table["rows"], {}, {}
    for gold in table["golds"]:
        rates, name = [row["golds"][gold]["both"] for row in rows], f"{gold.capitalize()}, AER (%)"
        columns[name] = [100 * rate["value"] for rate in rates]
        bounds[name] = [(100 * rate["low"], 100 * rate["high"]) for rate in rates]
    reported = " and ".join(
        f"{size['reported']} sentence pairs of {name.capitalize()}" for name, size in table["golds"].items()
    )
    note = (
        f"Human links of {reported}; both directions symmetrised by grow-diag. {table['corpus']}, {table['steps']:,} steps each, "
        f"seed {table['seed']}. Chosen views: the best on other sentences with human links; "
        "relative: each weight by the mean of its source word. Lines are 95 % bootstrap intervals."
    )
    return plots.rungs([named(row) for row in rows], columns, "Attention on trial", note, bounds)


def text(table: Mapping[str, Any]) -> str:
    """The table for a terminal, one line per row, and the views below it."""
    width = max(len(named(row)) for row in table["rows"])
    heading = "".join(f"{gold:>10}{'':>11}{'P':>6}{'R':>6}" for gold in table["golds"])
    lines = [f"{'AER %, ' + ', '.join(DIRECTIONS):<{width}}{heading}"]
    for row in table["rows"]:
        cells = ""
        for scores in row["golds"].values():
            cells += "".join(f"{percent(scores[way]['value']):>7}" for way in DIRECTIONS)
            cells += "".join(f"{percent(scores['both'][rate], 0):>6}" for rate in ("precision", "recall"))
        lines.append(f"{named(row):<{width}}{cells}")
    views = [
        f"{name}: {view['words']}, the best of {view['among']} (AER {percent(view['aer'])} % on the development sentences)"
        for name, view in table["views"].items()
    ]
    return "\n".join([*lines, "", *views])


def measurement(table: Mapping[str, Any]) -> dict[str, Any]:
    """What docs/results.json holds: by row and gold, of "both" unless the direction is named; by row the recall by frequency and
    AER by length; and BLEU by run and split.
    """
    scores: dict[str, Any] = {}
    for row in table["rows"]:
        scores[row["name"]] = {
            gold: {
                "aer": [ways["both"][bound] for bound in ("value", "low", "high")],
                "precision": ways["both"]["precision"],
                "recall": ways["both"]["recall"],
                **{way: {"aer": ways[way]["value"]} for way in DIRECTIONS[:2]},
            }
            for gold, ways in row["golds"].items()
        } | {name: value for name, value in row["places"].items() if value is not None}
    for name, splits in table["bleu"].items():
        scores[name.replace(" ", "_").replace("-", "_")] = {split: {"bleu": bleu} for split, bleu in splits.items()}
    return {
        "title": "trial",
        "steps": table["steps"],
        "minutes": table["training_minutes"],
        **table["origin"],
        "scores": scores,
    }


def _track(table: Mapping[str, Any], picture: Path, folder: Path) -> None:
    rows = [
        [named(row), gold, way, scores["value"], scores["precision"], scores["recall"]]
        for row in table["rows"]
        for gold, ways in row["golds"].items()
        for way, scores in ways.items()
    ]
    track_table(
        folder,
        "trial",
        tags=table["corpus"].split(","),
        config={name: table[name] for name in ("corpus", "seed", "steps", "budget")},
        columns=["system", "gold", "links", "AER", "precision", "recall"],
        rows=rows,
        pictures={"figure": (picture, "Alignment error rates")},
    )
