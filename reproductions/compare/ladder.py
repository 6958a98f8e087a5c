"""From 2014 to 2017, one change at a time: the table and the figure of ``make ladder``."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from reproductions.compare.contestants import Contestant
from reproductions.compare.numbers import compare_bleu
from reproductions.evaluation import plots

# Of each rung's config in configs/ladder: what it changes.
RUNGS = {
    "1-rnnencdec": "fixed vector, 2014 training",
    "2-rnnsearch": "+ additive attention",
    "3-rnnsearch-modern": "+ modern training",
    "4-transformer-one-head": "Transformer, 1 layer, 1 head",
    "5-transformer": "Transformer",
}
TEST = "test"


def table(rungs: Sequence[Contestant], labels: Sequence[str]) -> list[dict[str, Any]]:
    """One row a rung: scores on the test split, sizes, speed, and the change in BLEU from the rung before."""
    rows = []
    for place, (one, label) in enumerate(zip(rungs, labels, strict=True)):
        scores, summary = one.scores[TEST], one.summary
        rows.append({
            "rung": label,
            "bleu": scores["bleu"],
            "bleu_interval": scores["bleu_interval"],
            "aer": scores.get("aer"),
            "tokens_per_s": summary["target_tokens"] / summary["training_seconds"],
            "training_minutes": summary["training_seconds"] / 60,
            "parameters": summary["parameters"],
            "steps": summary["steps"],
            "change": compare_bleu(rungs[place - 1], one, TEST)["says"] if place else None,
            "folder": str(one.folder),
        })  # fmt: skip
    return rows


def text(rows: Sequence[dict[str, Any]]) -> str:
    """The table as text, a line a rung."""
    width = max(len(row["rung"]) for row in rows)
    lines = [f"{'':<{width}}{'BLEU':>8}{'AER %':>8}{'tokens/s':>10}{'minutes':>9}{'parameters':>12}"]
    for row in rows:
        aer = "-" if row["aer"] is None else f"{100 * row['aer']:.1f}"
        lines.append(
            f"{row['rung']:<{width}}{row['bleu']:>8.1f}{aer:>8}{row['tokens_per_s']:>10,.0f}"
            f"{row['training_minutes']:>9.1f}{row['parameters']:>12,}"
        )
    changes = [f"{row['rung']}: {row['change']}" for row in rows if row["change"]]
    return "\n".join([*lines, "", "Change in BLEU from the rung before:", *changes])


def figure(rows: Sequence[dict[str, Any]], note: str) -> Figure:
    """BLEU, AER, speed and size of every rung, side by side."""
    columns = {
        "BLEU": [row["bleu"] for row in rows],
        "AER (%)": [None if row["aer"] is None else 100 * row["aer"] for row in rows],
        "target tokens a second": [row["tokens_per_s"] for row in rows],
        "parameters (million)": [row["parameters"] / 1e6 for row in rows],
    }
    return plots.rungs([row["rung"] for row in rows], columns, "From 2014 to 2017, one change at a time", note)
