"""The figures of Bahdanau et al. (2014), drawn from trained runs."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data.errors import UserError
from reproductions import runs
from reproductions.compare.translators import FIXED, LENGTHS
from reproductions.evaluation import files, plots
from reproductions.evaluation.measures.lengths import LengthCurve, bleu_by_length
from reproductions.evaluation.plots import Curve
from reproductions.runs import Run

# Score -> what it is called in a picture, and its unit.
CURVES = {
    "valid/bleu": ("validation BLEU", ""),
    "valid/perplexity": ("validation perplexity", ""),
    "valid/aer": ("validation AER", "%"),
}


def draw(data: str | None, folder: Path) -> Iterator[Path]:
    """Draw Figure 2, Figure 3 and the course of training; yields each file as it is written.

    Raises UserError naming the command to run where a run is missing.
    """
    data = data or "accord"
    search = runs.find("bahdanau2014", data, having=runs.SCORES)
    try:
        encdec = runs.find("bahdanau2014", f"{data}-rnnencdec", having=runs.SCORES)
    except UserError as error:
        raise UserError(
            f"Figure 2 compares RNNsearch with RNNencdec, and RNNencdec has no scored run on {data}: train it with "
            f"`make train-rnnencdec DATA={data}`."
        ) from error
    yield from figure_2([search, encdec], folder)
    yield from figure_3(search, folder)
    yield from training([search, encdec], folder)


def figure_2(compared: list[Run], folder: Path) -> Iterator[Path]:
    """BLEU of the generated translations against the length of the source sentence."""
    figure = plots.bleu_by_length([_curve(run) for run in compared])
    for suffix in (".png", ".pdf"):
        yield files.save(figure, folder / f"figure-2-bleu-by-length{suffix}")


def figure_3(run: Run, folder: Path) -> Iterator[Path]:
    """Alignments over the model's own translations, in grey as printed; and over the references, with the gold links."""
    if FIXED not in run.scores:
        raise UserError(f"{run.folder} has no fixed sentences in its tests; Figure 3 is drawn from a run on accord.")
    own, forced = run.own(FIXED), run.forced(FIXED)
    for name, drawn, style in (("figure-3-as-printed", own, "paper"), ("figure-3-with-gold", forced, "colour")):
        figure = plots.alignment_grid(drawn[:4], style=style)
        for suffix in (".png", ".pdf"):
            yield files.save(figure, folder / f"{name}{suffix}")


def training(compared: list[Run], folder: Path) -> Iterator[Path]:
    """Scores of every validation."""
    yield files.save(plots.training_curves(curves_of(compared, CURVES)), folder / "training.png")


def curves_of(compared: list[Run], measures: Mapping[str, tuple[str, str]]) -> list[Curve]:
    """The scores of every validation of runs, by name: what each is called in a picture, and its unit; "%" of a fraction."""
    curves = []
    for run in compared:
        # A run that was killed and resumed repeats the steps since its last checkpoint; averaged weights are of no step.
        every = _validations(run.folder / "validation.jsonl")
        lines = {line["step"]: line for line in every if "averaged" not in line}
        for name, (measure, unit) in measures.items():
            scale = 100 if unit == "%" else 1
            points = [(step, scale * line[name]) for step, line in sorted(lines.items()) if line.get(name) is not None]
            if points:
                curves.append(Curve(run.summary["title"], measure, unit, *zip(*points, strict=True)))
    return curves


def _validations(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file of scores; raises UserError for a missing file and for a line that is damaged."""
    if not path.is_file():
        raise UserError(f"There is no {path}: the run has not reached a validation yet.")
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            line: dict[str, Any] = json.loads(text)
            yield line | {"step": line["step"]}
        except (ValueError, KeyError, TypeError):
            raise UserError(
                f"{path}, line {number:,} is damaged, perhaps cut by a full disk: delete that line."
            ) from None


def _curve(run: Run) -> LengthCurve:
    translated = [sentence for split in LENGTHS for sentence in run.translated(split)]
    return bleu_by_length(run.summary["title"], translated)
