"""The table of the trial as plain data.

``trial.json`` holds what :func:`table` gives::

    budget, corpus, pairs, steps, seed   "full" or "quick"; the mixture; its training pairs; updates of a training
    origin, training_minutes             processor, threads, torch, commit, date of the first training; of all trainings together
    golds       by name: sentences of development and reported, sure and possible links of what is reported
    views       by run, "rnnsearch en-fr": the chosen view in words, among how many, its AER on the development sentences
    bleu        by run: by test split, BLEU and its interval
    places      sure links by the frequency of their French word, sentences by their length
    rows        one per system and view::

        name, title, view   "guided_chosen", "Transformer, guided", a name of ``WEIGHTS``; view "" where there is no choice
        golds               by name: "en-fr" links a French word each, "fr-en" an English word each, "both" is symmetrised:
                            aer with low and high, precision, recall
        places              recall of the sure links by frequency and AER by length, of "both" and all golds together
        against             by the name of another row, by gold: difference in AER of "both", low, high, p_value

Rates are fractions of 1, BLEU is from 0 to 100.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from data.links import GoldPair
from data.sources.gold import NAMED, Gold, find_gold
from reproductions.evaluation.arrays import Doubles
from reproductions.evaluation.measures.alignment import aer_of_sums, alignment_scores, gold_table
from reproductions.evaluation.measures.bootstrap import bootstrap, paired_bootstrap
from reproductions.evaluation.measures.symmetrisation import grow_diag
from reproductions.experiments.results import OF_RUN, date_of
from reproductions.experiments.trial.links import (
    WEIGHTS,
    Bitext,
    Directions,
    Looked,
    OfSentences,
    of_diagonal,
    of_eflomal,
    of_statistics,
    of_translator,
)
from reproductions.experiments.trial.reasons import Places
from reproductions.experiments.trial.training import DIRECTIONS, SYSTEMS, Budget, training

STATISTICAL, EFLOMAL, DIAGONAL = "statistical", "eflomal", "diagonal"
Counted = dict[str, dict[str, Doubles]]  # gold -> direction -> counts of each sentence


def read_golds(source: str, target: str) -> dict[str, Gold]:
    """The gold by name. Raises UserError for a file that is missing or damaged."""
    return {name: find_gold(name, source, target) for name in NAMED}


def table(budget: Budget) -> dict[str, Any]:
    """The table of the trainings of a budget. Raises UserError if one of them has no scores."""
    runs = {
        (system, "-".join(direction)): training(system, direction, budget).measured()
        for system in budget.systems
        for direction in DIRECTIONS
    }
    looked = {}
    for (system, direction), run in runs.items():
        parts = read_golds(*direction.split("-")).values()
        development = [pair for gold in parts for pair in gold.development]
        reported = [pair for gold in parts for pair in gold.reported]
        looked[system, direction] = of_translator(run, development, reported)
    golds, first = read_golds(*DIRECTIONS[0]), next(iter(runs.values()))
    reported = [pair for gold in golds.values() for pair in gold.reported]
    bitext, titles, counts, divided = Bitext(first, reported), {}, {}, {}
    places = Places.of(reported, bitext.frequencies())
    for name, title, links in _systems(looked, bitext, reported):
        both = [grow_diag(ahead, back) for ahead, back in zip(*links, strict=True)]
        titles[name], counts[name] = title, _counted(links, both, golds)
        divided[name] = places.scores(both, np.concatenate([counts[name][gold]["both"] for gold in golds]))
    done = first.summary
    return {
        "budget": budget.name,
        "corpus": first.corpus,
        "pairs": first.data["pairs"],
        "steps": done["steps"],
        "seed": done["seed"],
        "origin": {name: done.get(name) for name in OF_RUN} | {"date": date_of(first)},
        "training_minutes": sum(run.summary["training_seconds"] for run in runs.values()) / 60,
        "golds": {name: _described(gold) for name, gold in golds.items()},
        "views": {" ".join(name): _chosen(each) for name, each in looked.items()},
        "bleu": {
            " ".join(name): {split: [scores["bleu"], *scores["bleu_interval"]] for split, scores in run.scores.items()}
            for name, run in runs.items()
        },
        "places": places.sizes(),
        "rows": [_row(name, titles[name], counts) | {"places": divided[name]} for name in titles],
    }


def _systems(
    looked: Mapping[tuple[str, str], Looked], bitext: Bitext, reported: Sequence[GoldPair]
) -> Iterator[tuple[str, str, Directions]]:
    """Name, title and links of each row."""
    yield DIAGONAL, "Diagonal", of_diagonal(reported)
    for system in dict.fromkeys(system for system, _ in looked):
        title, *_ = SYSTEMS[system]
        ahead, back = (looked[system, "-".join(direction)] for direction in DIRECTIONS)
        for view in WEIGHTS:
            yield f"{system}_{view}", title, Directions(ahead.links[view], back.links[view])
    yield STATISTICAL, "Statistical aligner", of_statistics(bitext)
    if (links := of_eflomal(bitext)) is not None:
        yield EFLOMAL, "eflomal", links


def _counted(links: Directions, both: OfSentences, golds: Mapping[str, Gold]) -> Counted:
    """The counts of each reported sentence, by gold and direction."""
    counts: Counted = {name: {} for name in golds}
    for direction, found in (("en-fr", links.ahead), ("fr-en", links.back), ("both", both)):
        rest = iter(found)
        for name, gold in golds.items():
            counts[name][direction] = gold_table(gold.reported, [*islice(rest, len(gold.reported))])
    return counts


def _row(name: str, title: str, counts: Mapping[str, Counted]) -> dict[str, Any]:
    system, _, view = name.rpartition("_")
    others = {STATISTICAL}
    if system == "guided":
        others.add(f"transformer_{view}")
    if view == "relative":
        others.add(f"{system}_chosen")
    return {
        "name": name,
        "title": title,
        "view": view if view in WEIGHTS else "",
        "golds": {
            gold: {direction: _score(of_sentences) for direction, of_sentences in directions.items()}
            for gold, directions in counts[name].items()
        },
        "against": {
            other: {
                gold: paired_bootstrap(counts[other][gold]["both"], directions["both"], aer_of_sums)._asdict()
                for gold, directions in counts[name].items()
            }
            for other in sorted((others & counts.keys()) - {name})
        },
    }


def _score(counts: Doubles) -> dict[str, float]:
    interval, scores = bootstrap(counts, aer_of_sums), alignment_scores(counts.astype(int).tolist())
    return interval._asdict() | {"precision": scores.precision, "recall": scores.recall}


def _described(gold: Gold) -> dict[str, int]:
    links = [pair.links for pair in gold.reported]
    return {
        "development": len(gold.development),
        "reported": len(gold.reported),
        "sure": sum(len(each.sure) for each in links),
        "possible": sum(len(each.possible - each.sure) for each in links),
    }


def _chosen(looked: Looked) -> dict[str, Any]:
    view, rates = looked.choice
    return {"view": str(view), "words": looked.view, "among": len(rates), "aer": rates[view].aer}
