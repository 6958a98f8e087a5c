"""Interventions as text, a figure, a self-contained page, and in Weights & Biases."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data import stored
from data.errors import UserError
from data.stored import TEXT
from reproductions import runs
from reproductions.evaluation import files, plots
from reproductions.experiments.interventions.rows import lines
from reproductions.experiments.tracked import track_table
from reproductions.reports import MISSING, fixed, made, percent, template
from reproductions.runs import INTERVENTIONS, KINDS

FILE = "interventions.json"
TITLE = "Does the model use what it looks at?"
# Of the table: where a number stands, its measure, heading, and how it is written.
CHANGES = {
    "erased": "erased", "erased_other": "another erased", "exchanged": "exchanged", "exchanged_gold": "with gold",
    "left_out": "left out", "left_out_other": "another left out",
}  # fmt: skip
RANKS = {"rank_erased": "ρ erased", "rank_left_out": "ρ left out"}
RATES = {"weights": "AER weights", "erased": "AER erased", "left_out": "AER left out", "gradient": "AER gradient"}
AGAIN = "remove it, and run `make intervene` again"
NOTE = (
    "The word looked at is the one with the largest weight. Each step is taken again with changed weights, while the reference "
    "is read with the model's own. Bars: 95 % bootstrap intervals over sentences or images. Of a captioner and a ViT, words are "
    "places of the image."
)


def write(entries: Sequence[Mapping[str, Any]], origin: Mapping[str, Any], folder: Path) -> Path:
    """Write numbers, figure and page into a folder, and track them; returns the page."""
    files.write_json(folder / FILE, {"origin": origin, "runs": entries})
    figure = plots.interventions([*lines(entries)], TITLE, NOTE)
    picture = files.save(figure, folder / "interventions.png", dpi=150)
    files.save(figure, folder / "interventions.pdf")
    page = template("reproductions.experiments.interventions").render(
        title=TITLE,
        entries=entries,
        lines=[*lines(entries)],
        headings=[CHANGES, RANKS, RATES],
        cells=cells,
        without_gold=without_gold(entries),
        picture=picture,
        made=made("intervene"),
    )
    written = files.write_text(folder / "report.html", page)
    _track(entries, picture, folder)
    return written


def measurement(folder: Path) -> dict[str, Any]:
    """What docs/results.json holds of the table in a folder: by name, of a head ``name_layer_1_head_2``, every measure; the
    alignment error rates are ``aer_weights`` and so on.

    Raises UserError where there is none, or a damaged one.
    """
    path = folder / FILE
    try:
        content = stored.read(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): run `make intervene` first.") from error
    except ValueError as error:
        raise stored.damaged(path, error, AGAIN) from error
    stored.check(content, {"origin": {}, "runs": [{"name": TEXT, **KINDS[INTERVENTIONS]}]}, path, AGAIN)
    scores = {}
    for entry in content["runs"]:
        for (_, whole, numbers), row in zip(lines([entry]), entry["rows"], strict=True):
            name = entry["name"] if whole else f"{entry['name']}_{row['part'].replace(',', '').replace(' ', '_')}"
            rates = {f"aer_{measure}": rate for measure, rate in numbers["aligners"].items()}
            scores[name] = {**numbers["measures"], **rates, "words": entry["targets"]}
    return {"title": "interventions", **content["origin"], "scores": scores}


def cells(numbers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each number of a line and its interval, as text; a dash and nothing for one that is missing."""
    written = []
    for kind, headings, form in (
        ("measures", CHANGES, lambda value: fixed(value, 2)),
        ("measures", RANKS, lambda value: fixed(value, 2)),
        ("aligners", RATES, percent),
    ):
        for measure in headings:
            value, low, high = map(form, numbers[kind].get(measure, [None] * 3))
            written.append((value, "" if value == MISSING else f"({low} to {high})"))
    return written


def without_gold(entries: Sequence[Mapping[str, Any]]) -> str:
    """A sentence about the runs without gold links; "" where all have them."""
    labels = [entry["label"] for entry in entries if not entry["aligners"]]
    return f"Without gold links, so without those columns: {', '.join(labels)}." if labels else ""


def text(entries: Sequence[Mapping[str, Any]]) -> str:
    """The table for a terminal, one line per run and head."""
    headings = [*CHANGES.values(), *RANKS.values(), *RATES.values()]
    rows = [(label if whole else f"  {label}", numbers) for label, whole, numbers in lines(entries)]
    breadth = max(len(label) for label, _ in rows)
    said = [" " * breadth + "".join(f"{heading:>{len(heading) + 2}}" for heading in headings)]
    for label, numbers in rows:
        values = zip(headings, cells(numbers), strict=True)
        said.append(f"{label:<{breadth}}" + "".join(f"{value:>{len(heading) + 2}}" for heading, (value, _) in values))
    return "\n".join([*said, *filter(None, [without_gold(entries)])])


def _track(entries: Sequence[Mapping[str, Any]], picture: Path, folder: Path) -> None:
    track_table(
        folder,
        runs.INTERVENED,
        tags=[],
        config={"runs": [entry["folder"] for entry in entries]},
        columns=["run", *CHANGES.values(), *RANKS.values(), *RATES.values()],
        rows=[[label, *(value for value, _ in cells(numbers))] for label, _, numbers in lines(entries)],
        pictures={"figure": (picture, TITLE)},
    )
