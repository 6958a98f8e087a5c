"""From 2014 to 2017 in six models: the table and the figure of ``make ladder``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure

from reproductions.compare.translators import compare_bleu
from reproductions.evaluation import plots
from reproductions.runs import Run

TEST = "test"


@dataclass(frozen=True)
class Rung:
    """A model of the ladder; ``changes``: the rungs that it is compared with: config -> what differs, often several settings."""

    label: str
    changes: Mapping[str, str] = field(default_factory=dict)


# One rung per config in configs/ladder. The effect of attention shows twice: with the training of 2014 and with today's.
RUNGS = {
    "1-rnnencdec": Rung("Fixed vector, training of 2014"),
    "2-rnnsearch": Rung("Additive attention, training of 2014", {"1-rnnencdec": "attention"}),
    "3-rnnencdec-modern": Rung("Fixed vector, modern training", {"1-rnnencdec": "training"}),
    "4-rnnsearch-modern": Rung(
        "Additive attention, modern training", {"3-rnnencdec-modern": "attention", "2-rnnsearch": "training"}
    ),
    "5-transformer-one-head": Rung(
        "Transformer, 1 layer, 1 head", {"4-rnnsearch-modern": "all that the Transformer changed, and its training"}
    ),
    "6-transformer": Rung("Transformer", {"5-transformer-one-head": "layers and heads"}),
}


def table(runs: Mapping[str, Run]) -> list[dict[str, Any]]:
    """One row per rung: scores on the test split, size, speed, and each change with its difference in BLEU."""
    rows = []
    for name, run in runs.items():
        rung, scores, summary = RUNGS[name], run.scores[TEST], run.summary
        rows.append({
            "rung": rung.label,
            "bleu": scores["bleu"],
            "bleu_interval": scores["bleu_interval"],
            "aer": scores.get("aer"),
            "tokens_per_s": summary["target_tokens"] / summary["training_seconds"],
            "training_minutes": summary["training_seconds"] / 60,
            "parameters": summary["parameters"],
            "steps": summary["steps"],
            "changes": [
                {"what": what, "from": RUNGS[other].label, **compare_bleu(runs[other], run, TEST)}
                for other, what in rung.changes.items()
            ],
            "folder": str(run.folder),
        })  # fmt: skip
    return rows


def text(rows: Sequence[dict[str, Any]]) -> str:
    width = max(len(row["rung"]) for row in rows)
    lines = [f"{'':<{width}}{'BLEU':>8}{'AER %':>8}{'tokens/s':>10}{'minutes':>9}{'parameters':>12}"]
    for row in rows:
        aer = "-" if row["aer"] is None else f"{100 * row['aer']:.1f}"
        lines.append(
            f"{row['rung']:<{width}}{row['bleu']:>8.1f}{aer:>8}{row['tokens_per_s']:>10,.0f}"
            f"{row['training_minutes']:>9.1f}{row['parameters']:>12,}"
        )
    lines += ["", "What each step did:"]
    for row in rows:
        lines += [
            f"  {change['from']} → {row['rung']} ({change['what']}): {change['says']}" for change in row["changes"]
        ]
    return "\n".join(lines)


def figure(rows: Sequence[dict[str, Any]], note: str) -> Figure:
    columns = {
        "BLEU": [row["bleu"] for row in rows],
        "AER (%)": [None if row["aer"] is None else 100 * row["aer"] for row in rows],
        "target tokens a second": [row["tokens_per_s"] for row in rows],
        "parameters (million)": [row["parameters"] / 1e6 for row in rows],
    }
    return plots.rungs([row["rung"] for row in rows], columns, "From 2014 to 2017 in six models", note)
