"""The table of interventions as plain data.

A run keeps its numbers in ``evaluation/interventions.json``::

    weights         digest of the checkpoint that was measured
    split, examples the test split, and how many of its sentences or images were read
    targets, unit   words or images whose log p was measured: "2,804", "target words"
    left_out        how a word or patch was left out: "replaced by <unk> in the source"
    rows            one per part of the attention, "all" and, where there are several, each head:
                    part; measures, by name mean, low and high of ``evaluation.measures.intervention.MEASURES``; aligners, the
                    alignment error rates of weights and of erased
    aligners        those of left_out and gradient; empty, as in each row, for a run without gold links

and ``interventions.json`` of the table has ``origin``, the machine and the date, and ``runs``, a list of these, each with its
name, label and folder. Changes of log p are in nats.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from data.errors import UserError
from reproductions import runs
from reproductions.attention import CONTROLS, in_words, over_source
from reproductions.evaluation import files
from reproductions.evaluation.measures.intervention import aligner, aligners, measured
from reproductions.experiments.ladder import RUNGS
from reproductions.experiments.timeline.training import FULL, training
from reproductions.papers import PAPERS, TASKS
from reproductions.runs import INTERVENTIONS, LADDER, SCORES, Run, digest

MEASURED = ("translation", "captions", "images")  # tasks
ONE_LAYER = "5-transformer-one-head"  # of the ladder


class Named(NamedTuple):
    """A run of the table: its name in ``docs/results.json``, and its label for a reader."""

    name: str
    label: str
    run: Run


def at_hand(copies: Sequence[Run]) -> list[Named]:
    """The newest scored run of each paper whose attention can be measured, of the one-layer Transformer in the ladder, and the
    first seed of every kind in the timeline and of its control. ``copies``: of released runs, after the user's own.
    """
    found = []
    for paper, known in PAPERS.items():
        scored = (*runs.every(paper, having=SCORES), *copies) if known.task in MEASURED else ()
        found += [Named(paper, run.title, run) for run in scored if run.paper == paper and attends(run)][:1]
    found += [Named("one_layer", RUNGS[ONE_LAYER].label, run) for run in runs.every(LADDER, ONE_LAYER, SCORES)[:1]]
    for name in (*over_source(), *CONTROLS):
        trained = (training(name, seed, FULL).scored() for seed in FULL.seeds)
        if run := next(filter(None, trained), None):
            label = f"RNNsearch, {in_words(name)} attention{', the control' * (name in CONTROLS)}"
            found.append(Named(f"timeline_{name}", label, run))
    return found


def attends(run: Run) -> bool:
    """Whether its model has an attention, as far as its settings say."""
    network = run.model.get("network", {})
    return network.get("attention", "none") != "none" or "heads" in network


def of_run(run: Run) -> dict[str, Any]:
    """What is measured of a run: what its folder holds, unless its weights have changed since.

    Raises UserError for a run of another task, and for a model without attention.
    """
    if run.task not in MEASURED:
        raise UserError(
            f"{run.folder} {TASKS[run.task]}; interventions need a run that {' or '.join(TASKS[task] for task in MEASURED)}."
        )
    if run.interventions:
        return run.interventions
    task = import_module(f"reproductions.tasks.{run.task}.intervene")
    split = next(iter(run.scores))
    parts, whole = task.sample(run, split)
    rows = [
        {
            "part": part,
            "measures": measured(sentences, whole),
            "aligners": {
                name: rate
                for name, rate in (
                    ("weights", aligner([one.weights for one in sentences], whole)),
                    ("erased", aligner([-one.erased for one in sentences], whole)),
                )
                if rate is not None
            },
        }
        for part, sentences in parts.items()
    ]
    numbers = {
        "weights": digest(run.best),
        "split": split,
        "examples": len(whole),
        "targets": sum(len(one.left_out) for one in whole),
        "unit": task.UNIT,
        "left_out": task.LEFT_OUT,
        "rows": rows,
        "aligners": aligners(whole),
    }
    files.write_json(run.folder / INTERVENTIONS, numbers)
    return run.interventions


def table(named: list[Named]) -> list[dict[str, Any]]:
    """One entry per run, in this order."""
    return [{"name": one.name, "label": one.label, "folder": str(one.run.folder), **of_run(one.run)} for one in named]


def lines(entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, bool, dict[str, Any]]]:
    """Label, whether it is of a whole model, and the numbers of each line: a run, then each of its heads."""
    for entry in entries:
        for row in entry["rows"]:
            whole = row is entry["rows"][0]
            rates = row["aligners"] | (entry["aligners"] if whole else {})
            yield entry["label"] if whole else row["part"], whole, {"measures": row["measures"], "aligners": rates}
