"""Figures 5 to 7 and Table 4 of Luong et al. (2015), from runs of its translator that differ in their attention."""

from collections.abc import Iterator
from math import log
from pathlib import Path

from data.errors import UserError
from reproductions import runs
from reproductions.attention import in_words
from reproductions.commands.figures import printed, tabulated
from reproductions.compare.translators import FIXED, LENGTHS, curves_by_length
from reproductions.evaluation import plots
from reproductions.reports import fixed, percent
from reproductions.runs import Run

TEST = "test"
# Rows of Table 4 by the mechanism that they name here; others, and the baseline without attention, stand beneath them.
SYSTEMS = {
    "location": "global (location)",
    "dot": "global (dot)",
    "general": "global (general)",
    "concat": "global (concat)",
    "local_monotonic": "local-m (general)",
    "local_predictive": "local-p (general)",
}
HEADINGS = ("system", "perplexity", "BLEU", "AER %", "steps", "seed")


def _systems(data: str | None) -> dict[str, Run]:
    """The newest scored run of each attention on a corpus, found by its settings, in the order of Table 4.

    Raises UserError if there is none.
    """
    data = data or "accord"
    every = runs.every("luong2015", having=runs.SCORES, corpus=data) or [
        runs.find("luong2015", having=runs.SCORES, corpus=data)
    ]
    newest: dict[str, Run] = {}
    for run in every:
        newest.setdefault(_attention(run), run)
    order = [*SYSTEMS, *(name for name in newest if name not in SYSTEMS)]
    return {_name(newest[attention]): newest[attention] for attention in order if attention in newest}


def _attention(run: Run) -> str:
    return str(run.model["network"]["attention"])


def _name(run: Run) -> str:
    """As in Table 4; with the D of its window where that is local."""
    attention = _attention(run)
    if attention == "none":
        return "no attention"
    name = SYSTEMS.get(attention, f"global ({in_words(attention)})")
    return f"{name}, D = {run.model['network']['window']}" if name.startswith("local") else name


def figure_5(data: str | None, folder: Path) -> Iterator[Path]:
    """Cost in validation against training steps, one curve per system."""
    systems = _systems(data)
    split = next(key for key in next(iter(systems.values())).validations[0] if key.endswith("/perplexity")).split("/")[
        0
    ]
    curves = {
        name: [(line["step"], log(line[f"{split}/perplexity"])) for line in run.validations]
        for name, run in systems.items()
    }
    yield from printed(plots.learning_curves(curves, split), folder, "figure-5-learning-curves")


def figure_6(data: str | None, folder: Path) -> Iterator[Path]:
    """BLEU against the length of the source sentence, one curve per system."""
    systems = _systems(data)
    splits = [split for split in LENGTHS if all(split in run.scores for run in systems.values())]
    curves = curves_by_length([*systems], [*systems.values()], splits)
    yield from printed(plots.bleu_by_length(curves), folder, "figure-6-bleu-by-length")


def figure_7(data: str | None, folder: Path) -> Iterator[Path]:
    """Where each system looks while it reads the reference of one sentence, with the gold links."""
    records = []
    for run in _systems(data).values():
        split = FIXED if FIXED in run.scores else TEST
        records += [record.printed(run.data["target_language"]) for record in run.forced(split)[:1]]
    yield from printed(plots.alignment_grid(records), folder, "figure-7-alignments")


def table_4(data: str | None, folder: Path) -> Iterator[Path]:
    """Perplexity, BLEU and alignment error rate of each system; raises UserError with the command for each that has no run."""
    systems = _systems(data)
    rows = [HEADINGS, *(_row(name, run) for name, run in systems.items())]
    notes = [
        f"Split {TEST} of {data or 'accord'}, the newest run of each attention. BLEU: sacreBLEU, 13a, without replacing unknown "
        "words; AER over the references (the paper's Table 6). Rows with other steps had another budget.",
    ]
    yield tabulated(folder, "table-4", "Table 4 of Luong et al. (2015), in miniature", rows, notes)
    have = {_attention(run) for run in systems.values()}
    if lacking := [attention for attention in SYSTEMS if attention not in have]:
        raise UserError(
            f"Table 4 lacks {', '.join(SYSTEMS[attention] for attention in lacking)}: train each with `make train-luong "
            f'DATA={data or "accord"} ARGS="--model.network.attention NAME"`, where NAME is {" or ".join(lacking)}.'
        )


def _row(name: str, run: Run) -> list[str]:
    scores, summary = run.scores[TEST], run.summary
    measured = [fixed(scores["perplexity"], 2), fixed(scores["bleu"]), percent(scores.get("aer"))]
    return [name, *measured, f"{summary['steps']:,}", str(summary["seed"])]


FIGURES = (figure_5, figure_6, figure_7, table_4)
