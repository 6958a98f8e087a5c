"""The table of the timeline as plain data.

``timeline.json`` holds what :func:`table` gives::

    corpus, sentence    "accord"; the source that all of them read, as text
    test, seeds, steps  sentences of the test split; list of seeds; updates of a training
    budget              "full" or "quick"
    sizes               of the measured step: query, key, hidden, window, sentences, source
    machine             processor, precision and torch of the trainings
    training_minutes    of all of them together
    noise               points of BLEU by which any of the mechanisms may differ from additive attention by their seeds alone;
                        null with one seed
    diagonal_aer        alignment error rate of the length-scaled diagonal
    rows                one per mechanism, in order of year

and a row::

    name, year, paper   "local_monotonic", 2015, "Luong, Pham and Manning"
    formula             its score in plain text
    says                what it does, in a sentence
    over_source         whether a decoder reads a source sentence with it; if not, the row ends here
    parameters          of the mechanism
    products            multiplications of a step; products_formula: the same in letters, "D n + S n + S K"
    microseconds        of a step, per sentence
    bleu, aer, entropy  means over seeds on the test split; bleu_seeds and aer_seeds: of each seed
    inversions          neighbouring French words whose English words stand the other way round; inversions_kept: how many
                        of them attention follows (mean over seeds)
    right_in_order      share of the words with a sure link whose largest weight is on a link, among those in order;
                        right_turned: among those in an inversion (means over seeds)
    difference, real    BLEU minus additive attention's; whether that is more than noise, null with one seed
    record              an AlignedTranslation of the sentence, forced, with gold, from the first seed
    folders             of its runs

Rates are fractions of 1, BLEU is from 0 to 100.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from reproductions.attention import TIMELINE, over_source
from reproductions.compare.comparison import SIGNIFICANT
from reproductions.compare.seeds import check_alike
from reproductions.compare.translators import FIXED, compare_bleu
from reproductions.evaluation.measures.alignment import right_by_order
from reproductions.evaluation.measures.bootstrap import noise
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.experiments.timeline.cost import Cost, Sizes, costs, formula
from reproductions.experiments.timeline.training import Budget, training
from reproductions.runs import Run

TEST = "test"
VARIED = ("network.attention", "data.seed")
FIRST = "additive"  # the first of the timeline, and RNNsearch itself: the others are compared with it
# Mechanisms that read no source sentence, and where they are used.
ELSEWHERE = {
    "intra": "Reads its own sentence, word after word: the attention inside a language model, not between two languages. "
    "make train-cheng trains it; reproductions/cheng2016/README.md has its numbers."
}


def table(budget: Budget) -> dict[str, Any]:
    """The table of the trainings of a budget, with the cost of a step of each mechanism on this machine.

    Raises UserError if one of the trainings has no scores, or other settings than the rest.
    """
    runs = {name: [training(name, seed, budget).measured() for seed in budget.seeds] for name in over_source()}
    check_alike([run for seeds in runs.values() for run in seeds], VARIED, "train all of them anew, with --again.")
    first = runs[FIRST][0]
    network, summary, scores = first.model["network"], first.summary, first.scores[TEST]
    sizes = Sizes(network["hidden"], 2 * network["hidden"], network["alignment"], network["window"])
    cost = costs(sizes)
    chance = noise(_bleu(seeds) for seeds in runs.values())
    return {
        "corpus": first.corpus,
        "sentence": first.translated(FIXED)[0].source,
        "test": scores["sentences"],
        "seeds": list(budget.seeds),
        "steps": summary["steps"],
        "budget": budget.name,
        "sizes": asdict(sizes),
        "machine": f"{summary.get('processor', summary['device'])}, {summary['precision']}, torch {summary['torch']}",
        "noise": chance,
        "diagonal_aer": scores["aer_of_the_diagonal"],
        "training_minutes": sum(run.summary["training_seconds"] for seeds in runs.values() for run in seeds) / 60,
        "rows": [
            _described(name) | (_measured(name, runs, cost[name], chance) if name in runs else {}) for name in TIMELINE
        ],
    }


def record_of(row: Mapping[str, Any]) -> AlignedTranslation:
    """The attention of a row over the sentence that all share."""
    return AlignedTranslation.from_json(row["record"])


def summary_of(name: str) -> str:
    """What a mechanism does, in a sentence: the first line of its docstring."""
    return inspect.cleandoc(TIMELINE[name].__doc__ or "").partition("\n")[0]


def _described(name: str) -> dict[str, Any]:
    """The part of a row without measurements."""
    kind = TIMELINE[name]
    says = ELSEWHERE.get(name) or summary_of(name)
    row = {"name": name, "year": kind.year, "paper": kind.paper, "formula": kind.formula}
    return row | {"over_source": kind.over_source, "says": says}


def _measured(name: str, runs: Mapping[str, Sequence[Run]], cost: Cost, chance: float | None) -> dict[str, Any]:
    seeds = runs[name]
    scores = [run.scores[TEST] for run in seeds]
    row: dict[str, Any] = asdict(cost) | {"products_formula": formula(name)}
    for measure in ("bleu", "aer"):
        row[f"{measure}_seeds"] = [of_seed[measure] for of_seed in scores]
        row[measure] = fmean(row[f"{measure}_seeds"])
    row["entropy"] = fmean(of_seed["attention/entropy"] for of_seed in scores)
    row["inversions"] = scores[0]["inversions"]
    row["inversions_kept"] = fmean(of_seed["inversions_kept"] for of_seed in scores)
    rights = [right_by_order(run.forced(TEST)) for run in seeds]
    row["right_in_order"], row["right_turned"] = (fmean(side) for side in zip(*rights, strict=True))
    row["difference"] = row["bleu"] - fmean(_bleu(runs[FIRST]))
    row["real"] = None if chance is None else abs(row["difference"]) > chance and _significant(seeds, runs[FIRST])
    row["record"] = seeds[0].forced(FIXED)[0].to_json()
    row["folders"] = [str(run.folder) for run in seeds]
    return row


def _significant(seeds: Sequence[Run], first: Sequence[Run]) -> bool:
    """Whether two mechanisms differ significantly in the paired bootstrap over sentences, with each seed."""
    pairs = zip(first, seeds, strict=True)
    return all(compare_bleu(before, after, TEST)["p_value"] < SIGNIFICANT for before, after in pairs)


def _bleu(seeds: Sequence[Run]) -> list[float]:
    return [run.scores[TEST]["bleu"] for run in seeds]
