"""The table of the timeline as plain data, and one sentence on each mechanism that follows from its numbers.

``timeline.json`` holds what :func:`table` gives::

    corpus, sentence    "accord"; the source that all were given, as text
    test, seeds, steps  sentences of the test split; list of seeds; updates of a training
    budget              "full" or "quick"
    sizes               widths that a step was counted and measured with: query, key, hidden, window, sentences, source
    machine             device and torch of the trainings
    training_minutes    of all of them together
    noise               points of BLEU that two mechanisms may differ by their seeds alone; null with one seed
    diagonal_aer        alignment error rate of the length-scaled diagonal, which looks at nothing
    rows                a mechanism each, in order of year

and of a row::

    name, year, paper   "local_monotonic", 2015, "Luong, Pham and Manning"
    formula             its score in a line of plain text
    over_source         whether it reads a source sentence from a decoder; if not, only ``says`` follows
    says                what it can and cannot do, in a few sentences
    parameters          of the mechanism
    products            multiplications of a step; products_formula: the same in letters, "D n + S n + S K"
    microseconds        of a step, a sentence
    bleu, aer, entropy  means over seeds on the test split; bleu_seeds and aer_seeds: of each seed
    inversions          neighbouring French words whose English words stand the other way round, and inversions_kept, for
                        how many of them attention follows (mean over seeds)
    right_in_order      share of the words with a sure link whose largest weight is on a link, of those in order, and
                        right_turned, of those in an inversion (means over seeds)
    difference, real    BLEU minus additive attention's; whether that is more than noise, null with one seed
    record              an AlignedTranslation of the sentence, forced, with gold, from the first seed
    folders             of its runs

Rates are fractions of 1, BLEU is from 0 to 100.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from data.errors import UserError
from reproductions.attention import TIMELINE, over_source
from reproductions.compare.comparison import SIGNIFICANT
from reproductions.compare.translators import FIXED, compare_bleu
from reproductions.evaluation.measures.alignment import right_by_order
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.experiments.side_by_side import Training
from reproductions.experiments.timeline.cost import Cost, Sizes, formula
from reproductions.experiments.timeline.training import Budget, training
from reproductions.experiments.timeline.verdicts import FIRST, noise, says
from reproductions.runs import Run, scored

TEST = "test"
# Mechanisms that read no source from a decoder, and where they are at home.
ELSEWHERE = {
    "intra": "Reads its own sentence, word after word: the attention inside a language model, not between two languages. "
    "make train-cheng trains it; reproductions/cheng2016/README.md has its numbers.",
}


def table(budget: Budget, costs: Mapping[str, Cost], sizes: Sizes) -> dict[str, Any]:
    """Everything that the report shows.

    Raises UserError where a training of the budget has no scores, or had other settings than the rest.
    """
    found = {name: [_scored(training(name, seed, budget)) for seed in budget.seeds] for name in over_source()}
    _check_alike([one for kept in found.values() for one in kept])
    first = found[FIRST][0]
    least = noise(_bleu(kept) for kept in found.values())
    rows = [
        _row(name, found[name], found[FIRST], costs[name], least) if name in found else _elsewhere(name)
        for name in TIMELINE
    ]
    summary = first.summary
    return {
        "corpus": first.corpus,
        "sentence": first.translated(FIXED)[0].source,
        "test": first.scores[TEST]["sentences"],
        "seeds": list(budget.seeds),
        "steps": summary["steps"],
        "budget": budget.name,
        "sizes": asdict(sizes),
        "machine": f"{summary['device']}, torch {summary['torch']}",
        "noise": least,
        "diagonal_aer": first.scores[TEST]["aer_of_the_diagonal"],
        "training_minutes": sum(one.summary["training_seconds"] for kept in found.values() for one in kept) / 60,
        "rows": rows,
    }


def sizes_of(budget: Budget) -> Sizes:
    """Widths of the translators that were trained, whatever the command line made of the configuration.

    Raises UserError where the first of them has no scores.
    """
    network = _scored(training(FIRST, budget.seeds[0], budget)).model["network"]
    return Sizes(network["hidden"], 2 * network["hidden"], network["alignment"], network["window"])


def record_of(row: Mapping[str, Any]) -> AlignedTranslation:
    """The attention of a row over the sentence that all share."""
    return AlignedTranslation.from_json(row["record"])


def _scored(one: Training) -> Run:
    run = one.scored()
    if run is None:
        raise UserError(f"{one.name} has no scored run yet: train it with `make timeline`.")
    return scored(run.folder)


def _check_alike(found: Sequence[Run]) -> None:
    """Nothing but the mechanism and the seed may differ. Raises UserError with the first setting that does."""
    ours = _shared(found[0])
    for other in found[1:]:
        theirs = _shared(other)
        for key in sorted(ours.keys() | theirs.keys()):
            if ours.get(key) != theirs.get(key):
                raise UserError(
                    f"{key} is {ours.get(key)} in {found[0].folder} and {theirs.get(key)} in {other.folder}: trained anew, "
                    "with --again, all have the same."
                )


def _shared(one: Run) -> dict[str, Any]:
    """What all trainings have in common, by dotted name."""
    parts = {part: one.model[part] for part in ("network", "recipe", "search")} | {"data": one.data}
    given = {f"{part}.{key}": value for part, settings in parts.items() for key, value in settings.items()}
    varied = {"network.attention", "data.seed"}
    return {key: value for key, value in given.items() if key not in varied} | {"steps": one.summary["steps"]}


def _row(name: str, runs: Sequence[Run], first: Sequence[Run], cost: Cost, least: float | None) -> dict[str, Any]:
    scores = [one.scores[TEST] for one in runs]
    row: dict[str, Any] = _names(name) | {"over_source": True} | asdict(cost) | {"products_formula": formula(name)}
    for measure in ("bleu", "aer"):
        row[f"{measure}_seeds"] = [one[measure] for one in scores]
        row[measure] = fmean(row[f"{measure}_seeds"])
    row["entropy"] = fmean(one["attention/entropy"] for one in scores)
    row["inversions"] = scores[0]["inversions"]
    row["inversions_kept"] = fmean(one["inversions_kept"] for one in scores)
    rights = [right_by_order(one.forced(TEST)) for one in runs]
    row["right_in_order"], row["right_turned"] = (fmean(side) for side in zip(*rights, strict=True))
    row["difference"], row["real"] = _difference(runs, first, least)
    row["says"] = says(row)
    row["record"] = runs[0].forced(FIXED)[0].to_json()
    row["folders"] = [str(one.folder) for one in runs]
    return row


def _names(name: str) -> dict[str, Any]:
    kind = TIMELINE[name]
    return {"name": name, "year": kind.year, "paper": kind.paper, "formula": kind.formula}


def _elsewhere(name: str) -> dict[str, Any]:
    return _names(name) | {"over_source": False, "says": ELSEWHERE.get(name, "Does not read a source from a decoder.")}


def _difference(runs: Sequence[Run], first: Sequence[Run], least: float | None) -> tuple[float, bool | None]:
    """BLEU minus that of additive attention, mean over seeds, and whether it is more than noise; None with one seed.

    It is, if it is more than the seeds make by themselves, and the paired bootstrap over sentences tells the two apart with
    each seed.
    """
    difference = fmean(_bleu(runs)) - fmean(_bleu(first))
    if least is None:
        return difference, None
    pairs = zip(runs, first, strict=True)
    real = abs(difference) > least and all(compare_bleu(b, a, TEST)["p_value"] < SIGNIFICANT for a, b in pairs)
    return difference, real


def _bleu(runs: Sequence[Run]) -> list[float]:
    return [one.scores[TEST]["bleu"] for one in runs]
