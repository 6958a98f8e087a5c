"""Figures 5 to 7 and Table 4 of Luong et al. (2015), from runs of its translator that differ in their attention."""

from collections.abc import Iterator
from math import log
from pathlib import Path

from data.errors import UserError
from reproductions import runs
from reproductions.attention import in_words
from reproductions.commands.figures import printed, tabulated
from reproductions.compare.translators import FIXED, curves_by_length, drawn_by_length
from reproductions.evaluation import plots
from reproductions.reports import fixed, percent
from reproductions.runs import Run

# Rows of Table 4 by mechanism, and by the score of local ones; other mechanisms and the baseline stand beneath them.
SYSTEMS = {
    ("location", ""): "global (location)",
    ("dot", ""): "global (dot)",
    ("general", ""): "global (general)",
    ("concat", ""): "global (concat)",
    ("local_monotonic", "dot"): "local-m (dot)",
    ("local_monotonic", "general"): "local-m (general)",
    ("local_predictive", "dot"): "local-p (dot)",
    ("local_predictive", "general"): "local-p (general)",
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
    newest: dict[tuple[str, str], Run] = {}
    for run in every:
        newest.setdefault(_kind(run), run)
    order = [*SYSTEMS, *(kind for kind in newest if kind not in SYSTEMS)]
    return {_name(newest[kind]): newest[kind] for kind in order if kind in newest}


def _kind(run: Run) -> tuple[str, str]:
    """Its mechanism, and its score where that is local; a run of an earlier version has the general one."""
    network = run.model["network"]
    local = network["attention"].startswith("local")
    return network["attention"], network.get("score", "general") if local else ""


def _name(run: Run) -> str:
    """As in Table 4; with the D of its window where that is local."""
    mechanism, score = _kind(run)
    if mechanism == "none":
        return "no attention"
    name = SYSTEMS.get((mechanism, score), f"global ({in_words(mechanism)})")
    return f"{name}, D = {run.model['network']['window']}" if score else name


def figure_5(data: str | None, folder: Path) -> Iterator[Path]:
    """Cost in validation against training steps, one curve per system."""
    systems = _systems(data)
    measured = next(iter(systems.values())).validations[0]
    split, _ = next(key for key in measured if key.endswith("/perplexity")).split("/")
    curves = {
        name: [(line["step"], log(line[f"{split}/perplexity"])) for line in run.validations]
        for name, run in systems.items()
    }
    yield from printed(plots.learning_curves(curves, split), folder, "figure-5-learning-curves")


def figure_6(data: str | None, folder: Path) -> Iterator[Path]:
    """BLEU against the length of the source sentence, one curve per system."""
    systems = _systems(data)
    compared = [*systems.values()]
    curves = curves_by_length([*systems], compared, drawn_by_length(compared))
    yield from printed(plots.bleu_by_length(curves), folder, "figure-6-bleu-by-length")


def figure_7(data: str | None, folder: Path) -> Iterator[Path]:
    """Where each system looks while it reads the reference of one sentence, with the gold links."""
    records = []
    for run in _systems(data).values():
        split = FIXED if FIXED in run.scores else next(iter(run.scores))
        records += [record.printed(run.data["target_language"]) for record in run.forced(split)[:1]]
    yield from printed(plots.alignment_grid(records), folder, "figure-7-alignments")


def table_4(data: str | None, folder: Path) -> Iterator[Path]:
    """Perplexity, BLEU and alignment error rate of each system; raises UserError with the command for each that has no run."""
    systems = _systems(data)
    rows = [HEADINGS, *(_row(name, run) for name, run in systems.items())]
    test = next(iter(next(iter(systems.values())).scores))
    notes = [
        f"Split {test} of {data or 'accord'}, the newest run of each attention. BLEU: sacreBLEU, 13a, without replacing unknown "
        "words; AER over the references (the paper's Table 6). Rows with other steps had another budget.",
    ]
    yield tabulated(folder, "table-4", "Table 4 of Luong et al. (2015), in miniature", rows, notes)
    have = {_kind(run) for run in systems.values()}
    if lacking := [f"{name}: {_settings(*kind)}" for kind, name in SYSTEMS.items() if kind not in have]:
        raise UserError(
            f'Table 4 lacks some systems: train each with `make train-luong DATA={data or "accord"} ARGS="..."`, where ARGS are: '
            f"{'; '.join(lacking)}."
        )


def _settings(mechanism: str, score: str) -> str:
    """What trains a system."""
    return f"--model.network.attention {mechanism}" + (f" --model.network.score {score}" if score else "")


def _row(name: str, run: Run) -> list[str]:
    scores, summary = next(iter(run.scores.values())), run.summary
    measured = [fixed(scores["perplexity"], 2), fixed(scores["bleu"]), percent(scores.get("aer"))]
    return [name, *measured, f"{summary['steps']:,}", str(summary["seed"])]


FIGURES = (figure_5, figure_6, figure_7, table_4)
